"""The two ways to a conversation with the assistant: in this process, or on a server over HTTP with a token, resumed where the connection breaks off."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from ipaddress import ip_address
from typing import IO, TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit
from urllib.request import Request

from ecid.assistant.caller import Caller
from ecid.bootstrap import Platform
from ecid.cli.remote import MAX_ANSWER_BYTES, TIMEOUT_SECONDS, ServerUnavailable, address_of, answer_of, read_object
from ecid.errors import BadInput, Language, SourceUnavailable

if TYPE_CHECKING:
    from ecid.services.converse import Conversing

SILENCE_SECONDS = 30
"""How long a server may say nothing during a turn; it sends a sign of life every ten."""
_RESUMED = 3
_PATH = ("v1", "assistant", "conversations")
Told = tuple[str, Mapping[str, Any]]
"""The name and the data of an event of a turn."""


class TurnFailed(SourceUnavailable):
    """A turn ended in an error instead of an answer. Context: `detail`."""

    zh = "没有得到回答：{detail}"
    en = "There is no answer: {detail}"


@dataclass(frozen=True, slots=True)
class Opening:
    """A new conversation: its id, and questions to begin with."""

    id: str
    suggestions: tuple[str, ...] = ()


class Talking(Protocol):
    """Somebody's way to the assistant."""

    def open(self, lang: Language) -> Opening:
        """A new conversation."""

    def ask(self, conversation: str, question: str, lang: Language | None) -> Iterator[Told]:
        """The events of one turn; without `lang` the question's own language is answered in."""


@dataclass
class Here:
    """The assistant of this process."""

    platform: Platform
    caller: Caller
    domain: str | None = None
    """The website whose record a new conversation is about, until another is named."""

    @cached_property
    def _conversing(self) -> Conversing:
        return self.platform.conversing()

    def open(self, lang: Language) -> Opening:
        """See `Talking.open`."""
        opened = self._conversing.open(self.caller, lang, self.domain)
        return Opening(opened.id, opened.suggestions)

    def ask(self, conversation: str, question: str, lang: Language | None) -> Iterator[Told]:
        """See `Talking.ask`."""
        for event in self._conversing.ask(self.caller, conversation, question, lang, None):
            yield event.name, event.sent


@dataclass(frozen=True)
class There:
    """The assistant of a server. Raises what `remote.ask` raises, and BadInput where the token would travel without encryption."""

    server: str
    token: str
    domain: str | None = None
    """See `Here.domain`."""

    def open(self, lang: Language) -> Opening:
        """See `Talking.open`."""
        request = self._request(_PATH, {"lang": lang} | ({"domain": self.domain} if self.domain else {}), {"Accept": "application/json"})
        with answer_of(self.server, request, TIMEOUT_SECONDS) as told:
            opened = read_object(self.server, told, ("conversation", "suggestions"))
        given = opened["suggestions"] if isinstance(opened["suggestions"], list) else []
        return Opening(str(opened["conversation"]), tuple(map(str, given)))

    def ask(self, conversation: str, question: str, lang: Language | None) -> Iterator[Told]:
        """See `Talking.ask`."""
        asked = {"question": question, "message": secrets.token_hex(16)} | ({"lang": lang} if lang else {})
        last = ""
        for attempt in range(_RESUMED + 1):
            headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": last} if last else {})
            try:
                with answer_of(self.server, self._request((*_PATH, conversation, "messages"), asked, headers), SILENCE_SECONDS) as told:
                    for frame in frames(self.server, told):
                        last = frame.id or last
                        yield frame.name, frame.data
                        if frame.name in ("done", "error"):
                            return
            except ServerUnavailable:
                if attempt == _RESUMED:
                    raise
        raise ServerUnavailable(server=self.server, reason="the answer breaks off")

    def _request(self, path: tuple[str, ...], body: Mapping[str, Any], headers: Mapping[str, str]) -> Request:
        address = address_of(self.server, path, {})
        if urlsplit(address).scheme == "http" and not _is_loopback(urlsplit(address).hostname or ""):
            raise BadInput(detail={"zh": "--server 须用 https，令牌不得明文传送", "en": "--server with https, for the token must not travel in the clear"})
        own = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json", **headers}
        return Request(address, json.dumps(body).encode(), own)  # noqa: S310 - address_of allows http and https alone


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(slots=True)
class Frame:
    """One event as a server sends it."""

    id: str = ""
    name: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)


def frames(server: str, told: IO[bytes]) -> Iterator[Frame]:
    """The events of a stream (`text/event-stream`), each when it is whole. Raises ServerUnavailable for what is no such stream, or too long."""
    fields: dict[str, list[str]] = {}
    size = 0
    while line := told.readline(MAX_ANSWER_BYTES):
        size += len(line)
        if size > MAX_ANSWER_BYTES:
            raise ServerUnavailable(server=server, reason="too long an answer")
        text = line.decode("utf-8", "replace").rstrip("\r\n")
        if text:
            name, _, value = text.partition(":")
            fields.setdefault(name, []).append(value.removeprefix(" "))
        elif "data" in fields:
            yield _frame(server, fields)
            fields = {}
        else:
            fields = {}


def _frame(server: str, fields: Mapping[str, list[str]]) -> Frame:
    try:
        data = json.loads("\n".join(fields["data"]))
    except (ValueError, RecursionError) as fault:
        raise ServerUnavailable(server=server, reason="no such answer") from fault
    if not isinstance(data, dict):
        raise ServerUnavailable(server=server, reason="no such answer")
    identifier = fields.get("id", [""])[-1]
    return Frame(identifier if identifier.isprintable() and len(identifier) < 200 else "", fields.get("event", ["message"])[-1], data)
