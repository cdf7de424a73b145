"""Checking the pack's records: each case of `records_check.yaml` changes one thing of a sound record."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from ecid.knowledge.pack_records import read_records
from ecid.knowledge.records import Record
from ecid.knowledge.records_check import LONGEST_RUN, check_records
from ecid.tariff.model import Edition, Nomenclature, Note, NoteSet, TariffLine

CASES: dict[str, dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "records_check.yaml").read_text("utf-8"))
DAYS = (date(2022, 1, 1), date(2027, 12, 31))
NOMENCLATURE = Nomenclature("hs-2022", "t", *DAYS, "en", "s", "h", dict.fromkeys(("73", "7319", "731990", "9018", "901832", "8507", "850760"), "t"))
EDITION = Edition("cn-2025", "t", *DAYS, True, "s", "h", {"85076000": TariffLine("85076000", "t")})
NOTES = (
    NoteSet(
        "cn-2025-notes", "t", *DAYS, "zh", "s", "h", (Note("chapter", 85, "t", "一、本注所称的样品，是指供人观看、触摸、试用之后再行归还的物品，不包括赠品。"),)
    ),
    NoteSet(
        "hs-notes",
        "t",
        *DAYS,
        "en",
        "s",
        "h",
        (Note("chapter", 85, "t", "1. The term samples means articles lent to be seen, touched and tried, then given back."),),
    ),
)
SOUND = Record(
    "note-1",
    "note",
    ("8507",),
    {"zh": "样品", "en": "Sample"},
    {"zh": "样品归85.07。", "en": "A sample is 8507."},
    DAYS[0],
    None,
    "HS 2022",
    "a.toml: note-1",
    "h",
)


def _record(number: int, changes: dict[str, Any]) -> Record:
    return replace(SOUND, **{"id": f"note-{number}", **{key: tuple(value) if key == "codes" else value for key, value in changes.items()}})


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_record(case: dict[str, Any]) -> None:
    records = [_record(number, changes) for number, changes in enumerate(case["records"], start=1)]
    findings = check_records(records, [NOMENCLATURE], [EDITION], NOTES)
    assert [(finding.code, finding.slug) for finding in findings] == [tuple(found) for found in case.get("findings", [])]
    assert all(finding.zh and finding.en and finding.file == "a.toml" for finding in findings)


def test_without_official_tables_no_code_is_doubted() -> None:
    assert check_records([replace(SOUND, codes=("9999", "99999999"))]) == []
    assert [finding.slug for finding in check_records([replace(SOUND, codes=("9999", "8507"))], [], [EDITION])] == ["unknown_code"]


@pytest.mark.parametrize(("lang", "text", "unit"), [("zh", "一二三四五六七八九十甲乙丙丁戊己庚辛壬癸子丑", ""), ("en", "a b c d e f g h i j k l m", " ")])
def test_a_run_may_be_as_long_as_the_limit_and_no_longer(lang: Any, text: str, unit: str) -> None:
    notes = NoteSet("n", "t", *DAYS, lang, "s", "h", (Note("chapter", 1, "t", text),))
    parts = text.split(unit) if unit else list(text)
    for length, copied in ((LONGEST_RUN[lang], False), (LONGEST_RUN[lang] + 1, True)):
        record = replace(SOUND, text={**SOUND.text, lang: unit.join(parts[:length])})
        assert ["copied"] * copied == [finding.slug for finding in check_records([record], notes=[notes])]


def test_the_pack_that_ships_is_in_order() -> None:
    records = read_records(Path(__file__).parents[2] / "knowledge")
    assert records
    assert check_records(records) == []
