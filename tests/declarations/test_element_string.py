"""Specification strings: the cases of `specifications.yaml`, and the round trip."""

from __future__ import annotations

import timeit
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ecid.declarations.element_string import compose, parse_specification
from ecid.errors import BadInput

CASES = yaml.safe_load((Path(__file__).parent / "specifications.yaml").read_text("utf-8"))
SPECIFICATIONS = st.one_of(st.text(max_size=80), st.text(alphabet="0123|｜;；、:：.1)品牌类型用途钢\n ", max_size=60))
# What an element value may hold: no separator, line break or label mark; no blank at its ends.
VALUES = st.text(alphabet="0123456789AbcV%-./×℃钢铁制品牌用于 ,;、", max_size=12).map(str.strip)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["text"])
def test_parse(case: dict[str, Any]) -> None:
    found = parse_specification(case["text"])
    assert found.values == tuple(case["values"])
    assert found.flags == tuple(case.get("flags", []))


@given(st.sampled_from("01234"), st.sampled_from("012"), st.lists(VALUES, max_size=12))
def test_what_is_composed_is_read_back(brand: str, preference: str, rest: list[str]) -> None:
    values = (brand, preference, *rest)
    found = parse_specification(compose(values))
    assert found.values == values
    assert set(found.flags) <= {"NAME_BEFORE_CODES"}


@given(SPECIFICATIONS)
def test_reading_is_total_and_settles(text: str) -> None:
    found = parse_specification(text)
    once = compose(found.values)
    assert "\n" not in once
    again = parse_specification(once)
    if len(found.values) > 1:
        assert compose(again.values) == once or "LABELLED_VALUES" in again.flags


@pytest.mark.parametrize("value", ["a|b", "a｜b", "a\nb", "a\u2028b"])
def test_compose_refuses_what_the_form_forbids(value: str) -> None:
    with pytest.raises(BadInput):
        compose(["0", "0", value])


def test_a_usual_string_takes_microseconds() -> None:
    text = "1|0|电动工具用|锂离子|190Wh/kg|甬样牌|YY18650|2.6Ah|不含汞|3.6V||"
    seconds = min(timeit.repeat(lambda: parse_specification(text), number=1000, repeat=5)) / 1000
    assert seconds < 50e-6
