"""What is no regular, readable file; and pages, other spreadsheets and old formats by their content."""

from __future__ import annotations

import os
import zipfile
from datetime import date
from pathlib import Path

import pytest

from ecid.declarations.readers import Limits, read_file, read_files
from ecid.errors import EcidError, PayloadTooLarge, UnreadableFile, UnsupportedFormat
from tests.declarations.xls import write_encrypted

TODAY = date(2026, 5, 17)
TABLE = "商品编号,商品名称,规格型号\n8507600090,锂离子蓄电池,1|0|手电筒用\n"
PAGE = """<html xmlns:x="urn:schemas-microsoft-com:office:excel"><head><meta charset="{charset}"><style>td {{ color: red }}</style>
<script>var a = "<tr><td>9999999999</td></tr>";</script></head><body><table border=1>
<tr><td colspan=4>样例公司出口明细</td></tr>
<tr><th>海关编号<th>项号<th>商品编号<th>商品&nbsp;名称<th>规格型号</tr>
<tr><td rowspan="2">310420250000000011</td><td>1</td><td>8507600090</td><td>锂离子<br>蓄电池</td><td>1|0|手电筒用 &amp; 玩具用</td></tr>
<tr><td>2</td><td style='mso-number-format:"\\@"'>0703201000</td><td>大蒜</td><td>0|0|鲜</td></tr>
<tr></tr>
</table></body></html>"""


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_links_to_files_are_followed(tmp_path: Path) -> None:
    (tmp_path / "link.csv").symlink_to(write(tmp_path / "a.csv", TABLE))
    assert read_file(tmp_path / "link.csv", TODAY).lines.height == 1


def test_what_is_no_regular_file_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    for path in (tmp_path, tmp_path / "pipe", tmp_path / "loop", Path("/dev/zero"), tmp_path / "none", tmp_path / ("n" * 300)):
        with pytest.raises(UnreadableFile) as caught:
            read_file(path, TODAY)
        assert path.name in caught.value.sentence("zh")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", TABLE)
    path.chmod(0)
    with pytest.raises(UnreadableFile, match="cannot be opened"):
        read_file(path, TODAY)


def test_names_that_no_terminal_should_see(tmp_path: Path) -> None:
    first = write(tmp_path / "a\x1b[31m\u202e.csv", TABLE)
    second = write(tmp_path / os.fsdecode(b"\xff\xfe.csv"), TABLE + "x,y,z\n")
    result = read_files([first, second], TODAY)
    assert result.lines["line_id"].to_list() == ["a·[31m·:row-2", "··:row-2"]
    assert [row.file for row in result.rejected] == ["··.csv"]


@pytest.mark.parametrize("charset", ["utf-8", "gb18030"])
def test_a_page_under_the_name_of_a_spreadsheet(tmp_path: Path, charset: str) -> None:
    result = read_file(write(tmp_path / "a.xls", PAGE.format(charset=charset).encode(charset)), TODAY)
    lines = result.lines
    assert lines["line_id"].to_list() == ["310420250000000011-1", "310420250000000011-2"]
    assert lines["code"].to_list() == ["8507600090", "0703201000"]
    assert lines["name"].to_list() == ["锂离子蓄电池", "大蒜"]
    assert lines["specification"].to_list() == ["1|0|手电筒用 & 玩具用", "0|0|鲜"]
    assert lines["flags"].to_list() == [[], ["CARRIED_DOWN"]]
    assert (result.title_rows, result.heading_rows, result.blank_rows, len(result.rejected)) == (1, 1, 1, 0)


@pytest.mark.parametrize(
    "start",
    ["<html><table><tr><td>", "<html><table><tr><td ", "<html><!--", "<html><![CDATA[", "<table><tr><td colspan=", "<html><script>"],
)
def test_pages_that_never_end(tmp_path: Path, start: str) -> None:
    with pytest.raises(UnreadableFile):
        read_file(write(tmp_path / "a.xls", start + start * 20_000), TODAY)


def test_a_page_whose_cells_claim_too_much(tmp_path: Path) -> None:
    head = "<table><tr><td>商品编号<td>商品名称</tr>"
    rows = "<tr>" + "<td colspan=1000 rowspan=999>x" * 100 + "</tr><tr><td rowspan=-1>8507600090<td colspan=99999999999999999999>电池</tr>"
    result = read_file(write(tmp_path / "a.xls", head + rows), TODAY)
    assert next((row.row, row.code) for row in result.rejected) == (2, "oversized_row")


def test_an_xml_spreadsheet_says_what_to_do(tmp_path: Path) -> None:
    content = '<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>'
    with pytest.raises(UnreadableFile) as caught:
        read_file(write(tmp_path / "a.xls", content), TODAY)
    assert "另存为 .xlsx" in caught.value.sentence("zh")
    assert "save it as .xlsx" in caught.value.sentence("en")


def test_a_workbook_with_a_password(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="password") as caught:
        read_file(write_encrypted(tmp_path / "a.xlsx"), TODAY)
    assert "密码" in caught.value.sentence("zh")


@pytest.mark.parametrize("start", [b"%PDF-1.7\n", b"Rar!\x1a\x07", b"\x1f\x8b\x08", b"7z\xbc\xaf\x27\x1c", b"\x89PNG\r\n", b"{\\rtf1", b"BZh9", b"PK\x05\x06"])
def test_other_kinds_of_files(tmp_path: Path, start: bytes) -> None:
    with pytest.raises(UnsupportedFormat):
        read_file(write(tmp_path / "a.csv", start + TABLE.encode()), TODAY)


def test_a_document_that_is_no_spreadsheet(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.odt", "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.text")
        archive.writestr("content.xml", "<a/>")
    with pytest.raises(UnsupportedFormat):
        read_file(tmp_path / "a.odt", TODAY)


def test_too_many_lines_say_what_to_do(tmp_path: Path) -> None:
    first, second = write(tmp_path / "a.csv", TABLE), write(tmp_path / "b.csv", TABLE)
    assert read_files([first, second], TODAY, Limits(lines=2)).lines.height == 2
    with pytest.raises(PayloadTooLarge) as caught:
        read_files([first, second], TODAY, Limits(lines=1))
    assert caught.value.code == "payload_too_large"
    assert "拆分" in caught.value.sentence("zh")
    assert "--max-lines" in caught.value.sentence("en")


def test_too_many_rows(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", TABLE + "\n" * 100)
    assert read_file(path, TODAY, Limits(rows=102)).blank_rows == 100
    with pytest.raises(PayloadTooLarge):
        read_file(path, TODAY, Limits(rows=101))


def test_progress_ends_at_the_size_of_all_files(tmp_path: Path) -> None:
    paths = [write(tmp_path / "a.csv", TABLE + TABLE.splitlines()[1] * 1 + "\n" * 20_000), write(tmp_path / "b.xls", PAGE.format(charset="utf-8"))]
    told: list[int] = []
    read_files(paths, TODAY, progress=told.append)
    assert told == sorted(told)
    assert len(told) > 3
    assert told[-1] == sum(path.stat().st_size for path in paths)


def test_errors_have_both_languages(tmp_path: Path) -> None:
    for content in (b"", b"%PDF", b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"a,b\n", b"<a/>"):
        with pytest.raises(EcidError) as caught:
            read_file(write(tmp_path / "a.csv", content), TODAY)
        zh, en = caught.value.sentence("zh"), caught.value.sentence("en")
        assert any("\u4e00" <= char <= "\u9fff" for char in zh)
        assert zh != en
