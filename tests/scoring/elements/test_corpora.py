"""Dimension 3 on realistic strings: nothing fires on the clean corpus, exactly the right rule on each planted defect."""

from __future__ import annotations

from typing import Any

import pytest

from tests.scoring.elements import corpus


@pytest.mark.parametrize("case", corpus.clean(), ids=lambda case: case["id"])
def test_clean_goods_pass(case: dict[str, Any]) -> None:
    assert corpus.findings(corpus.goods(case)) == []


@pytest.mark.parametrize(("rule", "case"), corpus.planted(), ids=lambda part: f"{part['of']}-{part['at']}" if isinstance(part, dict) else part)
def test_planted_defect_is_found_where_it_stands(rule: str, case: dict[str, Any]) -> None:
    judged = corpus.with_defect(case)
    found = corpus.findings(judged)
    assert [(code, failure.position) for code, failure in found] == [(rule, case["at"])]
    failure = found[0][1]
    slot = judged.slots[case["at"]]
    # In the tail, where either number may stand in either place, told is which number fails.
    number = "CAS" if "-" in slot.value else "GTIN"
    assert failure.label == (number if rule == "CHECK_DIGIT" and slot.kind != "element" else slot.label)
    assert rule != "CHECK_DIGIT" or all(number in told for told in (failure.expected_zh, failure.expected_en))
    assert failure.seen == judged.slots[case["at"]].value
    assert failure.expected_zh
    assert failure.expected_en


def test_corpora_are_large_enough_to_mean_something() -> None:
    assert len(corpus.clean()) >= 150
    assert len(corpus.planted()) >= 150
    assert {case["code"][:2] for case in corpus.clean()} >= {"02", "09", "28", "39", "52", "61", "70", "72", "84", "85", "87", "90", "94"}
