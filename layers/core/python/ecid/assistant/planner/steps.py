"""Which tools answer a question, and with what: first those that need nothing, then those that need what the first found (the second round)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from ecid.assistant.caller import Caller
from ecid.assistant.planner.citing import record_named
from ecid.assistant.planner.meant import SHOWN_FINDINGS, chosen, confusion, dimension_named, listed, matches, of_code, simulated
from ecid.assistant.planner.memory import Asked
from ecid.assistant.planner.records import intents, stepwords
from ecid.assistant.results import ToolResult
from ecid.assistant.toolbox import OF_THE_LEDGER

TARGETS = (85, 90)
"""The bands that buyers ask for (the score policy): what is planned for where no target is named."""
_MOST_CALLS = 12


@dataclass(frozen=True, slots=True)
class Call:
    """A tool with its arguments."""

    tool: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


Steps = Callable[[Asked, Caller, Sequence[ToolResult]], Iterator[Call]]


def next_calls(asked: Asked, caller: Caller, results: Sequence[ToolResult], made: Sequence[Call]) -> list[Call]:
    """What is still to be asked, of this turn, given what it has asked (`made`) and got; nothing when the answer can be written."""
    wanted: list[Call] = []
    for name in asked.intents:
        if asked.missing and name == asked.intents[0]:
            continue
        own = intents()[name]
        if needs_grant(name, caller):
            continue
        wanted += _STEPS.get(name, _none)(asked, caller, results) if caller.role in own.roles else _public(asked, caller, results)
    if asked.claims_a_score or asked.claimed_aeo:
        wanted += _stated(asked, caller)
    fresh = [call for place, call in enumerate(wanted) if call not in made and call not in wanted[:place]]
    return fresh[: max(_MOST_CALLS - len(made), 0)]


def needs_grant(name: str, caller: Caller) -> bool:
    """Whether an intent of this role rests on the ledger, which the caller's grant does not open."""
    own = intents()[name]
    return caller.role in own.roles and not caller.sees_ledger and bool(OF_THE_LEDGER & set(own.tools))


def _none(asked: Asked, caller: Caller, results: Sequence[ToolResult]) -> Iterator[Call]:
    yield from ()


def _public(asked: Asked, caller: Caller, results: Sequence[ToolResult]) -> Iterator[Call]:
    """What a caller without a ledger can be told of a domain instead."""
    if asked.domain:
        yield from _record(asked, caller, results)


def _stated(asked: Asked, caller: Caller) -> Iterator[Call]:
    if asked.claims_a_score and caller.sees_ledger:
        yield Call("explain_score")
    elif asked.claimed is not None and asked.domain:
        yield Call("get_record", {"domain": asked.domain})
    if asked.claimed_aeo and asked.domain:
        yield Call("get_record", {"domain": asked.domain})


def _scored(results: Sequence[ToolResult]) -> bool:
    return any(one.tool == "explain_score" and one.state == "ok" and one.data.get("score_exact_micro") is not None for one in results)


def _why(asked: Asked, caller: Caller, results: Sequence[ToolResult]) -> Iterator[Call]:
    yield Call("explain_score")
    yield from (Call("get_finding", {"finding": str(one["number"])}) for one in listed(results)[:SHOWN_FINDINGS])
    if _scored(results):
        yield from (Call("plan", {"target": target}) for target in TARGETS)


def _dimension(asked: Asked, caller: Caller, results: Sequence[ToolResult]) -> Iterator[Call]:
    yield Call("explain_score")
    number = dimension_named(asked)
    if number:
        own = [one for one in listed(results) if one["dimension"] == number]
        yield from (Call("get_finding", {"finding": str(one["number"])}) for one in own[:SHOWN_FINDINGS])


def _costliest(asked: Asked, caller: Caller, results: Sequence[ToolResult]) -> Iterator[Call]:
    yield Call("explain_score")
    count = len(asked.findings) or SHOWN_FINDINGS
    yield from (Call("get_finding", {"finding": str(one["number"])}) for one in listed(results)[: min(count, 5)])


def _finding(asked: Asked, caller: Caller, results: Sequence[ToolResult], most: int = SHOWN_FINDINGS) -> Iterator[Call]:
    """The findings that are meant; where none is named, that which costs most."""
    if not asked.findings or "last" in asked.findings:
        yield Call("explain_score")
        if not listed(results):
            return
    few = most if len(asked.findings) < 2 else SHOWN_FINDINGS
    yield from (Call("get_finding", {"finding": name}) for name in (chosen(asked, results) or ["1"])[:few])


