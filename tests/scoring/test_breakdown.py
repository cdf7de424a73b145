"""The ledger along other axes: each adds up to what is missing, exactly, and points stand where the lines are that lose them."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import polars as pl
import pytest

from ecid.errors import Language
from ecid.scoring import answers
from ecid.scoring.authority import Authority, Ruling
from ecid.scoring.breakdown import AXES, Breakdown, Entry, breakdowns, leading, to_json
from ecid.scoring.dimensions import ALL_POINTS
from ecid.scoring.engine import Request, Run, run
from ecid.scoring.kept import kept_document
from ecid.scoring.policy import load_policy
from ecid.scoring.reference import Reference
from ecid.scoring.saved import saved_result
from tests.scoring.conftest import frame

POLICY = load_policy()
AS_OF = date(2026, 5, 17)
_SPECIFICATIONS = (
    "1|0|电动工具用|锂离子|190Wh/kg|甬光牌|YG-18650|2.6Ah|3.6V",
    "1|0|电动工具用|锂离子|190Wh/kg|甬光牌||2.6Ah|3.6V",
    "1|0|机器用|锂离子|190|甬光牌|YG-18650|2.6Ah|3.6V",
    "0|0|电动工具用||190Wh/kg|甬光牌|YG-18650||",
)
_RULING = Ruling("R1", "85065000", "锂离子电池", date(2025, 1, 1), date(2027, 12, 31), model="YG-18650")


def rows(seed: int) -> list[dict[str, Any]]:
    """Lines of several codes, makers, brokers and months, with defects that overlap."""
    chance = random.Random(seed)  # noqa: S311
    return [
        {
            "code": chance.choice(["8507600090"] * 8 + ["8506500000", "7318151000", "99999999", "8541402000"]),
            "specification": chance.choice(_SPECIFICATIONS),
            "manufacturer": chance.choice([None, "甲厂", "乙厂"]),
            "declarant": chance.choice(["一行", "二行"]),
            "mode": chance.choice(["0110"] * 9 + ["9610"]),
            "total_e4": chance.randrange(1, 10**9),
            "currency": chance.choice(["USD", "CNY", "XXX"]),
            "declared_on": date(2023, 1, 1) + timedelta(days=chance.randrange(1200)),
            "sku": chance.choice([None, "A-1", "A-2"]),
        }
        for _ in range(120)
    ]


def scored(seed: int, reference: Reference, authority: Authority | None = None) -> Run:
    return run(frame(rows(seed)), reference, POLICY, Request("e", "feed", AS_OF, authority=authority or Authority()))


@pytest.mark.parametrize("authority", [None, Authority(rulings=(_RULING,))], ids=["no ruling", "contrary to a ruling"])
@pytest.mark.parametrize("seed", range(4))
def test_every_axis_adds_up_to_what_is_missing(seed: int, authority: Authority | None, reference: Reference) -> None:
    done = scored(seed, reference, authority)
    missing = ALL_POINTS - (done.result.score_exact_micro or 0)
    inside = done.judgements.lines.filter("in_period")
    found = breakdowns(done)
    assert tuple(breakdown.axis for breakdown in found) == AXES
    for breakdown in found:
        assert sum(entry.points_micro or 0 for entry in breakdown.entries) + breakdown.caps_micro == missing
        for count in (1, 3):
            shown, rest = leading(breakdown, count)
            assert sum(entry.points_micro or 0 for entry in (*shown, *([rest] if rest else []))) + breakdown.caps_micro == missing
        if breakdown.axis != "dimension":
            assert sum(entry.lines for entry in breakdown.entries) == len(inside)
            assert sum(entry.value_fen for entry in breakdown.entries) == int(inside["value"].sum())
            assert (
                sum(entry.concerned for entry in breakdown.entries)
                == done.defects.rows["at"].filter(done.judgements.lines["in_period"].gather(done.defects.rows["at"])).n_unique()
            )


def test_a_cap_is_no_part_of_any_entry(reference: Reference) -> None:
    lines = frame([{"specification": _SPECIFICATIONS[0]}] * 40)
    done = run(lines, reference, POLICY, Request("e", "feed", AS_OF, authority=Authority(rulings=(_RULING,))))
    assert done.result.caps
    assert {breakdown.caps_micro for breakdown in breakdowns(done)} == {sum(cap.points_micro for cap in done.result.caps)}


@pytest.mark.parametrize("seed", range(2))
def test_codes_and_products_are_sums_of_whole_findings(seed: int, reference: Reference) -> None:
    done = scored(seed, reference)
    found = {str(breakdown.axis): {entry.value: entry.points_micro for entry in breakdown.entries} for breakdown in breakdowns(done)}
    expected: dict[str, dict[str, int]] = {"code": defaultdict(int), "product": defaultdict(int)}
    for finding in done.result.findings:
        expected["code"][finding.code[:8]] += finding.points_micro or 0
        expected["product"][finding.product_key] += finding.points_micro or 0
    for axis, points in expected.items():
        assert {value: lost for value, lost in found[axis].items() if lost} == {value: lost for value, lost in points.items() if lost}
    assert found["dimension"] == {str(d.number): d.lost_micro for d in done.result.dimensions if d.state == "judged"}


@pytest.mark.parametrize(("axis", "column"), [("manufacturer", "manufacturer"), ("declarant", "declarant"), ("month", "month")])
def test_points_stand_where_the_lines_are_that_lose_them(axis: str, column: str, reference: Reference) -> None:
    done = scored(1, reference)
    lines = done.judgements.lines.with_columns(pl.col("day").dt.strftime("%Y-%m").alias("month"))
    lost = {dimension.number: dimension.lost_micro or 0 for dimension in done.result.dimensions}
    shares = done.defects.shares()
    expected: dict[str, Fraction] = defaultdict(Fraction)
    for at, number, x, w, failed in done.defects.rows.select("at", "dimension", "x", "w", "failed").iter_rows():
        if shares.get(number):
            expected[lines[column][at] or ""] += Fraction(lost[number] * x * w, shares[number] * failed)
    found = next(breakdown for breakdown in breakdowns(done) if breakdown.axis == axis)
    # Each finding's points are whole micropoints, in each dimension: an entry is off by less than one for each of them.
    tolerance = sum(len(finding.points_by_dimension) for finding in done.result.findings)
    assert len([value for value, points in expected.items() if points > tolerance]) > 1
    for entry in found.entries:
        assert entry.points_micro == pytest.approx(float(expected[entry.value]), abs=2 * tolerance)


def test_codes_by_value_break_ties_by_lines_then_code() -> None:
    entries = [Entry(code, "", 0, lines, 0, fen) for code, lines, fen in (("A", 1, 5), ("B", 2, 5), ("D", 1, 9), ("C", 2, 5))]
    shown, rest = leading(Breakdown("code", tuple(entries), 0), 3, "value")
    assert [entry.value for entry in shown] == ["D", "B", "C"]
    assert rest == Entry("", "", 0, 1, 0, 5)
    assert leading(Breakdown("code", tuple(entries), 0), 4, "value")[1] is None


def test_without_a_score_there_are_no_points(reference: Reference) -> None:
    done = run(frame([{"specification": _SPECIFICATIONS[1]}] * 5), reference, POLICY, Request("e", "feed", AS_OF))
    assert {entry.points_micro for breakdown in breakdowns(done) for entry in breakdown.entries} == {None}
    assert next(b for b in breakdowns(done) if b.axis == "code").entries[0].concerned == 5


def test_lines_outside_the_period_are_not_counted(reference: Reference) -> None:
    old = {"declared_on": date(2023, 5, 17), "specification": _SPECIFICATIONS[1], "code": "8506500000"}
    done = run(frame([{}] * 30 + [old]), reference, POLICY, Request("e", "feed", AS_OF))
    assert [(entry.value, entry.lines) for entry in next(b for b in breakdowns(done) if b.axis == "code").entries] == [("85076000", 30)]


def test_order_of_lines_does_not_matter(reference: Reference) -> None:
    request = Request("e", "feed", AS_OF)
    given = frame(rows(5))
    assert breakdowns(run(given, reference, POLICY, request)) == breakdowns(run(given.reverse(), reference, POLICY, request))


@pytest.mark.parametrize(("lang", "name"), [("zh", "申报要素齐全"), ("en", "Elements complete")])
def test_json(lang: Language, name: str, reference: Reference) -> None:
    found = json.loads(json.dumps(to_json(breakdowns(scored(2, reference)), lang, 2)))
    assert set(found) == {*AXES, "code_by_value"}
    assert name in [entry["label"] for entry in found["dimension"]["entries"]]
    assert [len(found[axis]["entries"]) for axis in ("code", "month")] == [2, 2]
    values = [entry["value_fen"] for entry in found["code_by_value"]["entries"]]
    assert values == sorted(values, reverse=True)


def test_a_worth_beyond_64_bits_is_kept_and_read_again(reference: Reference) -> None:
    declared = [{"total_e4": 2**63 - 1, "specification": _SPECIFICATIONS[1], "manufacturer": f"厂{number % 2}"} for number in range(40)]
    made = run(frame(declared), reference, POLICY, Request("e", "feed", AS_OF))
    worth = sum(made.judgements.lines["value"].to_list())
    assert worth >= 2**63
    document = json.dumps(kept_document(made, reference, POLICY), ensure_ascii=False).encode()
    saved = saved_result(document, "kept")
    for name in ("code", "manufacturer", "month", "code_by_value"):
        assert sum(entry["value_fen"] for entry in answers.axis(saved, name, "zh")["entries"]) == worth
