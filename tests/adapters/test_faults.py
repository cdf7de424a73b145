"""The contract of `ecid.ports.FactStore` on a store that refuses, hangs up or loses answers for a while, and on one that goes on doing so.

The client is the real one with its real retries, the engine behind the faults the real engine; only the pauses between retries are noted and not slept.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import pytest

from ecid.adapters import dynamodb
from ecid.adapters.dynamodb import DynamoFactStore, create_tables, dynamodb_client
from ecid.adapters.embedded_engine import start_engine
from ecid.errors import EventConflict, SourceUnavailable
from ecid.feed.facts import Fact
from ecid.ports import FactSet
from ecid.settings import Settings
from tests.adapters.engines import embedded, own_tables
from tests.adapters.faulty import FOREVER, CutOff, Fault, Faulty, HungUp, Refused, Unprocessed, faulty
from tests.translated_template import resources

REQUESTS = 3
"""What the client asks in all before it gives up: `total_max_attempts` of `dynamodb_client`."""
LONGEST = 1 + 2
"""Seconds of pause that two retries take at most: full jitter under 1 and 2 (botocore's standard mode)."""
ROUNDS = 10
"""How often the store itself tries again what was cancelled or left unprocessed."""


@dataclass(frozen=True, slots=True)
class Case:
    """A store whose requests pass through the faulty server, the pauses that its client took, and keys that no other test uses."""

    store: DynamoFactStore
    server: Faulty
    pauses: list[float]
    key: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def domain(self) -> str:
        return f"{self.key}.example"

    @property
    def fact(self) -> Fact:
        return Fact(f"enterprise#{self.key}", "domain#a.example", "2026-01-01", {"level": "advanced"})

    def append(self, body: str = "{}") -> bool:
        return self.store.append(self.key, body, None, [self.fact])

    def facts(self) -> FactSet:
        return self.store.facts(self.fact.subject)


@pytest.fixture(scope="module", params=["moto", "embedded"])
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Faulty, Settings]]:
    """The faulty server before each engine in turn (moto as a server of its own: `start_engine` takes it where no binary is installed), and its tables."""
    engine = embedded(tmp_path_factory.getbasetemp()) if request.param == "embedded" else start_engine(tmp_path_factory.mktemp("moto") / "platform.db", [])
    with faulty(engine.endpoint) as server:
        settings = replace(own_tables(), dynamodb_endpoint=server.endpoint)
        create_tables(dynamodb_client(settings), settings)
        yield server, settings
    if request.param == "moto":
        engine.close()


@pytest.fixture
def case(served: tuple[Faulty, Settings], monkeypatch: pytest.MonkeyPatch) -> Case:
    server, settings = served
    server.script.clear()
    pauses: list[float] = []
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=pauses.append))
    monkeypatch.setattr(dynamodb, "_LONGEST_PAUSE", 0.0)
    return Case(DynamoFactStore(dynamodb_client(settings), settings), server, pauses)


ASKS: dict[str, tuple[str, Callable[[Case], Any], Any]] = {
    "append": ("TransactWriteItems", lambda case: case.append(), True),
    "put_fact": ("TransactWriteItems", lambda case: case.store.put_fact(case.fact), None),
    "facts, revision": ("GetItem", lambda case: case.facts(), FactSet(0, ())),
    "facts": ("Query", lambda case: case.facts(), FactSet(0, ())),
    "put_record": ("PutItem", lambda case: case.store.put_record(case.domain, {"n": 1}, 1), True),
    "get_record": ("BatchGetItem", lambda case: case.store.get_record(case.domain).record, None),
    "mark_synced": ("UpdateItem", lambda case: case.store.mark_synced(case.key, "2026"), None),
    "put_lookalikes": ("UpdateItem", lambda case: case.store.put_lookalikes(case.domain, {case.key}), None),
    "get_lookalikes": ("BatchGetItem", lambda case: case.store.get_lookalikes({case.key}), frozenset()),
}
WRITES = ("append", "put_fact", "put_record", "mark_synced", "put_lookalikes")
FAULTS: dict[str, Fault] = {
    "throttled": Refused("ProvisionedThroughputExceededException"),
    "throttled by rate": Refused("ThrottlingException"),
    "throttled by account": Refused("RequestLimitExceeded"),
    "still in progress": Refused("TransactionInProgressException"),
    "internal error": Refused("InternalServerError", 500),
    "unavailable": Refused("ServiceUnavailable", 503),
    "hung up": HungUp(),
    "cut off": CutOff(),
}


@pytest.mark.parametrize(
    ("ask", "fault"), [(ask, fault) for ask in ASKS for fault in FAULTS if ask in ("append", "facts", "get_record") or fault in ("throttled", "cut off")]
)
def test_what_passes_is_asked_again(case: Case, ask: str, fault: str) -> None:
    operation, call, wanted = ASKS[ask]
    case.server.play(operation, FAULTS[fault], REQUESTS - 1)
    assert call(case) == wanted
    assert case.server.asked[operation] == REQUESTS
    assert len(case.pauses) == REQUESTS - 1


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("ask", ["append", "facts", "facts, revision", "get_record"])
def test_what_lasts_is_unavailability_in_the_end(case: Case, ask: str, fault: str) -> None:
    operation, call, _ = ASKS[ask]
    case.server.play(operation, FAULTS[fault], FOREVER)
    with pytest.raises(SourceUnavailable):
        call(case)
    assert case.server.asked[operation] == REQUESTS
    assert sum(case.pauses) <= LONGEST


