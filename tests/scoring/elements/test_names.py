"""Names against elements: words that contradict are found, words that only look alike are left alone."""

from __future__ import annotations

import pytest

from ecid.scoring.goods import goods_of
from ecid.scoring.rules.element_contradicts import RULE
from ecid.tariff.model import Element, TariffLine
from tests.scoring.elements import corpus


def _contradictions(name: str, code: str, label: str, value: str) -> list[str]:
    line = TariffLine(code, "其他", elements=(Element(1, label, "classification"),))
    return [failure.seen for failure in RULE.check(goods_of(code, name, f"0|0|{value}", None, line))]


@pytest.mark.parametrize(("name", "code", "label", "value"), corpus.read("names")["agree"])
def test_name_and_element_agree(name: str, code: str, label: str, value: str) -> None:
    assert _contradictions(name, code, label, value) == []


@pytest.mark.parametrize(("name", "code", "label", "value"), corpus.read("names")["disagree"])
def test_name_and_element_disagree(name: str, code: str, label: str, value: str) -> None:
    assert _contradictions(name, code, label, value) == [value]
