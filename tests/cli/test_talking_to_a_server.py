"""`ecid ask --server`: the stream of a server's answer is read as it comes, taken up where it broke off, and whatever is no such answer is told apart."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from ecid.bootstrap import Platform
from ecid.cli.ask import ask_command
from ecid.cli.chat import chat_command
from ecid.cli.conversations import Frame, There, TurnFailed, frames
from ecid.cli.remote import MAX_ANSWER_BYTES, ServerUnavailable
from ecid.errors import BadInput
from ecid.settings import Settings

OPENED = json.dumps({"conversation": "c-1", "expires_at": "2026-11-24T00:00:00Z", "suggestions": []})
STATUS = 'id: m.1\nevent: status\ndata: {"step": "asking", "text": "reading the ledger"}\n\n'
BLOCK = 'id: m.2\nevent: block\ndata: {"kind": "paragraph", "text": "The score is 82.8."}\n\n'
CITED = (
    'id: m.3\nevent: citation\ndata: {"id": "gri-1", "title": "Rule 1", "quote": "标题", "gloss": "", "valid_from": "2022-01-01", "valid_to": null, '
    '"lapsed": false, "url": "/v1/clauses/gri-1"}\n\n'
)
DONE = 'id: m.4\nevent: done\ndata: {"text": "The score is 82.8.", "lang": "en"}\n\n'
WHOLE = STATUS + ": still there\n\n" + BLOCK + CITED + DONE
Answering = Callable[[dict[str, str], dict[str, Any]], tuple[int, str]]
"""Headers (lower case) and body of a turn's request → status and stream. The connection ends with what is sent."""


