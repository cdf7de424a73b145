"""Work for another function: SQS, or a worker thread of this process that delivers the same messages in the same shape."""

from __future__ import annotations

import hashlib
import json
import logging
import threading
import time
import traceback
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from ecid.errors import SourceUnavailable

if TYPE_CHECKING:
    from types_boto3_sqs.client import SQSClient

_log = logging.getLogger(__name__)

Handler = Callable[[dict[str, Any]], Mapping[str, Any] | None]
"""A function that takes an SQS event and may answer with `batchItemFailures`."""


def sqs_client() -> SQSClient:
    """A client with short time limits and bounded retries."""
    return boto3.client("sqs", config=Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 4}))


@dataclass(frozen=True, slots=True)
class SqsQueue:
    """`ecid.ports.Queue` on SQS."""

    client: SQSClient
    url: str

    def send(self, body: Mapping[str, Any]) -> None:
        """See the port."""
        try:
            self.client.send_message(QueueUrl=self.url, MessageBody=_text(body))
        except (ClientError, BotoCoreError) as error:
            raise SourceUnavailable from error


@dataclass(slots=True)
class _Message:
    body: str
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    received: int = 0

    def record(self) -> dict[str, Any]:
        """The message as SQS hands it to a function."""
        return {
            "messageId": self.id,
            "receiptHandle": self.id,
            "body": self.body,
            "attributes": {"ApproximateReceiveCount": str(self.received), "SentTimestamp": str(int(time.time() * 1000))},
            "messageAttributes": {},
            "md5OfBody": hashlib.md5(self.body.encode(), usedforsecurity=False).hexdigest(),
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:local:000000000000:in-process",
            "awsRegion": "local",
        }


class InProcessQueue:
    """`ecid.ports.Queue` within one process: one worker thread, batches of up to ten, at most three deliveries, then the dead letters.

    Like SQS it delivers at least once and promises no order; a message whose like is waiting already is that one. What is waiting
    when the process ends is lost, which is why a feed can be replayed.
    """

    BATCH = 10
    MAX_RECEIVE_COUNT = 3

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._waiting: deque[_Message] = deque()
        self._in_flight = 0
        self._closed = False
        self._changed = threading.Condition()
        self._dead: list[str] = []
        self._worker = threading.Thread(target=self._work, name="in-process-queue", daemon=True)
        self._worker.start()

    @property
    def dead_letters(self) -> tuple[str, ...]:
        """The bodies of the messages that were delivered three times in vain, unless one like it was handled since."""
        with self._changed:
            return tuple(self._dead)

    def send(self, body: Mapping[str, Any]) -> None:
        """See the port. Raises SourceUnavailable after `close`."""
        message = _Message(_text(body))
        with self._changed:
            if self._closed:
                raise SourceUnavailable
            if all(waiting.body != message.body for waiting in self._waiting):
                self._waiting.append(message)
            self._changed.notify_all()

    def drain(self, timeout: float) -> bool:
        """Wait until every message is handled or dead; False when that takes longer than `timeout` seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting and not self._in_flight, timeout)

    def close(self, timeout: float = 5.0) -> None:
        """Take nothing more, let the batch in hand finish within `timeout` seconds, leave the rest."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._worker.join(timeout)

    def _work(self) -> None:
        while batch := self._next():
            failed = self._deliver(batch)
            with self._changed:
                handled = {message.body for message in batch if message.id not in failed}
                self._dead = [body for body in self._dead if body not in handled]
                for message in batch:
                    if message.id not in failed:
                        continue
                    if message.received < self.MAX_RECEIVE_COUNT:
                        self._waiting.append(message)
                    else:
                        self._dead.append(message.body)
                self._in_flight = 0
                self._changed.notify_all()

    def _next(self) -> list[_Message]:
        """The next batch, in flight; empty when the queue was closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            if self._closed:
                return []
            batch = [self._waiting.popleft() for _ in range(min(self.BATCH, len(self._waiting)))]
            self._in_flight = len(batch)
            return batch

    def _deliver(self, batch: list[_Message]) -> set[str]:
        for message in batch:
            message.received += 1
        try:
            answer = self._handler({"Records": [message.record() for message in batch]}) or {}
        except Exception as error:  # noqa: BLE001 – stands for the function's runtime, to which any error is a failed batch
            # Places only: the message of an error may carry what the message of the queue said.
            places = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
            _log.error("%s in a batch of %d at %s", type(error).__name__, len(batch), places)
            return {message.id for message in batch}
        return {failure["itemIdentifier"] for failure in answer.get("batchItemFailures", ())}


def _text(body: Mapping[str, Any]) -> str:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
