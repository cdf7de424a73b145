"""Voluntary disclosure: its announcements, its two clocks, and how it stands on a day (domain.md §5, "Correction routes"). Data: `routes.toml`.

The announcement in force on the day of disclosure decides, so a clock ends with the announcement unless a later one goes on with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache, lru_cache

from ecid.errors import Language
from ecid.scoring.route_option import CERTAINTIES, LANGUAGES, Certainty, Circumstances, RouteOption, Text, months_after, reason, route_data


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
class Term:
    """One clock of one line. `until`: its last day, None where no announcement ever allowed it; `since`: its first day on or after the day of asking, None
    where it is over; `cut`: whether it would go on if the last announcement that is known did not end."""

    until: date | None
    since: date | None
    cut: bool

    @property
    def over(self) -> date | None:
        """Its last day, where that is past."""
        return self.until if self.since is None else None


@dataclass(frozen=True, slots=True)
class Clock:
    """When disclosing an act has no penalty: at all, and within the limits on tax."""

    free: Term
    limited: Term

    def stands(self, as_of: date) -> int:
        """How disclosing on the day of asking is: 2 free, 1 within the limits on tax, 0 neither. It is never worse for an act of a later day."""
        return 2 if self.free.since == as_of else 1 if self.limited.since == as_of else 0


@cache
def announcements() -> tuple[Announcement, ...]:
    """All that are known, oldest first."""
    return tuple(Announcement(**{**entry, "conditions": tuple(entry["conditions"])}) for entry in route_data()["announcement"])


@lru_cache(maxsize=10_000)
def clock(act: date, as_of: date, certified: bool = False) -> Clock:
    """The clock of one line, declared on `act`, as the announcements published by `as_of` have it."""
    known = [one for one in announcements() if one.published <= as_of and (certified or not one.certified_only)]
    return Clock(_term(act, as_of, [(one, one.free_months) for one in known]), _term(act, as_of, [(one, one.limited_months) for one in known]))


def ran_out(act: date, as_of: date, certified: bool = False) -> bool:
    """Whether both clocks of a line are over, and not only because the last announcement that is known has ended."""
    found = clock(act, as_of, certified)
    return not found.free.since and bool(found.limited.over) and (bool(_in_force(as_of, certified)) or not found.limited.cut)


def disclosed(option: RouteOption, days: tuple[date, date], as_of: date, known: Circumstances) -> RouteOption:
    """The route of disclosure for lines declared from the first to the second of `days`, as it stands on `as_of`; a later act counts as one of that day."""
    first, last = (clock(min(day, as_of), as_of, known.certified) for day in days)
    calendar = {"last_line_deadline": last.free.until, "last_line_until_with_limits": last.limited.until}
    option = replace(option, deadline=first.free.until, until_with_limits=first.limited.until, calendar=_without_none(calendar))
    rule = next(reversed(_in_force(as_of, known.certified)), None)
    if rule is None:
        ended = max((one for one in announcements() if one.valid_to < as_of), key=lambda one: one.valid_to, default=None)
        why = reason("ended", announcement=ended.title, until=ended.valid_to.isoformat()) if ended else reason("not_in_force")
        nearest = ended or announcements()[0]
        return replace(option, state="not_known", when=_filled(option.when, nearest), basis=nearest.title, reason=why)
    period = f"{rule.valid_from.isoformat()} – {rule.valid_to.isoformat()}"
    option = replace(
        option,
        when=_filled(option.when, rule),
        precondition=(*option.precondition, *rule.conditions),
        basis={lang: f"{rule.title[lang]} ({period})" for lang in LANGUAGES},
        certainty=max(option.certainty, rule.certainty, key=CERTAINTIES.index),
        calendar={**option.calendar, "announcement_ends": rule.valid_to},
    )
    return _excluded(option, rule, as_of, known) or _running(option, first, last, as_of)


def _in_force(as_of: date, certified: bool) -> list[Announcement]:
    return [one for one in announcements() if one.valid_from <= as_of <= one.valid_to and (certified or not one.certified_only)]


def _term(act: date, as_of: date, allowed: Sequence[tuple[Announcement, int | None]]) -> Term:
    """The days on which an announcement in force allows so many months from the act (None: any time)."""
    horizon = max((one.valid_to for one, _ in allowed), default=None)
    windows = []
    for one, months in allowed:
        own = date.max if months is None else months_after(act, months)
        begin, end = max(one.valid_from, act), min(one.valid_to, own)
        if begin <= end:
            windows.append((begin, end, own > end == horizon))
    until = max((end for _, end, _ in windows), default=None)
    since = min((max(begin, as_of) for begin, end, _ in windows if end >= as_of), default=None)
    return Term(until, since, any(cut for _, _, cut in windows))


def _excluded(option: RouteOption, rule: Announcement, as_of: date, known: Circumstances) -> RouteOption | None:
    """The option as closed by what is known of the case, if it is."""
    again = months_after(known.disclosed_on, rule.repeat_months) if known.disclosed_on and rule.repeat_months else None
    if known.case_open:
        return replace(option, state="excluded", reason=reason("case_open"))
    if known.licence_affected and rule.licence_excluded:
        return replace(option, state="excluded", reason=reason("licence"))
    if again and again >= as_of:
        calendar = {**option.calendar, "waiver_again_from": again + timedelta(days=1)}
        return replace(option, state="excluded", reason=reason("repeated", until=again.isoformat()), calendar=calendar)
    return None


def _running(option: RouteOption, first: Clock, last: Clock, as_of: date) -> RouteOption:
    """The option with state, days and reasons as the clocks of the first and the last line have it; those of the lines between stand between them."""
    then, now = first.stands(as_of), last.stands(as_of)
    opening = _opening(last, now, as_of) or _opening(first, then, as_of)
    opens = [reason(opening[0], start=opening[1].isoformat())] if opening else []
    if opening:
        option = replace(option, calendar={**option.calendar, "opens_on": opening[1]})
    if not now:
        return replace(option, state="expired", reason=_joined(opens or [reason("expired")]))
    option = _days_to_come(option, first, last)
    cut = [reason(key, until=term.until.isoformat()) for key, term in _cut(last)[:1] if term.until]
    if now == 2:
        mixed = [] if then == 2 else [reason("partly" if then else "partly_over")]
        return replace(option, state="partly_open" if mixed else "open", reason=_joined([*mixed, *opens, *cut]))
    return replace(option, state="with_limits", reason=_joined([reason("limits_only" if then else "limits_partly"), *opens, *cut]))


def _opening(line: Clock, stands: int, as_of: date) -> tuple[str, date] | None:
    """The reason and the day from which a published announcement that is not in force yet allows a line more than today."""
    for key, better, term in (("opens_later", 2, line.free), ("opens_with_limits", 1, line.limited)):
        if better > stands and term.since and term.since > as_of:
            return key, term.since
    return None


def _cut(last: Clock) -> list[tuple[str, Term]]:
    """The clocks of the last line that still run and end early, because the announcement does; those of earlier lines end no later."""
    return [(key, term) for key, term in (("cut_short", last.free), ("limits_cut_short", last.limited)) if term.cut and term.since]


def _days_to_come(option: RouteOption, first: Clock, last: Clock) -> RouteOption:
    """The option without past days, but for those of the first line by their own name."""
    calendar = {
        **{name: day for name, day in option.calendar.items() if not name.startswith("last_line_")},
        "first_line_deadline": first.free.over,
        "first_line_until_with_limits": first.limited.over,
        "last_line_deadline": _coming(last.free),
        "last_line_until_with_limits": _coming(last.limited),
    }
    deadline, until = (_coming(ours) or _coming(theirs) for ours, theirs in ((first.free, last.free), (first.limited, last.limited)))
    return replace(option, deadline=deadline, until_with_limits=until, calendar=_without_none(calendar))


def _coming(term: Term) -> date | None:
    return term.until if term.since else None


def _joined(texts: Iterable[Text]) -> Text | None:
    told = list(texts)
    return {lang: ("；" if lang == "zh" else "; ").join(text[lang] for text in told) for lang in LANGUAGES} if told else None


def _filled(text: Text, rule: Announcement) -> Text:
    """The sentence on when to disclose, with the terms of an announcement."""
    return {lang: text[lang].format(free=_length(rule.free_months, lang), limited=_limited(rule, lang), limits=rule.limits[lang]) for lang in LANGUAGES}


def _limited(rule: Announcement, lang: Language) -> str:
    phrases = route_data()["phrase"]
    told = phrases["any_time"] if rule.limited_months is None else phrases["up_to"]
    return str(told[lang]).format(term=_length(rule.limited_months or 0, lang))


def _length(months: int, lang: Language) -> str:
    key = "months" if months % 12 else "year" if months == 12 else "years"
    return str(route_data()["phrase"][key][lang]).format(n=months if months % 12 else months // 12)


def _without_none(calendar: Mapping[str, date | None]) -> dict[str, date]:
    return {name: day for name, day in calendar.items() if day}
