"""`UNIT_WEIGHT_IMPLAUSIBLE`: quantities of a line that cannot all be right.

A quantity that is not positive; two quantities of one measure (deal and legal) that do not convert into each other; a weight per piece far off what is
usual for the same goods. A legal quantity without unit is in the unit of its code, as the form fills it in; where the units of a code are not known, those
that are stated are taken for them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import polars as pl

from ecid.errors import Language
from ecid.scoring.medians import beside_few, beside_median, far
from ecid.scoring.policy import PPM, Policy
from ecid.scoring.rule import Evidence, LineRule, LineVerdict, facts_of_lines
from ecid.scoring.rules.unit_mismatch import LEGAL_STATED
from ecid.scoring.units import counted_unit, unit_name, units
from ecid.scoring.wording import figure, phrase

_PLACES = ("deal", "first", "second")
_PAIRS = tuple(combinations(_PLACES, 2))
_DIFFERENCES = tuple(f"{one}_{other}" for one, other in _PAIRS)
_SHOWN = (
    *("not_positive", "far", *_DIFFERENCES),
    *(f"{place}{what}" for place in _PLACES for what in ("", "_unit", "_factor")),
    *("measure", "value", "median", "bound"),
)
_E5 = 100_000


def _check(lines: pl.DataFrame, policy: Policy) -> LineVerdict:
    rows = _quantities(lines.filter(pl.col("first_asked").is_not_null() | LEGAL_STATED))
    rows = rows.with_columns(_not_positive(), *(_differ(one, other, policy) for one, other in _PAIRS))
    pieces = _per_piece(rows, policy)
    rows = rows.join(pieces, on="at", how="left", maintain_order="left").with_columns(pl.col("far").fill_null(False))
    comparable = pl.any_horizontal(_comparable(one, other) for one, other in _PAIRS) | pl.col("median").is_not_null()
    failed = rows.filter(pl.any_horizontal("not_positive", "far", *_DIFFERENCES)).select("at", *_SHOWN)
    return facts_of_lines(failed, lines.filter(LEGAL_STATED)["at"], rows.filter(pl.col("legal") & comparable)["at"])


def _quantities(lines: pl.DataFrame) -> pl.DataFrame:
    """`at`, `key`, `weighed`, `legal` (whether legal quantities are stated), and for each place: the quantity (`deal`), its unit, measure and factor."""
    known = units()
    measures, factors = {code: unit.measure for code, unit in known.items()}, {code: unit.factor for code, unit in known.items()}
    rows = lines.select(
        "at",
        "key",
        "weighed",
        LEGAL_STATED.alias("legal"),
        pl.col("unit").alias("deal_unit"),
        pl.coalesce("first_unit", "first_asked").alias("first_unit"),
        pl.coalesce("second_unit", "second_asked").alias("second_unit"),
        (pl.col("quantity_e5") / _E5).alias("deal"),
        (pl.col("first_quantity_e5") / _E5).alias("first"),
        # Sheets fill a second quantity that is not asked for with 0.
        (pl.when(pl.col("second_unit").is_not_null() | (pl.col("second_quantity_e5") != 0)).then("second_quantity_e5") / _E5).alias("second"),
        deal_fits=pl.lit(True),
        first_fits=pl.col("first_asked").is_null() | (pl.col("first_unit").fill_null(pl.col("first_asked")) == pl.col("first_asked")),
        second_fits=pl.col("first_asked").is_null() | (pl.col("second_unit").fill_null(pl.col("second_asked")) == pl.col("second_asked")),
    )
    unit = [pl.col(f"{place}_unit") for place in _PLACES]
    # A legal unit that is not the code's is UNIT_MISMATCH; figure or unit, which of them is off, cannot be told, so nothing is compared with it.
    return rows.with_columns(
        *(
            pl.when(f"{place}_fits").then(column.replace_strict(measures, default=None, return_dtype=pl.String)).alias(f"{place}_measure")
            for place, column in zip(_PLACES, unit, strict=True)
        ),
        *(column.replace_strict(factors, default=None, return_dtype=pl.Float64).alias(f"{place}_factor") for place, column in zip(_PLACES, unit, strict=True)),
    )


def _not_positive() -> pl.Expr:
    return pl.any_horizontal((pl.col(place) <= 0).fill_null(False) for place in _PLACES).alias("not_positive")


def _comparable(one: str, other: str) -> pl.Expr:
    """Whether two positive quantities are of one measure."""
    same = pl.col(f"{one}_measure") == pl.col(f"{other}_measure")
    return (same & (pl.col(one) > 0) & (pl.col(other) > 0)).fill_null(False)


def _differ(one: str, other: str, policy: Policy) -> pl.Expr:
    """Whether they differ by more than the tolerance, where a measured quantity may also have been rounded to whole units."""
    left, right = pl.col(one) * pl.col(f"{one}_factor"), pl.col(other) * pl.col(f"{other}_factor")
    measure = pl.col(f"{other}_measure")
    tolerance = pl.when(measure == "mass").then(policy.quantities.weight_ppm).otherwise(policy.quantities.measure_ppm) / PPM
    physical = sorted({unit.measure for unit in units().values() if unit.physical})
    rounding = pl.when(measure.is_in(physical)).then(pl.col(f"{other}_factor")).otherwise(0.0)
    bound = pl.max_horizontal(tolerance * pl.max_horizontal(left, right), rounding)
    return (_comparable(one, other) & ((left - right).abs() > bound * (1 + 1e-9))).fill_null(False).alias(f"{one}_{other}")


def _per_piece(rows: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """`at`, `measure` (that counts), `value` (kilograms for one), `median`, `bound`, `far`: the lines of goods with enough lines that state both."""
    counting = sorted({unit.measure for unit in units().values() if unit.counts})

    def positive(place: str, measures: Sequence[str], then: pl.Expr) -> pl.Expr:
        return pl.when(pl.col(f"{place}_measure").is_in(measures) & (pl.col(place) > 0)).then(then)

    def scaled(place: str) -> pl.Expr:
        return pl.col(place) * pl.col(f"{place}_factor")

    counted, weighed = ("first", "deal"), ("second", "first", "deal")
    stated = rows.select(
        "at",
        "key",
        say="weighed",
        per=pl.coalesce(positive(place, counting, pl.col(f"{place}_measure")) for place in counted),
        pieces=pl.coalesce(positive(place, counting, scaled(place)) for place in counted),
        mass=pl.coalesce(positive(place, ["mass"], scaled(place)) for place in weighed),
        rounding=pl.coalesce(positive(place, ["mass"], pl.col(f"{place}_factor")) for place in weighed),
    ).filter((pl.col("key") != "") & pl.col("pieces").is_not_null() & pl.col("mass").is_not_null())
    values = stated.with_columns(value=pl.col("mass") / pl.col("pieces"), measure="per")
    beside = beside_median(values, ("key", "per"), policy.quantities.piece_weight)
    rounded = (pl.col("mass") - pl.col("median") * pl.col("pieces")).abs() <= pl.col("rounding")
    outside = far(beside.filter(~rounded), policy.quantities.piece_weight)["at"]
    many = beside.select("at", "measure", "value", "median", "bound", far=pl.col("at").is_in(outside.implode()))
    few = beside_few(values.join(many, on="at", how="anti"), ("key", "per"), policy.quantities.few_weights)
    return pl.concat([many, few.filter(~rounded | ~pl.col("far")).select(many.columns)])


def _evidence(line: Mapping[str, Any]) -> Sequence[Evidence]:
    shown = []
    if line["not_positive"]:
        shown.append(phrase("quantity_not_positive"))
    for one, other in _PAIRS:
        if line[f"{one}_{other}"]:
            in_other = line[one] * line[f"{one}_factor"] / line[f"{other}_factor"]
            unit, other_unit = unit_name(line[f"{one}_unit"]), unit_name(line[f"{other}_unit"])
            figures = {"quantity": figure(line[one]), "converted": figure(in_other), "other": figure(line[other])}
            key = "quantities_unlike" if line[f"{one}_unit"] == line[f"{other}_unit"] else "quantities_differ"
            shown.append(phrase(key, unit=unit, other_unit=other_unit, **figures))
    if line["far"]:
        low, high = max(line["median"] - line["bound"], 0.0), line["median"] + line["bound"]
        figures = {"value": figure(line["value"]), "median": figure(line["median"]), "low": figure(low), "high": figure(high)}
        shown.append(phrase("piece_weight", unit=counted_unit(line["measure"]), **figures))
    seen = {"zh": _declared(line, "zh"), "en": _declared(line, "en")}
    return [{"kind": "quantity", "seen": seen, "expected": expected} for expected in shown]


def _declared(line: Mapping[str, Any], lang: Language) -> str:
    stated = [f"{figure(line[place])} {unit_name(line[f'{place}_unit'] or '')[lang]}" for place in _PLACES if line[place] is not None]
    return "; ".join(stated)


RULE = LineRule("UNIT_WEIGHT_IMPLAUSIBLE", 7, _check, _evidence)
