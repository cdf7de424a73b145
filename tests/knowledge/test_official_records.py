"""The official and public files of records, where they are at hand: counts, known dirt, and what lapsed."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest

from ecid.knowledge import store
from ecid.knowledge.corpus import Corpus, assemble
from ecid.knowledge.records import Record
from ecid.services.import_knowledge import KNOWLEDGE, ImportedFile, import_files
from ecid.tariff.model import Edition, Marks, TariffLine

FOLDERS = ("cn-decisions", "cn-dual-use", "hs-nomenclature", "uk-references", "us-cross", "us-hts")
# Facts of the official edition: it has no 95045011, which decision J2018-0022 names, and has what the other decisions name.
LOST = "95045011"


@pytest.fixture(scope="module")
def imported(data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, ImportedFile]]:
    folder = tmp_path_factory.mktemp("home")
    paths = [*(data_dir / name for name in FOLDERS), data_dir / "cn-catalogue-2025" / "notes.json"]
    return folder, {file.name: file for file in import_files(paths, folder)}


@pytest.fixture(scope="module")
def corpus(imported: tuple[Path, dict[str, ImportedFile]]) -> Corpus:
    datasets = store.load(imported[0] / KNOWLEDGE)
    codes = {record.codes[0] for record in assemble([], datasets).records if record.id.startswith("decision-") and len(record.codes[0]) == 8}
    lines = {code: TariffLine(code, "t") for code in codes - {LOST}}
    edition = Edition("cn-2025", "t", date(2025, 1, 1), date(2025, 12, 31), True, "s", "h", lines)
    return assemble([], [*datasets, edition])


@pytest.fixture(scope="module")
def records(corpus: Corpus) -> dict[str, Record]:
    return {record.id: record for record in corpus.records}


def test_every_file_is_read_and_what_is_not_taken_over_is_listed(imported: tuple[Path, dict[str, ImportedFile]]) -> None:
    files = imported[1]
    known = {name: (file.outcome, file.importer, len(file.skipped)) for name, file in files.items() if file.usable}
    assert {name: known[name] for name in known if not name.startswith("hs20") and name != "sections.csv"} == {
        "decisions.tsv": ("imported", "cn-decisions/1", 0),
        "dual_use_hs_codes_2026.json": ("imported", "cn-dual-use/1", 0),
        "extra_references.csv": ("imported", "goods-terms/1", 3),
        "search_references.json": ("imported", "goods-terms/1", 0),
        "rulings.json": ("imported", "us-rulings/1", 10),
        "notes.md": ("imported", "us-notes/1", 129),
        "tree.csv": ("imported", "us-tree/1", 0),
        "notes.json": ("imported", "notes-table/1", 0),
    }
    assert {name for name, file in files.items() if file.outcome == "not_recognised"} == {"CONCORDANCE_LICENSE.md", "LICENSE.txt"}
    assert all("chapter that only the United States has" in item.en for item in files["rulings.json"].skipped)


def test_records_by_source(records: dict[str, Record]) -> None:
    found = Counter(record_id.rpartition("-")[0].removesuffix("-chapter").removesuffix("-section") for record_id in records)
    assert found["us-ruling"] == 290
    assert found["us-hs"] == 5612 + 1228
    assert sum(record.id.startswith("decision-") for record in records.values()) == 103
    assert found["official-note"] == 104
    assert found["us-note"] == 102
    assert found["uk-term"] > 6200


def test_the_decisions_that_lapsed(corpus: Corpus, records: dict[str, Record]) -> None:
    lapsed = {record.id: record.valid_to for record in corpus.records if "lapsed" in record.facts and record.id.startswith("decision-")}
    assert lapsed == {
        "decision-J2018-0001": date(2021, 12, 31),
        "decision-J2018-0002": date(2021, 12, 31),
        "decision-J2018-0022": date(2024, 12, 31),
        "decision-W2020-86": date(2021, 12, 31),
    }
    assert records["decision-J2018-0001"].facts["successor_codes"] == ["041010", "041090"]
    for name, last in lapsed.items():
        assert last is not None
        assert records[name].in_force(last)
        assert not records[name].in_force(last + timedelta(days=1))
    assert {item.en.partition(":")[0] for item in corpus.exceptions if "lapsed" in item.en} == set(lapsed)


def test_codes_that_exist_nowhere_are_left_out_and_listed(corpus: Corpus, records: dict[str, Record]) -> None:
    left_out = [item.en for item in corpus.exceptions if "left out" in item.en]
    assert len(left_out) == 12
    assert all("extra_references.csv" in item.place for item in corpus.exceptions if "left out" in item.en)
    assert not [record.id for record in records.values() if "330460" in record.codes]


def test_nothing_american_is_presented_as_a_chinese_code(records: dict[str, Record]) -> None:
    foreign = [record for record in records.values() if record.id.startswith(("us-", "uk-")) and record.kind != "note"]
    assert {len(code) for record in foreign for code in record.codes} == {4, 6}
    assert not [record.id for record in foreign if record.kind == "decision" and record.confidence != "low"]
    assert "U.S." not in records["us-note-chapter-85"].text["en"]


def test_dual_use_codes(imported: tuple[Path, dict[str, ImportedFile]]) -> None:
    (marks,) = [item for item in store.load(imported[0] / KNOWLEDGE, {"marks"}) if isinstance(item, Marks)]
    assert (marks.id, len(marks.codes), marks.valid_from, marks.valid_to) == ("cn-dual-use-2026", 636, date(2026, 1, 1), date(2026, 12, 31))
    assert "9406900020" in marks.codes
