"""Which tools answer a question, and with what: first those that need nothing, then those that need what the first found (the second round)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ecid.assistant.caller import Caller
from ecid.assistant.planner.memory import Asked
from ecid.assistant.planner.records import intents, stepwords
from ecid.assistant.results import ToolResult
from ecid.assistant.toolbox import OF_THE_LEDGER

SHOWN_FINDINGS = 3
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
    if asked.claimed is not None or asked.claimed_aeo:
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
    if asked.claimed is not None and caller.sees_ledger:
        yield Call("explain_score")
    elif asked.domain:
        yield Call("get_record", {"domain": asked.domain})
    if asked.claimed_aeo and asked.domain:
        yield Call("get_record", {"domain": asked.domain})


def listed(results: Sequence[ToolResult]) -> list[Mapping[str, Any]]:
    """The findings of the ledger, as `explain_score` lists them; nothing where it was not asked."""
    return next((list(one.data.get("findings", ())) for one in reversed(results) if one.tool == "explain_score"), [])


def _scored(results: Sequence[ToolResult]) -> bool:
    return any(one.tool == "explain_score" and one.state == "ok" and one.data.get("score_exact_micro") is not None for one in results)


def _why(asked: Asked, caller: Caller, results: Sequence[ToolResult]) -> Iterator[Call]:
    yield Call("explain_score")
    yield from (Call("get_finding", {"finding": str(one["number"])}) for one in listed(results)[:SHOWN_FINDINGS])
    if _scored(results):
        yield from (Call("plan", {"target": target}) for target in TARGETS)


def _ledger(asked: Asked, caller: Caller, results: Sequence[ToolResult]) -> Iterator[Call]:
    yield Call("explain_score")


def _costliest(asked: Asked, caller: Caller, results: Sequence[ToolResult]) -> Iterator[Call]:
    yield Call("explain_score")
    count = len(asked.findings) or SHOWN_FINDINGS
    yield from (Call("get_finding", {"finding": str(one["number"])}) for one in listed(results)[: min(count, 5)])


def chosen(asked: Asked, results: Sequence[ToolResult]) -> list[str]:
    """The findings that are meant, by number or id: those named, the last one, else the costliest."""
    count = len(listed(results))
    named = [str(count) if one == "last" else one for one in asked.findings if one != "last" or count]
    return named[:SHOWN_FINDINGS] or ["1"]


def _finding(asked: Asked, caller: Caller, results: Sequence[ToolResult]) -> Iterator[Call]:
    if "last" in asked.findings and not listed(results):
        yield Call("explain_score")
        return
    yield from (Call("get_finding", {"finding": name}) for name in chosen(asked, results))


def _costliest_unless_named(asked: Asked, caller: Caller, results: Sequence[ToolResult]) -> Iterator[Call]:
    """Where no finding is named, that which costs most; of a code that is named, its own."""
    if asked.findings:
        yield from _finding(asked, caller, results)
        return
    yield Call("explain_score")
    fit = of_code(asked, results) or listed(results)[:1]
    yield from (Call("get_finding", {"finding": str(one["number"])}) for one in fit[:SHOWN_FINDINGS])


def _leaves(asked: Asked, caller: Caller, results: Sequence[ToolResult]) -> Iterator[Call]:
    yield from _costliest_unless_named(asked, caller, results)
    yield Call("forecast")


def of_code(asked: Asked, results: Sequence[ToolResult]) -> list[Mapping[str, Any]]:
    """The findings on the code that is named, and where none is, on the goods."""
    findings = listed(results)
    if asked.codes:
        return [one for one in findings if any(_same_code(str(one["code"]), code) for code in asked.codes)]
    goods = (asked.goods or "").casefold()
    return [one for one in findings if goods and (goods in str(one["goods"]).casefold() or str(one["goods"]).casefold() in goods)]


def _same_code(declared: str, named: str) -> bool:
    return declared.startswith(named) or (len(declared) >= 8 and named.startswith(declared))


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
    names = (
        ["all"]
        if matches("everything", asked) and not asked.findings
        else [str(one["number"]) for one in of_code(asked, results)]
        if asked.codes
        else list(asked.findings)
    )
    if "last" in names:
        names = [str(len(listed(results)))] if listed(results) else []
    if names:
        yield Call("simulate", {"findings": names})


def _forecast(asked: Asked, caller: Caller, results: Sequence[ToolResult]) -> Iterator[Call]:
    yield Call("forecast")


def _compare(asked: Asked, caller: Caller, results: Sequence[ToolResult]) -> Iterator[Call]:
    yield Call("compare", {"since": asked.days[0]} if asked.days else {})


def _misclassified(asked: Asked, caller: Caller, results: Sequence[ToolResult]) -> Iterator[Call]:
    yield Call("misclassified")


def _mark(asked: Asked, caller: Caller, results: Sequence[ToolResult]) -> Iterator[Call]:
    if asked.findings:
        yield from _finding(asked, caller, results)


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
    yield Call("search_clauses", {"query": " ".join(codes), "kind": "confusion"})
    yield from (Call("search_clauses", {"query": asked.goods or code, "code": code[:4]}) for code in codes)
    yield from (Call("get_tariff_line", {"code": code}) for code in codes if len(code) >= 8)


def _clauses(asked: Asked, caller: Caller, results: Sequence[ToolResult]) -> Iterator[Call]:
    if asked.findings:
        yield from _finding(asked, caller, results)
        return
    kind = next((name for name, pattern in stepwords()["kind"].items() if re.search(pattern, asked.topic)), None)
    arguments: dict[str, Any] = {"query": (asked.goods or asked.topic)[:500]}
    arguments |= {"code": asked.codes[0]} if asked.codes else {}
    arguments |= {"kind": kind} if kind else {}
    arguments |= {"as_of": asked.days[0]} if asked.days else {}
    yield Call("search_clauses", arguments)
    if kind and any(one.tool == "search_clauses" and one.state == "nothing" for one in results):
        yield Call("search_clauses", {name: value for name, value in arguments.items() if name != "kind"})


def _candidates(asked: Asked, caller: Caller, results: Sequence[ToolResult]) -> Iterator[Call]:
    if asked.goods:
        yield Call("find_candidates", {"text": asked.goods, **({"declared": asked.codes[0]} if asked.codes else {})})


def _record(asked: Asked, caller: Caller, results: Sequence[ToolResult]) -> Iterator[Call]:
    if asked.domain:
        yield Call("get_record", {"domain": asked.domain, **({"market": asked.market} if asked.market else {})})


def _aeo(asked: Asked, caller: Caller, results: Sequence[ToolResult]) -> Iterator[Call]:
    yield from _record(asked, caller, results)
    yield Call("search_clauses", {"query": stepwords()["search"]["aeo_meaning"]})


def _method(asked: Asked, caller: Caller, results: Sequence[ToolResult]) -> Iterator[Call]:
    yield Call("score_method", {"topic": method_topic(asked)})


def method_topic(asked: Asked) -> str:
    """The part of the method that is asked about."""
    return next((name for name, pattern in stepwords()["topic"].items() if re.search(pattern, asked.topic)), "all")


def dimension_named(asked: Asked) -> int | None:
    """The dimension that is asked about, by its place or its name."""
    place = next((int(one) for one in asked.findings if one.isdigit() and 1 <= int(one) <= 10), None)
    named = (int(number) for number, pattern in stepwords()["dimension"].items() if re.search(pattern, asked.topic))
    return next(named, place)


def matches(name: str, asked: Asked) -> bool:
    """Whether the question has the words of a pattern."""
    return re.search(stepwords()[name], asked.topic) is not None


def _sources(asked: Asked, caller: Caller, results: Sequence[ToolResult]) -> Iterator[Call]:
    yield from _record(asked, caller, results)
    if caller.sees_ledger:
        yield Call("explain_score")


_STEPS: Mapping[str, Steps] = {
    "why_score": _why,
    "dimension_detail": _ledger,
    "costliest_findings": _costliest,
    "finding_detail": _finding,
    "code_review": _code,
    "plan_to_target": _plan,
    "simulate": _simulate,
    "forecast": _forecast,
    "when_leaves": _leaves,
    "ruling_worth": _costliest_unless_named,
    "disclosure_deadline": _costliest_unless_named,
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
}
