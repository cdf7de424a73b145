"""The contract of `ecid.ports.FactStore`, on every engine."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any
from unittest.mock import ANY

import pytest

from ecid.adapters.dynamodb import DynamoFactStore, create_tables, dynamodb_client
from ecid.errors import EventConflict, SourceUnavailable
from ecid.feed.facts import Fact
from ecid.ports import FactSet, StoredRecord
from ecid.settings import Settings
from tests.adapters.engines import fact_store

SUBJECT = "enterprise#91330282MA2H7K4W68"


def fact(name: str = "domain#a.example", stamp: str = "2026-01-01", subject: str = SUBJECT, **body: Any) -> Fact:
    return Fact(subject, name, stamp, body)


def at(store: DynamoFactStore, moment: float) -> DynamoFactStore:
    """The same store, later."""
    return replace(store, clock=lambda: moment)


def names(found: FactSet) -> set[str]:
    return {one.name for one in found.facts}


def test_an_event_is_stored_with_its_facts(store: DynamoFactStore) -> None:
    facts = [fact(level="advanced", note="永盛"), fact(subject="domain#a.example", name="claim#91330282MA2H7K4W68")]
    assert store.append("e-1", '{"id":"e-1"}', "91330282MA2H7K4W68", facts)
    assert store.facts(SUBJECT) == FactSet(1, (facts[0],))
    assert store.facts("domain#a.example") == FactSet(1, (facts[1],))
    assert store.facts("enterprise#other") == FactSet(0, ())


def test_the_body_is_kept_as_it_arrived(store: DynamoFactStore) -> None:
    store.append("e-1", '{"id":"e-1","name":"永盛"}', None, [])
    item = store.client.get_item(TableName=store.settings.events_table, Key={"id": {"S": "e-1"}})["Item"]
    assert item == {"id": {"S": "e-1"}, "body": {"S": '{"id":"e-1","name":"永盛"}'}, "sha256": ANY, "written_by": ANY}


def test_the_same_event_again_changes_nothing(store: DynamoFactStore) -> None:
    assert store.append("e-1", "{}", None, [fact()])
    assert not store.append("e-1", "{}", None, [fact()])
    assert store.facts(SUBJECT).revision == 1


def test_another_event_under_the_same_id_is_refused_whole(store: DynamoFactStore) -> None:
    store.append("e-1", "{}", None, [fact(level="advanced")])
    with pytest.raises(EventConflict):
        store.append("e-1", '{"other":1}', None, [fact(stamp="2026-02-02", level="regular")])
    assert store.facts(SUBJECT) == FactSet(1, (fact(level="advanced"),))


def test_an_older_fact_is_left_out_and_its_event_stored(store: DynamoFactStore) -> None:
    store.append("e-2", "{}", None, [fact(stamp="2026-02-02", level="regular")])
    assert store.append("e-1", "{}", None, [fact(stamp="2026-01-01", level="advanced")])
    assert store.facts(SUBJECT) == FactSet(1, (fact(stamp="2026-02-02", level="regular"),))
    assert not store.append("e-1", "{}", None, [fact(stamp="2026-01-01", level="advanced")])


def test_of_two_facts_only_the_newer_one_is_written(store: DynamoFactStore) -> None:
    on_domain = fact(subject="domain#a.example", name="claim#x", stamp="2026-01-01")
    store.append("e-2", "{}", None, [fact(stamp="2026-02-02", level="regular")])
    assert store.append("e-1", "{}", None, [fact(stamp="2026-01-01", level="advanced"), on_domain])
    assert store.facts(SUBJECT) == FactSet(1, (fact(stamp="2026-02-02", level="regular"),))
    assert store.facts("domain#a.example") == FactSet(1, (on_domain,))


TOO_LARGE = "通关" * 100_000
"""More than an item can hold (400 KB)."""


@pytest.mark.parametrize("body", ["{}", TOO_LARGE], ids=["a fact too large", "an event too large"])
def test_a_transaction_is_carried_out_whole_or_not_at_all(store: DynamoFactStore, body: str) -> None:
    facts = [fact(), fact("domain#b.example", text=TOO_LARGE if body == "{}" else ""), fact(subject="domain#a.example", name="claim#x")]
    with pytest.raises(SourceUnavailable):
        store.append("e-1", body, None, facts)
    assert [store.facts(subject) for subject in (SUBJECT, "domain#a.example")] == [FactSet(0, ())] * 2
    assert store.append("e-1", "{}", None, facts[:1])


def test_what_has_expired_is_left_out_whether_or_not_it_is_still_there(store: DynamoFactStore) -> None:
    now = int(time.time())
    lasting, kept = fact("website#a.example#last"), replace(fact("website#a.example#1"), expires_at=now + 600)
    assert store.append("e-1", "{}", None, [lasting, kept])
    for later, wanted in ((0, {lasting.name, kept.name}), (599, {lasting.name, kept.name}), (600, {lasting.name}), (10**6, {lasting.name})):
        assert names(at(store, now + later).facts(SUBJECT)) == wanted
    assert kept in store.facts(SUBJECT).facts
    item = store.client.get_item(TableName=store.settings.facts_table, Key={"subject": {"S": SUBJECT}, "name": {"S": kept.name}})["Item"]
    assert item["expires_at"] == {"N": str(kept.expires_at)}


def test_what_has_expired_can_still_be_replaced_and_counts_as_a_change(store: DynamoFactStore) -> None:
    now = int(time.time())
    store.put_fact(replace(fact(stamp="1"), expires_at=now + 10))
    later = at(store, now + 20)
    assert later.facts(SUBJECT) == FactSet(1, ())
    store.put_fact(fact(stamp="0", late=True))
    assert later.facts(SUBJECT) == FactSet(1, ())
    store.put_fact(fact(stamp="2"))
    assert later.facts(SUBJECT) == FactSet(2, (fact(stamp="2"),))


def test_facts_that_expire_are_taken_away_by_the_table(store: DynamoFactStore) -> None:
    told = store.client.describe_time_to_live(TableName=store.settings.facts_table)["TimeToLiveDescription"]
    assert told == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires_at"}


def test_facts_of_our_own_follow_the_same_rule(store: DynamoFactStore) -> None:
    for stamp in ("2026-01-02", "2026-01-01", "2026-01-03", "2026-01-03"):
        store.put_fact(fact("score", stamp, score=int(stamp[-1])))
    assert store.facts(SUBJECT) == FactSet(2, (fact("score", "2026-01-03", score=3),))


def test_facts_beyond_one_page(store: DynamoFactStore) -> None:
    facts = [fact(f"clearance#{number:03d}", text="通关" * 30_000) for number in range(8)]
    for one in facts:
        store.put_fact(one)
    found = store.facts(SUBJECT)
    assert found.revision == 8
    assert sorted(found.facts, key=lambda one: one.name) == facts


@pytest.mark.parametrize(("first", "then", "written"), [(3, 4, True), (3, 3, True), (3, 2, False)])
def test_a_record_is_never_replaced_by_one_of_an_earlier_revision(store: DynamoFactStore, first: int, then: int, *, written: bool) -> None:
    assert store.put_record("a.example", {"n": 1}, first)
    assert store.put_record("a.example", {"n": 2}, then) is written
    assert store.get_record("a.example").record == {"n": 2 if written else 1}


def test_a_record_of_thousands_of_lines(store: DynamoFactStore) -> None:
    record = {"domain": "a.example", "anomalies": [{"code": "INS-05", "key_date": "2026-01-01", "n": n} for n in range(12_000)]}
    assert len(json.dumps(record)) > 400 * 1024
    assert store.put_record("a.example", record, 1)
    assert store.get_record("a.example") == StoredRecord(record, {})


def test_one_request_answers_a_verification(store: DynamoFactStore) -> None:
    assert store.get_record("a.example") == StoredRecord(None, {})
    store.put_record("a.example", {"status": "registered"}, 1)
    store.mark_synced("aeo", "2026-05-17T03:00:00.000000Z")
    store.mark_synced("single_window", "2026-05-17T04:00:00.000000Z")
    synced = {"aeo": "2026-05-17T03:00:00.000000Z", "single_window": "2026-05-17T04:00:00.000000Z"}
    assert store.get_record("a.example") == StoredRecord({"status": "registered"}, synced)
    assert store.get_record("b.example") == StoredRecord(None, synced)


def test_look_alikes_are_found_under_each_key(store: DynamoFactStore) -> None:
    for domain, keys in (("a.example", {"s:a", "e:a"}), ("b.example", {"e:a", "e:b"}), ("a.example", {"s:a"}), ("末来.example", {"s:末来"})):
        store.put_lookalikes(domain, keys)
    found = {key: store.get_lookalikes({key}) for key in ("s:a", "e:a", "e:b", "e:c", "s:末来")}
    assert found == {"s:a": {"a.example"}, "e:a": {"a.example", "b.example"}, "e:b": {"b.example"}, "e:c": frozenset(), "s:末来": {"末来.example"}}
    assert store.get_lookalikes({f"e:{number}" for number in range(250)} | {"s:a", "e:b"}) == {"a.example", "b.example"}
    assert store.get_lookalikes(()) == frozenset()


def test_look_alike_keys_are_no_records(store: DynamoFactStore) -> None:
    store.put_record("a.example", {"n": 1}, 1)
    store.put_lookalikes("b.example", {"a.example"})
    assert store.get_record("a.example").record == {"n": 1}
    assert store.get_lookalikes({"a.example"}) == {"b.example"}


def test_a_source_is_never_less_up_to_date_than_it_was(store: DynamoFactStore) -> None:
    for at in ("2026-05-17", "2026-05-16", "2026-05-18", "2026-05-18"):
        store.mark_synced("aeo", at)
    assert store.get_record("a.example").synced == {"aeo": "2026-05-18"}


def test_tables_are_created_once(store: DynamoFactStore) -> None:
    store.put_record("a.example", {"n": 1}, 1)
    create_tables(store.client, store.settings)
    assert store.get_record("a.example").record == {"n": 1}


@pytest.fixture
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DynamoFactStore]:
    """The engine alone: moto copies its tables for a transaction and cannot be written to from two threads."""
    with fact_store("embedded", tmp_path_factory.getbasetemp()) as made:
        yield made


def test_writers_at_the_same_register_leave_the_newest(engine: DynamoFactStore) -> None:
    """Each of 24 events moves the same register; whatever the threads do, the newest stays and every event is kept."""

    def write(number: int) -> bool:
        return engine.append(f"e-{number}", "{}", None, [fact(stamp=f"{number:04d}", n=number)])

    order = [number * 7 % 24 for number in range(24)]
    with ThreadPoolExecutor(2) as pool:
        assert all(pool.map(write, order))
        assert not any(pool.map(write, order))
    found = engine.facts(SUBJECT)
    assert found.facts == (fact(stamp="0023", n=23),)
    assert 1 <= found.revision <= 24


def test_of_deliveries_at_the_same_time_one_is_the_first(engine: DynamoFactStore) -> None:
    with ThreadPoolExecutor(4) as pool:
        for number in range(5):
            event, facts = f"e-{number}", [fact(stamp=f"{number:04d}")]
            deliveries = [pool.submit(engine.append, event, "{}", None, facts) for _ in range(4)]
            assert sorted(delivery.result() for delivery in deliveries) == [False, False, False, True]
    assert engine.facts(SUBJECT) == FactSet(5, (fact(stamp="0004"),))


def test_of_events_that_claim_an_id_at_the_same_time_one_is_taken(engine: DynamoFactStore) -> None:
    def claim(number: int) -> str:
        try:
            return f"taken {number}" if engine.append("e-1", f'{{"n":{number}}}', None, [fact(f"clearance#{number}")]) else "known"
        except EventConflict:
            return "refused"

    with ThreadPoolExecutor(4) as pool:
        told = sorted(pool.map(claim, range(4)))
    assert told[:3] == ["refused"] * 3
    assert names(engine.facts(SUBJECT)) == {f"clearance#{told[3].removeprefix('taken ')}"}


@pytest.mark.parametrize(
    "ask",
    [
        lambda store: store.append("e-1", "{}", None, []),
        lambda store: store.facts(SUBJECT),
        lambda store: store.put_fact(fact()),
        lambda store: store.put_record("a.example", {}, 1),
        lambda store: store.get_record("a.example"),
        lambda store: store.mark_synced("aeo", "2026"),
        lambda store: store.put_lookalikes("a.example", {"s:a"}),
        lambda store: store.get_lookalikes({"s:a"}),
    ],
)
def test_a_store_that_has_no_tables_is_unavailable(store: DynamoFactStore, ask: Any) -> None:
    names: dict[str, Any] = {"facts_table": "ecid-no-facts", "records_table": "ecid-no-records", "events_table": "ecid-no-events"}
    with pytest.raises(SourceUnavailable):
        ask(DynamoFactStore(store.client, replace(store.settings, **names)))


def test_a_store_that_does_not_answer_is_unavailable() -> None:
    settings = Settings(dynamodb_endpoint="http://127.0.0.1:9")
    with pytest.raises(SourceUnavailable):
        DynamoFactStore(dynamodb_client(settings), settings).get_record("a.example")
