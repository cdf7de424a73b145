"""What the importers of records make of a row: ids, codes, days and texts; and the two files of the United States."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from ecid.errors import UnreadableFile
from ecid.knowledge.imported import Imported, SourceFile
from ecid.knowledge.record_sets import RecordSet
from ecid.knowledge.records import Record
from ecid.knowledge.registry import read_reference
from ecid.tariff.model import Marks, NoteSet

NOTES_MD = """# SECTION I

#### LIVE THINGS

### Notes

1. Of samples.

## CHAPTER 1

#### SAMPLES

### Note:

1. This chapter covers samples of heading 8524.<sup>1/</sup>
   | a<br>b |

<sup>1/</sup> Carried over.

### Subheading Notes

1. For _samples_.

### Additional U.S. Notes

1. Only in America.

### Statistical Note

1. Counted in America.

# SECTION XXI

## CHAPTER 97

#### WORKS OF ART

# SECTION XXII

## CHAPTER 98

### U.S. Notes

1. Only in America.
"""
MARKS = ["854143", "852411", "851713"]
CODES = [f"{chapter:02}{n:04}" for chapter in range(10, 77) for n in range(1001, 1085)][: 5612 - 8] + MARKS
TREE = """htsno,indent,description,units
0101,0,Live things:,
,1,Horses:,
01012100,2,Purebred,
0101210010,3,Males,No.
0101210020,3,Females,No.
01012900,2,Mixed:,
,3,For slaughter:,
0101290010,4,Heavy,No.
,1,Nuts:,
0101301000,2,In shell,kg
0101302000,2,Shelled,kg
010190,1,Other:,
0101903000,2,For slaughter,No.
04090000,0,Honey,
0101,x,Shifted,
0101,0,,
9901,0,Temporary,
02011000,0,One,
02012000,0,Two,
"""


def _read(folder: Path, name: str, text: str) -> Imported:
    (folder / name).write_text(text, "utf-8")
    return read_reference(SourceFile.of(folder / name))[1]


def _records(imported: Imported) -> dict[str, Record]:
    (dataset,) = imported.datasets
    assert isinstance(dataset, RecordSet)
    return {record.id: record for record in dataset.records}


@pytest.mark.parametrize(
    ("columns", "cells", "first", "last", "assumed"),
    [
        ("生效日期,公告日期,公告编号", "2031-09-01,2031-08-20,2031-9", date(2031, 9, 1), None, False),
        ("公告日期,公告编号", "2031/8/20,2031-9", date(2031, 8, 20), None, False),
        ("公告编号", "2031年第9号", date(2031, 12, 31), None, True),
        ("商品描述", "描述", date(2030, 12, 31), None, True),
        ("生效日期,失效日期", "2031年9月1日,2032-05-01", date(2031, 9, 1), date(2032, 4, 30), False),
    ],
)
def test_a_decision_holds_from_the_day_that_is_known(tmp_path: Path, columns: str, cells: str, first: date, last: date | None, assumed: bool) -> None:
    record = _records(_read(tmp_path, "d.csv", f"决定编号,商品名称,税号,{columns}\nZ2030-12,样品,85076000,{cells}\n"))["decision-Z2030-12"]
    assert (record.valid_from, record.valid_to, record.facts["day_assumed"]) == (first, last, assumed)


def test_a_decision_says_what_it_decides(tmp_path: Path) -> None:
    text = "决定编号,商品名称,英文名称,税号,公告编号,商品描述,归类依据\nZ2030-12,样品,Sample,8507.6000.90,2031-9,一种样品。,总规则一\n"
    record = _records(_read(tmp_path, "d.csv", text))["decision-Z2030-12"]
    assert (record.codes, record.title) == (("85076000",), {"zh": "样品", "en": "Sample"})
    assert record.text == {"zh": "一种样品。归入85076000。依据：总规则一。"}
    assert (record.source, record.source_ref) == ("海关总署公告2031年第9号，归类决定Z2030-12", "d.csv: row 2")


def test_a_ruling_is_evidence_at_six_digits_and_no_authority(tmp_path: Path) -> None:
    entry = {"ruling_number": "N123456", "ruling_date": "2031-02-03", "hts_code": "6406.10.6500", "description": "boot upper", "origin": None}
    (record,) = _records(_read(tmp_path, "r.json", json.dumps([entry]))).values()
    assert (record.id, record.kind, record.codes, record.confidence) == ("us-ruling-N123456", "decision", ("640610",), "low")
    assert (record.valid_from, record.valid_to, list(record.text)) == (date(2031, 2, 3), None, ["en"])
    assert "6406.10 " in record.text["en"]
    assert "6500" not in record.text["en"]
    assert "does not bind China" in record.text["en"]


def test_a_name_under_two_codes_decides_nothing(tmp_path: Path) -> None:
    found = _records(_read(tmp_path, "t.csv", "商品俗称,税号\n样品针,73199090\n样品针,901832\n螺丝,731815\n"))
    two, one = found.values()
    assert (two.kind, two.codes, two.facts, two.title) == ("term", ("731990", "901832"), {"names": {"zh": ["样品针"]}}, {"zh": "样品针"})
    assert "不能归类" in two.text["zh"]
    assert (one.codes, one.text) == (("731815",), {"zh": "螺丝：7318.15。"})
    assert all(record_id.startswith("trade-term-") for record_id in found)


def test_codes_under_licence_hold_for_the_days_stated(tmp_path: Path) -> None:
    (marks,) = _read(tmp_path, "l.csv", "商品编码,两用物项,生效日期,截止日期\n8507600090,样品,2031-02-01,2031-11-30\n").datasets
    assert isinstance(marks, Marks)
    assert (marks.id, marks.mark, marks.valid_from, marks.valid_to) == ("cn-dual-use-2031", "dual_use_export", date(2031, 2, 1), date(2031, 11, 30))
    assert marks.codes == {"8507600090": "样品"}
    (year,) = _read(tmp_path, "l.json", '{"metadata": {"name": "两用物项", "effective_from": "2031-01-01"}, "codes": ["8507600090"]}').datasets
    assert isinstance(year, Marks)
    assert (year.valid_to, year.codes) == (date(2031, 12, 31), {"8507600090": ""})


@pytest.mark.parametrize(("cited", "set_id"), [("85.24", "hs-2022-notes-zh"), ("8806", "hs-2022-notes-zh"), ("96.20", "hs-2017-notes-zh")])
def test_notes_are_of_the_version_whose_headings_they_cite(tmp_path: Path, cited: str, set_id: str) -> None:
    rows = [
        {"kind": "section", "no": 1, "title": "类名", "page": 1, "text": "注释：一、样品"},
        {"kind": "章", "no": 85, "title": "章名", "page": 2, "text": f"二、税目{cited}的样品"},
        {"kind": "part", "no": 1, "text": "x"},
        {"kind": "chapter", "no": 98, "text": "x"},
        {"kind": "chapter", "no": 85, "text": "x"},
    ]
    imported = _read(tmp_path, "n.json", json.dumps(rows))
    (notes,) = imported.datasets
    assert isinstance(notes, NoteSet)
    assert (notes.id, notes.lang) == (set_id, "zh")
    assert [(note.kind, note.number, note.source_ref) for note in notes.notes] == [("section", 1, "p. 1"), ("chapter", 85, "p. 2")]
    assert [item.en for item in imported.skipped] == ["'part' is neither section nor chapter", "there is no chapter '98'", "chapter 85 stands twice"]


def test_notes_of_no_known_version_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="which version"):
        _read(tmp_path, "n.json", '[{"kind": "chapter", "no": 1, "text": "Of 01.01."}]')


def test_text_before_the_first_note_is_listed(tmp_path: Path) -> None:
    imported = _read(tmp_path, "notes.md", NOTES_MD.replace("#### SAMPLES\n", "#### SAMPLES\n\nSee the general notes.\n"))
    assert ("line 13", "text before the first note; left out") in [(item.place, item.en) for item in imported.skipped]


def test_american_notes_are_left_out_and_listed(tmp_path: Path) -> None:
    imported = _read(tmp_path, "notes.md", NOTES_MD)
    (notes,) = imported.datasets
    assert isinstance(notes, NoteSet)
    assert (notes.id, notes.lang, notes.valid_from.year) == ("us-hs-2022-notes-en", "en", 2022)
    assert [(note.kind, note.number, note.title) for note in notes.notes] == [
        ("section", 1, "Live things"),
        ("chapter", 1, "Samples"),
        ("section", 21, ""),
        ("chapter", 97, "Works of art"),
    ]
    assert notes.notes[1].text == "Note\n1. This chapter covers samples of heading 8524.\n   | a b |\n\nSubheading Notes\n1. For _samples_."
    assert [(item.place, item.en.partition(" is ")[0]) for item in imported.skipped] == [
        ("chapter 1", "'Additional U.S. Notes'"),
        ("chapter 1", "'Statistical Note'"),
        ("section 22", "only the United States has it; left out"),
        ("chapter 98", "only the United States has it; left out"),
    ]


@pytest.mark.parametrize(("text", "reason"), [("# SECTION I\n\n## CHAPTER 1\n", "no usable row"), (NOTES_MD.replace("8524", "8525"), "which version")])
def test_notes_without_notes_are_refused(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(UnreadableFile, match=reason):
        _read(tmp_path, "notes.md", text)


def test_the_american_tree_words_headings_and_subheadings(tmp_path: Path) -> None:
    imported = _read(tmp_path, "tree.csv", TREE + "".join(f"{code}00,0,Goods {code},\n" for code in CODES))
    found = _records(imported)
    assert all(len(code) in (4, 6) for record in found.values() for code in record.codes)
    assert found["us-hs-010121"].text["en"] == "0101.21: Live things › Horses › Purebred"
    assert found["us-hs-010121"].facts == {"below": ["Males", "Females"]}
    assert found["us-hs-010129"].text["en"] == "0101.29: Live things › Horses › Mixed"
    assert found["us-hs-010129"].facts == {"below": ["For slaughter", "Heavy"]}
    assert found["us-hs-010130"].text["en"] == "0101.30: Live things › Nuts"
    assert found["us-hs-010130"].facts == {"below": ["In shell", "Shelled"]}
    assert found["us-hs-010190"].title == {"en": "Live things: other"}
    assert found["us-hs-010121"].title == {"en": "Purebred"}
    assert (found["us-hs-0409"].title, found["us-hs-040900"].title) == ({"en": "Honey"}, {"en": "Honey"})
    assert "us-hs-0201" not in found  # two lines, and nothing above them
    assert [(item.place, item.en) for item in imported.skipped][:4] == [
        ("row 16", "'x' is no indent; the columns may be shifted"),
        ("row 17", "it has no wording"),
        ("row 18", "the chapter of 9901 is none of the Harmonized System"),
        ("0201", "it has no wording of its own"),
    ]


def test_lines_below_a_line_that_is_skipped_are_not_put_below_another(tmp_path: Path) -> None:
    lines = """0301,0,Live fish:,
