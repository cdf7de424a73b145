"""Numbers with units in free text: `measures("10*20*30mm")` are three lengths. Data: `units.toml`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache

from ecid.scoring.elements.text import CACHE, plain, table

_NUMBER = r"(?<![\d.])\d{1,3}(?:,\d{3})+(?:\.\d+)?|(?<![\d.])\d+(?:\.\d+)?"
# A unit holds backwards over a product, range or list of numbers: 10*20*30mm, 5~8kg, 450/750V.
_JOINED = re.compile(r"\s*(?:[*×xX~\-/:+±、,至到]|--|—|–)\s*[φΦØ]?\s*")


@dataclass(frozen=True, slots=True)
class Measure:
    """A number of the text and the unit behind it, as written there ("" where none is known)."""

    value: float
    unit: str


@cache
def _factors() -> dict[tuple[str, str], float]:
    """(dimension, unit) to the factor; negative for inverse units (yarn counts), 0 for units that are not converted. Capitals matter only where
    two units of a dimension differ by them, so the small spelling stands beside the table's own."""
    exact: dict[tuple[str, str], float] = {}
    for dimension, entry in table("units").items():
        for name, sign in (("units", 1.0), ("inverse", -1.0)):
            exact |= {(dimension, plain(unit)): sign * factor for unit, factor in entry.get(name, {}).items()}
        exact |= {(dimension, plain(unit)): 0.0 for unit in entry.get("opaque", ())}
    return {(dimension, unit.lower()): factor for (dimension, unit), factor in exact.items()} | exact


@cache
def _tokens() -> re.Pattern[str]:
    names = sorted({unit for _, unit in _factors()}, key=len, reverse=True)
    units = "|".join(re.escape(name) + (r"(?![A-Za-z])" if name[-1].isascii() and name[-1].isalpha() else "") for name in names)
    return re.compile(rf"(?P<number>{_NUMBER})(?:\s*(?P<unit>{units}))?", re.IGNORECASE)


def _factor(dimension: str, unit: str) -> float | None:
    factors = _factors()
    return factors.get((dimension, unit), factors.get((dimension, unit.lower())))


@lru_cache(maxsize=CACHE)
def measures(text: str) -> tuple[Measure, ...]:
    """All numbers of `text` in order, each with its unit; numbers joined by *, ~, / and the like share the unit that follows them."""
    text = plain(text)
    matches = list(_tokens().finditer(text))
    found = [Measure(float(match["number"].replace(",", "")), match["unit"] or "") for match in matches]
    for i in range(len(found) - 2, -1, -1):
        if not found[i].unit and found[i + 1].unit and _JOINED.fullmatch(text, matches[i].end(), matches[i + 1].start()):
            found[i] = Measure(found[i].value, found[i + 1].unit)
    return tuple(found)


def belongs(unit: str, dimensions: tuple[str, ...]) -> bool:
    """Whether `unit` measures one of `dimensions`."""
    return any(_factor(dimension, unit) is not None for dimension in dimensions)


def converted(measure: Measure, dimension: str) -> float | None:
    """The value in the first unit of `dimension`; None where the unit is of another dimension or has no fixed size."""
    factor = _factor(dimension, measure.unit)
    if not factor or (factor < 0 and measure.value == 0):
        return None
    return measure.value * factor if factor > 0 else -factor / measure.value
