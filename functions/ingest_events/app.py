"""Worker: takes source events from the queue. Messages that failed are handed back alone; after three deliveries the queue sets them aside."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger

from ecid import bootstrap

logger = Logger(service="ingest_events")


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """AWS Lambda entry point: an SQS event in, the failed messages out. Logs hold ids, codes and counts, nothing of what the events say."""
    batch = bootstrap.ingest().batch([(record["messageId"], record["body"]) for record in event["Records"]])
    for message_id, error in batch.failed.items():
        logger.error("event not taken", message_id=message_id, code=error.code)
    logger.info("batch done", taken=batch.taken, known=batch.known, failed=len(batch.failed))
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in batch.failed]}
