"""What each dimension could judge, what it loses, and whether that is enough for a score (score.md, "Dimensions")."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Literal

import polars as pl

from ecid.scoring.defects import Defects
from ecid.scoring.judging import Judgements
from ecid.scoring.policy import PPM, Policy
from ecid.scoring.result import DimensionResult, DimensionState, Insufficiency
from ecid.scoring.rules import RULE_DIMENSIONS
from ecid.scoring.shares import allot

ALL_POINTS = 100 * PPM
"""All points of a score, in millionths."""


def coverage_of(judgements: Judgements, defects: Defects, policy: Policy) -> Mapping[int, int]:
    """Share of weight judged, in millionths: under 0 by dimensions 1 to 3 together, under the others by each alone."""
    lines = judgements.lines
    by_code = pl.col("state").is_in(["valid", "unknown", "not_in_force"])
    described = any(item.goods.slots and any(slot.value for slot in item.goods.slots) for item in judgements.goods)
    with_elements = pl.Series([bool(item.goods.slots) for item in judgements.goods], dtype=pl.Boolean)
    has_elements = pl.col("goods").replace_strict(list(range(len(with_elements))), with_elements, return_dtype=pl.Boolean, default=False)
    # A code that is unknown or no longer in force cannot be judged further: that is a verdict, not a lack of reference.
    by_elements = pl.col("state").is_in(["unknown", "not_in_force"]) | ((pl.col("state") == "valid") & has_elements & pl.lit(described))
    shares = lines.select(
        all=pl.col("w").filter(by_code & by_elements).sum(),
        codes=pl.col("w").filter(by_code).sum(),
        elements=pl.col("w").filter(by_elements).sum(),
        goods=pl.col("w").filter(pl.col("key") != "").sum(),
    ).row(0)
    covered, codes, elements, goods = (int(share) * PPM // policy.total_weight for share in shares)
    by_figures = {
        number: int(lines["w"].gather(_lines(defects, number, "judged")).sum()) * PPM // policy.total_weight for number in _dimensions_of_lines(defects)
    }
    return {0: covered, 1: codes, 2: elements, 3: elements, 5: goods, **by_figures}


def _dimensions_of_lines(defects: Defects) -> set[int]:
    return {rule.dimension for rule in defects.verdicts}


def _lines(defects: Defects, dimension: int, which: Literal["concerned", "judged"]) -> pl.Series:
    """The `at` of the lines that state something, or could be judged, in a dimension of line rules."""
    verdicts = [verdict for rule, verdict in defects.verdicts.items() if rule.dimension == dimension]
    if len(verdicts) == 1:
        return verdicts[0].judged if which == "judged" else verdicts[0].concerned
    return pl.concat([verdict.judged if which == "judged" else verdict.concerned for verdict in verdicts]).unique()


def dimensions_of(judgements: Judgements, defects: Defects, coverage: Mapping[int, int], policy: Policy) -> tuple[list[DimensionResult], dict[int, int]]:
    """Each dimension with its lost points; the weights of those left out go to the others in proportion."""
    states = {dimension.number: _state(dimension.number, judgements, defects, coverage) for dimension in policy.dimensions}
    judged = [dimension for dimension in policy.dimensions if states[dimension.number] == "judged"]
    in_all = sum(dimension.weight for dimension in judged)
    found = defects.shares()
    shares = {dimension.number: found.get(dimension.number, 0) for dimension in judged}
    exact = {
        dimension.number: Fraction(dimension.weight * ALL_POINTS, in_all)
        * min(Fraction(1), Fraction(shares[dimension.number], policy.total_weight * dimension.full_ppm))
        for dimension in judged
    }
    # The score is floored, so the loss is rounded up.
    total = -(-sum(exact.values(), start=Fraction(0)) // 1)
    lost = dict(zip(exact, allot(int(total), list(exact.values())), strict=True))
    weights = dict(zip((d.number for d in judged), allot(ALL_POINTS, [d.weight for d in judged]), strict=True))
    return [
        DimensionResult(
            number=number,
            state=state,
            weight_micro=weights.get(number, 0),
            lost_micro=lost.get(number),
            share_ppm=shares[number] // policy.total_weight if number in shares else None,
            coverage_ppm=coverage.get(number, 0),
        )
        for number, state in states.items()
    ], lost


def _state(number: int, judgements: Judgements, defects: Defects, coverage: Mapping[int, int]) -> DimensionState:
    lines = judgements.lines
    if number not in RULE_DIMENSIONS.values():
        return "no_rules_in_engine"
    if number == 5:
        keyed = lines.filter(pl.col("weighed") & (pl.col("key") != ""))
        return "judged" if keyed["key"].n_unique() < len(keyed) else "no_line_concerned"
    if number in _dimensions_of_lines(defects):
        if lines["weighed"].gather(_lines(defects, number, "judged")).any():
            return "judged"
        return "reference_missing" if lines["weighed"].gather(_lines(defects, number, "concerned")).any() else "no_line_concerned"
    return "judged" if coverage[number] or lines["w"].sum() == 0 else "reference_missing"


def insufficiency_of(judgements: Judgements, covered: int, policy: Policy) -> Insufficiency | None:
    """Why there can be no score, None where there can; `covered`: share of weight judged by dimensions 1 to 3, in millionths."""
    lines = judgements.lines
    if not lines["in_period"].any():
        return "no_declarations"
    if int(lines["weighed"].sum()) < policy.sufficient_lines:
        return "too_few"
    if covered >= policy.sufficient_coverage_ppm:
        return None
    judged = int(lines.filter(pl.col("state").is_in(["valid", "unknown", "not_in_force"]))["w"].sum())
    described = any(slot.value for item in judgements.goods for slot in item.goods.slots)
    return "too_little_described" if judged * PPM >= policy.sufficient_coverage_ppm * policy.total_weight and not described else "reference_missing"
