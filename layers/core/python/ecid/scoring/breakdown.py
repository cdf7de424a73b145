"""The ledger read along other axes: by dimension, code, product, manufacturer, declarant and month; each adds up to what is missing (score.md, "explain").

The points of a finding are split over the values of an axis as they are over its lines (Σ w · x ÷ rules failed), by largest remainder. So the entries of an
axis add up to the findings, and those of codes and products are sums of whole findings.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import lcm
from typing import Any, Literal, get_args

import polars as pl

from ecid.errors import Language
from ecid.scoring.engine import Run
from ecid.scoring.ledger import Identity, identified
from ecid.scoring.result import Result
from ecid.scoring.shares import allot
from ecid.scoring.wording import dimension_name

Axis = Literal["dimension", "code", "product", "manufacturer", "declarant", "month"]
Order = Literal["points", "value"]
AXES: tuple[Axis, ...] = get_args(Axis)
SHOWN = 20
"""Entries of an axis that are shown one by one, as in the health scan."""
_FINDING = ("rule", "key", "code8")
_LINE = 8
_VALUES: Mapping[Axis, pl.Expr] = {
    "code": pl.col("code8"),
    "product": pl.when(pl.col("key") == "").then("name").otherwise("key"),
    "manufacturer": pl.col("manufacturer"),
    "declarant": pl.col("declarant"),
    "month": pl.col("day").dt.strftime("%Y-%m"),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """What is missing at one value of an axis: eight digits, a product key, a name as declared (empty: none declared), `2025-03`, or a dimension's number.

    `points_micro` is None while data are insufficient. `lines` of the period stand at this value (at a dimension: all of them), `concerned` of these have a
    finding, `value_fen` is what they are worth in RMB fen. `label` is the goods' name of a product.
    """

    value: str
    label: str
    points_micro: int | None
    lines: int
    concerned: int
    value_fen: int


@dataclass(frozen=True, slots=True)
class Breakdown:
    """One axis. Σ entries + `caps_micro` is what is missing of 100 points, exactly; costliest first."""

    axis: Axis
    entries: tuple[Entry, ...]
    caps_micro: int


def breakdowns(run: Run) -> tuple[Breakdown, ...]:
    """The ledger of a run along every axis, in the order of `AXES`."""
    lines = run.judgements.lines
    rows = identified(lines, run.defects)
    caps = sum(cap.points_micro for cap in run.result.caps)
    return tuple(Breakdown(axis, tuple(sorted(_entries(axis, lines, rows, run.result), key=_order("points"))), caps) for axis in AXES)


def leading(breakdown: Breakdown, count: int, by: Order = "points") -> tuple[tuple[Entry, ...], Entry | None]:
    """The first `count` entries by points lost or by value (ties: lines, then the value itself), and all others as one, None where there are none."""
    entries = sorted(breakdown.entries, key=_order(by))
    return tuple(entries[:count]), _together(entries[count:]) if len(entries) > count else None


def to_json(found: Iterable[Breakdown], lang: Language, count: int = SHOWN) -> dict[str, Any]:
    """The axes by name, with the `count` costliest entries and the rest as one; and `code_by_value`, the codes of the highest value (health scan)."""
    axes = {breakdown.axis: breakdown for breakdown in found}
    shown = {str(axis): _json(breakdown, leading(breakdown, count), lang) for axis, breakdown in axes.items()}
    return shown | ({"code_by_value": _json(axes["code"], leading(axes["code"], count, "value"), lang)} if "code" in axes else {})


def _json(breakdown: Breakdown, shown: tuple[tuple[Entry, ...], Entry | None], lang: Language) -> dict[str, Any]:
    entries, rest = shown
    return {
        "entries": [_entry_json(breakdown.axis, entry, lang) for entry in entries],
        "rest": _entry_json(breakdown.axis, rest, lang) if rest else None,
        "others": len(breakdown.entries) - len(entries),
        "caps_micro": breakdown.caps_micro,
    }


def _entry_json(axis: Axis, entry: Entry, lang: Language) -> dict[str, Any]:
    label = dimension_name(int(entry.value))[lang] if axis == "dimension" and entry.value else entry.label
    return asdict(entry) | {"label": label}


def _order(by: Order) -> Callable[[Entry], tuple[int, int, int, str]]:
    if by == "value":
        return lambda entry: (-entry.value_fen, -entry.lines, 0, entry.value)
    return lambda entry: (-(entry.points_micro or 0), -entry.concerned, -entry.lines, entry.value)


def _together(entries: Sequence[Entry]) -> Entry:
    """Many entries as one. Lines that stand at several values (dimensions) are counted at each."""
    points = None if any(entry.points_micro is None for entry in entries) else sum(entry.points_micro or 0 for entry in entries)
    return Entry("", "", points, *(sum(getattr(entry, name) for entry in entries) for name in ("lines", "concerned", "value_fen")))


def _entries(axis: Axis, lines: pl.DataFrame, rows: pl.DataFrame, result: Result) -> Iterator[Entry]:
    values = None if axis == "dimension" else lines.select(_VALUES[axis].cast(pl.String).fill_null("")).to_series()
    own = rows["dimension"].cast(pl.String) if values is None else values.gather(rows["at"])
    rows = rows.with_columns(entry=own)
    points = _points(axis, rows, result)
    counted = rows.filter(lines["in_period"].gather(rows["at"]))
    concerned = dict(counted.group_by("entry").agg(pl.col("at").n_unique()).iter_rows())
    for value, label, count, fen in _held(values, lines, result):
        told = None if result.insufficient_data else points.get(value, 0)
        yield Entry(value, label if axis == "product" else "", told, count, concerned.get(value, 0), fen)


def _held(values: pl.Series | None, lines: pl.DataFrame, result: Result) -> Iterable[tuple[str, str, int, int]]:
    """What stands at each value: the value, the name of its first line, how many lines of the period, and their worth."""
    inside = lines.filter("in_period").select("name", pl.col("value").cast(pl.Int128))
    if values is None:
        judged = [dimension.number for dimension in result.dimensions if dimension.state == "judged"]
        return [(str(number), "", len(inside), int(inside["value"].sum())) for number in judged]
    inside = inside.with_columns(entry=values.filter(lines["in_period"]))
    held = inside.group_by("entry", maintain_order=True).agg(pl.col("name").first().cast(pl.String), pl.len(), pl.col("value").sum())
    return held.iter_rows()


def _points(axis: Axis, rows: pl.DataFrame, result: Result) -> Mapping[str, int]:
    """Points by value of the axis: those of each finding in each dimension, split by what its lines claim of them."""
    sums = rows.group_by("dimension", *_FINDING, "entry", "failed").agg((pl.col("w") * pl.col("x")).sum().alias("claim"))
    # In whole numbers: every claim is a sum of quotients by how many rules a line failed.
    scale = lcm(*sums["failed"].unique().to_list())
    claims: dict[tuple[Identity, int], dict[str, int]] = defaultdict(dict)
    for number, rule, key, code8, entry, failed, claim in sums.sort("dimension", *_FINDING, "entry", "failed").iter_rows():
        held = claims[(rule, key, code8), number]
        held[entry] = held.get(entry, 0) + claim * (scale // failed)
    points: dict[str, int] = defaultdict(int)
    for finding in result.findings:
        for number, lost in finding.points_by_dimension.items():
            claimed = claims[(finding.rule, finding.product_key, finding.code[:_LINE]), number] if lost else {}
            for entry, given in zip(claimed, allot(lost, list(claimed.values())), strict=True):
                points[entry] += given
    return points
