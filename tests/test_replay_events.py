"""Replaying an events table: every event arrives, in batches that the queue takes."""

from __future__ import annotations

import boto3
import pytest
from moto import mock_aws

from ecid.adapters.dynamodb import create_tables
from ecid.settings import Settings
from tools.replay_events import MOST_BYTES, MOST_ENTRIES, batches, replay


@pytest.mark.parametrize(
    ("lengths", "expected"),
    [
        ([], []),
        ([1] * 23, [10, 10, 3]),
        ([MOST_BYTES], [1]),
        ([MOST_BYTES, 1], [1, 1]),
        ([MOST_BYTES // 2, MOST_BYTES // 2, 1], [2, 1]),
    ],
)
def test_batches_are_small_enough(lengths: list[int], expected: list[int]) -> None:
    bodies = [chr(ord("a") + number) * length for number, length in enumerate(lengths)]
    found = list(batches(bodies))
    assert [len(batch) for batch in found] == expected
    assert [body for batch in found for body in batch] == bodies
    assert all(len(batch) <= MOST_ENTRIES and sum(map(len, batch)) <= MOST_BYTES for batch in found)


def test_size_is_counted_in_bytes() -> None:
    assert len(list(batches(["税" * (MOST_BYTES // 6), "税" * (MOST_BYTES // 4)]))) == 2


def test_every_event_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        dynamodb, sqs = boto3.client("dynamodb"), boto3.client("sqs")
        table = Settings().events_table
        create_tables(dynamodb, Settings())
        queue = sqs.create_queue(QueueName="feed")["QueueUrl"]
        bodies = {f'{{"id": "{number}"}}' for number in range(25)}
        for body in bodies:
            dynamodb.put_item(TableName=table, Item={"id": {"S": body}, "body": {"S": body}})
        assert replay(dynamodb, sqs, table, queue) == len(bodies)
        arrived = set()
        while found := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", []):
            arrived |= {message["Body"] for message in found}
        assert arrived == bodies
