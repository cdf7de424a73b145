"""What can be cited, and on which days: decisions that lapse, notes of several sources, records that several sources have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecid.knowledge.corpus import assemble
from ecid.knowledge.decision_numbers import canonical, spellings
from ecid.knowledge.imported import Dataset
from ecid.knowledge.note_records import note_records, sections
from ecid.knowledge.record_sets import RecordSet
from ecid.knowledge.records import Kind, Record
from ecid.tariff.model import Conversion, Edition, Nomenclature, Note, NoteSet, TariffLine

HS_2017 = Nomenclature("hs-2017", "t", date(2017, 1, 1), date(2021, 12, 31), "en", "s", "h", {"041000": "", "950450": ""})
HS_2022 = Nomenclature("hs-2022", "t", date(2022, 1, 1), date(2027, 12, 31), "en", "s", "h", {"0410": "", "041010": "", "041090": "", "950450": ""})
CONVERSION = Conversion("hs-2022", "hs-2017", "s", "h", {"041010": "041000", "041090": "041000", "950450": "950450"})
NEXT = Nomenclature("hs-2028", "t", date(2028, 1, 1), date(2032, 12, 31), "en", "s", "h", {"041000": "", "950450": ""})


def _edition(year: int, *codes: str, complete: bool = True) -> Edition:
    lines = {code: TariffLine(code, "t") for code in codes}
    return Edition(f"cn-{year}", "t", date(year, 1, 1), date(year, 12, 31), complete, "s", "h", lines)


def _record(code: str, day: date, kind: Kind = "decision", record_id: str = "decision-Z1", text: str = "归入。") -> Record:
    return Record(record_id, kind, (code,), {"zh": "样品"}, {"zh": text}, day, None, "公告", "d.csv: row 2", "h")


def _judged(record: Record, datasets: Sequence[Dataset]) -> tuple[Record | None, list[str]]:
    corpus = assemble([], [*datasets, RecordSet("cn-decisions-1", "t", "s", "h", (record,))])
    return next(iter(corpus.records), None), [item.en for item in corpus.exceptions]


@pytest.mark.parametrize(
    ("code", "issued", "last", "by"),
    [
        ("04100090", date(2018, 12, 31), date(2021, 12, 31), "hs-2022"),  # the subheading was split
        ("041000", date(2018, 12, 31), date(2021, 12, 31), "hs-2022"),
        ("0410", date(2018, 12, 31), None, ""),  # the heading stayed
        ("95045011", date(2018, 12, 31), date(2024, 12, 31), "cn-2025"),  # the line went, its subheading stayed
        ("95045011", date(2025, 6, 1), None, ""),  # of no edition that began after it
        ("95045012", date(2018, 12, 31), None, ""),
        ("04101000", date(2021, 12, 31), None, ""),  # published before the version that has it
        ("04109000", date(2021, 12, 31), date(2024, 12, 31), "cn-2025"),
        ("041000", date(2021, 12, 31), date(2021, 12, 31), "hs-2022"),  # published on the last day of the version that has it
    ],
)
def test_a_decision_lapses_when_the_tariff_loses_its_code(code: str, issued: date, last: date | None, by: str) -> None:
    datasets = [HS_2017, HS_2022, CONVERSION, _edition(2025, "95045012", "04101000"), _edition(2024, "95045011", "95045012", complete=False)]
    record, told = _judged(_record(code, issued), datasets)
    assert record is not None
    assert record.valid_to == last
    assert record.facts.get("lapsed", {"by": ""})["by"] == by
    assert [("lapsed from" in text) for text in told] == ([True] if by else [])


@pytest.mark.parametrize("codes", [("041000", "95045011"), ("95045011", "041000")])
def test_of_several_codes_the_first_that_is_lost_ends_the_record(codes: tuple[str, ...]) -> None:
    record, told = _judged(replace(_record("041000", date(2018, 12, 31)), codes=codes), [HS_2017, HS_2022, CONVERSION, _edition(2025, "95045012")])
    assert record is not None
    assert (record.valid_to, record.facts["lapsed"]["code"], len(told)) == (date(2021, 12, 31), "041000", 1)


def test_what_ends_by_itself_does_not_lapse() -> None:
    record = replace(_record("041000", date(2018, 12, 31)), valid_to=date(2020, 12, 31))
    assert _judged(record, [HS_2017, HS_2022, CONVERSION]) == (record, [])
    for end in (date(2022, 1, 1), date(2025, 12, 31)):  # on the first day without its code, and later
        longer, told = _judged(replace(record, kind="term", valid_to=end), [HS_2017, HS_2022, CONVERSION])
        assert longer is not None
        assert (longer.valid_to, len(told)) == (date(2021, 12, 31), 1)


def test_successors_are_those_of_the_conversion_table() -> None:
    split, told = _judged(_record("041000", date(2018, 12, 31)), [HS_2017, HS_2022, CONVERSION])
    assert split is not None
    assert (split.facts["successor_codes"], split.superseded_by) == (["041010", "041090"], None)
    assert told == ["decision-Z1: hs-2022 has no 041000; lapsed from 2022-01-01; the conversion table gives 041010, 041090"]
    one, _ = _judged(_record("041000", date(2018, 12, 31)), [HS_2017, HS_2022, Conversion("hs-2022", "hs-2017", "s", "h", {"041010": "041000"})])
    assert one is not None
    assert one.superseded_by == "041010"


def test_a_code_that_comes_back_does_not_revive_a_decision() -> None:
    record, _ = _judged(_record("041000", date(2018, 12, 31)), [HS_2017, HS_2022, NEXT])
    assert record is not None
    assert record.valid_to == date(2021, 12, 31)


def test_a_code_that_no_version_has_is_left_out_and_listed() -> None:
    assert _judged(_record("330460", date(2022, 1, 1), "term"), [HS_2017, HS_2022]) == (None, ["decision-Z1: no HS version of its days has 330460; left out"])
    assert _judged(_record("041000", date(2022, 1, 1), "term"), [HS_2017, HS_2022])[0] is None
    assert _judged(_record("330460", date(2022, 1, 1), "term"), [])[0] is not None


@given(
    issued=st.dates(date(2015, 1, 1), date(2026, 1, 1)),
    asked=st.dates(date(2014, 1, 1), date(2034, 1, 1)),
    code=st.sampled_from(["041000", "04100090", "04101000", "95045011", "95045012", "0410"]),
    years=st.sets(st.integers(2016, 2030)),
    has=st.booleans(),
)
def test_no_decision_is_in_force_on_a_day_whose_tariff_lacks_its_code(issued: date, asked: date, code: str, years: set[int], has: bool) -> None:
    editions = [_edition(year, *(["04100090", "04101000", "95045011"] if has else []), "95045012") for year in sorted(years)]
    record, _ = _judged(_record(code, issued), [HS_2017, HS_2022, CONVERSION, *editions])
    if record is None or not record.in_force(asked):
        return
    assert asked >= issued
    begun = [item for item in (HS_2017, HS_2022) if issued < item.valid_from <= asked]
    assert not [item.id for item in begun if not any(text.startswith(code[:6]) for text in item.texts)]
    if len(code) == 8:
        assert not [item.id for item in editions if issued < item.valid_from <= asked and code not in item.lines]


def test_of_two_sources_the_larger_one_holds_and_another_text_is_listed() -> None:
    one = RecordSet("cn-decisions-1", "t", "s", "1", (_record("8507", date(2024, 1, 1), text="甲。"),))
    others = (_record("8507", date(2024, 1, 1), text="乙。"), _record("8507", date(2024, 1, 1), record_id="decision-Z2"))
    two = RecordSet("cn-decisions-2", "t", "s", "2", others)
    for datasets in ([one, two], [two, one]):
        corpus = assemble([], datasets)
        assert [(record.id, record.text["zh"]) for record in corpus.records] == [("decision-Z1", "乙。"), ("decision-Z2", "归入。")]
        assert [item.en for item in corpus.exceptions] == ["decision-Z1 is known from another source, which says otherwise, and left out here"]
    earlier = RecordSet("cn-decisions-3", "t", "s", "3", (_record("8507", date(2023, 1, 1), text="乙。"),))
    assert len(assemble([], [two, earlier]).exceptions) == 1
    mine = _record("8507", date(2024, 1, 1), "note", text="包。")
    assert [record.text["zh"] for record in assemble([mine], [one]).records] == ["包。"]
    assert assemble([], [one, RecordSet("cn-decisions-0", "t", "s", "3", one.records)]).exceptions == ()


def _notes(set_id: str, first: date, last: date, *texts: str, lang: str = "zh") -> NoteSet:
    notes = tuple(Note("chapter", 84 + number, "机器", text, "p. 1") for number, text in enumerate(texts))
    return NoteSet(set_id, "t", first, last, lang, "s", "h", notes)  # type: ignore[arg-type]


YEAR_2025 = (date(2025, 1, 1), date(2025, 12, 31))
VERSION = (date(2022, 1, 1), date(2027, 12, 31))


def test_notes_of_the_year_prevail_over_those_of_the_version_whatever_the_order() -> None:
    sets = [_notes("hs-2022-notes-zh", *VERSION, "表。", "表。"), _notes("cn-2025-notes", *YEAR_2025, "目录。", ""), _notes("hs-sections", *VERSION, "")]
    for order in (sets, sets[::-1]):
        (record,) = note_records(order)
        assert (record.id, record.text, record.codes) == ("official-note-chapter-84", {"zh": "目录。"}, ("84",))
        assert (record.valid_from, record.valid_to) == (date(2025, 1, 1), date(2027, 12, 31))
        assert record.title == {"zh": "第八十四章注释：机器"}


def test_languages_and_wordings_stand_beside_each_other() -> None:
    sets = [
        _notes("hs-2022-notes-zh", *VERSION, "甲"),
        _notes("us-hs-2022-notes-en", *VERSION, "A", lang="en"),
        _notes("hs-2022-notes-en", *VERSION, "B", lang="en"),
    ]
    assert {record.id for record in note_records(sets)} == {"official-note-chapter-84", "us-note-chapter-84", "hs-note-chapter-84"}


def test_each_wording_holds_until_the_next() -> None:
    later = _notes("cn-2026-notes", date(2026, 1, 1), date(2026, 12, 31), "甲", "新")
    found = {record.id: record for record in note_records([_notes("cn-2025-notes", *YEAR_2025, "甲", "旧"), later])}
    days = {name: (record.valid_from.year, record.valid_to and record.valid_to.year) for name, record in found.items()}
    assert days == {"official-note-chapter-84": (2025, 2027), "official-note-chapter-85": (2026, 2027), "official-note-chapter-85-2025": (2025, 2025)}


def test_a_wording_is_not_taken_to_have_held_in_years_that_no_version_covers() -> None:
    later = _notes("cn-2031-notes", date(2031, 1, 1), date(2031, 12, 31), "甲")
    records = list(note_records([_notes("cn-2025-notes", *YEAR_2025, "甲"), later]))
    assert [(record.id, record.in_force(date(2026, 1, 1)), record.in_force(date(2029, 1, 1))) for record in records] == [
        ("official-note-chapter-84", False, False),
        ("official-note-chapter-84-2025", True, False),
    ]


@given(
    st.lists(st.tuples(st.integers(2022, 2031), st.sampled_from(["甲", "乙", ""])), min_size=1, max_size=6, unique_by=lambda item: item[0]),
    st.dates(date(2021, 1, 1), date(2034, 1, 1)),
)
def test_on_no_day_is_a_later_text_in_force_or_are_two(years: list[tuple[int, str]], asked: date) -> None:
    sets = [_notes(f"cn-{year}-notes", date(year, 1, 1), date(year, 12, 31), text) for year, text in years]
    records = list(note_records(sets))
    assert len({record.id for record in records}) == len(records)
    in_force = [record for record in records if record.in_force(asked)]
    printed = [text for year, text in sorted(years) if year <= asked.year and text]
    assert len(in_force) <= 1
    assert all(record.text["zh"] in printed for record in in_force)
    if asked.year in dict(years) and dict(years)[asked.year]:
        assert [record.text["zh"] for record in in_force] == [dict(years)[asked.year]]


def test_sections_hold_every_chapter_once() -> None:
    chapters = [chapter for number in range(1, 22) for chapter in sections()[number]]
    assert chapters == [f"{number:02}" for number in range(1, 98) if number != 77]
    (record,) = note_records([NoteSet("cn-2025-notes", "t", *YEAR_2025, "zh", "s", "h", (Note("section", 16, "机器", "甲"),))])
    assert (record.id, record.codes, record.title["zh"]) == ("official-note-section-16", ("84", "85"), "第十六类注释：机器")
    assert record.valid_from - timedelta(days=1) == date(2024, 12, 31)


@pytest.mark.parametrize(
    ("number", "whole", "forms"),
    [
        ("decision-Z2018-22", "decision-Z2018-0022", ("decision-Z2018-22", "decision-Z2018-022", "decision-Z2018-0022")),
        ("J2018-0001", "J2018-0001", ("J2018-1", "J2018-01", "J2018-001", "J2018-0001")),
        ("W2020-1234", "W2020-1234", ("W2020-1234",)),
        ("note-ch85-3", "note-ch85-3", ("note-ch85-3",)),
        ("decision-Z2018-22-1", "decision-Z2018-22-1", ("decision-Z2018-22-1",)),
    ],
)
def test_the_number_of_a_decision_is_one_with_and_without_zeros(number: str, whole: str, forms: tuple[str, ...]) -> None:
    assert canonical(number) == whole
    assert spellings(number) == forms


def test_a_decision_that_two_sources_spell_differently_is_one() -> None:
    sets = [
        RecordSet(f"cn-{name}", "t", "s", "h", (_record("0410", date(2018, 12, 31), record_id=name),)) for name in ("decision-Z2018-0022", "decision-Z2018-22")
    ]
    assert [record.id for record in assemble([], sets).records] == ["decision-Z2018-0022"]
