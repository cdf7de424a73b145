"""Dimension 5: which lines of a product are under another code, switches, forced changes, and what makes goods the same."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from ecid.scoring.engine import Request, score
from ecid.scoring.policy import load_policy
from ecid.scoring.reference import Reference
from tests.scoring.conftest import Lines

HIGH: dict[str, Any] = {"code": "7318151000", "name": "六角螺栓"}
OTHER: dict[str, Any] = {"code": "7318159000", "name": "六角螺栓"}
SPEC = "1|0|合金钢|1000MPa|固力牌|GL-M8|8mm"


def split(lines: Lines, reference: Reference, rows: list[dict[str, Any]], as_of: date = date(2026, 5, 17)) -> tuple[str, ...]:
    rows = [{"specification": SPEC, **row} for row in rows] + [{"declared_on": as_of}] * 25
    result = score(lines(rows), reference, load_policy(), Request("e", "feed", as_of))
    found = [finding for finding in result.findings if finding.rule == "SAME_GOODS_SPLIT"]
    assert len(found) <= 1
    return tuple(sorted(found[0].lines)) if found else ()


def test_lines_outside_the_heaviest_code_need_review(lines: Lines, reference: Reference) -> None:
    rows = [HIGH, HIGH, OTHER, HIGH, HIGH]
    assert split(lines, reference, rows) == ("line-2",)


def test_value_decides_which_code_is_the_products(lines: Lines, reference: Reference) -> None:
    rows = [HIGH, {**OTHER, "total_e4": 900_000_000}, HIGH]
    assert split(lines, reference, rows) == ("line-0", "line-2")


@pytest.mark.parametrize(
    ("rows", "same"),
    [
        ([HIGH, HIGH, {**OTHER, "specification": "1|0|合金钢|1000MPa|固力牌|GL-M9|8mm"}], False),  # another model
        ([HIGH, HIGH, {**OTHER, "name": "法兰面六角螺栓"}], True),  # same brand and model, name varied
        ([HIGH, HIGH, {**OTHER, "name": "弹簧垫圈"}], False),  # a series name in the model column
        ([{**HIGH, "sku": "A1", "specification": ""}, {**HIGH, "sku": "A1"}, {**OTHER, "sku": "A1", "name": "x"}], True),
        ([{**HIGH, "specification": "0|0|合金钢|1000MPa|无品牌|无型号|8mm"}] * 2 + [{**OTHER, "specification": "0|0|合金钢|1000MPa|无品牌|无型号|8mm"}], True),
        ([{**HIGH, "name": "其他", "specification": "0|0||||无型号|"}] * 2 + [{**OTHER, "name": "其他", "specification": "0|0||||无型号|"}], False),
        ([{**HIGH, "specification": "0|0|合金钢|1000MPa|无品牌|无型号|8mm"}] * 2 + [{**OTHER, "specification": "0|0|不锈钢|500MPa|无品牌|无型号|8mm"}], False),
        (
            [HIGH, HIGH, {"code": "9403200000", "name": "六角螺栓", "specification": "1|0|合金钢|1000MPa|固力牌|GL-M8|8mm"}],
            True,
        ),  # same words, other order of elements
        # a telling model is enough, however the name is worded; a decimal point is no noise
        (
            [{**HIGH, "specification": "1|0|合金钢|1000MPa|固力牌|GL-M812X|8mm"}] * 2
            + [{**OTHER, "name": "弹簧垫圈", "specification": "1|0|合金钢|1000MPa|固力牌|GL-M812X|8mm"}],
            True,
        ),
        ([{**HIGH, "specification": "1|0|合金钢|1000MPa|固力牌|CD-7.6|8mm"}] * 2 + [{**OTHER, "specification": "1|0|合金钢|500MPa|固力牌|CD-76|8mm"}], False),
        (
            [{**HIGH, "specification": "0|0|合金钢|1000MPa|无品牌|无型号|9.0mm"}] * 2 + [{**OTHER, "specification": "0|0|合金钢|1000.0MPa|无品牌|无型号|90mm"}],
            False,
        ),
    ],
)
def test_what_makes_goods_the_same(rows: list[dict[str, Any]], same: bool, lines: Lines, reference: Reference) -> None:
    assert bool(split(lines, reference, rows)) is same


def _dated(code: dict[str, Any], *days: int) -> list[dict[str, Any]]:
    return [{**code, "declared_on": date(2025, 1, 6) + timedelta(days=day)} for day in days]


def test_a_lasting_switch_makes_the_new_code_the_products_and_halves_the_old(lines: Lines, reference: Reference) -> None:
    rows = [*_dated(HIGH, 0, 10, 20, 30, 40, 50, 60, 70), *_dated(OTHER, 80, 81, 82, 83, 84, 85)]
    assert split(lines, reference, rows) == tuple(f"line-{n}" for n in range(8))
    share, weight = _shares(lines, reference, rows)
    assert share == pytest.approx(weight / 2, abs=2)


@pytest.mark.parametrize("corrected", range(5, 40, 5))
def test_that_a_switch_is_taken_as_one_never_costs(corrected: int, lines: Lines, reference: Reference) -> None:
    old = _dated(HIGH, *range(30))
    switched, _ = _shares(lines, reference, [*old, *_dated(OTHER, *range(40, 40 + corrected))])
    # The same lines, but for one earlier under the new code: no one-way switch, and the heaviest code is the product's.
    mixed, _ = _shares(lines, reference, [*_dated(OTHER, -1), *old, *_dated(OTHER, *range(40, 39 + corrected))])
    assert 0 < switched <= mixed + 1


def _shares(lines: Lines, reference: Reference, rows: list[dict[str, Any]]) -> tuple[int, int]:
    """The share of weight that dimension 5 counts, and that of the lines of its finding, in millionths."""
    result = score(lines([{"specification": SPEC, **row} for row in rows] + [{}] * 25), reference, load_policy(), Request("e", "feed", date(2026, 5, 17)))
    share = next(d for d in result.dimensions if d.number == 5).share_ppm
    assert share is not None
    return share, next(f for f in result.findings if f.rule == "SAME_GOODS_SPLIT").weight_share_ppm


@pytest.mark.parametrize(("new_days", "lasting"), [((80, 141), True), ((80, 139), False), ((80, 81, 82, 83), False)])
def test_when_a_switch_is_lasting(new_days: tuple[int, ...], lasting: bool, lines: Lines, reference: Reference) -> None:
    rows = [*_dated(HIGH, *range(0, 80, 8)), *_dated(OTHER, *new_days)]
    old = tuple(sorted(f"line-{n}" for n in range(10)))
    assert (split(lines, reference, rows) == old) is lasting


def test_going_back_and_forth_is_no_switch(lines: Lines, reference: Reference) -> None:
    rows = [*_dated(OTHER, 0), *_dated(HIGH, *range(5, 85, 8)), *_dated(OTHER, 90, 91, 92, 93, 94)]
    assert split(lines, reference, rows) == tuple(sorted(f"line-{n}" for n in (0, 11, 12, 13, 14, 15)))


def test_a_change_forced_by_the_nomenclature_is_no_split(lines: Lines, reference: Reference) -> None:
    module = {"name": "光伏组件", "specification": "1|0|550W|日升牌|RS-550"}
    old = [{**module, "code": "8541402000", "sku": "PV550", "declared_on": date(2021, 6, n + 1)} for n in range(4)]
    new = [{**module, "code": "8541430000", "sku": "PV550", "declared_on": date(2025, 6, n + 1)} for n in range(6)]
    assert split(lines, reference, [*old, *new]) == ()


def test_a_model_that_a_whole_range_shares_is_a_filler(lines: Lines, reference: Reference) -> None:
    spec = "1|0|合金钢|1000MPa|固力牌|STD-2025A|8mm"
    rows = [{**HIGH, "name": name, "specification": spec} for name in ("六角螺栓", "圆垫片", "膨胀钩", "吊环")]
    assert split(lines, reference, [*rows, {**OTHER, "name": "开口销", "specification": spec}]) == ()


def test_parcels_make_no_switch_and_undo_none(lines: Lines, reference: Reference) -> None:
    parcel = {"mode": "9610", "total_e4": 0}
    assert split(lines, reference, [HIGH] * 30 + [{**OTHER, **parcel}] * 6) == tuple(sorted(f"line-{n}" for n in range(30, 36)))
    switched = [HIGH] * 6 + [OTHER] * 6
    assert split(lines, reference, switched) == tuple(f"line-{n}" for n in range(6))
    assert split(lines, reference, [*switched, {**HIGH, **parcel}]) == ("line-0", "line-1", "line-12", "line-2", "line-3", "line-4", "line-5")


MODULE: dict[str, Any] = {"name": "光伏组件", "specification": "1|0|550W|日升牌|RS-550", "sku": "PV550"}


def _modules(code: str, first: date, count: int) -> list[dict[str, Any]]:
    return [{**MODULE, "code": code, "declared_on": first + timedelta(days=day)} for day in range(count)]


def _line_names(start: int, count: int) -> tuple[str, ...]:
    return tuple(sorted(f"line-{number}" for number in range(start, start + count)))


def test_a_forced_change_parts_no_weight(lines: Lines, reference: Reference) -> None:
    """Six lines before the new nomenclature and six after it are one code's: eight lines under a third one are the minority."""
    rows = [*_modules("8541402000", date(2021, 6, 1), 6), *_modules("8504409999", date(2022, 5, 30), 8), *_modules("8541430000", date(2022, 6, 1), 6)]
    assert split(lines, reference, rows, date(2022, 12, 1)) == _line_names(6, 8)


