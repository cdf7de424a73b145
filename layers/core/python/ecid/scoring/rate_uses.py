"""On which exchange rates the amounts of a run rest: the month's own, or what was used where that was not loaded."""

from __future__ import annotations

from collections import defaultdict

import polars as pl

from ecid.scoring.reference import RateBasis, Rates
from ecid.scoring.result import RateUse


def rate_uses(lines: pl.DataFrame, rates: Rates) -> tuple[RateUse, ...]:
    """By currency, of the lines (`currency`, `day`) that are judged."""
    counted = lines.group_by(pl.col("currency").cast(pl.String), month=pl.col("day").dt.truncate("1mo")).agg(lines=pl.len())
    found: dict[str | None, list[tuple[str, RateBasis, int]]] = defaultdict(list)
    for currency, month, count in counted.sort("currency", "month").iter_rows():
        found[currency].append((f"{month:%Y-%m}", rates.looked_up(currency, month)[1], count))
    return tuple(_use(currency, months) for currency, months in found.items())


def _use(currency: str | None, months: list[tuple[str, RateBasis, int]]) -> RateUse:
    def of(wanted: RateBasis) -> tuple[str, ...]:
        return tuple(month for month, basis, _ in months if basis == wanted)

    return RateUse(
        currency,
        sum(count for _, _, count in months),
        sum(count for _, basis, count in months if basis == "none"),
        by_year=of("year"),
        by_earlier=of("earlier"),
        without=of("none"),
    )
