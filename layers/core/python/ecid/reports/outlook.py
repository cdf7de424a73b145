"""What is ahead, as a page shows it: the plans and the forecast, each with its drawing. All of it is hypothesis and says so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ecid.errors import Language
from ecid.reports.charts import Series, months
from ecid.reports.evidence import route_of
from ecid.reports.figures import score_shown, text
from ecid.reports.report import Report
from ecid.reports.wording import words
from ecid.scoring.forecast import answer_to_json
from ecid.scoring.plan import Plan, Step


def plan_of(plan: Plan, lang: Language) -> dict[str, Any]:
    """A plan with its steps, what it leads to and when, and a drawing of the months."""
    t = words(lang)["text"]
    target = score_shown(plan.target_micro).removesuffix(".0")
    right, best = plan.reached_on
    lead = []
    if plan.before_micro is None:
        lead.append(t["plan_none"])
    elif not plan.reachable:
        lead.append(t["plan_unreachable"].format(best=score_shown(plan.best_micro), target=target))
    elif not plan.steps:
        lead.append(t["plan_reached"].format(target=target))
    if plan.steps:
        lead.append(t["plan_steps"].format(actions=len(plan.steps), declarations=sum(step.cause.declarations for step in plan.steps)))
        if not plan.proven:
            lead.append(t["plan_unproven"].format(least=plan.at_least))
        lead.append(t["reached_right"].format(day=right.isoformat() if right else t["never"]))
        lead.append(t["reached_best"].format(day=best.isoformat() if best else t["never"]))
    return {
        "title": t["plan"].format(target=target),
        "lead": lead,
        "steps": [_step(step, number, lang) for number, step in enumerate(plan.steps, 1)],
        "svg": _plan_chart(plan, t) if plan.steps and len(plan.schedule) > 1 else "",
        "hypothesis": plan.to_json(lang)["hypothesis"],
    }


def _step(step: Step, number: int, lang: Language) -> dict[str, Any]:
    return {
        "number": number,
        "sentence": text(step.cause.sentence[lang]),
        "routes": [route_of(way.option, lang) for way in step.ways],
        "score": score_shown(step.score_micro),
        "ages_out": step.ages_out_on.isoformat() if step.ages_out_on else "–",
    }


def _plan_chart(plan: Plan, t: Mapping[str, str]) -> str:
    days = [month.day.isoformat() for month in plan.schedule]
    right, best = [month.declaring_right_micro for month in plan.schedule], [month.at_best_micro for month in plan.schedule]
    ends = {"first": score_shown(right[0]), "last": score_shown(right[-1]), "best_first": score_shown(best[0]), "best_last": score_shown(best[-1])}
    return months(days, (Series(t["declaring_right"], right), Series(t["at_best"], best)), t["plan_chart"].format_map(ends))


def forecast_of(report: Report) -> dict[str, Any] | None:
    """The forecast as a drawing and a table; None where there is none, or no score in it."""
    found, t = report.forecast, words(report.lang)["text"]
    if not found or all(month.score_exact_micro is None for month in found[0].months):
        return None
    names = {"moved": t["moved"], "kept": t["kept"]}
    days = [month.as_of.isoformat() for month in found[0].months]
    series = [Series(names[one.codes], [month.score_exact_micro for month in one.months]) for one in found]
    scores = [[score_shown(month.score_exact_micro) for month in one.months] for one in found]
    told = t["forecast_chart"].format(first=days[0], last=days[-1], to=scores[0][-1], **{"from": scores[0][0]})
    return {
        "svg": months(days, series, told),
        "names": [one.name for one in series],
        "hypothesis": (answer_to_json(found, report.lang) or {})["hypothesis"],
        "rows": [{"day": day, "scores": [column[place] for column in scores]} for place, day in enumerate(days)],
        "changes": [
            {
                "code": text(change.code),
                "edition": change.edition,
                "from": change.valid_from.isoformat(),
                "to": ", ".join(change.successors),
                "lines": change.lines,
            }
            for change in found[0].changes
        ],
    }
