"""Lines beside the rulings and decisions on their goods: which of them speak on the day, and which codes they speak against."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from ecid.scoring.authority import Decision, Ruling
from ecid.scoring.rule import Case

_LINE = 8


def nothing_loaded(case: Case) -> bool:
    """Whether nothing is loaded that customs said of goods: then nobody knows whether lines agree with it."""
    return case.authority.rulings is None and case.authority.decisions is None and case.reference.decisions is None and case.reference.notes is None


def held_against(case: Case, subjects: pl.DataFrame, sources: Sequence[Ruling | Decision], *, doubtful: bool) -> tuple[pl.Series, pl.DataFrame]:
    """The `at` of the lines on whose goods a source speaks, and `at`, `fact` (the place of the source) of those whose code is not that of any.

    A source speaks on the days on which it is in force and its code stands in the tariff; with `doubtful` also where the tariff of the day is not loaded.
    So a code that a new edition took away is held against nobody. Lines whose own code is none are dimension 1's. `subjects`: `at`, `place`.
    """
    lines, tariff = case.judgements.lines, case.reference.tariff
    at = subjects["at"]
    rows = subjects.with_columns(day=lines["day"].gather(at), code8=lines["code8"].gather(at).cast(pl.String), state=lines["state"].gather(at).cast(pl.String))
    rows = rows.filter(~pl.col("state").is_in(["unknown", "not_in_force"]))
    days = rows.select("place", "day").unique(maintain_order=True)
    held = {True, None} if doubtful else {True}
    speaks = [sources[place].in_force(day) and tariff.holds(sources[place].code[:_LINE], day) in held for place, day in days.iter_rows()]
    rows = rows.join(days.filter(pl.Series(speaks, dtype=pl.Boolean)), on=["place", "day"], how="semi")
    codes = pl.Series("held", [source.code[:_LINE] for source in sources], dtype=pl.String).gather(rows["place"])
    rows = rows.with_columns(codes).with_columns(agrees=pl.col("code8").str.starts_with(pl.col("held")))
    agreeing = rows.filter("agrees")["at"].unique()
    failed = rows.filter(~pl.col("at").is_in(agreeing.implode())).sort("at", "place").unique("at", keep="first", maintain_order=True)
    return rows["at"].unique().sort(), failed.select("at", fact="place")
