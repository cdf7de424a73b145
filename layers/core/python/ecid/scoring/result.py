"""The result of a score run: score, ledger, versions, in one value; and its one JSON shape (product.md, "Command line")."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from ecid.errors import Language
from ecid.scoring.routes import Circumstances, routes_for
from ecid.scoring.wording import dimension_name, rule_wording

Insufficiency = Literal["no_declarations", "too_few", "too_little_described", "reference_missing"]
DimensionState = Literal["judged", "no_rules_in_engine", "reference_missing", "no_line_concerned"]
Provenance = Literal["file", "feed"]


@dataclass(frozen=True, slots=True)
class Review:
    """The owner's mark on a finding, "reviewed, kept, because…": it shows, the points stay."""

    because: str
    by: str
    on: date


@dataclass(frozen=True, slots=True)
class Finding:
    """The lines of one rule, product key and declared code (score.md, "Ledger"). Points are in millionths, None while data are insufficient.

    `points_by_dimension` tells apart what an unknown code costs in dimensions 1 to 4; its sum is `points_micro`. `circumstances` is what the feed knows of the
    case, which its routes go by.
    """

    id: str
    rule: str
    dimension: int
    points_micro: int | None
    points_by_dimension: Mapping[int, int]
    code: str
    product_key: str
    goods_name: str
    lines: tuple[str, ...]
    weight_share_ppm: int
    value_share_ppm: int
    first_day: date
    last_day: date
    suggested_codes: tuple[str, ...]
    evidence: tuple[Mapping[str, Any], ...]
    review: Review | None = None
    circumstances: Circumstances | None = None


@dataclass(frozen=True, slots=True)
class DimensionResult:
    """One dimension of the run. `state` is `judged`, or why it was left out; `lost_micro` and `share_ppm` are None where it was."""

    number: int
    state: DimensionState
    weight_micro: int
    lost_micro: int | None
    share_ppm: int | None
    coverage_ppm: int


@dataclass(frozen=True, slots=True)
class Cap:
    """A cap on the score, as a ledger line of its own: the points that it takes beside the findings (0 where the score is lower anyway), the score that it
    allows at most, and the lines that it rests on."""

    rule: str
    points_micro: int
    ceiling_micro: int
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DeclaredToday:
    """Lines of one code that would be judged differently if declared today: rules they would fail then and do not now (`begun`), and the other way round."""

    code: str
    begun: tuple[str, ...]
    ended: tuple[str, ...]
    suggested_codes: tuple[str, ...]
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unplaced:
    """A record of what became of lines for which no line could be found (cancelled, never lodged, not in the input), or which names none."""

    record: str
    code: str
    key_date: date
    lines: tuple[str, ...]
    reason: Literal["no_line_named", "no_such_line"]


@dataclass(frozen=True, slots=True)
class RateUse:
    """On what the amounts of lines in one currency rest (None: no currency is stated): how many lines, and the months (`2025-01`) of which the rate was not
    loaded, with what was used instead: the average of the year, the last rate before, or nothing, which leaves the lines a value of 0."""

    currency: str | None
    lines: int
    lines_without: int
    by_year: tuple[str, ...]
    by_earlier: tuple[str, ...]
    without: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """Everything about one run. Σ findings + Σ caps = 100,000,000 − `score_exact_micro`, exactly, unless `insufficient_data`.

    `lines_unvalued`: weighed lines of which no value is known (no total, no unit price and quantity, or no rate): they weigh by their cell alone.
    """

    enterprise: str
    provenance: Provenance
    as_of: date
    period: tuple[date, date]
    score_exact_micro: int | None
    insufficient_data: Insufficiency | None
    band: str | None
    coverage_ppm: int
    lines_judged: int
    lines_weighed: int
    lines_outside_period: int
    edition_substituted: int
    dimensions: tuple[DimensionResult, ...]
    findings: tuple[Finding, ...]
    caps: tuple[Cap, ...]
    versions: Mapping[str, Any]
    declared_today: tuple[DeclaredToday, ...] = ()
    unplaced: tuple[Unplaced, ...] = ()
    reviews_unmatched: tuple[str, ...] = ()
    rates: tuple[RateUse, ...] = ()
    lines_unvalued: int = 0

    @property
    def score(self) -> int | None:
        """The public integer: the floor of the exact score."""
        return None if self.score_exact_micro is None else self.score_exact_micro // 1_000_000


