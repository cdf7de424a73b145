"""How questions about a score are answered: the figure, why, what to do."""

from __future__ import annotations

from collections.abc import Iterator

from ecid.assistant.planner.meant import SHOWN_FINDINGS, dimension_named, matches, simulated
from ecid.assistant.planner.steps import TARGETS
from ecid.assistant.planner.telling import Parts, Told

_DIMENSIONS = range(1, 11)
_MONTHS = (0, 1, 3, 6, 9, 12)
_TENTH = 100_000
_OPEN = ("open", "partly_open", "with_limits")


def why_score(told: Told) -> Parts:
    """Total, by dimension, the three that cost most, the way to both bands."""
    stop = told.failing("explain_score")
    if stop:
        return stop
    if "score.insufficient" in told.facts:
        return told.text(told.say("score_insufficient")) + _findings(told)
    if told.value("score.findings") == 0:
        return told.text(told.say("score_full")) + told.ref("score_bar", "score")
    top = max(_DIMENSIONS, key=lambda number: (_lost(told, number), -number))
    head = told.text(told.say("score_lead"), told.say("dimension_top", n=top), _cap(told))
    return [*head, *told.ref("score_bar", "score"), *told.text(told.say("costliest_lead")), *_findings(told), *_plans(told)]


def _cap(told: Told) -> str:
    """The cap that takes most, where it takes a tenth of a point at least."""
    lost = told.value("cap.1.lost")
    return told.say("cap_line", n=1) if isinstance(lost, int) and lost >= _TENTH else ""


def _lost(told: Told, number: int) -> int:
    value = told.value(f"dimension.{number}.lost")
    return value if isinstance(value, int) else -1


def _findings(told: Told, most: int = SHOWN_FINDINGS) -> Parts:
    return [block for number in _shown(told)[:most] for block in told.ref("finding", f"finding.{number}")]


def _shown(told: Told) -> list[int]:
    """The numbers of the findings that were read in full, in the order in which they were asked for."""
    return list(dict.fromkeys(int(one.data["number"]) for one in told.of("get_finding") if one.state == "ok"))


def _plans(told: Told) -> Parts:
    """The plan to each target; two that are the same are told once."""
    found: Parts = []
    targets = list(dict.fromkeys(int(one.arguments["target"]) for one in told.of("plan")))
    for target in targets:
        key = f"plan.{target}"
        if _reached(told, target):
            found += told.text(told.say("plan_there", t=target))
        elif told.value(f"{key}.reachable") is False:
            found += [*told.text(told.say("plan_short", t=target)), *(told.ref("plan", key) if target == targets[0] or len(targets) == 1 else [])]
        else:
            found += [*told.text(told.say("plan_lead", t=target)), *([] if _goes_further(told, target) else told.ref("plan", key))]
    return found


def _goes_further(told: Told, target: int) -> bool:
    """Whether the plan to a higher target, which is told too, begins with all of this one's steps."""
    causes = {int(one.arguments["target"]): list(one.data.get("causes", ())) for one in told.of("plan") if one.data.get("reachable")}
    own = causes.get(target, [])
    return any(other > target and steps[: len(own)] == own for other, steps in causes.items())


def _reached(told: Told, target: int) -> bool:
    before = told.value(f"plan.{target}.before")
    return isinstance(before, int) and before >= target * 1_000_000


def dimension_detail(told: Told) -> Parts:
    """One dimension, or all of them."""
    stop = told.failing("explain_score")
    if stop:
        return stop
    number = dimension_named(told.asked)
    if number:
        own = [told.either("finding_row", "finding_row_bare", n=one) for one in _shown(told)]
        return [*told.text(told.either("dimension_this", "dimension_unjudged", n=number)), *told.bullets(own)]
    rows = [[told.say("cell_dimension", n=one), told.either("cell_lost", "cell_state", n=one), told.say("cell_of", n=one)] for one in _DIMENSIONS]
    head = [told.say("head_dimension"), told.say("head_lost"), told.say("head_of")]
    known = [row for row in rows if all(row)]
    top = max(_DIMENSIONS, key=lambda one: (_lost(told, one), -one))
    lead = told.text(told.either("score_lead", "score_insufficient"), told.say("dimension_top", n=top) if _lost(told, top) > 0 else "")
    return [*lead, *([{"kind": "table", "head": head, "rows": known}] if known else []), *told.text(_cap(told))]