@pytest.mark.parametrize("after", [0, 1, 4])
def test_a_forced_change_ends_no_switch(after: int, lines: Lines, reference: Reference) -> None:
    rows = [*_modules("8504409999", date(2021, 5, 1), 8), *_modules("8541402000", date(2021, 6, 1), 6), *_modules("8541430000", date(2022, 6, 1), after)]
    assert split(lines, reference, rows, date(2022, 12, 1)) == _line_names(0, 8)


def test_samples_do_not_make_the_dimension_judged(lines: Lines, reference: Reference) -> None:
    """Thirty products of one line each: nothing can be compared, and two samples of one product are not weighed."""
    goods = [{"sku": f"A{number}"} for number in range(30)]
    states = [
        next(d.state for d in score(lines(rows), reference, load_policy(), Request("e", "feed", date(2026, 5, 17))).dimensions if d.number == 5)
        for rows in (goods, [*goods, *[{"sku": "B", "mode": "3010"}] * 2], [*goods, *[{"sku": "B"}] * 2])
    ]
    assert states == ["no_line_concerned", "no_line_concerned", "judged"]


def test_what_no_loaded_edition_proves_is_not_held_against_anyone(lines: Lines, reference: Reference) -> None:
    """The edition of 2025 alone is loaded: a code of 2024 that it lacks may have been renumbered within its six digits."""
    before = [{**HIGH, "code": "7318152000", "sku": "B", "declared_on": date(2024, 6, 1) + timedelta(days=day)} for day in range(8)]
    after = [{**HIGH, "sku": "B", "declared_on": date(2025, 2, 1) + timedelta(days=day)} for day in range(8)]
    assert split(lines, reference, [*before, *after]) == ()
    proved = [{**row, "code": OTHER["code"]} for row in before]
    assert split(lines, reference, [*proved, *after]) == _line_names(0, 8)
