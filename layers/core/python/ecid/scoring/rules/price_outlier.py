"""`PRICE_OUTLIER`: a unit price far from what is usual for the same goods (score.md, dimension 8).

In RMB for the declared unit; the price stated, else total ÷ quantity. Lines without a rate for their currency are not judged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from ecid.scoring.medians import beside_median, is_far
from ecid.scoring.policy import Policy
from ecid.scoring.rule import Evidence, LineRule, LineVerdict, facts_of_lines
from ecid.scoring.units import unit_name
from ecid.scoring.wording import phrase

_GROUP = ("key", "unit")


def _check(lines: pl.DataFrame, policy: Policy) -> LineVerdict:
    quotient = pl.when(pl.col("quantity_e5") > 0).then(pl.col("total_e4") * 10.0 / pl.col("quantity_e5"))
    price = pl.coalesce(pl.col("price_e4") / 10_000, quotient)
    priced = lines.select("at", *_GROUP, "currency", "rate", say="weighed", price=price).filter((pl.col("key") != "") & pl.col("price").is_not_null())
    rated = priced.filter(pl.col("rate") > 0).with_columns(value=pl.col("price") * pl.col("rate"))
    beside = beside_median(rated, _GROUP, policy.price_outlier)
    failed = beside.filter(is_far()).select("at", "unit", "currency", "price", "value", "median", "bound")
    unrated = priced.filter((pl.col("rate") <= 0) & (pl.len().over(_GROUP) >= policy.price_outlier.lines))
    return facts_of_lines(failed, pl.concat([beside["at"], unrated["at"]]), beside["at"])


def _evidence(line: Mapping[str, Any]) -> Sequence[Evidence]:
    figures = {
        "price_rmb": line["value"],
        "median_rmb": line["median"],
        "lowest_rmb": max(line["median"] - line["bound"], 0.0),
        "highest_rmb": line["median"] + line["bound"],
    }
    rounded = {name: round(value, 4) for name, value in figures.items()}
    expected = phrase("price_range", unit=unit_name(line["unit"] or ""), **{name: str(value) for name, value in rounded.items()})
    return [{"kind": "price", "seen": f"{round(line['price'], 4)} {line['currency']}", "unit": line["unit"], **rounded, "expected": expected}]


RULE = LineRule("PRICE_OUTLIER", 8, _check, _evidence)
