"""Taking in events: the same facts, records and lines whatever the order, repetition and interruption, and poison that fails alone."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice, permutations
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecid.adapters.dynamodb import DynamoFactStore
from ecid.adapters.object_store import FolderStore
from ecid.errors import EventConflict, InvalidEvent, SourceUnavailable
from ecid.feed.declarations import merge_segments, read_segment, segments_of
from ecid.feed.events import MAX_EVENT_BYTES
from ecid.feed.facts import domains_of
from ecid.services.ingest_events import Ingestion
from ecid.services.lodged_lines import lodged_lines
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
    """A port some of whose calls are refused, `before` or after they were carried out: `failing` says for each call in turn whether, and then no more."""

    real: Any
    failing: Iterator[bool]
    methods: frozenset[str]
    before: bool = True

    def __getattr__(self, name: str) -> Any:
        real = getattr(self.real, name)
        return partial(self._call, real) if name in self.methods else real

    def _call(self, real: Callable[..., Any], *told: Any) -> Any:
        fails = next(self.failing, False)
        if fails and self.before:
            raise SourceUnavailable
        answer = real(*told)
        if fails:
            raise SourceUnavailable
        return answer


PORTS = {
    "store": frozenset({"append", "mark_synced", "put_lookalikes", "facts", "put_record"}),
    "objects": frozenset({"put"}),
    "scores": frozenset({"send"}),
}
STEPS = [(port, method) for port, methods in PORTS.items() for method in sorted(methods)]


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.getbasetemp()


@pytest.fixture(params=ENGINES)
def ingestion(request: pytest.FixtureRequest, folder: Path, tmp_path: Path) -> Iterator[Ingestion]:
    with fact_store(request.param, folder) as store:
        yield made(store, tmp_path)


@pytest.fixture
def quick(folder: Path, tmp_path: Path) -> Iterator[Ingestion]:
    """On the engine alone, which is the faster one: for what is no matter of the store."""
    with fact_store("embedded", folder) as store:
        yield made(store, tmp_path)


def made(store: DynamoFactStore, objects: Path) -> Ingestion:
    return Ingestion(store, FolderStore(objects), Sent(), build_record, lambda: NOW, frozenset({"example"}))


@pytest.fixture(scope="module")
def wanted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The picture after the feed was taken in once, in its order."""
    with fact_store("moto", tmp_path_factory.getbasetemp()) as store:
        ingestion = made(store, tmp_path_factory.mktemp("objects"))
        take(ingestion, FEED)
        return picture(ingestion)


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
    subjects = [f"enterprise#{uscc}" for uscc in ENTERPRISES] + [f"domain#{domain}" for domain in DOMAINS] + ["authority", "platform"]
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


@pytest.mark.parametrize("order", [FEED + FEED, FEED[::-1] + FEED], ids=["twice", "reversed, then again"])
def test_order_and_repetition_change_nothing(ingestion: Ingestion, order: list[str], wanted: dict[str, Any]) -> None:
    take(ingestion, order)
    assert picture(ingestion) == wanted


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(FEED), size=st.integers(1, 10), again=st.integers(0, len(FEED)))
def test_no_order_changes_anything(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, wanted: dict[str, Any], order: list[str], size: int, again: int
) -> None:
    with fact_store("embedded", folder) as store:
        ingestion = made(store, tmp_path_factory.mktemp("objects"))
        take(ingestion, [*order, *order[:again]], size)
        assert picture(ingestion) == wanted


def changed(event_id: str, **changes: Any) -> str:
    """An event of the feed as another event, with other content."""
    event = json.loads(EVENT[event_id])
    return json.dumps({**event, **changes, "data": event["data"] | changes.get("data", {})})


LODGED, CANCELLED, AMENDED = "sw-dec-5530001", "sw-dec-5530044", "sw-dec-5540002"


def numbers(ingestion: Ingestion) -> list[str]:
    return [line["declaration_no"] for uscc in ENTERPRISES for line in lodged_lines(ingestion.objects, uscc).to_dicts()]


@pytest.mark.parametrize("order", list(permutations([LODGED, CANCELLED, "late"])), ids=" ".join)
def test_a_cancelled_declaration_stays_away_whatever_arrives_late(ingestion: Ingestion, order: tuple[str, ...]) -> None:
    late = changed(LODGED, id="late", effective_at="2026-03-27T15:09:59+08:00")
    take(ingestion, [late if name == "late" else EVENT[name] for name in order], 1)
    assert numbers(ingestion) == []
    take(ingestion, [changed(LODGED, id="anew", effective_at="2026-03-28T09:00:00+08:00")])
    assert set(numbers(ingestion)) == {"310420260040981207"}


@pytest.mark.parametrize("order", list(permutations(["sw-dec-5520777", AMENDED])), ids=" ".join)
def test_an_amendment_may_arrive_before_what_it_amends(ingestion: Ingestion, order: tuple[str, ...]) -> None:
    take(ingestion, [EVENT[name] for name in order], 1)
    assert lodged_lines(ingestion.objects, ENTERPRISES[1])["sku"].to_list() == ["RG-7"]


