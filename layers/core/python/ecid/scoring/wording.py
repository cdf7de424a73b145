"""Wording of rules and dimensions in both languages: what is shown, asked and advised, and which correction routes a rule opens (data: `wording.toml`)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from ecid.scoring.policy import load_policy


@dataclass(frozen=True, slots=True)
class RuleWording:
    """All that is said about a finding of one rule, by language; `routes` are those of `ecid.scoring.routes` that it opens."""

    title: Mapping[str, str]
    question: Mapping[str, str]
    advice: Mapping[str, str]
    basis: Mapping[str, str]
    routes: tuple[str, ...]


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads(files("ecid.scoring").joinpath("wording.toml").read_text("utf-8"))


@cache
def rule_wording(rule: str) -> RuleWording:
    """The wording of a rule. Raises KeyError for a rule without one (a test proves that none lacks it)."""
    entry = _data()["rule"][rule]
    return RuleWording(
        title=entry["title"],
        question=entry["question"],
        advice=entry["advice"],
        basis=entry["basis"],
        routes=tuple(entry["routes"]),
    )


def phrase(key: str, **facts: str | Mapping[str, str]) -> Mapping[str, str]:
    """A phrase of evidence by language, filled in with `facts`: texts, or names by language."""
    return {
        lang: text.format_map({name: fact if isinstance(fact, str) else fact[lang] for name, fact in facts.items()})
        for lang, text in _data()["phrase"][key].items()
    }


def figure(value: float, decimals: int = 5) -> str:
    """A figure as a person writes it: with as many decimals as it needs, one at least allowed, rounded to what declarations carry (quantities 5, prices 4)."""
    written = f"{value:.{decimals}f}".rstrip("0").rstrip(".")
    return "0" if written == "-0" else written


def dimension_name(number: int) -> Mapping[str, str]:
    """The name of a dimension by language, from the policy file."""
    return next(dimension.name for dimension in load_policy().dimensions if dimension.number == number)
