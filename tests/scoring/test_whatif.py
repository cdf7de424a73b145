"""What if: the loss table against runs over lines that were in fact corrected; edited lines; when lines leave the window."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import chain, combinations
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecid.errors import BadInput, NotFound
from ecid.scoring.authority import Authority, NationalNote, Ruling
from ecid.scoring.dimensions import ALL_POINTS
from ecid.scoring.engine import Request, Run, run
from ecid.scoring.loss_table import LossTable
from ecid.scoring.losses import loss_table
from ecid.scoring.policy import load_policy
from ecid.scoring.routes import leaves_window_on, months_after
from ecid.scoring.whatif import LineEdit, simulate, simulate_lines
from tests.scoring.conftest import frame
from tests.scoring.tariff import small_reference

POLICY = load_policy()
AS_OF = date(2026, 5, 17)
REFERENCE = small_reference()
PLANTED: dict[str, tuple[str, dict[int, str]]] = {
    "voltage": ("ELEMENT_MISSING", {8: ""}),
    "capacity": ("ELEMENT_MISSING", {7: ""}),
    "use": ("ELEMENT_EMPTY_TALK", {2: "机器用"}),
    "energy": ("ELEMENT_NO_UNIT", {4: "190"}),
    "preference": ("ELEMENT_BAD_CODE", {1: "7"}),
    "brand": ("BRAND_MISMATCH", {0: "0"}),
    "unit": ("UNIT_MISMATCH", {}),
}
"""Defects that a line may have, with the rule that finds them and the values that make them; without them nothing about the line changes but that."""


def made(rows: Sequence[Mapping[str, Any]], **request: Any) -> Run:
    return run(frame(rows), REFERENCE, POLICY, Request("e", "feed", **{"as_of": AS_OF, **request}))


def cell(model: int, defects: Collection[str] = (), **fields: Any) -> dict[str, Any]:
    values = ["1", "0", "电动工具用", "锂离子", "190Wh/kg", "甬光牌", f"YG-{model}650", "2.6Ah", "3.6V"]
    for defect in defects:
        for place, value in PLANTED[defect][1].items():
            values[place] = value
    units = {"first_unit": "035" if "unit" in defects else "007", "first_quantity_e5": 1_000_000, "unit": "007", "quantity_e5": 1_000_000}
    return {"specification": "|".join(values), **units, **fields}


planted_lines = st.lists(st.tuples(st.integers(0, 2), st.sets(st.sampled_from(sorted(PLANTED)), max_size=4)), min_size=20, max_size=24)


@settings(max_examples=15, deadline=None)
@given(planted_lines, st.data())
def test_corrected_findings_score_as_a_run_over_corrected_lines(planted: list[tuple[int, set[str]]], data: st.DataObject) -> None:
    before = made([cell(model, defects) for model, defects in planted])
    table = loss_table(before, POLICY)
    assert table.score() == before.result.score_exact_micro
    gone = data.draw(st.sets(st.sampled_from(sorted(finding.id for finding in before.result.findings)))) if before.result.findings else set()
    corrected = {(finding.rule, finding.product_key) for finding in before.result.findings if finding.id in gone}
    edited = [cell(model, {name for name in defects if (PLANTED[name][0], f"brand:甬光牌 model:yg{model}650") not in corrected}) for model, defects in planted]
    assert table.score(gone) == made(edited).result.score_exact_micro


def test_several_findings_meet_in_one_line() -> None:
    """Stating a missing element adds to what is judged; of two elements without meaning one corrected leaves the other."""
    before = made([cell(0, {"voltage", "use", "energy"})] + [cell(1)] * 30)
    table, ids = loss_table(before, POLICY), {finding.rule: finding.id for finding in before.result.findings}
    third = next(entry for entry in table.entries if entry.dimension == 3)
    by_rules = {mask: frozenset(rule for rule in ids if ids[rule] in entry_items(third.items, mask)) for mask in range(8)}
    weight = third.left[0] // 625_000
    expected = {"": 625_000, "M": 611_111, "T": 562_500, "MT": 555_555, "TN": 0, "MTN": 0}
    letters = {"M": "ELEMENT_MISSING", "T": "ELEMENT_EMPTY_TALK", "N": "ELEMENT_NO_UNIT"}
    for corrected, x in expected.items():
        mask = next(mask for mask, rules in by_rules.items() if rules == {letters[letter] for letter in corrected})
        assert third.left[mask] == weight * x


def entry_items(items: Sequence[str], mask: int) -> set[str]:
    return {item for place, item in enumerate(items) if mask >> place & 1}


CODES = {
    "split": ("8506500000", "8507600090"),
    "other_split": ("8541430000", "8507600090"),
    "unknown": ("8507999900", "8507600090"),
    "old": ("8541402000", "8541430000"),
}
PANEL = "1|0|400W|甬光牌|PV-400"


def coded(corrected: Collection[str]) -> list[dict[str, Any]]:
    """Lines whose code needs review, and the right one where it is corrected; each on goods of its own, but for those split over three codes."""
    rows = [cell(0)] * 24
    for name, (declared, right) in CODES.items():
        code = right if name in corrected else declared
        product = {"split": cell(0), "other_split": cell(0), "unknown": cell(5), "old": {"name": "光伏组件", "specification": PANEL}}[name]
        if name in ("split", "other_split"):
            product |= {"sku": "K"}
        rows += [product | {"code": code}] * 3
    return [row | {"sku": "K"} if number < 24 else row for number, row in enumerate(rows)]


def test_corrected_codes_leave_what_the_rules_leave() -> None:
    """A change of code moves weights (cells are codes in a month), which a hypothesis leaves as they are: so what is compared is Σ w · x at the old weights."""
    before = made(coded(()))
    table, weights = loss_table(before, POLICY), before.judgements.lines["w"]
    rules = {"split": "85065000", "other_split": "85414300", "unknown": "85079999", "old": "85414020"}
    seen = {finding.code[:8]: finding for finding in before.result.findings if finding.rule in ("SAME_GOODS_SPLIT", "CODE_UNKNOWN", "CODE_NOT_IN_FORCE")}
    assert set(seen) == set(rules.values())
    for corrected in chain.from_iterable(combinations(CODES, size) for size in range(len(CODES) + 1)):
        gone = {finding.id for finding in before.result.findings if finding.code[:8] in {rules[name] for name in corrected}}
        after = made(coded(corrected))
        rows = after.defects.rows.unique(["at", "dimension"], maintain_order=True)
        shares = dict(rows.with_columns(w=weights.gather(rows["at"])).group_by("dimension").agg((pl.col("w") * pl.col("x")).sum()).iter_rows())
        assert table.score(gone) == table.scale().score(shares, 0, 0), corrected


def test_a_ruling_a_national_note_and_the_cap() -> None:
    """Two rules of one dimension on the same lines: correcting one alone wins nothing. Lines contrary to the own ruling hold the cap up."""
    ruling = Ruling("R1", "85065000", "锂电池", date(2024, 1, 1), date(2026, 12, 31), brand="甬光牌", model="YG-0650")
    note = NationalNote("N1", ("85076000",), "额定电压大于等于48V的锂离子蓄电池", "test", date(2024, 1, 1))
    rows = [cell(0)] * 3 + [cell(1, specification="1|0|电动工具用|锂离子|190Wh/kg|甬光牌|YG-1650|2.6Ah|48V")] * 250
    request = Request("e", "feed", AS_OF, authority=Authority(rulings=(ruling,)))
    before = run(frame(rows), replace(REFERENCE, notes=(note,)), POLICY, request)
    table, ids = loss_table(before, POLICY), {finding.rule: finding.id for finding in before.result.findings}
    assert set(ids) == {"RULING_CONFLICT", "NATIONAL_NOTE_CONFLICT"}
    assert table.score() == before.result.score_exact_micro == table.score([ids["NATIONAL_NOTE_CONFLICT"]]) == 80_000_000
    assert 80_000_000 < (table.score([ids["RULING_CONFLICT"]]) or 0) < ALL_POINTS
    assert table.score(ids.values()) == ALL_POINTS
    assert {entry.left[0] == entry.left[1] == entry.left[2] > entry.left[3] == 0 for entry in table.entries} == {True}


def test_a_table_comes_back_from_json() -> None:
    table = loss_table(made([cell(n % 3, {"voltage", "use"} if n % 2 else ()) for n in range(30)]), POLICY)
    again = LossTable.from_json(json.loads(json.dumps(table.to_json())))
    assert again == table
    assert again.score(table.items) == ALL_POINTS


@pytest.mark.parametrize(
    "broken",
    [
        {"entries": [[2, 14, [0], [5, 0, 0]]]},
        {"entries": [[2, 14, [0], [5, 9]]]},
        {"entries": [[2, 14, [9], [5, 0]]]},
        {"entries": [[2, 14, [0, 0], [5, 0, 0, 0]]]},
        {"entries": [[2, 38, [0], [5, 0]]]},
        {"entries": [[11, 14, [0], [5, 0]]]},
        {"entries": [[2, 14, [0], [5, 0.5]]]},
        {"entries": [[2, 14, [], [5]]]},
        {"contrary": [[9, 1, 1, 1]]},
        {"charges": [[2, 8, 100], [2, 8, 100]]},
        {"items": ["a", "a", "a"]},
        {"months": -1},
        {"as_of": "yesterday"},
        {"more": 1},
    ],
    ids=json.dumps,
)
def test_a_table_that_does_not_hold_together_is_refused(broken: dict[str, Any]) -> None:
    stored = loss_table(made([cell(n % 3, {"voltage"} if n % 2 else ()) for n in range(30)]), POLICY).to_json()
    with pytest.raises(BadInput):
        LossTable.from_json(stored | broken)


def test_simulate_takes_findings_and_causes_and_calls_itself_a_hypothesis() -> None:
    before = made([cell(n % 3, {"voltage"} if n % 2 else ()) for n in range(30)])
    table = loss_table(before, POLICY)
    one, *others = table.items
    assert simulate(table, [one, "cause"], {"cause": others}).after_micro == ALL_POINTS
    answer = simulate(table, [one]).to_json("en")
    assert answer["before_micro"] < answer["after_micro"] < ALL_POINTS
    assert answer["gained_micro"] == answer["after_micro"] - answer["before_micro"]
    assert "hypothesis" in answer["hypothesis"]
    assert "假设" in simulate(table, [one]).to_json("zh")["hypothesis"]
    with pytest.raises(NotFound):
        simulate(table, ["0123456789abcdef"])


def test_insufficient_data_stay_insufficient() -> None:
    table = loss_table(made([cell(0, {"voltage"})] * 5), POLICY)
    assert table.insufficient == "too_few"
    assert simulate(table, table.items).to_json("en")["gained_micro"] is None


def test_nothing_that_weighs_nothing_is_in_the_table() -> None:
    table = loss_table(made([cell(0)] * 30 + [cell(1, {"voltage"}, mode="3010")]), POLICY)
    assert len(table.items) == 1
    assert table.entries == ()


@pytest.mark.parametrize("as_of", [date(2026, 5, 17), date(2024, 2, 29), date(2027, 2, 28), date(2025, 12, 31)])
def test_lines_leave_in_the_month_in_which_a_run_no_longer_weighs_them(as_of: date) -> None:
    days = [as_of - timedelta(days=n * 13) for n in range(84)]
    first = months_after(as_of, -POLICY.period_months)
    before = made([cell(0, {"voltage"}, declared_on=day, currency="CNY") for day in days], as_of=as_of)
    leaves = {entry.leaves for entry in loss_table(before, POLICY).entries}
    expected = {next(n for n in range(1, 38) if leaves_window_on(day, POLICY.period_months) <= months_after(as_of, n)) for day in days if day > first}
    assert set(before.judgements.lines.filter(pl.col("w") > 0)["day"]) == {day for day in days if day > first}
    assert leaves == expected


def test_a_period_that_was_asked_for_does_not_move() -> None:
    before = made([cell(0, {"voltage"})] * 30, period=(date(2025, 1, 1), date(2025, 12, 31)))
    table = loss_table(before, POLICY)
    assert table.months == 0
    assert {entry.leaves for entry in table.entries} == {0}


def lines() -> pl.DataFrame:
    return frame([cell(0)] * 30 + [cell(1, {"voltage"}), cell(1, {"voltage"}, code="8507999900")])


def test_edited_lines_are_scored_anew() -> None:
    edits = {"line-30": LineEdit(elements={"额定电压": "3.6V"}), "line-31": LineEdit(code="8507600090", elements={"额定电压": "3.6V"})}
    answer = simulate_lines(lines(), REFERENCE, POLICY, Request("e", "feed", AS_OF), edits)
    assert answer.after.score_exact_micro == ALL_POINTS
    told = answer.to_json("zh")
    assert (told["lines"], told["unknown_lines"]) == (["line-30", "line-31"], [])
    assert len(told["ended"]) == 2
    assert told["begun"] == []
    assert told["score"] == 100
    assert told["gained_micro"] == sum(one["before_micro"] or 0 for one in told["dimensions"]) == ALL_POINTS - (answer.before.score_exact_micro or 0) > 0


def test_a_line_that_is_not_there_is_told_and_changes_nothing() -> None:
    answer = simulate_lines(lines(), REFERENCE, POLICY, Request("e", "feed", AS_OF), {"line-99": LineEdit(code="8507600090")})
    assert answer.to_json("en")["unknown_lines"] == ["line-99"]
    assert answer.before == answer.after


def test_lines_that_share_an_id_keep_each_its_own() -> None:
    """Whatever is not edited stays as that very line has it, in any order of the input."""
    twins = frame([cell(0)] * 30 + [cell(1, {"voltage"}), cell(1, name="蓄电池组")])
    twins = twins.with_columns(line_id=pl.when(pl.col("line_id") == "line-31").then(pl.lit("line-30")).otherwise("line_id"))
    by_hand = twins.with_columns(code=pl.when(pl.col("line_id") == "line-30").then(pl.lit("8507600090")).otherwise("code"))
    wanted = run(by_hand, REFERENCE, POLICY, Request("e", "feed", AS_OF)).result
    for declared in (twins, twins.reverse()):
        answer = simulate_lines(declared, REFERENCE, POLICY, Request("e", "feed", AS_OF), {"line-30": LineEdit(code="8507600090")})
        assert answer.after.score_exact_micro == wanted.score_exact_micro
        assert {finding.goods_name for finding in answer.after.findings} == {finding.goods_name for finding in wanted.findings}
    assert answer.after == run(by_hand.reverse(), REFERENCE, POLICY, Request("e", "feed", AS_OF)).result


def test_an_edit_may_make_it_worse_and_says_so() -> None:
    answer = simulate_lines(lines(), REFERENCE, POLICY, Request("e", "feed", AS_OF), {"line-0": LineEdit(specification="1|0|||||")})
    assert [begun["rule"] for begun in answer.to_json("en")["begun"]] == ["ELEMENT_MISSING"]
    assert (answer.after.score_exact_micro or 0) < (answer.before.score_exact_micro or 0)


@pytest.mark.parametrize(
    ("edits", "error"),
    [
        ({"line-0": LineEdit(elements={"功率": "5W"})}, BadInput),
        ({"line-0": LineEdit(elements={"用途": "a|b"})}, BadInput),
    ],
)
def test_edits_that_cannot_be_made(edits: dict[str, LineEdit], error: type[Exception]) -> None:
    with pytest.raises(error):
        simulate_lines(lines(), REFERENCE, POLICY, Request("e", "feed", AS_OF), edits)
