"""Limits that the wording of codes sets to a measure (`of an output not exceeding 750 W`), and the measures that descriptions state."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import Any

from ecid.knowledge.candidates.goods import Goods

PARTS = 1_000
"""A base unit's parts, in which measures are whole numbers."""
UNBOUNDED = 10**15
SHARE = "share"
_AROUND = 40
"""Characters of wording before a limit in which what it limits is named."""
_NEAR = 14
_SEPARATORS = re.compile(r"[,;:，、；：](?!\s*$)")
_EXCEPTED = re.compile(r"\((?:other than|excluding|except)[^()]*\)|\bother than (?:in|of|for)[^,;›]*")


@dataclass(frozen=True, slots=True)
class Measure:
    """`units` to base units; `named` where a unit does not tell the measure, but `words` next to the number; `inherited` where headings speak for codes."""

    name: str
    named: bool
    inherited: bool
    words: tuple[str, ...]
    units: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class Limit:
    """From `low` to `high`, both within, in thousandths of the measure's base unit."""

    measure: str
    low: int
    high: int


@cache
def load_measures() -> tuple[Measure, ...]:
    """The reviewed measures."""
    return tuple(
        Measure(row["name"], row["named"], row["inherited"], tuple(row["words"]), {unit: Decimal(factor) for unit, factor in row["units"].items()})
        for row in _table()["measure"]
    )


def limits_of(own: str, above: str = "") -> list[Limit]:
    """What English wording, and that above it, says of each measure: where it says several things, all of them. Those that leave nothing say nothing."""
    inherited = {measure.name for measure in load_measures() if measure.inherited}
    said = list(_limits(own)) + [limit for limit in _limits(above) if limit.measure in inherited]
    found: dict[str, tuple[int, int]] = {}
    for limit in said:
        low, high = found.get(limit.measure, (-UNBOUNDED, UNBOUNDED))
        found[limit.measure] = (max(low, limit.low), min(high, limit.high))
    return [Limit(measure, low, high) for measure, (low, high) in found.items() if low <= high]


def _limits(wording: str) -> Iterator[Limit]:
    text = _EXCEPTED.sub(" ", _plain(wording))
    for match in _limit().finditer(text):
        bound = next(row for row in _table()["bound"] if match["before"] in row["before"] or (match["after"] and match["after"] in row["after"]))
        for measure in _measures(match["unit"], text[max(0, match.start() - _AROUND) : match.start("number")], text[match.end("unit") : match.end() + _NEAR]):
            at = _parts(match["number"], measure, match["unit"])
            open_by = int(bound["open"])
            yield Limit(measure.name, at + open_by, UNBOUNDED) if bound["side"] == "low" else Limit(measure.name, -UNBOUNDED, at - open_by)


def stated(goods: Goods) -> dict[str, int]:
    """By measure, what a description states, in thousandths of its base unit: the one number that it names so, else the only one of its kind."""
    found: dict[str, list[tuple[int, str]]] = {}
    for label, value in goods.declared:
        text = _plain(value)
        for match in _quantity().finditer(text):
            before, after = f"{label.lower()} {text[: match.start()]}"[-_NEAR:], text[match.end() : match.end() + _NEAR]
            around = f"{_SEPARATORS.split(before)[-1]} {_SEPARATORS.split(after)[0]}"
            for measure in _measures(match["unit"], before, after):
                if measure.name != SHARE:
                    found.setdefault(measure.name, []).append((_parts(match["number"], measure, match["unit"]) + _past(before, after), around))
    told = ((measure.name, _one(found[measure.name], measure.words)) for measure in load_measures() if measure.name in found)
    return {name: number for name, number in told if number is not None}


def _past(before: str, after: str) -> int:
    """1 for goods that are over the number, -1 for those under it."""
    over, under = (
        before.rstrip().endswith(tuple(row["before"])) or after.lstrip().startswith(tuple(row["after"]))
        for row in (_table()["described"]["over"], _table()["described"]["under"])
    )
    return int(over) - int(under)


def _one(found: Sequence[tuple[int, str]], words: Sequence[str]) -> int | None:
    """The only number there is, else the only one that stands by the first of the words that any stands by."""
    for own in ({number for number, _ in found}, *({number for number, around in found if word in around} for word in words)):
        if len(own) == 1:
            return next(iter(own))
    return None


def _measures(unit: str, before: str, after: str) -> list[Measure]:
    """Those of a unit; of measures that share their units, the one that is named nearest to the number, by the name before it rather than after it."""
    own = [measure for measure in load_measures() if unit in measure.units]
    before, after = _SEPARATORS.split(before)[-1], _SEPARATORS.split(after)[0]
    near = [(2 * (len(before) - before.rfind(word) - len(word)), measure.name) for measure in own if measure.named for word in measure.words if word in before]
    near += [(2 * after.find(word) + 1, measure.name) for measure in own if measure.named for word in measure.words if word in after]
    return [measure for measure in own if not measure.named or (near and measure.name == min(near)[1])]


def _parts(number: str, measure: Measure, unit: str) -> int:
    return min(UNBOUNDED, int(Decimal(number.replace(",", "")) * measure.units[unit] * PARTS))


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).lower()


@cache
def _table() -> Mapping[str, Any]:
    return tomllib.loads(resources.files(__package__).joinpath("limits.toml").read_text("utf-8"))


_DIGITS = r"(?P<number>\d{1,3}(?:,\d{3}){1,3}(?:\.\d{1,6})?|\d{1,9}(?:\.\d{1,6})?)"


@cache
def _unit() -> str:
    units = sorted({unit for measure in load_measures() for unit in measure.units}, key=len, reverse=True)
    return rf"(?P<unit>{'|'.join(re.escape(unit) for unit in units)})(?![a-z0-9/])"


@cache
def _quantity() -> re.Pattern[str]:
    """A number with its unit; neither a measure of several (10x20 cm) nor a stretch (30-50 W)."""
    return re.compile(rf"(?<![\d.,a-z~*/×x-])(?<![\d.][ ~*/×x-]){_DIGITS}\s*{_unit()}(?!\s*[x×*~/-]\s*\d)")


@cache
def _limit() -> re.Pattern[str]:
    before, after = (_either([word for row in _table()["bound"] for word in row[side]]) for side in ("before", "after"))
    return re.compile(rf"(?:(?<![a-z])(?P<before>{before})\s+)?(?<![\d.,]){_DIGITS}\s*{_unit()}(?(before)|\s+(?P<after>{after}))")


def _either(words: Sequence[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
