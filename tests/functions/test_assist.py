"""The assistant over HTTP, as `ecid serve` serves it: real sockets, real tokens, sample enterprises, the planner."""

from __future__ import annotations

import http.client
import json
import re
import shutil
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from ecid import bootstrap
from ecid.assistant.caller import Caller
from ecid.bootstrap import LocalPlatform
from ecid.services.feed_samples import feed_samples, list_samples
from ecid.settings import Settings
from functions.assist import app
from tests.gateways import running
from tests.openapi.description import conforms
from tests.pack_index import lend

ROOT = Path(__file__).parents[2]
CASES: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "assist.yaml").read_text("utf-8"))
OPEN = "/v1/assistant/conversations"
WHY = "why is my score 82?"
SAMPLES, FED = ROOT / "knowledge" / "samples", ("harborlight", "newleaf")


@dataclass
class Served:
    """The address of the API, and who may sign in."""

    address: str
    platform: LocalPlatform
    uscc: Mapping[str, str]

    def token(self, caller: Caller) -> str:
        """A token of this caller."""
        return self.platform.token(caller, 5)

    @property
    def supplier(self) -> Caller:
        """Somebody of the enterprise that scores 82."""
        return Caller.supplier("u-1", self.uscc["harborlight"])


@dataclass
class Told:
    """An answer, read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def events(self) -> list[tuple[str, str, Any]]:
        """The frames of the stream: id, name, data."""
        frames = [frame for frame in self.body.decode().split("\n\n") if frame and not frame.startswith(":")]
        found = [re.fullmatch(r"(?:id: (\S+)\n)?event: (\w+)\ndata: ([^\n]*)", frame) for frame in frames]
        assert all(found), frames
        return [(one[1], one[2], json.loads(one[3])) for one in found if one]


@contextmanager
def request(served: Served, path: str, body: Any = None, **given: Any) -> Iterator[http.client.HTTPResponse]:
    """A request that is answered, not read yet; `caller` signs it, other keywords are headers."""
    method, caller = given.pop("method", "POST"), given.pop("caller", None)
    headers = {"content-type": "application/json"} | {name.replace("_", "-"): value for name, value in given.items() if value is not None}
    if caller:
        headers["authorization"] = f"Bearer {served.token(caller)}"
    sent = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    with closing(http.client.HTTPConnection(served.address.removeprefix("http://"), timeout=60)) as connection:
        connection.request(method, path, sent, headers)
        yield connection.getresponse()


def send(served: Served, path: str, body: Any = None, **given: Any) -> Told:
    """A request, and its answer."""
    with request(served, path, body, **given) as answer:
        return Told(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())


def opened(served: Served, caller: Caller, lang: str = "en") -> str:
    """A new conversation of this caller."""
    told = send(served, OPEN, {"lang": lang}, caller=caller)
    assert told.status == 201, told.body
    return f"{OPEN}/{told.json['conversation']}/messages"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The API over two samples, a score of 82 and one without, and over the index of the whole pack."""
    folder = tmp_path_factory.mktemp("served")
    platform = LocalPlatform(Settings(home=lend(folder / "home")))
    edition, _ = list_samples(SAMPLES)
    asked = [f'[[sample]]\nask = "{name}.example"\nzh = "样例"\nen = "a sample"\nfolders = ["{name}"]\n' for name in FED]
    for name in FED:
        shutil.copytree(SAMPLES / name, folder / "samples" / name)
    (folder / "samples" / "samples.toml").write_text(f"edition = {edition}\n{''.join(asked)}", "utf-8")
    fed = feed_samples(folder / "samples", platform.ingest(), platform.now())
    platform.score_messages({})
    assert platform.unscored() == []
    uscc = {one.sample.ask.removesuffix(".example"): one.enterprises[0] for one in fed}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bootstrap, "platform", lambda: platform)
        with running(ROOT) as address:
            yield Served(address, platform, uscc)
    platform.close()


