"""Frequently misclassified codes: an enterprise's own, by points lost, and the platform's, once a quarter, of codes that many exporters use (score.md).

The platform's list says nothing of any enterprise: a code stands in it only where the lines under it, and those of them with a finding, come from enough
unrelated enterprises none of which holds too many, and so for the rival code that is named. Shares and counts are not told.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from typing import Any, Literal

import polars as pl

from ecid.errors import Language
from ecid.knowledge.records import Record
from ecid.scoring.engine import Run
from ecid.scoring.result import Finding, Result
from ecid.scoring.wording import rule_wording

DIMENSIONS = frozenset({4, 5, 6, 9})
"""The dimensions that speak of classification itself."""
ENTERPRISES = 10
"""So many unrelated enterprises at least,"""
HIGHEST_SHARE = Fraction(30, 100)
"""and none (with those related to it) with more of the lines than this."""
SHOWN = 20
_LINE = 8
Words = Mapping[str, str]
"""By language."""


@dataclass(frozen=True, slots=True)
class Correction:
    """What a fact leads to: if `when`, then `code`."""

    when: Words
    code: str


@dataclass(frozen=True, slots=True)
class Rivalry:
    """A code with its usual rival, and what settles it.

    `deciding_fact`, `corrections` and the first of `basis` (sources and clause ids) come from the record on the two codes, where there is one (`record`).
    `question` is that of the record, else of the usual rule; `advice` the rule's. None where nothing can be told.
    """

    code: str
    rival: str | None
    record: str | None
    deciding_fact: Words | None
    question: Words | None
    advice: Words | None
    basis: tuple[str | Words, ...]
    corrections: tuple[Correction, ...]


@dataclass(frozen=True, slots=True)
class OwnCode:
    """One of the enterprise's own: points lost under the code (millionths, None while data are insufficient), its lines with findings, the findings."""

    rivalry: Rivalry
    points_micro: int | None
    lines: int
    findings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Summary:
    """What one enterprise adds to the platform's list: weighed lines under a code, those with a finding, and how many of these each rule and rival has."""

    enterprise: str
    as_of: date
    code: str
    lines: int
    found: int
    rules: Mapping[str, int] = field(default_factory=dict)
    rivals: Mapping[str, int] = field(default_factory=dict)


def own_list(result: Result, records: Iterable[Record], count: int = SHOWN) -> tuple[OwnCode, ...]:
    """The enterprise's own codes by points lost in the dimensions of classification (ties: lines, then code), with what settles each.

    `records` are those of the knowledge base; confusions in force on the day of the result are used.
    """
    confusions = _confusions(records, result.as_of)
    by_code: dict[str, list[Finding]] = defaultdict(list)
    for finding in result.findings:
        if finding.dimension in DIMENSIONS:
            by_code[finding.code[:_LINE]].append(finding)
    found = [_own(code, findings, confusions) for code, findings in by_code.items()]
    return tuple(sorted(found, key=lambda own: (-(own.points_micro or 0), -own.lines, own.rivalry.code))[:count])


def summaries_of(run: Run) -> Iterator[Summary]:
    """What a run adds to the platform's list, code by code. Lines that are not weighed have no say."""
    lines, result = run.judgements.lines, run.result
    weighed = lines.filter("weighed").select("at", "line_id", code=pl.col("code8").cast(pl.String))
    failed = run.defects.rows.filter(pl.col("dimension").is_in(sorted(DIMENSIONS)), pl.col("x") > 0).select("at", "rule")
    failed = failed.join(weighed, on="at", how="inner")
    found = dict(failed.group_by("code").agg(pl.col("at").n_unique()).iter_rows())
    rules = _counted(failed.group_by("code", pl.col("rule").cast(pl.String)).agg(pl.col("at").n_unique()))
    rivals = _rivals(result, weighed)
    for code, count in weighed.group_by("code").agg(pl.len()).sort("code").iter_rows():
        yield Summary(result.enterprise, result.as_of, code, count, found.get(code, 0), rules[code], rivals[code])


