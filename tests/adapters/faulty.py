"""A store that fails for a while: a server on the loopback interface that plays a script of faults and otherwise passes every request on to an engine.

What it answers is what DynamoDB's API reference documents; what it passes on is the engine's own doing.
"""

from __future__ import annotations

import http.client
import json
import threading
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import chain, repeat
from typing import Any
from urllib.parse import urlsplit

FOREVER = 1000
"""More times than any client asks."""


@dataclass(frozen=True, slots=True)
class Refused:
    """An error of the service, by its code; `reasons` are the cancellation reasons of a transaction."""

    code: str
    status: int = 400
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HungUp:
    """The connection is closed without an answer. `carried_out`: after the engine has done what was asked."""

    carried_out: bool = False


@dataclass(frozen=True, slots=True)
class CutOff:
    """The engine's answer breaks off after half of its bytes."""


@dataclass(frozen=True, slots=True)
class Unprocessed:
    """A batch of which nothing was processed: every key comes back as unprocessed."""


Fault = Refused | HungUp | CutOff | Unprocessed


@dataclass(slots=True)
class Faulty:
    """The server: its address, what it still has to play by operation, and how often each operation was asked for."""

    endpoint: str
    script: dict[str, Iterator[Fault]] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)

    def play(self, operation: str, fault: Fault, times: int = 1, after: int = 0) -> None:
        """Meet the next `times` requests of `operation` with `fault`, once `after` of them have passed."""
        self.script[operation] = chain(repeat(None, after), repeat(fault, times))  # type: ignore[arg-type]
        self.asked.clear()


@contextmanager
def faulty(engine: str) -> Iterator[Faulty]:
    """The server before the engine at the address `engine`."""
    played = Faulty("")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            operation = self.headers["X-Amz-Target"].rpartition(".")[2]
            played.asked[operation] += 1
            match next(played.script.get(operation, iter(())), None):
                case None:
                    self._send(*self._forward(body))
                case Refused(code, status, reasons):
                    told: dict[str, Any] = {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "for a while"}
                    self._send(status, json.dumps(told | ({"CancellationReasons": [{"Code": reason} for reason in reasons]} if reasons else {})).encode())
                case Unprocessed():
                    self._send(200, json.dumps({"Responses": {}, "UnprocessedKeys": json.loads(body)["RequestItems"]}).encode())
                case HungUp(carried_out):
                    if carried_out:
                        self._forward(body)
                    self.close_connection = True
                case CutOff():
                    status, answer = self._forward(body)
                    self._send(status, answer, sent=len(answer) // 2)
                    self.close_connection = True

        def _forward(self, body: bytes) -> tuple[int, bytes]:
            connection = http.client.HTTPConnection(urlsplit(engine).netloc, timeout=10)
            try:
                connection.request("POST", "/", body, {name: value for name, value in self.headers.items() if name.lower() != "host"})
                answer = connection.getresponse()
                return answer.status, answer.read()
            finally:
                connection.close()

        def _send(self, status: int, body: bytes, sent: int | None = None) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.0")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("x-amz-crc32", str(zlib.crc32(body)))
            self.end_headers()
            self.wfile.write(body[:sent])

        def log_message(self, *_: object) -> None:
            """Nothing: the test says what went wrong."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        played.endpoint = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield played
        finally:
            server.shutdown()
            thread.join()
