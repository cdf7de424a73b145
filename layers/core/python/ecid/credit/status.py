"""What customs' source reports on an enterprise's AEO status, and which report holds at a moment.

Sub-states and thresholds are data in `status.toml`. A certificate expires on the date printed on it, if any, and never by adding years to its
issue; the next review is a date of its own. Credit measures: `ecid.credit.regimes`. Days are Beijing civil dates.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from ecid.clearance.window import beijing_date
from ecid.credit.regimes import Level, Reading, read_level, regime_on
from ecid.errors import InvalidEvent, InvalidIdentifier, NotFound
from ecid.identity.codes import check_aeo_code


class SubState(StrEnum):
    """How a level stands: in force, in question, or gone."""

    ACTIVE = "ACTIVE"
    UNDER_REVIEW = "UNDER_REVIEW"
    RECTIFYING = "RECTIFYING"
    SUSPENDED = "SUSPENDED"
    WITHDRAWN = "WITHDRAWN"
    LAPSED = "LAPSED"
    NEVER = "NEVER"

    @property
    def zh(self) -> str:
        return _text("sub_states", self, "zh")

    @property
    def en(self) -> str:
        return _text("sub_states", self, "en")

    @property
    def meaning_zh(self) -> str:
        return _text("sub_states", self, "meaning_zh")

    @property
    def meaning_en(self) -> str:
        return _text("sub_states", self, "meaning_en")

    @property
    def keeps_benefits(self) -> bool:
        """Whether the treatment of the level, and with it mutual recognition, applies meanwhile."""
        return bool(_data()["sub_states"][self.value]["benefits"])


class RectificationState(StrEnum):
    """Where a rectification notice (整改通知) stands. `OVERDUE` is never reported, it follows from the day."""

    NONE = "NONE"
    OPEN = "OPEN"
    SUBMITTED = "SUBMITTED"
    ACCEPTED = "ACCEPTED"
    OVERDUE = "OVERDUE"

    @property
    def zh(self) -> str:
        return _text("rectification", self, "zh")

    @property
    def en(self) -> str:
        return _text("rectification", self, "en")


@dataclass(frozen=True, slots=True)
class Rectification:
    """A rectification notice as reported. An open one has a date by which it is due; raises `InvalidEvent` otherwise."""

    state: RectificationState = RectificationState.NONE
    due_on: date | None = None

    def __post_init__(self) -> None:
        if self.state is RectificationState.OVERDUE:
            raise InvalidEvent(reason="OVERDUE 由日期推算，不能上报 / OVERDUE follows from the day and cannot be reported")
        if self.state is RectificationState.OPEN and self.due_on is None:
            raise InvalidEvent(reason="未完成的整改通知须有期限 / an open rectification notice needs its due date")

    def state_on(self, day: date) -> RectificationState:
        """The state on `day`; the due day itself is still in time."""
        late = self.state is RectificationState.OPEN and self.due_on is not None and day > self.due_on
        return RectificationState.OVERDUE if late else self.state


@dataclass(frozen=True, slots=True)
class CreditScore:
    """A credit score with the source that gave it and the day it is of; there is no national one. `InvalidEvent` without either."""

    value: Decimal
    source: str
    as_of: date

    def __post_init__(self) -> None:
        if not (self.source and self.source.strip() and self.as_of):
            raise InvalidEvent(reason="信用分须写明来源和日期 / a credit score needs its source and the day it is of")
        if not self.value.is_finite():
            raise InvalidEvent(reason="信用分不是数 / the credit score is not a number")


@dataclass(frozen=True, slots=True)
class AeoStatus:
    """The facts of one report. `level` is a code of `regimes.toml`; `certificate_valid_until` only as printed, both dates None where not given."""

    level: str
    sub_state: SubState
    certificate_no: str | None = None
    certificate_issued_on: date | None = None
    certificate_valid_until: date | None = None
    next_review_due_on: date | None = None
    rectification: Rectification = Rectification()
    customs_code: str | None = None
    aeo_code: str | None = None
    credit_score: CreditScore | None = None


@dataclass(frozen=True, slots=True)
class AeoEntry:
    """One report in the order of the source: by `effective_at` (with a time zone, else `InvalidEvent`), `sequence`, `event_id`."""

    event_id: str
    effective_at: datetime
    sequence: int
    status: AeoStatus

    def __post_init__(self) -> None:
        if self.effective_at.tzinfo is None:
            raise InvalidEvent(reason="effective_at 缺少时区 / effective_at has no time zone")

    @property
    def effective_on(self) -> date:
        """The Beijing civil date from which the report holds."""
        return beijing_date(self.effective_at)

    @property
    def order(self) -> tuple[datetime, int, str]:
        return self.effective_at, self.sequence, self.event_id


@dataclass(frozen=True, slots=True)
class EntryProblem:
    """Why a report cannot be used: stable `code`, and a sentence in zh and en."""

    event_id: str
    code: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class CurrentStatus:
    """What holds at a moment.

    `entry` is the newest usable report in effect (None: none), `reading` its level under the regime of the day. `uncertain` is True where a newer
    report is in effect that cannot be used: then `entry` may be out of date and must not be shown as a pass. `problems` are those of all reports
    in effect, oldest first.
    """

    entry: AeoEntry | None
    reading: Reading | None
    uncertain: bool
    problems: tuple[EntryProblem, ...]

    @property
    def level(self) -> Level | None:
        """The level under the regime of the day; None where there is no report or customs determine the level anew."""
        return self.reading.level if self.reading else None


def status_on(history: Sequence[AeoEntry], now: datetime) -> CurrentStatus:
    """The status at `now` (with a time zone), whatever order the reports arrived in. Reports effective later do not count yet."""
    in_effect = sorted((entry for entry in history if entry.effective_at <= now), key=lambda entry: entry.order)
    found = [(entry, check_entry(entry)) for entry in in_effect]
    problems = tuple(problem for _, its in found for problem in its)
    usable = [entry for entry, its in found if not its]
    if not usable:
        return CurrentStatus(None, None, uncertain=bool(in_effect), problems=problems)
    entry = usable[-1]
    reading = read_level(entry.status.level, entry.effective_on, beijing_date(now))
    return CurrentStatus(entry, reading, uncertain=entry is not in_effect[-1], problems=problems)


def check_entry(entry: AeoEntry) -> tuple[EntryProblem, ...]:
    """Why a report cannot be used; empty where it can. The feed asks the same before it accepts one."""
    status, day = entry.status, entry.effective_on
    try:
        regime = regime_on(day)
    except NotFound:
        return (_problem(entry, "before_first_regime", day=day),)
    problems: list[EntryProblem] = []
    if regime.level(status.level) is None:
        problems.append(_problem(entry, "level_not_in_regime", level=status.level, day=day, order=regime.order))
    if status.aeo_code is not None:
        try:
            check_aeo_code(status.aeo_code, status.customs_code)
        except InvalidIdentifier as error:
            problems.append(EntryProblem(entry.event_id, "aeo_code_invalid", error.sentence("zh"), error.sentence("en")))
    issued, until = status.certificate_issued_on, status.certificate_valid_until
    if issued and until and until < issued:
        problems.append(_problem(entry, "validity_before_issue", issued=issued, until=until))
    return tuple(problems)


CertificateState = Literal["valid", "expires_soon", "expired", "not_printed"]


def certificate_state(status: AeoStatus, day: date) -> CertificateState:
    """Whether the certificate is within its printed validity on `day`, the last day included; `expires_soon` from 90 days before it."""
    until = status.certificate_valid_until
    if until is None:
        return "not_printed"
    if until < day:
        return "expired"
    return "expires_soon" if (until - day).days <= _data()["certificate"]["expires_soon_days"] else "valid"


def level_code(reported: str) -> str:
    """The code in `regimes.toml` of a level as source events name it (`docs/events/`)."""
    code: str = _data()["reported_levels"].get(reported, reported.upper())
    return code


def _problem(entry: AeoEntry, code: str, **facts: object) -> EntryProblem:
    return EntryProblem(entry.event_id, code, _text("problems", code, "zh").format_map(facts), _text("problems", code, "en").format_map(facts))


def _text(table: str, key: str, field: str) -> str:
    text: str = _data()[table][key][field]
    return text


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath("status.toml").read_text("utf-8"))
