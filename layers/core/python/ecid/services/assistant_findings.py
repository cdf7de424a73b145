"""One finding as the assistant tells it: facts, the block, and the clauses that its evidence rests on, each with words that the record has."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from ecid.assistant import facts as f
from ecid.assistant.blocks import Citation, Clause, FindingBlock, Route
from ecid.assistant.results import Fact, ToolResult
from ecid.assistant.wording import LANGUAGES, tenths
from ecid.errors import Language
from ecid.scoring.causes import Cause
from ecid.scoring.result import Review
from ecid.scoring.route_option import CLOSED
from ecid.scoring.saved import SavedFinding, SavedResult
from ecid.services.assistant_sources import Records

_LINES_NAMED, _LINES_SHOWN, _EVIDENCE, _SUGGESTED = 3, 5, 4, 5
_ADVICE = 480
"""Characters of an advice or a question: these end where they end."""
_CLOSED = ("expired", "excluded")
_LINE = 40
"""Characters of the name of a line."""


@dataclass(frozen=True, slots=True)
class Case:
    """A finding with its place by cost, its points in tenths as the ledger shows them, how it is told by language, and the owner's mark."""

    number: int
    finding: SavedFinding
    tenths: int | None
    told: Mapping[Language, Mapping[str, Any]]
    mark: Review | None

    @property
    def prefix(self) -> str:
        """Of its facts, and the ref of its block."""
        return f"finding.{self.number}"


def told_finding(case: Case, as_of: date, records: Records, arguments: Mapping[str, Any]) -> ToolResult:
    """The answer of `get_finding`."""
    found = tuple(_cited(case.told["zh"]["evidence"], as_of, records))
    clauses = tuple(clause for clause, _ in found)
    facts = _facts(case) | _routes(case)
    for place, clause in enumerate(clauses, 1):
        own = {"id": f.identifier(clause.id), "title": f.words(clause.title, "name"), "quote": f.outside(clause.quote, f.LONGEST) if clause.quote else None}
        facts |= f.named(f"{case.prefix}.clause.{place}", own)
    parts = {case.prefix: {lang: _block(case, clauses, lang) for lang in LANGUAGES}}
    data = {"number": case.number, "id": case.finding.id, "rule": case.finding.rule, "points_micro": case.finding.points_micro, "lines": case.finding.count}
    return ToolResult("get_finding", arguments, data=data, facts=facts, parts=parts, citations=tuple(cited for _, cited in found if cited))


def goods_in(cause: Cause, saved: SavedResult) -> tuple[str, ...]:
    """What others wrote in the sentence of a cause: names of its goods, and its declarant."""
    own = set(cause.findings)
    return (*(one.goods_name for one in saved.findings if one.id in own), *([cause.declarant] if cause.declarant else []))


def route_of(way: Mapping[str, Any]) -> Route:
    """A route as a block has it: its deadline is the day that counts now (`RouteOption.act_by`)."""
    by = None if way["state"] in CLOSED else way["until_with_limits" if way["state"] == "with_limits" else "deadline"]
    return Route(way["route"], way["name"], way["state"], by, way["reason"])


def _brief(route: Route) -> Route:
    """Without the reason, where the way is not closed: an answer about deadlines tells it, a list of findings would repeat it."""
    return route if route.state in _CLOSED else replace(route, reason="")


