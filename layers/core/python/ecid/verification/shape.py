"""What the public may see of a domain, field by field. Nothing else can be in a public answer, because these classes have no room for it.

The same shape as JSON Schema: `record.schema.json` beside this module.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Generic, Literal, TypeVar

Status = Literal["registered", "unknown", "contested"]
State = Literal["known", "not_reported", "insufficient_data", "not_applicable", "unavailable"]
"""Of one fact. `known`: the value says it. `not_reported`: the source has said nothing about this enterprise. `insufficient_data`: the source has spoken,
but too little to judge by. `not_applicable`: the question does not arise (no AEO, so no certificate to display). `unavailable`: it exists, or may exist,
but cannot be told now (a contested domain)."""
Source = Literal["aeo", "single_window", "hs_verification", "website_check"]
"""As in the source events: AEO enterprise management, single-window clearance, HS-code verification, and our own check of websites."""

V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Fact(Generic[V]):
    """One answer. `as_of` (ISO, UTC): when its source last said that it is up to date, for a website the time of the last check; None if never.
    `stale`: that is more than 24 hours ago, or never was. `value` is None unless `state` is `known` or `insufficient_data`, or a website's state is told."""

    state: State
    value: V | None
    source: Source
    as_of: str | None
    stale: bool


@dataclass(frozen=True, slots=True)
class Enterprise:
    """Who the domain belongs to. `bound_since`: date (Beijing) since when the domain is bound to it."""

    name_zh: str | None
    name_en: str | None
    uscc: str
    customs_code: str | None
    bound_since: str | None


@dataclass(frozen=True, slots=True)
class Certificate:
    """As reported and printed; no date is computed."""

    number: str | None
    issued_on: str | None
    valid_until: str | None
    next_review_due_on: str | None
    state: str


@dataclass(frozen=True, slots=True)
class Rectification:
    """The rectification notice (整改通知)."""

    state: str
    due_on: str | None


@dataclass(frozen=True, slots=True)
class MutualRecognition:
    """Whether customs of the buyer's market recognise the status today: `recognised`, `not_recognised`, `unconfirmed` or `unknown_market`.

    `since`: first day of the arrangement, as precise as known. `basis` names why; `zh` and `en` say it.
    """

    market: str
    state: str
    since: str | None
    basis: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Aeo:
    """The credit level in force on the reader's date, under the regime (GACC order) of that date. `is_aeo`: it is held and makes the enterprise an AEO.
    `in_good_standing`: a pass. The level is an AEO level, its treatment applies now (not suspended, not ended), no rectification is
    overdue, and the validity printed on the certificate, if any, has not passed; there is no period of grace."""

    level: str
    sub_state: str
    is_aeo: bool
    in_good_standing: bool
    order: int
    effective_on: str
    certificate: Certificate
    rectification: Rectification | None
    mutual_recognition: MutualRecognition | None


@dataclass(frozen=True, slots=True)
class Anomaly:
    """One incident: month (`YYYY-MM`, Beijing), category of the taxonomy, severity 0 to 4, outcome (`pending`: none yet, or none reported in its terms)."""

    month: str
    category: str
    severity: int
    outcome: str


@dataclass(frozen=True, slots=True)
class Anomalies:
    """The three-year window, both days included, and the incidents that count in it, newest first. With `publication = counts` there are no `records`,
    and small counts are None; with `records` every count is given."""

    publication: Literal["records", "counts"]
    window_from: str
    window_to: str
    total: int | None
    by_severity: Mapping[str, int | None]
    by_category: Mapping[str, int | None]
    records: tuple[Anomaly, ...]


@dataclass(frozen=True, slots=True)
class InsufficientData:
    """Why there is no score: `no_declarations`, `too_few`, `too_little_described`, `reference_missing`."""

    reason: str


@dataclass(frozen=True, slots=True)
class Versions:
    """What the score was computed with: score policy, engine, exchange rates, and each loaded reference with its version."""

    policy: str | None
    engine: str | None
    rates: str | None
    reference: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Score:
    """Classification consistency. `score` is the floor of the exact score, 0 to 100; None, with `band` None, where `insufficient_data` gives the reason."""

    score: int | None
    band: str | None
    coverage: float | None
    trend: str | None
    insufficient_data: InsufficientData | None
    as_of: str | None
    computed_at: str | None
    versions: Versions


@dataclass(frozen=True, slots=True)
class Website:
    """Whether the enterprise's site shows its certificate and verification link; `reasons` are codes of the website checks."""

    state: str
    reasons: tuple[str, ...]
    checked_at: str | None


@dataclass(frozen=True, slots=True)
class Caution:
    """Something to look at before relying on the answer. `domains`: the registered domains that this one resembles."""

    code: str
    domains: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PublicView:
    """The answer to one verification."""

    domain: str
    display: str
    status: Status
    enterprise: Enterprise | None
    aeo: Fact[Aeo]
    anomalies: Fact[Anomalies]
    score: Fact[Score]
    website: Fact[Website]
    warnings: tuple[Caution, ...]
    sample: bool


def to_json(view: PublicView) -> dict[str, Any]:
    """The view as JSON-able dictionary, in the shape of `record.schema.json`."""
    return asdict(view)
