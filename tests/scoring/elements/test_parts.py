"""The parts under the rules, one by one, and what must hold for any text whatever."""

from __future__ import annotations

import math
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecid.scoring.elements.bounds import bounds
from ecid.scoring.elements.brands import brand
from ecid.scoring.elements.check_digits import cas_holds, gtin_holds
from ecid.scoring.elements.codes import code_of
from ecid.scoring.elements.empty_talk import Reason
from ecid.scoring.elements.families import families_of
from ecid.scoring.elements.quantities import Measure, converted, measures
from ecid.scoring.elements.shares import sum_off, weights
from ecid.scoring.elements.stated import Gap
from ecid.scoring.elements.text import table
from ecid.scoring.goods import goods_of
from ecid.tariff.model import Element, TariffLine
from tests.scoring.elements import corpus

PARTS = corpus.read("parts")
_NO_LIMIT = 1e30


@pytest.mark.parametrize(("text", "found"), PARTS["measures"])
def test_measures(text: str, found: list[list[object]]) -> None:
    assert [[measure.value, measure.unit] for measure in measures(text)] == found


@pytest.mark.parametrize(("number", "unit", "dimension", "value"), PARTS["conversions"])
def test_conversion(number: float, unit: str, dimension: str, value: float) -> None:
    result = converted(Measure(number, unit), dimension)
    assert result is None if value < 0 else result == pytest.approx(value, rel=1e-4)


@pytest.mark.parametrize("case", PARTS["bounds"], ids=lambda case: case[0][:20])
def test_bounds_in_the_text_of_a_code(case: list[Any]) -> None:
    text, expected, code = case[0], case[1], case[2] if len(case) > 2 else "84000000"
    found = {(b.concept, round(max(b.low, -_NO_LIMIT), 6), round(min(b.high, _NO_LIMIT), 6)) for b in bounds(code, text, ())}
    assert found == {(concept, low, high) for concept, low, high in expected}


@pytest.mark.parametrize(("digits", "holds"), PARTS["gtin"])
def test_gtin(digits: str, holds: bool) -> None:
    assert gtin_holds(digits) is holds


@pytest.mark.parametrize(("number", "holds"), PARTS["cas"])
def test_cas(number: str, holds: bool) -> None:
    assert cas_holds(number) is holds


@given(st.from_regex(r"[0-9]{13}", fullmatch=True).filter(lambda digits: len(set(digits[:12])) > 1), st.integers(0, 12), st.integers(1, 9))
def test_one_changed_digit_breaks_a_gtin(digits: str, place: int, shift: int) -> None:
    check = next(str(last) for last in range(10) if gtin_holds(digits[:12] + str(last)))
    good = digits[:12] + check
    changed = good[:place] + str((int(good[place]) + shift) % 10) + good[place + 1 :]
    assert gtin_holds(good)
    assert not gtin_holds(changed)


@pytest.mark.parametrize(("value", "code"), PARTS["brand_types"])
def test_brand_type(value: str, code: str) -> None:
    assert (code_of("brand_type", value) or "") == code


@pytest.mark.parametrize(("value", "kind"), PARTS["brands"])
def test_brand(value: str, kind: str) -> None:
    assert brand(value) == kind


@pytest.mark.parametrize(("value", "total"), PARTS["sums"])
def test_sum_of_shares(value: str, total: float) -> None:
    assert sum_off("成分含量", "61091000", value) == (None if total < 0 else pytest.approx(total))


@pytest.mark.parametrize(("value", "fibre"), PARTS["heaviest"])
def test_heaviest_fibre(value: str, fibre: str) -> None:
    family = next(family for family in families_of("成分含量", "61091000") if family.predominant)
    shares = weights(family, value)
    assert (max(shares, key=lambda member: shares[member]) if shares else "") == fibre


def test_every_reason_has_its_phrases() -> None:
    wording = table("wording")
    for key in (*get_args(Reason), *get_args(Gap)):
        assert set(wording[key]) == {"zh", "en"}
    for key, words in wording.items():
        assert key == "examples" or (words["zh"] and words["en"]), key
        assert "wrong" not in words.get("en", "")


def test_goods_without_a_line_are_left_alone() -> None:
    assert corpus.findings(goods_of("84713090", "笔记本电脑", "9|7|设备用", "USA", None)) == []


def test_conditional_elements_may_say_that_there_is_none() -> None:
    case = next(case for case in corpus.clean() if case["id"] == "syringe")
    for value in ("无", "不适用", "/", "-", ""):
        assert corpus.findings(corpus.goods({**case, "spec": case["spec"].rsplit("|", 1)[0] + "|" + value})) == []


_ANY_TEXT = st.text(alphabet=st.one_of(st.characters(codec="utf-8"), st.sampled_from("0123456789%.*×-/()（）：，；无品牌用途钢铁棉涤mVWgk㎡℃")), max_size=40)


@settings(max_examples=150, deadline=None)
@given(st.lists(_ANY_TEXT, min_size=1, max_size=14), _ANY_TEXT, st.sampled_from(sorted(corpus.read("lines"))))
def test_any_text_is_judged_without_error_and_always_alike(values: list[str], name: str, code: str) -> None:
    judged = goods_of(code, name, "|".join(values), "USA", corpus.line(code))
    found = corpus.findings(judged)
    assert found == corpus.findings(judged)
    filled = {slot.position for slot in judged.slots if slot.value}
    assert all(failure.position in filled for _, failure in found)
    assert all(failure.expected_zh and failure.expected_en and "{" not in failure.expected_zh for _, failure in found)


@pytest.mark.parametrize("piece", ["用", "设备", "1", "1,", "(", "棉1%", "无", "×", "1-", "见", "规格型号", "符合", "各种", "多种用途的"])
def test_a_very_long_value_is_judged(piece: str) -> None:
    """A pattern that runs away never comes back: the test would not end."""
    case = next(case for case in corpus.clean() if case["id"] == "trousers")
    values = case["spec"].split("|")
    corpus.findings(corpus.goods({**case, "name": piece * 10_000, "spec": "|".join([*values[:2], *[piece * 10_000] * 6])}))


@pytest.mark.parametrize("label", ["用途", "功能", "材质", "成分含量", "规格型号", "规格", "种类", "品牌"])
@pytest.mark.parametrize("piece", ["规格型号", "符合", "各种", "多种用途", "混合材料", "主要成分", "实现功能", "客户要求"])
def test_no_pattern_runs_away(label: str, piece: str) -> None:
    """As above: that it ends is what is tested."""
    line = TariffLine("00000000", "样品", elements=(Element(1, label, "classification"),))
    for length in range(2, 60):
        corpus.findings(goods_of("00000000", "样品", f"1|0|{(piece * 60)[:length]}钅", None, line))


def test_infinite_bounds_are_infinite() -> None:
    assert bounds("84715000", "输出功率超过750瓦", ())[0].high == math.inf
