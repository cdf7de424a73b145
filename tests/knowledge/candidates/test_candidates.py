"""Candidates for goods of a small world: ranked, with evidence, dated; and what is said of declared codes."""

from __future__ import annotations

import math
from datetime import date
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecid.errors import Language
from ecid.knowledge.candidates.answer import candidates
from ecid.knowledge.candidates.features import evidence_for
from ecid.knowledge.candidates.fitting import AGAINST, Choice, Stated, fit, fit_sharpness
from ecid.knowledge.candidates.index import CandidateIndex, build_index
from ecid.knowledge.candidates.ranking import load_weights, ranked, sharpness
from ecid.knowledge.candidates.suspicion import doubts, load_doubt
from tests.knowledge.candidates.conftest import RECORDS, tariff


@pytest.mark.parametrize(
    ("text", "lang", "code"),
    [
        ("锂电池组；用途：储能", "zh", "850760"),
        ("锂离子蓄电池", "zh", "850760"),
        ("启动用铅酸蓄电池；用途：汽车", "zh", "850710"),
        ("充电宝", "zh", "850760"),
        ("帆布手提包|0|0|女士用", "zh", "420222"),
        ("真空保温杯；材质：不锈钢", "zh", "961700"),
        ("Canvas Handbag for Women 2024 New Fashion", "en", "420222"),
        ("thermos vacuum flask 500ml", "en", "961700"),
        ("classification of a lithium battery pack", "en", "850760"),
    ],
)
def test_goods_find_their_code(index: CandidateIndex, text: str, lang: Language, code: str) -> None:
    best = candidates(index, text, lang).candidates[0]
    assert best.code == code
    assert best.evidence
    assert best.titles


@cache
def build_world(day: date = date(2025, 6, 1)) -> CandidateIndex:
    return build_index(RECORDS, *tariff(), day)


@settings(max_examples=40, deadline=None)
@given(text=st.text(min_size=1, max_size=60).filter(str.strip), lang=st.sampled_from(["zh", "en"]))
def test_confidence_is_a_probability(text: str, lang: Language) -> None:
    world = build_world()
    answer = candidates(world, text, lang, top=100, declared="850760")
    assert math.isclose(sum(one.score for one in answer.candidates), 1, abs_tol=1e-4)
    scores = [one.score for one in answer.candidates]
    assert scores == sorted(scores, reverse=True)
    assert all(one.score <= one.heading_score + 1e-6 for one in answer.candidates)
    assert answer.suspicion is not None
    assert 0 <= answer.suspicion <= 1


@pytest.mark.parametrize(("day", "cited"), [(date(2021, 12, 31), False), (date(2022, 1, 1), True), (date(2024, 12, 31), True), (date(2025, 1, 1), False)])
def test_a_decision_has_a_say_on_its_days_alone(day: date, cited: bool) -> None:
    pieces = {piece.record for one in candidates(build_world(day), "渔夫帽形容器", "zh").candidates for piece in one.evidence}
    assert ("decision-Z2022-9" in pieces) is cited


def test_without_the_edition_of_the_day_the_nearest_one_words_the_codes() -> None:
    assert build_world(date(2029, 1, 1)).wording["zh"]["850760"].own == "锂离子蓄电池"
    assert build_world(date(2029, 1, 1)).wording["en"]["850760"].own == "Lithium-ion accumulators"


def test_goods_do_not_testify_for_themselves(index: CandidateIndex) -> None:
    records = {piece.record for one in candidates(index, "家用储能柜", "zh", without={"decision-Z2023-1"}).candidates for piece in one.evidence}
    assert "decision-Z2023-1" not in records
    assert "decision-Z2023-1" in {piece.record for one in candidates(index, "家用储能柜", "zh").candidates for piece in one.evidence}


def test_names_under_codes_that_the_tariff_lacks_are_left_out(index: CandidateIndex) -> None:
    assert "term-gone" not in {name.record for names in index.names.values() for name in names}


def test_a_note_sends_goods_elsewhere_and_says_so(index: CandidateIndex) -> None:
    answer = candidates(index, "不锈钢保温杯", "zh", top=20)
    pieces = {one.code: {(piece.record, piece.speaks) for piece in one.evidence} for one in answer.candidates}
    assert answer.candidates[0].code == "961700"
    assert ("note-s15-1", "for") in pieces["961700"]
    assert ("note-s15-1", "against") in pieces["732393"]


