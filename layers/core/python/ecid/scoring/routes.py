"""Lawful ways to correct a finding, each with its clocks, in the order in which to try them (domain.md §5, "Correction routes"). Data: `routes.toml`.

Voluntary disclosure goes by the announcement in force on the day of disclosure, so a clock ends with the announcement unless a later one goes on with it.
"""

from __future__ import annotations

import tomllib
from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cache, lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal

from ecid.errors import Language
from ecid.scoring.policy import load_policy
from ecid.scoring.wording import rule_wording

if TYPE_CHECKING:
    from ecid.scoring.result import Finding

State = Literal["open", "partly_open", "with_limits", "expired", "excluded", "not_known"]
"""`open`: for all lines, if the precondition holds. `partly_open`: for the later lines. `with_limits`: only within the limits on tax. `expired`: the time is
over. `excluded`: what is known of the case closes it. `not_known`: no rule for that day is known here."""
Certainty = Literal["verified", "memory_high", "memory_medium"]
Text = Mapping[str, str]
_LANGUAGES: tuple[Language, ...] = ("zh", "en")
_CLOSED = frozenset({"expired", "excluded", "not_known"})
_CERTAINTIES: tuple[Certainty, ...] = ("verified", "memory_high", "memory_medium")


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
class Announcement:
    """One announcement on voluntary disclosure; `limited_months` None: no end while it is in force."""

    number: str
    title: Text
    published: date
    valid_from: date
    valid_to: date
    free_months: int
    limits: Text
    conditions: tuple[Text, ...]
    certainty: Certainty
    limited_months: int | None = None
    repeat_months: int = 0
    certified_only: bool = False
    licence_excluded: bool = False


@dataclass(frozen=True, slots=True)
class Clock:
    """The last days on which disclosing an act has no penalty: at all, and within the limits on tax; None where no announcement ever allowed it. `free_from`:
    the first such day, on or after the day of asking, where there still is one."""

    free_until: date | None
    limited_until: date | None
    free_from: date | None


@dataclass(frozen=True, slots=True)
class RouteOption:
    """One way, on a day. `deadline` and `until_with_limits` are those of the line that expires first, past ones included; `calendar` holds further days by
    name: `last_line_deadline`, `last_line_until_with_limits`, `announcement_ends`, `opens_on`, `waiver_again_from`, `ages_out_on`, `accepted_by`,
    `decided_by`, `earliest_export`. `reason` says why it is not simply open."""

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


def routes_for(finding: Finding, as_of: date, circumstances: Circumstances | None = None) -> tuple[RouteOption, ...]:
    """The routes of a finding in order of preference on `as_of`; what is closed comes last, with its reason and date. `circumstances`: instead of its own."""
    known, selector = circumstances or finding.circumstances or Circumstances(), _data()["selector"]
    codes = {*rule_wording(finding.rule).routes, *(("respond_to_case",) if known.case_open else ())}
    if "respond_to_case" in codes:  # such a finding is itself an act of customs
        known = replace(known, case_open=True)
    order = [code for code in selector["order"] if code in codes]
    if finding.dimension in selector["judgement_dimensions"] and known.released is not False and {"amend", "voluntary_disclosure"} <= codes:
        order.remove("amend")
        order.insert(order.index("voluntary_disclosure") + 1, "amend")
    return tuple(sorted((_option(code, (finding.first_day, finding.last_day), as_of, known) for code in order), key=lambda option: option.state in _CLOSED))


def clock(act: date, as_of: date, certified: bool = False) -> Clock:
    """The clock of one line, declared on `act`, as the announcements published by `as_of` have it."""
    known = [one for one in announcements() if one.published <= as_of and (certified or not one.certified_only)]
    free = [window for one in known if (window := _window(one, act, one.free_months))]
    limited = [window for one in known if (window := _window(one, act, one.limited_months))]
    still = [max(begin, as_of) for begin, end in free if end >= as_of]
    return Clock(max((end for _, end in free), default=None), max((end for _, end in limited), default=None), min(still, default=None))


def leaves_window_on(day: date, months: int) -> date:
    """The first day on which a line declared on `day` no longer counts: lower < declared, where the lower bound is so many months back."""
    back = months_after(day, months)
    return back if back.day == day.day or back == date.max else back + timedelta(days=1)


