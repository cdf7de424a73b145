"""The run as a whole: exactness, editions, insufficient data, periods, reproducibility."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecid.scoring.engine import ALL_POINTS, Request, score
from ecid.scoring.policy import load_policy
from ecid.scoring.reference import Reference
from ecid.scoring.result import Result
from tests.scoring.conftest import CELL, Lines, frame
from tests.scoring.tariff import small_reference

POLICY = load_policy()
AS_OF = date(2026, 5, 17)
WITHOUT_MODEL = "1|0|电动工具用|锂离子|190Wh/kg|甬光牌||2.6Ah|3.6V"


def run(lines: Any, reference: Reference, **request: Any) -> Result:
    return score(lines, reference, POLICY, replace(Request("e", "feed", AS_OF), **request))


def rules(result: Result) -> dict[str, tuple[str, ...]]:
    return {finding.rule: finding.lines for finding in result.findings}


def test_clean_lines_lose_nothing(lines: Lines, reference: Reference) -> None:
    result = run(lines([{}] * 30), reference)
    assert result.score_exact_micro == ALL_POINTS
    assert result.findings == ()
    assert result.coverage_ppm == 1_000_000
    assert result.band == "90_plus"


def test_missing_element_costs_what_the_policy_says(lines: Lines, reference: Reference) -> None:
    result = run(lines([{}] * 30 + [{"specification": WITHOUT_MODEL}] * 30), reference)
    dimension = next(d for d in result.dimensions if d.number == 2)
    # Half of the weight (value is even, cells are months) with one of nine mandatory values missing: x = 1/2 + 1/2 · 1/9.
    share = dimension.share_ppm
    assert share is not None
    assert dimension.lost_micro == pytest.approx(dimension.weight_micro * share / 400_000, abs=100)
    assert rules(result) == {"ELEMENT_MISSING": tuple(f"line-{n}" for n in sorted(range(30, 60), key=lambda n: (n * 5 % 350, f"line-{n}")))}
    assert result.findings[0].evidence[0]["label"] == "型号"


def test_weights_of_dimensions_left_out_go_to_the_others(lines: Lines, reference: Reference) -> None:
    result = run(lines([{}] * 30), reference)
    assert sum(d.weight_micro for d in result.dimensions) == ALL_POINTS
    left_out = {d.number: d.state for d in result.dimensions if d.state != "judged"}
    assert left_out == dict.fromkeys((4, 6, 9, 10), "reference_missing") | dict.fromkeys((7, 8), "no_line_concerned")


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([], "no_declarations"),
        ([{}] * 19, "too_few"),
        ([{"mode": "9610"}] * 40, "too_few"),
        ([{"specification": ""}] * 30, "too_little_described"),
        ([{"code": "85076090"}] * 30, None),
    ],
)
def test_insufficient_data_has_its_reason(rows: list[dict[str, Any]], reason: str | None, lines: Lines, reference: Reference) -> None:
    result = run(lines(rows), reference)
    assert result.insufficient_data == reason
    if reason:
        assert (result.score, result.score_exact_micro, result.band) == (None, None, None)
        assert all(finding.points_micro is None for finding in result.findings)
        assert all(dimension.lost_micro is None for dimension in result.dimensions)


def test_reference_missing_when_no_edition_knows_the_codes(lines: Lines, reference: Reference) -> None:
    # Known at six digits, and dated outside the only edition: whether the eight-digit line existed then cannot be said.
    result = run(lines([{"code": "85414390", "declared_on": date(2024, 6, 1)}] * 30), reference)
    assert result.insufficient_data == "reference_missing"
    assert rules(result).keys() == {"CODE_UNKNOWN"}
    assert result.findings[0].points_micro is None


def test_unknown_code_fails_dimensions_one_to_four(lines: Lines, reference: Reference) -> None:
    result = run(lines([{}] * 40 + [{"code": "99999999"}]), reference)
    assert rules(result) == {"CODE_UNKNOWN": ("line-40",)}
    assert set(result.findings[0].points_by_dimension) == {1, 2, 3, 4}
    assert result.findings[0].points_by_dimension[4] == 0, "nothing is known of goods here"
    assert sum(result.findings[0].points_by_dimension.values()) == result.findings[0].points_micro == ALL_POINTS - (result.score_exact_micro or 0)


def test_outdated_code_names_its_successors(lines: Lines, reference: Reference) -> None:
    result = run(lines([{}] * 40 + [{"code": "8541402000", "declared_on": date(2025, 3, 3)}]), reference)
    finding = result.findings[0]
    assert finding.rule == "CODE_NOT_IN_FORCE"
    assert {code[:6] for code in finding.suggested_codes} == {"854142", "854143"}


def test_nearest_edition_judges_what_it_contains(lines: Lines, reference: Reference) -> None:
    result = run(lines([{"declared_on": date(2024, 2, 29)}] * 30), reference)
    assert (result.edition_substituted, result.coverage_ppm) == (30, 1_000_000)


def test_older_lines_are_listed_but_not_weighed(lines: Lines, reference: Reference) -> None:
    old = {"declared_on": date(2023, 5, 17), "specification": WITHOUT_MODEL}
    result = run(lines([{}] * 30 + [old]), reference)
    assert result.period == (date(2023, 5, 18), AS_OF)
    assert result.lines_outside_period == 1
    assert rules(result) == {"ELEMENT_MISSING": ("line-30",)}
    assert result.score_exact_micro == ALL_POINTS


def test_period_asked_for_leaves_the_rest_out(lines: Lines, reference: Reference) -> None:
    old = {"declared_on": date(2023, 5, 17), "specification": WITHOUT_MODEL}
    result = run(lines([{}] * 30 + [old]), reference, period=(date(2024, 1, 1), date(2025, 12, 31)))
    assert (result.lines_judged, result.lines_outside_period, result.findings) == (30, 1, ())


def test_lines_after_the_day_do_not_count(lines: Lines, reference: Reference) -> None:
    result = run(lines([{}] * 30 + [{"declared_on": date(2026, 5, 18), "specification": WITHOUT_MODEL}]), reference)
    assert (result.lines_judged, result.lines_outside_period, result.findings) == (30, 1, ())


def test_file_results_carry_no_band(lines: Lines, reference: Reference) -> None:
    assert run(lines([{}] * 30), reference, provenance="file").band is None


def test_order_of_lines_does_not_matter(lines: Lines, reference: Reference) -> None:
    rows = [
        {"price_e4": 10**6 + n * 7919 % 300_000, "first_unit": "035" if n % 7 else "007", **({} if n % 3 else {"specification": WITHOUT_MODEL})}
        for n in range(50)
    ]
    given_order, backwards = lines(rows), lines(rows).reverse()
    assert run(given_order, reference) == run(backwards, reference)


_CODES = st.sampled_from(["8507600090", "85065000", "7318151000", "7318159000", "94032000", "0808100000", "8541402000", "99999999", "85414300", "1234"])
_VALUES = st.lists(st.sampled_from(["", "0", "1", "7", "机器用", "锂离子", "甬光牌", "无品牌", "M8", "3.6V", "3", "鲜", "钢"]), max_size=14).map("|".join)
_QUANTITY = st.sampled_from([None, -100_000, 0, 1, 100_000, 250_000_000, 2**62])
_UNIT = st.sampled_from([None, "007", "035", "036", "054", "120", "095", "999", "PCS", "个"])
_PRICED = {"sku": "A-1", "unit": "007", "quantity_e5": 10**7, "first_unit": "007", "second_unit": "035"}
"""Enough lines of one item for a median."""
_ROW = st.fixed_dictionaries(
    {
        "code": _CODES,
        "name": st.sampled_from(["锂电池", "螺栓", "家具", "", "其他"]),
        "specification": _VALUES,
        "total_e4": st.one_of(st.none(), st.integers(-5, 10**14)),
        "currency": st.sampled_from(["USD", "CNY", "XXX", None]),
        "mode": st.sampled_from(["0110", "9610", None]),
        "declared_on": st.one_of(st.none(), st.dates(date(2021, 1, 1), date(2026, 12, 31))),
        "sku": st.sampled_from([None, None, "A-1"]),
        "quantity_e5": _QUANTITY,
        "unit": _UNIT,
        "first_quantity_e5": _QUANTITY,
        "first_unit": _UNIT,
        "second_quantity_e5": _QUANTITY,
        "second_unit": _UNIT,
        "price_e4": st.one_of(st.none(), st.integers(-5, 10**7), st.just(2**62)),
    }
)


@settings(max_examples=150, deadline=None)
@given(st.lists(_ROW, min_size=0, max_size=60))
def test_points_add_up_exactly(rows: list[dict[str, Any]]) -> None:
    usual = [{**CELL, **_PRICED, "price_e4": 10_000 + n, "first_quantity_e5": 10**7, "second_quantity_e5": 10**6} for n in range(20)]
    result = run(frame([*rows, *usual]), small_reference())
    if result.score_exact_micro is None:
        assert result.insufficient_data
        return
    assert 0 <= result.score_exact_micro <= ALL_POINTS
    assert sum(f.points_micro or 0 for f in result.findings) + sum(c.points_micro for c in result.caps) == ALL_POINTS - result.score_exact_micro
    assert sum(d.lost_micro or 0 for d in result.dimensions) + sum(c.points_micro for c in result.caps) == ALL_POINTS - result.score_exact_micro
    for finding in result.findings:
        assert finding.points_micro == sum(finding.points_by_dimension.values())
        assert finding.lines
    assert len({finding.id for finding in result.findings}) == len(result.findings)


def test_what_left_the_period_has_no_say(lines: Lines, reference: Reference) -> None:
    spec = "1|0|合金钢|1000MPa|固力牌|GL-M812X|8mm"
    old = [{"code": "7318151000", "name": "六角螺栓", "specification": spec, "declared_on": date(2025, 1, day)} for day in range(1, 11)]
    new = [{"code": "7318159000", "name": "六角螺栓", "specification": spec, "declared_on": date(2025, 6, day)} for day in range(1, 11)]
    rows = [*old, *new, *([{}] * 20)]
    past = {"code": "7318159000", "name": "六角螺栓", "specification": spec, "declared_on": date(2020, 5, 5)}
    alone, beside = run(lines(rows), reference), run(lines([*rows, past]), reference)
    assert beside.score_exact_micro == alone.score_exact_micro
    assert beside.lines_outside_period == 1


def test_amounts_beyond_64_bits_still_weigh(lines: Lines, reference: Reference) -> None:
    huge, small = {"total_e4": 9 * 10**18}, {"total_e4": 50_000}
    result = run(lines([huge] * 30 + [small] * 30 + [{**small, "code": "99999999"}] * 5), reference)
    # The small cells claim next to nothing beside the huge ones; what matters is that no sum wrapped round.
    assert result.coverage_ppm == 1_000_000
    assert result.score_exact_micro == ALL_POINTS
    assert all(finding.weight_share_ppm >= 0 and finding.value_share_ppm >= 0 for finding in result.findings)


def test_outdated_codes_are_judged_not_missing_a_reference(lines: Lines, reference: Reference) -> None:
    result = run(lines([{"code": "8541402000"}] * 60), reference)
    assert (result.insufficient_data, result.coverage_ppm) == (None, 1_000_000)
    assert result.score is not None
    assert result.score < 100


def test_only_older_lines_are_no_declarations(lines: Lines, reference: Reference) -> None:
    assert run(lines([{"declared_on": date(2021, 1, 5)}] * 30), reference).insufficient_data == "no_declarations"
