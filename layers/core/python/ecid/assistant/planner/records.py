"""The reviewed data of the planner: words for features, intents with their examples, phrases."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

_PACKAGE = "ecid.assistant.planner"


@dataclass(frozen=True, slots=True)
class Intent:
    """What can be wanted. `roles`: whose conversation has the tools for it; `kind`: `answer`, `talk` (greeting, help) or `refusal`; `decisive`: patterns over
    the normal form that settle it; `needs`: features without which a question is asked back (any of them will do); `suggest`: whether a reviewed sentence
    `suggest_<name>` offers it."""

    name: str
    kind: str
    roles: frozenset[str]
    tools: tuple[str, ...]
    decisive: tuple[str, ...]
    needs: tuple[str, ...]
    suggest: bool
    examples: dict[str, tuple[str, ...]]


@cache
def words() -> dict[str, Any]:
    """Words for features, by kind (features.toml)."""
    return tomllib.loads((files(_PACKAGE) / "features.toml").read_text("utf-8"))


@cache
def concepts() -> dict[str, str]:
    """Patterns by the concept that their words stand for (concepts.toml)."""
    return dict(tomllib.loads((files(_PACKAGE) / "concepts.toml").read_text("utf-8")))


@cache
def followups() -> dict[str, Any]:
    """Words and rules for short questions (followups.toml)."""
    return tomllib.loads((files(_PACKAGE) / "followups.toml").read_text("utf-8"))


@cache
def mentions() -> dict[str, Any]:
    """Words by which findings are spoken of (mentions.toml)."""
    return tomllib.loads((files(_PACKAGE) / "mentions.toml").read_text("utf-8"))


@cache
def stepwords() -> dict[str, Any]:
    """Patterns that give arguments of tools (steps.toml)."""
    return tomllib.loads((files(_PACKAGE) / "steps.toml").read_text("utf-8"))


@cache
def phrases() -> dict[str, dict[str, str]]:
    """Prose by name and language (phrases.toml)."""
    return {name: dict(said) for name, said in tomllib.loads((files(_PACKAGE) / "phrases.toml").read_text("utf-8")).items()}


@cache
def intents() -> dict[str, Intent]:
    """The intents by name, in the order of their files."""
    found: dict[str, Intent] = {}
    for path in sorted((files(_PACKAGE) / "intents").iterdir(), key=lambda one: one.name):
        if path.name.endswith(".toml"):
            for name, entry in tomllib.loads(path.read_text("utf-8")).items():
                found[name] = _intent(name, entry)
    return found


def _intent(name: str, entry: dict[str, Any]) -> Intent:
    return Intent(
        name,
        entry.get("kind", "answer"),
        frozenset(entry.get("roles", ("buyer", "supplier", "consultant"))),
        tuple(entry.get("tools", ())),
        tuple(entry.get("decisive", ())),
        tuple(entry.get("needs", ())),
        bool(entry.get("suggest", False)),
        {lang: tuple(line.strip() for line in entry[lang].splitlines() if line.strip()) for lang in ("zh", "en")},
    )
