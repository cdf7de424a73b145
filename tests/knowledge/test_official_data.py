"""The official files, where they are at hand: our reading of the catalogue against the reading that comes with the data, and the loaded whole."""

from __future__ import annotations

import csv
import difflib
import json
import re
import unicodedata
from datetime import date
from pathlib import Path

import pytest

from ecid.adapters.knowledge_files import load_reference
from ecid.errors import UnreadableFile
from ecid.knowledge import store
from ecid.knowledge.catalogue.elements import PURPOSES, compose
from ecid.knowledge.imported import SourceFile
from ecid.knowledge.registry import read_reference
from ecid.scoring.reference import Reference
from ecid.services.import_knowledge import KNOWLEDGE, ImportedFile, check, import_files
from ecid.tariff.model import Edition, NoteSet

ROOT = Path(__file__).parents[2]
DIFFERENCES = ROOT / "docs" / "knowledge" / "catalogue-differences.md"
CATALOGUE = Path("cn-catalogue-2025")


@pytest.fixture(scope="module")
def home(data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[ImportedFile]]:
    folder = tmp_path_factory.mktemp("home")
    return folder, import_files([data_dir / CATALOGUE, data_dir / "hs-nomenclature"], folder)


@pytest.fixture(scope="module")
def edition(home: tuple[Path, list[ImportedFile]]) -> Edition:
    return next(item for item in store.load(home[0] / KNOWLEDGE) if isinstance(item, Edition))


@pytest.fixture(scope="module")
def reference(home: tuple[Path, list[ImportedFile]]) -> Reference:
    return load_reference([ROOT / "knowledge", home[0] / KNOWLEDGE])


def _folded(text: str) -> str:
    """Without white space, width, and the separators whose slips we undo."""
    return re.sub(r"[;:.]", "", re.sub(r"\s", "", unicodedata.normalize("NFKC", text)))


def _documented(kind: str) -> set[str]:
    """The codes in the table of that kind of difference."""
    section = DIFFERENCES.read_text("utf-8").partition(f"## {kind}\n")[2].partition("\n## ")[0]
    return set(re.findall(r"^\| (\d{8}) \|", section, re.MULTILINE))


