"""Spreadsheets: typed cells, several sheets, and workbooks that mean harm."""

from __future__ import annotations

import contextlib
import zipfile
from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecid.declarations.readers import Limits, read_file
from ecid.declarations.readers.workbook_child import text_of
from ecid.errors import EcidError, PayloadTooLarge, UnreadableFile, UnsupportedFormat
from tests.declarations import ods, xls, xlsx
from tests.declarations.ods import write_ods
from tests.declarations.xls import write_xls
from tests.declarations.xlsx import Serial, sheet_xml, write_parts, write_sheets

TODAY = date(2026, 5, 17)
HEAD = ["海关编号", "项号", "申报日期", "商品编号", "商品名称", "规格型号", "数量", "总价"]
ROW = ["310420250000000011", 1, Serial(45659), 8507600090, "锂离子蓄电池", "1|0|手电筒用", 1200.5, 0.1 + 0.2]


def test_typed_cells_titles_and_merged_rows(tmp_path: Path) -> None:
    path = write_sheets(
        tmp_path / "book.xlsx",
        {
            "明细": [
                ["甬样公司 2025 年出口明细"],
                [],
                HEAD,
                ROW,
                [None, 2, None, 703201000, "鲜大蒜头", "0|0|鲜", 3, 4],
                [310420250000000012, 1, Serial(45660), "8507600090", "电池", "1|0|x", 1, 1],
                [None] * 6 + [1204.5, 5.3],
            ]
        },
    )
    result = read_file(path, TODAY)
    lines = result.lines
    assert lines["line_id"].to_list() == ["310420250000000011-1", "310420250000000011-2", "row-6"]
    assert lines["row"].to_list() == [4, 5, 6]
    assert lines["declared_on"].to_list() == [date(2025, 1, 2), date(2025, 1, 2), date(2025, 1, 3)]
    assert lines["code"].to_list() == ["8507600090", "0703201000", "8507600090"]
    assert lines["quantity_e5"].to_list() == [120050000, 300000, 100000]
    assert lines["total_e4"].to_list() == [3000, 40000, 10000]
    # A number cell keeps 15 digits of the 18: the number must not be believed.
    assert lines["flags"].to_list() == [[], ["CARRIED_DOWN", "LEADING_ZERO_RESTORED"], ["INVALID_DECLARATION_NO"]]
    assert (result.totals_rows, list(result.rejected)) == (1, [])


def test_every_sheet_with_headings_is_read_and_the_others_are_named(tmp_path: Path) -> None:
    flat = [["商品编号", "商品名称"], ["8507600090", "电池"]]
    path = write_sheets(tmp_path / "book.xlsx", {"一月": flat, "说明": [["填表说明"]], "空": [], "二月": [*flat, ["", "无编码"]]})
    result = read_file(path, TODAY)
    assert result.lines["line_id"].to_list() == ["一月:row-2", "二月:row-2"]
    assert [(row.file, row.row, row.code) for row in result.rejected] == [
        ("book.xlsx#一月", 0, "sheet_without_headings"),
        ("book.xlsx#二月", 3, "missing_code"),
    ]
    assert "说明" in result.rejected.head(1)[0].zh


def test_one_readable_sheet_needs_no_prefix(tmp_path: Path) -> None:
    path = write_sheets(tmp_path / "book.xlsx", {"a": [["商品编号", "商品名称"], ["8507600090", "电池"]], "b": []})
    assert read_file(path, TODAY).lines["line_id"].to_list() == ["row-2"]


def test_no_sheet_with_headings(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="heading row"):
        read_file(write_sheets(tmp_path / "book.xlsx", {"a": [["甲"]]}), TODAY)


def stray(tmp_path: Path, body: str) -> Path:
    rows = sheet_xml([["商品编号", "商品名称", "数量", "总价"], ["8507600090", "电池", 1, None], [8507600010, "电芯", xlsx.Error("#DIV/0!"), 2]])
    return write_parts(tmp_path / "book.xlsx", {"甲": rows.replace("</sheetData>", f"{body}</sheetData>"), "乙": rows})


