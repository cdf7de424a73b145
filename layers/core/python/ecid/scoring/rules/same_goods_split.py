"""`SAME_GOODS_SPLIT`: one product under more than one eight-digit code (score.md, dimension 5).

The heaviest code of a product is taken as its code, lines under another code need review. After a lasting one-way switch the new code is the product's code and
earlier lines count half: correcting must never cost. A change of code that a new nomenclature forced is no split.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import polars as pl

from ecid.scoring.policy import PPM, Policy

CODE = "SAME_GOODS_SPLIT"
DIMENSION = 5

SuccessorOf = Callable[[str, date, str, date], bool]
"""Whether the second code (on its day) only continues the first one (on its day) under a newer nomenclature."""


@dataclass(frozen=True, slots=True)
class _Use:
    """One code of one product."""

    code: str
    weight: int
    lines: int
    first: date
    last: date


def split_defects(lines: pl.DataFrame, policy: Policy, successor: SuccessorOf) -> pl.DataFrame:
    """Defects of the lines of products with more than one code.

    `lines`: `at` (row), `key` (product key, "" for none), `code8`, `day`, `w`. Returns `at`, `x` (millionths), `product_code`
    (the code taken as the product's).
    """
    keyed = lines.filter(pl.col("key") != "")
    split = keyed.group_by("key").agg(pl.col("code8").n_unique().alias("codes")).filter(pl.col("codes") > 1).select("key")
    rows = keyed.join(split, on="key", how="semi").sort("key", "day", "at")
    found: list[tuple[int, int, str]] = []
    for group in rows.partition_by("key", maintain_order=True):
        found += _judge(group, policy, successor)
    return pl.DataFrame(found, schema={"at": lines.schema["at"], "x": pl.Int64, "product_code": pl.Categorical}, orient="row")


def _judge(group: pl.DataFrame, policy: Policy, successor: SuccessorOf) -> list[tuple[int, int, str]]:
    uses = [
        _Use(*row)
        for row in group.group_by("code8", maintain_order=True)
        .agg(pl.col("w").sum(), pl.len().alias("lines"), pl.col("day").min().alias("first"), pl.col("day").max().alias("last"))
        .iter_rows()
    ]
    switched_to, since = _lasting_switch(group, policy)
    ours = switched_to or min(uses, key=lambda use: (-use.weight, -use.lines, use.first, use.code)).code
    own = next(use for use in uses if use.code == ours)
    forced = {use.code for use in uses if successor(use.code, use.last, ours, own.first) or successor(ours, own.last, use.code, use.first)}
    defect = policy.earlier_lines_ppm if since else PPM
    return [
        (at, defect, ours)
        for at, code, day in group.select("at", "code8", "day").iter_rows()
        if code != ours and code not in forced and (since is None or day < since)
    ]


def _lasting_switch(group: pl.DataFrame, policy: Policy) -> tuple[str, date | None]:
    """The code that the product was switched to for good and the first day on which it stood alone; ("", None) where there was no such switch."""
    by_day = (
        group.group_by("day", maintain_order=True).agg(pl.col("code8").unique().sort().alias("codes"), pl.len().alias("lines")).sort("day", descending=True)
    )
    days = list(by_day.iter_rows())
    last_codes = days[0][1]
    if len(last_codes) > 1:
        return "", None
    alone = []
    for day, codes, lines in days:
        if codes != last_codes:
            break
        alone.append((day, lines))
    since, until = alone[-1][0], alone[0][0]
    used_before = any(last_codes[0] in codes for _, codes, _ in days[len(alone) :])
    if used_before or (sum(lines for _, lines in alone) < policy.switch_lines and (until - since).days < policy.switch_days):
        return "", None
    return last_codes[0], since
