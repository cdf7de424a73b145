"""What a result follows from, part by part: what changes a part, and what touches none."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from ecid.clearance.records import AnomalyRecord
from ecid.errors import Language
from ecid.scoring.authority import Authority, Decision, NationalNote, Ruling
from ecid.scoring.engine import Request
from ecid.scoring.inputs import changed, identity, inputs_of, said
from ecid.scoring.policy import load_policy
from ecid.scoring.reference import Rates, Reference
from ecid.scoring.result import Review
from tests.scoring.conftest import frame
from tests.scoring.tariff import small_reference

POLICY = load_policy()
BEFORE: dict[str, Any] = {"rows": [{}] * 3, "reference": small_reference(), "request": Request("e", "feed", date(2026, 5, 17)), "policy": POLICY}
RULING = Ruling("R-1", "85076000", "锂离子电池", date(2025, 1, 1), date(2027, 12, 31), model="YG-18650")
DECISION = Decision("Z2025-1", "85076000", ("锂离子电池",), "tests", date(2025, 1, 1))


def inputs(rows: list[dict[str, Any]], reference: Reference, request: Request, policy: Any) -> dict[str, str]:
    return inputs_of(frame(rows), reference, policy, request)


def told(**parts: Any) -> dict[str, Any]:
    return {"request": replace(BEFORE["request"], authority=Authority(**parts))}


def published(**parts: Any) -> dict[str, Any]:
    return {"reference": replace(BEFORE["reference"], **parts)}


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        ({}, ()),
        ({"rows": [{}] * 4}, ("declarations",)),
        ({"request": replace(BEFORE["request"], as_of=date(2026, 5, 18))}, ("as_of",)),
        ({"request": replace(BEFORE["request"], period=(date(2025, 1, 1), date(2025, 12, 31)))}, ("period",)),
        ({"request": replace(BEFORE["request"], reviews={"f": Review("b", "c", date(2026, 1, 1))})}, ("reviews",)),
        ({"policy": replace(POLICY, id="2027-01")}, ("policy",)),
        (published(rates=Rates("others")), ("rates",)),
        (told(rulings=(RULING,)), ("rulings",)),
        (told(outcomes=(AnomalyRecord("C1", "CLS-01", date(2025, 5, 5)),)), ("outcomes",)),
        (told(decisions=(DECISION,)), ("decisions",)),
        (told(advanced=((date(2026, 1, 1), True),)), ("standing",)),
        (told(advanced=((date(2026, 6, 1), True),)), ()),
        (published(decisions=(DECISION,)), ("decisions",)),
        (published(notes=(NationalNote("n", ("85076000",), "容量超过10安时", "tests", date(2025, 1, 1)),)), ("notes",)),
        (published(notes=(NationalNote("n", ("94032000",), "高度超过1米", "tests", date(2025, 1, 1)),)), ()),
        (published(versions={**BEFORE["reference"].versions, "cn-2001": "f" * 64}), ()),
        (published(versions={**BEFORE["reference"].versions, "test-2025": "f" * 64}), ("tariff",)),
    ],
)
def test_a_change_is_seen_in_its_part_alone(change: dict[str, Any], parts: tuple[str, ...]) -> None:
    before, after = inputs(**BEFORE), inputs(**{**BEFORE, **change})
    assert changed(before, after) == parts
    assert (identity(before) == identity(after)) is not bool(parts)


def test_a_decision_on_other_goods_changes_nothing_once_some_are_loaded() -> None:
    other = replace(DECISION, number="Z2025-2", names=("活塞杆总成",))
    loaded = inputs(**{**BEFORE, **published(decisions=(DECISION,))})
    assert inputs(**{**BEFORE, **published(decisions=(DECISION, other))}) == loaded
    assert changed(loaded, inputs(**{**BEFORE, **published(decisions=(replace(DECISION, valid_to=date(2025, 6, 30)), other))})) == ("decisions",)


def test_a_first_run_has_nothing_before_it() -> None:
    assert changed(None, inputs(**BEFORE)) == ("first_run",)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_part_is_told_in_words(lang: Language) -> None:
    parts = [*inputs(**BEFORE), "first_run"]
    words = [said(part, lang) for part in parts]
    assert not set(words) & set(parts)
    assert len(set(words)) == len(parts)
    assert said("weather", lang) == "weather"
