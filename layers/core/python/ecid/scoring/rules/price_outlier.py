"""`PRICE_OUTLIER`: a unit price far from what is usual for the same goods (score.md, dimension 8).

In RMB for the declared unit: the price stated and total ÷ quantity, either of which may be off. What is usual comes from the prices stated, and from total ÷
quantity where none is. Lines without a rate for their currency are not judged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from ecid.scoring.medians import beside_median, far
from ecid.scoring.policy import Policy
from ecid.scoring.rule import Evidence, LineRule, LineVerdict, facts_of_lines
from ecid.scoring.units import unit_name
from ecid.scoring.wording import figure, phrase

_DECIMALS = 4  # of prices and totals, as declarations carry
_GROUP = ("key", "unit")
_SHOWN = ("unit", "currency", "price", "total", "quantity", "by_total", "value", "median", "bound")


def _check(lines: pl.DataFrame, policy: Policy) -> LineVerdict:
    stated, quotient = pl.col("price_e4") / 10_000, pl.when(pl.col("quantity_e5") > 0).then(pl.col("total_e4") * 10.0 / pl.col("quantity_e5"))
    priced = lines.select("at", *_GROUP, "rate", say="weighed", price=stated, quotient=quotient)
    priced = priced.filter((pl.col("key") != "") & pl.any_horizontal(pl.col("price", "quotient").is_not_null()))
    value = pl.coalesce("price", "quotient") * pl.col("rate")
    beside = beside_median(priced.filter(pl.col("rate") > 0).with_columns(value=value), _GROUP, policy.price_outlier)
    failed = pl.concat([_far(beside, policy), _far_by_total(beside, lines, policy)]).unique("at", keep="first", maintain_order=True).sort("at")
    unrated = priced.filter((pl.col("rate") <= 0) & (pl.len().over(_GROUP) >= policy.price_outlier.lines))
    figures = lines.select("unit", "currency", price=stated, total=pl.col("total_e4") / 10_000, quantity=pl.col("quantity_e5") / 100_000)[failed["at"]]
    facts = pl.concat([failed, figures], how="horizontal").select("at", *_SHOWN)
    return facts_of_lines(facts, pl.concat([beside["at"], unrated["at"]]), beside["at"])


def _far(beside: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """By the price stated, or by total ÷ quantity where none is."""
    return far(beside, policy.price_outlier).select("at", "value", "median", "bound", by_total=pl.col("price").is_null())


def _far_by_total(beside: pl.DataFrame, lines: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """By total ÷ quantity, where that is another price than the one stated."""
    other = beside.filter((pl.col("price") != pl.col("quotient")).fill_null(False)).with_columns(value=pl.col("quotient") * pl.col("rate"))
    found = far(other, policy.price_outlier)
    usual_total = found["median"] / found["rate"] * lines["quantity_e5"].gather(found["at"]) / 10
    certain = (lines["total_e4"].gather(found["at"]) - usual_total).abs() > policy.total_rounding_e4
    return found.filter(certain).select("at", "value", "median", "bound", by_total=pl.lit(True))


def _evidence(line: Mapping[str, Any]) -> Sequence[Evidence]:
    figures = {
        "price_rmb": line["value"],
        "median_rmb": line["median"],
        "lowest_rmb": max(line["median"] - line["bound"], 0.0),
        "highest_rmb": line["median"] + line["bound"],
    }
    rounded = {name: round(value, _DECIMALS) for name, value in figures.items()}
    unit, currency = unit_name(line["unit"] or ""), line["currency"]
    seen: object = f"{figure(line['price'] or 0.0, _DECIMALS)} {currency}"
    if line["by_total"]:
        seen = {lang: f"{figure(line['total'], _DECIMALS)} {currency} ÷ {figure(line['quantity'])} {name}".rstrip() for lang, name in unit.items()}
    which = "by_total" if line["by_total"] else "stated"
    expected = phrase(f"price_{which}", unit=unit, **{name: figure(value, _DECIMALS) for name, value in rounded.items()})
    return [{"kind": "price", "price": which, "seen": seen, "unit": line["unit"], **rounded, "expected": expected}]


RULE = LineRule("PRICE_OUTLIER", 8, _check, _evidence)
