"""What a conversation is between its turns: whose it is, what it is about, what was asked, and the events of its answers (docs/assistant.md)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

from ecid.assistant.caller import Caller
from ecid.errors import Language

EventName = Literal["status", "block", "citation", "done", "error"]
INSIDE = frozenset({"intents", "refused", "results"})
"""Of a `done` event: what is told in this process only, for measuring; it is neither stored nor sent."""
REMEMBERED = 20
"""Turns that a conversation remembers."""
CONTENT_FROM = 100
"""The first number of an event that is no `status`: whatever an answer's statuses were, who saw some of them misses nothing of a turn run anew."""
ANSWER_KEPT = 600
"""Characters of an answer that later turns see: enough to know what "that" was, no source of figures."""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that a turn says. `id` grows within the turn."""

    id: int
    name: EventName
    data: Mapping[str, Any]

    @property
    def sent(self) -> Mapping[str, Any]:
        """The data as they are stored and sent."""
        return {name: value for name, value in self.data.items() if name not in INSIDE} if self.name == "done" else self.data


@dataclass(frozen=True, slots=True)
class ResultName:
    """The result that a conversation is about. `computed_at`: instant (ISO, UTC)."""

    result_id: str
    as_of: date
    computed_at: str


@dataclass(frozen=True, slots=True)
class Said:
    """An earlier turn: the question, and the beginning of the answer."""

    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation of one caller, with the rights of its opening, about one result (None: none was made yet). Instants are aware, UTC.

    `domain`: the website that it began with looking at, for whom "this supplier" is the one. It ends at `expires_at`, which a turn puts off, but never beyond
    `ends_at`.
    """

    id: str
    caller: Caller
    lang: Language
    opened_at: datetime
    expires_at: datetime
    ends_at: datetime
    result: ResultName | None = None
    domain: str | None = None
    memory: tuple[Said, ...] = ()

    def is_of(self, caller: Caller) -> bool:
        """Whether it is this caller's: the same person, role and enterprise, who still has every scope of the opening."""
        own = self.caller
        return (own.person, own.role, own.enterprise) == (caller.person, caller.role, caller.enterprise) and own.scopes <= caller.scopes

    def remembers(self, question: str, answer: str) -> tuple[Said, ...]:
        """Its memory with a turn more."""
        return (*self.memory, Said(question, answer[:ANSWER_KEPT]))[-REMEMBERED:]


@dataclass(frozen=True, slots=True)
class Turn:
    """One question and, when it is `done`, the events of its answer. `message` is the client's name for it. Until `lease` the run that has `token` answers it
    alone."""

    message: str
    question: str
    lang: Language
    token: str
    lease: datetime
    done: bool = False
    events: tuple[Event, ...] = field(default=())
