"""The report as a workbook: everything that the result holds, with filters, and charts that the reader's own program draws."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import BinaryIO

from ecid.errors import Language
from ecid.reports.evidence import evidence_of, route_of
from ecid.reports.figures import score_shown, text
from ecid.reports.page import causes_of, dimension_rows, facts_of, notes_of, provenance_of, versions_of
from ecid.reports.report import Report
from ecid.reports.sheets import HEADS, MOST_ROWS, Book, Column, Sheet, book
from ecid.reports.wording import words
from ecid.scoring.breakdown import leading
from ecid.scoring.misclassified import to_json as rivalry_to_json
from ecid.scoring.policy import PPM
from ecid.scoring.result import Finding
from ecid.scoring.routes import routes_for
from ecid.scoring.wording import rule_wording

_NUMBERED = re.compile(r"(\d{18})-(\d+)$")
_TENTH = PPM // 10
_TENTHS = 1_000


def write_workbook(report: Report, out: BinaryIO) -> None:
    """All sheets. Points are exact to the millionth, so the sums of the sheets are those of the ledger."""
    t = words(report.lang)["text"]
    with book(out, provenance_of(report), t["title"], report.result.as_of) as made:
        _summary(made, report)
        to_do(made, report)
        _plans(made, report)
        _months(made, report)
        _codes(made, report)
        _often(made, report)
        _ledger(made, report)
        _lines(made, report)
        _rejected(made, report)


def divided(line: str) -> tuple[str | None, str | None]:
    """Declaration number and item of a line's id, where it has them."""
    found = _NUMBERED.match(line)
    return (found[1], found[2]) if found else (None, None)


