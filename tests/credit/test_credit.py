"""AEO and enterprise credit: cases stand in the YAML files beside this one."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ecid.credit import recognition as mra
from ecid.credit import regimes as rg
from ecid.credit import status as sts
from ecid.credit.recognition import partners, recognition
from ecid.credit.regimes import read_level, regime_on, regimes
from ecid.credit.status import (
    AeoEntry,
    AeoStatus,
    CreditScore,
    Rectification,
    RectificationState,
    SubState,
    certificate_state,
    check_entry,
    status_on,
)
from ecid.errors import InvalidEvent, NotFound

HERE = Path(__file__).parent
DAY = date(2026, 5, 17)


def cases(name: str) -> Any:
    return yaml.safe_load((HERE / name).read_text("utf-8"))


def entry(**report: Any) -> AeoEntry:
    facts = {name: value for name, value in report.items() if name not in {"id", "at", "sequence", "sub_state"}}
    status = AeoStatus(sub_state=SubState(report["sub_state"]), **facts)
    return AeoEntry(report["id"], datetime.fromisoformat(report["at"]), report.get("sequence", 0), status)


@pytest.mark.parametrize(("day", "order"), cases("regimes.yaml")["in_force"].items())
def test_regime_on(day: date, order: int) -> None:
    assert regime_on(day).order == order


def test_before_the_first_regime() -> None:
    with pytest.raises(NotFound):
        regime_on(date(2008, 3, 31))


def test_regimes_follow_each_other_without_gap() -> None:
    assert [regime.order for regime in regimes()] == [170, 225, 237, 251, 282]
    for older, newer in zip(regimes(), regimes()[1:], strict=False):
        assert older.in_force_to is not None
        assert older.in_force_to + timedelta(days=1) == newer.in_force_from
    assert regimes()[-1].in_force_to is None


def test_every_level_reads_under_the_next_regime() -> None:
    """Each level of each regime has exactly one reading under the following one, and it leads to a level of that one."""
    readings = [(reading["into"], reading["from"]) for reading in rg._data()["readings"]]
    expected = [(newer.order, level.code) for older, newer in zip(regimes(), regimes()[1:], strict=False) for level in older.levels]
    assert sorted(readings) == sorted(expected)
    for reading in rg._data()["readings"]:
        regime = next(regime for regime in regimes() if regime.order == reading["into"])
        assert "to" not in reading or regime.level(reading["to"])


@pytest.mark.parametrize("case", cases("regimes.yaml")["readings"], ids=lambda case: f"{case['granted']} on {case['day']}")
def test_read_level(case: dict[str, Any]) -> None:
    reading = read_level(case["granted"], case["granted_on"], case["day"])
    assert reading is not None
    assert (reading.level.code if reading.level else None) == case["reads"]
    assert reading.level is None or reading.level.aeo == case["aeo"]
    assert (reading.confidence, len(reading.steps)) == (case["confidence"], case["steps"])


def test_a_level_that_its_regime_does_not_know_has_no_reading() -> None:
    assert read_level("CERTIFIED", date(2024, 1, 1), DAY) is None


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("case", cases("status.yaml"), ids=lambda case: case["what"])
def test_status_on(case: dict[str, Any], backwards: bool) -> None:
    history = [entry(**report) for report in case["reports"]]
    current = status_on(history[::-1] if backwards else history, datetime.fromisoformat(case["now"]))
    assert (current.entry.event_id if current.entry else None) == case["current"]
    assert (current.level.code if current.level else None) == case.get("level")
    assert current.uncertain == case.get("uncertain", False)
    assert [problem.code for problem in current.problems] == case.get("problems", [])
    assert all(problem.zh != problem.en for problem in current.problems)
    assert [problem.code for report in history for problem in check_entry(report)] == case.get("problems", [])


MOMENTS = st.integers(0, 6).map(lambda hours: datetime.fromisoformat("2026-05-01T00:00:00+08:00") + timedelta(hours=hours))
ENTRIES = st.builds(
    AeoEntry,
    event_id=st.sampled_from("abcdefgh"),
    effective_at=MOMENTS,
    sequence=st.integers(0, 2),
    status=st.builds(AeoStatus, level=st.sampled_from(["ADVANCED", "CERTIFIED", "AA"]), sub_state=st.sampled_from(SubState)),
)


@given(st.lists(ENTRIES, max_size=8, unique_by=lambda one: one.event_id), MOMENTS, st.randoms())
def test_order_of_arrival_never_matters(history: list[AeoEntry], now: datetime, random: Any) -> None:
    shuffled = list(history)
    random.shuffle(shuffled)
    current = status_on(history, now)
    assert status_on(shuffled, now) == current
    assert status_on([one for one in history if one.effective_at <= now], now) == current
    assert current.entry is None or current.entry.effective_at <= now


@pytest.mark.parametrize("case", cases("certificates.yaml"), ids=lambda case: str(case["valid_until"]))
def test_certificate_state(case: dict[str, Any]) -> None:
    assert certificate_state(AeoStatus("ADVANCED", SubState.ACTIVE, certificate_valid_until=case["valid_until"]), case["day"]) == case["state"]


def test_expiry_is_never_computed_from_the_issue() -> None:
    status = AeoStatus("ADVANCED", SubState.ACTIVE, certificate_issued_on=date(2015, 1, 1), next_review_due_on=date(2018, 1, 1))
    assert certificate_state(status, DAY) == "not_printed"


@pytest.mark.parametrize(
    ("state", "day", "expected"),
    [
        ("OPEN", date(2026, 11, 16), "OPEN"),
        ("OPEN", date(2026, 11, 17), "OPEN"),
        ("OPEN", date(2026, 11, 18), "OVERDUE"),
        ("SUBMITTED", date(2026, 11, 18), "SUBMITTED"),
        ("ACCEPTED", date(2026, 11, 18), "ACCEPTED"),
        ("NONE", date(2026, 11, 18), "NONE"),
    ],
)
def test_rectification(state: str, day: date, expected: str) -> None:
    assert Rectification(RectificationState(state), date(2026, 11, 17)).state_on(day) == RectificationState(expected)


@pytest.mark.parametrize(("state", "due_on"), [("OPEN", None), ("OVERDUE", DAY)])
def test_rectification_as_no_source_may_report_it(state: str, due_on: date | None) -> None:
    with pytest.raises(InvalidEvent):
        Rectification(RectificationState(state), due_on)


@pytest.mark.parametrize(
    ("value", "source", "as_of"),
    [("98.5", "", DAY), ("98.5", "  ", DAY), ("98.5", None, DAY), ("98.5", "aeo", None), ("NaN", "aeo", DAY), ("Infinity", "aeo", DAY)],
)
def test_a_credit_score_needs_source_and_day(value: str, source: Any, as_of: Any) -> None:
    with pytest.raises(InvalidEvent):
        CreditScore(Decimal(value), source, as_of)


def test_a_credit_score_with_both() -> None:
    assert CreditScore(Decimal("98.5"), "aeo-management", DAY).value == Decimal("98.5")


def test_an_entry_needs_a_time_zone() -> None:
    with pytest.raises(InvalidEvent):
        entry(id="a", at="2026-05-01T00:00:00", level="ADVANCED", sub_state="ACTIVE")


@pytest.mark.parametrize("case", cases("recognition.yaml"), ids=lambda case: "-".join(str(value) for value in case.values()))
def test_recognition(case: dict[str, Any]) -> None:
    day = case.get("day", DAY)
    code = case.get("level", "ADVANCED")
    level = None if code is None else next(level for regime in regimes() for level in regime.levels if level.code == code)
    answer = recognition(level, SubState(case.get("sub_state", "ACTIVE")), case["market"], day, certificate_expired=case.get("expired", False))
    assert answer.state == case["state"]
    assert answer.basis == case.get("basis", answer.basis)
    assert answer.since == case.get("since", answer.since)
    assert answer.market == case.get("asked", answer.market)
    assert case.get("zh", "") in answer.zh
    assert case.get("en", "") in answer.en
    assert "{" not in answer.zh or "{" in case["market"]
    assert answer.zh != answer.en


@given(st.text(max_size=80))
@settings(max_examples=200, deadline=None)
def test_any_text_is_a_known_market_or_shown_harmlessly(typed: str) -> None:
    code = mra.market_code(typed)
    assert code.isprintable()
    assert len(code) <= 8
    if recognition(None, SubState.NEVER, typed, DAY).state != "unknown_market":
        assert mra.market_code(code) == code


@pytest.mark.parametrize("partner", partners(), ids=lambda partner: partner.iso)
@pytest.mark.parametrize("code", ["CERTIFIED", "REGULAR", "DISCREDITED", "SERIOUSLY_DISCREDITED"])
def test_no_arrangement_is_stretched_to_another_level(partner: mra.Partner, code: str) -> None:
    """Every arrangement that was read names the advanced level; Order 282 made "certified" an AEO too, which binds no partner."""
    level = regime_on(DAY).level(code)
    assert code not in partner.levels
    assert recognition(level, SubState.ACTIVE, partner.iso, DAY).state != "recognised"


@pytest.mark.parametrize("partner", partners(), ids=lambda partner: partner.iso)
@pytest.mark.parametrize("state", [state for state in SubState if not state.keeps_benefits])
def test_lost_benefits_are_lost_everywhere(partner: mra.Partner, state: SubState) -> None:
    assert recognition(regime_on(DAY).level("ADVANCED"), state, partner.iso, DAY).state != "recognised"
    assert recognition(regime_on(DAY).level("ADVANCED"), SubState.ACTIVE, partner.iso, DAY, certificate_expired=True).state != "recognised"


def test_a_hostile_market_is_not_echoed_in_full() -> None:
    assert len(recognition(None, SubState.NEVER, "X" * 100_000, DAY).en) < 100


def test_partner_rows_are_sound() -> None:
    known = set(mra._data()["markets"]["codes"].split())
    levels = set(rg._data()["levels"])
    rows = partners()
    assert len(known) == 249
    assert len({row.iso for row in rows}) == len(rows)
    for row in rows:
        assert row.iso in known | {"EU"}
        assert set(row.covers + row.territories) <= known
        assert not row.scope or (row.scope.keys() == {"zh", "en"} and all(row.scope.values()))
        assert set(row.levels) <= levels
        assert row.status in get_args(mra.PartnerStatus)
        assert row.confidence in get_args(rg.Confidence)
        assert not row.in_force_from or date.fromisoformat(row.in_force_from + "-01-01"[: 10 - len(row.in_force_from)])
        assert bool(row.in_force_from or row.known_by) == (row.status == "in_force")
    assert len(next(row for row in rows if row.iso == "EU").covers) == 27
    markets = [market for row in rows for market in (row.iso, *row.covers, *row.territories)]
    assert len(set(markets)) == len(markets)
    assert set(mra._data()["markets"]["aliases"].values()) <= known | {"EU"}
    assert all(alias == alias.upper() for alias in mra._data()["markets"]["aliases"])
    # Dossier §2.6 and the searches behind the notes: who stands in the table, and how far its force is known.
    in_force = "SG KR HK EU TW NZ CH IL JP BY CL BR UY AE UG MO CR ZA RS AU GB MN EC"
    assert {row.iso for row in rows if row.status == "in_force"} == set(in_force.split())
    assert {row.iso for row in rows if row.status != "in_force"} == {"RU", "KZ", "IR", "PH", "TH"}
    assert {row.zh for row in rows if row.iso in {"HK", "MO", "TW"}} == {"中国香港", "中国澳门", "中国台湾"}


def test_wording_is_complete_in_both_languages() -> None:
    texts, arrangements = sts._data(), mra._data()
    enumerations: list[tuple[dict[str, dict[str, str]], set[str]]] = [
        (texts["sub_states"], set(SubState)),
        (texts["rectification"], set(RectificationState)),
        (arrangements["states"], set(get_args(mra.RecognitionState))),
        (rg._data()["levels"], {level.code for regime in regimes() for level in regime.levels}),
    ]
    for table, members in enumerations:
        assert set(table) == members
        assert all(row["zh"] and row["en"] and row["zh"] != row["en"] for row in table.values())
    assert all(state.zh and state.en and state.meaning_zh and state.meaning_en for state in SubState)
    assert all(state.zh and state.en for state in RectificationState)
    assert all(mra.state_name(state, lang) for state in get_args(mra.RecognitionState) for lang in ("zh", "en"))
    assert all(regime.zh and regime.en for regime in regimes())
    assert all(partner.zh and partner.en for partner in partners())
    assert all(set(sentence) == {"zh", "en"} for sentence in arrangements["sentences"].values())
