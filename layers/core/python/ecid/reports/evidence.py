"""Evidence and routes in words: what was seen, what a source says, and which ways are open until when."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ecid.errors import Language
from ecid.reports.figures import percent, text
from ecid.reports.wording import Words, words
from ecid.scoring.result import Finding, in_language
from ecid.scoring.routes import RouteOption

_QUOTED = 600
_HASH = 12


def evidence_of(finding: Finding, lang: Language) -> list[dict[str, str]]:
    """Each piece of evidence: `text`, and where it rests on a clause the words `quote`d, with their `source` and the beginning of their hash."""
    w = words(lang)
    return [_piece(in_language(item, lang), w, lang) for item in finding.evidence]


def _piece(item: Mapping[str, Any], w: Words, lang: Language) -> dict[str, str]:
    said, kind = w["evidence"], str(item.get("kind"))
    facts = {name: _plain(value, lang) for name, value in item.items()}
    if {"seen", "expected"} <= item.keys():
        pattern = said["stated" if item.get("label") else "stated_bare"]
        told = pattern.format(label=facts.get("label", ""), seen=facts["seen"] or said["nothing_stated"], expected=facts["expected"])
    elif kind == "code":
        state = w["code_state"].get(facts["state"], facts["state"])
        told = said["code"].format(edition=facts["edition"] or "–", state=state)
    elif kind in said:
        shown = facts | {"confidence": percent(item.get("confidence_ppm") or 0)}
        told = said[kind].format_map({name: value or "–" for name, value in shown.items()})
    else:
        told = "; ".join(f"{text(name)}: {value}" for name, value in facts.items() if name not in ("kind", "text", "sha256") and value)
    if item.get("marks"):
        told += said["marks"].format(lists=_plain(dict.fromkeys(_name(mark["name"], lang) for mark in item["marks"]), lang))
    if isinstance(item.get("lines"), int):
        told += said["of_lines"].format(n=item["lines"])
    quote = text(item.get("text") or "", _QUOTED)
    rests_on = [facts.get("id", ""), facts.get("source", ""), f"SHA-256 {facts['sha256'][:_HASH]}" if facts.get("sha256") else ""]
    return {"text": told, "quote": quote, "source": " · ".join(part for part in rests_on if part) if quote else ""}


def _name(name: str | Mapping[str, str], lang: Language) -> str:
    return name if isinstance(name, str) else name[lang]


def _plain(value: object, lang: Language) -> str:
    if isinstance(value, list | tuple | dict):
        return ("、" if lang == "zh" else ", ").join(_plain(item, lang) for item in value)
    return "" if value is None else text(value)


def dates_of(option: RouteOption, w: Words) -> list[str]:
    """The days of a route by name: its deadlines first, then its calendar."""
    days = {"deadline": option.deadline, "until_with_limits": option.until_with_limits, **dict(sorted(option.calendar.items()))}
    return [f"{w['calendar'][name]} {day.isoformat()}" for name, day in days.items() if day]


def deadline_of(option: RouteOption, lang: Language) -> str:
    """The day that counts now in words: where some lines are too late already, the others expire one by one."""
    t = words(lang)["text"]
    if not option.act_by:
        return t["no_deadline"]
    until = option.act_by.isoformat()
    return t["line_by_line"].format(until=until) if option.line_by_line else until


def route_of(option: RouteOption, lang: Language) -> dict[str, str]:
    """A route in words: `name`, `state`, `dates`, `reason`, `when`, `precondition`, `cost`, `basis`."""
    w, join = words(lang), "；" if lang == "zh" else "; "
    return {
        "name": option.name[lang],
        "state": w["route_state"][option.state],
        "dates": join.join(dates_of(option, w)),
        "reason": option.reason[lang] if option.reason else "",
        "when": option.when[lang],
        "precondition": join.join(part[lang] for part in option.precondition),
        "cost": option.cost[lang],
        "basis": option.basis[lang],
    }
