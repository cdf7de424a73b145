"""Files as such: kinds, encodings, damage, several files, limits. What rows mean is in the cases."""

from __future__ import annotations

import codecs
import contextlib
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecid.declarations.lines import LINE_SCHEMA
from ecid.declarations.readers import Limits, read_file, read_files
from ecid.declarations.readers.encodings import detect_encoding
from ecid.errors import EcidError, PayloadTooLarge, UnreadableFile, UnsupportedFormat

TODAY = date(2026, 5, 17)
TABLE = "商品编号,商品名称,规格型号\n8507600090,锂离子蓄电池,1|0|手电筒用\n"


def write(folder: Path, content: str | bytes, name: str = "a.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize(
    "content",
    [
        TABLE.encode("utf-8"),
        TABLE.encode("utf-8-sig"),
        TABLE.encode("gb18030"),
        codecs.BOM_UTF16_LE + TABLE.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + TABLE.encode("utf-16-be"),
        TABLE.replace(",", "\t").encode("utf-16"),
        TABLE.replace(",", ";").replace("\n", "\r\n").encode("gb18030"),
        TABLE.replace("\n", "\r").encode("utf-8"),
    ],
)
@pytest.mark.parametrize("name", ["a.csv", "a.xls", "a"])
def test_encodings_and_delimiters_whatever_the_extension(tmp_path: Path, content: bytes, name: str) -> None:
    line = read_file(write(tmp_path, content, name), TODAY).lines.row(0, named=True)
    assert (line["code"], line["name"], line["specification"]) == ("8507600090", "锂离子蓄电池", "1|0|手电筒用")


def test_the_encoding_is_decided_on_the_whole_file(tmp_path: Path) -> None:
    rows = "8507600090,battery,1|0|x\n" * 60_000
    path = write(tmp_path, b"HS Code,Goods Name,Specification\n" + rows.encode() + "8507600090,锂离子蓄电池,1|0|手电筒用\n".encode("gb18030"))
    assert detect_encoding(path, "a.csv") == "gb18030"
    assert read_file(path, TODAY).lines["name"][-1] == "锂离子蓄电池"


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_damaged_bytes_cost_their_row_only(tmp_path: Path, encoding: str) -> None:
    good = "8507600090,锂离子蓄电池,1|0|手电筒用\n".encode(encoding)
    content = TABLE.encode(encoding) + good * 3 + b"8507600090,\xff\xff,1|0|x\n" + good
    result = read_file(write(tmp_path, content), TODAY)
    assert result.lines["row"].to_list() == [2, 3, 4, 5, 7]
    assert [(row.row, row.code) for row in result.rejected] == [(6, "undecodable")]


def test_an_open_quotation_mark_costs_its_line_only(tmp_path: Path) -> None:
    content = TABLE + '8507600090,"坏的,x\n' + "8507600090,电池,1|0|x\n" * 5 + '8507600090,"好",1|0|y\n8507600090,电池,1|0|z\n'
    result = read_file(write(tmp_path, content), TODAY)
    assert [(row.row, row.code) for row in result.rejected] == [(3, "unbalanced_quote")]
    assert result.lines["row"].to_list() == [2, 4, 5, 6, 7, 8, 9, 10]
    assert result.lines["specification"].to_list() == ["1|0|手电筒用", *["1|0|x"] * 5, "1|0|y", "1|0|z"]


@pytest.mark.parametrize("lines_after", [0, 1, 29, 30, 100])
def test_a_quotation_mark_that_is_never_closed(tmp_path: Path, lines_after: int) -> None:
    result = read_file(write(tmp_path, TABLE + '8507600090,"x,y\n' + "8507600090,电池,1|0|x\n" * lines_after), TODAY)
    assert [(row.row, row.code) for row in result.rejected] == [(3, "unbalanced_quote")]
    assert result.lines.height == 1 + lines_after


