"""Imported data at rest."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecid.errors import UnreadableFile
from ecid.knowledge import store
from ecid.knowledge.imported import Dataset, Skipped
from ecid.knowledge.record_sets import RecordSet
from ecid.knowledge.records import Record
from ecid.tariff.model import Conversion, Edition, Element, Marks, Nomenclature, Note, NoteSet, TariffLine

YEAR = (date(2031, 1, 1), date(2031, 12, 31))
TWO = (Element(1, "用途", "classification"), Element(2, "型号", "price"))
LINES = {
    "01012000": TariffLine("01012000", "桌子", ("样品", "木制"), "Tables", TWO, units=("007", "035")),
    "01011000": TariffLine("01011000", "椅子", elements=TWO, source_ref="p. 1, row 2"),
    "01019000": TariffLine("01019000", "其他", elements_known=False),
    "01019100": TariffLine("01019100", "无须申报要素", elements=()),
}
RECORDS = (
    Record(
        "decision-Z2031-1", "decision", ("8507",), {"zh": "电池"}, {"zh": "归入8507。"}, YEAR[0], YEAR[1], "公告", "row 1", "ab12", "low", "x", {"a": ["b"]}
    ),
    Record("uk-term-1", "term", (), {"en": "Battery"}, {"en": "Battery\u2028: 8507."}, YEAR[0], None, "list", "row 2", "ab12"),
)
DATASETS: list[Dataset] = [
    Edition("cn-2031", "目录", *YEAR, True, "海关总署", "ab12", LINES),
    Nomenclature("hs-2031", "HS", *YEAR, "en", "WCO", "cd34", {"01": "Animals", "010121": "Horses"}),
    Conversion("hs-2031", "hs-2022", "WCO", "ef56", {"010121": "010121"}),
    Marks("cn-dual-use-2031", "目录", *YEAR, "dual_use_export", "公告", "ab12", {"8507600090": "电池", "8507600020": ""}),
    RecordSet("cn-decisions-ab12", "归类决定", "公告", "ab12", RECORDS),
    NoteSet("cn-2031-notes", "注释", *YEAR, "zh", "海关总署", "ab12", (Note("chapter", 1, "样品", "注释：\n一、\u2028第一条\x85\t表", "p. 1"),)),
]


@pytest.mark.parametrize("dataset", DATASETS, ids=store.dataset_id)
def test_what_is_saved_is_loaded_again(tmp_path: Path, dataset: Dataset) -> None:
    skipped = (Skipped("row 7", "重复", "twice"),)
    assert store.save(tmp_path, [dataset], "test/1", skipped)
    assert store.load(tmp_path) == [dataset]
    (header,), damaged = store.headers(tmp_path)
    assert damaged == []
    assert (header.id, header.sha256, header.importer, header.skipped) == (store.dataset_id(dataset), dataset.sha256, "test/1", skipped)


@pytest.mark.parametrize("dataset", DATASETS, ids=store.dataset_id)
def test_the_same_input_gives_the_same_bytes_and_is_not_written_again(tmp_path: Path, dataset: Dataset) -> None:
    store.save(tmp_path, [dataset], "test/1")
    (path,) = tmp_path.iterdir()
    before = path.read_bytes(), path.stat().st_mtime_ns
    assert not store.save(tmp_path, [dataset], "test/1")
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before
    assert store.save(tmp_path, [dataset], "test/2")
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(("change", "loses"), [({}, None), ({"sha256": "new"}, None), ({"sha256": "new", "complete": False}, (4, 4))])
def test_what_would_be_lost(tmp_path: Path, change: dict[str, Any], loses: tuple[int, int] | None) -> None:
    edition = replace(cast("Edition", DATASETS[0]), **change)
    assert store.would_lose(tmp_path, edition) is None
    store.save(tmp_path, [DATASETS[0]], "test/1")
    assert store.would_lose(tmp_path, edition) == loses
    assert store.would_lose(tmp_path, replace(edition, sha256="newer", lines={})) == (4, 0)
    (tmp_path / "cn-2031.jsonl").write_bytes(b"{")
    assert store.would_lose(tmp_path, edition) is None


@pytest.mark.parametrize("dataset", DATASETS, ids=store.dataset_id)
def test_rows_are_counted_as_they_are_stored(tmp_path: Path, dataset: Dataset) -> None:
    store.save(tmp_path, [dataset], "test/1")
    assert store.headers(tmp_path)[0][0].rows == store.row_count(dataset)


def test_of_one_source_everything_is_stored_or_nothing(tmp_path: Path) -> None:
    (tmp_path / "cn-2031-notes.jsonl").mkdir()  # so that the second one cannot be written
    with pytest.raises(OSError, match="directory"):
        store.save(tmp_path, [DATASETS[0], DATASETS[-1]], "test/1")
    assert [path.name for path in tmp_path.iterdir()] == ["cn-2031-notes.jsonl"]


def test_the_order_in_memory_does_not_show(tmp_path: Path) -> None:
    edition = Edition("cn-2031", "目录", *YEAR, True, "海关总署", "ab12", dict(reversed(LINES.items())))
    store.save(tmp_path, [DATASETS[0]], "test/1")
    assert not store.save(tmp_path, [edition], "test/1")


def test_records_and_marks_are_loaded_only_when_asked_for(tmp_path: Path) -> None:
    for dataset in DATASETS:
        store.save(tmp_path, [dataset], "test/1")
    assert {type(dataset) for dataset in store.load_datasets([tmp_path])} == {Edition, Nomenclature, Conversion, NoteSet}
    assert len(store.load_datasets([tmp_path], kinds=None)) == len(DATASETS)
    assert [type(dataset) for dataset in store.load(tmp_path, {"marks"})] == [Marks]


def test_nothing_is_loaded_from_nowhere(tmp_path: Path) -> None:
    assert store.load(tmp_path / "absent") == []
    assert store.headers(tmp_path / "absent") == ([], [])
    assert store.load_datasets([tmp_path, tmp_path / "absent"]) == []


def test_an_unfinished_file_is_not_seen(tmp_path: Path) -> None:
    (tmp_path / "cn-2031.123.part").write_text("{", "utf-8")
    assert store.load(tmp_path) == []


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[: len(text) // 2],
        lambda text: text.partition("\n")[0],
        lambda text: "",
        lambda text: "[]\n",
        lambda text: text.replace('"format":1', '"format":9'),
        lambda text: text.replace('"kind":"edition"', '"kind":"other"'),
        lambda text: text.replace('"name":"椅子"', '"nom":"椅子"'),
        lambda text: text.replace('"c"', '"x"'),
        lambda text: text.replace("2031-01-01", "2031-13-01"),
    ],
)
def test_a_damaged_file_is_named(tmp_path: Path, damage: object) -> None:
    store.save(tmp_path, [DATASETS[0]], "test/1")
    path = tmp_path / "cn-2031.jsonl"
    path.write_text(damage(path.read_text("utf-8")), "utf-8")  # type: ignore[operator]
    with pytest.raises(UnreadableFile, match=r"cn-2031\.jsonl"):
        store.load(tmp_path)


@pytest.mark.parametrize("name", ["", "../cn-2031", "cn/2031", "CN-2031", "cn-2031\n", "-"])
def test_an_id_is_never_a_path(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="not an id"):
        store.save(tmp_path, [Nomenclature(name, "t", *YEAR, "en", "s", "h", {})], "test/1")
    assert list(tmp_path.iterdir()) == []


@given(st.dictionaries(st.from_regex(r"\A\d{6}\Z"), st.text(), max_size=5))
def test_any_text_survives(tmp_path_factory: pytest.TempPathFactory, texts: dict[str, str]) -> None:
    folder = tmp_path_factory.mktemp("store")
    dataset = Nomenclature("hs-2031", "t", *YEAR, "zh", "s", "h", texts)
    try:
        store.save(folder, [dataset], "test/1")
    except UnicodeEncodeError:
        assert any("\ud800" <= sign <= "\udfff" for text in texts.values() for sign in text)
    else:
        assert store.load(folder) == [dataset]
