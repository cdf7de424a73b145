"""Lawful ways to correct a finding, each with its clocks, in the order in which to try them (domain.md §5, "Correction routes"). Data: `routes.toml`."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from ecid.scoring.disclosure import disclosed, ran_out
from ecid.scoring.policy import load_policy
from ecid.scoring.route_option import Circumstances, RouteOption, State, months_after, reason, route_data
from ecid.scoring.wording import rule_wording

if TYPE_CHECKING:
    from ecid.scoring.result import Finding

__all__ = ["Circumstances", "RouteOption", "State", "leaves_window_on", "months_after", "routes_for"]


def routes_for(finding: Finding, as_of: date, circumstances: Circumstances | None = None) -> tuple[RouteOption, ...]:
    """The routes of a finding in order of preference on `as_of`; what is closed comes last, with its reason and date. `circumstances`: instead of its own.

    An amendment comes last of what is not closed once the time to disclose has run out for all lines: of lines that old it is the exception.
    """
    known, selector = circumstances or finding.circumstances or Circumstances(), route_data()["selector"]
    codes = {*rule_wording(finding.rule).routes, *(("respond_to_case",) if known.case_open else ())}
    if "respond_to_case" in codes:  # such a finding is itself an act of customs
        known = replace(known, case_open=True)
    days, slip = (finding.first_day, finding.last_day), finding.rule in selector["slips"]
    options = [_option(code, days, as_of, known, slip=slip) for code in selector["order"] if code in codes]
    late = known.released is not False and ran_out(min(finding.last_day, as_of), as_of, known.certified)
    return tuple(sorted(options, key=lambda option: 2 if option.closed else int(late and option.code == "amend")))


def leaves_window_on(day: date, months: int) -> date:
    """The first day on which a line declared on `day` no longer counts: lower < declared, where the lower bound is so many months back."""
    back = months_after(day, months)
    return back if back.day == day.day or back == date.max else back + timedelta(days=1)


@lru_cache(maxsize=10_000)
def _option(code: str, days: tuple[date, date], as_of: date, known: Circumstances, *, slip: bool) -> RouteOption:
    """One route for lines declared from the first to the second of `days`. Thousands of findings have the same few days."""
    entry = route_data()["route"][code]
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
            return disclosed(option, days, as_of, known)
        case "amend":
            return _amendment(option, known, slip=slip)
        case "declare_right":
            return replace(option, calendar={"ages_out_on": leaves_window_on(days[1], load_policy().period_months)})
        case "advance_ruling":
            return _ruling(option, as_of)
        case _:
            return option


def _amendment(option: RouteOption, known: Circumstances, *, slip: bool) -> RouteOption:
    """Order 220: before release; afterwards for slips and for causes that lie outside a finding. `slip`: whether its rule finds slips as a rule."""
    if known.case_open:
        return replace(option, state="excluded", reason=reason("case_open"))
    if slip or known.released is False:
        return option
    return replace(option, state="excluded" if known.released else "not_known", reason=reason("released" if known.released else "release_not_known"))


def _ruling(option: RouteOption, as_of: date) -> RouteOption:
    terms = route_data()["advance_ruling"]
    if as_of < terms["in_force_from"]:
        return replace(option, state="not_known", reason=reason("no_rulings_yet", start=terms["in_force_from"].isoformat()))
    basis = [change["basis"] for change in terms["amendments"] if change["from"] <= as_of]
    accepted = as_of + timedelta(days=terms["accept_days"])
    calendar = {
        "accepted_by": accepted,
        "decided_by": accepted + timedelta(days=terms["decide_days"]),
        "earliest_export": months_after(as_of, terms["ahead_months"]),
    }
    return replace(option, basis=basis[-1] if basis else option.basis, calendar=calendar)