def platform_list(
    summaries: Iterable[Summary], related: Iterable[tuple[str, str]], records: Iterable[Record], quarter_end: date, count: int = SHOWN
) -> tuple[Rivalry, ...]:
    """The codes with the highest share of lines with such findings over all enterprises, as of the last day of a quarter.

    `related` are pairs of enterprises that count as one. Raises ValueError where the day ends no quarter, a summary is of another day, or one enterprise
    stands twice under a code: what is published every quarter must not be narrowed down between two of them.
    """
    if not _ends_quarter(quarter_end):
        raise ValueError("the platform's list is made as of the last day of a quarter")
    by_code: dict[str, list[Summary]] = defaultdict(list)
    for summary in sorted(summaries, key=lambda summary: (summary.code, summary.enterprise)):
        if summary.as_of != quarter_end:
            raise ValueError(f"a summary as of {summary.as_of}")
        if by_code[summary.code] and by_code[summary.code][-1].enterprise == summary.enterprise:
            raise ValueError("an enterprise stands twice under a code")
        by_code[summary.code].append(summary)
    parties, confusions = _parties(related), _confusions(records, quarter_end)
    telling = [told for told in by_code.values() if _many(_held(told, _lines), parties) and _many(_held(told, _found), parties)]
    telling.sort(key=lambda told: (-Fraction(sum(map(_found, told)), sum(map(_lines, told))), -sum(map(_found, told)), told[0].code))
    return tuple(_rivalry(told[0].code, _usual(told, parties, "rivals"), _usual(told, parties, "rules"), confusions) for told in telling[:count])


def to_json(rivalry: Rivalry, lang: Language) -> dict[str, Any]:
    """A code of either list as JSON (docs/score-over-time.md)."""
    return {
        "code": rivalry.code,
        "rival": rivalry.rival,
        "record": rivalry.record,
        **{name: words[lang] if words else None for name, words in _said(rivalry)},
        "basis": [part if isinstance(part, str) else part[lang] for part in rivalry.basis],
        "corrections": [{"when": correction.when[lang], "code": correction.code} for correction in rivalry.corrections],
    }


def own_to_json(own: OwnCode, lang: Language) -> dict[str, Any]:
    """A code of the enterprise's own list as JSON."""
    return to_json(own.rivalry, lang) | {"points_micro": own.points_micro, "lines": own.lines, "findings": list(own.findings)}


def _said(rivalry: Rivalry) -> tuple[tuple[str, Words | None], ...]:
    return ("deciding_fact", rivalry.deciding_fact), ("question", rivalry.question), ("advice", rivalry.advice)


def _own(code: str, findings: Sequence[Finding], confusions: Sequence[Record]) -> OwnCode:
    rival = _costliest((name, finding) for finding in findings for name in _first_rival(finding))
    rule = _costliest((finding.rule, finding) for finding in findings)
    insufficient = any(finding.points_micro is None for finding in findings)
    return OwnCode(
        rivalry=_rivalry(code, rival, rule, confusions),
        points_micro=None if insufficient else sum(finding.points_micro or 0 for finding in findings),
        lines=len({line for finding in findings for line in finding.lines}),
        findings=tuple(finding.id for finding in findings),
    )


def _costliest(named: Iterable[tuple[str, Finding]]) -> str | None:
    """The name whose findings cost most; where they cost the same, have most lines."""
    points: Counter[str] = Counter()
    lines: Counter[str] = Counter()
    for name, finding in named:
        points[name] += finding.points_micro or 0
        lines[name] += len(finding.lines)
    return min(points, key=lambda name: (-points[name], -lines[name], name), default=None)


def _first_rival(finding: Finding) -> tuple[str, ...]:
    return tuple(code for code in finding.suggested_codes if code[:_LINE] != finding.code[:_LINE])[:1]


def _counted(rows: pl.DataFrame) -> Mapping[str, dict[str, int]]:
    """Rows of code, name and number as a mapping by code."""
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for code, name, number in rows.sort(rows.columns).iter_rows():
        found[code][name] = number
    return found


