"""Language models on the loopback interface, over real HTTP: one that speaks Bedrock's Converse and ConverseStream, one the OpenAI protocol.

Each follows a script: replies in order, the last of them again and again. A reply is one of
`calls` (a list of `tool` and `arguments`, or `broken`: the text in place of the arguments), `answer` (a draft, handed in), `text` (`times` over),
with faults: `status` and `error` (refused), `reset` (the connection breaks), `cut` (the stream ends after so many messages), `corrupt` (that message has a
wrong checksum), `ends_with` (an exception in the stream), `silent` (nothing comes until the server is closed), `drips` (milliseconds between pieces).
"""

from __future__ import annotations

import gc
import json
import socket
import struct
import threading
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import unquote

from tests.assistant.models.event_stream import event, exception

Reply = dict[str, Any]
_PIECE = 400
_USAGE = {"inputTokens": 10, "outputTokens": 10, "totalTokens": 20}


class ModelServer:
    """A server that follows a script; `asked` are the paths and bodies of the requests so far."""

    handler: ClassVar[type[BaseHTTPRequestHandler]]

    def __init__(self, script: Sequence[Reply] = ()) -> None:
        self._script = script
        self._lock = threading.Lock()
        self.closing = threading.Event()
        self.asked: list[tuple[str, dict[str, Any], dict[str, str]]] = []
        kind = type("Handler", (self.handler,), {"model": self})
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), kind)
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)

    @property
    def address(self) -> str:
        """Where it is reached."""
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def follow(self, script: Sequence[Reply]) -> None:
        """Begin another script; whoever still waits for the one before is let go."""
        with self._lock:
            self.closing.set()
            self._script, self.asked, self.closing = script, [], threading.Event()

    def reply(self, path: str, body: dict[str, Any], headers: dict[str, str]) -> Reply:
        """The next reply of the script."""
        with self._lock:
            self.asked.append((path, body, headers))
            return self._script[min(len(self.asked), len(self._script)) - 1]

    def __enter__(self) -> ModelServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()


