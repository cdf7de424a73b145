"""What a run lost, laid out as a loss table: for every set of corrected findings what their lines would still lose.

A line whose findings are partly corrected keeps the defect that is left in the dimension: of missing elements none once they are stated, which are then judged
with the others; of elements without meaning those that are left (½ + ½ · failed ÷ judged); else the largest of what is left.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, timedelta

import polars as pl

from ecid.scoring.defects import SCHEMA
from ecid.scoring.engine import Run
from ecid.scoring.judging import JudgedGoods, element_defect
from ecid.scoring.ledger import identified
from ecid.scoring.loss_table import Charge, Contrary, Entry, LossTable
from ecid.scoring.policy import PPM, Policy
from ecid.scoring.result import Result
from ecid.scoring.routes import months_after
from ecid.scoring.rules import GOODS_RULES, RULE_DIMENSIONS
from ecid.scoring.rules.ruling_conflict import CODE as RULING_CONFLICT

_MISSING = "ELEMENT_MISSING"
_OF_GOODS = [rule.code for rule in GOODS_RULES]
_Items = tuple[int, ...]
_Found = Iterator[tuple[int, int, _Items, int, Sequence[int]]]
"""Dimension, month of leaving, findings by place, weight, x by mask."""


def loss_table(made: Run, policy: Policy) -> LossTable:
    """The loss table of a run, its items the findings of the result."""
    result, lines = made.result, made.judgements.lines
    months = policy.period_months if _moves(result, policy) else 0
    rows = _placed(made, months)
    judged = {dimension.number for dimension in result.dimensions if dimension.state == "judged"}
    charged = rows.filter(pl.col("dimension").is_in(sorted(judged)) & (pl.col("w") > 0))
    sums: dict[tuple[int, int, _Items], list[int]] = {}
    of_goods = pl.col("rule").is_in(_OF_GOODS)
    for part in (_of_lines(charged.filter(~of_goods), made), _of_goods(charged.filter(of_goods), made.judgements.goods)):
        for dimension, leaves, items, weight, defects in part:
            total = sums.setdefault((dimension, leaves, items), [0] * len(defects))
            for mask, x in enumerate(defects):
                total[mask] += weight * x
    ids = tuple(finding.id for finding in result.findings)
    contrary = rows.filter((pl.col("rule") == RULING_CONFLICT) & lines["weighed"].gather(rows["at"]))
    return LossTable(
        as_of=result.as_of,
        months=months,
        total_weight=policy.total_weight,
        insufficient=result.insufficient_data,
        charges=tuple(Charge(one.number, one.weight, policy.total_weight * one.full_ppm) for one in policy.dimensions if one.number in judged),
        cap=policy.ruling_cap,
        items=ids,
        entries=tuple(
            Entry(dimension, leaves, tuple(ids[item] for item in items), tuple(left)) for (dimension, leaves, items), left in sorted(sums.items()) if left[0]
        ),
        contrary=tuple(
            Contrary(ids[item], leaves, count, weight)
            for item, leaves, count, weight in contrary.group_by("item", "leaves").agg(pl.len(), pl.col("w").sum()).sort("item", "leaves").iter_rows()
        ),
    )


def _moves(result: Result, policy: Policy) -> bool:
    """Whether the period is the policy's window, which moves with the day, not one that was asked for."""
    return result.period == (months_after(result.as_of, -policy.period_months) + timedelta(days=1), result.as_of)


def _placed(made: Run, months: int) -> pl.DataFrame:
    """The defects with `item`, the place of their finding, and `leaves`, the month in which the line leaves the window."""
    lines = made.judgements.lines
    identities = [(finding.rule, finding.product_key, finding.code[:8], place) for place, finding in enumerate(made.result.findings)]
    schema = {"rule": SCHEMA["rule"], "key": pl.String(), "code8": pl.String(), "item": pl.UInt32()}
    rows = identified(lines, made.defects).with_columns(pl.col("key", "code8").cast(pl.String))
    rows = rows.with_columns(leaves=_leaving(lines["day"], made.result.as_of, months).gather(rows["at"]))
    return rows.join(pl.DataFrame(identities, schema=schema, orient="row"), on=["rule", "key", "code8"], how="left", maintain_order="left")


