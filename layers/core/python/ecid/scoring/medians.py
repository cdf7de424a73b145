"""Values far from what is usual for the same goods: median and median absolute deviation (MAD) of the lines that have a say."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from ecid.scoring.policy import PPM, Spread


def beside_median(frame: pl.DataFrame, group: Sequence[str], spread: Spread) -> pl.DataFrame:
    """The rows of `frame` whose group has enough values, with the `median` of the group and the `bound` that a value may be away from it.

    `frame` has the columns `group`, `value` (float) and `say` (whether a row counts among the values).
    """
    heard = frame.filter("say")
    medians = heard.group_by(group).agg(pl.col("value").median().alias("median"), pl.len().alias("lines")).filter(pl.col("lines") >= spread.lines).drop("lines")
    beside = heard.join(medians, on=group, how="inner", nulls_equal=True).with_columns(away=(pl.col("value") - pl.col("median")).abs())
    mads = beside.group_by(group).agg(pl.col("away").median().alias("mad"))
    share = pl.col("median").abs() * (spread.share_ppm / PPM)
    bounds = medians.join(mads, on=group, how="inner", nulls_equal=True).with_columns(bound=pl.max_horizontal(pl.col("mad") * spread.mads, share)).drop("mad")
    return frame.join(bounds, on=group, how="inner", nulls_equal=True)


def is_far() -> pl.Expr:
    """Whether a row of `beside_median` lies outside; what rounding in the last binary places may have moved does not."""
    return (pl.col("value") - pl.col("median")).abs() > pl.col("bound") * (1 + 1e-9)