def test_why_is_my_score_82(served: Served) -> None:
    told = send(served, opened(served, served.supplier), {"question": WHY}, caller=served.supplier)
    assert (told.status, told.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
    assert (told.headers["cache-control"], told.headers["x-content-type-options"], told.headers["x-accel-buffering"]) == ("no-store", "nosniff", "no")
    names = [name for _, name, _ in told.events]
    assert (names[0], names[-1]) == ("status", "done")
    assert {"block", "citation"} <= set(names)
    assert names.count("done") == 1
    numbers = [int(event.rpartition(".")[2]) for event, _, _ in told.events]
    assert numbers == sorted(set(numbers))
    assert len({event.partition(".")[0] for event, _, _ in told.events}) == 1
    done = told.events[-1][2]
    assert set(done) == {"conversation", "message", "text", "lang", "model", "fallback"}
    assert "82" in done["text"]


def test_the_same_as_one_document(served: Served) -> None:
    path = opened(served, served.supplier)
    streamed = send(served, path, {"question": WHY, "message": "m-1"}, caller=served.supplier)
    whole = send(served, path, {"question": WHY, "message": "m-1"}, caller=served.supplier, accept="application/json")
    assert (whole.status, whole.headers["content-type"], whole.headers["cache-control"]) == (200, "application/json", "no-store")
    conforms("ask_assistant", 200, "application/json", whole.json)
    assert whole.json["blocks"] == [data for _, name, data in streamed.events if name == "block"]
    assert whole.json["citations"] == [data for _, name, data in streamed.events if name == "citation"]
    assert whole.json.items() >= streamed.events[-1][2].items()


def frames_of(body: bytes) -> list[bytes]:
    """The frames of a stream as they were sent, without comments."""
    return [frame for frame in body.split(b"\n\n")[:-1] if not frame.startswith(b":")]


def id_of(frame: bytes) -> str:
    """The id of a frame."""
    return frame.partition(b"\n")[0].removeprefix(b"id: ").decode()


def test_a_turn_that_was_cut_off_is_resumed_with_the_same_bytes(served: Served) -> None:
    path = opened(served, served.supplier)
    with request(served, path, {"question": WHY, "message": "m-cut"}, caller=served.supplier) as answer:
        seen = b"".join(answer.readline() for _ in range(4))  # a frame; then the connection is cut
    last = id_of(seen)
    resumed = send(served, path, caller=served.supplier, last_event_id=last)
    whole = frames_of(send(served, path, {"question": WHY, "message": "m-cut"}, caller=served.supplier).body)
    # Where the turn is still running, a sign of life comes first, which moves nobody on.
    rest = [frame for frame in frames_of(resumed.body) if id_of(frame) != last]
    assert frames_of(seen) + rest == whole
    for place, frame in enumerate(whole):
        again = send(served, path, {"question": "whatever"}, caller=served.supplier, last_event_id=id_of(frame))
        assert frames_of(again.body) == whole[place + 1 :]


def test_it_remembers_and_answers_in_the_language_of_the_question(served: Served) -> None:
    path = opened(served, served.supplier, "zh")
    first = send(served, path, {"question": "我的评分为什么是82？"}, caller=served.supplier).events[-1][2]
    second = send(served, path, {"question": "那第二个呢？"}, caller=served.supplier).events[-1][2]
    assert (first["lang"], second["lang"]) == ("zh", "zh")
    assert first["message"] != second["message"]
    assert second["text"]


def test_fifty_conversations_at_once(served: Served) -> None:
    callers = [Caller.supplier(f"u-{number}", served.uscc["harborlight"]) for number in range(50)]
    send(served, opened(served, served.supplier), {"question": WHY}, caller=served.supplier)

    def whole(caller: Caller) -> Any:
        told = send(served, opened(served, caller), {"question": WHY}, caller=caller)
        return told.status, [(name, data) for _, name, data in told.events if name in ("block", "citation", "error")]

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(whole, callers))
    assert [status for status, _ in answers] == [200] * 50
    assert "error" not in {name for _, told in answers for name, _ in told}
    assert all(told == answers[0][1] for _, told in answers)