@pytest.mark.parametrize("event_id", [LODGED, CANCELLED, AMENDED, "hs-rul-2026-0031", "hs-rul-2026-0188"])
def test_what_moves_a_score_asks_for_it_every_time(ingestion: Ingestion, event_id: str) -> None:
    sent: Any = ingestion.scores
    for _ in range(2):
        take(ingestion, [EVENT[event_id]])
    assert sent.bodies == [{"enterprise": json.loads(EVENT[event_id])["enterprise"]}] * 2


@pytest.mark.parametrize("event_id", ["hs-edition-2026", "hs-decision-J2022-0001"])
def test_what_customs_publish_asks_for_every_known_enterprise_once(ingestion: Ingestion, event_id: str) -> None:
    sent: Any = ingestion.scores
    take(ingestion, [REGISTERED, EVENT["aeo-2026-000140"], STATUS])
    assert sent.bodies == []
    take(ingestion, [EVENT[event_id], changed(event_id, id="a-second-one")])
    assert sorted(body["enterprise"] for body in sent.bodies) == sorted(ENTERPRISES)
    found = ingestion.store.facts("authority")
    assert [fact.body["source"] for fact in found.facts] == ["hs_verification"]


def test_rulings_are_kept_for_the_enterprise_and_in_no_public_record(ingestion: Ingestion) -> None:
    take(ingestion, [REGISTERED, STATUS])
    before = ingestion.store.get_record("yongsheng-tools.example").record
    take(ingestion, [EVENT["hs-rul-2026-0188"], EVENT["hs-rul-2026-0031"]])
    rulings = {fact.name: fact.body for fact in ingestion.store.facts(f"enterprise#{ENTERPRISES[0]}").facts if fact.name.startswith("ruling")}
    assert rulings["ruling#R-2-3100-2026-0031"]["code"] == "8507600090"
    assert rulings["ruling-end#R-2-3100-2026-0031"]["cause"] == "law_changed"
    assert ingestion.store.get_record("yongsheng-tools.example").record == before


def test_old_website_checks_make_way_and_the_last_one_stays(ingestion: Ingestion) -> None:
    store = ingestion.store
    assert isinstance(store, DynamoFactStore)
    take(ingestion, [REGISTERED, EVENT["web-20260517-0007"], EVENT["web-20260517-0107"]])
    before = ingestion.store.get_record("yongsheng-tools.example").record
    now = datetime(2026, 5, 17, 3, 10, tzinfo=UTC) + timedelta(days=30)
    later = replace(ingestion, store=replace(store, clock=now.timestamp))
    checks = [fact.name.split("#")[2] for fact in later.store.facts(f"enterprise#{ENTERPRISES[0]}").facts if fact.name.startswith("website#")]
    assert [name[:10] for name in sorted(checks)] == ["2026-05-17", "last"]
    take(later, [STATUS])
    record = later.store.get_record("yongsheng-tools.example").record
    assert before is not None
    assert record is not None
    assert record["website"]["checked_at"] in (before["website"]["checked_at"], "2026-05-17T03:40:00Z")


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
def test_what_does_not_hold_yet_changes_nothing_today(quick: Ingestion, event: str) -> None:
    take(quick, FEED)
    before = picture(quick)
    spoilt = {**json.loads(event), "id": "later-1", "sequence": 10**9}
    assert spoilt != json.loads(REGISTERED)
    batch = quick.batch([("a", json.dumps(spoilt))])
    assert isinstance(batch.failed["a"], InvalidEvent)
    assert picture(quick) == before


@pytest.mark.parametrize("before", [True, False], ids=["refused", "carried out and refused"])
@pytest.mark.parametrize(("port", "method"), STEPS)
def test_an_interruption_heals_on_redelivery(quick: Ingestion, wanted: dict[str, Any], port: str, method: str, *, before: bool) -> None:
    """The first call of one port fails; what failed is handed back, and delivered again everything is there."""
    unreliable: dict[str, Any] = {port: Unreliable(getattr(quick, port), iter([True]), frozenset({method}), before)}
    messages = [(str(number), line) for number, line in enumerate(FEED)]
    first = replace(quick, **unreliable).batch(messages)
    assert {type(error) for error in first.failed.values()} == {SourceUnavailable}
    assert first.taken == len(FEED) - len(first.failed)
    assert quick.batch([message for message in messages if message[0] in first.failed]).failed == {}
    assert picture(quick) == wanted
    sent: Any = quick.scores
    assert {str(body["enterprise"]) for body in sent.bodies} == set(ENTERPRISES)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(failing=st.lists(st.booleans(), max_size=60), before=st.booleans(), size=st.integers(1, 10), order=st.permutations(FEED))
