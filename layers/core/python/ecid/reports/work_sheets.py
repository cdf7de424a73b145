"""The work list as a workbook: the causes, then every line that needs review, grouped by cause, with its specification ready to paste."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import lru_cache
from typing import BinaryIO

from ecid.declarations.element_string import compose, parse_specification
from ecid.errors import Language
from ecid.reports.evidence import deadline_of
from ecid.reports.page import provenance_of
from ecid.reports.report import Report
from ecid.reports.sheets import MOST_ROWS, Column, book
from ecid.reports.wording import words
from ecid.reports.workbook import divided, to_do
from ecid.scoring.drafts import Specification
from ecid.scoring.result import Finding
from ecid.scoring.routes import Circumstances, routes_for
from ecid.scoring.rule import Failure
from ecid.scoring.wording import rule_wording
from ecid.scoring.work_list import WorkGoods, WorkList

_REMEMBERED = 100_000


def write_work_list(work: WorkList, report: Report, out: BinaryIO) -> None:
    """The list of the report's result. Lines that a sheet cannot hold are counted in its first row."""
    w, rows = words(report.lang), work.lines.iter_rows(named=True)
    t, beyond = w["text"], len(work.lines) - MOST_ROWS
    told = [t["work_told"], *([t["sheet_full"].format(n=beyond)] if beyond > 0 else [])]
    columns = [
        Column(t["cause"], 7, "whole"),
        Column(t["declaration"], 22),
        Column(t["item"], 6),
        Column(t["line"], 24),
        Column(t["day"], 12, "day"),
        Column(t["declared_code"], 14),
        Column(t["goods"], 28),
        Column(t["present"], 50),
        Column(t["corrected"], 60),
        Column(t["specification"], 30),
        Column(t["what_to_fix"], 70),
        Column(t["route"], 30),
        Column(t["deadline"], 14, "day"),
        Column(t["also"], 10),
    ]
    causes = {finding: number for number, cause in enumerate(report.causes, 1) for finding in cause.findings}
    describe = _Describing(work, report)
    with book(out, provenance_of(report), t["title"], report.result.as_of) as made:
        to_do(made, report)
        with made.sheet(w["sheet"]["work"], columns, told) as sheet:
            for row in rows:
                findings = [report.result.findings[place] for place in row["findings"]]
                own = row["cause"] + 1
                also = sorted({causes[finding.id] for finding in findings} - {own})
                shown = row["line_id"], row["day"], row["code"], row["name"]
                goods = describe.goods(row["goods"])
                sheet.add(
                    own,
                    *divided(row["line_id"]),
                    *shown,
                    *goods,
                    describe.fixes(row["goods"], tuple(row["findings"])),
                    *describe.route(findings[0], row["day"]),
                    ", ".join(map(str, also)),
                )


class _Describing:
    """What is said of a line, once for all lines that are alike."""

    def __init__(self, work: WorkList, report: Report) -> None:
        self._work, self._report = work, report
        self.goods = lru_cache(_REMEMBERED)(self._goods)
        self.fixes = lru_cache(_REMEMBERED)(self._fixes)
        self._routes: dict[tuple[str, Circumstances | None, date], tuple[str, date | str]] = {}

    def _goods(self, number: int) -> tuple[str, str | None, str]:
        return _specifications(self._work.goods[number], self._report.lang)

    def _fixes(self, number: int, places: Sequence[int]) -> str:
        findings = [self._report.result.findings[place] for place in places]
        return "\n".join(_fixes(findings, self._work.goods[number].asked, self._report.lang))

    def route(self, finding: Finding, day: date) -> tuple[str, date | str]:
        """The route of a line that was declared on a day, and until when."""
        if (finding.rule, finding.circumstances, day) not in self._routes:
            lang, as_of = self._report.lang, self._report.result.as_of
            first = routes_for(replace(finding, first_day=day, last_day=day), as_of)[0]
            name = first.name[lang] if first.state == "open" else f"{first.name[lang]} ({words(lang)['route_state'][first.state]})"
            self._routes[finding.rule, finding.circumstances, day] = name, first.act_by or deadline_of(first, lang)
        return self._routes[finding.rule, finding.circumstances, day]


def _specifications(goods: WorkGoods, lang: Language) -> tuple[str, str | None, str]:
    """The specification as declared, as it should be, and what is to be said of that."""
    t, found = words(lang)["text"], goods.corrected
    if found is None:
        return goods.declared, None, t["elements_unknown"]
    same = not found.open and found.ready == _trimmed(goods.declared)
    state = t["unchanged"] if same else t["open_questions"].format(n=found.open) if found.open else t["ready"]
    return goods.declared, None if same else found.ready, "\n".join([state, *_remarks(found, t)])


def _trimmed(declared: str) -> str:
    """A specification as declared, without the empty places at its end."""
    values = [value.strip() for value in parse_specification(declared).values]
    while values and not values[-1]:
        values.pop()
    return compose(values)


def _remarks(found: Specification, t: Mapping[str, str]) -> Iterator[str]:
    if found.moved:
        yield t["value_moved"]
    if found.left_over:
        yield t["left_over"].format(values="; ".join(found.left_over))
    if found.too_long:
        yield t["too_long"]


def _fixes(findings: Sequence[Finding], asked: Mapping[str, Sequence[Failure]], lang: Language) -> Iterator[str]:
    """What is to be done about each finding: element by element where the goods tell, else the rule's question with the codes to compare."""
    t = words(lang)["text"]
    for finding in findings:
        wording = rule_wording(finding.rule)
        title, own = wording.title[lang], asked.get(finding.rule, ())
        for failure in own:
            yield t["fix_element"].format(title=title, label=failure.label, expected=failure.expected_zh if lang == "zh" else failure.expected_en)
        if not own:
            codes = ", ".join(finding.suggested_codes)
            yield t["fix_codes" if codes else "fix_goods"].format(title=title, expected=wording.question[lang], codes=codes)
