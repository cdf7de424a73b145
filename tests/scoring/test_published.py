"""Decisions and national notes as they are loaded from what was imported: each once, lapsed with the tariff, foreign ones left alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

from ecid.adapters.knowledge_files import load_reference
from ecid.knowledge import store
from ecid.knowledge.record_sets import RecordSet
from ecid.knowledge.records import Record
from ecid.tariff.model import Nomenclature

DECISION = Record(
    id="decision-Z2020-0001",
    kind="decision",
    codes=("85414020",),
    title={"zh": "光伏组件", "en": "PV module"},
    text={"zh": "由电池片封装而成。"},
    valid_from=date(2020, 12, 31),
    valid_to=None,
    source="海关归类决定Z2020-0001",
    source_ref="row 2",
    sha256="0" * 64,
    facts={"number": "Z2020-0001"},
)
NOTE = replace(DECISION, id="note-national-1", kind="note", codes=("85076000", "85076010"), text={"zh": "容量超过10安时。"}, source="本国子目注释", facts={})
NEWER = Nomenclature("hs-2022", "HS 2022", date(2022, 1, 1), date(2027, 12, 31), "en", "tests", "1" * 64, {"850760": "", "854143": ""})
OLDER = replace(NEWER, id="hs-2017", valid_from=date(2017, 1, 1), valid_to=date(2021, 12, 31), texts={"850760": "", "854140": ""})


def saved(folder: Path, *sets: tuple[str, tuple[Record, ...]]) -> Path:
    store.save(folder, [NEWER], "tests/1")
    store.save(folder, [OLDER], "tests/1")
    for name, records in sets:
        store.save(folder, [RecordSet(name, name, "tests", f"{len(records)}" * 64, records)], "tests/1")
    return folder


def test_a_decision_lapses_with_the_code_of_its_tariff(tmp_path: Path) -> None:
    kept = replace(DECISION, id="decision-Z2020-0002", codes=("850760",), facts={"number": "Z2020-0002"})
    reference = load_reference([saved(tmp_path, ("cn-decisions-1", (DECISION, kept)))])
    first, second = reference.decisions or ()
    assert (first.number, first.code, first.names, first.valid_to) == ("Z2020-0001", "85414020", ("光伏组件", "PV module"), date(2021, 12, 31))
    assert (second.number, second.valid_to, second.words) == ("Z2020-0002", None, "由电池片封装而成。")
    assert reference.versions["cn-decisions-1"] == "2" * 64
    assert reference.notes is None


def test_of_two_sets_the_larger_one_holds(tmp_path: Path) -> None:
    other = replace(DECISION, text={"zh": "另一说法。"})
    more = replace(DECISION, id="decision-Z2020-0003", facts={"number": "Z2020-0003"})
    reference = load_reference([saved(tmp_path, ("cn-decisions-1", (other,)), ("cn-decisions-2", (DECISION, more)))])
    assert [decision.words for decision in reference.decisions or ()] == ["由电池片封装而成。"] * 2


def test_national_notes_are_those_on_eight_digits(tmp_path: Path) -> None:
    international = replace(NOTE, id="note-84", codes=("84",))
    reference = load_reference([saved(tmp_path, ("cn-national-notes", (NOTE, international)))])
    (note,) = reference.notes or ()
    assert (note.id, note.codes, note.words, note.source) == ("note-national-1", ("85076000", "85076010"), "容量超过10安时。", "本国子目注释")
    assert reference.decisions is None


def test_foreign_records_are_nobodys_authority_here(tmp_path: Path) -> None:
    reference = load_reference([saved(tmp_path, ("us-rulings-1", (DECISION,)))])
    assert (reference.decisions, reference.notes) == (None, None)
    assert "us-rulings-1" not in reference.versions