def costliest_findings(told: Told) -> Parts:
    """The findings in order of cost."""
    stop = told.failing("explain_score")
    if stop:
        return stop
    if told.value("score.findings") == 0:
        return told.text(told.say("score_full"))
    rest = (
        [told.either("finding_row", "finding_row_bare", n=number) for number in range(1, 8) if number not in _shown(told)]
        if len(_shown(told)) <= SHOWN_FINDINGS
        else []
    )
    return [
        *told.text(told.either("costliest_all", "score_insufficient")),
        *_findings(told, 5),
        *told.bullets(rest),
    ]


def finding_detail(told: Told) -> Parts:
    """Findings in full, each with what settles it and what to do."""
    if not _shown(told):
        stop = told.failing("get_finding")
        missing = any(one.reason in ("not_found", "bad_input") for one in told.of("get_finding"))
        return told.text(told.say("finding_none")) if missing else stop
    found: Parts = []
    for number in _shown(told)[:SHOWN_FINDINGS]:
        found += told.text(told.either("finding_lead", "finding_lead_unscored", n=number), told.say("finding_seen", n=number))
        found += told.ref("finding", f"finding.{number}")
        seen = (told.say("finding_ruling", n=number),) if told.value(f"finding.{number}.rule") == "RULING_CONFLICT" else ()
        names = ("finding_do", "finding_clause")
        found += told.text(*seen, *(told.say(name, n=number) for name in names), _route(told, number), told.say("finding_review", n=number))
    return found


def _route(told: Told, number: int) -> str:
    """The first route that is open, with its day where there is one."""
    place = next((k for k in _places(told, number) if told.value(f"finding.{number}.route.{k}.state") in _OPEN), None)
    return told.either("route_dated", "route_short", n=number, k=place) if place else ""


def _places(told: Told, number: int) -> Iterator[int]:
    place = 1
    while f"finding.{number}.route.{place}.name" in told.facts:
        yield place
        place += 1


def plan_to_target(told: Told) -> Parts:
    """The cheapest way."""
    stop = told.failing("plan")
    if stop:
        return stop
    targets = [int(one.arguments["target"]) for one in told.of("plan")]
    last = targets[-1]
    if _reached(told, last):
        return _plans(told)
    same = told.value(f"plan.{last}.right_on") == told.value(f"plan.{last}.best_on")
    return [*_plans(told), *told.text(told.either(*(("plan_time_alone",) if same else ("plan_time", "plan_time_alone")), t=last))]


def simulate(told: Told) -> Parts:
    """The score if."""
    if not told.of("simulate"):
        return told.failing("explain_score") or told.question(told.say("simulate_which"))
    stop = told.failing("simulate")
    if stop:
        return told.text(told.say("finding_none")) if any(one.reason == "not_found" for one in told.of("simulate")) else stop
    rows = [told.either("finding_row", "finding_row_bare", n=number) for number in simulated(told.asked, told.results) if number.isdigit()]
    return [*told.text(told.say("simulate_lead")), *told.bullets(rows), *told.text(told.either("simulate_hypothesis"))]


def forecast(told: Told) -> Parts:
    """The months to come."""
    stop = told.failing("forecast")
    if stop:
        return stop
    lead = told.text(*_outlook(told))
    rows = [[told.say("forecast_row_day", n=place), told.say("forecast_row_score", n=place)] for place in _MONTHS if f"forecast.{place}.score" in told.facts]
    table = [{"kind": "table", "head": [told.say("head_day"), told.say("head_score")], "rows": rows}] if rows else []
    return [*lead, *table, *told.text(told.say("forecast_hypothesis"))]


def _outlook(told: Told) -> list[str]:
    """Where the score goes, and when it enters the bands that it is not in."""
    return [told.say("forecast_lead"), *(told.say(f"forecast_{target}") for target in TARGETS if _below(told, target))]


