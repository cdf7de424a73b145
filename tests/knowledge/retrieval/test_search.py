"""Searching a small index: what is found, what is filtered, what is declined, and what happens when something is missing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecid.adapters.chroma import ChromaFolder
from ecid.errors import BadInput, NotFound, SourceUnavailable
from ecid.knowledge.records import KINDS, Record
from ecid.knowledge.retrieval.index_files import IndexFiles, damaged_files
from ecid.services.build_index import build_index, is_current
from ecid.services.search_clauses import Clauses, Request
from tests.knowledge.retrieval.conftest import NOW, record_days
from tests.knowledge.retrieval.small_corpus import DAYS

LAPSED = {"decision-Z2019-0001", "decision-J2020-0002"}
BORDERS = sorted(day + timedelta(days=step) for days in DAYS.values() for day in days if day for step in (-1, 0, 1))
BOXES = ("样件盒", "sample box")
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
        ("Z2023-3 归什么", "decision-Z2023-0003"),
        ("own up to our mistakes before customs finds them", "proc-voluntary-disclosure-concept"),
    ],
)
def test_found(clauses: Clauses, text: str, expected: str) -> None:
    assert expected in ids(clauses, Request(text))


def test_a_decision_named_alone_comes_alone(clauses: Clauses) -> None:
    assert ids(clauses, Request("Z2023-0003")) == ["decision-Z2023-0003"]


@pytest.mark.parametrize("text", ["8507.60.00的申报要素", "which elements for 85076000"])
def test_who_asks_for_the_elements_of_a_code_gets_its_line_first(clauses: Clauses, text: str) -> None:
    assert ids(clauses, Request(text))[0] == "line-pack-2025-85076000"


@pytest.mark.parametrize(
    ("text", "place"),
    [("第八十五章注释三", "note-ch85-3"), ("Chapter 85 Note 3", "note-ch85-3"), ("note 6 of chapter 85", "note-ch85-6"), ("GRI 3(b)", "gri-3-b")],
)
def test_a_note_named_by_its_place_comes_first(clauses: Clauses, text: str, place: str) -> None:
    found = ids(clauses, Request(text))
    wanted = [record_id for record_id in found if f"{record_id}-".startswith(f"{place}-")]
    assert wanted
    assert found[: len(wanted)] == wanted


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


@settings(max_examples=80, deadline=None)
@given(
    day=st.one_of(st.dates(date(2010, 1, 1), date(2035, 12, 31)), st.sampled_from(BORDERS)),
    kind=st.sampled_from(KINDS),
    text=st.sampled_from(BOXES),
)
def test_of_every_kind_what_is_in_force_on_the_day_is_given_and_nothing_else(clauses: Clauses, day: date, kind: str, text: str) -> None:
    found = {record_id for record_id in ids(clauses, Request(text, kind=kind, as_of=day, count=50)) if record_id.startswith("dated-")}
    assert found == {f"dated-{kind}-{word}" for word, (first, last) in DAYS.items() if first <= day <= (last or date.max)}


@pytest.mark.parametrize("kind", KINDS)
def test_without_a_day_each_says_whether_it_is_in_force_today(clauses: Clauses, kind: str) -> None:
    results = [result for result in clauses.search(Request("样件盒", kind=kind, count=50))["results"] if result["id"].startswith("dated-")]
    assert {result["id"].rpartition("-")[2]: result["in_force"] for result in results} == {"old": False, "middle": False, "new": True, "coming": False}
    for result in results:
        for day in BORDERS:
            first, last = DAYS[result["id"].rpartition("-")[2]]
            assert clauses.get(result["id"], "zh", day)["in_force"] is (first <= day <= (last or date.max))


RULES = {
    "海关信用管理办法 海关令": ["aeo-order-170", "aeo-order-225", "aeo-order-237", "aeo-order-251", "aeo-order-282-levels"],
    "主动披露 公告": ["proc-disclosure-161-2019", "proc-disclosure-54-2022", "proc-disclosure-127-2023", "proc-disclosure-194-2025"],
}


@settings(max_examples=60, deadline=None)
@given(day=st.dates(date(2007, 1, 1), date(2028, 12, 31)), text=st.sampled_from(sorted(RULES)))
def test_of_rules_that_followed_each_other_none_is_given_but_that_of_the_day(clauses: Clauses, day: date, text: str) -> None:
    of_the_day = {rule for rule in RULES[text] if clauses.get(rule, "zh", day)["in_force"]}
    first, last = (clauses.get(RULES[text][at], "zh") for at in (0, -1))
    assert len(of_the_day) == (first["valid_from"] <= day.isoformat() <= (last["valid_to"] or "9999"))
    found = set(ids(clauses, Request(text, kind="procedure", as_of=day, count=50)))
    assert found & set(RULES[text]) <= of_the_day


@pytest.mark.parametrize(("day", "lapsed"), [(date(2021, 1, 1), set()), (date(2022, 1, 1), {"decision-Z2019-0001"}), (date(2024, 1, 1), LAPSED)])
def test_decisions_lapse(clauses: Clauses, day: date, lapsed: set[str]) -> None:
    found = set(ids(clauses, Request("蓄电盒", kind="decision", as_of=day)))
    assert not found & lapsed
    assert found >= LAPSED - lapsed


def test_without_a_day_what_lapsed_is_shown_as_such_and_later(clauses: Clauses) -> None:
    results = clauses.search(Request("蓄电盒", kind="decision"))["results"]
    in_force = {result["id"]: result["in_force"] for result in results}
    assert {record_id for record_id, holds in in_force.items() if not holds and record_id.startswith("decision-")} == LAPSED
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
    assert clauses.get("decision-Z2019-1", "en") == record  # numbers are published with and without leading zeros
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
