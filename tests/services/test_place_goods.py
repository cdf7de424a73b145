"""What is known of goods, from a real index of a small world."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecid.adapters.candidate_index import INDEX, open_knowledge
from ecid.errors import UnreadableFile
from ecid.knowledge.candidates.index_files import FOLDER, CandidateFiles, write_candidates
from ecid.knowledge.candidates.sources import Tariffs
from ecid.scoring.placement import Described, Placed
from ecid.services.place_goods import Knowledge
from ecid.settings import Settings
from tests.knowledge.candidates.conftest import RECORDS, record, tariff

DAY, EARLIER = date(2025, 1, 1), date(2024, 1, 1)
MORE = (
    record(
        "confusion-charge",
        "confusion",
        ["850760", "850440"],
        sides=[{"codes": ["850760"], "zh": ["随身电源"], "en": ["pocket power"]}, {"codes": ["850440"], "zh": ["充电块"], "en": ["charging block"]}],
        settles=[{"to": "850760", "words": {"zh": ["内装锂芯"], "en": ["with cells"]}}, {"to": "850440", "words": {"zh": ["只变流"], "en": ["converts only"]}}],
        shared={"zh": ["备用电源"], "en": ["backup power"]},
        states={"zh": ["电芯"], "en": ["cell"]},
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
    (found,) = knowledge.place_all([Described(name, statements, code, DAY)])
    return found


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


@pytest.mark.parametrize(
    ("name", "code", "statements", "rivals", "supported"),
    [
        ("备用电源", "85044010", (), ("850760",), False),
        ("家庭备用电源", "85076000", (), ("850440",), False),
        ("备用电源", "85044010", ("含电芯",), None, False),
        ("备用电源", "85044010", ("只变流",), None, True),
        ("备用电源", "85076000", ("只变流",), None, False),
        ("备用电源支架", "85044010", (), None, False),
        ("备用电源", "96170011", (), None, False),
    ],
)
def test_a_name_that_sides_share_asks_for_the_fact(
    knowledge: Knowledge, name: str, code: str, statements: tuple[str, ...], rivals: tuple[str, ...] | None, supported: bool
) -> None:
    found = placed(knowledge, name, code, *statements)
    assert (found.open_fact and (found.open_fact.rivals, found.open_fact.shared)) == (rivals and (rivals, True))
    assert found.supported is supported


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
    assert open_knowledge(Settings(home=home)).version
    (tmp_path / INDEX / FOLDER).mkdir(parents=True)
    for without in (tmp_path / "none", tmp_path):
        with pytest.raises(UnreadableFile):
            open_knowledge(Settings(home=without))


NAMES = ("帆布手提包", "真空保温杯", "不锈钢水杯", "锂电池组", "随身电源", "canvas handbag", "thermos", "lithium battery pack", "配件", "—", "杯" * 400)
goods = st.builds(
    Described,
    st.sampled_from(NAMES) | st.text(max_size=12),
    st.lists(st.sampled_from(["不锈钢", "3.7V", "2600mAh", "内装锂芯", "60%涤纶40%棉", "steel", ""]) | st.text(max_size=8), max_size=3).map(tuple),
    st.sampled_from(["96170011", "42022200", "85076000", "85044010", "73239300", "95030010"]),
    st.sampled_from([DAY, EARLIER]),
)


@settings(max_examples=30, deadline=None)
@given(st.lists(goods, min_size=1, max_size=12), st.randoms())
def test_goods_are_placed_alike_alone_and_among_others_in_any_order(home: Path, many: Sequence[Described], random: Random) -> None:
    alone = [fresh(home).place_all([one])[0] for one in many]
    assert fresh(home).place_all(many) == alone
    order = list(range(len(many)))
    random.shuffle(order)
    assert fresh(home).place_all([many[at] for at in order]) == [alone[at] for at in order]


def fresh(home: Path) -> Knowledge:
    return Knowledge(CandidateFiles(home / INDEX / FOLDER))


def test_more_than_one_block_is_placed_as_each_alone(home: Path, knowledge: Knowledge) -> None:
    many = [Described(f"{NAMES[at % 8]}{at // 8 or ''}", (f"长{at}mm",), "96170011", (DAY, EARLIER)[at % 2]) for at in range(1_200)]
    found = fresh(home).place_all(many)
    assert found[::97] == [knowledge.place_all([one])[0] for one in many[::97]]
    assert len(found) == len(many)


def test_nothing_is_placed_where_nothing_is_asked(knowledge: Knowledge) -> None:
    assert knowledge.place_all([]) == []


def test_what_is_not_in_force_on_the_day_says_nothing(home: Path) -> None:
    """The decision on 渔夫帽形容器 lapsed at the end of 2024."""
    found = fresh(home).place_all([Described("渔夫帽形容器", (), "42022200", day) for day in (EARLIER, DAY)])
    assert [one.supported for one in found] == [True, False]


def test_probabilities_are_told_in_thousandths(knowledge: Knowledge) -> None:
    found = knowledge.place_all([Described(name, ("不锈钢",), "73239300", DAY) for name in NAMES])
    told = [ppm for one in found for ppm in (one.own_ppm, one.best_ppm, one.own_code_ppm, one.rival.ppm if one.rival else None) if ppm is not None]
    assert len(told) >= 3 * len(found)
    assert all(ppm % 1_000 == 0 and 0 <= ppm <= 1_000_000 for ppm in told)


def test_the_longest_known_ending_of_a_name_has_the_say(home: Path, knowledge: Knowledge) -> None:
    """保温杯 is one word of 真空保温杯; 水杯 of 不锈钢水杯 is not known by itself."""
    assert placed(knowledge, "新型不锈钢水杯", "73239300").supported
    assert not placed(knowledge, "新型不锈钢水杯", "96170011").supported
