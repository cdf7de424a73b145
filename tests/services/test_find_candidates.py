"""Candidate headings as a use case: what is refused, which day and language count, what the answer rests on."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecid.errors import BadInput, Language, UnreadableFile
from ecid.knowledge.candidates.index_files import CandidateFiles, write_candidates
from ecid.knowledge.candidates.sources import Tariffs
from ecid.services.find_candidates import COUNT_OF_FILE, MOST, MOST_CHARS, Candidates, plain_code, read_queries
from tests.knowledge.candidates.conftest import RECORDS, tariff

# In Beijing it is the next day already, on which decision-Z2022-9 has lapsed.
NOW = datetime(2024, 12, 31, 17, tzinfo=UTC)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("index") / "candidates"
    write_candidates(made, "knowledge-1", RECORDS, Tariffs.among([item for items in tariff() for item in items]))
    return made


@pytest.fixture(scope="module")
def found(folder: Path) -> Candidates:
    return Candidates(CandidateFiles(folder), lambda: NOW)


def _cited(answer: dict[str, list[dict[str, list[dict[str, str]]]]]) -> set[str]:
    return {piece["record"] for one in answer["candidates"] for piece in one["evidence"]}


@pytest.mark.parametrize(
    ("text", "lang", "top", "declared"),
    [
        ("", None, 10, None),
        (" \n\t\u3000", None, 10, None),
        ("x" * (MOST_CHARS + 1), None, 10, None),
        ("half a character \ud83d", "en", 10, None),
        ("锂电池", "zh", 0, None),
        ("锂电池", "zh", MOST + 1, None),
        ("锂电池", "zh", 10, ""),
        ("锂电池", "zh", 10, "850"),
        ("锂电池", "zh", 10, "85076"),
        ("锂电池", "zh", 10, "8507.60.00.00.1.2"),
        ("锂电池", "zh", 10, "八五〇七"),
        ("锂电池", "zh", 10, "85O7"),
    ],
)
def test_senseless_questions(found: Candidates, text: str, lang: Language | None, top: int, declared: str | None) -> None:
    with pytest.raises(BadInput):
        found.find(text, lang=lang, top=top, declared=declared)


@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=80), declared=st.one_of(st.none(), st.text(max_size=12), st.from_regex(r"\A[0-9]{4}(\.?[0-9]{2}){0,3}\Z")), day=st.dates())
def test_anything_is_answered_or_refused(found: Candidates, text: str, declared: str | None, day: date) -> None:
    try:
        answer = found.find(text, declared=declared, as_of=day)
    except BadInput:
        return
    json.dumps(answer, ensure_ascii=False, allow_nan=False).encode()
    assert ("suspicion" in answer) is (declared is not None)


@pytest.mark.parametrize("written", ["85076000", "8507.60.00", "8507.6000", " 8507 6000 ", "８５０７．６０００"])
def test_codes_as_people_write_them(written: str) -> None:
    assert plain_code(written) == "85076000"


@pytest.mark.parametrize(("as_of", "says"), [(None, False), (date(2024, 12, 31), True), (date(2021, 12, 31), False)])
def test_the_day_counts_and_without_one_today_in_beijing(found: Candidates, as_of: date | None, says: bool) -> None:
    assert ("decision-Z2022-9" in _cited(found.find("渔夫帽形容器", as_of=as_of))) is says


def test_the_language_of_the_text_is_found(found: Candidates) -> None:
    assert found.find("真空保温杯") == found.find("真空保温杯", lang="zh")
    assert found.find("thermos") == found.find("thermos", lang="en")


def test_an_answer_says_what_it_rests_on(found: Candidates) -> None:
    answer = found.find("锂电池组", top=3, declared="8504.40")
    assert set(answer) == {"name", "decided", "candidates", "suspicion", "versions"}
    assert answer["versions"]["knowledge"] == "knowledge-1"
    assert len(answer["versions"]["weights"]) == 12
    assert len(answer["candidates"]) == 3


def test_a_line_of_a_file_is_answered_even_if_it_says_nothing(found: Candidates) -> None:
    rows = [{"id": 1, "text": ""}, {"id": "二", "text": "锂电池组" * 2000, "declared": "8507.60"}]
    empty, long = (found.predict(query) for query in read_queries("\n".join(map(json.dumps, rows)).encode()))
    assert empty == {"id": 1, "candidates": []}
    assert (long["id"], long["candidates"][0]["code"]) == ("二", "850760")
    assert 1 < len(long["candidates"]) <= COUNT_OF_FILE


@pytest.mark.parametrize("text", ["!!!", "；；", "\0", "\u200b\u200b", "🔋", "(((("])
def test_signs_alone_are_answered_with_nothing(found: Candidates, text: str) -> None:
    answer = found.find(text, declared="8507")
    assert (answer["name"], answer["decided"], answer["candidates"], answer["suspicion"]) == ("", False, [], 0.5)


def test_of_what_was_sent_little_is_repeated(found: Candidates) -> None:
    for text in ("锂" * MOST_CHARS, "㎏" * MOST_CHARS, "power\u202e bank\u0007s"):
        name = found.find(text)["name"]
        assert 0 < len(name) <= 100
        assert name.isprintable()


def test_what_is_wrong_with_a_line_names_the_line() -> None:
    for wrong in ({"id": 1}, {"id": True, "text": "x"}, {"id": 1, "text": "x", "declared": "85"}):
        with pytest.raises(BadInput, match="line 3"):
            list(read_queries("\n".join(map(json.dumps, [{"id": 1, "text": "x"}, {"id": 2, "text": "x"}, wrong])).encode()))


def test_what_of_today_is_damaged_is_said_at_once(folder: Path, tmp_path: Path) -> None:
    for path in folder.iterdir():
        content = path.read_bytes()
        (tmp_path / path.name).write_bytes(content if path.name != "2022-01-01.arrays" else bytes(len(content)))
    with pytest.raises(UnreadableFile):
        Candidates(CandidateFiles(tmp_path), lambda: NOW)
