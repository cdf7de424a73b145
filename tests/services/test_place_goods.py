"""What is known of goods, from a real index of a small world."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from ecid.adapters.candidate_index import FOLDER, INDEX, open_knowledge
from ecid.knowledge.candidates.index_files import CandidateFiles, write_candidates
from ecid.knowledge.candidates.sources import Tariffs
from ecid.scoring.placement import Described, Placed
from ecid.services.place_goods import Knowledge
from ecid.settings import Settings
from tests.knowledge.candidates.conftest import RECORDS, record, tariff

DAY = date(2025, 1, 1)
MORE = (
    record(
        "confusion-charge",
        "confusion",
        ["850760", "850440"],
        sides=[{"codes": ["850760"], "zh": ["随身电源"], "en": ["pocket power"]}, {"codes": ["850440"], "zh": ["充电块"], "en": ["charging block"]}],
        settles=[{"to": "850760", "words": {"zh": ["内装锂芯"], "en": ["with cells"]}}, {"to": "850440", "words": {"zh": ["只变流"], "en": ["converts only"]}}],
        question={"zh": "是否储电", "en": "whether it stores electricity"},
    ),
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("home")
    records = [item for item in RECORDS if item.kind != "confusion"]
    write_candidates(made / INDEX / FOLDER, "knowledge-1", (*records, *MORE), Tariffs.among([item for items in tariff() for item in items]))
    return made


@pytest.fixture(scope="module")
def knowledge(home: Path) -> Knowledge:
    return Knowledge(CandidateFiles(home / INDEX / FOLDER))


def placed(knowledge: Knowledge, name: str, code: str, *statements: str) -> Placed:
    return knowledge.place(Described(name, statements, code, DAY))


def test_goods_under_their_own_code_are_supported(knowledge: Knowledge) -> None:
    found = placed(knowledge, "真空保温杯", "96170011", "不锈钢")
    assert found.supported
    assert found.own_ppm == found.best_ppm
    assert found.excluded is None
    assert found.open_fact is None


def test_under_another_code_the_rival_is_named_with_its_record(knowledge: Knowledge) -> None:
    found = placed(knowledge, "帆布手提包", "96170011")
    assert not found.supported
    assert found.rival is not None
    assert (found.rival.code, found.rival.record, found.rival.words) == ("420222", "term-420222-canvas-handbag", "帆布手提包")
    assert found.rival.ppm == found.best_ppm > (found.own_ppm or 0)
    assert set(found.rival.title) == {"zh", "en"}


def test_a_note_sends_elsewhere_what_is_called_so(knowledge: Knowledge) -> None:
    found = placed(knowledge, "真空保温杯", "73239300")
    assert found.excluded is not None
    assert (found.excluded.record, found.excluded.said, found.excluded.towards) == ("note-s15-1", "保温杯", ("9617",))


def test_a_note_does_not_speak_of_what_is_for_such_goods(knowledge: Knowledge) -> None:
    assert placed(knowledge, "保温杯架子", "73239300").excluded is None


@pytest.mark.parametrize(
    ("name", "code", "statements", "asked"),
    [
        ("随身电源", "85044010", (), True),
        ("随身电源", "85076000", (), False),
        ("随身电源", "85044010", ("内装锂芯",), False),
        ("充电块随身电源", "85044010", (), False),
        ("帆布手提包", "85044010", (), False),
    ],
)
def test_a_fact_is_open_where_the_name_is_the_other_sides_alone(knowledge: Knowledge, name: str, code: str, statements: tuple[str, ...], asked: bool) -> None:
    fact = placed(knowledge, name, code, *statements).open_fact
    assert (fact is not None) is asked
    if fact:
        assert (fact.record, fact.rivals, fact.question["en"]) == ("confusion-charge", ("850760",), "whether it stores electricity")


def test_a_heading_that_the_tariff_lacks_is_not_judged(knowledge: Knowledge) -> None:
    found = placed(knowledge, "真空保温杯", "95030010")
    assert found.own_ppm is None
    assert found.rival is None


def test_within_the_heading_the_better_code_is_named(knowledge: Knowledge) -> None:
    found = placed(knowledge, "锂电池组", "85071000")
    assert found.finer is not None
    assert found.finer.code == "850760"
    assert found.finer.ppm > found.own_code_ppm
    assert not found.residual


def test_the_same_is_answered_again(knowledge: Knowledge, home: Path) -> None:
    again = Knowledge(CandidateFiles(home / INDEX / FOLDER))
    assert placed(again, "帆布手提包", "96170011", "帆布") == placed(knowledge, "帆布手提包", "96170011", "帆布")
    assert again.version == knowledge.version


def test_without_an_index_or_with_a_damaged_one_there_is_no_knowledge(tmp_path: Path, home: Path) -> None:
    assert open_knowledge(Settings(home=tmp_path)) is None
    assert open_knowledge(Settings(home=home)) is not None
    (tmp_path / INDEX / FOLDER).mkdir(parents=True)
    assert open_knowledge(Settings(home=tmp_path)) is None
