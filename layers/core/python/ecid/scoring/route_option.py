"""One lawful way to correct a finding on a day, what is known of the case, and the periods that both go by. Data: `routes.toml`."""

from __future__ import annotations

import tomllib
from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from ecid.errors import Language

State = Literal["open", "partly_open", "with_limits", "expired", "excluded", "not_known"]
"""`open`: for all lines, if the precondition holds. `partly_open`: for the later lines. `with_limits`: only within the limits on tax. `expired`: the time is
over. `excluded`: what is known of the case closes it. `not_known`: a rule for that day, or a fact that decides, is not known here."""
Certainty = Literal["verified", "memory_high", "memory_medium"]
Text = Mapping[str, str]
LANGUAGES: tuple[Language, ...] = ("zh", "en")
CLOSED: frozenset[State] = frozenset({"expired", "excluded", "not_known"})
CERTAINTIES: tuple[Certainty, ...] = ("verified", "memory_high", "memory_medium")


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is known of the case beside the finding; None or the default where nobody said. `disclosed_on`: the last disclosure of the same breach."""

    released: bool | None = None
    case_open: bool = False
    licence_affected: bool = False
    certified: bool = False
    disclosed_on: date | None = None

    def to_json(self) -> dict[str, Any]:
        """The shape of a finding's `circumstances`."""
        return {
            "released": self.released,
            "case_open": self.case_open,
            "licence_affected": self.licence_affected,
            "certified": self.certified,
            "disclosed_on": _iso(self.disclosed_on),
        }


@dataclass(frozen=True, slots=True)
class RouteOption:
    """One way, on a day. `deadline`: the last day without penalty for the first line, or where its time is over and that of the last is not, for the last;
    `until_with_limits` the same within the limits on tax. Days that are past stand there only where the route is closed. `calendar` holds further days by name:
    `last_line_deadline`, `last_line_until_with_limits`, `first_line_deadline` and `first_line_until_with_limits` (both over), `announcement_ends`, `opens_on`,
    `waiver_again_from`, `ages_out_on`, `accepted_by`, `decided_by`, `earliest_export`. `reason` says why it is not simply open."""

    code: str
    state: State
    name: Text
    when: Text
    precondition: tuple[Text, ...]
    cost_kind: str
    cost: Text
    basis: Text
    source: str
    certainty: Certainty
    deadline: date | None = None
    until_with_limits: date | None = None
    calendar: Mapping[str, date] = field(default_factory=dict)
    reason: Text | None = None

    @property
    def closed(self) -> bool:
        """Whether it cannot be gone on that day, as far as is known."""
        return self.state in CLOSED

    @property
    def act_by(self) -> date | None:
        """The day that counts now: the last one on which the route is what its state says, for some line; None where it is closed or nothing bounds it."""
        return None if self.closed else self.until_with_limits if self.state == "with_limits" else self.deadline

    @property
    def line_by_line(self) -> bool:
        """Whether that day is the last line's, and earlier lines are too late already or will be before it, each on its day."""
        return not self.closed and ("first_line_until_with_limits" if self.state == "with_limits" else "first_line_deadline") in self.calendar

    def to_json(self, lang: Language) -> dict[str, Any]:
        """The shape of a finding's `routes`."""
        return {
            "route": self.code,
            "state": self.state,
            "name": self.name[lang],
            "when": self.when[lang],
            "precondition": [text[lang] for text in self.precondition],
            "deadline": _iso(self.deadline),
            "until_with_limits": _iso(self.until_with_limits),
            "calendar": {name: day.isoformat() for name, day in sorted(self.calendar.items())},
            "reason": self.reason[lang] if self.reason else None,
            "cost": {"kind": self.cost_kind, "text": self.cost[lang]},
            "basis": self.basis[lang],
            "source": self.source,
            "certainty": self.certainty,
        }


def months_after(day: date, months: int) -> date:
    """The last day of a period of so many months that begins after `day` (Civil Code, Art. 202): the same day of the month, or the month's last."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if year > date.max.year:
        return date.max
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


@cache
def route_data() -> dict[str, Any]:
    """`routes.toml` as it stands."""
    return tomllib.loads(files("ecid.scoring").joinpath("routes.toml").read_text("utf-8"))


def reason(key: str, **facts: str | Text) -> Text:
    """A reason of `routes.toml` by language, filled in with `facts`: texts, or texts by language."""
    told = {lang: {name: fact if isinstance(fact, str) else fact[lang] for name, fact in facts.items()} for lang in LANGUAGES}
    return {lang: route_data()["reason"][key][lang].format_map(told[lang]) for lang in LANGUAGES}


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
