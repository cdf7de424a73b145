"""The reviewed parameters of clause search, and the lists of words it knows (`policy.toml`, `synonyms.toml`, `scope.toml`)."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from ecid.errors import Language


@dataclass(frozen=True, slots=True)
class Policy:
    """See `policy.toml`."""

    weights: Mapping[str, float]
    handicap: Mapping[str, float]
    quota: Mapping[str, int]
    nearest: int
    pool: int
    decline: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Topic:
    """A matter that the sources do not hold; `zh`, `en` say so, and where to look instead."""

    id: str
    zh: str
    en: str
    patterns: tuple[re.Pattern[str], ...]
    unless: tuple[re.Pattern[str], ...]

    def catches(self, text: str) -> bool:
        """Whether a question asks for this matter."""
        return any(pattern.search(text) for pattern in self.patterns) and not any(pattern.search(text) for pattern in self.unless)

    def sentence(self, lang: Language) -> str:
        """What is told to whoever asked."""
        return self.zh if lang == "zh" else self.en


@cache
def load_policy() -> Policy:
    """The parameters that ship with the program."""
    data = _toml("policy")
    return Policy(data["weights"], data["handicap"], data["quota"], data["depth"]["nearest"], data["depth"]["pool"], data["decline"])


@cache
def synonyms() -> tuple[tuple[str, ...], ...]:
    """Groups of words that mean one thing."""
    return tuple(tuple(group) for group in _toml("synonyms")["same"])


@cache
def topics() -> tuple[Topic, ...]:
    """What the sources do not hold."""
    return tuple(
        Topic(entry["id"], entry["zh"], entry["en"], _patterns(entry["patterns"]), _patterns(entry.get("unless", ()))) for entry in _toml("scope")["topic"]
    )


@cache
def filler() -> re.Pattern[str]:
    """Words that make a question of what is asked about, and say nothing themselves."""
    return re.compile("|".join(_toml("scope")["filler"]), re.IGNORECASE)


def out_of_scope(text: str) -> Topic | None:
    """The matter that a question is about, if the sources do not hold it."""
    folded = unicodedata.normalize("NFKC", text)
    return next((topic for topic in topics() if topic.catches(folded)), None)


def _patterns(written: Iterable[str]) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern, re.IGNORECASE) for pattern in written)


def _toml(name: str) -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath(f"{name}.toml").read_text("utf-8"))