def settle() -> None:
    """Wait until nobody asks a model any more, and let go of replies that were not read to their end."""
    for thread in threading.enumerate():
        if thread.name == "language-model":
            thread.join(10)
    gc.collect()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    model: ModelServer
    until: threading.Event

    def do_POST(self) -> None:
        self.until = self.model.closing
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        reply = self.model.reply(unquote(self.path), body, {name.lower(): value for name, value in self.headers.items()})
        self.close_connection = True
        try:
            if reply.get("silent"):
                self.until.wait(30)
            elif reply.get("reset"):
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()
            elif "status" in reply:
                self.document(reply["status"], *self.refusal(reply))
            else:
                self.answer(reply, body)
        except OSError:
            # Who asked does not wait any more.
            return

    def refusal(self, reply: Reply) -> tuple[dict[str, Any], dict[str, str]]:
        return {"message": reply.get("message", "…")}, {"x-amzn-ErrorType": reply["error"]}

    def answer(self, reply: Reply, body: dict[str, Any]) -> None:
        raise NotImplementedError

    def document(self, status: int, data: dict[str, Any], headers: dict[str, str]) -> None:
        told = json.dumps(data).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(told)), "Connection": "close", **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(told)

    def stream(self, kind: str, pieces: Iterator[bytes], reply: Reply) -> None:
        """In chunks, with whatever befalls them."""
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Transfer-Encoding", "chunked")
        self.send_header("Connection", "close")
        self.end_headers()
        for number, piece in enumerate(pieces):
            if number == reply.get("cut"):
                self.wfile.write(b"%x\r\n%s" % (len(piece), piece[: len(piece) // 2]))
                return
            told = piece[:-1] + bytes([piece[-1] ^ 1]) if number == reply.get("corrupt") else piece
            self.wfile.write(b"%x\r\n%s\r\n" % (len(told), told))
            if reply.get("drips") and self.until.wait(reply["drips"] / 1_000):
                return
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_: object) -> None:
        """Nothing is logged."""


class _BedrockHandler(_Handler):
    def answer(self, reply: Reply, body: dict[str, Any]) -> None:
        if self.path.endswith("/converse-stream"):
            self.stream("application/vnd.amazon.eventstream", _events(reply), reply)
            return
        content = [{"text": text} for text in _texts(reply)]
        content += [{"toolUse": {"toolUseId": call_id, "name": name, "input": json.loads(told)}} for call_id, name, told in _calls(reply)]
        message = {"output": {"message": {"role": "assistant", "content": content}}, "stopReason": _reason(reply), "usage": _USAGE, "metrics": {"latencyMs": 1}}
        self.document(200, message, {})


class BedrockServer(ModelServer):
    """Bedrock's runtime, as far as a conversation goes."""

    handler = _BedrockHandler


class _OpenAiHandler(_Handler):
    def refusal(self, reply: Reply) -> tuple[dict[str, Any], dict[str, str]]:
        return {"error": {"message": reply.get("message", "…"), "type": reply["error"], "code": None, "param": None}}, {}

    def answer(self, reply: Reply, body: dict[str, Any]) -> None:
        self.stream("text/event-stream", _chunks(reply, body["model"]), reply)


class OpenAiServer(ModelServer):
    """Chat completions of the OpenAI protocol, streamed."""

    handler = _OpenAiHandler


def _events(reply: Reply) -> Iterator[bytes]:
    """A reply as ConverseStream tells it."""
    yield event("messageStart", {"role": "assistant"})
    place = 0
    for text in _texts(reply):
        for piece in _pieces(text):
            yield event("contentBlockDelta", {"contentBlockIndex": place, "delta": {"text": piece}})
        yield event("contentBlockStop", {"contentBlockIndex": place})
        place += 1
    for call_id, name, told in _calls(reply):
        yield event("contentBlockStart", {"contentBlockIndex": place, "start": {"toolUse": {"toolUseId": call_id, "name": name}}})
        for piece in _pieces(told):
            yield event("contentBlockDelta", {"contentBlockIndex": place, "delta": {"toolUse": {"input": piece}}})
        yield event("contentBlockStop", {"contentBlockIndex": place})
        place += 1
    if "ends_with" in reply:
        yield exception(reply["ends_with"], "…")
        return
    yield event("messageStop", {"stopReason": _reason(reply)})
    yield event("metadata", {"usage": _USAGE, "metrics": {"latencyMs": 1}})


def _chunks(reply: Reply, model: str) -> Iterator[bytes]:
    """A reply as the OpenAI protocol tells it."""

    def chunk(delta: dict[str, Any], finish: str | None = None) -> bytes:
        told = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": model, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}
        return f"data: {json.dumps(told)}\n\n".encode()

    yield chunk({"role": "assistant", "content": ""})
    for text in _texts(reply):
        yield from (chunk({"content": piece}) for piece in _pieces(text))
    for place, (call_id, name, told) in enumerate(_calls(reply)):
        yield chunk({"tool_calls": [{"index": place, "id": call_id, "type": "function", "function": {"name": name, "arguments": ""}}]})
        yield from (chunk({"tool_calls": [{"index": place, "function": {"arguments": piece}}]}) for piece in _pieces(told))
    yield chunk({}, "tool_calls" if _calls(reply) else "stop")
    yield b"data: [DONE]\n\n"


def _texts(reply: Reply) -> list[str]:
    return [reply["text"] * reply.get("times", 1)] if "text" in reply else []


def _calls(reply: Reply) -> list[tuple[str, str, str]]:
    calls = [*reply.get("calls", ()), *([{"tool": "answer", "arguments": reply["answer"]}] if "answer" in reply else [])]
    return [
        (f"tooluse_{place}", call["tool"], call["broken"] if "broken" in call else json.dumps(call.get("arguments", {}), ensure_ascii=False))
        for place, call in enumerate(calls)
    ]


def _reason(reply: Reply) -> str:
    return "tool_use" if _calls(reply) else "end_turn"


def _pieces(text: str) -> Iterator[str]:
    yield from (text[start : start + _PIECE] for start in range(0, len(text), _PIECE))