def test_a_stated_fact_settles_a_confusable_pair(index: CandidateIndex) -> None:
    settled = evidence_for(index, "移动电源；内装电芯", "zh").ruled
    assert [(rule.kind, rule.towards, rule.against) for rule in settled] == [("settled", ("850760",), ("850440",))]
    assert evidence_for(index, "移动电源", "zh").ruled == ()
    assert evidence_for(index, "手电筒；内装电芯", "zh").ruled == ()


def test_nothing_known_is_not_decided(index: CandidateIndex) -> None:
    assert not candidates(index, "qqzzk", "en").decided
    assert candidates(index, "锂电池组", "zh").decided
    assert candidates(index, "  ", "zh").candidates == ()


def test_an_empty_world_answers_with_nothing() -> None:
    empty = build_index((), [], [], date(2025, 6, 1))
    assert candidates(empty, "锂电池", "zh", declared="850760").candidates == ()


@pytest.mark.parametrize(
    ("text", "right", "wrong"), [("锂电池组", "85076000", "85044010"), ("真空保温杯；材质：不锈钢", "961700", "732393"), ("充电器", "8504", "8507")]
)
def test_a_wrong_code_is_doubted_more_than_the_right_one(index: CandidateIndex, text: str, right: str, wrong: str) -> None:
    doubted, trusted = (candidates(index, text, "zh", declared=code).suspicion for code in (wrong, right))
    assert doubted is not None
    assert trusted is not None
    assert trusted < 0.5 < doubted


def test_a_heading_that_does_not_exist_is_wrong(index: CandidateIndex) -> None:
    assert candidates(index, "锂电池组", "zh", declared="12345678").suspicion == 1


def test_weights_name_features_that_exist_and_keep_their_sense(index: CandidateIndex) -> None:
    evidence = evidence_for(index, "锂电池组", "zh")
    for lang in ("zh", "en"):
        weights = load_weights()[lang]
        assert weights["heading"].keys() <= evidence.at_headings.keys()
        assert weights["subheading"].keys() <= evidence.at_codes.keys()
        for level in ("heading", "subheading"):
            assert all((weight < 0) == (name in AGAINST) for name, weight in weights[level].items())
            assert weights[f"{level}_sharpness"].keys() <= {"constant", *evidence.clarity}
    found = doubts(index, evidence, ranked(evidence, index, load_weights()["zh"]), "850760")
    assert found is not None
    assert load_doubt().keys() <= found.keys()


def test_fitting_finds_the_feature_that_tells() -> None:
    generator = np.random.default_rng(4)
    made = []
    for _ in range(200):
        features = generator.random((6, 2)).astype(np.float32)
        made.append(Choice(features, (int(features[:, 0].argmax()),)))
    weights = fit(made, ["telling", "noise"], 1e-4)
    assert weights["telling"] > 5 * weights.get("noise", 0.0)
    assert fit(made, ["telling", "noise"], 1e-4) == weights


def test_sharpness_is_such_that_what_is_stated_comes_true() -> None:
    generator = np.random.default_rng(5)
    made = []
    for number in range(2000):
        vague = number % 2
        sums = generator.normal(0, 3, 8).astype(np.float32)
        shares = np.exp(sums * (0.3 if vague else 1.0))
        drawn = generator.choice(8, p=shares / shares.sum())
        made.append(Stated(sums, int(drawn) == int(sums.argmax()), {"vague": float(vague)}))
    weights = fit_sharpness(made, ["vague"], 1e-6)
    assert sharpness(weights, {"vague": 0.0}) == pytest.approx(1.0, abs=0.15)
    assert sharpness(weights, {"vague": 1.0}) == pytest.approx(0.3, abs=0.1)
    assert sharpness({}, {"vague": 1.0}) == 1


def test_sharpness_changes_no_order_of_headings(index: CandidateIndex) -> None:
    evidence = evidence_for(index, "不锈钢真空保温杯", "zh")
    plain = {name: row for name, row in load_weights()["zh"].items() if not name.endswith("sharpness")}
    orders = [np.argsort(-ranked(evidence, index, own).at_headings, kind="stable").tolist() for own in (plain, load_weights()["zh"])]
    assert orders[0] == orders[1]


def test_names_that_share_no_word_with_the_goods_are_found_by_meaning(index: CandidateIndex) -> None:
    evidence = evidence_for(index, "insulated flagon", "en")
    heading = index.headings.index("9617")
    assert int(evidence.at_headings["means_name"].argmax()) == heading