def _rivals(result: Result, weighed: pl.DataFrame) -> Mapping[str, Mapping[str, int]]:
    ids = set(weighed["line_id"].to_list())
    rivals: dict[str, Counter[str]] = defaultdict(Counter)
    for finding in result.findings:
        if finding.dimension in DIMENSIONS:
            for rival in _first_rival(finding):
                rivals[finding.code[:_LINE]][rival] += sum(line in ids for line in finding.lines)
    return rivals


def _ends_quarter(day: date) -> bool:
    return (day + timedelta(days=1)).day == 1 and day.month % 3 == 0


def _parties(related: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    """Every related enterprise and the one that stands for all that are related to it, over any number of steps."""
    head: dict[str, str] = {}

    def find(one: str) -> str:
        while head.setdefault(one, one) != one:
            one = head[one]
        return one

    for one, other in related:
        first, second = sorted((find(one), find(other)))
        head[second] = first
    return {one: find(one) for one in head}


def _lines(summary: Summary) -> int:
    return summary.lines


def _found(summary: Summary) -> int:
    return summary.found


def _held(told: Iterable[Summary], count: Callable[[Summary], int]) -> Iterator[tuple[str, int]]:
    return ((summary.enterprise, count(summary)) for summary in told)


def _many(held: Iterable[tuple[str, int]], parties: Mapping[str, str]) -> bool:
    """Whether lines, counted by enterprise, are of so many unrelated ones, none with too many of them, that they tell of none."""
    of_party: Counter[str] = Counter()
    for enterprise, lines in held:
        of_party[parties.get(enterprise, enterprise)] += lines
    holders = [lines for lines in of_party.values() if lines]
    return len(holders) >= ENTERPRISES and max(holders) <= HIGHEST_SHARE * sum(holders)


def _usual(told: Sequence[Summary], parties: Mapping[str, str], of: Literal["rivals", "rules"]) -> str | None:
    """The rival or rule that most lines have, where it tells of no enterprise either."""
    counts: Counter[str] = Counter()
    by_name: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for summary in told:
        named: Mapping[str, int] = getattr(summary, of)
        counts.update(named)
        for name, lines in named.items():
            by_name[name].append((summary.enterprise, lines))
    ordered = sorted(counts, key=lambda name: (-counts[name], name))
    return next((name for name in ordered if _many(by_name[name], parties)), None)


def _confusions(records: Iterable[Record], day: date) -> tuple[Record, ...]:
    return tuple(sorted((record for record in records if record.kind == "confusion" and record.in_force(day)), key=lambda record: record.id))


def _rivalry(code: str, rival: str | None, rule: str | None, confusions: Sequence[Record]) -> Rivalry:
    record, other = _record_on(code, rival, confusions)
    wording = rule_wording(rule) if rule else None
    facts = record.facts if record else {}
    told = (record.source, *facts.get("basis", ())) if record else ()
    return Rivalry(
        code=code,
        rival=rival or other,
        record=record.id if record else None,
        deciding_fact=facts.get("deciding_fact"),
        question=facts.get("question") or (wording.question if wording else None),
        advice=wording.advice if wording else None,
        basis=(*told, *((wording.basis,) if wording else ())),
        corrections=tuple(Correction(settled["when"], settled["to"]) for settled in facts.get("settles", ())),
    )


def _record_on(code: str, rival: str | None, confusions: Sequence[Record]) -> tuple[Record | None, str | None]:
    """The record that tells a code from its rival, and the code of its other side. Without a rival, the only record that there is on the code."""
    found = [
        (record, theirs["codes"][0])
        for record in confusions
        for ours in record.facts["sides"]
        for theirs in record.facts["sides"]
        if ours is not theirs and _on(ours, code) and not _on(theirs, code) and (rival is None or _on(theirs, rival))
    ]
    return found[0] if found and (rival or len(found) == 1) else (None, None)


def _on(side: Mapping[str, Any], code: str) -> bool:
    return any(code.startswith(own) or own.startswith(code) for own in side["codes"])
