"""The queues: SQS (moto) and the worker thread that stands in for it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import boto3
import pytest
from moto import mock_aws

from ecid.adapters.queue import InProcessQueue, SqsQueue, sqs_client
from ecid.errors import SourceUnavailable

SOON = 10.0
Start = Callable[[Callable[[dict[str, Any]], Mapping[str, Any] | None]], InProcessQueue]


@pytest.fixture
def start() -> Iterator[Start]:
    started: list[InProcessQueue] = []

    def make(handler: Callable[[dict[str, Any]], Mapping[str, Any] | None]) -> InProcessQueue:
        started.append(InProcessQueue(handler))
        return started[-1]

    yield make
    for queue in started:
        queue.close()


def bodies(event: dict[str, Any]) -> list[Any]:
    return [json.loads(record["body"]) for record in event["Records"]]


def test_sqs_takes_the_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        url = boto3.client("sqs").create_queue(QueueName="scores")["QueueUrl"]
        SqsQueue(sqs_client(), url).send({"enterprise": "91330282MA2H7K4W68", "name": "永盛"})
        received = boto3.client("sqs").receive_message(QueueUrl=url)["Messages"]
        assert json.loads(received[0]["Body"]) == {"enterprise": "91330282MA2H7K4W68", "name": "永盛"}
        with pytest.raises(SourceUnavailable):
            SqsQueue(sqs_client(), f"{url}-none").send({})


def test_every_message_is_delivered_in_the_shape_of_sqs(start: Start) -> None:
    events: list[dict[str, Any]] = []
    queue = start(events.append)
    for number in range(25):
        queue.send({"n": number})
    assert queue.drain(SOON)
    assert sorted(body["n"] for event in events for body in bodies(event)) == list(range(25))
    records = [record for event in events for record in event["Records"]]
    assert all(1 <= len(event["Records"]) <= InProcessQueue.BATCH for event in events)
    assert len({record["messageId"] for record in records}) == 25
    assert {record["eventSource"] for record in records} == {"aws:sqs"}
    assert queue.dead_letters == ()


def test_only_the_failed_part_of_a_batch_comes_again(start: Start) -> None:
    seen: list[int] = []
    counts: list[str] = []
    full = threading.Event()

    def handler(event: dict[str, Any]) -> dict[str, Any]:
        full.wait(SOON)
        failures = []
        for record in event["Records"]:
            number = json.loads(record["body"])["n"]
            seen.append(number)
            if number == 3:
                counts.append(record["attributes"]["ApproximateReceiveCount"])
                failures.append({"itemIdentifier": record["messageId"]})
        return {"batchItemFailures": failures}

    queue = start(handler)
    for number in range(6):
        queue.send({"n": number})
    full.set()
    assert queue.drain(SOON)
    assert sorted(seen) == [0, 1, 2, 3, 3, 3, 4, 5]
    assert counts == ["1", "2", "3"]
    assert [json.loads(body) for body in queue.dead_letters] == [{"n": 3}]


def test_an_error_fails_the_whole_batch_and_the_queue_goes_on(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    def handler(event: dict[str, Any]) -> None:
        if any(body.get("poison") for body in bodies(event)):
            raise RuntimeError(event)

    queue = start(handler)
    queue.send({"poison": True})
    assert queue.drain(SOON)
    assert [json.loads(body) for body in queue.dead_letters] == [{"poison": True}]
    queue.send({"fine": True})
    assert queue.drain(SOON)
    assert len(queue.dead_letters) == 1
    assert caplog.text.count("RuntimeError") == InProcessQueue.MAX_RECEIVE_COUNT
    assert "poison" not in caplog.text


def test_a_failure_that_passes_leaves_no_dead_letter(start: Start) -> None:
    attempts: list[int] = []

    def handler(event: dict[str, Any]) -> dict[str, Any]:
        attempts.append(len(event["Records"]))
        return {"batchItemFailures": [{"itemIdentifier": record["messageId"]} for record in event["Records"] if len(attempts) < 3]}

    queue = start(handler)
    queue.send({})
    assert queue.drain(SOON)
    assert attempts == [1, 1, 1]
    assert queue.dead_letters == ()


def test_what_is_waiting_is_not_asked_for_twice(start: Start) -> None:
    seen: list[Any] = []
    going_on, begun = threading.Event(), threading.Event()

    def handler(event: dict[str, Any]) -> None:
        begun.set()
        going_on.wait(SOON)
        seen.extend(bodies(event))

    queue = start(handler)
    queue.send({"n": 1})
    assert begun.wait(SOON)
    for number in (1, 2, 1, 2, 1):
        queue.send({"n": number})
    going_on.set()
    assert queue.drain(SOON)
    assert seen == [{"n": 1}, {"n": 1}, {"n": 2}]


def test_a_dead_letter_is_none_once_its_like_was_handled(start: Start) -> None:
    mended = threading.Event()

    def handler(event: dict[str, Any]) -> dict[str, Any]:
        return {"batchItemFailures": [] if mended.is_set() else [{"itemIdentifier": record["messageId"]} for record in event["Records"]]}

    queue = start(handler)
    for number in (1, 2):
        queue.send({"n": number})
        assert queue.drain(SOON)
    assert len(queue.dead_letters) == 2
    mended.set()
    queue.send({"n": 1})
    assert queue.drain(SOON)
    assert [json.loads(body) for body in queue.dead_letters] == [{"n": 2}]


def test_draining_gives_up_in_time_and_closing_takes_no_more(start: Start) -> None:
    going_on = threading.Event()

    def handler(_: dict[str, Any]) -> None:
        going_on.wait(SOON)

    queue = start(handler)
    queue.send({})
    assert not queue.drain(0.05)
    going_on.set()
    assert queue.drain(SOON)
    queue.close()
    with pytest.raises(SourceUnavailable):
        queue.send({})
