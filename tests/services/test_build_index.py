"""What the built index holds: whatever candidates cite can be looked up in it, and what is there to be cited alone is not found by words."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from ecid.adapters.chroma import ChromaFolder
from ecid.knowledge.candidates.index_files import FOLDER, CandidateFiles
from ecid.knowledge.imported import Dataset
from ecid.knowledge.retrieval.index_files import IndexFiles
from ecid.services.build_index import build_index, is_current
from ecid.services.find_candidates import Candidates
from ecid.services.search_clauses import Clauses, Request
from tests.knowledge.candidates.conftest import RECORDS, tariff

NOW = datetime(2026, 5, 17, tzinfo=UTC)
EDITIONS, (HS_2022,) = tariff()
HS_2017 = replace(HS_2022, id="hs-older", valid_from=date(2017, 1, 1), valid_to=date(2021, 12, 31))
CHINESE = replace(HS_2022, id="hs-chinese", lang="zh")
DATASETS: tuple[Dataset, ...] = (*EDITIONS, HS_2022, HS_2017, CHINESE)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("home") / "index"
    build_index(made, RECORDS, ChromaFolder, DATASETS)
    return made


@pytest.fixture(scope="module")
def clauses(folder: Path) -> Clauses:
    return Clauses(IndexFiles(folder), None, lambda: NOW)


@pytest.mark.parametrize(
    ("day", "wording"), [(date(1995, 1, 1), "hs-older"), (date(2019, 6, 1), "hs-older"), (date(2025, 6, 1), "hs-test"), (date(2029, 6, 1), "hs-test")]
)
def test_whatever_candidates_cite_can_be_looked_up(folder: Path, clauses: Clauses, day: date, wording: str) -> None:
    answer = Candidates(CandidateFiles(folder / FOLDER), lambda: NOW).find("lithium-ion accumulators, power bank", as_of=day, top=100)
    cited = {piece["record"]: piece["quote"] for one in answer["candidates"] for piece in one["evidence"] if piece["kind"] == "wording"}
    assert f"line-{wording}-850760" in cited
    told = {record: clauses.get(record, "en", day) for record in cited if not record.startswith("line-cn-")}
    assert {record: one["title"] for record, one in told.items()} == {record: cited[record] for record in told}
    assert clauses.get(f"line-{wording}-850760", "zh", date(2019, 6, 1))["in_force"] is (wording == "hs-older")


def test_what_is_there_to_be_cited_is_found_by_its_code_and_no_words(clauses: Clauses) -> None:
    words, code = (clauses.search(request)["results"] for request in (Request("lithium-ion accumulators"), Request(code="850760", as_of=date(2019, 6, 1))))
    assert not [one["id"] for one in words if one["id"].startswith("line-hs-")]
    assert "line-hs-older-850760" in [one["id"] for one in code]


def test_it_is_made_anew_when_a_wording_changes(folder: Path) -> None:
    changed: Dataset = replace(HS_2022, texts={**HS_2022.texts, "850760": "Something else"})
    assert is_current(folder, RECORDS, DATASETS)
    assert not is_current(folder, RECORDS, [changed if one is HS_2022 else one for one in DATASETS])
