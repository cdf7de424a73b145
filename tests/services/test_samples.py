"""The sample enterprises take the real path, twice over and in any state of the store, and show what they are there to show."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ecid.adapters.dynamodb import DynamoFactStore
from ecid.adapters.knowledge_files import load_reference
from ecid.adapters.object_store import FolderStore
from ecid.feed.declarations import segments_of
from ecid.scoring.policy import load_policy
from ecid.scoring.reference import Reference
from ecid.services.feed_samples import Sample, feed_samples
from ecid.services.ingest_events import Ingestion
from ecid.services.scan_files import scan_files
from ecid.services.score_enterprise import Scoring
from ecid.services.verify_domain import Verification
from ecid.settings import Settings
from ecid.verification.record import build_record
from ecid.verification.shape import to_json
from tests.adapters.engines import fact_store

PACK = Path(__file__).parents[2] / "knowledge"
NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def reference() -> Reference:
    return load_reference([PACK])


class House:
    """The services on one store, scoring at once whoever is asked for."""

    def __init__(self, store: DynamoFactStore, folder: Path, reference: Reference) -> None:
        self.now = NOW
        self.objects = FolderStore(folder)
        self.store = store
        self.scoring = Scoring(store, self.objects, lambda: reference, load_policy(), lambda: self.now, build_record)
        self.ingestion = Ingestion(store, self.objects, self, build_record, lambda: self.now, frozenset({"example"}))
        self.verification = Verification(store, lambda: self.now, Settings())

    def send(self, body: Any) -> None:
        self.scoring.run(body["enterprise"])

    def feed(self) -> list[Sample]:
        return feed_samples(PACK / "samples", self.ingestion, self.now)

    def record(self, domain: str) -> dict[str, Any]:
        return to_json(self.verification.verify(domain))


@pytest.fixture
def house(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, reference: Reference) -> Iterator[House]:
    with fact_store("moto", tmp_path_factory.getbasetemp()) as store:
        yield House(store, tmp_path, reference)


def test_samples_show_what_they_are_there_for(house: House) -> None:
    samples = {sample.domain for sample in house.feed()}
    records = {domain: house.record(domain) for domain in samples}
    assert samples == {"brightcell.example", "harborlight.example", "newleaf.example"}
    assert all(record["sample"] and record["status"] == "registered" for record in records.values())
    scores = {domain.split(".")[0]: record["score"]["value"] for domain, record in records.items()}
    assert scores["brightcell"]["score"] >= 90
    assert scores["brightcell"]["band"] == "90_plus"
    assert scores["harborlight"]["score"] == 82
    assert scores["harborlight"]["band"] == "below_85"
    assert scores["newleaf"]["insufficient_data"] == {"reason": "too_few"}
    assert scores["newleaf"]["score"] is None
    assert records["harborlight.example"]["website"]["value"]["state"] == "verification_unreachable"
    assert records["harborlight.example"]["anomalies"]["value"]["total"] == 3
    assert records["brightcell.example"]["anomalies"]["value"]["total"] == 1
    for record in records.values():
        for fact in ("aeo", "anomalies", "score", "website"):
            assert record[fact]["stale"] is False, fact


def test_the_record_scores_what_a_scan_of_the_file_scores(house: House, reference: Reference) -> None:
    house.feed()
    scan = scan_files([PACK / "samples" / "harborlight" / "declarations.csv"], reference, NOW)
    assert house.record("harborlight.example")["score"]["value"]["score"] == scan.result.score
    facts = house.store.facts("enterprise#914403005867203466").facts
    assert next(fact for fact in facts if fact.name == "score").body["score_exact_micro"] == scan.result.score_exact_micro


def test_feeding_again_changes_nothing_but_the_time(house: House) -> None:
    house.feed()
    before = house.record("harborlight.example")
    segments = list(house.objects.keys(segments_of("914403005867203466")))
    house.now += timedelta(hours=6)
    house.feed()
    after = house.record("harborlight.example")
    assert list(house.objects.keys(segments_of("914403005867203466"))) == segments
    assert _without_times(after) == _without_times(before)
    assert after["aeo"]["as_of"] > before["aeo"]["as_of"]


def test_a_run_that_changes_nothing_writes_nothing(house: House) -> None:
    house.feed()
    fact = next(fact for fact in house.store.facts("enterprise#91330282MA2H7K4W68").facts if fact.name == "score")
    house.now += timedelta(hours=1)
    assert house.scoring.run("91330282MA2H7K4W68") == fact.body["result_id"]
    assert next(f for f in house.store.facts("enterprise#91330282MA2H7K4W68").facts if f.name == "score") == fact
    house.now += timedelta(days=1)
    assert house.scoring.run("91330282MA2H7K4W68") != fact.body["result_id"]


def test_results_and_ledgers_are_kept(house: House) -> None:
    house.feed()
    fact = next(fact for fact in house.store.facts("enterprise#914403005867203466").facts if fact.name == "score")
    ledger = house.objects.get(fact.body["result"])
    assert b'"SAME_GOODS_SPLIT"' in ledger
    assert fact.body["result"].startswith("results/914403005867203466/2026-11-23/")


def test_a_day_without_news_makes_everything_stale(house: House) -> None:
    house.feed()
    house.now += timedelta(hours=24, seconds=1)
    record = house.record("brightcell.example")
    assert [record[fact]["stale"] for fact in ("aeo", "anomalies", "score", "website")] == [True] * 4


def _without_times(value: Any) -> Any:
    """The record without what tells the time of asking."""
    if isinstance(value, dict):
        return {key: _without_times(item) for key, item in value.items() if key not in ("as_of", "checked_at", "computed_at")}
    return value
