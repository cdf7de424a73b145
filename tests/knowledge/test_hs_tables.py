"""Tables of the Harmonized System: recognised by content, faulty rows reported with their number, broken files refused."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from ecid.errors import UnreadableFile, UnsupportedFormat
from ecid.knowledge.imported import SourceFile
from ecid.knowledge.importers.hs_versions import hs_versions
from ecid.knowledge.registry import read_reference
from ecid.tariff.model import Conversion, Nomenclature, NoteSet


def _file(path: Path, text: str, encoding: str = "utf-8") -> SourceFile:
    path.write_bytes(text.encode(encoding))
    return SourceFile.of(path)


def test_a_table_is_told_by_its_codes_and_its_faulty_rows_are_reported(hs_2022_csv: Path) -> None:
    _, imported = read_reference(SourceFile.of(hs_2022_csv))
    (table,) = imported.datasets
    assert isinstance(table, Nomenclature)
    assert (table.id, table.valid_from.year, table.valid_to.year, table.lang) == ("hs-2022", 2022, 2027, "en")
    assert table.texts["854143"] == "Goods 854143"
    assert not {"999999", "01012"} & table.texts.keys()
    rows = len(hs_2022_csv.read_text("utf-8").splitlines())
    assert [(item.place, item.en) for item in imported.skipped] == [
        (f"row {rows - 2}", "'01012' is not a code of 2/4/6 digits"),
        (f"row {rows - 1}", "the chapter of 999999 is none of the Harmonized System"),
        (f"row {rows}", "854143 stands twice"),
    ]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda lines: lines[:3000] + [line for line in lines if "854143" in line or "852411" in line or "851713" in line], "subheadings of 5612"),
        (lambda lines: [line for line in lines if "852411" not in line], "which version"),
        (lambda lines: lines[:1], "which version"),
    ],
    ids=["cut off", "a mark is missing", "no rows"],
)
def test_a_table_that_is_not_whole_is_refused(hs_2022_csv: Path, tmp_path: Path, change: object, reason: str) -> None:
    lines = change(hs_2022_csv.read_text("utf-8").splitlines())  # type: ignore[operator]
    with pytest.raises(UnreadableFile, match=reason):
        read_reference(_file(tmp_path / "cut.csv", "\n".join(lines)))


def test_a_table_in_another_encoding_is_refused(tmp_path: Path) -> None:
    file = _file(tmp_path / "gbk.csv", "section,hscode,description,parent,level\nI,01,活动物,TOTAL,2\n", "gb18030")
    with pytest.raises(UnreadableFile, match="UTF-8"):
        read_reference(file)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        "code,name\n010121,horses\n",
        "section,hscode,description\nI,01,Animals\n",
        "HS6_6d,HS5_4d\n1,2\n",
        "\x00\x01\x02",
        "%!PS-Adobe",
        '{"a": 1}',
    ],
)
def test_other_files_are_not_recognised(tmp_path: Path, text: str) -> None:
    with pytest.raises(UnsupportedFormat):
        read_reference(_file(tmp_path / "hs2022.csv", text))


def test_a_conversion_table(tmp_path: Path) -> None:
    text = "HS6_6d,HS6_4d,HS5_6d\n854143,8541,854140\n854142,8541,854140\n854143,8541,850760\n10121,0101,010121\n999999,9999,999999\n854142,8541,854140\n"
    _, imported = read_reference(_file(tmp_path / "table.csv", text))
    (conversion,) = imported.datasets
    assert isinstance(conversion, Conversion)
    assert (conversion.newer, conversion.older) == ("hs-2022", "hs-2017")
    assert conversion.newer_to_older == {"854143": "854140", "854142": "854140"}
    assert [item.place for item in imported.skipped] == ["row 4", "row 5", "row 6"]


@pytest.mark.parametrize(("text", "reason"), [("HS9_6d,HS6_6d\n010121,010121\n", "unknown version"), ("HS6_6d,HS5_6d\n1,1\n", "no usable row")])
def test_a_conversion_table_of_no_use_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(UnreadableFile, match=reason):
        read_reference(_file(tmp_path / "table.csv", text))


def test_section_titles(tmp_path: Path) -> None:
    _, imported = read_reference(_file(tmp_path / "s.csv", "section,name\nI,Animals\nIIII,None\nXXI,Art\nI,Again\nII,\n"))
    (titles,) = imported.datasets
    assert isinstance(titles, NoteSet)
    assert [(note.number, note.title) for note in titles.notes] == [(1, "Animals"), (21, "Art")]
    assert [item.place for item in imported.skipped] == ["row 3", "row 5", "row 6"]
    with pytest.raises(UnreadableFile):
        read_reference(_file(tmp_path / "s.csv", "section,name\n"))


def test_versions_follow_each_other_without_a_gap() -> None:
    versions = hs_versions()
    assert [(later.valid_from - earlier.valid_to).days for earlier, later in pairwise(versions)] == [1] * (len(versions) - 1)
    for version in versions:
        assert not version.present & version.absent