def _theirs(data_dir: Path) -> list[dict[str, str]]:
    with (data_dir / CATALOGUE / "tariff_elements.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_the_files_are_recognised_by_content(home: tuple[Path, list[ImportedFile]]) -> None:
    outcomes = {file.name: (file.outcome, file.datasets) for file in home[1]}
    assert outcomes["catalogue.pdf"] == ("imported", ("cn-2025", "cn-2025-notes"))
    assert outcomes["hs2017.csv"] == ("imported", ("hs-2017",))
    assert outcomes["hs2022.csv"] == ("imported", ("hs-2022",))
    assert outcomes["hs2022_to_hs2017.csv"] == ("imported", ("hs-2022-to-hs-2017",))
    assert outcomes["sections.csv"] == ("imported", ("hs-sections-en",))
    assert outcomes["notes.json"] == ("imported", ("hs-2022-notes-zh",))
    assert outcomes["tariff_elements.csv"] == ("left_out", ())


def test_known_dirt_is_reported_with_its_row(home: tuple[Path, list[ImportedFile]]) -> None:
    skipped = {file.name: {item.place: item.en for item in file.skipped} for file in home[1]}
    assert skipped["hs2022.csv"]["row 6940"] == "the chapter of 999999 is none of the Harmonized System"
    assert skipped["hs2022.csv"]["row 6941"] == "'TOTAL' is not a code of 2/4/6 digits"
    assert skipped["hs2017.csv"]["row 6710"] == "'TOTAL' is not a code of 2/4/6 digits"
    assert [text[:8] for text in skipped["catalogue.pdf"].values()] == ["29096000", "87037030"]


def test_every_difference_in_codes_is_documented(data_dir: Path, edition: Edition) -> None:
    theirs = {row["code"] for row in _theirs(data_dir)}
    assert set(edition.lines) <= theirs
    assert theirs - set(edition.lines) == _documented("Codes")


def test_elements_agree_and_every_difference_is_documented(data_dir: Path, edition: Edition) -> None:
    rows = [row for row in _theirs(data_dir) if row["code"] in edition.lines]
    differing = set()
    for row in rows:
        line = edition.lines[row["code"]]
        ours = [_folded(compose(line.elements, purpose)) for purpose in PURPOSES]
        if ours != [_folded(row[f"elem_{purpose}"]) for purpose in PURPOSES]:
            differing.add(row["code"])
        assert line.elements_known == bool(line.elements)
    assert differing == _documented("Elements")
    assert len(differing) <= 0.005 * len(rows)


def test_no_element_swallowed_the_next_one(edition: Edition) -> None:
    swallowed = [(line.code, e.label) for line in edition.lines.values() for e in line.elements if re.search(r"[；;]\s*\d", e.label)]
    assert swallowed == []


def test_names_and_paths_agree_and_every_difference_is_documented(data_dir: Path, edition: Edition) -> None:
    rows = [row for row in _theirs(data_dir) if row["code"] in edition.lines]
    names = {row["code"] for row in rows if _folded(edition.lines[row["code"]].name) != _folded(row["name"])}
    paths = {row["code"] for row in rows if _folded("".join(edition.lines[row["code"]].path)) != _folded(row["path"].replace(" > ", ""))}
    assert names == _documented("Names")
    assert paths == _documented("Paths")


def test_notes_agree_but_for_tables_and_page_heads(data_dir: Path, home: tuple[Path, list[ImportedFile]]) -> None:
    sets = [item for item in store.load(home[0] / KNOWLEDGE) if isinstance(item, NoteSet) and item.lang == "zh"]
    ours = {(note.kind, note.number): note for note in sets[0].notes}
    theirs = json.loads((data_dir / CATALOGUE / "notes.json").read_text("utf-8"))
    assert {kind for kind, _ in ours} == {"section", "chapter"}
    assert len(ours) == 21 + 96
    for note in theirs:
        mine = ours[note["kind"], note["no"]]
        a, b = _folded(mine.title + mine.text), _folded(note["title"] + note["text"]).replace("申报要素税则号列商品名称", "")
        missing_here = [
            b[k:m] for tag, _, _, k, m in difflib.SequenceMatcher(None, a, b, autojunk=False).get_opcodes() if tag in ("delete", "insert", "replace")
        ]
        if "\t" in mine.text:  # a table: they have lost cells, or their order
            assert sum(map(len, missing_here)) <= 1
        else:
            assert a == b


def test_the_pack_is_in_order_by_the_official_tables_and_copies_no_note(home: tuple[Path, list[ImportedFile]]) -> None:
    assert check(home[0], ROOT / "knowledge") == []


def test_the_pack_stands_beside_the_official_edition(reference: Reference) -> None:
    assert set(reference.versions) >= {"cn-2025", "pack-2025", "hs-2017", "hs-2022", "hs-2022-to-hs-2017"}
    line = reference.tariff.judge("8507600090", date(2025, 7, 1)).line
    assert line is not None
    assert (line.name, line.units) == ("锂离子蓄电池", ("007", "035"))
    assert [element.label for element in line.elements][:3] == ["用途", "电极材质（铅酸、镍镉、镍铁、镍氢、锂离子等）", "比能量"]


@pytest.mark.parametrize(
    ("code", "day", "state", "suggestions"),
    [
        ("85414000", date(2024, 5, 1), "not_in_force", ("85414100", "85414200", "85414300", "85414900")),
        ("85414300", date(2024, 5, 1), "valid", ()),
        ("85414300", date(2020, 5, 1), "not_in_force", ("854140",)),
        ("85414020", date(2020, 5, 1), "unproven", ()),
        ("29096000", date(2025, 5, 1), "unknown", ("29096010", "29096090")),
        ("99990000", date(2025, 5, 1), "unknown", ()),
    ],
)
def test_codes_on_days(reference: Reference, code: str, day: date, state: str, suggestions: tuple[str, ...]) -> None:
    found = reference.tariff.judge(code, day)
    assert (found.state, found.suggestions) == (state, suggestions)


def test_a_truncated_catalogue_is_refused(data_dir: Path, tmp_path: Path) -> None:
    content = (data_dir / CATALOGUE / "catalogue.pdf").read_bytes()
    path = tmp_path / "cut.pdf"
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(UnreadableFile):
        read_reference(SourceFile.of(path))


def test_pages_that_cannot_be_read_are_listed_and_the_edition_is_not_taken_to_be_whole(data_dir: Path, edition: Edition, tmp_path: Path) -> None:
    content = bytearray((data_dir / CATALOGUE / "catalogue.pdf").read_bytes())
    page = [match.start() for match in re.finditer(rb"/Type /Page\b", content)][120]
    content[page : page + 11] = b"/Type /Pagx"
    drawn = [match.end() for match in re.finditer(rb"(?<!end)stream\r\n", content)][210]
    content[drawn : drawn + 400] = bytes(400)
    path = tmp_path / "spoilt.pdf"
    path.write_bytes(content)
    _, imported = read_reference(SourceFile.of(path))
    spoilt = next(item for item in imported.datasets if isinstance(item, Edition))
    unreadable = [item.place for item in imported.skipped if "nothing can be read" in item.en]
    assert (unreadable, spoilt.complete) == (["p. 121", "p. 211"], False)
    lost = edition.lines.keys() - spoilt.lines.keys()
    assert {edition.lines[code].source_ref.partition(",")[0] for code in lost} == {"p. 121", "p. 211"}
    assert len(spoilt.lines) > len(edition.lines) * 0.99
