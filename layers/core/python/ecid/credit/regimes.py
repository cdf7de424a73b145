"""The credit regimes of customs over time (海关企业信用管理): Orders 170, 225, 237, 251 and 282 of the General Administration of Customs.

All of it is data in `regimes.toml`, with how sure each fact is. Days are Beijing civil dates.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from ecid.errors import NotFound

Confidence = Literal["verified", "high", "medium", "low"]


@dataclass(frozen=True, slots=True)
class Level:
    """A credit level as one regime knows it. `aeo`: whether its holders are authorised economic operators under that regime."""

    code: str
    zh: str
    en: str
    aeo: bool


@dataclass(frozen=True, slots=True)
class ReviewCycle:
    """Every how many years customs review the holders of `level`. For information only: due dates come from the source."""

    level: str
    years: int
    confidence: Confidence


@dataclass(frozen=True, slots=True)
class Regime:
    """One order, in force from `in_force_from` to `in_force_to`, both inclusive (None: still in force). `levels` from best to worst."""

    order: int
    zh: str
    en: str
    in_force_from: date
    in_force_to: date | None
    levels: tuple[Level, ...]
    aeo_confidence: Confidence
    review: ReviewCycle | None
    confidence: Confidence

    def level(self, code: str) -> Level | None:
        """The level of that code, or None where this regime knows no such level."""
        return next((level for level in self.levels if level.code == code), None)


@dataclass(frozen=True, slots=True)
class Reading:
    """How a level reads on a day. `level` is None where customs determine it anew; `steps` say in zh and en what each change of regime did.

    `confidence` is that of the least certain step.
    """

    level: Level | None
    confidence: Confidence
    steps: tuple[tuple[str, str], ...] = ()


@cache
def regimes() -> tuple[Regime, ...]:
    """All regimes, oldest first."""
    names = _data()["levels"]
    return tuple(_regime(entry, names) for entry in _data()["regimes"])


def regime_on(day: date) -> Regime:
    """The regime in force on `day`. `NotFound` before 1 April 2008."""
    for regime in regimes():
        if regime.in_force_from <= day and (regime.in_force_to is None or day <= regime.in_force_to):
            return regime
    raise NotFound(what=f"credit regime / 海关信用管理办法 {day.isoformat()}")


def read_level(code: str, granted_on: date, day: date) -> Reading | None:
    """How a level granted on `granted_on` reads on `day` (not before it). None where the regime of `granted_on` has no such level."""
    level: Level | None = regime_on(granted_on).level(code)
    if level is None:
        return None
    granting, confidences, steps = regime_on(granted_on), ["verified"], []
    for regime in regimes():
        if regime.order <= granting.order or regime.in_force_from > day or level is None:
            continue
        step = next(entry for entry in _data()["readings"] if entry["into"] == regime.order and entry["from"] == level.code)
        level = regime.level(step["to"]) if "to" in step else None
        confidences.append(step["confidence"])
        steps.append((step["zh"], step["en"]))
    return Reading(level, _least(confidences), tuple(steps))


_CONFIDENCES: tuple[Confidence, ...] = ("low", "medium", "high", "verified")


def _least(confidences: list[str]) -> Confidence:
    return next(confidence for confidence in _CONFIDENCES if confidence in confidences)


def _regime(entry: dict[str, Any], names: dict[str, dict[str, str]]) -> Regime:
    review = entry.get("review")
    return Regime(
        order=entry["order"],
        zh=entry["zh"],
        en=entry["en"],
        in_force_from=entry["in_force_from"],
        in_force_to=entry.get("in_force_to"),
        levels=tuple(Level(code, names[code]["zh"], names[code]["en"], code in entry["aeo"]) for code in entry["levels"]),
        aeo_confidence=entry["aeo_confidence"],
        review=ReviewCycle(**review) if review else None,
        confidence=entry["confidence"],
    )


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath("regimes.toml").read_text("utf-8"))
