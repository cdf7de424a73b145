"""`score(lines, reference, policy, as_of) -> Result`: the whole run, pure and reproducible. The same function serves command line, worker and tests."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

import polars as pl

import ecid
from ecid.declarations.lines import LINE_SCHEMA
from ecid.scoring.judging import Judgements, judge
from ecid.scoring.ledger import Defects, findings_of
from ecid.scoring.policy import PPM, Policy
from ecid.scoring.reference import Reference
from ecid.scoring.result import DimensionResult, Insufficiency, Provenance, Result
from ecid.scoring.rules import RULE_DIMENSIONS
from ecid.scoring.shares import allot
from ecid.scoring.weights import line_weights

ALL_POINTS = 100 * PPM


@dataclass(frozen=True, slots=True)
class Request:
    """What to score: whose lines, from where, on which day, and which period (None: the policy's months up to `as_of`).

    With a period asked for, lines outside it are left out and counted. Without one, older lines are judged and listed but not weighed.
    """

    enterprise: str
    provenance: Provenance
    as_of: date
    period: tuple[date, date] | None = None


def score(lines: pl.DataFrame, reference: Reference, policy: Policy, request: Request) -> Result:
    """Score declaration lines (`LINE_SCHEMA`) of one enterprise."""
    prepared, outside, period = _prepared(lines, policy, request)
    prepared = _weighed(prepared, reference, policy)
    judgements = judge(prepared, reference.tariff)
    defects = Defects.of(judgements, reference.tariff, policy)
    coverage = _coverage(judgements, policy)
    dimensions, lost = _dimensions(judgements, defects, coverage, policy)
    insufficient = _insufficient(judgements, coverage[0], policy)
    total_lost = sum(lost.values())
    exact = None if insufficient else ALL_POINTS - total_lost
    findings = findings_of(judgements, defects, None if insufficient else lost, request.enterprise)
    return Result(
        enterprise=request.enterprise,
        provenance=request.provenance,
        as_of=request.as_of,
        period=period,
        score_exact_micro=exact,
        insufficient_data=insufficient,
        band=policy.band(exact) if exact is not None and request.provenance == "feed" else None,
        coverage_ppm=coverage[0],
        lines_judged=len(judgements.lines),
        lines_weighed=int(judgements.lines["weighed"].sum()),
        lines_outside_period=outside,
        edition_substituted=int(judgements.lines["substituted"].sum()),
        dimensions=tuple(_blank_points(dimensions) if insufficient else dimensions),
        findings=findings,
        caps=(),
        versions=_versions(prepared, reference, policy, request),
    )


def _prepared(lines: pl.DataFrame, policy: Policy, request: Request) -> tuple[pl.DataFrame, int, tuple[date, date]]:
    """Lines with `at`, `day`, `code8`, `in_period`; how many fall outside the period; the period, both ends included."""
    until = request.as_of
    period = request.period or (_months_before(until, policy.period_months), until)
    frame = lines.with_columns(day=pl.col("declared_on").fill_null(request.as_of), code8=pl.col("code").str.slice(0, 8))
    inside = pl.col("day").is_between(*period)
    outside = int(frame.select((~inside).sum()).item()) if len(frame) else 0
    # Order must not matter: neither for the largest remainders nor for the order of findings.
    frame = frame.filter(inside) if request.period else frame.filter(pl.col("day") <= until)
    frame = frame.with_columns(in_period=inside, name=pl.col("name").fill_null(""), specification=pl.col("specification").fill_null(""))
    return frame.sort("day", "line_id", maintain_order=True).with_row_index("at"), outside, period


def _months_before(day: date, months: int) -> date:
    """The first day of a window of so many months that ends on `day`: lower < declared ≤ as_of, 29 February falling on 28."""
    lower: date = pl.Series([day]).dt.offset_by(f"-{months}mo").item()
    return date.fromordinal(lower.toordinal() + 1)


def _weighed(lines: pl.DataFrame, reference: Reference, policy: Policy) -> pl.DataFrame:
    """Lines with `value` (RMB fen) and `w`."""
    pairs = lines.select("currency", month=pl.col("day").dt.truncate("1mo")).unique().sort("currency", "month")
    rates = pairs.with_columns(pl.Series("rate", [reference.rates.rate(*pair) or 0.0 for pair in pairs.iter_rows()], dtype=pl.Float64))
    lines = lines.with_columns(month=pl.col("day").dt.truncate("1mo"))
    lines = lines.join(rates, on=["currency", "month"], how="left", nulls_equal=True, maintain_order="left")
    fen = (pl.col("total_e4").fill_null(0).clip(lower_bound=0) * pl.col("rate") / 100).round().cast(pl.Int64)
    counted = pl.col("in_period") & ~pl.col("mode").fill_null("").is_in(sorted(policy.unweighed_modes))
    lines = lines.with_columns(value=fen, weighed=counted, cell=pl.concat_str("code8", pl.lit("@"), pl.col("month").cast(pl.String)))
    return lines.with_columns(w=line_weights(lines["value"], lines["cell"], lines["weighed"], policy))


def _coverage(judgements: Judgements, policy: Policy) -> Mapping[int, int]:
    """Share of weight judged, in millionths: under 0 by dimensions 1 to 3 together, under 1, 2, 3, 5 by each alone."""
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
    return {0: covered, 1: codes, 2: elements, 3: elements, 5: goods}


def _dimensions(judgements: Judgements, defects: Defects, coverage: Mapping[int, int], policy: Policy) -> tuple[list[DimensionResult], dict[int, int]]:
    """Each dimension with its lost points; the weights of those left out go to the others in proportion."""
    states = {dimension.number: _state(dimension.number, judgements, coverage) for dimension in policy.dimensions}
    judged = [dimension for dimension in policy.dimensions if states[dimension.number] == "judged"]
    in_all = sum(dimension.weight for dimension in judged)
    shares = {dimension.number: defects.share(dimension.number) for dimension in judged}
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
            state=state,  # type: ignore[arg-type]
            weight_micro=weights.get(number, 0),
            lost_micro=lost.get(number),
            share_ppm=shares[number] // policy.total_weight if number in shares else None,
            coverage_ppm=coverage.get(number, 0),
        )
        for number, state in states.items()
    ], lost


def _state(number: int, judgements: Judgements, coverage: Mapping[int, int]) -> str:
    if number not in RULE_DIMENSIONS.values():
        return "no_rules_in_engine"
    if number == 5:
        keyed = judgements.lines.filter(pl.col("in_period") & (pl.col("key") != ""))
        return "judged" if keyed["key"].n_unique() < len(keyed) else "no_line_concerned"
    return "judged" if coverage[number] or judgements.lines["w"].sum() == 0 else "reference_missing"


def _insufficient(judgements: Judgements, covered: int, policy: Policy) -> Insufficiency | None:
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


def _blank_points(dimensions: list[DimensionResult]) -> list[DimensionResult]:
    return [DimensionResult(d.number, d.state, d.weight_micro, None, d.share_ppm, d.coverage_ppm) for d in dimensions]


def _versions(lines: pl.DataFrame, reference: Reference, policy: Policy, request: Request) -> dict[str, object]:
    declared = lines.select(name for name in LINE_SCHEMA if name not in ("row", "flags"))
    return {
        "engine": ecid.__version__,
        "policy": policy.id,
        "as_of": request.as_of.isoformat(),
        "rates": reference.rates.id,
        "reference": dict(sorted(reference.versions.items())),
        "input_sha256": hashlib.sha256(declared.write_csv().encode()).hexdigest(),
    }
