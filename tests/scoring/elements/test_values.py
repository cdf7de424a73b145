"""Single values under single labels: which pass, and which rule takes up the others."""

from __future__ import annotations

import pytest

from ecid.scoring.goods import goods_of
from ecid.tariff.model import Element, TariffLine
from tests.scoring.elements import corpus

_CASES = [
    (label, None if verdict == "good" else verdict, value)
    for label, verdicts in corpus.read("values").items()
    for verdict, values in verdicts.items()
    for value in values
]


@pytest.mark.parametrize(("label", "rule", "value"), _CASES, ids=lambda part: str(part)[:24])
def test_value_under_label(label: str, rule: str | None, value: str) -> None:
    line = TariffLine("00000000", "样品", elements=(Element(1, label, "classification"),))
    found = corpus.findings(goods_of("00000000", "样品", f"0|0|{value}", None, line))
    assert [(code, failure.position) for code, failure in found] == ([] if rule is None else [(rule, 2)])
