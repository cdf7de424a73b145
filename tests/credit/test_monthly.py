"""The monthly check of the three indicators."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from ecid.credit.monthly import Certification, Change, Indicators, Notice, changes, check_state, indicators_on
from ecid.credit.status import AeoEntry, AeoStatus, CreditScore, Rectification, RectificationState, SubState
from ecid.errors import InvalidEvent

CASES = yaml.safe_load((Path(__file__).parent / "monthly.yaml").read_text("utf-8"))
SEEN = datetime(2026, 6, 3, 1, tzinfo=UTC)
SCORE = CreditScore(Decimal("98.5"), "aeo-management", date(2026, 5, 31))


def report(**facts: Any) -> AeoEntry:
    status = AeoStatus(**{"level": "ADVANCED", "sub_state": SubState.ACTIVE, **facts})
    return AeoEntry("a", datetime(2026, 5, 31, 16, tzinfo=UTC), 0, status)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['last']} on {case['today']}")
def test_check_state(case: dict[str, Any]) -> None:
    assert check_state(case["since"], case["last"], case["today"]) == case["state"]


def test_nothing_reported_is_not_the_same_as_no_notice() -> None:
    assert indicators_on(None, date(2026, 6, 1)) == Indicators(None, None, None)
    assert indicators_on(report(), date(2026, 6, 1)).rectification == Notice(RectificationState.NONE, None)


def test_the_three_indicators_of_a_report() -> None:
    entry = report(sub_state=SubState.RECTIFYING, rectification=Rectification(RectificationState.OPEN, date(2026, 6, 2)), credit_score=SCORE)
    certification = Certification("ADVANCED", SubState.RECTIFYING)
    assert indicators_on(entry, date(2026, 6, 2)) == Indicators(certification, Notice(RectificationState.OPEN, date(2026, 6, 2)), SCORE)
    assert indicators_on(entry, date(2026, 6, 3)) == Indicators(certification, Notice(RectificationState.OVERDUE, date(2026, 6, 2)), SCORE)


def test_each_change_keeps_both_values_and_both_days() -> None:
    before = indicators_on(report(), date(2026, 5, 31))
    entry = report(sub_state=SubState.SUSPENDED, credit_score=SCORE)
    after = indicators_on(entry, date(2026, 6, 3))
    assert changes(before, after, SEEN, entry.effective_on) == (
        Change("certification", Certification("ADVANCED", SubState.ACTIVE), Certification("ADVANCED", SubState.SUSPENDED), SEEN, date(2026, 6, 1)),
        Change("credit_score", None, SCORE, SEEN, date(2026, 5, 31)),
    )
    assert changes(after, after, SEEN, entry.effective_on) == ()


def test_a_report_that_was_taken_back_is_a_change_without_a_day() -> None:
    before = indicators_on(report(), date(2026, 5, 31))
    assert [(change.indicator, change.new, change.effective_on) for change in changes(before, Indicators(), SEEN, None)] == [
        ("certification", None, None),
        ("rectification", None, None),
    ]


def test_a_change_is_observed_at_a_time_with_its_zone() -> None:
    with pytest.raises(InvalidEvent):
        changes(Indicators(), Indicators(), datetime(2026, 6, 3), None)  # noqa: DTZ001 – what is tested