def to_json(result: Result, rejected: Sequence[Mapping[str, Any]], lang: Language) -> dict[str, Any]:
    """The `scan --json` document; `rejected` are the rows that the reader refused, already in `lang`."""
    return {
        "score": result.score,
        "score_exact_micro": result.score_exact_micro,
        "insufficient_data": result.insufficient_data,
        "provenance": result.provenance,
        "band": result.band,
        "coverage": result.coverage_ppm / 1_000_000,
        "period": {"from": result.period[0].isoformat(), "to": result.period[1].isoformat(), "lines_outside": result.lines_outside_period},
        "lines": {"judged": result.lines_judged, "weighed": result.lines_weighed, "edition_substituted": result.edition_substituted},
        "caps": [{"rule": cap.rule, "points_micro": cap.points_micro, "ceiling_micro": cap.ceiling_micro, "lines": list(cap.lines)} for cap in result.caps],
        "findings": [
            {
                "id": finding.id,
                "rule": finding.rule,
                "dimension": finding.dimension,
                "points_micro": finding.points_micro,
                "points_by_dimension": {str(number): points for number, points in finding.points_by_dimension.items()},
                "code": finding.code,
                "product_key": finding.product_key,
                "goods_name": finding.goods_name,
                "title": rule_wording(finding.rule).title[lang],
                "lines": list(finding.lines),
                "weight_share": finding.weight_share_ppm / 1_000_000,
                "value_share": finding.value_share_ppm / 1_000_000,
                "first_day": finding.first_day.isoformat(),
                "last_day": finding.last_day.isoformat(),
                "suggested_codes": list(finding.suggested_codes),
                "question": rule_wording(finding.rule).question[lang],
                "advice": rule_wording(finding.rule).advice[lang],
                "evidence": [in_language(item, lang) for item in finding.evidence],
                "review": _review(finding.review),
                "circumstances": finding.circumstances.to_json() if finding.circumstances else None,
                "routes": [option.to_json(lang) for option in routes_for(finding, result.as_of)],
            }
            for finding in result.findings
        ],
        "dimensions": [
            {
                "dimension": dimension.number,
                "name": dimension_name(dimension.number)[lang],
                "state": dimension.state,
                "weight_micro": dimension.weight_micro,
                "lost_micro": dimension.lost_micro,
                "share": None if dimension.share_ppm is None else dimension.share_ppm / 1_000_000,
                "coverage": dimension.coverage_ppm / 1_000_000,
            }
            for dimension in result.dimensions
        ],
        "declared_today": [
            {
                "code": group.code,
                "begun": list(group.begun),
                "ended": list(group.ended),
                "suggested_codes": list(group.suggested_codes),
                "lines": list(group.lines),
            }
            for group in result.declared_today
        ],
        "unplaced_records": [
            {"record": lost.record, "code": lost.code, "key_date": lost.key_date.isoformat(), "lines": list(lost.lines), "reason": lost.reason}
            for lost in result.unplaced
        ],
        "reviews_unmatched": list(result.reviews_unmatched),
        "rates": {
            "lines_without": sum(use.lines_without for use in result.rates),
            "lines_unvalued": result.lines_unvalued,
            "currencies": [
                {
                    "currency": use.currency,
                    "lines": use.lines,
                    "lines_without": use.lines_without,
                    "by_year": list(use.by_year),
                    "by_earlier": list(use.by_earlier),
                    "without": list(use.without),
                }
                for use in result.rates
            ],
        },
        "rejected_rows": list(rejected),
        "versions": dict(result.versions),
    }


def _review(review: Review | None) -> dict[str, str] | None:
    return {"because": review.because, "by": review.by, "on": review.on.isoformat()} if review else None


def in_language(item: Mapping[str, Any], lang: Language) -> dict[str, Any]:
    """Evidence with its bilingual phrases narrowed to one language."""
    return {key: _narrowed(value, lang) for key, value in item.items()}


def _narrowed(value: Any, lang: Language) -> Any:
    if isinstance(value, Mapping) and set(value) == {"zh", "en"}:
        return value[lang]
    if isinstance(value, list | tuple) and any(isinstance(part, Mapping) for part in value):
        return [in_language(part, lang) for part in value]
    return value
