"""AWS Lambda's Runtime API (2018-06-01) for a function that streams: Lambda's own Python runtime hands back whole answers only.

`python -m ecid.adapters.lambda_runtime functions/assist/app` asks for an event after the other. One that came by the Function URL is answered by the module's
`respond`, a piece at a time: chunked, in streaming mode, a prelude of JSON (status, headers) and eight NUL bytes before the body. One that came by API
Gateway, which takes whole answers only, by its `handler`. What breaks off in the middle is told in trailers.
Source: AWS Lambda developer guide, "Using the Lambda runtime API" and "Building a custom runtime for AWS Lambda" (response streaming).
"""

from __future__ import annotations

import base64
import http.client
import importlib
import json
import logging
import os
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, NoReturn, Protocol

_VERSION = "/2018-06-01/runtime"
_PRELUDE_TYPE = "application/vnd.awslambda.http-integration-response"
_MODE = "Lambda-Runtime-Function-Response-Mode"
_ERROR_TYPE, _ERROR_BODY = "Lambda-Runtime-Function-Error-Type", "Lambda-Runtime-Function-Error-Body"
_BY_URL = "$default"
"""The `routeKey` of every event of a Function URL; API Gateway puts the route there."""
_NUL = bytes(8)

_log = logging.getLogger(__name__)


class Streamed(Protocol):
    """What `respond` gives."""

    @property
    def status(self) -> int: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def chunks(self) -> Iterator[bytes]: ...


@dataclass(frozen=True, slots=True)
class Function:
    """The two forms of a function."""

    respond: Callable[[Mapping[str, Any]], Streamed]
    handler: Callable[[Mapping[str, Any], Any], Mapping[str, Any]]


class _BrokenOff(Exception):
    """The Runtime API no longer takes what is sent; nobody is left to tell."""


class RuntimeApi:
    """The Runtime API at `address` (`host:port`), one connection a request."""

    def __init__(self, address: str) -> None:
        self._address = address

    def next(self) -> tuple[str, dict[str, Any], Mapping[str, str]]:
        """The id of the next invocation, its event and the headers it came with; waits until there is one."""
        connection = http.client.HTTPConnection(self._address)  # without a time limit: the sandbox is frozen between events
        try:
            connection.request("GET", f"{_VERSION}/invocation/next")
            answer = connection.getresponse()
            event = json.loads(answer.read())
            return answer.headers["Lambda-Runtime-Aws-Request-Id"], event, dict(answer.headers)
        finally:
            connection.close()

    def tell(self, request: str, answer: Mapping[str, Any]) -> None:
        """A whole answer."""
        self._post(f"invocation/{request}/response", json.dumps(answer, ensure_ascii=False).encode(), {"Content-Type": "application/json"})

    def fail(self, request: str | None, error: BaseException) -> None:
        """An invocation failed, or, without `request`, the start."""
        where = f"invocation/{request}/error" if request else "init/error"
        self._post(where, _told(error), {"Content-Type": "application/json", _ERROR_TYPE: _type(error)})

    def stream(self, request: str, answer: Streamed) -> None:
        """An answer, a piece at a time, as each is there; read to its end also where nobody takes it any more, for a turn is finished once it is begun.

        What the iterator raises is told in trailers and raised again.
        """
        connection = http.client.HTTPConnection(self._address)
        try:
            with _Chunked(connection, f"{_VERSION}/invocation/{request}/response") as sent:
                sent.write(json.dumps({"statusCode": answer.status, "headers": dict(answer.headers)}).encode() + _NUL)
                for piece in answer.chunks:
                    sent.write(piece)
        finally:
            connection.close()

    def _post(self, path: str, body: bytes, headers: Mapping[str, str]) -> None:
        connection = http.client.HTTPConnection(self._address)
        try:
            connection.request("POST", f"{_VERSION}/{path}", body, dict(headers))
            connection.getresponse().read()
        finally:
            connection.close()


