"""Weights of lines: half by value, half by cell, so that neither one large order nor a flood of tiny clean declarations decides (score.md, "Weights")."""

from __future__ import annotations

import polars as pl

from ecid.scoring.policy import PPM, Policy

_CELL_UNIT = 10**9


def line_weights(values_fen: pl.Series, cells: pl.Series, weighed: pl.Series, policy: Policy) -> pl.Series:
    """Integer weights (Int64) that add up to `policy.total_weight` over the weighed lines; 0 elsewhere, all 0 if none is weighed.

    `values_fen`: value of each line in RMB fen, 0 where it is not known (no total, no rate); `cells`: any label of the eight-digit code in a month; `weighed`:
    whether the line counts. A cell with a line of unknown value is not known to be small, and claims as much as a large one. Fractions are float64, element by
    element, from exact integer sums: the same on every machine. What rounding leaves goes to the largest remainders, then to line order.
    """
    frame = pl.DataFrame({"value": values_fen.cast(pl.Int128), "cell": cells, "weighed": weighed})  # sums of what 64 bits can hold
    counted = frame.filter("weighed")
    if counted.is_empty():
        return pl.Series("w", [0], dtype=pl.Int64).new_from_index(0, len(frame))
    total_value = int(counted["value"].sum())
    sizes = counted.group_by("cell").agg(pl.col("value").sum(), known=(pl.col("value") > 0).all(), lines=pl.len()).sort("cell")
    claims = [_cell_claim(value, total_value, policy) if known else _CELL_UNIT for value, known in sizes.select("value", "known").iter_rows()]
    sizes = sizes.select("cell", "lines", pl.Series("claim", claims, dtype=pl.Int64))
    half = policy.total_weight / 2 if total_value else 0.0
    by_value = pl.col("value") * (half / total_value if total_value else 0.0)
    by_cell = pl.col("claim") / pl.col("lines") * ((policy.total_weight - half) / sum(claims))
    weighted = (
        frame.join(sizes, on="cell", how="left", maintain_order="left")
        .with_columns(exact=pl.when("weighed").then(by_value + by_cell).otherwise(0.0))
        .with_columns(given=pl.col("exact").floor().cast(pl.Int64))
        .with_columns(turn=pl.when("weighed").then(pl.col("exact") - pl.col("given")).rank("ordinal", descending=True))
    )
    left = policy.total_weight - int(weighted["given"].sum())
    extra, rest = divmod(left, len(counted))
    more = pl.when("weighed").then(extra + (pl.col("turn") <= rest).cast(pl.Int64)).otherwise(0)
    return weighted.select(w=pl.col("given") + more)["w"]


def _cell_claim(value: int, total_value: int, policy: Policy) -> int:
    """What a cell claims of the cells' half: one unit from the floor share of value on, in proportion below it."""
    return min(_CELL_UNIT, value * _CELL_UNIT * PPM // (total_value * policy.cell_floor_ppm))