def test_cells_of_several_lines_stay_whole(tmp_path: Path) -> None:
    content = '商品编号,商品名称,规格型号,数量,总价\n8507600090,"锂离子\n蓄电池,可充电","1|0|a,b\n|c,d",12,"1,200"\n'
    line = read_file(write(tmp_path, content), TODAY).lines.row(0, named=True)
    assert (line["name"], line["specification"], line["total_e4"]) == ("锂离子蓄电池,可充电", "1|0|a,b|c,d", 12_000_000)


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", UnreadableFile),
        (b" \n\n", UnreadableFile),
        (b"%PDF-1.7\n", UnsupportedFormat),
        (b"<html><table><tr><td>", UnreadableFile),
        (b'\xef\xbb\xbf<?xml version="1.0"?><Workbook/>', UnreadableFile),
        (b"a,b\0c\n", UnsupportedFormat),
        (b"PK\x03\x04 no archive", UnreadableFile),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 no workbook", UnreadableFile),
        ("名称,数量\n电池,1\n".encode(), UnreadableFile),
    ],
)
def test_files_that_are_refused(tmp_path: Path, content: bytes, error: type[EcidError]) -> None:
    with pytest.raises(error):
        read_file(write(tmp_path, content), TODAY)


def test_without_headings_the_reader_says_what_it_looked_for(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile) as caught:
        read_file(write(tmp_path, "甲,乙\n1,2\n"), TODAY)
    for lang in ("zh", "en"):
        assert "商品编号" in caught.value.sentence(lang)  # type: ignore[arg-type]
        assert "商品名称" in caught.value.sentence(lang)  # type: ignore[arg-type]


def test_a_missing_file_is_an_error_of_ours(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile):
        read_file(tmp_path / "none.csv", TODAY)


def test_limits(tmp_path: Path) -> None:
    path = write(tmp_path, TABLE * 3)
    with pytest.raises(PayloadTooLarge):
        read_file(path, TODAY, Limits(file_bytes=10))
    with pytest.raises(PayloadTooLarge):
        read_file(path, TODAY, Limits(lines=2))


def test_a_table_without_rows_is_no_error(tmp_path: Path) -> None:
    result = read_file(write(tmp_path, "商品编号,商品名称\n"), TODAY)
    assert result.lines.is_empty()
    assert dict(result.lines.schema) == LINE_SCHEMA


def test_several_files_keep_their_lines_apart(tmp_path: Path) -> None:
    numbered = "报关单号,项号,商品编号,商品名称\n310420250000000011,1,8507600090,电池\n"
    first = write(tmp_path, TABLE, "2024.csv")
    second = write(tmp_path, numbered, "2025.csv")
    (tmp_path / "again").mkdir()
    third = write(tmp_path / "again", numbered + "坏的,,,电池\n", "2025.csv")
    result = read_files([first, second, third, write(tmp_path, TABLE, "2024.txt")], TODAY)
    assert result.lines["line_id"].to_list() == ["2024.csv:row-2", "310420250000000011-1", "2024.txt:row-2"]
    assert [(row.file, row.row, row.code) for row in result.rejected] == [("2025.csv", 2, "duplicate_line"), ("2025.csv", 3, "missing_code")]
    assert "2025.csv" in result.rejected.head(1)[0].zh


def test_a_single_file_needs_no_prefix(tmp_path: Path) -> None:
    assert read_files([write(tmp_path, TABLE)], TODAY).lines["line_id"].to_list() == ["row-2"]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=300))
def test_no_bytes_give_another_error(tmp_path: Path, content: bytes) -> None:
    with contextlib.suppress(EcidError):
        read_file(write(tmp_path, content), TODAY)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.lists(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0"), max_size=15), max_size=8), max_size=8))
def test_no_row_below_headings_gives_an_error(tmp_path: Path, rows: list[list[str]]) -> None:
    head = "报关单号,项号,申报日期,商品编号,商品名称,数量及单位,单价/总价/币制,最终目的国\n310420250000000011,1,,8507600090,电池,1个,,\n"
    result = read_file(write(tmp_path, head + "\n".join(",".join(row) for row in rows)), TODAY)
    assert result.lines.height >= 0