def test_whatever_fails_and_however_often_the_queue_gets_everything_there(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, wanted: dict[str, Any], failing: list[bool], before: bool, size: int, order: list[str]
) -> None:
    """Every step of every port may fail, in any combination; messages that failed are delivered again until none is left."""
    with fact_store("embedded", folder) as store:
        ingestion = made(store, tmp_path_factory.mktemp("objects"))
        calls = iter(failing)
        ports: dict[str, Any] = {port: Unreliable(getattr(ingestion, port), calls, methods, before) for port, methods in PORTS.items()}
        unreliable = replace(ingestion, **ports)
        waiting = [(str(number), line) for number, line in enumerate(order)]
        deliveries = 0
        while waiting:
            batch, waiting = waiting[:size], waiting[size:]
            failed = unreliable.batch(batch).failed
            waiting += [message for message in batch if message[0] in failed]
            deliveries += 1
            assert deliveries <= len(failing) + len(FEED)
        assert picture(ingestion) == wanted
        sent: Any = ingestion.scores
        assert {str(body["enterprise"]) for body in sent.bodies} == set(ENTERPRISES)


def test_scores_are_asked_for_once_a_batch_and_enterprise_also_for_known_declarations(ingestion: Ingestion) -> None:
    sent: Any = ingestion.scores
    own = [line for line in FEED if json.loads(line)["enterprise"]]
    take(ingestion, own, len(own))
    assert sorted(body["enterprise"] for body in sent.bodies) == sorted(ENTERPRISES)
    take(ingestion, [DECLARED])
    assert sent.bodies[2:] == [{"enterprise": ENTERPRISES[0]}]
    take(ingestion, [REGISTERED, STATUS])
    assert len(sent.bodies) == 3


HOSTILE: dict[str, bytes | str] = {
    "nothing": "",
    "not JSON": "{",
    "not UTF-8": b"\xff\xfe",
    "a lone surrogate": REGISTERED.replace("永盛", "\udc00"),
    "an escaped surrogate": REGISTERED.replace("永盛", "\\udc00"),
    "no number": REGISTERED.replace('"sequence": 101', '"sequence": NaN'),
    "an infinite number": REGISTERED.replace('"sequence": 101', '"sequence": 1e999'),
    "a number of 5,000 digits": REGISTERED.replace('"sequence": 101', f'"sequence": {"1" * 5000}'),
    "an enterprise that stands twice": REGISTERED.replace('"enterprise"', '"enterprise": "914403005867203466", "enterprise"'),
    "deeper than any parser": REGISTERED.replace('"proof": {', f'"proof": {"[" * 100_000}{{'),
    "too long": REGISTERED + " " * MAX_EVENT_BYTES,
    "the future": REGISTERED.replace("2026-04-02T09:30", "2026-05-18T09:30"),
    "an import declaration": DECLARED.replace("310420260040970934", "310420261040970934"),
    "an id with the separator of stamps": REGISTERED.replace("aeo-2026-000101", "aeo#1"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_poison_neither_stops_its_batch_nor_is_it_quoted(quick: Ingestion, case: str, caplog: pytest.LogCaptureFixture) -> None:
    poison = HOSTILE[case]
    assert poison not in FEED
    batch = quick.batch([("a", STATUS), ("b", poison), ("c", EVENT["aeo-2026-000140"])])
    assert {message_id: type(error) for message_id, error in batch.failed.items()} == {"b": InvalidEvent}
    assert batch.taken == 2
    told = " ".join(batch.failed["b"].sentence(lang) for lang in ("zh", "en"))
    assert told.isprintable()
    assert len(told) < 1000
    assert not {"慈溪", "盛电动", "Cixi", "yongsheng"} & set(re.findall(r"慈溪|盛电动|Cixi|yongsheng", told + caplog.text))
    assert domains_of(quick.store.facts(f"enterprise#{ENTERPRISES[0]}").facts) == ()


def test_a_fault_of_our_own_is_the_failure_of_one_enterprise_and_not_quoted(quick: Ingestion, caplog: pytest.LogCaptureFixture) -> None:
    def project(domain: str, *facts: Any) -> dict[str, Any]:
        if domain == "yongsheng-tools.example":
            raise KeyError("慈溪永盛")
        return build_record(domain, *facts)

    batch = replace(quick, project=project).batch([("a", REGISTERED), ("b", EVENT["aeo-2026-000140"]), ("c", STATUS)])
    assert {message_id: error.code for message_id, error in batch.failed.items()} == {"a": "internal_error", "c": "internal_error"}
    assert quick.store.get_record("ruiguang-led.example").record is not None
    assert "KeyError" in caplog.text
    assert "慈溪" not in caplog.text
    assert quick.batch([("a", REGISTERED)]).failed == {}
    assert quick.store.get_record("yongsheng-tools.example").record is not None


def test_a_fault_with_one_message_is_not_the_others(quick: Ingestion) -> None:
    def clumsy(event_id: str, *told: Any) -> bool:
        if event_id == "aeo-2026-000102":
            raise RuntimeError
        return quick.store.append(event_id, *told)

    store: Any = Mock(wraps=quick.store)
    store.append.side_effect = clumsy
    batch = replace(quick, store=store).batch([("a", REGISTERED), ("b", STATUS), ("c", EVENT["aeo-2026-000140"])])
    assert (batch.taken, list(batch.failed)) == (2, ["b"])


def test_declarations_of_one_month_in_a_batch_are_one_segment(ingestion: Ingestion) -> None:
    lines = [line for line in FEED if '"type": "declaration.' in line]
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