def _below(told: Told, target: int) -> bool:
    today = told.value("forecast.0.score")
    return isinstance(today, int) and today < target * 1_000_000


def when_leaves(told: Told) -> Parts:
    """When lines of findings leave the window, and what that brings."""
    days = [told.either("leaves_day", "leaves_span", n=number) for number in _shown(told)]
    if not any(days):
        return told.failing("get_finding", "explain_score") or told.text(told.say("window_general"))
    return [*told.bullets(days), *told.text(told.say("window_general"), *_outlook(told))]


def ruling_worth(told: Told) -> Parts:
    """Whether a ruling helps: for whom, what it does, what it takes."""
    found: Parts = []
    for number in _shown(told):
        place = next((k for k in _places(told, number) if told.value(f"finding.{number}.route.{k}.name") == "advance_ruling"), None)
        if place is None:
            found += told.text(told.say("ruling_not", n=number))
        else:
            names = ("ruling_open", "ruling_when", "ruling_calendar", "ruling_cost", "ruling_question")
            found += told.text(*(told.say(name, n=number, k=place) for name in names))
    told.cite_first("search_clauses")
    return [
        *found,
        *(told.failing("get_finding", "explain_score") if not found else []),
        *told.text(told.fixed("ruling_effect"), told.fixed("ruling_draft_later")),
        *told.bullets([told.say("clause_row", n=1)]),
    ]


def disclosure_deadline(told: Told) -> Parts:
    """The routes with their days and costs; that of disclosure at length."""
    if not _shown(told):
        return told.failing("get_finding", "explain_score")
    found: Parts = []
    told.cite_first("search_clauses", "proc-disclosure-194-2025")
    for number in _shown(told):
        place = next((k for k in _places(told, number) if told.value(f"finding.{number}.route.{k}.name") == "voluntary_disclosure"), None)
        found += told.text(told.say("disclose_lead", n=number), *_amend(told, number))
        if place and told.value(f"finding.{number}.route.{place}.state") in _OPEN:
            names = ("disclose_by", "disclose_deadline", "disclose_first", "disclose_limits", "disclose_reason", "disclose_cost", "disclose_basis")
            found += told.text(*(told.say(name, n=number, k=place) for name in names))
        elif place:
            found += told.text(told.say("disclose_state", n=number, k=place), told.say("disclose_reason", n=number, k=place))
        found += told.bullets(told.say("route_row", n=number, k=k) for k in _places(told, number) if k != place)
    return [*found, *told.text(told.fixed("not_legal_advice"))]


def _amend(told: Told, number: int) -> list[str]:
    """Where amending is asked for, that first."""
    place = next((k for k in _places(told, number) if told.value(f"finding.{number}.route.{k}.name") == "amend"), None)
    return [told.say(name, n=number, k=place) for name in ("disclose_state", "disclose_reason")] if place and matches("amend", told.asked) else []


def what_changed(told: Told) -> Parts:
    """Two results side by side."""
    if any(one.reason == "not_found" for one in told.of("compare")):
        return told.text(told.say("compare_none"), told.either("score_lead", "score_insufficient"))
    stop = told.failing("compare")
    if stop:
        return stop
    rows = [told.say("compare_row", n=place) for place in range(1, 6)]
    return [*told.text(told.say("compare_lead"), told.say("compare_parts")), *told.bullets(rows)]


def misclassified_codes(told: Told) -> Parts:
    """The codes that cost most for their classification."""
    if any(one.reason == "not_found" for one in told.of("misclassified")):
        return told.text(told.say("misclassified_none"))
    stop = told.failing("misclassified")
    if stop:
        return stop
    told.cite_of("misclassified")
    rows = [told.either("misclassified_row", "misclassified_row_alone", n=place) for place in range(1, 6)]
    return [*told.text(told.say("misclassified_lead")), *told.bullets(rows), *told.text(told.fixed("no_verdict"))]


def reviewed_mark(told: Told) -> Parts:
    """How to mark, and the mark that there is."""
    own = [told.either("finding_review", "finding_unmarked", n=number) for number in _shown(told)]
    return told.text(*own, *([] if own else [told.say("marks_where")]), told.fixed("mark_how"))
