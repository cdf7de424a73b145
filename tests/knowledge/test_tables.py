"""Tables that are known by their headings: what is taken over, what is listed, what is refused. The cases stand in `tables.yaml`."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ecid.errors import EcidError, PayloadTooLarge, UnreadableFile, UnsupportedFormat
from ecid.knowledge import store, tables
from ecid.knowledge.imported import SourceFile
from ecid.knowledge.record_sets import RecordSet
from ecid.knowledge.registry import read_reference
from ecid.knowledge.table_kinds import heading_key, table_kinds
from ecid.knowledge.tables import find_table
from ecid.tariff.model import Marks
from tests.declarations.xlsx import write_sheets

CASES: dict[str, dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "tables.yaml").read_text("utf-8"))

WEIRD = [b"\xff\xfe", b"\0", b'"', b"\n", b"\t,;|", b"[{", b"]}", b"\\ud800", "\u2028。９".encode(), b"1e999", b"9" * 30]


@pytest.fixture(autouse=True)
def _nothing_remembered() -> None:
    find_table.cache_clear()


def _source(folder: Path, case: dict[str, Any]) -> SourceFile:
    path = folder / case["name"]
    if "workbook" in case:
        write_sheets(path, case["workbook"])
    elif "brackets" in case:
        path.write_text("[" * case["brackets"], "utf-8")
    else:
        path.write_bytes(case["text"].encode(case.get("encoding", "utf-8")) + bytes.fromhex(case.get("tail", "")))
    return SourceFile.of(path)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_table(tmp_path: Path, case: dict[str, Any]) -> None:
    file = _source(tmp_path, case)
    if "error" in case:
        with pytest.raises(EcidError) as error:
            read_reference(file)
        assert case["error"] in str(error.value)
        assert isinstance(error.value, UnsupportedFormat if case["error"] == "supported are" else UnreadableFile)
        return
    _, imported = read_reference(file)
    (dataset,) = imported.datasets
    assert isinstance(dataset, RecordSet | Marks)
    found = [record.id for record in dataset.records] if isinstance(dataset, RecordSet) else sorted(dataset.codes)
    assert found == case["ids"]
    assert {item.place: item.en for item in imported.skipped} == case["skipped"]
    assert all(item.zh for item in imported.skipped)


def test_headings_of_a_kind_do_not_name_two_fields() -> None:
    for kind in table_kinds():
        keys = [key for synonyms in kind.headings.values() for key in synonyms]
        assert len(keys) == len(set(keys)), kind.id
        assert {*kind.required, *kind.one_of} <= kind.headings.keys()
        assert kind.never.isdisjoint(keys), kind.id
        assert all(any("\u4e00" <= sign <= "\u9fff" for key in synonyms for sign in key) for synonyms in kind.headings.values()), kind.id
        assert all(any(key.isascii() for key in synonyms) for synonyms in kind.headings.values()), kind.id


@pytest.mark.parametrize("heading", ["税则号列", " 税则 号列 ", "税则号列（8位）", "ＨＳ Ｃｏｄｅ", "HS_CODE"])
def test_headings_are_told_whatever_their_width_case_and_remarks(heading: str) -> None:
    decisions = next(kind for kind in table_kinds() if kind.id == "decisions")
    assert heading_key(heading) in decisions.headings["code"]


@pytest.mark.parametrize(("limit", "value"), [("MAX_TABLE_BYTES", 10), ("MAX_ROWS", 1)])
@pytest.mark.parametrize("name", ["d.csv", "d.json"])
def test_a_table_that_is_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, value: int, name: str) -> None:
    monkeypatch.setattr(tables, limit, value)
    path = tmp_path / name
    row = {"决定编号": "Z2031-1", "商品名称": "样品", "税则号列": "85076000"}
    text = "决定编号,商品名称,税则号列\nZ2031-1,样品,85076000\n" if name.endswith("csv") else f"[{row}]".replace("'", '"')
    path.write_text(text, "utf-8")
    with pytest.raises(PayloadTooLarge):
        read_reference(SourceFile.of(path))


def test_a_cell_that_is_too_long_costs_its_row_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MAX_CELL", 20)
    path = tmp_path / "d.csv"
    path.write_text(f"决定编号,商品名称,税则号列\nZ2031-1,样品,85076000\nZ2031-2,{'长' * 21},85076000\n", "utf-8")
    _, imported = read_reference(SourceFile.of(path))
    assert [(item.place, item.en) for item in imported.skipped] == [("row 3", "the row or a cell is too long")]


@pytest.mark.parametrize(("broken", "error"), [(False, UnsupportedFormat), (True, UnreadableFile)])
def test_an_archive_that_is_no_workbook(tmp_path: Path, broken: bool, error: type[EcidError]) -> None:
    path = tmp_path / "d.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("words.txt", "words")
    if broken:
        path.write_bytes(path.read_bytes()[:20])
    with pytest.raises(error):
        read_reference(SourceFile.of(path))


SEEDS = [case for case in CASES.values() if "text" in case and "error" not in case]


@settings(max_examples=80, deadline=None)
@given(case=st.sampled_from(SEEDS), at=st.floats(0, 1), cut=st.integers(0, 12), put=st.one_of(st.binary(max_size=8), st.sampled_from(WEIRD)))
def test_whatever_is_done_to_a_table_it_is_read_listed_or_refused(
    tmp_path_factory: pytest.TempPathFactory, case: dict[str, Any], at: float, cut: int, put: bytes
) -> None:
    folder = tmp_path_factory.mktemp("fuzz")
    content = case["text"].encode(case.get("encoding", "utf-8"))
    place = int(at * len(content))
    path = folder / case["name"]
    path.write_bytes(content[:place] + put + content[place + cut :])
    try:
        _, imported = read_reference(SourceFile.of(path))
    except (UnreadableFile, UnsupportedFormat, PayloadTooLarge):
        return
    for dataset in imported.datasets:
        store.save(folder / "store", [dataset], "test/1", imported.skipped)
        assert store.load(folder / "store") == [dataset]
