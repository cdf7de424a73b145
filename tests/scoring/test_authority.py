"""Dimensions 6 and 10 as a whole: their states, the cap with its points, what is told beside them, and that nothing depends on order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecid.clearance.records import AnomalyRecord
from ecid.clearance.taxonomy import State
from ecid.scoring.authority import Authority, Decision, Ruling, merged_decisions
from ecid.scoring.engine import ALL_POINTS, Request, score
from ecid.scoring.policy import load_policy
from ecid.scoring.reference import Reference
from ecid.scoring.result import DimensionResult, Result, Review, Unplaced, to_json
from tests.scoring.conftest import CELL, Lines, frame
from tests.scoring.tariff import small_reference

POLICY = load_policy()
AS_OF = date(2026, 5, 17)
RULING = Ruling("R-1", "85065000", "锂离子电池", date(2025, 1, 1), date(2027, 12, 31), brand="甬光牌", model="YG-RULED")
RULED = {"specification": "1|0|电动工具用|锂离子|190Wh/kg|甬光牌|YG-RULED|2.6Ah|3.6V"}
BOTH = Authority(rulings=(RULING,), outcomes=())
WITHOUT_MODEL = {"specification": "1|0|电动工具用|锂离子|190Wh/kg|甬光牌||2.6Ah|3.6V"}
NUMBER = "310420250040970934"


def run(rows: Sequence[Mapping[str, Any]], authority: Authority, reference: Reference | None = None, as_of: date = AS_OF, **request: Any) -> Result:
    return score(frame(rows), reference or small_reference(), POLICY, Request("e", "feed", as_of, authority=authority, **request))


def dimension(result: Result, number: int) -> DimensionResult:
    return next(found for found in result.dimensions if found.number == number)


def test_the_policy_says_what_the_design_says() -> None:
    assert (POLICY.ruling_cap.lines, POLICY.ruling_cap.share_ppm, POLICY.ruling_cap.ceiling, POLICY.disclosed_ppm) == (3, 10_000, 80, 250_000)
    assert {d.number: (d.weight, d.full_ppm) for d in POLICY.dimensions if d.number in (6, 10)} == {6: (16, 50_000), 10: (8, 50_000)}


@pytest.mark.parametrize(
    ("authority", "states"),
    [
        (Authority(), ("reference_missing", "reference_missing")),
        (Authority(rulings=()), ("no_line_concerned", "reference_missing")),
        (Authority(decisions=()), ("no_line_concerned", "reference_missing")),
        (Authority(outcomes=()), ("reference_missing", "judged")),
        (Authority(rulings=(replace(RULING, model="OTHER-1"),)), ("no_line_concerned", "reference_missing")),
        (BOTH, ("judged", "judged")),
    ],
)
def test_a_dimension_is_left_out_only_where_nothing_is_known_or_nothing_concerned(authority: Authority, states: tuple[str, str]) -> None:
    result = run([RULED, *[{}] * 29], authority)
    assert (dimension(result, 6).state, dimension(result, 10).state) == states
    assert sum(d.weight_micro for d in result.dimensions) == ALL_POINTS
    for number in (6, 10):
        assert (dimension(result, number).weight_micro > 0) is (dimension(result, number).state == "judged")


@pytest.mark.parametrize(
    ("contrary", "others", "capped"),
    [
        (2, 400, False),  # two lines of some half a per cent
        (3, 4000, True),  # three lines, however light
        (1, 30, True),  # one line of more than a per cent
        (0, 30, False),
    ],
)
def test_the_cap_begins_at_three_lines_or_one_per_cent(contrary: int, others: int, capped: bool) -> None:
    result = run([RULED] * contrary + [{}] * others, BOTH)
    assert bool(result.caps) is capped
    if capped:
        (cap,) = result.caps
        assert (cap.rule, cap.ceiling_micro, len(cap.lines)) == ("RULING_CONFLICT", 80 * 10**6, contrary)
        assert result.score_exact_micro == min(80 * 10**6, ALL_POINTS - sum(d.lost_micro or 0 for d in result.dimensions))
        assert to_json(result, (), "en")["caps"][0]["points_micro"] == cap.points_micro


def test_the_cap_takes_nothing_where_the_score_is_lower_anyway() -> None:
    result = run([{**RULED, "code": "99999999"}] * 10 + [RULED] * 10 + [{**WITHOUT_MODEL, "code": "7318159000"}] * 10, BOTH)
    assert result.score_exact_micro is not None
    assert result.score_exact_micro < 80 * 10**6
    assert [cap.points_micro for cap in result.caps] == [0]


def test_the_cap_ends_with_the_lines_amended_or_out_of_the_window() -> None:
    others = [{"declared_on": date(2025, 3, 5 + n % 24)} for n in range(1000)]
    contrary = [{**RULED, "declared_on": date(2025, 3, 3 + n)} for n in range(3)]
    assert run([*contrary, *others], BOTH).caps
    amended = [{**contrary[0], "code": "8506500000", "specification": "1|0|电动工具用|甬光牌|YG-RULED"}]
    assert not run([*amended, *contrary[1:], *others], BOTH).caps
    assert run([*contrary, *others], BOTH, as_of=date(2028, 3, 2)).caps
    assert not run([*contrary, *others], BOTH, as_of=date(2028, 3, 3)).caps  # the first of the three has left


def test_samples_are_no_part_of_the_cap() -> None:
    result = run([{**RULED, "mode": "3010"}] * 5 + [{}] * 40, BOTH)
    assert {finding.rule for finding in result.findings} == {"RULING_CONFLICT"}
    assert (result.caps, result.score_exact_micro) == ((), ALL_POINTS)


def outcome(**told: Any) -> Authority:
    return Authority(outcomes=(AnomalyRecord(**{"record_id": "C1", "code": "CLS-01", "key_date": date(2025, 9, 1), "declaration_no": NUMBER, **told}),))


def test_disclosed_counts_a_quarter_and_a_declaration_is_shared_among_its_lines() -> None:
    own = {"line_id": f"{NUMBER}-1", "declared_on": date(2025, 4, 4)}
    rest = [{"declared_on": date(2025, 4, 4)} for _ in range(999)]
    second = {"line_id": f"{NUMBER}-2", "declared_on": date(2025, 4, 4)}
    whole = dimension(run([own, *rest], outcome()), 10)
    quarter = dimension(run([own, *rest], outcome(disclosed=True)), 10)
    shared = dimension(run([own, second, *rest[1:]], outcome()), 10)
    named = dimension(run([own, second, *rest[1:]], outcome(line_ids=(f"{NUMBER}-2",))), 10)
    # A thousandth of the weight of 5 %, at which all points of the dimension are gone.
    assert whole.lost_micro == pytest.approx(whole.weight_micro * 0.001 / 0.05, abs=2)
    assert quarter.lost_micro == pytest.approx(whole.lost_micro / 4, abs=2)
    assert shared.lost_micro == pytest.approx(whole.lost_micro, abs=2)
    assert named.lost_micro == pytest.approx(whole.lost_micro, abs=2)


def test_several_records_of_a_line_cost_once() -> None:
    rows = [{"line_id": f"{NUMBER}-1"}, *[{}] * 99]
    one = AnomalyRecord("C1", "CLS-01", date(2025, 9, 1), disclosed=True, declaration_no=NUMBER)
    both = (
        one,
        AnomalyRecord("C2", "CLS-03", date(2025, 10, 1), declaration_no=NUMBER),
        AnomalyRecord("C3", "CLS-03", date(2025, 11, 1), State.OPEN, declaration_no=NUMBER),
    )
    (finding,) = run(rows, Authority(outcomes=both)).findings
    assert finding.lines == (f"{NUMBER}-1",)
    assert finding.evidence[0]["record"] == "C2"
    assert finding.points_micro == next(f.points_micro for f in run(rows, Authority(outcomes=both[1:2])).findings)


def test_records_without_a_line_are_told() -> None:
    other = "310420250040970999"
    records = (
        AnomalyRecord("C1", "CLS-01", date(2025, 9, 1), declaration_no=other),
        AnomalyRecord("C2", "CLS-03", date(2025, 9, 2), declaration_no=NUMBER, line_ids=(f"{NUMBER}-1", f"{NUMBER}-9")),
        AnomalyRecord("C3", "CLS-03", date(2025, 9, 3)),
        AnomalyRecord("C4", "CLS-03", date(2025, 9, 4), State.VOID, declaration_no=other),
        AnomalyRecord("C5", "INS-01", date(2025, 9, 5), declaration_no=other),
    )
    result = run([{"line_id": f"{NUMBER}-1"}, *[{}] * 29], Authority(outcomes=records))
    assert result.unplaced == (
        Unplaced("C1", "CLS-01", date(2025, 9, 1), (other,), "no_such_line"),
        Unplaced("C2", "CLS-03", date(2025, 9, 2), (f"{NUMBER}-9",), "no_such_line"),
        Unplaced("C3", "CLS-03", date(2025, 9, 3), (), "no_line_named"),
    )
    assert [lost["record"] for lost in to_json(result, (), "zh")["unplaced_records"]] == ["C1", "C2", "C3"]
    assert [finding.lines for finding in result.findings] == [(f"{NUMBER}-1",)]


def test_a_mark_shows_and_the_points_stay() -> None:
    rows = [{}] * 40 + [WITHOUT_MODEL] * 3
    plain = run(rows, BOTH)
    review = Review("以样品核实，型号确不存在", "关务 李", date(2026, 5, 1))
    marked = run(rows, BOTH, reviews={plain.findings[0].id: review, "0123456789abcdef": review})
    assert marked.findings[0].review == review
    assert (marked.score_exact_micro, [f.points_micro for f in marked.findings]) == (plain.score_exact_micro, [f.points_micro for f in plain.findings])
    assert marked.reviews_unmatched == ("0123456789abcdef",)
    assert to_json(marked, (), "zh")["findings"][0]["review"] == {"because": review.because, "by": review.by, "on": "2026-05-01"}
    assert to_json(plain, (), "zh")["findings"][0]["review"] is None


def test_a_decision_told_by_an_event_stands_before_the_published_record() -> None:
    published = Decision("Z2025-1", "85065000", ("电池组",), "record", date(2025, 1, 1), words="电芯焊接而成")
    told = Decision("Z2025-1", "85065000", ("电池组",), "event", date(2025, 1, 1), date(2025, 6, 30))
    assert merged_decisions([published], [told]) == (replace(told, words="电芯焊接而成"),)
    elsewhere = replace(told, code="94032000")
    assert merged_decisions([published], [elsewhere]) == (elsewhere,)
    assert merged_decisions([published], []) == (published,)


def test_what_was_told_is_a_version_of_the_result_and_its_order_is_not(lines: Lines) -> None:
    other = replace(RULING, number="R-2", code="94032000", model="YG-2")
    records = [AnomalyRecord(f"C{n}", "CLS-01", date(2025, 9, 1 + n), declaration_no=NUMBER) for n in range(3)]
    rows = [{"line_id": f"{NUMBER}-{n}"} for n in range(1, 4)] + [RULED, *[{}] * 20]
    one = run(rows, Authority(rulings=(RULING, other), outcomes=tuple(records)))
    request = Request("e", "feed", AS_OF, authority=Authority(rulings=(other, RULING), outcomes=tuple(records[::-1])))
    back = score(lines(rows).reverse(), small_reference(), POLICY, request)
    assert one == back
    assert one.versions["authority"] != run(rows, Authority(rulings=(RULING,), outcomes=tuple(records))).versions["authority"]
    assert run(rows, Authority()).versions["authority"] == {}
    assert one.versions["input_sha256"] == run(rows, Authority()).versions["input_sha256"]


_RULED_CODES = st.sampled_from(["85065000", "85076000", "94032000", "85414000", "99999999"])
_RULINGS = st.lists(
    st.builds(
        Ruling,
        number=st.sampled_from(["R-1", "R-2", "R-3"]),
        code=_RULED_CODES,
        goods_name=st.sampled_from(["锂离子电池", "螺栓", ""]),
        valid_from=st.dates(date(2023, 1, 1), date(2025, 12, 31)),
        valid_until=st.dates(date(2025, 1, 1), date(2028, 12, 31)),
        brand=st.sampled_from(["", "甬光牌"]),
        model=st.sampled_from(["", "YG-18650", "YG-RULED"]),
        sku=st.sampled_from(["", "A-1"]),
        ended_on=st.one_of(st.none(), st.dates(date(2025, 1, 1), date(2026, 1, 1))),
    ),
    max_size=3,
    unique_by=lambda ruling: ruling.number,
)
_RECORDS = st.lists(
    st.builds(
        AnomalyRecord,
        record_id=st.sampled_from(["C1", "C2", "C3", "C4"]),
        code=st.sampled_from(["CLS-01", "CLS-03", "INS-01"]),
        key_date=st.dates(date(2022, 1, 1), date(2026, 12, 31)),
        state=st.sampled_from(State),
        disclosed=st.booleans(),
        declaration_no=st.sampled_from([None, NUMBER, "310420250040970999"]),
        line_ids=st.sampled_from([(), (f"{NUMBER}-1",), (f"{NUMBER}-2", f"{NUMBER}-7")]),
    ),
    max_size=4,
    unique_by=lambda record: record.record_id,
)
_ROWS = st.lists(
    st.sampled_from(
        [
            {},
            RULED,
            WITHOUT_MODEL,
            {"sku": "A-1"},
            {"name": "螺栓"},
            {"code": "99999999"},
            {"mode": "3010", **RULED},
            {"declared_on": date(2022, 2, 2), **RULED},
        ]
    ),
    min_size=20,
    max_size=40,
)


@settings(max_examples=120, deadline=None)
@given(_ROWS, _RULINGS, _RECORDS)
def test_findings_and_caps_add_up_to_what_is_missing(rows: list[dict[str, Any]], rulings: list[Ruling], records: list[AnomalyRecord]) -> None:
    placed = [{**CELL, **row, "line_id": f"{NUMBER}-{n}"} for n, row in enumerate(rows)]
    result = run(placed, Authority(rulings=tuple(rulings), decisions=(), outcomes=tuple(records)))
    if result.score_exact_micro is None:
        assert result.insufficient_data
        assert result.caps == ()
        return
    caps = sum(cap.points_micro for cap in result.caps)
    assert sum(finding.points_micro or 0 for finding in result.findings) + caps == ALL_POINTS - result.score_exact_micro
    assert sum(d.lost_micro or 0 for d in result.dimensions) + caps == ALL_POINTS - result.score_exact_micro
    assert not result.caps or result.score_exact_micro <= 80 * 10**6


@pytest.mark.parametrize(
    ("ruled", "declared", "held"),
    [
        ("R-7", "R-7", True),
        ("r-7", "R-7", True),
        ("Ｒ－７", "r-7", True),
        (" R-7 ", "Ｒ-7", True),
        ("STRASSE", "straße", True),
        ("R-7", "R-70", False),
        ("R-7", "R7", False),
        ("  ", "R-7", False),
    ],
)
def test_item_numbers_are_the_same_however_they_are_written(ruled: str, declared: str, held: bool) -> None:
    ruling = replace(RULING, brand="", model="", goods_name="另一名称", sku=ruled)
    result = run([{**WITHOUT_MODEL, "sku": declared}] * 30, Authority(rulings=(ruling,)))
    found = [finding for finding in result.findings if finding.rule == "RULING_CONFLICT"]
    assert bool(found) is held
    assert not found or found[0].product_key == f"sku:{declared}"
