"""What a turn says of its progress, in reviewed sentences (`status.toml`): what it does, and why it went another way."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from ecid.assistant.caller import Caller
from ecid.errors import Language

Step = Literal["reading", "asking", "checking", "repairing", "planner"]
Reason = Literal["model_down", "model_slow", "model_throttled", "model_overrun", "ungrounded", "newer_result"]


@dataclass(frozen=True, slots=True)
class Status:
    """A step; `tool` is the one that is asked, `reason` why."""

    step: Step
    tool: str | None = None
    reason: Reason | None = None

    def to_json(self, lang: Language) -> dict[str, str]:
        """As it is sent, with its sentence."""
        told = {"step": self.step, "tool": self.tool, "reason": self.reason, "text": self._text(lang)}
        return {name: value for name, value in told.items() if value is not None}

    def _text(self, lang: Language) -> str:
        if self.reason:
            return str(_data()["reason"][self.reason][lang])
        about = _data()["tool"].get(self.tool) if self.tool else None
        return str((about or _data()["step"][self.step])[lang])


@cache
def _data() -> Mapping[str, Any]:
    return tomllib.loads(files(__package__).joinpath("status.toml").read_text("utf-8"))


def suggested(caller: Caller) -> tuple[str, ...]:
    """Intents to offer at the beginning; a reviewed sentence `suggest_<intent>` says each."""
    told = _data()["suggested"]
    return tuple(told["ledger" if caller.sees_ledger else "buyer" if caller.enterprise is None else "public"])