def _leaving(days: pl.Series, as_of: date, months: int) -> pl.Series:
    """After how many months from the day of the run each day lies outside the window (lower < declared, months counted as there); 0 for no window."""
    if not months:
        return pl.Series([0], dtype=pl.Int32).new_from_index(0, len(days))
    # One more than the window has: a run on 29 February looks ahead to 28 February, when the day itself has not left yet.
    lower = [months_after(months_after(as_of, ahead), -months) for ahead in range(1, months + 2)]
    distinct = days.unique().to_list()
    return days.replace_strict(distinct, [bisect_left(lower, day) + 1 for day in distinct], return_dtype=pl.Int32)


def _of_lines(rows: pl.DataFrame, made: Run) -> _Found:
    """Findings on codes, split products, figures and sources: of several on one line the largest defect counts."""
    stated = []
    for rule, found in made.defects.verdicts.items():
        own = pl.col("x") if "x" in found.failed.columns else pl.lit(PPM, pl.Int64)
        stated.append(found.failed.select("at", pl.lit(rule.code, SCHEMA["rule"]).alias("rule"), own.alias("own")))
    rows = rows.join(pl.concat(stated), on=["at", "rule"], how="left").with_columns(pl.coalesce("own", "x").alias("own"))
    together = rows.sort("at", "dimension", "item").group_by("at", "dimension", maintain_order=True).agg("item", "own", pl.col("w", "leaves").first())
    alike = together.group_by("dimension", "leaves", "item", "own", maintain_order=True).agg(pl.col("w").sum())
    for dimension, leaves, items, own, weight in alike.iter_rows():
        yield dimension, leaves, tuple(items), weight, _largest(own)


def _of_goods(rows: pl.DataFrame, goods: Sequence[JudgedGoods]) -> _Found:
    """Findings on elements. All lines of one goods and key fail by the same findings."""
    alike = rows.group_by("fact", "leaves", "key", "rule", "item").agg(pl.col("w").sum()).sort("fact", "leaves", "key", "rule")
    together: dict[tuple[int, int, str], dict[str, int]] = defaultdict(dict)
    weights: dict[tuple[int, int, str], int] = {}
    for fact, leaves, key, rule, item, weight in alike.iter_rows():
        together[fact, leaves, key][rule] = item
        weights[fact, leaves, key] = weight
    for (fact, leaves, key), items in together.items():
        weight = weights[fact, leaves, key]
        if _MISSING in items:
            yield 2, leaves, (items[_MISSING],), weight, (goods[fact].defects[2], 0)
        rules = sorted((rule for rule in items if RULE_DIMENSIONS[rule] == 3 or rule == _MISSING), key=items.__getitem__)
        if rules != [_MISSING] and 3 in goods[fact].defects:
            yield 3, leaves, tuple(items[rule] for rule in rules), weight, _meaningless(goods[fact], rules)


def _meaningless(item: JudgedGoods, rules: Sequence[str]) -> list[int]:
    """Dimension 3 of one goods by mask of corrected rules. Elements that were missing are judged with the others once they are stated."""
    stated = sum(1 for slot in item.goods.slots if slot.value)
    missing = len(item.failures.get(_MISSING, ()))
    places = [{failure.position for failure in item.failures[rule]} if rule != _MISSING else set() for rule in rules]

    def left(mask: int) -> int:
        failed = set().union(*(place for number, place in enumerate(places) if not mask >> number & 1))
        added = missing if _MISSING in rules and mask >> rules.index(_MISSING) & 1 else 0
        return element_defect(len(failed), stated + added)

    return [left(mask) for mask in range(1 << len(rules))]


def _largest(own: Sequence[int]) -> list[int]:
    """The largest defect that is left, by mask of corrected findings."""
    return [max((x for place, x in enumerate(own) if not mask >> place & 1), default=0) for mask in range(1 << len(own))]
