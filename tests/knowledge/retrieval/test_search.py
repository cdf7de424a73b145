"""Searching a small index: what is found, what is filtered, what is declined, and what happens when something is missing."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecid.adapters.chroma import ChromaFolder
from ecid.errors import BadInput, NotFound, SourceUnavailable, UnreadableFile
from ecid.knowledge.records import Record
from ecid.knowledge.retrieval.index_files import VECTORS, IndexFiles, damaged_files
from ecid.services.build_index import build_index, is_current
from ecid.services.search_clauses import Clauses, Request
from tests.knowledge.retrieval.conftest import NOW, record_days

LAPSED = {"decision-Z2019-0001", "decision-J2020-0002"}
TEXTS = ("蓄电盒", "充电宝", "power bank", "主动披露", "voluntary disclosure", "Z2019-0001", "玩具", "AEO", "8507")


def ids(clauses: Clauses, request: Request) -> list[str]:
    return [result["id"] for result in clauses.search(request)["results"]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("充电宝", "term-850760-7efc57164e"),
        ("portable power bank", "confusion-02-power-bank-vs-charger"),
        ("电热毯还是85章的货吗", "note-ch85-1-a"),
        ("are electric blankets excluded from chapter 85", "note-ch85-1-a"),
        ("do chapter headlines bind us legally", "gri-1"),
        ("Z2023-0003", "decision-Z2023-0003"),
        ("own up to our mistakes before customs finds them", "proc-voluntary-disclosure-concept"),
    ],
)
def test_found(clauses: Clauses, text: str, expected: str) -> None:
    assert expected in ids(clauses, Request(text))


@pytest.mark.parametrize("text", ["蓄电盒", "storage box for electricity", ""])
@pytest.mark.parametrize("code", ["8507", "850760", "85076000", "85.07"])
def test_a_code_filters_exactly(clauses: Clauses, records: list[Record], text: str, code: str) -> None:
    by_id = {record.id: record for record in records}
    digits = code.replace(".", "")
    found = ids(clauses, Request(text, code=code, count=50))
    assert found
    for record_id in found:
        record = by_id[record_id]
        reach = (*record.codes, *record.facts.get("scope", ()))
        assert any(own.startswith(digits) or digits.startswith(own) for own in reach), record_id


def test_a_code_in_the_text_filters_like_the_option(clauses: Clauses) -> None:
    assert set(ids(clauses, Request("8507.60 蓄电池", count=50))) <= set(ids(clauses, Request("蓄电池", code="850760", count=50)))


def test_the_line_asked_for_comes_with_its_code(clauses: Clauses) -> None:
    assert "line-pack-2025-85076000" in ids(clauses, Request(code="85076000"))


@pytest.mark.parametrize(
    ("kind", "text"),
    [("note", "电池"), ("gri", "成套货品"), ("decision", "蓄电盒"), ("procedure", "主动披露"), ("line", "电池"), ("term", "电池"), ("confusion", "电池")],
)
def test_kind(clauses: Clauses, kind: str, text: str) -> None:
    results = clauses.search(Request(text, kind=kind))["results"]
    assert results
    assert {result["kind"] for result in results} == {kind}


@settings(max_examples=60, deadline=None)
@given(day=st.dates(date(1990, 1, 1), date(2030, 12, 31)), text=st.sampled_from(TEXTS), kind=st.sampled_from(["", "decision", "procedure"]))
def test_nothing_is_given_as_in_force_that_is_not(clauses: Clauses, records: list[Record], day: date, text: str, kind: str) -> None:
    days = record_days(records)
    for result in clauses.search(Request(text, kind=kind, as_of=day, count=50))["results"]:
        first, last = days[result["id"]]
        assert first <= day <= last
        assert result["in_force"] is True


@pytest.mark.parametrize(("day", "lapsed"), [(date(2021, 1, 1), set()), (date(2022, 1, 1), {"decision-Z2019-0001"}), (date(2024, 1, 1), LAPSED)])
def test_decisions_lapse(clauses: Clauses, day: date, lapsed: set[str]) -> None:
    found = set(ids(clauses, Request("蓄电盒", kind="decision", as_of=day)))
    assert not found & lapsed
    assert found >= LAPSED - lapsed


def test_without_a_day_what_lapsed_is_shown_as_such_and_later(clauses: Clauses) -> None:
    results = clauses.search(Request("蓄电盒", kind="decision"))["results"]
    in_force = {result["id"]: result["in_force"] for result in results}
    assert {record_id for record_id, holds in in_force.items() if not holds} == LAPSED
    assert results[0]["id"] == "decision-Z2023-0003"


@pytest.mark.parametrize("text", ["今天美元兑人民币汇率", "UK VAT on imported shoes", "weather in Qingdao tomorrow"])
def test_what_the_sources_do_not_hold(clauses: Clauses, text: str) -> None:
    answer = clauses.search(Request(text))
    assert answer["results"] == []
    assert answer["declined"] is True
    assert answer["reason"]


def test_words_that_nothing_knows_are_declined(clauses: Clauses) -> None:
    answer = clauses.search(Request("qwxzk vbnmt", lang="en"))
    assert (answer["results"], answer["declined"]) == ([], True)


@pytest.mark.parametrize(
    "request_", [Request(), Request(" "), Request("电", kind="nonsense"), Request("电", count=0), Request("电", count=51), Request("电", code="x")]
)
def test_senseless_requests(clauses: Clauses, request_: Request) -> None:
    with pytest.raises(BadInput):
        clauses.search(request_)


@settings(max_examples=40, deadline=None)
@given(text=st.text(max_size=60))
def test_any_text_is_answered_or_refused(clauses: Clauses, text: str) -> None:
    try:
        answer = clauses.search(Request(text, code="8507"))
    except BadInput:
        return
    assert len(answer["results"]) <= 10


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_answers_are_in_the_language_asked_for(clauses: Clauses, lang: str) -> None:
    results = clauses.search(Request("充电宝", lang="zh" if lang == "zh" else "en", kind="confusion"))["results"]
    assert {result["lang"] for result in results} == {lang}


def test_one_record(clauses: Clauses) -> None:
    record = clauses.get("decision-Z2019-0001", "en")
    assert (record["lang"], record["in_force"], record["valid_to"]) == ("zh", False, "2021-12-31")
    assert clauses.get("decision-Z2019-0001", "zh", date(2020, 1, 1))["in_force"] is True
    with pytest.raises(NotFound):
        clauses.get("decision-Z1900-1", "zh")


def test_without_vectors_the_words_serve(index_folder: Path) -> None:
    files = IndexFiles(index_folder)
    answer = Clauses(files, None, lambda: NOW).search(Request("充电宝"))
    assert answer["ranked_by"] == "words"
    assert answer["results"][0]["code"] == "850760"


class _Gone:
    """A vector search whose server went away."""

    def nearest(self, *_: object) -> list[tuple[int, float]]:
        raise SourceUnavailable


def test_when_the_vectors_go_away_the_words_serve(index_folder: Path) -> None:
    files = IndexFiles(index_folder)
    answer = Clauses(files, _Gone(), lambda: datetime.now(UTC)).search(Request("充电宝"))
    assert answer["ranked_by"] == "words"
    assert answer["results"]


def test_the_same_records_give_the_same_manifest(records: list[Record], index_folder: Path, tmp_path: Path) -> None:
    few = records[::6]
    one, other = (build_index(tmp_path / name, few, ChromaFolder) for name in ("one", "other"))
    assert one == other
    assert is_current(tmp_path / "one", few)
    assert not is_current(tmp_path / "one", [replace(few[0], title={"zh": "另一标题", "en": "Another title"}), *few[1:]])
    assert damaged_files(index_folder) == []


@pytest.mark.parametrize("name", ["manifest.json", "records.jsonl", "columns.npz", "records.txt", "glossary.json", "lexical-zh/terms.txt", "space/space.npy"])
@pytest.mark.parametrize("how", ["missing", "cut short"])
def test_a_damaged_index_is_said_to_be_so(index_folder: Path, tmp_path: Path, name: str, how: str) -> None:
    folder = shutil.copytree(index_folder, tmp_path / "index", ignore=shutil.ignore_patterns(VECTORS))
    path = folder / name
    content = path.read_bytes()
    path.unlink()
    if how == "cut short":
        path.write_bytes(content[: len(content) // 2])
    with pytest.raises(UnreadableFile):
        IndexFiles(folder)
