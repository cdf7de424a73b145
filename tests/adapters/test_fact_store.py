"""The contract of `ecid.ports.FactStore`, on every engine."""

from __future__ import annotations

import json
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

SUBJECT = "enterprise#91330282MA2H7K4W68"


def fact(name: str = "domain#a.example", stamp: str = "2026-01-01", subject: str = SUBJECT, **body: Any) -> Fact:
    return Fact(subject, name, stamp, body)


def test_an_event_is_stored_with_its_facts(store: DynamoFactStore) -> None:
    facts = [fact(level="advanced", note="永盛"), fact(subject="domain#a.example", name="claim#91330282MA2H7K4W68")]
    assert store.append("e-1", '{"id":"e-1"}', "91330282MA2H7K4W68", facts)
    assert store.facts(SUBJECT) == FactSet(1, (facts[0],))
    assert store.facts("domain#a.example") == FactSet(1, (facts[1],))
    assert store.facts("enterprise#other") == FactSet(0, ())


def test_the_body_is_kept_as_it_arrived(store: DynamoFactStore) -> None:
    store.append("e-1", '{"id":"e-1","name":"永盛"}', None, [])
    item = store.client.get_item(TableName=store.settings.events_table, Key={"id": {"S": "e-1"}})["Item"]
    assert item == {"id": {"S": "e-1"}, "body": {"S": '{"id":"e-1","name":"永盛"}'}, "sha256": ANY}


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


def test_writers_at_the_same_register_leave_the_newest(store: DynamoFactStore) -> None:
    """Each of 24 events moves the same register; whatever the threads do, the newest stays and every event is kept."""

    def write(number: int) -> bool:
        return store.append(f"e-{number}", "{}", None, [fact(stamp=f"{number:04d}", n=number)])

    order = [number * 7 % 24 for number in range(24)]
    with ThreadPoolExecutor(2) as pool:
        assert all(pool.map(write, order))
        assert not any(pool.map(write, order))
    found = store.facts(SUBJECT)
    assert found.facts == (fact(stamp="0023", n=23),)
    assert 1 <= found.revision <= 24


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
