"""Weights: exact total, the two halves, small cells, nothing weighed."""

from __future__ import annotations

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from ecid.scoring.policy import load_policy
from ecid.scoring.shares import allot
from ecid.scoring.weights import line_weights

POLICY = load_policy()
TOTAL = 10**12


def weigh(rows: list[tuple[int, str, bool]]) -> list[int]:
    values, cells, weighed = zip(*rows, strict=True) if rows else ((), (), ())
    return line_weights(pl.Series(values, dtype=pl.Int64), pl.Series(cells, dtype=pl.String), pl.Series(weighed, dtype=pl.Boolean), POLICY).to_list()


def test_half_by_value_half_by_cell() -> None:
    # Values 3 : 1 in two cells of one line each: ½ · ¾ + ½ · ½ and ½ · ¼ + ½ · ½.
    assert weigh([(300, "a", True), (100, "b", True)]) == [625 * 10**9, 375 * 10**9]


def test_a_cell_is_split_evenly_over_its_lines() -> None:
    assert weigh([(100, "a", True), (100, "a", True), (200, "b", True)]) == [250 * 10**9, 250 * 10**9, 500 * 10**9]


def test_cells_below_the_floor_weigh_in_proportion() -> None:
    # 0.025 % of the value is half of the floor: the small cell claims half of what the large one does.
    large, small = weigh([(399_900, "a", True), (100, "b", True)])
    assert small == round(TOTAL / 2 * 100 / 400_000 + TOTAL / 2 / 3)
    assert large + small == TOTAL


def test_without_any_value_cells_alone_decide() -> None:
    assert weigh([(0, "a", True), (0, "a", True), (0, "b", True)]) == [250 * 10**9, 250 * 10**9, 500 * 10**9]


def test_a_cell_with_a_line_of_unknown_value_is_not_taken_to_be_small() -> None:
    # ½ by value to the one known line; the cells' half is split in two: the unknown line, alone in its cell, has a quarter of the whole.
    assert weigh([(10**9, "a", True), (0, "b", True)]) == [750 * 10**9, 250 * 10**9]
    # The known small line of such a cell too; an unweighed line has no say in what its cell claims.
    large, small, unknown = weigh([(10**9, "a", True), (1, "b", True), (0, "b", True)])
    assert large + small + unknown == TOTAL
    assert abs(unknown - 125 * 10**9) <= 1
    assert 0 <= small - unknown < 1000
    assert weigh([(10**9, "a", True), (1, "b", True), (0, "b", False)])[1] < 2 * 10**6


def test_unweighed_lines_weigh_nothing() -> None:
    assert weigh([(10**9, "a", False), (1, "b", True)]) == [0, TOTAL]
    assert weigh([(10**9, "a", False)]) == [0]
    assert weigh([]) == []


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9 * 10**18), st.sampled_from("abcdefgh"), st.booleans()), min_size=1, max_size=80))
def test_weights_add_up_exactly(rows: list[tuple[int, str, bool]]) -> None:
    weights = weigh(rows)
    assert sum(weights) == (TOTAL if any(weighed for _, _, weighed in rows) else 0)
    assert all(weight >= 0 for weight in weights)
    assert all(not weight or weighed for weight, (_, _, weighed) in zip(weights, rows, strict=True))


@given(st.integers(0, 10**9), st.lists(st.integers(0, 10**12), max_size=30))
def test_allotting_loses_nothing(total: int, claims: list[int]) -> None:
    given_out = allot(total, claims)
    assert sum(given_out) == (total if sum(claims) else 0)
    for share, claim in zip(given_out, claims, strict=True):
        assert abs(share - (total * claim / sum(claims) if sum(claims) else 0)) <= 1 + 1e-6 * total
