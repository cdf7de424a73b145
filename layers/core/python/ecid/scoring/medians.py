"""Values far from what is usual for the same goods: median and median absolute deviation (MAD) of the lines that have a say."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from ecid.scoring.policy import PPM, Few, Spread

_EXACT = 1 + 1e-9
"""What rounding in the last binary places may have moved is not outside."""


def beside_median(frame: pl.DataFrame, group: Sequence[str], spread: Spread) -> pl.DataFrame:
    """The rows of `frame` whose group has enough values, with the `median` of the group, the `bound` that a value may be away from it, and `lines`, how
    many values the group has. The columns of the group are replaced by its number, `group`.

    `frame` has the columns `group`, `value` (float) and `say` (whether a row counts among the values).
    """
    medians = frame.filter("say").group_by(group).agg(pl.col("value").median().alias("median"), pl.len().alias("lines"))
    medians = medians.filter(pl.col("lines") >= spread.lines).with_row_index("group")
    rows = frame.join(medians, on=group, how="inner", nulls_equal=True).drop(group)
    mads = rows.filter("say").group_by("group").agg((pl.col("value") - pl.col("median")).abs().median().alias("mad"))
    share = pl.col("median").abs() * (spread.share_ppm / PPM)
    bounds = medians.join(mads, on="group", how="inner").select("group", bound=pl.max_horizontal(pl.col("mad") * spread.mads, share))
    return rows.join(bounds, on="group", how="inner")


def far(rows: pl.DataFrame, spread: Spread) -> pl.DataFrame:
    """The rows of `beside_median` that lie outside the bound and not at a level of their own.

    Where enough lines with a say lie outside together, within `level_ppm` of a value, that is another lasting level (a price that fell and stayed, a second
    pack size), and a line there is left alone.
    """
    outside = rows.filter((pl.col("value") - pl.col("median")).abs() > pl.col("bound") * _EXACT).sort("value")
    heard = outside.filter(pl.col("say") & (pl.col("value") > 0)).select("group", "value", heard=pl.int_range(pl.len(), dtype=pl.UInt32).over("group"))
    if heard.is_empty():
        return outside
    width = spread.level_ppm / PPM
    near = outside.with_columns(low=pl.col("value") * (1 - width), high=pl.col("value") * (1 + width))
    for end, first in (("low", True), ("high", False)):
        found = heard.rename({"value": end, "heard": f"{end}_heard"})
        near = near.sort(end).join_asof(found, on=end, by="group", strategy="forward" if first else "backward", check_sortedness=False)
    together = (pl.col("high_heard").cast(pl.Int64) - pl.col("low_heard").cast(pl.Int64) + 1).fill_null(0)
    enough = (together >= spread.level_lines) & (together * PPM >= pl.col("lines").cast(pl.Int64) * spread.level_share_ppm)
    return near.filter((pl.col("value") <= 0) | ~enough).drop("low", "high", "low_heard", "high_heard")


def beside_few(frame: pl.DataFrame, group: Sequence[str], few: Few) -> pl.DataFrame:
    """The rows of `frame`, as for `beside_median`, whose group has values enough for what is grossly off, with `median`, `bound` and `far`.

    Most of the values, and `few.agree` at least, must stand together, less than `few.within` times their median; far is `few.times` as much or as little.
    """
    heard = frame.filter(pl.col("say") & (pl.col("value") > 0))
    middle = pl.col("value").median().over(group)
    near = (pl.col("value") < middle * few.within) & (pl.col("value") * few.within > middle)
    agreed = heard.filter(near.sum().over(group) >= pl.max_horizontal(pl.lit(few.agree), pl.len().over(group) // 2 + 1))
    medians = agreed.group_by(group).agg(pl.col("value").median().alias("median"))
    rows = frame.join(medians, on=group, how="inner", nulls_equal=True)
    far = (pl.col("value") >= pl.col("median") * few.times) | (pl.col("value") * few.times <= pl.col("median"))
    return rows.with_columns(bound=pl.col("median") * (few.times - 1), far=far)
