"""Decisions and national notes as they are loaded from what was imported: each once, lapsed with the tariff, foreign ones left alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

from ecid.adapters.knowledge_files import load_reference
from ecid.knowledge import store
from ecid.knowledge.record_sets import RecordSet
from ecid.knowledge.records import Record
from ecid.tariff.model import Marks, Nomenclature

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
DAY = date(2025, 1, 1)
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


def test_lists_of_chinese_codes_are_loaded_with_their_versions(tmp_path: Path) -> None:
    own, foreign = (Marks(name, "t", DAY, DAY, "export_licence", "s", "3" * 64, {"8507600090": "4"}) for name in ("cn-export-licence-2025", "us-list"))
    store.save(tmp_path, [own, foreign], "tests/1")
    reference = load_reference([tmp_path])
    assert reference.marks == (own,)
    assert reference.versions["cn-export-licence-2025"] == "3" * 64


def test_names_that_say_too_little_are_those_of_the_pack() -> None:
    ambiguous = load_reference([Path(__file__).parents[2] / "knowledge"]).ambiguous
    found = ambiguous(" 三文鱼 ")
    assert found is not None
    assert (found.record[:15], "0303" in found.codes, found.in_force(date(2025, 1, 1)), found.in_force(date(2021, 12, 31))) == (
        "term-ambiguous-",
        True,
        True,
        False,
    )
    assert found.fact["en"]
    assert ambiguous("salmon") == found
    assert ambiguous("没有的货物") is None
