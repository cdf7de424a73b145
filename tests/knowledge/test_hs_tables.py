"""Tables of the Harmonized System: recognised by content, faulty rows reported with their number, broken files refused."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from ecid.errors import UnreadableFile, UnsupportedFormat
from ecid.knowledge.imported import SourceFile
from ecid.knowledge.importers.hs_versions import hs_versions
from ecid.knowledge.registry import read_reference
from ecid.tariff.model import Conversion, Nomenclature, NoteSet
from tests.declarations.xlsx import write_sheets


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
        (lambda lines: lines[:1], "no usable row"),
    ],
    ids=["cut off", "a mark is missing", "no rows"],
)
def test_a_table_that_is_not_whole_is_refused(hs_2022_csv: Path, tmp_path: Path, change: object, reason: str) -> None:
    lines = change(hs_2022_csv.read_text("utf-8").splitlines())  # type: ignore[operator]
    with pytest.raises(UnreadableFile, match=reason):
        read_reference(_file(tmp_path / "cut.csv", "\n".join(lines)))


@pytest.mark.parametrize("name", ["t.csv", "t.tsv", "t.txt", "t.xlsx", "t.json", "nested.json", "t.jsonl"])
def test_the_same_table_in_another_form_is_the_same(hs_2022_csv: Path, tmp_path: Path, name: str) -> None:
    (expected,) = read_reference(SourceFile.of(hs_2022_csv))[1].datasets
    rows = list(csv.reader(hs_2022_csv.read_text("utf-8").splitlines()))
    objects = [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]
    path = tmp_path / name
    match name:
        case "t.csv":
            path.write_bytes(("\ufeff2022版\r\n" + "\r\n".join(",".join(f'"{cell}"' for cell in row) for row in rows)).encode())
        case "t.tsv":
            path.write_bytes("\n".join("\t".join(row) for row in rows).encode("gb18030"))
        case "t.txt":
            path.write_bytes("\r\n".join("\t".join(row) for row in rows).encode("utf-16"))
        case "t.xlsx":
            write_sheets(path, {"HS": [["2022版"], [], *rows]})
        case "t.json":
            path.write_text(json.dumps(objects), "utf-8")
        case "nested.json":
            path.write_text(json.dumps({"result": {"code": 0}, "rows": objects}), "utf-8")
        case "t.jsonl":
            path.write_text("\n".join(map(json.dumps, objects)) + "\n", "utf-8")
    file = SourceFile.of(path)
    importer, imported = read_reference(file)
    (table,) = imported.datasets
    assert isinstance(table, Nomenclature)
    assert isinstance(expected, Nomenclature)
    assert (importer.id, table) == ("hs-table/1", replace(expected, sha256=file.sha256))
    assert len(imported.skipped) == 3


def test_codes_that_a_spreadsheet_took_for_numbers_are_refused(hs_2022_csv: Path, tmp_path: Path) -> None:
    lines = [re.sub(r"^(\w+),0(\d{5}),", r"\1,\2,", line) for line in hs_2022_csv.read_text("utf-8").splitlines()]
    with pytest.raises(UnreadableFile, match="subheadings of 5612"):
        read_reference(_file(tmp_path / "t.csv", "\n".join(lines)))


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


PAIRS = [(f"{chapter:02}{n:04}", f"{chapter:02}{n:04}") for chapter in range(1, 77) for n in range(1001, 1075)][: 5612 - 3]


def _conversion(*rows: str) -> str:
    return "HS6_6d,HS6_4d,HS5_6d\n" + "".join(f"{new},{new[:4]},{old}\n" for new, old in PAIRS) + "".join(f"{row}\n" for row in rows)


def test_a_conversion_table(tmp_path: Path) -> None:
    rows = (
        "854143,8541,854140",
        "854142,8541,854140",
        "854143,8541,850760",
        "10121,0101,010121",
        "999999,9999,999999",
        "854142,8541,854140",
        "854141,8541,854140,1",
    )
    _, imported = read_reference(_file(tmp_path / "table.csv", _conversion(*rows)))
    (conversion,) = imported.datasets
    assert isinstance(conversion, Conversion)
    assert (conversion.newer, conversion.older) == ("hs-2022", "hs-2017")
    assert conversion.newer_to_older == {**dict(PAIRS), "854143": "854140", "854142": "854140"}
    assert sorted(item.place for item in imported.skipped) == [f"row {len(PAIRS) + number}" for number in (4, 5, 6, 8)]


@pytest.mark.parametrize("text", ["HS6_6d,HS5_6d\n1,1\n", _conversion().replace("\n0", "\n")], ids=["no codes", "zeros lost"])
def test_a_conversion_table_that_is_not_whole_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(UnreadableFile, match="subheadings of 5612"):
        read_reference(_file(tmp_path / "table.csv", text))


def test_a_conversion_of_unknown_versions_is_not_recognised(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedFormat):
        read_reference(_file(tmp_path / "table.csv", "HS9_6d,HS6_6d\n010121,010121\n"))


def test_section_titles(tmp_path: Path) -> None:
    romans = ["I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII", "XIII", "XIV", "XV", "XVI", "XVII", "XVIII", "XIX", "XX", "XXI"]
    text = "section,name\n" + "".join(f"{roman},Title {roman}\n" for roman in romans)
    _, imported = read_reference(_file(tmp_path / "s.csv", text + "IIII,None\nI,Again\nII,\nIII,Animals, live\n"))
    (titles,) = imported.datasets
    assert isinstance(titles, NoteSet)
    assert [(note.number, note.title) for note in titles.notes] == [(number, f"Title {roman}") for number, roman in enumerate(romans, start=1)]
    assert sorted(item.place for item in imported.skipped) == ["row 23", "row 24", "row 25", "row 26"]
    with pytest.raises(UnreadableFile, match="20 sections of 21"):
        read_reference(_file(tmp_path / "s.csv", text.replace("XVI,Title XVI\n", "")))


def test_versions_follow_each_other_without_a_gap() -> None:
    versions = hs_versions()
    assert [(later.valid_from - earlier.valid_to).days for earlier, later in pairwise(versions)] == [1] * (len(versions) - 1)
    for version in versions:
        assert not version.present & version.absent
