"""Bounds that the text of a code sets, `输出功率超过37.5瓦，但不超过750瓦`, held against declared quantities (M12). Data: `bounds.toml`."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache

from ecid.scoring.elements.kinds import Label, label_of
from ecid.scoring.elements.quantities import Measure, converted, measures
from ecid.scoring.elements.text import CACHE, plain, table

_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_UPPER = ("不超过", "未超过", "不大于", "不高于", "不多于", "小于", "低于", "少于", "不足")
_LOWER = ("超过", "大于等于", "大于", "高于", "多于", "不小于", "不低于", "不少于", "至少", "不细于")
_WORDS = "|".join(sorted((*_UPPER, *_LOWER, "小于等于", "在", ""), key=len, reverse=True))
_NEAR = re.compile(rf"(?P<word>{_WORDS})\s*(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>[^\d\s,;:，、但及的以]*)(?P<tail>及?以[上下]|)")
_BUT = re.compile(r"\s*[,、]?\s*但\s*$")
# 密度超过每立方厘米0.8克 → 密度超过0.8克/立方厘米
_PER = re.compile(r"每(立方厘米)(\d+(?:\.\d+)?)(克)")


@dataclass(frozen=True, slots=True)
class Bound:
    """`low`..`high` in the first unit of `dimension`; `text` is the clause as printed."""

    concept: str
    dimension: str
    low: float
    high: float
    text: str


@dataclass(frozen=True, slots=True)
class _Subject:
    concept: str
    subject: re.Pattern[str]
    units: re.Pattern[str]
    prefixes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """How a label is read for bounds: the quantity, its dimension, and which of several numbers is meant ("min", "max", "all")."""

    concept: str
    dimension: str
    pick: str
    least: int
    unit: str


@cache
def _subjects() -> tuple[_Subject, ...]:
    lead = str(table("bounds")["lead"]).removesuffix(r"\s*$")
    return tuple(
        _Subject(
            raw["concept"],
            re.compile(rf"{lead}\s*(?:{raw['subject']})\s*$" if raw["subject"] else r"(?:^|[,;:])\s*$"),
            re.compile(raw.get("units", ".*")),
            tuple(raw.get("prefixes", ())),
        )
        for raw in table("bounds")["bound"]
    )


@cache
def _skip() -> re.Pattern[str]:
    return re.compile(str(table("bounds")["skip"]))


def _bare_unit(dimension: str) -> str:
    """The unit of a number alone, for quantities that are stated so (seats, degrees Brix, specific gravity)."""
    return str(table("bounds")["bare_units"].get(dimension, ""))


def _limits(word: str, tail: str, value: float) -> tuple[float, float] | None:
    if word in (*_UPPER, "小于等于"):
        return -math.inf, value
    if word in _LOWER:
        return value, math.inf
    if tail.endswith("上"):
        return value, math.inf
    return (-math.inf, value) if tail.endswith("下") else None


def _concept(text: str, at: int, unit: str, code: str) -> str | None:
    before = text[max(0, at - 24) : at]
    for subject in _subjects():
        if subject.prefixes and not code.startswith(subject.prefixes):
            continue
        if subject.subject.search(before) and subject.units.fullmatch(unit):
            return subject.concept
    return None


def _clauses(text: str, code: str) -> Iterator[tuple[str, str, float, float]]:
    """(concept, unit, low, high) of each bound in one text of the code."""
    concept: str | None = None
    end = 0
    for match in _NEAR.finditer(text):
        limits = _limits(match["word"], match["tail"], float(match["number"]))
        if limits is None:
            continue
        start = match.start()
        own = _concept(text, start, match["unit"], code)
        if own is None and not (concept and _BUT.fullmatch(text, end, start)):
            concept = None
            continue
        concept, end = own or concept, match.end()
        clause = re.split(r"[,;:]", text[:start])[-1]
        if concept is not None and not _skip().search(clause):
            # "不细于232.56分特": not finer than is a weight per length of at least that much.
            yield concept, match["unit"], *limits


@lru_cache(maxsize=CACHE)
def bounds(code: str, name: str, path: tuple[str, ...]) -> tuple[Bound, ...]:
    """All bounds in the texts of a line; texts that leave two ways open (或) give none."""
    found: list[Bound] = []
    if code.startswith(tuple(table("bounds")["skip_prefixes"])):
        return ()
    for raw in (*path, name):
        text = _PER.sub(r"\2\3/\1", _BRACKETS.sub("", plain(raw)))
        for concept, unit, low, high in _clauses(text, code):
            for dimension in _dimensions(concept):
                edges = [math.copysign(math.inf, v) if math.isinf(v) else converted(Measure(v, unit or _bare_unit(dimension)), dimension) for v in (low, high)]
                if edges[0] is not None and edges[1] is not None:
                    found.append(Bound(concept, dimension, edges[0], edges[1], plain(raw).strip(" :;")))
    return tuple(found)


@cache
def _dimensions(concept: str) -> tuple[str, ...]:
    for raw in table("kinds")["kind"]:
        if raw.get("concept") == concept:
            return tuple(raw["dimensions"])
    return tuple(read["dimension"] for raw in table("bounds")["combined"] for read in raw["reads"] if read["concept"] == concept)


@cache
def readings(label: str, code: str) -> tuple[Reading, ...]:
    """The quantities that a label asks for, as bounds know them."""
    taken: Label = label_of(label)
    found = [
        Reading(read["concept"], read["dimension"], read["pick"], read["least"], "")
        for raw in table("bounds")["combined"]
        if re.fullmatch(raw["base"], taken.base)
        and re.search(raw["brackets"], taken.brackets)
        and (not raw.get("prefixes") or code.startswith(tuple(raw["prefixes"])))
        for read in raw["reads"]
    ]
    quantity = taken.quantity
    if quantity is not None and taken.kind == "quantity":
        found += [Reading(quantity.concept, dimension, "all", 1, quantity.unit) for dimension in quantity.dimensions]
    return tuple(found)


def _values(reading: Reading, value: str, bare: str) -> list[float]:
    """The numbers of `value` in the dimension of the reading; `bare` is the unit of numbers without one ("" for none)."""
    numbers = [measure if measure.unit or not bare else Measure(measure.value, bare) for measure in measures(value)]
    found = [number for measure in numbers if (number := converted(measure, reading.dimension)) is not None]
    if len(found) < reading.least:
        return []
    return {"min": [min(found)], "max": [max(found)]}.get(reading.pick, found)


@lru_cache(maxsize=CACHE)
def outside(label: str, value: str, code: str, name: str, path: tuple[str, ...]) -> Bound | None:
    """The bound that the declared quantity clearly misses (beyond rounding); None where it holds, or nothing can be compared."""
    set_bounds = bounds(code, name, path)
    if not set_bounds:
        return None
    tolerance = float(table("bounds")["tolerance"])
    for reading in readings(label, code):
        matching = [bound for bound in set_bounds if bound.concept == reading.concept and bound.dimension == reading.dimension]
        if not matching:
            continue
        for bound in matching:
            values = _values(reading, value, reading.unit or _bare_unit(reading.dimension))
            if values and all(v < bound.low * (1 - tolerance) or v > bound.high * (1 + tolerance) for v in values):
                return bound
    return None
