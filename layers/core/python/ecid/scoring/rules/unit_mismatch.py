"""`UNIT_MISMATCH`: the legal unit declared is not the one that the code asks for (M15 of domain.md §6).

Only what a line states is judged. The deal unit need not be a legal unit; but goods that the tariff counts are not dealt in by the litre. A second unit is
missed only where the input states second units at all, since lists are exported without that column too. Wordings that are no customs code (PCS) are
not judged.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from ecid.scoring.policy import Policy
from ecid.scoring.rule import Evidence, LineRule, LineVerdict
from ecid.scoring.units import is_code, unit_name, units
from ecid.scoring.wording import phrase

_STATED = ("unit", "first_unit", "second_unit", "first_asked", "second_asked", "second_expected")

LEGAL_STATED = pl.any_horizontal(pl.col("first_unit", "first_quantity_e5", "second_unit", "second_quantity_e5").is_not_null())
"""Whether a line states anything about its legal quantities."""


def _check(lines: pl.DataFrame, _policy: Policy) -> LineVerdict:
    stated = lines.with_columns(second_expected=_second_expected(lines))
    kinds = stated.select(_STATED).unique().sort(_STATED).with_row_index("fact")
    faulty = [any(_problems(kind)) for kind in kinds.iter_rows(named=True)]
    readable = [is_code(kind["first_unit"]) or is_code(kind["second_unit"]) for kind in kinds.iter_rows(named=True)]
    judgeable = kinds.with_columns(faulty=pl.Series(faulty, dtype=pl.Boolean), readable=pl.Series(readable, dtype=pl.Boolean))
    found = stated.select("at", *_STATED, legal=LEGAL_STATED).join(judgeable, on=_STATED, how="left", nulls_equal=True, maintain_order="left")
    judged = found.filter(pl.col("legal") & pl.col("readable") & pl.col("first_asked").is_not_null())["at"]
    return LineVerdict(found.filter("faulty").select("at", "fact"), kinds, found.filter("legal")["at"], judged)


def _second_expected(lines: pl.DataFrame) -> pl.Expr:
    """Where a second unit is missed if the code asks for one: a legal quantity is stated, but no second one, in an input that states second ones.

    A cell with two stacked lines was read as first legal and deal quantity; where the latter is in the second unit, that may have been meant.
    """
    second = pl.col("second_unit").is_not_null() | (pl.col("second_quantity_e5") != 0).fill_null(False)
    if not lines.select(second.any()).item():
        return pl.lit(False)
    assumed = pl.col("assumed") & (pl.col("unit") == pl.col("second_asked")).fill_null(False)
    return LEGAL_STATED & ~second & ~assumed


def _problems(line: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """What does not fit: key of the phrase, unit stated ("" for none), unit asked."""
    first, second = line["first_unit"], line["second_unit"]
    asked, asked_second = line["first_asked"], line["second_asked"]
    if asked is None:
        yield from (("unit_packing_alone", unit, "") for unit in (first, second) if _is("packing", unit))
        return
    if asked_second and (first, second) == (asked_second, asked):
        yield "unit_swapped", first, asked
        return
    if is_code(first) and first != asked:
        yield "unit_packing" if _is("packing", first) else "unit_first", first, asked
    if is_code(second):
        if asked_second and second != asked_second:
            yield "unit_packing" if _is("packing", second) else "unit_second", second, asked_second
        elif not asked_second and second != asked:
            yield "unit_surplus", second, asked
    elif asked_second and line["second_expected"]:
        yield "unit_missing", "", asked_second
    if _is("liquid", line["unit"]) and _is("counts", asked):
        yield "unit_deal", line["unit"], asked


def _is(quality: str, code: str | None) -> bool:
    known = units().get(code or "")
    return known is not None and bool(getattr(known, quality))


def _evidence(line: Mapping[str, Any]) -> Sequence[Evidence]:
    return [
        {
            "kind": "unit",
            "problem": key.removeprefix("unit_"),
            "seen": unit_name(seen),
            "asked": unit_name(asked),
            "expected": phrase(key, seen=unit_name(seen), asked=unit_name(asked)),
        }
        for key, seen, asked in _problems(line)
    ]


RULE = LineRule("UNIT_MISMATCH", 7, _check, _evidence)