@pytest.mark.parametrize("code", ["AccessDeniedException", "ResourceNotFoundException", "ValidationException"])
def test_what_asking_again_does_not_mend_is_asked_once(case: Case, code: str) -> None:
    case.server.play("GetItem", Refused(code), FOREVER)
    with pytest.raises(SourceUnavailable) as caught:
        case.facts()
    cause: Any = caught.value.__cause__
    assert cause.response["Error"]["Code"] == code
    assert case.server.asked["GetItem"] == 1


@pytest.mark.parametrize("lost", [1, REQUESTS - 1])
@pytest.mark.parametrize("ask", WRITES)
def test_a_write_whose_answer_was_lost_is_neither_done_twice_nor_denied(case: Case, ask: str, lost: int) -> None:
    operation, call, wanted = ASKS[ask]
    case.server.play(operation, HungUp(carried_out=True), lost)
    assert call(case) == wanted
    assert case.server.asked[operation] == lost + 1
    assert case.facts() == (FactSet(1, (case.fact,)) if operation == "TransactWriteItems" else FactSet(0, ()))


def test_an_event_whose_answer_never_came_is_known_when_it_is_delivered_again(case: Case) -> None:
    case.server.play("TransactWriteItems", HungUp(carried_out=True), REQUESTS)
    with pytest.raises(SourceUnavailable):
        case.append()
    assert not case.append()
    with pytest.raises(EventConflict):
        case.append('{"other":1}')
    assert case.facts() == FactSet(1, (case.fact,))


def test_an_event_that_is_known_stays_known_though_an_answer_is_lost(case: Case) -> None:
    case.append()
    case.server.play("TransactWriteItems", HungUp(carried_out=True))
    assert not case.append()
    case.server.play("GetItem", HungUp(carried_out=True))
    assert not case.append()
    assert case.facts().revision == 1


@pytest.mark.parametrize("reason", ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"])
def test_a_cancelled_transaction_is_repeated(case: Case, reason: str) -> None:
    case.server.play("TransactWriteItems", Refused("TransactionCanceledException", reasons=("None", reason, "None")), ROUNDS - 1)
    assert case.append()
    assert case.server.asked["TransactWriteItems"] == ROUNDS
    assert case.facts() == FactSet(1, (case.fact,))


def test_a_transaction_that_is_always_cancelled_is_given_up(case: Case) -> None:
    case.server.play("TransactWriteItems", Refused("TransactionCanceledException", reasons=("None", "TransactionConflict", "None")), FOREVER)
    with pytest.raises(SourceUnavailable):
        case.append()
    assert case.server.asked["TransactWriteItems"] == ROUNDS


def test_unprocessed_keys_are_asked_for_again(case: Case) -> None:
    case.store.put_record(case.domain, {"n": 1}, 1)
    case.store.put_lookalikes(case.domain, {case.key})
    case.server.play("BatchGetItem", Unprocessed(), ROUNDS - 1)
    assert case.store.get_record(case.domain).record == {"n": 1}
    assert case.server.asked["BatchGetItem"] == ROUNDS
    case.server.play("BatchGetItem", Unprocessed(), ROUNDS - 1)
    assert case.store.get_lookalikes({case.key}) == {case.domain}


@pytest.mark.parametrize("ask", ["get_record", "get_lookalikes"])
def test_keys_that_stay_unprocessed_are_no_unknown_domain(case: Case, ask: str) -> None:
    case.store.put_record(case.domain, {"n": 1}, 1)
    case.server.play("BatchGetItem", Unprocessed(), FOREVER)
    with pytest.raises(SourceUnavailable):
        ASKS[ask][1](case)
    assert case.server.asked["BatchGetItem"] == ROUNDS


def test_a_page_that_is_refused_for_a_while_loses_no_fact(case: Case) -> None:
    """Facts of more than a megabyte come in pages; the second one fails twice."""
    facts = [replace(case.fact, name=f"clearance#{number}", body={"text": "通关" * 45_000}) for number in range(5)]
    for fact in facts:
        case.store.put_fact(fact)
    case.server.play("Query", Refused("ProvisionedThroughputExceededException"), 2, after=1)
    found = case.facts()
    assert sorted(found.facts, key=lambda fact: fact.name) == facts
    assert case.server.asked["Query"] >= 2 + 2


def test_the_page_outlives_a_store_that_does_not_answer() -> None:
    """Then a buyer gets the documented 503 and not the gateway's own error."""
    config = dynamodb_client(Settings(dynamodb_endpoint="http://127.0.0.1:9")).meta.config
    assert config.retries["total_max_attempts"] == REQUESTS
    longest = REQUESTS * (config.connect_timeout + config.read_timeout) + LONGEST
    assert longest < resources()["VerifyDomain"]["Properties"]["Timeout"]