@pytest.mark.parametrize("column", ["XFD", "E", "A"])
def test_a_stray_cell_far_out_is_one_more_row(tmp_path: Path, column: str) -> None:
    text = "<is><t>x</t></is>"
    path = stray(tmp_path, f'<row r="1048576"><c r="A1048576" s="0"/><c r="{column}1048576" t="inlineStr">{text}</c></row>')
    result = read_file(path, TODAY)
    assert result.lines.select("line_id", "code", "quantity_e5").rows() == [
        ("甲:row-2", "8507600090", 100000),
        ("甲:row-3", "8507600010", None),
        ("乙:row-2", "8507600090", 100000),
        ("乙:row-3", "8507600010", None),
    ]
    assert result.lines["flags"].to_list() == [[], ["UNREADABLE_NUMBER"]] * 2
    assert [(row.row, row.code) for row in result.rejected] == [(1_048_576, "invalid_code" if column == "A" else "missing_code")]
    assert (result.heading_rows, result.blank_rows) == (2, 1_048_572)


def test_cells_without_a_value_far_out_are_none(tmp_path: Path) -> None:
    result = read_file(stray(tmp_path, '<row r="1048576"><c r="XFD1048576" s="1"/></row>'), TODAY)
    assert (result.lines.height, len(result.rejected), result.blank_rows) == (4, 0, 0)


def test_a_sheet_that_claims_every_cell_ends_its_own_process_only(tmp_path: Path) -> None:
    columns = [f"{first}{second}" for first in " ABCDEFGHIJKLMNOPQRSTUVWXYZ" for second in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"]
    diagonal = "".join(f'<row r="{number}"><c r="{columns[number % 702].strip()}{number}"><v>1</v></c></row>' for number in range(1, 200_000))
    path = write_parts(tmp_path / "book.xlsx", {"a": sheet_xml([]).replace("<sheetData>", f"<sheetData>{diagonal}")})
    with pytest.raises(UnreadableFile, match="more memory or time"):
        read_file(path, TODAY)


ERRORS: dict[str, Callable[[Path, Sequence[Sequence[Any]]], Path]] = {
    "xlsx": lambda path, rows: write_sheets(path, {"a": rows}),
    "ods": write_ods,
    "xls": write_xls,
    "small.xls": xls.write_small_xls,
}
NAMED: dict[str, Callable[[str], object]] = {"xlsx": xlsx.Error, "ods": ods.Error}
NUMBERS = {"#REF!": 0x17, "#N/A": 0x2A, "#DIV/0!": 0x07}


@pytest.mark.parametrize("kind", ERRORS)
def test_errors_of_formulas_are_told(tmp_path: Path, kind: str) -> None:
    ref, missing, division = (NAMED[kind](text) if kind in NAMED else xls.Error(number) for text, number in NUMBERS.items())
    result_of_formula = xls.FormulaError(0x17) if kind.endswith("xls") else ref
    rows = [
        ["商品编号", "商品名称", "数量", "申报日期", "法定第一单位", "料号", "项号"],
        ["8507600090", ref, division, missing, missing, missing, missing],
        [missing, "电池", 1.0, "", "", "", ""],
        ["8507600010", "电池", result_of_formula, "", "台", "", ""],
    ]
    result = read_file(ERRORS[kind](tmp_path / f"book.{kind}", rows), TODAY)
    assert result.lines.select("name", "quantity_e5", "declared_on", "first_unit", "sku").rows() == [
        ("#REF!", None, None, "#N/A", None),
        ("电池", None, None, "001", None),
    ]
    assert result.lines["flags"].to_list() == [
        ["CELL_ERROR", "UNKNOWN_UNIT", "UNREADABLE_DATE", "UNREADABLE_ITEM", "UNREADABLE_NUMBER"],
        ["UNREADABLE_NUMBER"],
    ]
    assert [(row.row, row.code) for row in result.rejected] == [(3, "invalid_code")]


@pytest.mark.parametrize("kind", ["xls", "ods"])
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(damage=st.lists(st.tuples(st.integers(0, 6_000), st.integers(0, 255)), min_size=1, max_size=8))
def test_damage_in_other_formats_gives_no_other_error(tmp_path: Path, kind: str, damage: list[tuple[int, int]]) -> None:
    path = ERRORS[kind](tmp_path / f"book.{kind}", [["商品编号", "商品名称"], ["8507600090", "电池"]])
    content = bytearray(path.read_bytes())
    for position, value in damage:
        content[position % len(content)] = value
    path.write_bytes(bytes(content))
    with contextlib.suppress(EcidError):
        read_file(path, TODAY)


def test_an_archive_bomb_is_refused_unopened(tmp_path: Path) -> None:
    path = write_parts(tmp_path / "book.xlsx", {"a": sheet_xml([["x"]]) + " " * 20_000_000})
    with pytest.raises(UnreadableFile, match="bomb"):
        read_file(path, TODAY)


@pytest.mark.parametrize("limits", [Limits(unpacked_bytes=100), Limits(archive_entries=3), Limits(lines=0)])
def test_limits(tmp_path: Path, limits: Limits) -> None:
    with pytest.raises(PayloadTooLarge):
        read_file(write_sheets(tmp_path / "book.xlsx", {"a": [HEAD, ROW]}), TODAY, limits)


def test_an_archive_that_is_no_workbook(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("word/document.xml", "<a/>")
    with pytest.raises(UnsupportedFormat):
        read_file(path, TODAY)


def test_the_old_format(tmp_path: Path) -> None:
    path = write_xls(tmp_path / "book.xls", [["海关编号", "商品编号", "商品名称", "总价"], ["310420250000000011", 8507600090, "锂离子蓄电池", 1.5]])
    line = read_file(path, TODAY).lines.row(0, named=True)
    assert (line["code"], line["name"], line["total_e4"], line["row"]) == ("8507600090", "锂离子蓄电池", 15000, 2)


def test_an_old_sheet_that_claims_every_cell(tmp_path: Path) -> None:
    path = write_xls(tmp_path / "book.xls", [["商品编号"]], corner=(65535, 65535))
    with pytest.raises(UnreadableFile, match="more memory or time"):
        read_file(path, TODAY)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=8))
