"""The plan: the cheapest set against brute force, what is proven beyond exact search, the schedule by month, targets out of reach."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from itertools import combinations, pairwise
from typing import Any

import pytest

from ecid.clearance.records import AnomalyRecord
from ecid.scoring import cheapest as search
from ecid.scoring.authority import Authority
from ecid.scoring.causes import causes_of
from ecid.scoring.cheapest import Choice, cheapest
from ecid.scoring.dimensions import ALL_POINTS
from ecid.scoring.loss_table import Charge, Contrary, Entry, LossTable
from ecid.scoring.losses import loss_table
from ecid.scoring.plan import Plan, plan
from ecid.scoring.policy import RulingCap, load_policy
from ecid.scoring.routes import Circumstances
from tests.scoring.test_whatif import AS_OF, cell, made

POLICY = load_policy()
TOTAL = 1_000_000


def ledger(seed: int, most: int = 7) -> tuple[LossTable, dict[str, int], int]:
    """A random small ledger: dimensions that are over-full, findings that only win together, sometimes a cap; a target within reach."""
    r = random.Random(seed)  # noqa: S311 - test data
    items = tuple(f"i{number}" for number in range(r.randint(1, most)))
    charges = tuple(Charge(number, r.randint(2, 18), r.choice((50_000, 200_000, 1_000_000)) * TOTAL) for number in range(1, r.randint(2, 5)))
    entries = []
    for _ in range(r.randint(1, 3 * len(items))):
        names = tuple(sorted(r.sample(items, min(r.choice((1, 1, 1, 2, 3)), len(items)))))
        own = [r.choice((250_000, 500_000, 1_000_000)) for _ in names]
        left = [max((x for place, x in enumerate(own) if not mask >> place & 1), default=0) for mask in range(1 << len(names))]
        weight = r.randint(1, TOTAL // (2 * len(items)))
        entries.append(Entry(r.choice(charges).dimension, r.randint(1, 36), names, tuple(weight * x for x in left)))
    contrary = tuple(Contrary(item, 1, r.randint(1, 3), r.randint(1, 20_000)) for item in items if r.random() < 0.2)
    table = LossTable(AS_OF, 36, TOTAL, None, charges, RulingCap(3, 10_000, 80), items, tuple(entries), contrary)
    before, after = table.score() or 0, table.score(items) or 0
    return table, {item: r.randint(1, 4) for item in items}, r.randint(before, after)


def brute_force(table: LossTable, declarations: Mapping[str, int], target: int) -> tuple[str, ...]:
    for size in range(len(declarations) + 1):
        found = []
        for chosen in combinations([item for item in table.items if item in declarations], size):
            score = table.score(chosen)
            assert score is not None
            if score >= target:
                found.append((sum(declarations[item] for item in chosen), score - target, tuple(table.items.index(item) for item in chosen), chosen))
        if found:
            return min(found)[3]
    raise AssertionError


@pytest.mark.parametrize("start", range(0, 300, 50))
def test_exact_search_finds_what_brute_force_finds(start: int) -> None:
    for seed in range(start, start + 50):
        table, declarations, target = ledger(seed)
        best = brute_force(table, declarations, target)
        assert cheapest(table, declarations, target) == Choice(best, len(best), True), seed


def test_numbers_beyond_64_bits() -> None:
    for seed in range(340, 350):
        table, declarations, target = ledger(seed, most=5)
        huge = replace(
            table,
            total_weight=table.total_weight << 50,
            charges=tuple(replace(charge, full=charge.full << 50) for charge in table.charges),
            entries=tuple(replace(entry, left=tuple(left << 50 for left in entry.left)) for entry in table.entries),
            contrary=(),
        )
        target = min(target, huge.score(huge.items) or 0)
        assert cheapest(huge, declarations, target).items == brute_force(huge, declarations, target), seed


def test_twenty_candidates_all_tied_with_others() -> None:
    items = tuple(f"{number:02d}" for number in range(20))
    full = 10**18
    entries = tuple(
        Entry(number, 0, tuple(sorted((item, items[(place + number) % 20]))), (share, share, share, 0))
        for place, item in enumerate(items)
        for number in range(1, 11)
        for share in [(40 + (7 * place + 3 * number) % 11) * 10**15]
    )
    table = LossTable(AS_OF, 0, 10**12, None, tuple(Charge(number, 10, full) for number in range(1, 11)), RulingCap(3, 10_000, 80), items, entries, ())
    choice = cheapest(table, dict.fromkeys(items, 1), 55_000_000)
    assert choice.proven
    assert (table.score(choice.items) or 0) >= 55_000_000
    assert all((table.score([other for other in choice.items if other != item]) or 0) < 55_000_000 for item in choice.items)


def test_larger_ledgers() -> None:
    for seed in range(500, 508):
        table, declarations, target = ledger(seed, most=11)
        assert cheapest(table, declarations, target).items == brute_force(table, declarations, target), seed


def test_what_cannot_be_corrected_is_left_alone() -> None:
    for seed in range(300, 340):
        table, declarations, _ = ledger(seed)
        declarations.pop(table.items[0])
        target = table.score(declarations) or 0
        assert cheapest(table, declarations, target).items == brute_force(table, declarations, target), seed


@pytest.mark.parametrize("nodes", [1, 5, 20, 10_000])
def test_beyond_exact_search_what_is_proven_holds(nodes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "EXACT", 0)
    monkeypatch.setattr(search, "_NODES", nodes)
    proofs = 0
    for seed in range(400, 460):
        table, declarations, target = ledger(seed)
        choice, best = cheapest(table, declarations, target), brute_force(table, declarations, target)
        assert (table.score(choice.items) or 0) >= target, seed
        assert choice.at_least <= len(best) <= len(choice.items), seed
        assert not choice.proven or choice.items == best, seed
        proofs += choice.proven
    assert proofs == 60 if nodes == 10_000 else proofs < 60


def test_a_full_dimension_wins_nothing_until_enough_is_corrected() -> None:
    """Ten equal causes, each as heavy as what fills the dimension: nine of them win nothing."""
    items = tuple(f"i{number}" for number in range(10))
    entries = tuple(Entry(1, 1, (item,), (100_000 * TOTAL, 0)) for item in items)
    table = LossTable(AS_OF, 36, TOTAL, None, (Charge(1, 8, 100_000 * TOTAL), Charge(2, 92, TOTAL * TOTAL)), RulingCap(3, 10_000, 80), items, entries, ())
    assert table.score(items[:9]) == table.score() == 92_000_000
    assert cheapest(table, dict.fromkeys(items, 1), 92_000_001) == Choice(items, 10, True)


def test_a_target_beyond_everything_is_refused() -> None:
    table, declarations, _ = ledger(1)
    with pytest.raises(ValueError, match="beyond"):
        cheapest(table, declarations, ALL_POINTS + 1)


ROWS = [cell(0)] * 20 + [cell(1, {"voltage"})] * 20 + [cell(2, {"preference"}, declarant="甲报关行")] * 20


def planned(target: int, rows: list[dict[str, Any]] = ROWS, circumstances: Circumstances | None = None, **request: Any) -> tuple[Plan, LossTable]:
    before = made(rows, **request)
    table = loss_table(before, POLICY)
    return plan(table, causes_of(before), before.result.findings, target, circumstances), table


def test_a_plan_says_what_when_and_by_which_route() -> None:
    found, _ = planned(90)
    assert (found.reachable, found.proven, found.best_micro) == (True, True, ALL_POINTS)
    assert [step.cause.kind for step in found.steps] == ["template"]
    told = found.to_json("en")
    assert told["steps"][0]["score_micro"] >= 90_000_000 > told["before_micro"]
    assert told["cost"] == {"actions": 1, "declarations": 20}
    assert [(route["route"], route["findings"]) for route in told["steps"][0]["routes"]] == [("declare_right", 1), ("amend", 0)]
    assert found.steps[0].ages_out_on == date(2028, 7, 20)


@pytest.mark.parametrize("target", [88, 95, 100])
def test_points_come_back_as_lines_leave(target: int) -> None:
    found, _ = planned(target)
    first, last = found.schedule[0], found.schedule[-1]
    assert first.declaring_right_micro == found.before_micro
    assert last.declaring_right_micro == last.at_best_micro == found.steps[-1].score_micro
    assert last.ahead <= 37
    assert all(month.declaring_right_micro <= month.at_best_micro for month in found.schedule)
    for one, other in pairwise(found.schedule):
        assert (one.declaring_right_micro, one.at_best_micro) <= (other.declaring_right_micro, other.at_best_micro)
        assert other.ahead == one.ahead + 1
    right, best = found.reached_on
    assert right is not None
    assert best is not None
    assert best <= right


def test_only_slips_are_amended_once_released() -> None:
    found, table = planned(100)
    assert {step.cause.kind for step in found.steps} == {"template", "fixed_elements"}
    slips = [finding for step in found.steps if step.cause.kind == "fixed_elements" for finding in step.cause.findings]
    assert found.schedule[0].at_best_micro == table.score(slips)
    unreleased, _ = planned(100, circumstances=Circumstances(released=False))
    assert unreleased.schedule[0].at_best_micro == ALL_POINTS


def test_a_period_that_does_not_move_gives_nothing_back() -> None:
    found, _ = planned(100, period=(date(2025, 1, 1), date(2025, 12, 31)))
    assert len(found.schedule) == 1
    assert found.reached_on == (None, None)
    assert found.steps[0].ages_out_on is None


def test_a_target_that_is_reached_needs_nothing() -> None:
    found, _ = planned(50)
    assert (found.steps, found.at_least, found.proven) == ((), 0, True)
    assert found.reached_on == (AS_OF, AS_OF)


def test_what_customs_did_is_out_of_reach_until_it_leaves() -> None:
    record = AnomalyRecord("C1", "CLS-01", date(2025, 9, 1), line_ids=("line-3",))
    found, _ = planned(100, authority=Authority(outcomes=(record,)), rows=[cell(0)] * 40 + [cell(1, {"voltage"})] * 20)
    assert not found.reachable
    assert found.best_micro is not None
    assert found.best_micro < ALL_POINTS
    assert {step.cause.kind for step in found.steps} == {"template"}
    assert found.steps[-1].score_micro == found.best_micro
    assert found.schedule[-1].declaring_right_micro == ALL_POINTS
    assert found.reached_on[0] is not None
    assert found.to_json("zh")["reachable"] is False


def test_without_a_score_there_is_no_plan() -> None:
    found, _ = planned(90, rows=[cell(0, {"voltage"})] * 5)
    assert found == Plan(90_000_000, None, None, False, (), 0, False, ())


def test_a_stored_table_gives_the_same_plan() -> None:
    before = made(ROWS)
    table, causes = loss_table(before, POLICY), causes_of(before)
    again = LossTable.from_json(table.to_json())
    assert plan(again, causes, before.result.findings, 95) == plan(table, causes, before.result.findings, 95)
    assert replace(table, insufficient="too_few").score() is None
