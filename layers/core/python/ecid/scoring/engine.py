"""`score(lines, reference, policy, as_of) -> Result`: the whole run, pure and reproducible. The same function serves command line, worker and tests."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date

import polars as pl

import ecid
from ecid.declarations.flags import QUANTITY_LINES_ASSUMED
from ecid.declarations.lines import LINE_SCHEMA
from ecid.scoring.authority import Authority
from ecid.scoring.caps import caps_of
from ecid.scoring.circumstances import with_circumstances
from ecid.scoring.declared_today import declared_today
from ecid.scoring.defects import Defects
from ecid.scoring.dimensions import ALL_POINTS, coverage_of, dimensions_of, insufficiency_of
from ecid.scoring.judging import Judgements, judge
from ecid.scoring.ledger import findings_of
from ecid.scoring.policy import Policy
from ecid.scoring.rate_uses import rate_uses
from ecid.scoring.reference import Reference
from ecid.scoring.result import Provenance, Result, Review
from ecid.scoring.rule import Case
from ecid.scoring.rules.reclassified_by_customs import unplaced
from ecid.scoring.weights import line_weights

_HASHED_AT_ONCE = 100_000
_REPEATED = ("code", "name", "specification", "destination", "mode", "sku", "unit", "first_unit", "second_unit", "currency", "manufacturer", "declarant")
"""Texts that many lines share; each is kept once, the lines hold its number."""
_OWN = ("line_id", "quantity_e5", "first_quantity_e5", "second_quantity_e5", "price_e4", "total_e4")


@dataclass(frozen=True, slots=True)
class Request:
    """What to score: whose lines, from where, on which day, and which period (None: the policy's months up to `as_of`).

    With a period asked for, lines outside it are left out and counted. Without one, older lines are judged and listed but not weighed. `authority` is what
    customs said and did in the matter of this enterprise, `reviews` its own marks by the id of the finding.
    """

    enterprise: str
    provenance: Provenance
    as_of: date
    period: tuple[date, date] | None = None
    authority: Authority = field(default_factory=Authority)
    reviews: Mapping[str, Review] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Run:
    """A result with what it was made of, for what is asked of it next (`simulate`, `plan`): as large as the input."""

    result: Result
    judgements: Judgements
    defects: Defects


def score(lines: pl.DataFrame, reference: Reference, policy: Policy, request: Request) -> Result:
    """Score declaration lines (`LINE_SCHEMA`) of one enterprise."""
    return run(lines, reference, policy, request).result


def run(lines: pl.DataFrame, reference: Reference, policy: Policy, request: Request) -> Run:
    """Score declaration lines (`LINE_SCHEMA`) of one enterprise, and keep what the result was made of."""
    order, outside, period = _order(lines, policy, request)
    versions = _versions(lines, order["row"], reference, policy, request)
    prepared = _prepared(lines, order)
    del lines, order  # half of a large input is what no rule looks at
    judgements = judge(_weighed(prepared, reference, policy), reference.tariff)
    del prepared
    defects = Defects.of(Case(judgements, reference, request.authority, policy, request.as_of))
    coverage = coverage_of(judgements, defects, policy)
    dimensions, lost = dimensions_of(judgements, defects, coverage, policy)
    insufficient = insufficiency_of(judgements, coverage[0], policy)
    uncapped = ALL_POINTS - sum(lost.values())
    caps = () if insufficient else caps_of(judgements, defects, policy, uncapped)
    exact = None if insufficient else uncapped - sum(cap.points_micro for cap in caps)
    findings = with_circumstances(
        findings_of(judgements.lines, defects, None if insufficient else lost, request.enterprise), request.authority, judgements.lines, request.as_of
    )
    result = Result(
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
        lines_unvalued=int((judgements.lines["weighed"] & (judgements.lines["value"] == 0)).sum()),
        edition_substituted=int(judgements.lines["substituted"].sum()),
        dimensions=tuple(replace(dimension, lost_micro=None) if insufficient else dimension for dimension in dimensions),
        findings=tuple(replace(finding, review=request.reviews.get(finding.id)) for finding in findings),
        caps=caps,
        versions=versions,
        declared_today=declared_today(judgements, reference.tariff, request.as_of),
        unplaced=unplaced(judgements.lines["line_id"], request.authority.outcomes, request.as_of),
        rates=rate_uses(judgements.lines, reference.rates),
        reviews_unmatched=tuple(sorted(request.reviews.keys() - {finding.id for finding in findings})),
    )
    return Run(result, judgements, defects)


def versions_of(lines: pl.DataFrame, reference: Reference, policy: Policy, request: Request) -> dict[str, object]:
    """The versions that the result of these lines carries, without scoring them."""
    return _versions(lines, _order(lines, policy, request)[0]["row"], reference, policy, request)


def _order(lines: pl.DataFrame, policy: Policy, request: Request) -> tuple[pl.DataFrame, int, tuple[date, date]]:
    """The lines that are judged, in the order in which they are: `row`, the place in the input, `day`, `in_period`; how many fall outside the period; the
    period, both ends included."""
    until = request.as_of
    period = request.period or (months_before(until, policy.period_months), until)
    days = lines.select("line_id", day=pl.col("declared_on").fill_null(until)).with_row_index("row").with_columns(in_period=pl.col("day").is_between(*period))
    outside = len(days) - int(days["in_period"].sum())
    # Order must not matter: neither for the largest remainders nor for the order of findings.
    judged = days.filter(pl.col("in_period") if request.period else pl.col("day") <= until).sort("day", "line_id", maintain_order=True)
    return judged.drop("line_id"), outside, period


def _prepared(lines: pl.DataFrame, order: pl.DataFrame) -> pl.DataFrame:
    """What the rules look at of the lines in `order`, with `at` (0, 1, 2…), `day`, `in_period`, `code8` and `assumed`, whether reading had to assume which
    quantity is which. Column by column, so that no second copy of a large input is made."""
    texts = {name: lines[name].cast(pl.Categorical).gather(order["row"]) for name in _REPEATED}
    own = {name: lines[name].gather(order["row"]) for name in _OWN}
    assumed = lines.select(pl.col("flags").list.contains(QUANTITY_LINES_ASSUMED).fill_null(False)).to_series().gather(order["row"])
    frame = order.drop("row").with_row_index("at").with_columns(**own, **texts, assumed=assumed)
    code8 = pl.col("code").cast(pl.String).str.slice(0, 8).cast(pl.Categorical)
    return frame.with_columns(pl.col("name", "specification").fill_null(""), code8=code8)


def months_before(day: date, months: int) -> date:
    """The first day of a window of so many months that ends on `day`: lower < declared ≤ as_of, 29 February falling on 28."""
    lower: date = pl.Series([day]).dt.offset_by(f"-{months}mo").item()
    return date.fromordinal(lower.toordinal() + 1)


def _weighed(lines: pl.DataFrame, reference: Reference, policy: Policy) -> pl.DataFrame:
    """Lines with `rate` (RMB for one unit of their currency, 0 for none), `value` (RMB fen, 0 where it is not known), `weighed` and `w`."""
    pairs = lines.select("currency", month=pl.col("day").dt.truncate("1mo")).unique().sort("currency", "month")
    rates = pairs.with_columns(pl.Series("rate", [reference.rates.rate(*pair) or 0.0 for pair in pairs.iter_rows()], dtype=pl.Float64))
    lines = lines.with_columns(month=pl.col("day").dt.truncate("1mo"))
    lines = lines.join(rates, on=["currency", "month"], how="left", nulls_equal=True, maintain_order="left")
    fen = (pl.col("total_e4").fill_null(0).clip(lower_bound=0) * pl.col("rate") / 100).round().cast(pl.Int64)
    counted = pl.col("in_period") & ~pl.col("mode").fill_null("").is_in(sorted(policy.unweighed_modes))
    lines = lines.with_columns(value=fen, weighed=counted, cell=pl.concat_str("code8", pl.lit("@"), pl.col("month").cast(pl.String)).cast(pl.Categorical))
    return lines.with_columns(w=line_weights(lines["value"], lines["cell"], lines["weighed"], policy)).drop("cell", "month", "mode")


def _versions(lines: pl.DataFrame, judged: pl.Series, reference: Reference, policy: Policy, request: Request) -> dict[str, object]:
    placement = {"knowledge": reference.placement.version} if reference.placement else {}
    return placement | {
        "engine": ecid.__version__,
        "policy": policy.id,
        "as_of": request.as_of.isoformat(),
        "rates": reference.rates.id,
        "reference": dict(sorted(reference.versions.items())),
        "authority": request.authority.versions(),
        "input_sha256": _digest(lines, judged),
    }


def _digest(lines: pl.DataFrame, judged: pl.Series) -> str:
    """SHA-256 of the lines in the order in which they are judged, as CSV, written piece by piece: a million lines are some hundred megabytes of it."""
    declared = lines.select(name for name in LINE_SCHEMA if name != "row")
    digest = hashlib.sha256()
    for start in range(0, max(len(judged), 1), _HASHED_AT_ONCE):
        piece = declared[judged[start : start + _HASHED_AT_ONCE]].with_columns(pl.col("flags").list.join(","))
        written = io.BytesIO()
        piece.write_csv(written, include_header=start == 0)
        digest.update(written.getbuffer())
    return digest.hexdigest()