def test_a_conversation_is_its_callers_alone(served: Served) -> None:
    """Whoever else asks finds none, and is told the same as of one that never was."""
    path = opened(served, served.supplier)
    send(served, path, {"question": WHY, "message": "m-own"}, caller=served.supplier)
    own = served.uscc["harborlight"]
    others = [
        Caller.supplier("u-2", own),
        Caller.supplier("u-1", served.uscc["newleaf"]),
        Caller.consultant("u-1", own, ["ledger"]),
        Caller.buyer("u-1"),
        Caller("u-1", "supplier", own, frozenset()),
    ]
    nowhere = send(served, f"{OPEN}/{'A' * 32}/messages", {"question": WHY}, caller=served.supplier).json
    for other in others:
        for ask in (partial(send, served, path, {"question": WHY}), partial(send, served, path, last_event_id="m-own.1")):
            told = ask(caller=other)
            assert told.status == 404
            assert {**told.json, "instance": ""} == {**nowhere, "instance": ""}


def test_a_buyer_sees_no_ledger(served: Served) -> None:
    buyer = Caller.buyer("b-1")
    done = send(served, opened(served, buyer), {"question": "is harborlight.example good enough for a score of 90?"}, caller=buyer).events[-1][2]
    assert "82" in done["text"]
    assert done["model"] == "planner"


def test_a_buyer_means_the_website_that_is_looked_at(served: Served) -> None:
    buyer = Caller.buyer("b-2")
    told = send(served, OPEN, {"lang": "en", "domain": "harborlight.example"}, caller=buyer)
    assert told.status == 201
    path = f"{OPEN}/{told.json['conversation']}/messages"
    done = send(served, path, {"question": "is this supplier good enough for a score of 90?"}, caller=buyer).events[-1][2]
    assert "82" in done["text"]


@pytest.mark.parametrize("case", CASES["refused"], ids=lambda case: case["name"])
def test_what_cannot_be_taken_is_told_in_both_languages(case: Mapping[str, Any], served: Served) -> None:
    path = opened(served, served.supplier) if case.get("at", "messages") == "messages" else case["at"]
    body = case.get("body")
    if isinstance(body, dict) and "repeat" in body:
        body = (body["repeat"][0] * body["repeat"][1]).encode()
    elif isinstance(body, str):
        body = body.encode()
    headers = {name: case.get(name) for name in ("content_type", "authorization", "last_event_id") if name in case}
    caller = None if "authorization" in headers else served.supplier
    told = {lang: send(served, path, body, method=case.get("method", "POST"), caller=caller, accept_language=lang, **headers) for lang in ("zh", "en")}
    for answer in told.values():
        assert answer.status == case["status"], answer.body
        assert (answer.headers["content-type"], answer.headers["cache-control"]) == ("application/problem+json", "no-store")
        if case.get("method") != "HEAD":
            assert answer.json["code"] == case["code"]
        for name, value in case.get("headers", {}).items():
            assert answer.headers[name] == value
        assert "<script" not in answer.body.decode()
    if case.get("method") != "HEAD":
        assert told["zh"].json["detail"] != told["en"].json["detail"]


def test_what_is_asked_and_answered_stands_in_no_log(served: Served, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
    caplog.set_level("DEBUG")
    path = opened(served, served.supplier)
    send(served, path, {"question": "xyzzy-4711 why is my score 82?"}, caller=served.supplier)
    send(served, path, {"question": ["xyzzy-4711"]}, caller=served.supplier)
    printed = capfd.readouterr()
    # Below INFO, which no installation writes, the clients of the stores tell what they send.
    logged = "\n".join(record.getMessage() for record in caplog.records if record.levelno >= 20)
    assert "xyzzy-4711" not in logged + printed.out + printed.err


def test_the_gateway_is_answered_whole(served: Served) -> None:
    """API Gateway takes an answer at once: the same events, gathered."""
    event = {
        "version": "2.0",
        "routeKey": f"ANY {OPEN}",
        "rawPath": OPEN,
        "headers": {"authorization": f"Bearer {served.token(served.supplier)}"},
        "queryStringParameters": {"lang": "zh"},
        "requestContext": {"requestId": "r-1", "http": {"method": "POST", "path": OPEN}},
    }
    told = app.handler(event, None)
    assert (told["statusCode"], told["isBase64Encoded"]) == (201, False)
    path = f"{OPEN}/{json.loads(told['body'])['conversation']}/messages"
    asked = {**event, "rawPath": path, "body": json.dumps({"question": WHY}), "headers": {**event["headers"], "Content-Type": "application/json"}}
    answer = Told(200, {}, app.handler(asked, None)["body"].encode())
    assert answer.events[-1][1] == "done"
