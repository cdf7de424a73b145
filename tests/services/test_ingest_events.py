"""Taking in events: the same facts, records and lines whatever the order, repetition and interruption, and poison that fails alone."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecid.adapters.dynamodb import DynamoFactStore
from ecid.adapters.object_store import FolderStore
from ecid.errors import EventConflict, InvalidEvent, SourceUnavailable
from ecid.feed.declarations import merge_segments, read_segment, segments_of
from ecid.services.ingest_events import Ingestion
from ecid.verification.record import build_record
from tests.adapters.engines import ENGINES, fact_store

FEED = (Path(__file__).parent / "feed.jsonl").read_text("utf-8").splitlines()
ENTERPRISES = ("91330282MA2H7K4W68", "914403005867203466")
DOMAINS = ("yongsheng-tools.example", "ruiguang-led.example", "old-shop.example")
NOW = datetime(2026, 5, 17, 4, 0, tzinfo=UTC)
EVENT = {json.loads(line)["id"]: line for line in FEED}
REGISTERED, STATUS, DECLARED = EVENT["aeo-2026-000101"], EVENT["aeo-2026-000102"], EVENT["sw-dec-5510021"]
VOIDED = EVENT["sw-clr-890400"]


@dataclass(slots=True)
class Sent:
    """A queue that keeps what it is handed."""

    bodies: list[Mapping[str, Any]] = field(default_factory=list)

    def send(self, body: Mapping[str, Any]) -> None:
        self.bodies.append(body)


@dataclass(slots=True)
class Unreliable:
    """A port that is unavailable for one call of one method, the first, and works afterwards."""

    real: Any
    method: str
    failed: bool = False

    def __getattr__(self, name: str) -> Any:
        if name == self.method and not self.failed:
            self.failed = True
            return self._refuse
        return getattr(self.real, name)

    def _refuse(self, *_: object) -> None:
        raise SourceUnavailable


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.getbasetemp()


@pytest.fixture(params=ENGINES)
def ingestion(request: pytest.FixtureRequest, folder: Path, tmp_path: Path) -> Iterator[Ingestion]:
    with fact_store(request.param, folder) as store:
        yield made(store, tmp_path)


def made(store: DynamoFactStore, objects: Path) -> Ingestion:
    return Ingestion(store, FolderStore(objects), Sent(), build_record, lambda: NOW, frozenset({"example"}))


def take(ingestion: Ingestion, lines: Sequence[str], size: int = 10) -> None:
    """Feed `lines` in batches of `size`; all of them have to be taken."""
    source = enumerate(lines)
    while batch := list(islice(source, size)):
        assert ingestion.batch([(str(number), line) for number, line in batch]).failed == {}


def picture(ingestion: Ingestion) -> dict[str, Any]:
    """All that can be read afterwards: facts, records, sources, lines."""
    lines = {
        uscc: merge_segments(read_segment(ingestion.objects.get(key)) for key in ingestion.objects.keys(segments_of(uscc))).to_dicts() for uscc in ENTERPRISES
    }
    subjects = [f"enterprise#{uscc}" for uscc in ENTERPRISES] + [f"domain#{domain}" for domain in DOMAINS]
    facts = {subject: sorted(ingestion.store.facts(subject).facts, key=lambda fact: fact.name) for subject in subjects}
    return {"facts": facts, "records": {domain: ingestion.store.get_record(domain) for domain in DOMAINS}, "lines": lines}


def test_what_a_feed_establishes(ingestion: Ingestion) -> None:
    take(ingestion, FEED)
    seen = picture(ingestion)
    records = {domain: stored.record for domain, stored in seen["records"].items()}
    assert {domain: record["status"] for domain, record in records.items()} == {
        "yongsheng-tools.example": "registered",
        "ruiguang-led.example": "registered",
        "old-shop.example": "unknown",
    }
    assert records["yongsheng-tools.example"]["enterprise"]["uscc"] == ENTERPRISES[0]
    assert records["ruiguang-led.example"]["enterprise"]["name_zh"] == "深圳市锐光照明有限公司"
    assert seen["records"][DOMAINS[0]].synced == {"single_window": "2026-05-17T03:00:00.000000Z"}
    assert [(line["line_id"], line["code"]) for line in seen["lines"][ENTERPRISES[0]]] == [
        ("310420260040970934-1", "8507600020"),
        ("310420260041170001-1", "8507600090"),
        ("310420260041170001-2", "8467210000"),
    ]
    assert len(seen["lines"][ENTERPRISES[1]]) == 1


def test_contested_and_released_domains_follow_the_claims(ingestion: Ingestion) -> None:
    take(ingestion, [REGISTERED, EVENT["aeo-2026-000141"]])
    assert ingestion.store.get_record("yongsheng-tools.example").record["status"] == "contested"  # type: ignore[index]
    take(ingestion, [EVENT["aeo-2026-000150"]])
    assert ingestion.store.get_record("yongsheng-tools.example").record["status"] == "registered"  # type: ignore[index]


@pytest.mark.parametrize("order", [FEED + FEED, FEED[::-1], FEED[::-1] + FEED], ids=["twice", "reversed", "reversed, then again"])
def test_order_and_repetition_change_nothing(ingestion: Ingestion, order: list[str], folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    with fact_store("moto", folder) as other:
        expected = made(other, tmp_path_factory.mktemp("objects"))
        take(expected, FEED)
        wanted = picture(expected)
    take(ingestion, order)
    assert picture(ingestion) == wanted


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(FEED), size=st.integers(1, 10), again=st.integers(0, len(FEED)))
def test_no_order_changes_anything(folder: Path, tmp_path_factory: pytest.TempPathFactory, order: list[str], size: int, again: int) -> None:
    pictures = []
    for lines in (FEED, [*order, *order[:again]]):
        with fact_store("embedded", folder) as store:
            ingestion = made(store, tmp_path_factory.mktemp("objects"))
            take(ingestion, lines, size)
            pictures.append(picture(ingestion))
    assert pictures[0] == pictures[1]


def test_poison_fails_alone(ingestion: Ingestion) -> None:
    take(ingestion, [STATUS])
    conflicting = STATUS.replace('"advanced"', '"regular"')
    spoilt = DECLARED.replace('"8507600090"', '"85076000"').replace("sw-dec-5510021", "sw-dec-1")
    batch = ingestion.batch([("a", REGISTERED), ("b", "{"), ("c", conflicting), ("d", spoilt), ("e", DECLARED), ("f", STATUS)])
    assert {message_id: type(error) for message_id, error in batch.failed.items()} == {"b": InvalidEvent, "c": EventConflict, "d": InvalidEvent}
    assert (batch.taken, batch.known) == (2, 1)
    record = ingestion.store.get_record("yongsheng-tools.example").record
    assert record is not None
    assert [entry["level"] for entry in record["aeo"]] == ["advanced"]


def test_rows_of_a_refused_declaration_do_not_count(ingestion: Ingestion) -> None:
    take(ingestion, [DECLARED])
    later = DECLARED.replace("2026-03-12T10:05:31.250+08:00", "2026-04-12T10:05:31.250+08:00").replace('"8507600090"', '"8507600020"')
    assert isinstance(ingestion.batch([("a", later)]).failed["a"], EventConflict)
    assert [line["code"] for line in picture(ingestion)["lines"][ENTERPRISES[0]]] == ["8507600090", "8467210000"]


def test_an_event_of_the_far_future_is_poison(ingestion: Ingestion) -> None:
    batch = ingestion.batch([("a", REGISTERED.replace("2026-04-02T09:30", "2062-04-02T09:30"))])
    assert isinstance(batch.failed["a"], InvalidEvent)


@pytest.mark.parametrize(
    "event",
    [
        pytest.param(REGISTERED.replace("2026-04-02T09:30", "2027-04-02T09:30").replace('"released": false', '"released": true'), id="released next year"),
        pytest.param(VOIDED.replace("2026-05-12T09:00", "2027-05-12T09:00"), id="void next year"),
        pytest.param(REGISTERED.replace("2026-04-02T09:12", "2099-04-02T09:12"), id="proven in 2099"),
        pytest.param(REGISTERED.replace('"bound_since": "2026-04-02"', '"bound_since": "2099-01-01"'), id="bound in 2099"),
        pytest.param(EVENT["aeo-2026-000160"].replace('"advanced"', '"general_certified"'), id="level of another order"),
    ],
)
def test_what_does_not_hold_yet_changes_nothing_today(ingestion: Ingestion, event: str) -> None:
    take(ingestion, FEED)
    before = picture(ingestion)
    spoilt = {**json.loads(event), "id": "later-1", "sequence": 10**9}
    assert spoilt != json.loads(REGISTERED)
    batch = ingestion.batch([("a", json.dumps(spoilt))])
    assert isinstance(batch.failed["a"], InvalidEvent)
    assert picture(ingestion) == before


@pytest.mark.parametrize(
    ("port", "method"),
    [
        ("store", "append"),
        ("store", "mark_synced"),
        ("store", "put_lookalikes"),
        ("store", "facts"),
        ("store", "put_record"),
        ("objects", "put"),
        ("scores", "send"),
    ],
)
def test_an_interruption_heals_on_redelivery(ingestion: Ingestion, folder: Path, tmp_path_factory: pytest.TempPathFactory, port: str, method: str) -> None:
    """One call of one port fails; what failed is handed back, and delivered again everything is there."""
    with fact_store("moto", folder) as other:
        expected = made(other, tmp_path_factory.mktemp("objects"))
        take(expected, FEED)
        wanted = picture(expected)
    unreliable: dict[str, Any] = {port: Unreliable(getattr(ingestion, port), method)}
    broken = replace(ingestion, **unreliable)
    messages = [(str(number), line) for number, line in enumerate(FEED)]
    first = broken.batch(messages)
    assert {type(error) for error in first.failed.values()} == {SourceUnavailable}
    assert first.taken == len(FEED) - len(first.failed)
    second = broken.batch([message for message in messages if message[0] in first.failed])
    assert second.failed == {}
    assert picture(ingestion) == wanted
    assert {str(body["enterprise"]) for body in ingestion.scores.bodies} == set(ENTERPRISES)  # type: ignore[attr-defined]


def test_scores_are_asked_for_once_a_batch_and_enterprise_also_for_known_declarations(ingestion: Ingestion) -> None:
    sent: Any = ingestion.scores
    take(ingestion, FEED, len(FEED))
    assert sorted(body["enterprise"] for body in sent.bodies) == sorted(ENTERPRISES)
    take(ingestion, [DECLARED])
    assert sent.bodies[2:] == [{"enterprise": ENTERPRISES[0]}]
    take(ingestion, [REGISTERED, STATUS])
    assert len(sent.bodies) == 3


def test_declarations_of_one_month_in_a_batch_are_one_segment(ingestion: Ingestion) -> None:
    lines = [line for line in FEED if '"declaration.lodged"' in line]
    take(ingestion, lines)
    take(ingestion, lines[::-1])
    keys = list(ingestion.objects.keys("declarations/"))
    assert [key.rsplit("/", 1)[0] for key in keys] == [
        "declarations/91330282MA2H7K4W68/2026-03",
        "declarations/91330282MA2H7K4W68/2026-04",
        "declarations/914403005867203466/2026-04",
    ]


def test_a_slow_writer_puts_no_old_picture_back(ingestion: Ingestion) -> None:
    """While a first worker is between reading the facts and writing the record, a second one takes in the next event."""
    take(ingestion, [REGISTERED, STATUS])
    newer = EVENT["aeo-2026-000160"]
    overtaken: list[bool] = []

    def slow(*facts: Any) -> dict[str, Any]:
        if not overtaken:
            overtaken.append(True)
            take(ingestion, [newer])
        return build_record(*facts)

    take(replace(ingestion, project=slow), [STATUS])
    record = ingestion.store.get_record("yongsheng-tools.example").record
    assert record is not None
    assert len(record["aeo"]) == 2


def test_two_workers_end_with_the_newest_picture(folder: Path, tmp_path: Path) -> None:
    """Two threads take in the same feed from both ends, one event at a time; moto's transactions are not safe for threads, so this needs the engine."""
    with fact_store("embedded", folder) as store:
        expected = made(store, tmp_path / "expected")
        take(expected, FEED)
        wanted = picture(expected)
    with fact_store("embedded", folder) as store, ThreadPoolExecutor(2) as pool:
        ingestion = made(store, tmp_path / "objects")
        orders = [random.Random(1).sample(FEED, len(FEED)), FEED[::-1]]  # noqa: S311
        list(pool.map(lambda lines: take(ingestion, lines, 1), orders))
        assert picture(ingestion) == wanted
