"""An issuer of access tokens on loopback: its key set, or what else it answers."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@contextmanager
def issuing(answers: list[bytes]) -> Iterator[tuple[str, list[str]]]:
    """An issuer on loopback: its address, and what it was asked for. It gives its answers in turn, the last one ever after; an empty one is a 503."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = answers[min(len(asked), len(answers) - 1)]
            asked.append(self.path)
            self.send_response(200 if body else 503)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/keys", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