@contextmanager
def serving(turn: Answering) -> Iterator[tuple[str, list[tuple[str, dict[str, str], Any]]]]:
    """A server that opens a conversation and answers turns so; its address, and what it was asked: path, headers, body."""
    asked: list[tuple[str, dict[str, str], Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = json.loads(self.rfile.read(int(headers["content-length"])))
            asked.append((self.path, headers, body))
            status, text = turn(headers, body) if self.path.endswith("/messages") else (201, OPENED)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: Any) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


@pytest.fixture
def nothing(tmp_path: Path) -> Platform:
    """A machine that knows nothing: whatever is answered came from the server."""
    return Platform(Settings(home=tmp_path, pack_dir=tmp_path))


def run(platform: Platform, command: click.Command, *arguments: str, typed: str | None = None) -> Result:
    return CliRunner(env={"ECID_TOKEN": "t0ken", "COLUMNS": "160"}).invoke(command, arguments, input=typed, obj=platform)


def test_an_answer_is_one_document(nothing: Platform) -> None:
    with serving(lambda *_: (200, WHOLE)) as (server, asked):
        done = run(nothing, ask_command, "why is my score 82?", "--server", server, "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert list(told) == ["blocks", "text", "citations", "conversation"]
    assert (told["text"], told["conversation"]) == ("The score is 82.8.", "c-1")
    assert [block["kind"] for block in told["blocks"]] == ["paragraph"]
    assert [one["id"] for one in told["citations"]] == ["gri-1"]
    assert "reading the ledger" in done.stderr
    paths = [path for path, _, _ in asked]
    assert paths == ["/v1/assistant/conversations", "/v1/assistant/conversations/c-1/messages"]
    assert all(headers["authorization"] == "Bearer t0ken" for _, headers, _ in asked)
    assert asked[1][2]["question"] == "why is my score 82?"
    assert "lang" not in asked[1][2]


def test_a_conversation_and_a_language_that_are_named_are_kept_to(nothing: Platform) -> None:
    with serving(lambda *_: (200, WHOLE)) as (server, asked):
        run(nothing, ask_command, "82?", "--server", server, "--conversation", "a/b", "--lang", "zh")
    assert [(path, body["lang"]) for path, _, body in asked] == [("/v1/assistant/conversations/a%2Fb/messages", "zh")]


def test_what_breaks_off_is_taken_up_where_it_was(nothing: Platform) -> None:
    def turn(headers: dict[str, str], _: dict[str, Any]) -> tuple[int, str]:
        return 200, {"": STATUS + BLOCK, "m.2": CITED + "id: m.4\nevent: do", "m.3": DONE}[headers.get("last-event-id", "")]

    with serving(turn) as (server, asked):
        told = json.loads(run(nothing, ask_command, "82?", "--server", server, "--json").stdout)
    assert (len(told["blocks"]), len(told["citations"]), told["text"]) == (1, 1, "The score is 82.8.")
    messages = {body["message"] for path, _, body in asked if path.endswith("/messages")}
    assert len(messages) == 1, "the same turn, not another question"


def test_what_breaks_off_for_ever_is_given_up(nothing: Platform) -> None:
    with serving(lambda *_: (200, STATUS)) as (server, asked):
        assert isinstance(run(nothing, ask_command, "82?", "--server", server).exception, ServerUnavailable)
    assert 2 <= len(asked) <= 6


@pytest.mark.parametrize(("status", "exit_code"), [(401, 2), (404, 2), (409, 2), (503, 3)])
@pytest.mark.parametrize("command", [ask_command, chat_command], ids=["ask", "chat"])
def test_what_a_server_refuses_is_told_in_its_words(status: int, exit_code: int, command: click.Command, nothing: Platform) -> None:
    problem = json.dumps({"code": "some_code", "detail": "so it is\x1b[2J"})
    with serving(lambda *_: (status, problem)) as (server, _):
        done = run(nothing, command, *(["82?"] if command is ask_command else []), "--server", server, typed="82?\n")
    assert done.exit_code == exit_code
    assert "some_code: so it is[2J" in done.stderr


def test_a_turn_that_fails_says_so(nothing: Platform) -> None:
    failed = 'event: error\ndata: {"code": "internal_error", "detail": "Something went wrong."}\n\n'
    with serving(lambda *_: (200, STATUS + failed)) as (server, asked):
        error = run(nothing, ask_command, "82?", "--server", server).exception
    assert isinstance(error, TurnFailed)
    assert "Something went wrong." in error.sentence("en")
    assert len(asked) == 2, "what has failed is not asked again"


HOSTILE = [
    "<html>",
    "event: done\ndata: []\n\n",
    "event: done\ndata: {\n\n",
    "event: done\ndata: " + "[" * 50_000 + "\n\n",
    "data: {}\n\n" * 10,
    "\x00\xff\n\n",
    "id: m.1\n\n",
]


@pytest.mark.parametrize("stream", HOSTILE, ids=range(len(HOSTILE)))
def test_what_is_no_such_answer(stream: str, nothing: Platform) -> None:
    with serving(lambda *_: (200, stream)) as (server, _):
        assert isinstance(run(nothing, ask_command, "82?", "--server", server, "--json").exception, ServerUnavailable)


def test_an_answer_without_end_is_cut() -> None:
    class Endless(io.RawIOBase):
        def readline(self, size: int | None = -1) -> bytes:
            return b"data: x\n"

    with pytest.raises(ServerUnavailable, match="too long"):
        list(frames("s", Endless()))  # type: ignore[arg-type]
    assert not list(frames("s", io.BytesIO(b"data: " + b"x" * (MAX_ANSWER_BYTES - 7))))


FRAMES = [
    (b'event: status\r\ndata: {"a": 1}\r\n\r\n', [Frame("", "status", {"a": 1})]),
    (b'data: {"a":\ndata: 1}\n\n', [Frame("", "message", {"a": 1})]),
    (b"id:m.1\nevent:done\ndata:{}\n\n", [Frame("m.1", "done", {})]),
    (b"id: a\x1bb\nevent: done\ndata: {}\n\n", [Frame("", "done", {})]),
    (b": heartbeat\n\n", []),
    (b"event: done\ndata: {}\n", []),
]  # fmt: skip


@pytest.mark.parametrize(("stream", "found"), FRAMES, ids=range(len(FRAMES)))
def test_frames(stream: bytes, found: list[Frame]) -> None:
    assert list(frames("s", io.BytesIO(stream))) == found


@pytest.mark.parametrize("server", ["http://ecid.example", "http://127.0.0.1.ecid.example", "http://[2001:db8::1]", "http://localhost.example"])
def test_a_token_does_not_travel_in_the_clear(server: str) -> None:
    with pytest.raises(BadInput, match="https"):
        There(server, "t0ken").open("en")


@pytest.mark.parametrize(
    "arguments", [["--server", "https://s.example", "--as", "a.example"], ["--server", "https://s.example", "--buyer"], ["--as", "a.example", "--buyer"]]
)
@pytest.mark.parametrize("command", [ask_command, chat_command], ids=["ask", "chat"])
def test_options_that_do_not_go_together(arguments: list[str], command: click.Command, nothing: Platform) -> None:
    done = run(nothing, command, *(["82?"] if command is ask_command else []), *arguments)
    assert done.exit_code == 2
    assert "Error" in done.stderr


def test_a_server_needs_a_token(nothing: Platform) -> None:
    done = CliRunner(env={"ECID_TOKEN": ""}).invoke(ask_command, ["82?", "--server", "https://s.example"], obj=nothing)
    assert (done.exit_code, "token" in done.stderr) == (2, True)


def test_texts_of_a_server_cannot_steer_the_terminal(nothing: Platform) -> None:
    steering = WHOLE.replace("82.8.", "\\u001b]0;title\\u0007\\u202e82.8.").replace("reading", "\\u001b[2Jreading")
    with serving(lambda *_: (200, steering)) as (server, _):
        done = run(nothing, ask_command, "82?", "--server", server)
    assert done.exit_code == 0
    assert "82.8." in done.stdout
    assert not {"\x1b", "\u202e", "\x07"} & set(done.output)
