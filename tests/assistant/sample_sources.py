"""Sample enterprises, fed and scored once, with everything that the assistant's tools rest on: what tests of tools, phrasing and conversations ask."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from ecid.adapters.object_store import FolderStore
from ecid.bootstrap import Platform
from ecid.ports import FactStore
from ecid.scoring.policy import load_policy
from ecid.scoring.reference import Reference
from ecid.services.feed_samples import feed_samples, list_samples
from ecid.services.find_candidates import Candidates
from ecid.services.ingest_events import Ingestion
from ecid.services.review_findings import Reviews
from ecid.services.score_enterprise import Scoring
from ecid.services.score_questions import ScoreQuestions
from ecid.services.search_clauses import Clauses
from ecid.services.verify_domain import Verification
from ecid.settings import Settings
from ecid.verification.record import build_record
from tests.pack_index import pack_home

SAMPLES = Path(__file__).parents[2] / "knowledge" / "samples"
NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
HARBORLIGHT, NEWLEAF = "914403005867203466", "91340100MA2T7F9K3X"
RESERVED = frozenset({"example"})


class SampleSources:
    """What `Platform` gives the tools, on one store, at noon in Beijing on 23 November 2026. Every request for a score is met at once."""

    def __init__(self, store: FactStore, folder: Path) -> None:
        self.store, self.objects, self.clock = store, FolderStore(folder), NOW
        self.platform = Platform(Settings(home=pack_home()))
        self.index = (self.platform.clauses, self.platform.candidates)

    def feed(self, names: Sequence[str], folder: Path) -> dict[str, str]:
        """Take in these samples; their USCC by name. Recipes are copied to `folder`."""
        edition, _ = list_samples(SAMPLES)
        for name in names:
            shutil.copytree(SAMPLES / name, folder / name)
        entries = [f'[[sample]]\nask = "{name}.example"\nzh = "样例"\nen = "a sample"\nfolders = ["{name}"]\n' for name in names]
        (folder / "samples.toml").write_text(f"edition = {edition}\n{''.join(entries)}", "utf-8")
        ingestion = Ingestion(self.store, self.objects, self, build_record, self.now, RESERVED)
        fed = feed_samples(folder, ingestion, NOW)
        assert not any(one.failed for one in fed)
        for one in fed:
            for uscc in one.enterprises:
                self.score(uscc)
        return {one.sample.ask.removesuffix(".example"): one.enterprises[0] for one in fed}

    def send(self, body: Any) -> None:
        """Scores are asked for once all is fed."""

    def score(self, uscc: str) -> str:
        """A score run."""
        return Scoring(self.store, self.objects, self.reference, load_policy(), self.now, build_record).run(uscc)

    def reference(self) -> Reference:
        """All that the score rests on."""
        return self.platform.reference()

    def now(self) -> datetime:
        """The clock."""
        return self.clock

    def today(self) -> date:
        """The civil date in Beijing."""
        return self.clock.date()

    def questions(self) -> ScoreQuestions:
        """What is asked of stored results."""
        return ScoreQuestions(self.store, self.objects)

    def reviews(self) -> Reviews:
        """The owner's marks."""
        return Reviews(self.store)

    def verification(self) -> Verification:
        """Public records."""
        return Verification(self.store, self.now, Settings())

    @property
    def clauses(self) -> Clauses:
        """Clause search."""
        return self.index[0]

    @property
    def candidates(self) -> Candidates:
        """Candidate headings."""
        return self.index[1]

    @property
    def published(self) -> Reference:
        """The tariff."""
        return self.platform.published