def _detail(asked: Asked, caller: Caller, results: Sequence[ToolResult]) -> Iterator[Call]:
    yield from _finding(asked, caller, results, 2)


def _one_finding(asked: Asked, caller: Caller, results: Sequence[ToolResult]) -> Iterator[Call]:
    yield from _finding(asked, caller, results, 1)


def _leaves(asked: Asked, caller: Caller, results: Sequence[ToolResult]) -> Iterator[Call]:
    yield from _finding(asked, caller, results)
    yield Call("forecast")
    yield Call("score_method", {"topic": "window"})


def _ruling(asked: Asked, caller: Caller, results: Sequence[ToolResult]) -> Iterator[Call]:
    yield from _one_finding(asked, caller, results)
    query = asked.text[:500] if matches("long", asked) else stepwords()["search"]["ruling_worth"]
    yield Call("search_clauses", {"query": query, "kind": "ruling_rule"})


def _disclosure(asked: Asked, caller: Caller, results: Sequence[ToolResult]) -> Iterator[Call]:
    yield from _one_finding(asked, caller, results)
    yield Call("search_clauses", {"query": stepwords()["search"]["disclosure_deadline"], "kind": "procedure"})


def _code(asked: Asked, caller: Caller, results: Sequence[ToolResult]) -> Iterator[Call]:
    yield Call("explain_score")
    yield from (Call("get_tariff_line", {"code": code}) for code in asked.codes[:2] if len(code) >= 8)
    yield from (Call("get_finding", {"finding": str(one["number"])}) for one in of_code(asked, results)[:SHOWN_FINDINGS])
    if asked.goods and asked.codes:
        yield Call("find_candidates", {"text": asked.goods, "declared": asked.codes[0]})


def _plan(asked: Asked, caller: Caller, results: Sequence[ToolResult]) -> Iterator[Call]:
    yield from (Call("plan", {"target": target}) for target in ([asked.target] if asked.target and asked.target <= 100 else TARGETS))


def _simulate(asked: Asked, caller: Caller, results: Sequence[ToolResult]) -> Iterator[Call]:
    yield Call("explain_score")
    names = ["all"] if matches("everything", asked) and not asked.findings else simulated(asked, results)
    if names and (listed(results) or asked.findings or names == ["all"]):
        yield Call("simulate", {"findings": names})


def _forecast(asked: Asked, caller: Caller, results: Sequence[ToolResult]) -> Iterator[Call]:
    yield Call("forecast")


def _compare(asked: Asked, caller: Caller, results: Sequence[ToolResult]) -> Iterator[Call]:
    yield Call("compare", {"since": asked.days[0]} if asked.days else {})
    yield Call("explain_score")


def _misclassified(asked: Asked, caller: Caller, results: Sequence[ToolResult]) -> Iterator[Call]:
    yield Call("misclassified")


def _mark(asked: Asked, caller: Caller, results: Sequence[ToolResult]) -> Iterator[Call]:
    yield Call("explain_score")
    if listed(results):
        yield from (Call("get_finding", {"finding": name}) for name in chosen(asked, results))


def _lines(asked: Asked, caller: Caller, results: Sequence[ToolResult]) -> Iterator[Call]:
    as_of = {"as_of": asked.days[0]} if asked.days else {}
    if not asked.codes and asked.goods:
        yield Call("find_candidates", {"text": asked.goods})
    for code in asked.codes[:2]:
        if len(code) >= 8:
            yield Call("get_tariff_line", {"code": code, **as_of})
        else:
            yield Call("search_clauses", {"query": asked.goods or code, "code": code, "kind": "line"})


def _apart(asked: Asked, caller: Caller, results: Sequence[ToolResult]) -> Iterator[Call]:
    codes = asked.codes[:2]
    if len(codes) < 2:
        yield Call("search_clauses", {"query": asked.goods or asked.topic, **({"code": codes[0]} if codes else {})})
        return
    yield from (Call("search_clauses", {"query": asked.goods or asked.topic, "code": code[:4], "kind": "confusion"}) for code in codes)
    yield from (Call("search_clauses", {"query": asked.goods or code, "code": code[:4], "kind": "note"}) for code in codes)
    yield from (Call("get_tariff_line", {"code": code}) for code in codes if len(code) >= 8)
    best = confusion(codes, results)
    if best:
        yield Call("get_clause", {"id": best})


