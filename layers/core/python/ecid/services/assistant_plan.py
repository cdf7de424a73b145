"""The score as a bar, and the way to a target, as the assistant tells them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ecid.assistant import facts as f
from ecid.assistant.blocks import PlanBlock, ScoreBar, Share, Step
from ecid.assistant.results import Fact, ToolResult
from ecid.assistant.wording import LANGUAGES, floored, tenths
from ecid.errors import Language
from ecid.scoring import answers
from ecid.scoring.causes import Cause
from ecid.scoring.saved import SavedResult
from ecid.services.assistant_findings import goods_in, route_of

_TENTH = 100_000
_SENTENCE = 600
_AT_ITS_END = re.compile(r"\d+\.\d(?= points$|分$)")


def score_bar(ledger: Mapping[str, Any]) -> ScoreBar:
    """The bar of a ledger (`answers.ledger`)."""
    exact: int | None = ledger["score_exact_micro"]
    caps = sum(cap["shown_tenths"] for cap in ledger["caps"])
    return ScoreBar(
        score=None if exact is None else floored(exact),
        missing=None if exact is None else tenths(1_000 - exact // _TENTH),
        score_micro=exact,
        dimensions=tuple(_share(one) for one in ledger["dimensions"]),
        caps=tenths(caps) if caps else None,
    )


def allotted_in(sentence: str, points: int | None) -> str:
    """The sentence of a cause with its points as the ledger allots them to its findings (tenths), so that one thing has one figure."""
    return sentence if points is None else _AT_ITS_END.sub(tenths(points), sentence)


def told_plan(saved: SavedResult, causes: Sequence[Cause], target: int, shown: Mapping[str, int | None]) -> ToolResult:
    """The cheapest way to a target; `shown`: the tenths of causes by id. Raises BadInput, ReportNotReady."""
    told = {lang: answers.plan(saved, target, lang) for lang in LANGUAGES}
    plan, prefix, arguments = told["zh"], f"plan.{target}", {"target": target}
    facts: dict[str, Fact | None] = {"target": f.number(target), "hypothesis": f.words(f.both(told, "hypothesis"))}
    if plan["before_micro"] is None:
        return ToolResult("plan", arguments, "nothing", "insufficient_data", facts=f.named(prefix, facts))
    after = plan["steps"][-1]["score_micro"] if plan["steps"] else plan["before_micro"]
    reached = plan["reached_on"]
    facts |= {
        "before": f.score(plan["before_micro"]),
        "after": f.score(after),
        "best": f.score(plan["best_reachable_micro"]),
        "reachable": f.state(plan["reachable"], "yes" if plan["reachable"] else "no"),
        "actions": f.count(plan["cost"]["actions"]),
        "declarations": f.count(plan["cost"]["declarations"]),
        "right_on": f.day(reached["declaring_right"]) if reached["declaring_right"] else None,
        "best_on": f.day(reached["at_best"]) if reached["at_best"] else None,
    }
    goods = {cause.id: goods_in(cause, saved) for cause in causes}
    for lang in LANGUAGES:
        for step in told[lang]["steps"]:
            step["cause"] |= {"sentence": allotted_in(step["cause"]["sentence"], shown.get(step["cause"]["id"]))}
    parts = {lang: _block(told[lang], target, after, goods, lang) for lang in LANGUAGES}
    for place, step in enumerate(plan["steps"], 1):
        blocks = {lang: parts[lang].steps[place - 1] for lang in LANGUAGES}
        facts |= {f"step.{place}.{name}": fact for name, fact in _step_facts(step, blocks).items()}
    data = {"reachable": plan["reachable"], "after_micro": after, "causes": [step["cause"]["id"] for step in plan["steps"]], "proof": plan["proof"]}
    return ToolResult("plan", arguments, data=data, facts=f.named(prefix, facts), parts={prefix: parts})


def _step_facts(step: Mapping[str, Any], blocks: Mapping[Language, Step]) -> dict[str, Fact | None]:
    route = blocks["zh"].route
    return {
        "sentence": f.words({lang: block.text for lang, block in blocks.items()}, longest=_SENTENCE),
        "action": f.words({lang: block.action for lang, block in blocks.items()}),
        "score": f.score(step["score_micro"]),
        "declarations": f.count(step["cause"]["declarations"]),
        "route": f.words({lang: block.route.name if block.route else "" for lang, block in blocks.items()}, "state", route.route) if route else None,
        "deadline": f.day(route.deadline) if route and route.deadline else None,
        "ages_out_on": f.day(step["ages_out_on"]) if step["ages_out_on"] else None,
    }


def _block(plan: Mapping[str, Any], target: int, after: int, goods: Mapping[str, Sequence[str]], lang: Language) -> PlanBlock:
    steps = tuple(_step(place, step, goods[step["cause"]["id"]], lang) for place, step in enumerate(plan["steps"], 1))
    return PlanBlock(target, plan["reachable"], floored(plan["before_micro"]), floored(after), steps, plan["hypothesis"])


def _step(place: int, step: Mapping[str, Any], goods: Sequence[str], lang: Language) -> Step:
    cause, way = step["cause"], next(iter(step["routes"]), None)
    return Step(
        number=place,
        cause=cause["id"],
        action=cause["action"],
        text=f.within(cause["sentence"], goods, lang),
        declarations=cause["declarations"],
        score=floored(step["score_micro"]),
        score_micro=step["score_micro"],
        route=replace(route_of(way), reason="") if way else None,
        ages_out_on=step["ages_out_on"],
    )


def _share(one: Mapping[str, Any]) -> Share:
    lost = None if one["lost_micro"] is None else tenths(one["shown_tenths"] or 0)
    return Share(one["dimension"], one["name"], lost, floored(one["weight_micro"]), one["lost_micro"], one["weight_micro"])
