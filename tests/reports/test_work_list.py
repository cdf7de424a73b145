"""The work list: every line that needs review once, under its costliest cause, with the specification to paste and nothing invented in it."""

from __future__ import annotations

import io
import re
from datetime import date, datetime
from functools import cache

import openpyxl
import pytest

from ecid.declarations.element_string import parse_specification
from ecid.errors import Language
from ecid.reports.wording import words
from ecid.scoring.wording import rule_wording
from tests.reports.making import HOSTILE, KINDS, LANGUAGES, Kind, reported, scanned, work_list

OPEN = re.compile("〔([^〔〕]*)？([^〔〕]*)〕")


@cache
def listed(kind: Kind, lang: Language) -> list[dict[str, object]]:
    _, titles, *found = openpyxl.load_workbook(io.BytesIO(work_list(kind, lang)))[words(lang)["sheet"]["work"]].iter_rows(values_only=True)
    return [dict(zip(map(str, titles), row, strict=True)) for row in found]


@pytest.mark.parametrize("kind", KINDS)
def test_every_line_with_a_finding_stands_there_once_and_no_other(kind: Kind) -> None:
    t = words("zh")["text"]
    lines = [row[t["line"]] for row in listed(kind, "zh")]
    assert len(lines) == len(set(lines))
    assert set(lines) == {line for finding in reported(kind, "zh").result.findings for line in finding.lines}


@pytest.mark.parametrize("kind", ["sample", "hostile"])
def test_lines_stand_under_the_cause_that_costs_most_and_name_the_others(kind: Kind) -> None:
    t, report = words("zh")["text"], reported(kind, "zh")
    findings = {finding.id: finding for finding in report.result.findings}
    causes = [{line for name in cause.findings for line in findings[name].lines} for cause in report.causes]
    numbers = [row[t["cause"]] for row in listed(kind, "zh")]
    assert numbers == sorted(numbers)  # type: ignore[type-var]
    for row in listed(kind, "zh"):
        own = [number for number, lines in enumerate(causes, 1) if row[t["line"]] in lines]
        also = [int(part) for part in str(row[t["also"]] or "").split(", ") if part]
        assert [row[t["cause"]], *also] == own


@pytest.mark.parametrize("kind", ["sample", "hostile"])
def test_nothing_is_invented(kind: Kind) -> None:
    """Each value of the specification to paste was declared, or is a question that repeats what was."""
    t = words("zh")["text"]
    seen = 0
    for row in listed(kind, "zh"):
        if row[t["corrected"]] is None:
            continue
        declared = {value.strip() for value in parse_specification(str(row[t["present"]])).values}
        for value in str(row[t["corrected"]]).split("|"):
            question = OPEN.fullmatch(value)
            assert (question.group(2) if question else value) in declared | {""}
            seen += question is not None
    assert seen > 10


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_line_says_what_to_fix_and_until_when(lang: Language) -> None:
    t, report = words(lang)["text"], reported("sample", lang)
    rules: dict[str, set[str]] = {}
    for finding in report.result.findings:
        for line in finding.lines:
            rules.setdefault(line, set()).add(finding.rule)
    for row in listed("sample", lang):
        for rule in rules[str(row[t["line"]])]:
            assert rule_wording(rule).title[lang] in str(row[t["what_to_fix"]])
        until = row[t["deadline"]]
        assert row[t["route"]]
        assert not isinstance(until, datetime) or until.date() >= date(2026, 5, 17), "a way that is over is not the first one"


def test_the_deadline_is_that_of_the_line() -> None:
    """Voluntary disclosure has one year from the act (announcement 194 of 2025), so lines of one finding differ."""
    t = words("zh")["text"]
    found = {(row[t["day"]], row[t["deadline"]]) for row in listed("sample", "zh") if isinstance(row[t["deadline"]], datetime)}
    assert len({until for _, until in found}) > 1
    assert all(until > day for day, until in found)  # type: ignore[operator]


def test_what_is_complete_is_said_to_be_as_it_is() -> None:
    t = words("zh")["text"]
    states = {str(row[t["specification"]]).split("\n")[0] for row in listed("sample", "zh")}
    assert t["unchanged"] in states
    for row in listed("sample", "zh"):
        assert (row[t["corrected"]] is None) == (str(row[t["specification"]]).split("\n")[0] in (t["unchanged"], t["elements_unknown"]))


def test_declared_texts_are_the_very_ones() -> None:
    t = words("zh")["text"]
    assert {row[t["goods"]] for row in listed("hostile", "zh")} <= set(HOSTILE)
    work = scanned("hostile").work_list
    assert work is not None
    assert {row[t["present"]] for row in listed("hostile", "zh")} == {goods.declared for goods in work.goods.values()}