def test_damage_anywhere_gives_no_other_error(tmp_path: Path, damage: list[tuple[int, int]]) -> None:
    path = write_sheets(tmp_path / "book.xlsx", {"a": [HEAD, ROW]})
    content = bytearray(path.read_bytes())
    for position, value in damage:
        content[position % len(content)] = value
    path.write_bytes(bytes(content))
    with contextlib.suppress(EcidError):
        read_file(path, TODAY)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (" x ", "x"),
        (8507600090.0, "8507600090"),
        (8507600090, "8507600090"),
        (0.1 + 0.2, "0.3"),
        (-1.5, "-1.5"),
        (5.3042025004097094e17, "5.30420250040971e+17"),
        (True, "TRUE"),
        (datetime(2025, 1, 2, 3, 4, 5), "2025-01-02T03:04:05"),  # noqa: DTZ001 - spreadsheets know no zones
        (date(2025, 1, 2), "2025-01-02"),
        (time(1, 2), "01:02:00"),
        (float("nan"), "nan"),
    ],
)
def test_text_of(value: object, text: str) -> None:
    assert text_of(value) == text


def formula(reference: str, text: str, value: str = "") -> str:
    return f'<c r="{reference}" t="str"><f>{text}</f>{value}</c>'


@pytest.mark.parametrize("empty", ["", "<v></v>", "<v/>"])
def test_formulas_count_with_their_saved_value_or_as_text(tmp_path: Path, empty: str) -> None:
    cells = [
        formula("A2", "TEXT(8507600090,0)", "<v>8507600090</v>") + formula("B2", "B1", "<v>电池</v>") + formula("C2", "1+2", empty),
        formula("A3", "A2", empty) + formula("B3", "B2", empty) + '<c r="C3"><f t="shared" si="0"/></c>',
        formula("A4", "HYPERLINK(&quot;http://127.0.0.1&quot;)", "<v>8507600090</v>") + formula("B4", "[1]Sheet1!$A$1", empty),
    ]
    rows = "".join(f'<row r="{number}">{body}</row>' for number, body in enumerate(cells, start=2))
    xml = sheet_xml([["商品编号", "商品名称", "数量"]]).replace("</sheetData>", f"{rows}</sheetData>")
    result = read_file(write_parts(tmp_path / "book.xlsx", {"说明": sheet_xml([["x"]]), "明细": xml}), TODAY)
    lines = result.lines
    assert lines["name"].to_list() == ["电池", "=[1]Sheet1!$A$1"]
    assert lines["quantity_e5"].to_list() == [None, None]
    assert lines["flags"].to_list() == [["UNREADABLE_NUMBER"], []]
    assert [(row.row, row.code) for row in result.rejected] == [(0, "sheet_without_headings"), (3, "invalid_code")]
    assert "=A2" in result.rejected.head(2)[1].zh


def test_a_sheet_that_does_not_begin_in_the_corner(tmp_path: Path) -> None:
    body = '<row r="7"><c r="C7" t="inlineStr"><is><t>商品编号</t></is></c><c r="D7" t="inlineStr"><is><t>商品名称</t></is></c></row>'
    body += f'<row r="9">{formula("B9", "1+1")}<c r="C9"><v>8507600090</v></c>{formula("D9", "D1")}{formula("F9", "F1")}</row>'
    body += f'<row r="11">{formula("C11", "C9")}{formula("D11", "D9")}</row>'
    path = write_parts(tmp_path / "book.xlsx", {"a": sheet_xml([]).replace("<sheetData>", f"<sheetData>{body}")})
    result = read_file(path, TODAY)
    assert result.lines.select("row", "name").rows() == [(9, "=D1")]
    assert [(row.row, row.code) for row in result.rejected] == [(11, "invalid_code")]
    assert (result.blank_rows, result.heading_rows) == (8, 1)


