"""Every use case bound to the adapters that the settings name, lazily, so that a function starts only what it uses."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from ecid.errors import EcidError, UnreadableFile
from ecid.feed.facts import PLATFORM_SUBJECT, enterprises_of
from ecid.settings import Settings

if TYPE_CHECKING:
    from ecid.knowledge.retrieval.index_files import Manifest
    from ecid.ports import FactStore, ObjectStore, Queue
    from ecid.scoring.placement import Placement
    from ecid.scoring.reference import Reference
    from ecid.services.check_draft import Knowledge as DraftKnowledge
    from ecid.services.find_candidates import Candidates
    from ecid.services.ingest_events import Ingestion
    from ecid.services.misclassified_codes import MisclassifiedCodes
    from ecid.services.review_findings import Reviews
    from ecid.services.score_enterprise import Scoring
    from ecid.services.score_questions import ScoreQuestions
    from ecid.services.search_clauses import Clauses
    from ecid.services.verify_domain import Verification

_log = logging.getLogger(__name__)


class Platform:
    """Every use case bound to the adapters that the settings name. Nothing is started before it is asked for."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._indexed = False

    def now(self) -> datetime:
        """The clock of the platform: aware, UTC."""
        return datetime.now(UTC)

    def today(self) -> date:
        """The civil date in Beijing."""
        return (self.now() + timedelta(hours=8)).date()

    @cached_property
    def store(self) -> FactStore:
        """Events, facts and records."""
        from ecid.adapters.dynamodb import DynamoFactStore, dynamodb_client

        return DynamoFactStore(dynamodb_client(self.settings), self.settings)

    @cached_property
    def objects(self) -> ObjectStore:
        """Declarations and results."""
        from ecid.adapters.object_store import FolderStore, S3Store, s3_client

        if self.settings.objects:
            return S3Store(s3_client(), self.settings.objects)
        return FolderStore(self.settings.home / "objects")

    @cached_property
    def scores(self) -> Queue:
        """Requests for score runs: SQS, or a worker thread of this process."""
        from ecid.adapters.queue import InProcessQueue, SqsQueue, sqs_client

        if self.settings.score_queue:
            return SqsQueue(sqs_client(), self.settings.score_queue)
        return InProcessQueue(self.score_messages)

    @cached_property
    def published(self) -> Reference:
        """The tariff as loaded from the pack and from what was imported, exchange rates, and what is published for everybody. Raises UnreadableFile."""
        from ecid.adapters.knowledge_files import load_reference

        return load_reference([self.settings.pack_dir, self.settings.home / "knowledge"])

    @cache  # noqa: B019 - one platform lives as long as its process
    def reference(self) -> Reference:
        """All that the score rests on: what is `published`, and what is known of goods. Raises UnreadableFile."""
        return replace(self.published, placement=self.placement())

    def placement(self) -> Placement | None:
        """What is known of goods, in the index that `make_index` made. Raises UnreadableFile: without two of its dimensions a score is another score."""
        from ecid.adapters.candidate_index import open_knowledge

        return open_knowledge(self.settings)

    @cached_property
    def clauses(self) -> Clauses:
        """Clause search, in the index that `make_index` made."""
        from ecid.adapters.clause_index import open_clauses

        return open_clauses(self.settings, self.now)

    @cached_property
    def candidates(self) -> Candidates:
        """Candidate headings, in the index that `make_index` made."""
        from ecid.adapters.candidate_index import open_candidates

        return open_candidates(self.settings, self.now)

    def draft_knowledge(self, day: date) -> DraftKnowledge:
        """What a draft is held against that is declared on `day`; without candidates where there is no index of them. Raises UnreadableFile."""
        from ecid.services.check_draft import Knowledge

        try:
            found = self.candidates
        except UnreadableFile:
            return Knowledge(self.reference())
        return Knowledge(self.reference(), lambda text: found.find(text, as_of=day))

    def has_index(self) -> bool:
        """Whether there is an index, of the very same as what is loaded. It takes a tenth of a second."""
        from ecid.adapters.index_sources import is_noted

        self._indexed = self._indexed or is_noted(self.settings)
        return self._indexed

    def make_index(self) -> Manifest:
        """Make the search index from everything that is loaded, unless there is one of the very same."""
        from ecid.adapters.index_making import make_index

        manifest = make_index(self.settings)
        self._indexed = True
        return manifest

    def verification(self) -> Verification:
        """The use case behind page, record and batch."""
        from ecid.services.verify_domain import Verification

        return Verification(self.store, self.now, self.settings)

    def ingest(self) -> Ingestion:
        """The use case behind the feed."""
        from ecid.services.ingest_events import Ingestion
        from ecid.verification.record import build_record

        return Ingestion(self.store, self.objects, self.scores, build_record, self.now, self.settings.reserved_suffixes)

    def scoring(self) -> Scoring:
        """The use case behind the score run."""
        from ecid.scoring.policy import load_policy
        from ecid.services.score_enterprise import Scoring
        from ecid.verification.record import build_record

        return Scoring(self.store, self.objects, self.reference, load_policy(), self.now, build_record)

    def questions(self) -> ScoreQuestions:
        """The use case behind what an enterprise asks of its results."""
        from ecid.services.score_questions import ScoreQuestions

        return ScoreQuestions(self.store, self.objects)

    def reviews(self) -> Reviews:
        """The use case behind the owner's marks on findings."""
        from ecid.services.review_findings import Reviews

        return Reviews(self.store)

    def misclassified_codes(self) -> MisclassifiedCodes:
        """The use case behind the quarterly list."""
        from ecid.scoring.policy import load_policy
        from ecid.services.misclassified_codes import MisclassifiedCodes

        return MisclassifiedCodes(self.store, self.objects, self.reference, load_policy(), self.now)

    def score_messages(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Score the enterprises that an SQS event names, each once; messages that failed come back as batch item failures.

        An event of the daily schedule asks for every enterprise, through the same queue, and for what the list of the last quarter lacks.
        """
        if "Records" not in event:  # the daily schedule: the three-year window moved for everybody
            for uscc in enterprises_of(self.store.facts(PLATFORM_SUBJECT).facts):
                self.scores.send({"enterprise": uscc})
            for summary in self.misclassified_codes().due():
                self.scores.send(summary)
            return {}
        failures: list[dict[str, str]] = []
        done: set[tuple[str, str]] = set()
        for record in event["Records"]:
            try:
                message = json.loads(record["body"])
                asked = str(message["enterprise"]), str(message.get("quarter_end", ""))
                if asked not in done:
                    self._score(*asked)
                done.add(asked)
            except Exception as error:  # noqa: BLE001 - whatever fails for one enterprise is not the others'
                _log.error("score run failed, message %s: %s", record["messageId"], told(error))
                failures.append({"itemIdentifier": record["messageId"]})
        return {"batchItemFailures": failures}

    def _score(self, uscc: str, quarter_end: str) -> None:
        """A score run; or, where the last day of a quarter is named, what the enterprise adds to the list of that quarter."""
        if quarter_end:
            self.misclassified_codes().summarise(uscc, date.fromisoformat(quarter_end))
        else:
            self.scoring().run(uscc)


def told(error: Exception) -> str:
    """What a log may say: the sentence of our own errors; of others type and places only, for their message may carry what a declaration said."""
    if isinstance(error, EcidError):
        return f"{error.code}: {error}"
    return f"{type(error).__name__} at {[f'{frame.filename}:{frame.lineno}' for frame in traceback.extract_tb(error.__traceback__)]}"