def months_after(day: date, months: int) -> date:
    """The last day of a period of so many months that begins after `day` (Civil Code, Art. 202): the same day of the month, or the month's last."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if year > date.max.year:
        return date.max
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


@cache
def announcements() -> tuple[Announcement, ...]:
    """All that are known, oldest first."""
    return tuple(Announcement(**{**entry, "conditions": tuple(entry["conditions"])}) for entry in _data()["announcement"])


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads(files("ecid.scoring").joinpath("routes.toml").read_text("utf-8"))


def _window(one: Announcement, act: date, months: int | None) -> tuple[date, date] | None:
    """The days on which an announcement in force allows so many months from the act (None: any time)."""
    begin, end = max(one.valid_from, act), one.valid_to if months is None else min(one.valid_to, months_after(act, months))
    return (begin, end) if begin <= end else None


@lru_cache(maxsize=10_000)
def _option(code: str, days: tuple[date, date], as_of: date, known: Circumstances) -> RouteOption:
    """One route for lines declared from the first to the second of `days`. Thousands of findings have the same few days."""
    entry = _data()["route"][code]
    option = RouteOption(
        code=code,
        state="open",
        name=entry["name"],
        when=entry["when"],
        precondition=tuple(entry["precondition"]),
        cost_kind=entry["cost"]["kind"],
        cost=entry["cost"],
        basis=entry.get("basis", {}),
        source=entry["source"],
        certainty=entry["certainty"],
    )
    match code:
        case "voluntary_disclosure":
            return _disclosure(option, days, as_of, known)
        case "amend" if known.case_open:
            return replace(option, state="excluded", reason=_reason("case_open"))
        case "declare_right":
            return replace(option, calendar={"ages_out_on": leaves_window_on(days[1], load_policy().period_months)})
        case "advance_ruling":
            return _ruling(option, as_of)
        case _:
            return option


def _ruling(option: RouteOption, as_of: date) -> RouteOption:
    terms = _data()["advance_ruling"]
    if as_of < terms["in_force_from"]:
        return replace(option, state="not_known", reason=_reason("no_rulings_yet", start=terms["in_force_from"].isoformat()))
    basis = [change["basis"] for change in terms["amendments"] if change["from"] <= as_of]
    accepted = as_of + timedelta(days=terms["accept_days"])
    calendar = {
        "accepted_by": accepted,
        "decided_by": accepted + timedelta(days=terms["decide_days"]),
        "earliest_export": months_after(as_of, terms["ahead_months"]),
    }
    return replace(option, basis=basis[-1] if basis else option.basis, calendar=calendar)


def _disclosure(option: RouteOption, days: tuple[date, date], as_of: date, known: Circumstances) -> RouteOption:
    first, last = (clock(day, as_of, known.certified) for day in days)
    of_day = [one for one in announcements() if one.valid_from <= as_of <= one.valid_to and (known.certified or not one.certified_only)]
    calendar = {"last_line_deadline": last.free_until, "last_line_until_with_limits": last.limited_until}
    option = replace(option, deadline=first.free_until, until_with_limits=first.limited_until, calendar=_without_none(calendar))
    if not of_day:
        ended = max((one for one in announcements() if one.valid_to < as_of), key=lambda one: one.valid_to, default=None)
        reason = _reason("ended", announcement=ended.title, until=ended.valid_to.isoformat()) if ended else _reason("not_in_force")
        told = ended or announcements()[0]
        return replace(option, state="not_known", when=_filled(option.when, told), basis=told.title, reason=reason)
    rule = of_day[-1]
    option = replace(
        option,
        when=_filled(option.when, rule),
        precondition=(*option.precondition, *rule.conditions),
        basis=_in_force(rule),
        certainty=max(option.certainty, rule.certainty, key=_CERTAINTIES.index),
        calendar={**option.calendar, "announcement_ends": rule.valid_to},
    )
    return _excluded(option, rule, as_of, known) or _running(option, (first, last), rule, as_of)


def _excluded(option: RouteOption, rule: Announcement, as_of: date, known: Circumstances) -> RouteOption | None:
    """The option as closed by what is known of the case, if it is."""
    again = months_after(known.disclosed_on, rule.repeat_months) if known.disclosed_on and rule.repeat_months else None
    if known.case_open:
        return replace(option, state="excluded", reason=_reason("case_open"))
    if known.licence_affected and rule.licence_excluded:
        return replace(option, state="excluded", reason=_reason("licence"))
    if again and again >= as_of:
        calendar = {**option.calendar, "waiver_again_from": again + timedelta(days=1)}
        return replace(option, state="excluded", reason=_reason("repeated", until=again.isoformat()), calendar=calendar)
    return None


def _running(option: RouteOption, clocks: tuple[Clock, Clock], rule: Announcement, as_of: date) -> RouteOption:
    """The option with the state that the clocks of the first and the last line give it."""
    first, last = clocks
    if last.free_until is None or last.free_until < as_of:
        if last.limited_until and last.limited_until >= as_of:
            return replace(option, state="with_limits", reason=_reason("limits_only"))
        return replace(option, state="expired", reason=_reason("expired"))
    if last.free_from and last.free_from > as_of:
        option = replace(option, calendar={**option.calendar, "opens_on": last.free_from}, reason=_reason("opens_later", start=last.free_from.isoformat()))
    elif first.free_until == rule.valid_to:
        option = replace(option, reason=_reason("cut_short", until=rule.valid_to.isoformat()))
    if first.free_until is None or first.free_until < as_of:
        return replace(option, state="partly_open", reason=_reason("partly"))
    return option


def _filled(text: Text, rule: Announcement) -> Text:
    """The sentence on when to disclose, with the terms of an announcement."""
    phrases = _data()["phrase"]
    return {lang: text[lang].format(free=_term(rule.free_months, lang), limited=_limited(rule, phrases, lang), limits=rule.limits[lang]) for lang in _LANGUAGES}


def _limited(rule: Announcement, phrases: Mapping[str, Text], lang: Language) -> str:
    return phrases["any_time"][lang] if rule.limited_months is None else phrases["up_to"][lang].format(term=_term(rule.limited_months, lang))


def _in_force(rule: Announcement) -> Text:
    return {lang: f"{rule.title[lang]} ({rule.valid_from.isoformat()} – {rule.valid_to.isoformat()})" for lang in _LANGUAGES}


def _term(months: int, lang: Language) -> str:
    key = "months" if months % 12 else "year" if months == 12 else "years"
    return str(_data()["phrase"][key][lang]).format(n=months if months % 12 else months // 12)


def _reason(key: str, **facts: str | Text) -> Text:
    told = {lang: {name: fact if isinstance(fact, str) else fact[lang] for name, fact in facts.items()} for lang in _LANGUAGES}
    return {lang: _data()["reason"][key][lang].format_map(told[lang]) for lang in _LANGUAGES}


def _without_none(calendar: Mapping[str, date | None]) -> dict[str, date]:
    return {name: day for name, day in calendar.items() if day}


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