0302,zero,Fresh fish:,
,1,Salmon:,
030211,2,Pacific salmon,
0303,0,Frozen fish:,
0304,1,Fillets,
030311,1,Sockeye salmon,
030311,1,Red salmon,
"""
    imported = _read(tmp_path, "tree.csv", "htsno,indent,description,units\n" + lines + "".join(f"{code}00,0,Goods {code},\n" for code in CODES))
    found = _records(imported)
    assert found["us-hs-030211"].text["en"] == "0302.11: Salmon › Pacific salmon"
    assert found["us-hs-030311"].text["en"] == "0303.11: Sockeye salmon"
    assert [(item.place, item.en) for item in imported.skipped][:3] == [
        ("row 3", "'zero' is no indent; the columns may be shifted"),
        ("row 7", "0304 stands below 0303"),
        ("row 9", "030311 stands twice"),
    ]


@pytest.mark.parametrize("codes", [CODES[:4000] + MARKS, CODES[:-3], []])
def test_an_american_tree_that_is_not_whole_is_refused(tmp_path: Path, codes: list[str]) -> None:
    with pytest.raises(UnreadableFile, match=r"not whole|no usable row"):
        _read(tmp_path, "tree.csv", "htsno,indent,description,units\n" + "".join(f"{code}00,1,Goods {code},\n" for code in codes))
