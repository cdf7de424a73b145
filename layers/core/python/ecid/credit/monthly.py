"""The monthly check of the three AEO indicators: certification status (认证状态), rectification notice (整改通知), credit score (信用分).

One check a calendar month for each enterprise, overdue once the last Beijing day of a month has passed without one (dossier §2.5).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, get_args

from ecid.credit.status import AeoEntry, CreditScore, RectificationState, SubState
from ecid.errors import InvalidEvent

Indicator = Literal["certification", "rectification", "credit_score"]
CheckState = Literal["done", "due", "overdue"]


@dataclass(frozen=True, slots=True)
class Certification:
    """The first indicator: the level as reported (a code of `regimes.toml`) and how it stands."""

    level: str
    sub_state: SubState


@dataclass(frozen=True, slots=True)
class Notice:
    """The second: where the notice stands on the day, and the date by which it is due."""

    state: RectificationState
    due_on: date | None


@dataclass(frozen=True, slots=True)
class Indicators:
    """The three on one day. None: the source has not reported it, which is neither "none" nor zero."""

    certification: Certification | None = None
    rectification: Notice | None = None
    credit_score: CreditScore | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One indicator that is another than at the check before. `observed_at`: when the check saw it (aware); `effective_on`: the Beijing civil date from
    which the source says that it holds, None where the source has withdrawn what it said."""

    indicator: Indicator
    old: Certification | Notice | CreditScore | None
    new: Certification | Notice | CreditScore | None
    observed_at: datetime
    effective_on: date | None


def indicators_on(entry: AeoEntry | None, day: date) -> Indicators:
    """The indicators that the report in effect gives on `day`; an open notice past its date is overdue."""
    if entry is None:
        return Indicators()
    status = entry.status
    notice = Notice(status.rectification.state_on(day), status.rectification.due_on)
    return Indicators(Certification(status.level, status.sub_state), notice, status.credit_score)


def changes(before: Indicators, after: Indicators, observed_at: datetime, effective_on: date | None) -> tuple[Change, ...]:
    """What changed between two checks, in the order of the indicators. `InvalidEvent` for a time without time zone."""
    if observed_at.tzinfo is None:
        raise InvalidEvent(reason="observed_at 缺少时区 / observed_at has no time zone")
    pairs = [(name, getattr(before, name), getattr(after, name)) for name in get_args(Indicator)]
    return tuple(Change(name, old, new, observed_at, _since(new, effective_on)) for name, old, new in pairs if old != new)


def check_state(monitored_since: date, last_check: date | None, today: date) -> CheckState:
    """Where the check of this month stands on `today`, all days Beijing civil dates: `overdue` also where a whole month before passed without one."""
    if last_check is None:
        return "overdue" if _month(today) > _month(monitored_since) else "due"
    passed = _month(today) - _month(last_check)
    return "done" if passed <= 0 else "due" if passed == 1 else "overdue"


def _since(new: Certification | Notice | CreditScore | None, effective_on: date | None) -> date | None:
    """A score holds from the day that it is of, anything else from the day of the report."""
    return new.as_of if isinstance(new, CreditScore) else effective_on


def _month(day: date) -> int:
    return day.year * 12 + day.month
