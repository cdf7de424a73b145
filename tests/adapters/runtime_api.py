"""A Runtime API of AWS Lambda on loopback, with one event, that keeps every byte it is sent."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

TAKEN = b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"


@dataclass
class Api:
    """A Runtime API with one event; `sent` are the requests as they came, byte by byte."""

    event: Mapping[str, Any]
    cut_after: int | None = None
    """Bytes of a body after which the connection is cut."""
    sent: list[bytes] = field(default_factory=list)
    address: str = ""
    progress: threading.Condition = field(default_factory=threading.Condition)

    def serve(self, listening: socket.socket) -> None:
        """Answer connections until the socket is closed."""
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection:
                self._answer(connection)

    def _answer(self, connection: socket.socket) -> None:
        place = len(self.sent)
        self.sent.append(b"")
        while not _whole(self.sent[place]):
            if self.cut_after is not None and len(self.sent[place].partition(b"\r\n\r\n")[2]) >= self.cut_after:
                return
            try:
                piece = connection.recv(65536)
            except ConnectionResetError:
                return
            if not piece:
                return
            with self.progress:
                self.sent[place] += piece
                self.progress.notify_all()
        connection.sendall(self._event() if self.sent[place].startswith(b"GET ") else TAKEN)

    def _event(self) -> bytes:
        body = json.dumps(self.event).encode()
        head = f"HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: r-1\r\nLambda-Runtime-Trace-Id: Root=1-2\r\nContent-Length: {len(body)}\r\n\r\n"
        return head.encode() + body

    def wait_for(self, text: bytes, seconds: float = 20) -> None:
        """Until this has arrived."""
        with self.progress:
            assert self.progress.wait_for(lambda: any(text in one for one in self.sent), seconds)

    @property
    def told(self) -> tuple[str, dict[str, str], bytes]:
        """The last request: its line, its headers, its body."""
        head, _, body = self.sent[-1].partition(b"\r\n\r\n")
        line, *rest = head.decode("latin-1").split("\r\n")
        return line, {name.lower(): value for name, _, value in (one.partition(": ") for one in rest)}, body


def _whole(request: bytes) -> bool:
    head, found, body = request.partition(b"\r\n\r\n")
    if not found:
        return False
    if b"transfer-encoding: chunked" in head.lower():
        ended = body.rfind(b"\r\n0\r\n") if not body.startswith(b"0\r\n") else 0
        return ended >= 0 and body.endswith(b"\r\n\r\n")
    length = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length: ")]
    return len(body) >= (int(length[0].split()[1]) if length else 0)


@contextmanager
def runtime_api(event: Mapping[str, Any], cut_after: int | None = None) -> Iterator[Api]:
    """A Runtime API with this event, until the end of the block."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        served = Api(event, cut_after, address=f"127.0.0.1:{listening.getsockname()[1]}")
        thread = threading.Thread(target=served.serve, args=(listening,), daemon=True)
        thread.start()
        yield served
        listening.shutdown(socket.SHUT_RDWR)
    thread.join(10)
