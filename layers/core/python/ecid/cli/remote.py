"""Asking a server that runs this program, for the commands that have `--server URL`."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPException
from typing import IO, Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

import click

from ecid.errors import BadInput, SourceUnavailable

TIMEOUT_SECONDS = 15
SENDING_SECONDS = 60
"""For what is sent and then worked on; a gateway gives up after thirty seconds of work."""
MAX_ANSWER_BYTES = 4 * 1024 * 1024
_UNEXPECTED = "no such answer"

server_option = click.option("--server", metavar="URL", help="Ask this server instead of what is on this machine.")


class ServerUnavailable(SourceUnavailable):
    """The server that was asked gave no answer, or none of the kind expected. Context: `server`, `reason`."""

    zh = "服务器 {server} 没有给出可用的回答（{reason}），请稍后再试；这不代表任何结论。"
    en = "The server {server} gave no usable answer ({reason}); please try again. This says nothing about what was asked."


class _Refused(click.ClickException):
    """What the server says against the question, in its own words."""

    exit_code = 2


class _Failed(_Refused):
    """What the server says of itself."""

    exit_code = 3


class _NoRedirects(HTTPRedirectHandler):
    """An answer is taken from the server that was named, or not at all."""

    def redirect_request(self, *_: Any) -> None:
        return None


def ask(server: str, path: tuple[str, ...], query: Mapping[str, object], keys: Collection[str], body: bytes | None = None) -> dict[str, Any]:
    """The JSON object at `path` (its parts, not yet encoded) of a server; what of `query` is None or empty is left out, and `keys` are in the answer.
    With a `body`, a file of any kind, it is sent there.

    Raises ServerUnavailable, BadInput where `server` is no address, and what click shows with the server's own sentence (exit 2, or 3 for its own faults).
    """
    headers = {"Accept": "application/json"} | ({} if body is None else {"Content-Type": "application/octet-stream"})
    with answer_of(server, Request(address_of(server, path, query), body, headers), TIMEOUT_SECONDS if body is None else SENDING_SECONDS) as told:  # noqa: S310
        return read_object(server, told, keys)


def address_of(server: str, path: tuple[str, ...], query: Mapping[str, object]) -> str:
    """The address of `path` on a server. Raises BadInput where `server` is none."""
    if urlsplit(server).scheme not in ("http", "https") or not urlsplit(server).hostname:
        raise BadInput(detail=f"--server {server} (https://…)")
    # Bytes typed that are no text are question marks, as the screen shows them.
    given = urlencode({name: str(value) for name, value in query.items() if value not in (None, "")}, errors="replace")
    return f"{server.rstrip('/')}/{'/'.join(quote(part, safe='', errors='replace') for part in path)}?{given}".rstrip("?")


@contextmanager
def answer_of(server: str, request: Request, seconds: float) -> Iterator[IO[bytes]]:
    """What a server answers, to be read in the block: what fails there, too, is told as `ask` tells it."""
    try:
        with build_opener(_NoRedirects).open(request, timeout=seconds) as told:
            yield told
    except HTTPError as refusal:
        raise (_Failed if refusal.code >= 500 else _Refused)(_refusal(refusal)) from refusal
    except (URLError, TimeoutError, OSError, HTTPException) as fault:
        raise ServerUnavailable(server=server, reason=getattr(fault, "reason", fault)) from fault


def read_object(server: str, told: IO[bytes], keys: Collection[str]) -> dict[str, Any]:
    """The JSON object that is answered, with these keys. Raises ServerUnavailable where it is no such."""
    try:
        answer = json.loads(told.read(MAX_ANSWER_BYTES))
    except (ValueError, RecursionError) as fault:
        raise ServerUnavailable(server=server, reason=_UNEXPECTED) from fault
    if not isinstance(answer, dict) or not set(keys) <= answer.keys():
        raise ServerUnavailable(server=server, reason=_UNEXPECTED)
    return answer


def printable(value: Any) -> Any:
    """`value` without characters that steer a terminal, a break becoming a space: names and texts come from outside."""
    if isinstance(value, str):
        return "".join(" " if char in "\n\t" else char for char in value if char in "\n\t" or unicodedata.category(char) not in ("Cc", "Cf", "Zl", "Zp"))
    if isinstance(value, dict):
        return {key: printable(item) for key, item in value.items()}
    return [printable(item) for item in value] if isinstance(value, list | tuple) else value


def _refusal(refusal: HTTPError) -> str:
    try:
        with refusal:
            problem = printable(json.loads(refusal.read(MAX_ANSWER_BYTES)))
        return f"{problem['code']}: {problem['detail']}"
    except (ValueError, KeyError, TypeError, OSError):
        return f"HTTP {refusal.code} {printable(refusal.reason)}"