class _Chunked:
    """A request with a chunked body (RFC 9112 §7.1) and trailers where it breaks off."""

    def __init__(self, connection: http.client.HTTPConnection, path: str) -> None:
        self._connection = connection
        self._taken = True
        connection.putrequest("POST", path)
        for name, value in (
            ("Content-Type", _PRELUDE_TYPE),
            (_MODE, "streaming"),
            ("Transfer-Encoding", "chunked"),
            ("Trailer", f"{_ERROR_TYPE}, {_ERROR_BODY}"),
        ):
            connection.putheader(name, value)
        connection.endheaders()

    def __enter__(self) -> _Chunked:
        return self

    def write(self, piece: bytes) -> None:
        """One chunk; an empty one would end the body."""
        if piece:
            self._send(b"%x\r\n%b\r\n" % (len(piece), piece))

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        trailers = b""
        if error is not None:
            body = base64.b64encode(_told(error)).decode()
            trailers = f"{_ERROR_TYPE}: {_type(error)}\r\n{_ERROR_BODY}: {body}\r\n".encode()
        self._send(b"0\r\n%b\r\n" % trailers)
        if self._taken:
            try:
                self._connection.getresponse().read()
            except (OSError, http.client.HTTPException):
                self._taken = False
        if not self._taken and error is None:
            raise _BrokenOff

    def _send(self, data: bytes) -> None:
        if self._taken:
            try:
                self._connection.send(data)
            except OSError:
                self._taken = False


def serve(api: RuntimeApi, function: Function) -> NoReturn:
    """Answer events for as long as the sandbox lives."""
    while True:
        serve_one(api, function)


def serve_one(api: RuntimeApi, function: Function) -> None:
    """Wait for one event and answer it. An error of the function is told and logged; one of the Runtime API itself ends
    the process, and Lambda starts another."""
    request, event, headers = api.next()
    if "Lambda-Runtime-Trace-Id" in headers:
        os.environ["_X_AMZN_TRACE_ID"] = headers["Lambda-Runtime-Trace-Id"]
    _Lines.request = request
    begun = False
    try:
        if event.get("routeKey") == _BY_URL:
            answer = function.respond(event)
            begun = True
            api.stream(request, answer)
        else:
            context = SimpleNamespace(aws_request_id=request, invoked_function_arn=headers.get("Lambda-Runtime-Invoked-Function-Arn", ""))
            api.tell(request, function.handler(event, context))
    except _BrokenOff:
        _log.warning("the answer was not taken to its end")
    except Exception as error:  # noqa: BLE001 - the sandbox goes on to the next event
        _log.error("the function failed: %s", _told(error).decode())
        if not begun:
            api.fail(request, error)


def load(name: str) -> Function:
    """The function whose module is `name`, a path as in the command of an image (`functions/assist/app`)."""
    module = importlib.import_module(name.replace("/", "."))
    return Function(module.respond, module.handler)


def main() -> None:
    """The process of the function, as Lambda starts it."""
    _log_lines()
    api = RuntimeApi(os.environ["AWS_LAMBDA_RUNTIME_API"])
    try:
        function = load(sys.argv[1].removesuffix(".handler"))
    except BaseException as error:
        api.fail(None, error)
        raise
    serve(api, function)


def _type(error: BaseException) -> str:
    return f"Runtime.{type(error).__name__}"


def _told(error: BaseException) -> bytes:
    """The error as the Runtime API takes it: places only, for its message may carry what was asked."""
    frames = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
    return json.dumps({"errorType": type(error).__name__, "errorMessage": "see the log", "stackTrace": frames}).encode()


class _Lines(logging.Formatter):
    """A log line as Lambda's own runtimes write it where the format is JSON."""

    request = ""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC)
        told = {"timestamp": f"{at:%Y-%m-%dT%H:%M:%SZ}", "level": record.levelname, "message": record.getMessage(), "logger": record.name}
        return json.dumps({**told, "requestId": self.request}, ensure_ascii=False)


def _log_lines() -> None:
    lines = logging.StreamHandler(sys.stdout)
    lines.setFormatter(_Lines())
    logging.basicConfig(level=logging.INFO, handlers=[lines], force=True)


if __name__ == "__main__":
    main()
