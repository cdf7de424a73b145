"""Wording of rules and dimensions in both languages: what is shown, asked and advised, and which correction routes a rule opens (data: `wording.toml`)."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from ecid.errors import Language
from ecid.scoring.policy import load_policy


@dataclass(frozen=True, slots=True)
class Route:
    """A lawful way to correct (domain.md §5), with its basis and source."""

    code: str
    name: Mapping[str, str]
    when: Mapping[str, str]
    basis: str


@dataclass(frozen=True, slots=True)
class RuleWording:
    """All that is said about a finding of one rule, by language."""

    title: Mapping[str, str]
    question: Mapping[str, str]
    advice: Mapping[str, str]
    basis: str
    routes: tuple[Route, ...]

    def routes_in(self, lang: Language) -> Iterator[Mapping[str, str]]:
        """The routes as JSON-able mappings in one language."""
        for route in self.routes:
            yield {"route": route.code, "name": route.name[lang], "when": route.when[lang], "basis": route.basis}


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads(files("ecid.scoring").joinpath("wording.toml").read_text("utf-8"))


@cache
def rule_wording(rule: str) -> RuleWording:
    """The wording of a rule. Raises KeyError for a rule without one (a test proves that none lacks it)."""
    entry, routes = _data()["rule"][rule], _data()["route"]
    return RuleWording(
        title=entry["title"],
        question=entry["question"],
        advice=entry["advice"],
        basis=entry["basis"],
        routes=tuple(Route(code, **routes[code]) for code in entry["routes"]),
    )


def phrase(key: str, **facts: str | Mapping[str, str]) -> Mapping[str, str]:
    """A phrase of evidence by language, filled in with `facts`: texts, or names by language."""
    return {
        lang: text.format_map({name: fact if isinstance(fact, str) else fact[lang] for name, fact in facts.items()})
        for lang, text in _data()["phrase"][key].items()
    }


def dimension_name(number: int) -> Mapping[str, str]:
    """The name of a dimension by language, from the policy file."""
    return next(dimension.name for dimension in load_policy().dimensions if dimension.number == number)
