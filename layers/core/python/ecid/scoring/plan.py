"""The plan: the cheapest causes whose repair reaches a target, each with its lawful routes, and when the points come back (score.md, "plan").

What was declared and released can mostly not be amended. So the score of each month ahead is given twice: as it comes by declaring right from now on alone,
when old lines leave the window and right ones of the same weight follow; and at best, where slips are amended and the rest disclosed at once as far as the
routes are open. What customs did is nothing to repair: it leaves with its lines.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from statistics import fmean
from typing import Any

from ecid.errors import Language
from ecid.scoring.causes import Cause
from ecid.scoring.cheapest import cheapest
from ecid.scoring.loss_table import LossTable
from ecid.scoring.policy import PPM
from ecid.scoring.result import Finding
from ecid.scoring.routes import Circumstances, RouteOption, leaves_window_on, months_after, routes_for

_AT_ONCE = frozenset({"amend", "voluntary_disclosure"})
_HYPOTHESIS = {
    "zh": "这是假设：设想每票移出窗口的旧申报由同等权重的申报接替，未更正的问题照旧出现；它不是评分结果，也不是承诺。",
    "en": "This is a hypothesis: every old line that leaves the window is taken to be followed by one of equal weight, and what is not repaired to go on; "
    "it is neither a result nor a promise.",
}


@dataclass(frozen=True, slots=True)
class Way:
    """A route of a step: the option of the finding that has to go first, and for how many of the step's findings it is not closed."""

    option: RouteOption
    findings: int


@dataclass(frozen=True, slots=True)
class Step:
    """One cause to repair. `score_micro` is the score with this step and those before it; `ages_out_on`: the first day without any of its lines, None where
    the period does not move."""

    cause: Cause
    ways: tuple[Way, ...]
    score_micro: int
    ages_out_on: date | None


@dataclass(frozen=True, slots=True)
class Month:
    """The score so many months ahead, on `day`: by declaring right alone, and at best."""

    ahead: int
    day: date
    declaring_right_micro: int
    at_best_micro: int


@dataclass(frozen=True, slots=True)
class Plan:
    """`target_micro` is what was asked for. `reachable`: whether repairing all causes reaches it; if not, the steps are those to `best_micro`, the most that
    can be reached. No set of fewer than `at_least` causes will do; `proven`: none is cheaper in any respect. Scores are None while data are insufficient."""

    target_micro: int
    before_micro: int | None
    best_micro: int | None
    reachable: bool
    steps: tuple[Step, ...]
    at_least: int
    proven: bool
    schedule: tuple[Month, ...]

    @property
    def reached_on(self) -> tuple[date | None, date | None]:
        """When the target is first met, by declaring right alone and at best; None if it is not within the schedule."""
        right = (month.day for month in self.schedule if month.declaring_right_micro >= self.target_micro)
        best = (month.day for month in self.schedule if month.at_best_micro >= self.target_micro)
        return next(right, None), next(best, None)

    def to_json(self, lang: Language) -> dict[str, Any]:
        """The answer to `plan` (docs/score-questions.md)."""
        right, best = self.reached_on
        return {
            "hypothesis": _HYPOTHESIS[lang],
            "target_micro": self.target_micro,
            "before_micro": self.before_micro,
            "best_reachable_micro": self.best_micro,
            "reachable": self.reachable,
            "cost": {"actions": len(self.steps), "declarations": sum(step.cause.declarations for step in self.steps)},
            "proof": {"proven_cheapest": self.proven, "at_least_actions": self.at_least, "at_most_too_many": len(self.steps) - self.at_least},
            "steps": [
                {
                    "cause": step.cause.to_json(lang),
                    "score_micro": step.score_micro,
                    "ages_out_on": step.ages_out_on.isoformat() if step.ages_out_on else None,
                    "routes": [way.option.to_json(lang) | {"findings": way.findings} for way in step.ways],
                }
                for step in self.steps
            ],
            "reached_on": {"declaring_right": right.isoformat() if right else None, "at_best": best.isoformat() if best else None},
            "schedule": [
                {
                    "months_ahead": month.ahead,
                    "on": month.day.isoformat(),
                    "declaring_right_micro": month.declaring_right_micro,
                    "at_best_micro": month.at_best_micro,
                }
                for month in self.schedule
            ],
        }


def plan(table: LossTable, causes: Sequence[Cause], findings: Sequence[Finding], target: int, circumstances: Circumstances | None = None) -> Plan:
    """How a result comes to `target` points: `table`, `causes` (costliest first) and `findings` are of one result. Steps come costliest cause first."""
    wanted = target * PPM
    repairable = [cause for cause in causes if cause.repairable]
    gathered = table.gathered({cause.id: cause.findings for cause in causes})
    before, best = gathered.score(), gathered.score([cause.id for cause in repairable])
    if before is None or best is None:
        return Plan(wanted, None, None, False, (), 0, False, ())
    choice = cheapest(gathered, {cause.id: cause.declarations for cause in repairable}, min(wanted, best))
    chosen = [cause for cause in repairable if cause.id in choice.items]
    options = {finding.id: routes_for(finding, table.as_of, circumstances) for finding in findings}
    steps = tuple(
        Step(
            cause,
            ways_of([options[finding] for finding in cause.findings]),
            gathered.score([earlier.id for earlier in chosen[: number + 1]]) or 0,
            leaves_window_on(cause.last_day, table.months) if table.months else None,
        )
        for number, cause in enumerate(chosen)
    )
    at_once = {finding for finding, own in options.items() if any(option.code in _AT_ONCE and option.state == "open" for option in own)}
    gone = {finding for cause in chosen for finding in cause.findings}
    past = {finding for cause in causes if not cause.repairable for finding in cause.findings}
    return Plan(wanted, before, best, best >= wanted, steps, choice.at_least, choice.proven, _schedule(table, gone, gone & at_once, past))


def ways_of(options: Sequence[Sequence[RouteOption]]) -> tuple[Way, ...]:
    """The routes of several findings, each once: the option that has to go first, in the order that the findings have on average; what is closed for all comes
    last."""
    found: dict[str, list[RouteOption]] = {}
    places: dict[str, list[int]] = {}
    for own in options:
        for place, option in enumerate(own):
            found.setdefault(option.code, []).append(option)
            places.setdefault(option.code, []).append(place)
    ways = []
    for same in found.values():
        unclosed = [option for option in same if not option.closed]
        ways.append(Way(min(unclosed or same, key=lambda option: option.act_by or date.max), len(unclosed)))
    return tuple(sorted(ways, key=lambda way: (not way.findings, fmean(places[way.option.code]))))


def _schedule(table: LossTable, gone: Collection[str], at_once: Collection[str], past: Collection[str]) -> tuple[Month, ...]:
    """Month by month until the last line has left. `gone`: findings repaired; `at_once`: those of them whose lines are put right now; `past`: findings that
    leave with their lines, repaired or not."""
    leaving = {*gone, *past}
    last = max((entry.leaves for entry in table.entries if leaving & set(entry.items)), default=0)
    return tuple(
        Month(ahead, months_after(table.as_of, ahead), _score(table, leaving, ahead, ()), _score(table, leaving, ahead, at_once)) for ahead in range(last + 1)
    )


def _score(table: LossTable, leaving: Collection[str], ahead: int, at_once: Collection[str]) -> int:
    return table.score_where(lambda item, leaves: item in at_once or (item in leaving and 0 < leaves <= ahead)) or 0
