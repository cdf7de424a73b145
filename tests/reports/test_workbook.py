"""The workbook, read with openpyxl: all of the ledger, sums that are the ledger's, text that is text, filters, frozen heads, drawings."""

from __future__ import annotations

import io
from datetime import datetime
from functools import cache

import openpyxl
import pytest
from openpyxl.workbook import Workbook
from python_calamine import CalamineWorkbook

from ecid.errors import Language
from ecid.reports import sheets, work_sheets, workbook
from ecid.reports.wording import words
from tests.reports.making import HOSTILE, KINDS, LANGUAGES, Kind, reported, scanned, work_list, written

CASES = [(kind, lang) for kind in KINDS for lang in LANGUAGES]


@cache
def opened(kind: Kind, lang: Language) -> Workbook:
    return openpyxl.load_workbook(io.BytesIO(written(kind, lang, ".xlsx")))


@cache
def worked(kind: Kind, lang: Language) -> Workbook:
    return openpyxl.load_workbook(io.BytesIO(work_list(kind, lang)))


def rows(book: Workbook, sheet: str) -> list[dict[str, object]]:
    """The rows of a sheet by the titles of its columns."""
    _, titles, *found = book[sheet].iter_rows(values_only=True)
    return [dict(zip(map(str, titles), row, strict=True)) for row in found]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_sheets_have_heads_filters_and_where_they_come_from(kind: Kind, lang: Language) -> None:
    for book in (opened(kind, lang), worked(kind, lang)):
        for sheet in book:
            assert str(sheet["A1"].value).startswith(words(lang)["text"]["self_supplied"])
            assert words(lang)["text"]["self_supplied"] in str(sheet.oddFooter.left.text)
            assert sheet.freeze_panes == "A3"
            assert sheet.auto_filter.ref.startswith("A2:")
            assert all(sheet.column_dimensions[cell.column_letter].width >= 6 for cell in sheet[2])
    t = words(lang)["sheet"]
    assert [sheet.title for sheet in opened(kind, lang)] == [
        t[name] for name in ("summary", "do", "plan", "months", "codes", "often", "ledger", "lines", "rejected")
    ]


@pytest.mark.parametrize(("kind", "lang"), CASES)
def test_no_cell_is_a_formula(kind: Kind, lang: Language) -> None:
    for book in (opened(kind, lang), worked(kind, lang)):
        for sheet in book:
            for row in sheet.iter_rows():
                assert all(cell.data_type != "f" and cell.hyperlink is None for cell in row)


def test_text_that_looks_like_a_formula_stays_text_when_it_is_edited() -> None:
    book = opened("hostile", "zh")
    steering = [cell for sheet in book for row in sheet.iter_rows() for cell in row if str(cell.value).startswith(("=", "+", "-", "@"))]
    assert {str(cell.value)[0] for cell in steering} == {"=", "+", "-", "@"}
    assert all(cell.data_type == "s" and cell.quotePrefix for cell in steering)
    names = {row[words("zh")["text"]["goods"]] for row in rows(book, words("zh")["sheet"]["ledger"])}
    assert names <= set(HOSTILE)
    assert len(names) > 6


@pytest.mark.parametrize("kind", ["sample", "many", "hostile"])
@pytest.mark.parametrize("lang", LANGUAGES)
def test_points_add_up_to_the_millionth(kind: Kind, lang: Language) -> None:
    book, result, w = opened(kind, lang), reported(kind, lang).result, words(lang)
    t = w["text"]
    assert result.score_exact_micro is not None
    missing = 100_000_000 - result.score_exact_micro
    for sheet in ("ledger", "codes", "do"):
        found = rows(book, w["sheet"][sheet])
        assert (
            sum(round(float(str(row[t["points"]] or 0)) * 1_000_000) for row in found) + (sheet != "ledger") * sum(cap.points_micro for cap in result.caps)
            == missing
        )
    shown = [row for row in rows(book, w["sheet"]["summary"]) if row[t["base"]] is not None]
    assert round(sum(float(str(row[t["points"]] or 0)) for row in shown) * 10) == 1_000 - result.score_exact_micro // 100_000
    assert round(float(str(shown[-1][t["base"]])) * 10) == result.score_exact_micro // 100_000


@pytest.mark.parametrize("kind", ["sample", "many"])
def test_the_ledger_is_whole(kind: Kind) -> None:
    book, findings, w = opened(kind, "en"), reported(kind, "en").result.findings, words("en")
    t = w["text"]
    ledger = rows(book, w["sheet"]["ledger"])
    assert [row[t["ids"]] for row in ledger] == [finding.id for finding in findings]
    assert all(isinstance(row[t["declared_code"]], str) and isinstance(row[t["first_day"]], datetime) for row in ledger)
    assert all(row[t["routes"]] and row[t["advice"]] and row[t["question"]] for row in ledger)
    listed = {str(row[t["line"]]): {int(number) for number in str(row[t["number"]]).split(", ")} for row in rows(book, w["sheet"]["lines"])}
    wanted: dict[str, set[int]] = {}
    for number, finding in enumerate(findings, 1):
        for line in finding.lines:
            wanted.setdefault(line, set()).add(number)
    assert listed == wanted


def test_declaration_numbers_and_items_are_text() -> None:
    w = words("zh")
    for row in rows(opened("sample", "zh"), w["sheet"]["lines"]):
        assert f"{row[w['text']['declaration']]}-{row[w['text']['item']]}" == row[w["text"]["line"]]


def test_rejected_rows_all_stand_there() -> None:
    w, report = words("zh"), reported("sample", "zh")
    assert [row[w["text"]["row"]] for row in rows(opened("sample", "zh"), w["sheet"]["rejected"])] == [row.row for row in report.reading.rejected]


@pytest.mark.parametrize(("kind", "drawn"), [("sample", {"summary", "months"}), ("few", {"months"}), ("many", {"summary", "months"})])
def test_charts_are_the_readers_own(kind: Kind, drawn: set[str]) -> None:
    assert {name for name, title in words("zh")["sheet"].items() if title in opened(kind, "zh").sheetnames and opened(kind, "zh")[title]._charts} == drawn


def test_calamine_reads_the_same() -> None:
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(written("sample", "zh", ".xlsx"))).get_sheet_by_name(words("zh")["sheet"]["ledger"])
    assert [row[1] for row in sheet.to_python()[2:]] == [finding.id for finding in reported("sample", "zh").result.findings]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_insufficient_data_say_so_instead_of_a_score(lang: Language) -> None:
    w = words(lang)
    first = rows(opened("few", lang), w["sheet"]["summary"])[0]
    assert first[w["text"]["summary"]] == w["text"]["no_score"]
    assert first[w["text"]["state"]] == w["insufficient"]["too_few"]


def test_a_full_sheet_says_how_much_it_does_not_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (sheets, workbook, work_sheets):
        monkeypatch.setattr(module, "MOST_ROWS", 20)
    lines = {line for finding in reported("sample", "en").result.findings for line in finding.lines}
    left = words("en")["text"]["sheet_full"].format(n=len(lines) - 20)
    out, work = io.BytesIO(), io.BytesIO()
    workbook.write_workbook(reported("sample", "en"), out)
    found = scanned("sample").work_list
    assert found is not None
    work_sheets.write_work_list(found, reported("sample", "en"), work)
    for book, name in ((out, "lines"), (work, "work")):
        sheet = openpyxl.load_workbook(book)[words("en")["sheet"][name]]
        assert sheet.max_row == 22
        assert left in str(sheet["A1"].value)
