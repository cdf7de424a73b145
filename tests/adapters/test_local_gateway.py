"""The local gateway over real HTTP: the template's routes, payload 2.0, the default route, limits."""

from __future__ import annotations

import base64
import http.client
import json
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ecid.adapters import local_gateway
from ecid.adapters.local_gateway import routes_of
from tests.gateways import running

ROOT = Path(__file__).parents[2]

TEMPLATE = """
Resources:
  Table: { Type: AWS::DynamoDB::Table }
  Echo:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: functions/echo/
      Role: !GetAtt Table.Arn
      Events:
        One: { Type: HttpApi, Properties: { Method: get, Path: "/v1/things/{thing}" } }
        Two: { Type: HttpApi, Properties: { Method: POST, Path: /v1/things } }
        Work: { Type: SQS, Properties: { Queue: !Ref Table } }
        Rest: { Type: HttpApi, Properties: { ApiId: !Ref Api } }
  Busy:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: functions/busy/
      Events:
        One: { Type: HttpApi, Properties: { Method: GET, Path: "/busy/{thing}" } }
"""

ECHO = """
import json
def handler(event, context):
    body = json.dumps({"event": event, "request": context.aws_request_id})
    return {"statusCode": 207, "headers": {"x-seen": "yes"}, "cookies": ["a=b"], "body": body}
"""


BUSY = """
import time
current = None
def handler(event, context):
    global current
    current = event["rawPath"]
    time.sleep(0.01)
    return {"statusCode": 200, "body": current}
"""


LARGE = """
import pathlib, time
from ecid import api
app = api.application()
here = pathlib.Path(__file__).parent
(here / "imported").touch()
@app.get("/large")
def large():
    (here / "at work").touch()
    while app.current_event.query_string_parameters and not (here / "go on").exists():
        time.sleep(0.01)
    return api.json_response({"path": app.current_event.path})
handler = app.resolve
"""

SMALL = """
from ecid import api
app = api.application()
@app.get("/small")
def small():
    return api.json_response({"path": app.current_event.path})
handler = app.resolve
"""


SIDE_BY_SIDE = """
Resources:
  Large:
    Type: AWS::Serverless::Function
    Properties:
      PackageType: Image
      ImageConfig: { Command: [functions/large/app.handler] }
      Events:
        One: { Type: HttpApi, Properties: { Method: ANY, Path: /large } }
  Small:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: functions/small/
      Events:
        One: { Type: HttpApi, Properties: { Method: GET, Path: /small } }
"""


STREAMING = """
import pathlib, threading
here = pathlib.Path(__file__).parent
together = threading.Barrier(64)
class Answer:
    status = 201
    headers = {"content-type": "text/event-stream; charset=utf-8", "x-seen": "yes"}
    def __init__(self, chunks):
        self.chunks = chunks
def respond(event):
    kind = event["pathParameters"]["kind"]
    return Answer({"together": meeting, "waiting": waiting, "whole": whole}[kind](event))
def meeting(event):
    together.wait(20)
    yield event["queryStringParameters"]["n"].encode()
    together.wait(20)
    yield b" again"
def waiting(event):
    try:
        yield b"first"
        while not (here / "go on").exists():
            threading.Event().wait(0.01)
            yield b"."
        yield b"last"
    finally:
        (here / "let go").touch()
def whole(event):
    yield event["body"].encode()
def handler(event, context):
    raise AssertionError("it streams")
"""

