"""What no local engine does on its own: refuse for a while. The answers are those that AWS documents, put in by botocore's own stubber."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.stub import Stubber

from ecid.adapters import dynamodb
from ecid.adapters.dynamodb import DynamoFactStore, dynamodb_client
from ecid.errors import SourceUnavailable
from ecid.feed.facts import Fact
from ecid.settings import Settings

SETTINGS = Settings(dynamodb_endpoint="http://127.0.0.1:9")
FACT = Fact("enterprise#x", "score", "1", {})
RECORD = {"domain": {"S": "a.example"}, "revision": {"N": "1"}, "body": {"S": '{"n":1}'}}
WAITING = {SETTINGS.records_table: {"Keys": [{"domain": {"S": "a.example"}}]}}
ATTEMPTS = 10


@pytest.fixture
def stubbed(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[DynamoFactStore, Stubber]]:
    monkeypatch.setattr(dynamodb, "_LONGEST_PAUSE", 0.0)
    client = dynamodb_client(SETTINGS)
    with Stubber(client) as stubber:
        yield DynamoFactStore(client, SETTINGS), stubber


def cancelled(stubber: Stubber, *codes: str) -> None:
    reasons = {"CancellationReasons": [{"Code": code} for code in codes]}
    stubber.add_client_error("transact_write_items", "TransactionCanceledException", http_status_code=400, modeled_fields=reasons)


def test_unprocessed_keys_are_asked_for_again(stubbed: tuple[DynamoFactStore, Stubber]) -> None:
    store, stubber = stubbed
    stubber.add_response("batch_get_item", {"Responses": {}, "UnprocessedKeys": WAITING})
    stubber.add_response("batch_get_item", {"Responses": {SETTINGS.records_table: [RECORD]}, "UnprocessedKeys": {}}, {"RequestItems": WAITING})
    assert store.get_record("a.example").record == {"n": 1}
    stubber.assert_no_pending_responses()


def test_keys_that_stay_unprocessed_are_no_unknown_domain(stubbed: tuple[DynamoFactStore, Stubber]) -> None:
    store, stubber = stubbed
    for _ in range(ATTEMPTS):
        stubber.add_response("batch_get_item", {"Responses": {}, "UnprocessedKeys": WAITING})
    with pytest.raises(SourceUnavailable):
        store.get_record("a.example")


@pytest.mark.parametrize("code", ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"])
def test_a_cancelled_transaction_is_repeated(stubbed: tuple[DynamoFactStore, Stubber], code: str) -> None:
    store, stubber = stubbed
    cancelled(stubber, "None", code, "None")
    stubber.add_response("transact_write_items", {})
    assert store.append("e-1", "{}", None, [FACT])
    stubber.assert_no_pending_responses()


def test_a_transaction_that_is_always_cancelled_is_given_up(stubbed: tuple[DynamoFactStore, Stubber]) -> None:
    store, stubber = stubbed
    for _ in range(ATTEMPTS):
        cancelled(stubber, "None", "TransactionConflict", "None")
    with pytest.raises(SourceUnavailable):
        store.append("e-1", "{}", None, [FACT])


@pytest.mark.parametrize("code", ["ProvisionedThroughputExceededException", "AccessDeniedException", "InternalServerError"])
def test_refusals_are_unavailability(stubbed: tuple[DynamoFactStore, Stubber], code: str) -> None:
    store, stubber = stubbed
    stubber.add_client_error("get_item", code)
    with pytest.raises(SourceUnavailable) as caught:
        store.facts("enterprise#x")
    cause: Any = caught.value.__cause__
    assert cause.response["Error"]["Code"] == code