def _summary(made: Book, report: Report) -> None:
    result, w = report.result, words(report.lang)
    t, rows = w["text"], dimension_rows(report.result, report.lang)
    columns = (
        Column(t["summary"], 34),
        Column(t["points"], 14, "points"),
        Column(t["base"], 14, "points"),
        Column(t["weight"], 12),
        Column(t["state"], 60, "wrapped"),
    )
    with made.sheet(w["sheet"]["summary"], columns) as sheet:
        if result.score_exact_micro is not None:
            left = _TENTHS
            for row in rows:
                left -= row["tenths"]
                sheet.add(row["name"], row["tenths"] * _TENTH if row["judged"] else None, left * _TENTH, row["weight"], row["state"])
            _waterfall(made, sheet, t["where_lost"])
            sheet.add(t["score"], result.score_exact_micro // _TENTH * _TENTH, None, None, t["shown_sums"])
        else:
            sheet.add(t["no_score"], None, None, None, w["insufficient"][str(result.insufficient_data)])
            for row in rows:
                sheet.add(row["name"], None, None, None, row["state"])
        for name, value in (*facts_of(report), *(("", note) for note in notes_of(result, t)), *versions_of(result, w)):
            sheet.add(name, None, None, None, value)
        sheet.add(t["not_customs"], None, None, None, None)


def _waterfall(made: Book, sheet: Sheet, title: str) -> None:
    """Losses that hang from what is left after them."""
    chart, name, last = made.made.add_chart({"type": "bar", "subtype": "stacked"}), sheet.made.get_name(), sheet.rows + HEADS - 1
    names = [name, HEADS, 0, last, 0]
    chart.add_series({"categories": names, "values": [name, HEADS, 2, last, 2], "fill": {"none": True}, "border": {"none": True}})
    chart.add_series({"name": title, "categories": names, "values": [name, HEADS, 1, last, 1], "fill": {"color": "#B4541F"}, "gap": 40})
    chart.set_title({"name": title})
    chart.set_legend({"none": True})
    chart.set_x_axis({"min": 0, "max": 100})
    chart.set_y_axis({"reverse": True})
    sheet.made.insert_chart(HEADS, 6, chart, {"x_scale": 1.5, "y_scale": 1.4, "description": title})


def to_do(made: Book, report: Report) -> None:
    """The sheet of all causes, costliest first."""
    w = words(report.lang)
    t = w["text"]
    columns = [
        Column(t["number"], 6, "whole"),
        Column(t["cause"], 60, "wrapped"),
        Column(t["action"], 50, "wrapped"),
        Column(t["points"], 10, "points"),
        Column(t["lines"], 8, "whole"),
        Column(t["declarations"], 8, "whole"),
        Column(t["codes"], 24, "wrapped"),
        Column(t["route"], 20),
        Column(t["deadline"], 12, "day"),
        Column(t["routes"], 70, "wrapped"),
    ]
    with made.sheet(w["sheet"]["do"], columns) as sheet:
        for cause in causes_of(report):
            ways = "\n".join(_way(way) for way in cause["ways"])
            size = cause["points_micro"], cause["lines"], cause["declarations"]
            codes = ", ".join(cause["codes"])
            sheet.add(cause["number"], cause["sentence"], cause["action"], *size, codes, cause["route"], cause["deadline_on"] or cause["deadline"], ways)


def _plans(made: Book, report: Report) -> None:
    w, lang = words(report.lang), report.lang
    t = w["text"]
    columns = [
        Column(t["target"], 8),
        Column(t["step"], 6, "whole"),
        Column(t["cause"], 60, "wrapped"),
        Column(t["routes"], 70, "wrapped"),
        Column(t["after"], 10, "points"),
        Column(t["ages_out"], 12, "day"),
    ]
    told = [report.plans[0].to_json(lang)["hypothesis"]] if report.plans else []
    with made.sheet(w["sheet"]["plan"], columns, told) as sheet:
        for plan in report.plans:
            for number, step in enumerate(plan.steps, 1):
                ways = "\n".join(_way(route_of(way.option, lang)) for way in step.ways)
                sheet.add(score_shown(plan.target_micro), number, step.cause.sentence[lang], ways, step.score_micro, step.ages_out_on)


def _months(made: Book, report: Report) -> None:
    """The score of each day to come: as every plan has it, and as the forecast has it."""
    w = words(report.lang)
    t = w["text"]
    series: dict[str, dict[date, int | None]] = {}
    for plan in report.plans:
        if plan.steps:
            target = score_shown(plan.target_micro).removesuffix(".0")
            series[t["plan_of"].format(target=target, name=t["declaring_right"])] = {month.day: month.declaring_right_micro for month in plan.schedule}
            series[t["plan_of"].format(target=target, name=t["at_best"])] = {month.day: month.at_best_micro for month in plan.schedule}
    for one in report.forecast:
        series[f"{t['forecast']}: {t[one.codes]}"] = {month.as_of: month.score_exact_micro for month in one.months}
    notes = [t["dashed"], *([t["plan_and_forecast"]] if report.forecast and any(plan.steps for plan in report.plans) else [])]
    days = sorted({day for scores in series.values() for day in scores})
    with made.sheet(w["sheet"]["months"], [Column(t["day"], 12, "day"), *(Column(name, 18, "points") for name in series)], notes) as sheet:
        for day in days:
            sheet.add(day, *(scores.get(day) for scores in series.values()))
        if days:
            _lines_by_month(made, sheet, t["forecast"])


def _lines_by_month(made: Book, sheet: Sheet, title: str) -> None:
    chart, name, last = made.made.add_chart({"type": "line"}), sheet.made.get_name(), sheet.rows + HEADS - 1
    for number in range(1, len(sheet.columns)):
        line = {"dash_type": "dash", "width": 2}
        chart.add_series({"name": [name, 1, number], "categories": [name, HEADS, 0, last, 0], "values": [name, HEADS, number, last, number], "line": line})
    chart.set_title({"name": title})
    chart.set_y_axis({"max": 100})
    chart.show_blanks_as("gap")
    sheet.made.insert_chart(HEADS, len(sheet.columns) + 1, chart, {"x_scale": 1.8, "y_scale": 1.6, "description": title})


def _codes(made: Book, report: Report) -> None:
    w = words(report.lang)
    t = w["text"]
    axis = next(one for one in report.breakdowns if one.axis == "code")
    columns = (
        Column(t["code"], 14),
        Column(t["value"], 18, "money"),
        Column(t["lines"], 10, "whole"),
        Column(t["concerned"], 10, "whole"),
        Column(t["points"], 10, "points"),
    )
    with made.sheet(w["sheet"]["codes"], columns) as sheet:
        for entry in leading(axis, len(axis.entries), "value")[0]:
            sheet.add(text(entry.value) or "–", entry.value_fen, entry.lines, entry.concerned, entry.points_micro)


def _often(made: Book, report: Report) -> None:
    w, lang = words(report.lang), report.lang
    t = w["text"]
    titles = ((t["code"], 14), (t["rival"], 14), (t["fact"], 50), (t["question"], 50), (t["correction"], 40), (t["basis"], 40))
    columns = [*(Column(title, width, "wrapped") for title, width in titles), Column(t["lines"], 8, "whole"), Column(t["points"], 10, "points")]
    with made.sheet(w["sheet"]["often"], columns) as sheet:
        for own in report.misclassified:
            told = own.rivalry
            fact, question = (said[lang] if said else None for said in (told.deciding_fact, told.question))
            leads = "\n".join(f"{correction.when[lang]} → {correction.code}" for correction in told.corrections)
            basis = "\n".join(rivalry_to_json(told, lang)["basis"])
            sheet.add(text(told.code), told.rival, fact, question, leads, basis, own.lines, own.points_micro)


def _ledger(made: Book, report: Report) -> None:
    w = words(report.lang)
    t = w["text"]
    columns = [
        Column(t["number"], 7, "whole"),
        Column(t["ids"], 18),
        Column(t["rule"], 24),
        Column(t["finding"], 34, "wrapped"),
        Column(t["points"], 10, "points"),
        Column(t["goods"], 30, "wrapped"),
        Column(t["key"], 30, "wrapped"),
        Column(t["declared_code"], 14),
        Column(t["suggested"], 20, "wrapped"),
        Column(t["lines"], 8, "whole"),
        Column(t["first_day"], 12, "day"),
        Column(t["last_day"], 12, "day"),
        Column(t["question"], 40, "wrapped"),
        Column(t["advice"], 50, "wrapped"),
        Column(t["evidence"], 60, "wrapped"),
        Column(t["routes"], 60, "wrapped"),
        Column(t["review"], 30, "wrapped"),
    ]
    with made.sheet(w["sheet"]["ledger"], columns) as sheet:
        for number, finding in enumerate(report.result.findings, 1):
            sheet.add(number, *_finding(finding, report))
        for cap in report.result.caps:
            title = t["cap"].format(title=rule_wording(cap.rule).title[report.lang])
            sheet.add(None, None, cap.rule, title, cap.points_micro, *[None] * 4, len(cap.lines), *[None] * 7)


def _finding(finding: Finding, report: Report) -> tuple[object, ...]:
    lang, wording, review = report.lang, rule_wording(finding.rule), finding.review
    told = words(lang)["text"]["reviewed"].format(because=review.because, by=review.by, on=review.on) if review else None
    return (
        finding.id,
        finding.rule,
        wording.title[lang],
        finding.points_micro,
        finding.goods_name,
        finding.product_key,
        finding.code,
        ", ".join(finding.suggested_codes),
        len(finding.lines),
        finding.first_day,
        finding.last_day,
        wording.question[lang],
        wording.advice[lang],
        "\n".join(_evidence(finding, lang)),
        "\n".join(_way(route_of(option, lang)) for option in routes_for(finding, report.result.as_of)),
        told,
    )


def _evidence(finding: Finding, lang: Language) -> Sequence[str]:
    return [
        " ".join(part for part in (piece["text"], f"“{piece['quote']}”" if piece["quote"] else "", piece["source"]) if part)
        for piece in evidence_of(finding, lang)
    ]


def _way(way: dict[str, str]) -> str:
    return " ".join(part for part in (way["name"], f"({way['state']})", way["dates"], way["reason"]) if part)


def _lines(made: Book, report: Report) -> None:
    """Every line that needs review, once, with its findings by number."""
    w, of_line, titles = words(report.lang), _by_line(report.result.findings), [rule_wording(found.rule).title[report.lang] for found in report.result.findings]
    t, beyond = w["text"], len(of_line) - MOST_ROWS
    columns = (
        Column(t["line"], 24),
        Column(t["declaration"], 22),
        Column(t["item"], 6),
        Column(t["declared_code"], 14),
        Column(t["number"], 16),
        Column(t["finding"], 60),
    )
    with made.sheet(w["sheet"]["lines"], columns, [t["sheet_full"].format(n=beyond)] if beyond > 0 else []) as sheet:
        for line, numbers in of_line.items():
            told = dict.fromkeys(titles[number] for number in numbers)
            shown = ", ".join(str(number + 1) for number in numbers)
            sheet.add(line, *divided(line), report.result.findings[numbers[0]].code, shown, "; ".join(told))


def _by_line(findings: Sequence[Finding]) -> dict[str, list[int]]:
    """The places of the findings of each line."""
    found: dict[str, list[int]] = defaultdict(list)
    for number, finding in enumerate(findings):
        for line in finding.lines:
            found[line].append(number)
    return found


def _rejected(made: Book, report: Report) -> None:
    w, rejected = words(report.lang), report.reading.rejected
    t, beyond = w["text"], len(rejected) - MOST_ROWS
    columns = Column(t["row"], 8, "whole"), Column(t["file"], 30), Column(t["state"], 24), Column(t["reason"], 80)
    with made.sheet(w["sheet"]["rejected"], columns, [t["sheet_full"].format(n=beyond)] if beyond > 0 else []) as sheet:
        for row in rejected:
            sheet.add(row.row, row.file, row.code, row.zh if report.lang == "zh" else row.en)
