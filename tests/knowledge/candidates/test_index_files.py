"""The stored index: it answers as one in memory does, the same knowledge gives the same bytes, and what is damaged is said to be."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecid.errors import Language, UnreadableFile
from ecid.knowledge.candidates.answer import Answer, candidates
from ecid.knowledge.candidates.index import build_index
from ecid.knowledge.candidates.index_files import CandidateFiles, is_made_from, write_candidates
from ecid.knowledge.candidates.sources import Tariffs, periods
from ecid.knowledge.records import Record
from tests.knowledge.candidates.conftest import DAY, RECORDS, record, tariff, term

TARIFFS = Tariffs.among([item for items in tariff() for item in items])
QUESTIONS: tuple[tuple[str, Language], ...] = (
    ("锂电池组；用途：储能", "zh"),
    ("渔夫帽形容器", "zh"),
    ("不锈钢保温杯", "zh"),
    ("移动电源；内装电芯", "zh"),
    ("thermos cup", "en"),
)
# So many that one more name begins no period of its own.
CROWD = tuple(term("850760", [f"第{number}号电池组"], [f"battery pack number {number}"]) for number in range(40))
DAYS = st.dates(date(2016, 1, 1), date(2030, 12, 31))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("index") / "candidates"
    write_candidates(made, "k", RECORDS, TARIFFS)
    return made


@pytest.mark.parametrize("day", [date(1995, 1, 1), date(2021, 12, 31), date(2022, 1, 1), date(2024, 12, 31), DAY, date(2028, 1, 1)])
def test_it_answers_as_one_in_memory_does(folder: Path, day: date) -> None:
    stored, fresh = CandidateFiles(folder).on(day), build_index(RECORDS, *tariff(), day)
    for text, lang in QUESTIONS:
        assert candidates(stored, text, lang, top=100, declared="850760") == candidates(fresh, text, lang, top=100, declared="850760")


def test_the_same_knowledge_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    write_candidates(tmp_path / "again", "k", RECORDS, TARIFFS)
    assert _bytes(tmp_path / "again") == _bytes(folder)


def test_answering_leaves_the_files_as_they_are(folder: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(folder, tmp_path / "candidates")
    for path in (copy, *copy.iterdir()):
        path.chmod(0o555 if path.is_dir() else 0o444)
    candidates(CandidateFiles(copy).on(DAY), "锂电池组", "zh", declared="850760")
    copy.chmod(0o755)
    assert _bytes(copy) == _bytes(folder)


def test_it_says_what_it_was_made_from(folder: Path, tmp_path: Path) -> None:
    assert CandidateFiles(folder).knowledge == "k"
    assert is_made_from(folder, "k", TARIFFS)
    assert not is_made_from(folder, "other", TARIFFS)
    assert not is_made_from(folder, "k", Tariffs(TARIFFS.editions))
    assert not is_made_from(tmp_path, "k", TARIFFS)


def _bytes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)


def _to_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


DAMAGES: dict[str, Callable[[Path], object]] = {
    "missing": Path.unlink,
    "empty": lambda path: path.write_bytes(b""),
    "cut short": lambda path: path.write_bytes(path.read_bytes()[:-9]),
    "longer": lambda path: path.write_bytes(path.read_bytes() + b" x"),
    "flipped": _flip,
    "garbage": lambda path: path.write_bytes(b"\xff" * path.stat().st_size),
    "a folder": _to_folder,
}


@pytest.mark.parametrize("name", ["periods.json", "2022-01-01.arrays"])
@pytest.mark.parametrize("how", DAMAGES)
def test_damage_is_said_to_be_so(folder: Path, tmp_path: Path, name: str, how: str) -> None:
    copy = shutil.copytree(folder, tmp_path / "candidates")
    DAMAGES[how](copy / name)
    with pytest.raises(UnreadableFile, match="ecid knowledge build"):
        CandidateFiles(copy).on(DAY)


@pytest.mark.parametrize(
    "change",
    [
        {"format": 0},
        {"periods": []},
        {"periods": None},
        {"knowledge": None, "periods": [{"first": "0001-01-01"}]},
    ],
)
def test_a_list_of_another_kind_is_refused(folder: Path, tmp_path: Path, change: dict[str, object]) -> None:
    copy = shutil.copytree(folder, tmp_path / "candidates")
    listed = json.loads((copy / "periods.json").read_text("utf-8"))
    (copy / "periods.json").write_text(json.dumps(listed | change), "utf-8")
    with pytest.raises(UnreadableFile):
        CandidateFiles(copy)


@pytest.mark.parametrize("gone", [0, 1, -1])
def test_days_that_no_period_covers_are_noticed(folder: Path, tmp_path: Path, gone: int) -> None:
    copy = shutil.copytree(folder, tmp_path / "candidates")
    listed = json.loads((copy / "periods.json").read_text("utf-8"))
    del listed["periods"][gone]
    (copy / "periods.json").write_text(json.dumps(listed), "utf-8")
    with pytest.raises(UnreadableFile):
        CandidateFiles(copy)


def test_damage_of_another_period_leaves_the_rest(folder: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(folder, tmp_path / "candidates")
    _flip(copy / "0001-01-01.arrays")
    files = CandidateFiles(copy)
    assert candidates(files.on(DAY), "锂电池组", "zh").candidates
    with pytest.raises(UnreadableFile):
        files.on(date(2000, 1, 1))


def test_an_open_index_stays_whole_where_another_takes_its_place(folder: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(folder, tmp_path / "candidates")
    held = CandidateFiles(copy)
    shutil.rmtree(copy)
    write_candidates(copy, "other", RECORDS[1:], TARIFFS)
    for day in (date(1995, 1, 1), DAY):
        assert candidates(held.on(day), "锂电池组", "zh") == candidates(CandidateFiles(folder).on(day), "锂电池组", "zh")


def test_periods_follow_one_another() -> None:
    found = periods(TARIFFS, (*RECORDS, *CROWD))
    assert [period.first for period in found] == [date.min, *(period.last + timedelta(days=1) for period in found[:-1])]
    assert found[-1].last == date.max
    assert {period.first for period in found[1:]} == {date(2022, 1, 1)}


@st.composite
def extra(draw: st.DrawFn) -> Record:
    """Something that a record says of goods, from some day to some day."""
    first, last = sorted((draw(DAYS), draw(DAYS)))
    code = draw(st.sampled_from(["850760", "850440", "732393", "961700", "420222"]))
    words = {"zh": ["罕见货品匣"], "en": ["rare goods casket"]}
    made = {
        "decision": record("decision-X", "decision", [code], title={"zh": "罕见货品匣", "en": "rare goods casket"}),
        "ruling": record("us-ruling-X", "decision", [code], title={"en": "rare goods casket"}, authority="us"),
        "term": record("term-X", "term", [code], names=words),
        "note": record("note-X", "note", [code[:4]], excludes=[words | {"to": [code[:4]]}], scope=["85"]),
        "confusion": record(
            "confusion-X",
            "confusion",
            [code, "850710"],
            sides=[words | {"codes": [code]}, {"codes": ["850710"], "zh": ["匣"], "en": ["casket"]}],
            settles=[{"to": code, "words": {"zh": ["罕见"], "en": ["rare"]}}],
        ),
    }[draw(st.sampled_from(["decision", "ruling", "term", "note", "confusion"]))]
    return Record(**{name: getattr(made, name) for name in made.__slots__} | {"valid_from": first, "valid_to": last})


ASKED: tuple[tuple[str, Language], ...] = (("罕见货品匣", "zh"), ("rare goods casket", "en"))


def _answers(records: tuple[Record, ...], day: date, loaded: bool) -> list[Answer]:
    index = build_index(records, *(tariff() if loaded else ([], [])), day)
    return [candidates(index, text, lang, top=100, declared="850760") for text, lang in ASKED]


@settings(max_examples=60, deadline=None)
@given(extra=extra(), day=DAYS, loaded=st.booleans())
def test_what_is_not_in_force_on_the_day_changes_nothing(extra: Record, day: date, loaded: bool) -> None:
    with_it, without_it = (_answers(records, day, loaded) for records in ((*RECORDS, *CROWD, extra), (*RECORDS, *CROWD)))
    if extra.in_force(day) and loaded:
        cited = {piece.record for answer in with_it for one in answer.candidates for piece in one.evidence}
        assert extra.id in cited
    if not extra.in_force(day):
        assert with_it == without_it
