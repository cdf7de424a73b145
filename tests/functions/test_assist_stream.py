"""What a turn is on its way: heartbeats, what breaks off in the middle, one document, metrics, routes."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from ecid import streaming, turns
from ecid.api import Operation
from ecid.errors import BadInput, EcidError, NotFound, SourceUnavailable
from ecid.streaming import Answer, Request, Routes
from ecid.turns import Turn


@dataclass(frozen=True)
class Event:
    """An event as a conversation tells it."""

    id: int
    name: str
    sent: Mapping[str, Any]


DONE = Event(103, "done", {"conversation": "c", "message": "m", "text": "t\nu", "lang": "en", "model": "planner", "fallback": None})
TOLD = [
    Event(1, "status", {"step": "reading"}),
    Event(100, "block", {"kind": "paragraph", "text": "a\r\nid: x\n\ndata: y"}),
    Event(101, "citation", {"id": "gri-1"}),
    DONE,
]


def frames(events: Iterator[Event], heartbeat: float = 10.0) -> list[str]:
    return b"".join(turns.frames(Turn(events, heartbeat), "m", "zh", "r-1")).decode().split("\n\n")[:-1]


def test_each_event_is_a_frame_whatever_its_text_holds() -> None:
    found = frames(iter(TOLD))
    assert [frame.split("\n")[:2] for frame in found] == [
        ["id: m.1", "event: status"],
        ["id: m.100", "event: block"],
        ["id: m.101", "event: citation"],
        ["id: m.103", "event: done"],
    ]
    assert all(frame.count("\n") == 2 and "\r" not in frame for frame in found)
    assert json.loads(found[1].split("\n")[2].removeprefix("data: ")) == TOLD[1].sent


def test_silence_is_told_from_the_end() -> None:
    heard = threading.Event()

    def slow() -> Iterator[Event]:
        yield TOLD[0]
        assert heard.wait(10)
        yield DONE

    chunks = turns.frames(Turn(slow(), 0.01), "m", "en", "r-1")
    assert next(chunks).startswith(b"id: m.1\n")
    assert next(chunks) == b": waiting\n\n"
    heard.set()
    rest = [chunk for chunk in chunks if chunk != b": waiting\n\n"]
    assert [chunk.split(b"\n")[0] for chunk in rest] == [b"id: m.103"]


@pytest.mark.parametrize(("fault", "code"), [(SourceUnavailable(), "source_unavailable"), (ValueError("what was asked"), "internal_error")])
def test_what_breaks_off_in_the_middle_is_an_event(fault: Exception, code: str, caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> Iterator[Event]:
        yield TOLD[0]
        raise fault

    last = frames(broken())[-1].split("\n")
    assert last[0] == "event: error", "without an id: who resumes gets what comes next"
    told = json.loads(last[1].removeprefix("data: "))
    assert (told["code"], told["detail"]) == (code, next(one for one in (SourceUnavailable(), EcidError()) if one.code == code).sentence("zh"))
    assert "what was asked" not in caplog.text
    assert ("ValueError" in caplog.text) == isinstance(fault, ValueError)


def test_what_keeps_a_turn_from_beginning_is_raised() -> None:
    def never() -> Iterator[Event]:
        raise NotFound(what="x")
        yield DONE

    with pytest.raises(NotFound):
        Turn(never())


def test_a_turn_is_followed_to_its_end_although_nobody_reads() -> None:
    ended = threading.Event()

    def told() -> Iterator[Event]:
        yield from TOLD
        ended.set()

    chunks = turns.frames(Turn(told()), "m", "en", "r-1")
    next(chunks)
    chunks.close()  # type: ignore[attr-defined]
    assert ended.wait(10)


def test_one_document() -> None:
    assert turns.gathered(Turn(iter(TOLD))) == {"blocks": [TOLD[1].sent], "citations": [TOLD[2].sent], **DONE.sent}


@pytest.mark.parametrize(
    ("events", "code", "status"),
    [
        ([Event(1, "error", {"code": "source_unavailable", "detail": "d {x} 中"})], "source_unavailable", 503),
        ([TOLD[0], Event(1, "error", {"code": "unheard of", "detail": "d {x} 中"})], "internal_error", 500),
        ([TOLD[0]], "internal_error", 500),
        ([], "internal_error", 500),
    ],
)
def test_a_document_that_cannot_be_had_is_a_problem(events: list[Event], code: str, status: int) -> None:
    with pytest.raises(EcidError) as told:
        turns.gathered(Turn(iter(events)))
    assert (told.value.code, told.value.status) == (code, status)
    if any(event.name == "error" for event in events):
        assert told.value.sentence("zh") == told.value.sentence("en") == "d {x} 中"


@pytest.mark.parametrize(
    ("accept", "document"),
    [
        ("", False),
        ("*/*", False),
        ("text/event-stream", False),
        ("application/json", True),
        ("application/json, text/event-stream", False),
        ("application/json, text/event-stream;q=0.9", True),
        ("application/json;q=0", False),
        ("text/html", False),
        ("application/json, */*", True),
    ],
)
def test_who_prefers_a_document(accept: str, document: bool) -> None:
    assert turns.prefers_document(accept) is document


@pytest.mark.parametrize("header", ["m", "m.", ".1", "m.x", "m.-1", "m.1.2", "m.1\n", "m 1", "m.1234567", "é.1", "a" * 65 + ".1"])
def test_a_last_event_that_is_none(header: str) -> None:
    with pytest.raises(BadInput):
        turns.last_event(header)


def measured(pieces: list[bytes], counts: dict[str, int]) -> Iterator[bytes]:
    return streaming.measured(Answer(200, {}, iter(pieces)), lambda: counts).chunks


def test_metrics_are_written_in_aws_after_the_last_piece(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    assert list(measured([b"a"], {"turns": 1})) == [b"a"]
    assert capfd.readouterr().out == ""
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "assist")
    chunks = measured([b"a", b"b"], {"turns": 1, "fallback.model_down": 2})
    assert next(chunks) == b"a"
    assert capfd.readouterr().out == ""
    assert list(chunks) == [b"b"]
    told = json.loads(capfd.readouterr().out)
    assert (told["turns"], told["fallback.model_down"]) == ([1.0], [2.0])
    (metrics,) = told["_aws"]["CloudWatchMetrics"]
    assert metrics["Namespace"] == "ecid"
    assert list(measured([], {})) == []
    assert capfd.readouterr().out == ""


def event(method: str, path: str) -> dict[str, Any]:
    return {"rawPath": path, "headers": {}, "requestContext": {"requestId": "r-1", "http": {"method": method, "path": path}}}


def test_routes_name_their_parts_and_an_unforeseen_error_is_one_of_ours(caplog: pytest.LogCaptureFixture) -> None:
    routes = Routes()

    @routes.post("/v1/things/{thing}/parts/{part}", operation_id="add")
    def add(request: Request) -> Answer:
        if request.parts["part"] == "0":
            raise ValueError("what was sent")
        return streaming.document(request.parts, 201)

    assert routes.operations == [Operation("POST", "/v1/things/{thing}/parts/{part}", "add")]
    told = routes.handle(event("POST", "/v1/things/a.b/parts/1"), None)
    assert (told["statusCode"], json.loads(told["body"])) == (201, {"thing": "a.b", "part": "1"})
    for path, status in (("/v1/things/a/parts/0", 500), ("/v1/things/a/parts/", 404), ("/v1/things/a/b/parts/1", 404), ("/v1/things/a/parts/1/", 404)):
        problem = routes.handle(event("POST", path), None)
        assert (problem["statusCode"], problem["headers"]["Content-Type"]) == (status, "application/problem+json"), path
    assert routes.handle(event("GET", "/v1/things/a/parts/1"), None)["headers"]["Allow"] == "POST"
    assert "what was sent" not in caplog.text
    assert "ValueError in request r-1" in caplog.text