STREAMED = """
Resources:
  Talk:
    Type: AWS::Serverless::Function
    Properties:
      PackageType: Image
      ImageConfig: { Command: [functions/talk/app.handler] }
      FunctionUrlConfig: { AuthType: NONE, InvokeMode: RESPONSE_STREAM }
      Events:
        One: { Type: HttpApi, Properties: { Method: ANY, Path: "/talk/{kind}" } }
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    root = tmp_path_factory.mktemp("checkout")
    for name, code in (("echo", ECHO), ("busy", BUSY)):
        (root / "functions" / name).mkdir(parents=True)
        (root / "functions" / name / "app.py").write_text(code)
    (root / "template.yaml").write_text(TEMPLATE)
    with running(root) as served:
        yield served


def ask(url: str, method: str = "GET", data: bytes | None = None) -> Any:
    request = urllib.request.Request(url, data=data, method=method, headers={"X-Test": "Ä".encode().decode("latin-1")})  # noqa: S310 - loopback
    return urllib.request.urlopen(request, timeout=10)  # noqa: S310


def event_of(answer: Any) -> dict[str, Any]:
    event: dict[str, Any] = json.load(answer)["event"]
    return event


def test_a_request_becomes_an_event(address: str) -> None:
    with ask(f"{address}/v1/things/a%20b%252e?x=1&x=2&y=%E4%B8%AD") as answer:
        assert (answer.status, answer.headers["x-seen"], answer.headers["set-cookie"]) == (207, "yes", "a=b")
        event = event_of(answer)
    assert event["version"] == "2.0"
    assert event["routeKey"] == "GET /v1/things/{thing}"
    assert event["pathParameters"] == {"thing": "a b%2e"}
    assert event["rawPath"] == event["requestContext"]["http"]["path"] == "/v1/things/a b%2e"
    assert event["rawQueryString"] == "x=1&x=2&y=%E4%B8%AD"
    assert event["queryStringParameters"] == {"x": "1,2", "y": "中"}
    assert event["requestContext"]["http"]["method"] == "GET"


def exchange(address: str, request: bytes) -> bytes:
    """What comes back for a request sent byte by byte as it is."""
    host, _, port = address.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(request)
        with connection.makefile("rb") as answer:
            return answer.read()


@pytest.mark.parametrize(
    ("target", "host", "path"),
    [
        (b"/v1/things/%2e%2e", b"x", "/v1/things/.."),
        (b"/v1/things/%ff", b"x", "/v1/things/\N{REPLACEMENT CHARACTER}"),
        (b"/v1/things?" + b"a" * 10**6, b"x", "/v1/things"),
        (b"/" + b"a" * 10**6, b"x", "/" + "a" * 10**6),
        (b"/v1/things", b"[", "/v1/things"),
        (b"http://elsewhere.example/v1", b"x", "http://elsewhere.example/v1"),
        (b"*", b"x", "*"),
        (b"/v1/things/", b"x", "/v1/things/"),
    ],
    ids=["dots", "not UTF-8", "long query", "long path", "no host", "absolute", "asterisk", "slash too many"],
)
def test_odd_requests_are_handed_on_too(target: bytes, host: bytes, path: str, address: str) -> None:
    method = b"OPTIONS" if target == b"*" else b"GET"
    head = b"%b %b HTTP/1.1\r\nHost: %b\r\nX-A: 1\r\nX-A: 2\r\nConnection: close\r\n\r\n" % (method, target, host)
    status, _, body = exchange(address, head).partition(b"\r\n\r\n")
    assert status.startswith(b"HTTP/1.1 207")
    event = json.loads(body)["event"]
    assert event["rawPath"] == path
    assert event["headers"]["x-a"] == "1,2"


def test_requests_do_not_meet_in_a_function(address: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        paths = [f"/busy/{number}" for number in range(24)]
        assert [answer.read().decode() for answer in pool.map(lambda path: ask(address + path), paths)] == paths


def test_bodies_arrive_whole(address: str) -> None:
    sent = bytes(range(256)) * 40
    with ask(f"{address}/v1/things", "POST", sent) as answer:
        event = event_of(answer)
    assert base64.b64decode(event["body"]) == sent


@pytest.mark.parametrize(("method", "path"), [("GET", "/elsewhere"), ("DELETE", "/v1/things"), ("PUT", "/v1/things/x"), ("TRACE", "/"), ("BREW", "/v1/things")])
def test_everything_else_takes_the_default_route(method: str, path: str, address: str) -> None:
    with ask(address + path, method) as answer:
        assert event_of(answer)["routeKey"] == "ANY $default"


def test_too_large_is_refused_before_any_function(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_gateway, "MAX_BODY_BYTES", 100 * 1024)
    with pytest.raises(urllib.error.HTTPError) as refused:
        ask(f"{address}/v1/things?lang=zh", "POST", b"x" * 2_000_000)
    with refused.value as answer:
        assert (answer.code, answer.headers["content-type"]) == (413, "application/problem+json")
        assert json.load(answer)["detail"] == "内容过大，上限为 100 KiB。"


def test_the_real_template_has_handlers_for_its_routes() -> None:
    routes = list(routes_of((ROOT / "template.yaml").read_text("utf-8")))
    assert {route.path for route in routes} >= {"/verify", "/v1/domains/{domain}", "/v1/domains/batch", "$default"}
    assert all((ROOT / route.code / "app.py").exists() for route in routes)


def test_a_client_that_breaks_off_leaves_no_trace(address: str, capfd: pytest.CaptureFixture[str]) -> None:
    host, _, port = address.removeprefix("http://").partition(":")
    for _ in range(3):
        with socket.create_connection((host, int(port))) as caller:
            caller.sendall(b"POST /v1/things HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
    with ask(f"{address}/v1/things", "POST", b"{}") as answer:
        assert event_of(answer)["routeKey"] == "POST /v1/things"
    assert "Traceback" not in capfd.readouterr().err


@pytest.fixture
def side_by_side(tmp_path: Path) -> Path:
    """A checkout with two functions, one of them large."""
    for name, code in (("large", LARGE), ("small", SMALL)):
        (tmp_path / "functions" / name).mkdir(parents=True)
        (tmp_path / "functions" / name / "app.py").write_text(code)
    (tmp_path / "template.yaml").write_text(SIDE_BY_SIDE)
    return tmp_path


def test_a_large_function_is_imported_when_asked_for_and_keeps_no_other_waiting(side_by_side: Path) -> None:
    large = side_by_side / "functions" / "large"
    with running(side_by_side) as address, ThreadPoolExecutor(1) as pool:
        assert json.load(ask(f"{address}/small")) == {"path": "/small"}
        assert not (large / "imported").exists()
        waiting = pool.submit(ask, f"{address}/large?wait=1")
        while not (large / "at work").exists():
            time.sleep(0.01)
        assert json.load(ask(f"{address}/small")) == {"path": "/small"}
        assert not waiting.done()
        (large / "go on").touch()
        assert json.load(waiting.result(10)) == {"path": "/large"}, "each function has its own request before it"


@pytest.mark.parametrize(("method", "status"), [("GET", 200), ("HEAD", 200), ("DELETE", 405), ("BREW", 405)])
def test_a_route_for_any_method_takes_them_all(method: str, status: int, side_by_side: Path) -> None:
    with running(side_by_side) as address, closing(http.client.HTTPConnection(address.removeprefix("http://"), timeout=10)) as connection:
        connection.request(method, "/large")
        answer = connection.getresponse()
        assert (answer.status, answer.getheader("allow")) == (status, None if status == 200 else "GET, HEAD")
        assert bool(answer.read()) == (method != "HEAD")


@pytest.fixture
def talking(tmp_path: Path) -> Path:
    """A checkout whose function streams."""
    (tmp_path / "functions" / "talk").mkdir(parents=True)
    (tmp_path / "functions" / "talk" / "app.py").write_text(STREAMING)
    (tmp_path / "template.yaml").write_text(STREAMED)
    return tmp_path


def test_streams_go_on_side_by_side(talking: Path) -> None:
    """None of them gets anywhere before all of them are under way."""
    with running(talking) as address, ThreadPoolExecutor(64) as pool:
        told = list(pool.map(lambda number: ask(f"{address}/talk/together?n={number}").read(), range(64)))
    assert told == [f"{number} again".encode() for number in range(64)]


def test_a_piece_is_there_before_the_next(talking: Path) -> None:
    with running(talking) as address, ask(f"{address}/talk/waiting") as answer:
        assert (answer.status, answer.headers["content-type"], answer.headers["x-seen"]) == (201, "text/event-stream; charset=utf-8", "yes")
        assert "content-length" not in answer.headers
        assert answer.read(5) == b"first"
        (talking / "functions" / "talk" / "go on").touch()
        assert answer.read().strip(b".") == b"last"


def test_who_leaves_is_let_go_and_the_others_are_served(talking: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with running(talking) as address:
        with ask(f"{address}/talk/waiting") as answer:
            answer.read(5)
        while not (talking / "functions" / "talk" / "let go").exists():
            time.sleep(0.01)
        assert base64.b64decode(ask(f"{address}/talk/whole", "POST", b"all").read()) == b"all"
    assert "Traceback" not in capfd.readouterr().err
