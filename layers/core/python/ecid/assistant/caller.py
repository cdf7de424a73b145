"""Who asks, and what a conversation of theirs may see."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

Role = Literal["buyer", "supplier", "consultant"]
LEDGER = "ledger"
"""The scope of a grant (and of an enterprise's own token) that opens the score's ledger and what can be asked of it."""


@dataclass(frozen=True, slots=True)
class Caller:
    """One person in one role. `enterprise`: the one (USCC) whose matters the conversation is about, None for a buyer, who sees public records alone.

    `scopes` are those of the token that was shown. Raises ValueError for a buyer with an enterprise, and for anybody else without one.
    """

    person: str
    role: Role
    enterprise: str | None = None
    scopes: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if (self.role == "buyer") != (self.enterprise is None):
            raise ValueError("a buyer has no enterprise, and everybody else has one")

    @classmethod
    def buyer(cls, person: str) -> Caller:
        """Somebody who looks at public records."""
        return cls(person, "buyer")

    @classmethod
    def supplier(cls, person: str, enterprise: str) -> Caller:
        """Somebody of the enterprise itself, with its own token."""
        return cls(person, "supplier", enterprise, frozenset({LEDGER}))

    @classmethod
    def consultant(cls, person: str, enterprise: str, scopes: Collection[str]) -> Caller:
        """Somebody with a client's grant of these scopes."""
        return cls(person, "consultant", enterprise, frozenset(scopes))

    @property
    def sees_ledger(self) -> bool:
        """Whether tools that read the ledger of `enterprise` are there at all."""
        return self.enterprise is not None and LEDGER in self.scopes