@pytest.mark.parametrize("share", [0.02, 0.5, 0.9, 0.999])
def test_a_truncated_workbook(tmp_path: Path, share: float) -> None:
    path = write_sheets(tmp_path / "book.xlsx", {"a": [HEAD, *[ROW] * 200]})
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(UnreadableFile, match="damaged"):
        read_file(path, TODAY)


def test_a_part_that_is_cut_inside_a_sound_archive(tmp_path: Path) -> None:
    xml = sheet_xml([HEAD, *[ROW] * 200])
    with pytest.raises(UnreadableFile):
        read_file(write_parts(tmp_path / "book.xlsx", {"a": xml[: len(xml) // 2]}), TODAY)


ENTITIES = '<!DOCTYPE a [<!ENTITY b "bbbbbbbbbb"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;">]>'


@pytest.mark.parametrize("declared", [ENTITIES, '<!DOCTYPE a [<!ENTITY d SYSTEM "file:///etc/hostname">]>'])
def test_entities_are_not_expanded(tmp_path: Path, declared: str) -> None:
    xml = declared + sheet_xml([["商品编号", "商品名称"], ["8507600090", "x"]]).replace(">x<", ">电池&d;<")
    path = write_parts(tmp_path / "book.xlsx", {"a": xml})
    try:
        names = read_file(path, TODAY).lines["name"].to_list()
    except UnreadableFile:
        return
    assert names in (["电池"], ["电池&d;"])


def test_a_nested_archive_is_not_opened(tmp_path: Path) -> None:
    path = write_sheets(tmp_path / "book.xlsx", {"a": [HEAD, ROW]})
    inner = tmp_path / "inner.zip"
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("0", bytes(50_000_000))
    with zipfile.ZipFile(path, "a") as archive:
        archive.write(inner, "xl/embeddings/inner.zip")
    assert read_file(path, TODAY).lines.height == 1


def test_an_archive_with_very_many_parts(tmp_path: Path) -> None:
    path = write_sheets(tmp_path / "book.xlsx", {"a": [HEAD, ROW]})
    with zipfile.ZipFile(path, "a") as archive:
        for number in range(5_000):
            archive.writestr(f"x/{number}", "")
    with pytest.raises(PayloadTooLarge):
        read_file(path, TODAY)


def test_cells_that_share_a_huge_text(tmp_path: Path) -> None:
    wide = "".join(f'<c r="{column}3" t="inlineStr"><is><t>{"x" * 300_000}</t></is></c>' for column in "ABCD")
    xml = sheet_xml([["商品编号", "商品名称"], ["8507600090", "电池"]]).replace("</sheetData>", f'<row r="3">{wide}</row></sheetData>')
    result = read_file(write_parts(tmp_path / "book.xlsx", {"a": xml}), TODAY)
    assert result.lines.height == 1
    assert [(row.row, row.code) for row in result.rejected] == [(3, "oversized_row")]


def test_a_workbook_with_macros_is_read_and_nothing_runs(tmp_path: Path) -> None:
    path = write_sheets(tmp_path / "book.xlsm", {"a": [HEAD, ROW]})
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("xl/vbaProject.bin", b"\0" * 100)
    assert read_file(path, TODAY).lines.height == 1


def test_an_opendocument_sheet(tmp_path: Path) -> None:
    result = read_file(
        write_ods(tmp_path / "book.ods", [["海关编号", "商品编号", "商品名称", "总价"], ["310420250000000011", "8507600090", "电池", 1.5], []]), TODAY
    )
    line = result.lines.row(0, named=True)
    assert (line["code"], line["name"], line["total_e4"], line["row"]) == ("8507600090", "电池", 15000, 2)


def test_an_opendocument_sheet_that_repeats_itself_without_end(tmp_path: Path) -> None:
    path = write_ods(tmp_path / "book.ods", [["商品编号", "商品名称"], ["8507600090", "电池"]], repeated=2_000_000_000)
    with pytest.raises(EcidError) as caught:
        read_file(path, TODAY, Limits(lines=10_000))
    assert caught.value.code in {"unreadable_file", "payload_too_large"}
