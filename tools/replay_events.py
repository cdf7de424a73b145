"""Send the source events of an events table to a feed queue again, into a stack whose own tables are new (docs/deploy.md, "Restoring").

    python tools/replay_events.py EVENTS_TABLE FEED_QUEUE_URL

Events have no order that matters, so they go as the scan finds them. Needs dynamodb:Scan on the table and sqs:SendMessage on the queue, from the caller's own
credentials: no function of the stack may do this.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import boto3

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient
    from types_boto3_sqs.client import SQSClient

MOST_ENTRIES = 10
MOST_BYTES = 256 * 1024
"""Of one batch; an event alone is not larger than this."""


def batches(bodies: Iterable[str]) -> Iterator[list[str]]:
    """The bodies in batches that SQS takes, in their order."""
    batch: list[str] = []
    size = 0
    for body in bodies:
        length = len(body.encode())
        if batch and (len(batch) == MOST_ENTRIES or size + length > MOST_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(body)
        size += length
    if batch:
        yield batch


def replay(dynamodb: DynamoDBClient, sqs: SQSClient, table: str, queue: str) -> int:
    """Send every event, and answer with their number. Raises RuntimeError when the queue does not take one; sending all of them again does no harm."""
    pages = dynamodb.get_paginator("scan").paginate(TableName=table, ProjectionExpression="body", ConsistentRead=True)
    sent = 0
    for batch in batches(item["body"]["S"] for page in pages for item in page["Items"]):
        answer = sqs.send_message_batch(QueueUrl=queue, Entries=[{"Id": str(number), "MessageBody": body} for number, body in enumerate(batch)])
        if failed := answer.get("Failed"):
            raise RuntimeError(f"{len(failed)} events were not taken after {sent} that were: {failed[0].get('Code')}")
        sent += len(batch)
    return sent


if __name__ == "__main__":
    print(replay(boto3.client("dynamodb"), boto3.client("sqs"), *sys.argv[1:]), "events sent")
