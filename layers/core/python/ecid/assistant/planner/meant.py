"""What a question means in what the tools found: which findings, which dimension, which record settles it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ecid.assistant.planner.memory import Asked
from ecid.assistant.planner.mentions import spoken_of
from ecid.assistant.planner.records import stepwords
from ecid.assistant.results import ToolResult

SHOWN_FINDINGS = 3
_ORDINAL = 3
"""Characters of a number by cost at most are fewer; what is longer is an id or a question."""


def listed(results: Sequence[ToolResult]) -> list[Mapping[str, Any]]:
    """The findings of the ledger, as `explain_score` lists them; nothing where it was not asked."""
    return next((list(one.data.get("findings", ())) for one in reversed(results) if one.tool == "explain_score"), [])


def chosen(asked: Asked, results: Sequence[ToolResult]) -> list[str]:
    """The findings that are meant, by number or id: those named by place, by rule, code or goods, those spoken of before; none where nothing is said."""
    findings = listed(results)
    if asked.findings:
        return [str(len(findings)) if one == "last" else one for one in asked.findings if one != "last" or findings][:SHOWN_FINDINGS]
    for said in (asked.text, *asked.said):
        named = [said] if said.isdigit() and len(said) < _ORDINAL else [str(one["number"]) for one in spoken_of(said, findings)]
        if named:
            return named[:SHOWN_FINDINGS]
    return []


def simulated(asked: Asked, results: Sequence[ToolResult]) -> list[str]:
    """What is to be taken as corrected: all that are named; of goods or a code the one that costs most."""
    if asked.findings:
        return [str(len(listed(results))) if one == "last" else one for one in asked.findings if one != "last" or listed(results)]
    return chosen(asked, results)[:1]


def of_code(asked: Asked, results: Sequence[ToolResult]) -> list[Mapping[str, Any]]:
    """The findings on the code that is named, and where none is, on the goods."""
    findings = listed(results)
    if asked.codes:
        own = [one for one in findings if any(_same_code(str(one["code"]), code) for code in asked.codes)]
        named = spoken_of(asked.text, own)
        return [*named, *(one for one in own if one not in named)]
    return spoken_of(asked.goods or asked.text, findings)


def _same_code(declared: str, named: str) -> bool:
    return declared.startswith(named) or (len(declared) >= 8 and named.startswith(declared))


def dimension_named(asked: Asked) -> int | None:
    """The dimension that is asked about, by its number or its name."""
    if asked.dimension:
        return asked.dimension
    place = next((int(one) for one in asked.findings if one.isdigit() and 1 <= int(one) <= 10), None)
    named = (int(number) for number, pattern in stepwords()["dimension"].items() if re.search(pattern, asked.topic))
    return next(named, place)


def matches(name: str, asked: Asked) -> bool:
    """Whether the question has the words of a pattern."""
    return re.search(stepwords()[name], asked.text or asked.topic) is not None


def confusion(codes: Sequence[str], results: Sequence[ToolResult]) -> str | None:
    """The record on goods that are often confused which settles between the headings of two codes: the first that a search brought."""
    wanted = {code[:4] for code in codes} if len({code[:4] for code in codes}) > 1 else {code[:6] for code in codes}
    for result in results:
        if result.tool != "search_clauses" or result.arguments.get("kind") != "confusion":
            continue
        for place, name in enumerate(result.data.get("ids", ()), 1):
            settled = [str(fact.value) for key, fact in result.facts.items() if key.startswith(f"clause.{place}.settles.") and key.endswith(".code")]
            if all(any(code.startswith(one) for code in settled) for one in wanted):
                return str(name)
    return None