def _clauses(asked: Asked, caller: Caller, results: Sequence[ToolResult]) -> Iterator[Call]:
    if asked.findings:
        yield from _finding(asked, caller, results)
        return
    if asked.clause:
        yield Call("get_clause", {"id": asked.clause})
        if not any(one.tool == "get_clause" and one.state == "nothing" for one in results):
            return
    if asked.follows and matches("before", asked) and not asked.clause:
        yield from _predecessor(asked, results)
        return
    kind = next((name for name, pattern in stepwords()["kind"].items() if re.search(pattern, asked.topic)), None)
    arguments: dict[str, Any] = {"query": (asked.goods or asked.topic)[:500]}
    arguments |= {"code": asked.codes[0]} if asked.codes else {}
    arguments |= {"kind": kind} if kind else {}
    arguments |= {"as_of": asked.days[0]} if asked.days else {}
    yield Call("search_clauses", arguments)
    if kind and any(one.tool == "search_clauses" and one.state == "nothing" for one in results):
        yield Call("search_clauses", {name: value for name, value in arguments.items() if name != "kind"})


def _predecessor(asked: Asked, results: Sequence[ToolResult]) -> Iterator[Call]:
    """What was in force on the day before that which was spoken of."""
    named = record_named(asked.topic)
    yield Call("get_clause", {"id": named}) if named else Call("search_clauses", {"query": asked.topic[:500]})
    since = next((str(one.facts["clause.1.valid_from"].value) for one in results if "clause.1.valid_from" in one.facts), None)
    if since:
        day = date.fromisoformat(since) - timedelta(days=1)
        title = next(one.facts["clause.1.title"].shown["zh"] for one in results if "clause.1.title" in one.facts)
        yield Call("search_clauses", {"query": title.split("：")[0], "as_of": day.isoformat(), "kind": "procedure"})
        ended = (
            str(one.facts[key.replace("valid_to", "id")].value)
            for one in results
            for key, fact in one.facts.items()
            if key.endswith(".valid_to") and fact.value == day.isoformat()
        )
        yield from (Call("get_clause", {"id": name}) for name in list(ended)[:1])


def _candidates(asked: Asked, caller: Caller, results: Sequence[ToolResult]) -> Iterator[Call]:
    if asked.goods:
        yield Call("find_candidates", {"text": asked.goods, **({"declared": asked.codes[0]} if asked.codes else {})})


def _record(asked: Asked, caller: Caller, results: Sequence[ToolResult]) -> Iterator[Call]:
    if asked.domain:
        yield Call("get_record", {"domain": asked.domain, **({"market": asked.market} if asked.market else {})})


def _others(asked: Asked, caller: Caller, results: Sequence[ToolResult]) -> Iterator[Call]:
    """What may be known of somebody else: to a buyer the record, which is said beside the refusal."""
    if caller.role == "buyer":
        yield from _record(asked, caller, results)


def _aeo(asked: Asked, caller: Caller, results: Sequence[ToolResult]) -> Iterator[Call]:
    yield from _record(asked, caller, results)
    own = stepwords()
    query = next((words for words, pattern in own["aeo_search"].items() if re.search(pattern, asked.text)), own["search"]["aeo_meaning"])
    yield Call("search_clauses", {"query": query, "kind": "procedure"})


def _method(asked: Asked, caller: Caller, results: Sequence[ToolResult]) -> Iterator[Call]:
    yield Call("score_method", {"topic": "all"})


def _sources(asked: Asked, caller: Caller, results: Sequence[ToolResult]) -> Iterator[Call]:
    yield from _record(asked, caller, results)
    if caller.sees_ledger:
        yield Call("explain_score")


_STEPS: Mapping[str, Steps] = {
    "why_score": _why,
    "dimension_detail": _dimension,
    "costliest_findings": _costliest,
    "finding_detail": _detail,
    "code_review": _code,
    "plan_to_target": _plan,
    "simulate": _simulate,
    "forecast": _forecast,
    "when_leaves": _leaves,
    "ruling_worth": _ruling,
    "disclosure_deadline": _disclosure,
    "what_changed": _compare,
    "misclassified_codes": _misclassified,
    "reviewed_mark": _mark,
    "elements_of_code": _lines,
    "tariff_line": _lines,
    "tell_apart": _apart,
    "show_clause": _clauses,
    "candidates_for_goods": _candidates,
    "method": _method,
    "record_of_domain": _record,
    "website_state": _record,
    "aeo_meaning": _aeo,
    "anomalies_meaning": _record,
    "threshold_clause": _record,
    "sources_and_age": _sources,
    "others_data": _others,
}