def _facts(case: Case) -> dict[str, Fact]:
    one, told = case.finding, case.told
    facts: dict[str, Fact | None] = {
        "number": f.number(case.number),
        "id": f.identifier(one.id),
        "rule": f.words(one.titles, "state", one.rule),
        "title": f.words(one.titles),
        "points": f.allotted(one.points_micro, case.tenths) if one.points_micro is not None and case.tenths is not None else None,
        "dimension": f.number(one.dimension),
        "code": f.code(one.code),
        "goods": f.outside(one.goods_name) if one.goods_name else None,
        "lines_count": f.count(one.count),
        "first_day": f.day(one.first_day.isoformat()),
        "last_day": f.day(one.last_day.isoformat()),
        "question": f.words(f.both(told, "question"), longest=_ADVICE),
        "advice": f.words(f.both(told, "advice"), longest=_ADVICE),
    }
    facts |= {f"line.{place}": f.code(line) for place, line in enumerate(one.lines[:_LINES_NAMED], 1)}
    facts |= {f"suggested.{place}": f.code(code) for place, code in enumerate(one.suggested_codes[:_SUGGESTED], 1)}
    for place, item in enumerate(told["zh"]["evidence"][:_EVIDENCE], 1):
        other = told["en"]["evidence"][place - 1]
        facts[f"expected.{place}"] = f.words({"zh": str(item["expected"]), "en": str(other["expected"])}) if item.get("expected") else None
        facts[f"seen.{place}"] = f.outside(str(item["seen"])) if item.get("seen") else None
        named = {name: item[name] for name in ("valid_from", "valid_to", "ended_on", "key_date") if item.get(name)}
        facts |= {f"evidence.{place}.{name}": f.day(day) for name, day in named.items()}
        facts[f"evidence.{place}.code"] = f.code(item["code"]) if item.get("code") else None
    if case.mark:
        facts |= {"review.because": f.outside(case.mark.because, f.LONGEST), "review.by": f.outside(case.mark.by) if case.mark.by else None}
        facts["review.on"] = f.day(case.mark.on.isoformat())
    return f.named(case.prefix, facts)


def _routes(case: Case) -> dict[str, Fact]:
    """The routes in the order in which to try them; the value of `name` is the code of the route, that of `state` its state. `deadline` and
    `until_with_limits` are the first line's: where that is over the calendar has its day, and the last line's."""
    facts: dict[str, Fact] = {}
    for place, zh in enumerate(case.told["zh"]["routes"], 1):
        en = case.told["en"]["routes"][place - 1]
        texts: Mapping[Language, Mapping[str, Any]] = {"zh": zh, "en": en}
        own: dict[str, Fact | None] = {
            "name": f.words(f.both(texts, "name"), "state", zh["route"]),
            "state": f.state(zh["state"], f"state_{zh['state']}"),
            "when": f.words(f.both(texts, "when")),
            "cost": f.words({lang: texts[lang]["cost"]["text"] for lang in LANGUAGES}),
            "reason": f.words(f.both(texts, "reason")) if zh["reason"] else None,
            "basis": f.words(zh["basis"], "name"),
        }
        ends = {name: zh[name] for name in ("deadline", "until_with_limits") if f"first_line_{name}" not in zh["calendar"]}
        days = {"by": route_of(zh).deadline, **ends, **zh["calendar"]}
        facts |= f.named(f"{case.prefix}.route.{place}", own | {name: f.day(day) for name, day in days.items() if day})
        if "ages_out_on" in zh["calendar"]:
            facts[f"{case.prefix}.ages_out_on"] = f.day(zh["calendar"]["ages_out_on"])
    return facts


def _cited(evidence: list[Mapping[str, Any]], as_of: date, records: Records) -> Iterator[tuple[Clause, Citation | None]]:
    """The records that evidence names, each once. Words whose hash is not theirs are left out, and so are words that the record does not have."""
    seen: set[str] = set()
    for item in evidence:
        name, words = item.get("id"), str(item.get("text") or "")
        if not name or name in seen:
            continue
        seen.add(name)
        if hashlib.sha256(words.encode()).hexdigest() != item.get("sha256"):
            words = ""
        cited = records.citation(name, as_of, words)
        if cited:
            yield Clause(cited.id, cited.title, cited.quote), cited
        elif words:
            yield Clause(f.plain(name, 100), f.plain(str(item.get("source") or name.removeprefix("ruling-"))), f.plain(words)), None


def _block(case: Case, clauses: tuple[Clause, ...], lang: Language) -> FindingBlock:
    one, told = case.finding, case.told[lang]
    return FindingBlock(
        number=case.number,
        id=one.id,
        rule=one.rule,
        title=f.plain(told["title"]),
        points=None if case.tenths is None else tenths(case.tenths),
        points_micro=one.points_micro,
        dimension=one.dimension,
        code=f.plain(one.code, 40),
        goods=f.foreign(one.goods_name),
        lines=tuple(f.plain(line, _LINE) for line in one.lines[:_LINES_SHOWN]),
        line_count=one.count,
        suggested_codes=tuple(f.plain(code, 40) for code in one.suggested_codes),
        clauses=clauses,
        question=f.plain(told["question"]),
        routes=tuple(_brief(route_of(way)) for way in told["routes"]),
    )
