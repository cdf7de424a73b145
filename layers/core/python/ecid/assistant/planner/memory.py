"""What is remembered of a conversation between turns: what was asked about, never what was answered."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from ecid.assistant.planner.mentions import names_a_rule, names_goods
from ecid.errors import Language


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as read. `intents`: at most three, empty where it is not understood; `suggested`: intents to offer; `missing`: the kind of thing that
    has to be named first; `follows`: it took something from the turns before. Findings are ordinals of this conversation (as text) or ids."""

    lang: Language
    intents: tuple[str, ...] = ()
    suggested: tuple[str, ...] = ()
    missing: str | None = None
    follows: bool = False
    codes: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()
    target: int | None = None
    claimed: int | None = None
    claimed_aeo: str | None = None
    claimed_findings: int | None = None
    claimed_lost: int | None = None

    @property
    def claims_a_score(self) -> bool:
        """Whether it states something of the caller's own score."""
        return any(one is not None for one in (self.claimed, self.claimed_findings, self.claimed_lost))

    days: tuple[str, ...] = ()
    goods: str | None = None
    market: str | None = None
    domain: str | None = None
    clause: str | None = None
    """The id of the record that is named by its number: a note, a rule, an announcement."""
    dimension: int | None = None
    topic: str = ""
    """The normal form of the question: what clause search is asked where nothing is named."""
    text: str = ""
    """The normal form of this very question, also where `topic` is that of one before."""
    said: tuple[str, ...] = ()
    """What may have named a finding in the turns before, the newest first: its number by cost, or the normal form of a question."""


_KEPT = 6


@dataclass(frozen=True, slots=True)
class Memory:
    """The last thing of each kind that was spoken of. `own`: the website of the caller's own enterprise, where it is known."""

    own: str | None = None
    lang: Language | None = None
    intents: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()
    target: int | None = None
    days: tuple[str, ...] = ()
    goods: str | None = None
    market: str | None = None
    domain: str | None = None
    topic: str = ""
    said: tuple[str, ...] = ()

    def after(self, asked: Asked) -> Memory:
        """With a turn more; what a turn does not name stays as it was, and talk changes the language alone."""
        if not asked.intents:
            return Memory(**{**self.to_json(), "lang": asked.lang})
        told = {name: getattr(asked, name) or getattr(self, name) for name in (one.name for one in fields(self)) if name not in ("own", "said")}
        if not asked.findings and (names_a_rule(asked.text) or names_goods(asked.text)):
            told["findings"] = ()
        spoken = asked.findings or ((asked.text,) if asked.text else ())
        return Memory(own=self.own, **told, said=(*spoken, *self.said)[:_KEPT])

    def to_json(self) -> dict[str, Any]:
        """As keyword arguments."""
        return {one.name: getattr(self, one.name) for one in fields(self)}
