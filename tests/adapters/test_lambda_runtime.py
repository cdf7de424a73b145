"""The Runtime API loop, against a Runtime API on loopback that keeps every byte it is sent."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ecid.adapters.lambda_runtime import Function, RuntimeApi, serve_one
from tests.adapters.runtime_api import runtime_api

BY_URL = {"routeKey": "$default", "rawPath": "/v1/things"}
BY_API = {"routeKey": "POST /v1/things", "rawPath": "/v1/things"}


def streaming(*pieces: bytes, status: int = 200, fault: Exception | None = None) -> Function:
    """A function that streams these pieces, and whose handler gives them whole."""

    def chunks() -> Iterator[bytes]:
        yield from pieces
        if fault:
            raise fault

    return Function(
        lambda _: SimpleNamespace(status=status, headers={"Content-Type": "text/event-stream"}, chunks=chunks()),
        lambda _event, context: {"statusCode": status, "body": b"".join(chunks()).decode(), "id": context.aws_request_id},
    )


def test_what_streams_leaves_byte_for_byte_as_the_protocol_has_it() -> None:
    with runtime_api(BY_URL) as served:
        serve_one(RuntimeApi(served.address), streaming(b"id: m.1\n\n", b"", "data: 中\n\n".encode(), status=207))
        line, headers, body = served.told
    assert line == "POST /2018-06-01/runtime/invocation/r-1/response HTTP/1.1"
    assert headers == {
        "host": served.address,
        "accept-encoding": "identity",
        "content-type": "application/vnd.awslambda.http-integration-response",
        "lambda-runtime-function-response-mode": "streaming",
        "transfer-encoding": "chunked",
        "trailer": "Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body",
    }
    prelude = b'{"statusCode": 207, "headers": {"Content-Type": "text/event-stream"}}' + b"\0" * 8
    assert body == b"%x\r\n%b\r\n9\r\nid: m.1\n\n\r\nb\r\ndata: %b\n\n\r\n0\r\n\r\n" % (len(prelude), prelude, "中".encode())


def test_a_piece_leaves_before_the_next_is_there() -> None:
    go_on = threading.Event()

    def chunks() -> Iterator[bytes]:
        yield b"first"
        assert go_on.wait(10)
        yield b"second"

    function = Function(lambda _: SimpleNamespace(status=200, headers={}, chunks=chunks()), lambda *_: {})
    with runtime_api(BY_URL) as served:
        thread = threading.Thread(target=serve_one, args=(RuntimeApi(served.address), function))
        thread.start()
        served.wait_for(b"5\r\nfirst\r\n")
        assert b"second" not in served.sent[-1]
        go_on.set()
        thread.join(10)
        assert served.sent[-1].endswith(b"6\r\nsecond\r\n0\r\n\r\n")


def test_what_came_by_the_gateway_is_answered_whole() -> None:
    with runtime_api(BY_API) as served:
        serve_one(RuntimeApi(served.address), streaming(b"a", "中".encode()))
        line, headers, body = served.told
    assert line == "POST /2018-06-01/runtime/invocation/r-1/response HTTP/1.1"
    assert "lambda-runtime-function-response-mode" not in headers
    assert json.loads(body) == {"statusCode": 200, "body": "a中", "id": "r-1"}
    assert os.environ["_X_AMZN_TRACE_ID"] == "Root=1-2"


SECRET = "what was asked"


@pytest.mark.parametrize("event", [BY_URL, BY_API], ids=["by URL", "by the gateway"])
def test_a_failure_before_the_answer_is_told_without_what_was_asked(event: Mapping[str, Any], caplog: pytest.LogCaptureFixture) -> None:
    def fails(*_: object) -> Any:
        raise ValueError(SECRET)

    with runtime_api(event) as served:
        serve_one(RuntimeApi(served.address), Function(fails, fails))
        line, headers, body = served.told
    assert line == "POST /2018-06-01/runtime/invocation/r-1/error HTTP/1.1"
    assert headers["lambda-runtime-function-error-type"] == "Runtime.ValueError"
    told = json.loads(body)
    assert (told["errorType"], told["stackTrace"] != []) == ("ValueError", True)
    assert SECRET not in body.decode() + caplog.text
    assert "ValueError" in caplog.text


def test_a_failure_in_the_middle_is_told_in_trailers(caplog: pytest.LogCaptureFixture) -> None:
    with runtime_api(BY_URL) as served:
        serve_one(RuntimeApi(served.address), streaming(b"first", fault=ValueError(SECRET)))
        line, _, body = served.told
        assert len(served.sent) == 2, "the response alone: no error beside it"
    assert line.endswith("/response HTTP/1.1")
    before, _, trailers = body.partition(b"\r\n0\r\n")
    assert before.endswith(b"5\r\nfirst")
    found = dict(line.split(": ") for line in trailers.decode().strip().split("\r\n"))
    assert found.keys() == {"Lambda-Runtime-Function-Error-Type", "Lambda-Runtime-Function-Error-Body"}
    told = base64.b64decode(found["Lambda-Runtime-Function-Error-Body"]).decode()
    assert json.loads(told)["errorType"] == "ValueError"
    assert SECRET not in told + caplog.text


def test_a_turn_is_finished_although_nobody_takes_it() -> None:
    done = []

    def chunks() -> Iterator[bytes]:
        for number in range(200):
            yield b"x" * 65536
            done.append(number)

    function = Function(lambda _: SimpleNamespace(status=200, headers={}, chunks=chunks()), lambda *_: {})
    with runtime_api(BY_URL, cut_after=1) as served:
        serve_one(RuntimeApi(served.address), function)
    assert len(done) == 200


@pytest.mark.parametrize(
    ("code", "error"), [("respond = handler = print", ""), ("raise ValueError('secret')", "ValueError"), ("import nowhere", "ModuleNotFoundError")]
)
def test_the_process_starts_its_function_or_says_why_not(code: str, error: str, tmp_path: Path) -> None:
    (tmp_path / "thing").mkdir()
    (tmp_path / "thing" / "app.py").write_text(code)
    path = str(Path(__file__).parents[2] / "layers" / "core" / "python")
    # What comes by the gateway is answered with None; then the connection is closed under the process, which ends.
    with runtime_api(BY_API) as served:
        command = [sys.executable, "-W", "error", "-m", "ecid.adapters.lambda_runtime", "thing/app.handler"]
        environment = {"AWS_LAMBDA_RUNTIME_API": served.address, "PYTHONPATH": path, "PATH": os.environ["PATH"]}
        with subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            served.wait_for(b"/init/error" if error else b"/invocation/r-1/response")
            if not error:
                process.kill()
            process.communicate(timeout=20)
    if error:
        line, headers, body = next(one for one in [served.told] if "init" in one[0])
        assert line == "POST /2018-06-01/runtime/init/error HTTP/1.1"
        assert headers["lambda-runtime-function-error-type"] == f"Runtime.{error}"
        assert b"secret" not in body
        assert process.returncode == 1
