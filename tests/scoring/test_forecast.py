"""The forecast against brute force: the engine's own run, on each day to come, over old lines and clean new ones."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import polars as pl
import pytest

from ecid.scoring.authority import Authority, Ruling
from ecid.scoring.engine import Request, Run, run
from ecid.scoring.forecast import MONTHS, Codes, Month, forecast, to_json
from ecid.scoring.policy import load_policy
from ecid.scoring.reference import Reference
from ecid.tariff.model import Edition
from ecid.tariff.reference import Tariff
from tests.scoring.conftest import frame
from tests.scoring.known import Told

POLICY = load_policy()
AS_OF = date(2026, 5, 17)
CLEAN = {
    "8507600090": "1|0|电动工具用|锂离子|190Wh/kg|甬光牌|YG-18650|2.6Ah|3.6V",
    "8506500000": "1|0|电动工具用|甬光牌|YG-900",
    "7318151000": "1|0|不锈钢|800MPa|甬光牌|YG-M8|8毫米",
}
NAMES = {"8507600090": "锂离子电池", "8506500000": "锂原电池", "7318151000": "高强度螺栓"}
_RULING = Ruling("R1", "85065000", "锂离子电池", date(2024, 1, 1), date(2028, 12, 31), sku="A-1")


def a_year_later(day: date) -> date:
    later: date = pl.Series([day]).dt.offset_by("12mo").item()
    return max(later, AS_OF + timedelta(days=1))


def history(seed: int, count: int = 150) -> list[dict[str, Any]]:
    """Lines of forty months; what is wrong with some of them is mended in `clean` as the forecast supposes."""
    chance = random.Random(seed)  # noqa: S311
    lines = []
    for number in range(count):
        code = chance.choice(sorted(CLEAN))
        day = AS_OF - timedelta(days=chance.randrange(1220))
        line = {
            "line_id": f"line-{number:04}",
            "declared_on": day,
            "code": code,
            "name": NAMES[code],
            "specification": CLEAN[code],
            "total_e4": chance.randrange(10**6, 10**9),
            "currency": "CNY",
            "mode": chance.choice(["0110"] * 9 + ["9610"]),
            "sku": None,
        }
        fault = chance.choice(["none", "none", "missing", "empty_talk", "brand"])
        if fault == "missing":
            line["specification"] = CLEAN[code].replace("甬光牌", "")
        elif fault == "empty_talk":
            line["specification"] = CLEAN[code].replace("电动工具用", "机器用").replace("不锈钢", "材料")
        elif fault == "brand":
            line["specification"] = "0" + CLEAN[code][1:]
        lines.append(line)
    return lines


def clean(line: dict[str, Any], code: str | None = None) -> dict[str, Any]:
    """The line as it comes again a year later."""
    code = code or line["code"]
    again = {"declared_on": a_year_later(line["declared_on"]), "code": code, "name": NAMES[code], "specification": CLEAN[code]}
    return line | again | {"line_id": f"{line['line_id']}-again"}


def last_year(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    lower: date = pl.Series([AS_OF]).dt.offset_by("-12mo").item()
    return [line for line in lines if lower < line["declared_on"] <= AS_OF]


def done(lines: list[dict[str, Any]], reference: Reference, **request: Any) -> Run:
    return run(frame(lines), reference, POLICY, replace(Request("e", "feed", AS_OF), **request))


def seen(month: Month) -> tuple[object, ...]:
    return month.as_of, month.score_exact_micro, month.insufficient_data, dict(month.lost_micro), month.caps_micro, month.lines_weighed


def brute(lines: list[dict[str, Any]], reference: Reference, **request: Any) -> list[tuple[object, ...]]:
    """What the engine says on each of the days, of lines that hold the new ones."""
    found: list[tuple[object, ...]] = []
    for months in range(MONTHS + 1):
        day: date = pl.Series([AS_OF]).dt.offset_by(f"{months}mo").item()
        result = done(lines, reference, **request | {"as_of": day}).result
        lost = {d.number: d.lost_micro for d in result.dimensions if d.lost_micro is not None}
        caps = sum(cap.points_micro for cap in result.caps)
        found.append((day, result.score_exact_micro, result.insufficient_data, lost, caps, result.lines_weighed))
    return found


@pytest.mark.parametrize("seed", range(3))
def test_it_is_what_the_engine_will_say(seed: int, reference: Reference) -> None:
    lines = history(seed)
    found = forecast(done(lines, reference), reference.tariff, POLICY)
    assert [seen(month) for month in found.months] == brute([*lines, *(clean(line) for line in last_year(lines))], reference)
    scores = [month.score_exact_micro or 0 for month in found.months]
    assert scores[-1] > scores[0]
    assert [found.months[0].lines_expected, found.months[-1].lines_expected] == [0, sum(line["mode"] != "9610" for line in last_year(lines))]


def under(line: dict[str, Any], code: str) -> dict[str, Any]:
    """The line as one of the goods A-9 under a code."""
    return line | {"sku": "A-9", "mode": "0110", "code": code, "name": NAMES[code], "specification": CLEAN[code]}


def test_goods_under_two_codes_keep_the_heavier_one(reference: Reference) -> None:
    lines = [under(line, "7318151000" if line["line_id"].endswith(("1", "4")) else "8507600090") for line in history(7, 90)]
    today = done(lines, reference)
    assert [finding.suggested_codes for finding in today.result.findings if finding.rule == "SAME_GOODS_SPLIT"] == [("85076000",)]
    found = forecast(today, reference.tariff, POLICY)
    assert [seen(month) for month in found.months] == brute([*lines, *(clean(line, "8507600090") for line in last_year(lines))], reference)


def test_goods_that_just_changed_their_code_come_to_a_lasting_switch(reference: Reference) -> None:
    since = AS_OF - timedelta(days=30)
    lines = []
    for number, line in enumerate(history(7, 90)):
        if line["declared_on"] >= since:
            lines.append(under(line, "8507600090") | {"total_e4": 10**13})
        else:
            lines.append(under(line, "7318151000") if number % 8 == 0 else line | {"code": "8506500000", "name": NAMES["8506500000"]})
    again = [clean(line, "8507600090" if line["sku"] else None) for line in last_year(lines)]
    found = forecast(done(lines, reference), reference.tariff, POLICY)
    assert [seen(month) for month in found.months] == brute([*lines, *again], reference)
    # Once enough clean lines stand under the new code alone, the earlier ones count half.
    shares = [month.lost_micro[5] for month in found.months]
    assert shares[0] > 0
    assert any(later * 10 < earlier * 6 for earlier, later in pairwise(shares))


def test_a_ruling_capped_score_is_free_once_the_lines_have_left(reference: Reference) -> None:
    lines = [line | {"specification": CLEAN[line["code"]], "mode": "0110"} for line in history(3)]
    old = [line for line in lines if line["declared_on"] < date(2023, 9, 1) and line["code"] == "8507600090"]
    for line in old:
        line["sku"] = "A-1"
    authority = Authority(rulings=(replace(_RULING, valid_from=date(2023, 1, 1)),))
    found = forecast(done(lines, reference, authority=authority), reference.tariff, POLICY)
    assert [seen(month) for month in found.months] == brute([*lines, *(clean(line) for line in last_year(lines))], reference, authority=authority)
    assert found.months[0].caps_micro > 0 == found.months[-1].caps_micro


def test_figures_of_lines_to_come_can_be_judged_too(reference: Reference) -> None:
    figures = {"unit": "007", "quantity_e5": 10**7, "first_unit": "007", "first_quantity_e5": 10**7, "second_unit": "035", "second_quantity_e5": 10**8}
    lines = [
        line | figures | {"total_e4": 10**8, "code": "8507600090", "name": NAMES["8507600090"], "specification": CLEAN["8507600090"]} for line in history(4)
    ]
    wrong = {"first_unit": "035", "first_quantity_e5": 10**8, "second_unit": "007", "second_quantity_e5": 10**7}
    lines = [line | (wrong if number % 5 == 0 else {}) for number, line in enumerate(lines)]
    found = forecast(done(lines, reference), reference.tariff, POLICY)
    assert 7 in found.months[0].lost_micro
    expected = brute([*lines, *(clean(line) | figures for line in last_year(lines))], reference)
    assert [seen(month) for month in found.months] == expected


def test_names_that_do_not_fit_are_judged_too(reference: Reference) -> None:
    rival = {"code": "960810", "title": {"zh": "圆珠笔", "en": "Ball point pens"}, "ppm": 990_000, "record": "term-1", "words": "圆珠笔"}
    knowing = replace(reference, placement=Told({"圆珠笔": {"own_ppm": 200, "supported": False, "rival": rival}}))
    lines = [line | {"name": "圆珠笔" if number % 9 == 0 else line["name"]} for number, line in enumerate(history(8))]
    found = forecast(done(lines, knowing), knowing.tariff, POLICY)
    assert found.months[0].lost_micro[4] > found.months[-1].lost_micro[4] > 0
    assert [seen(month) for month in found.months] == brute([*lines, *(clean(line) for line in last_year(lines))], knowing)


def test_a_code_no_longer_in_force_is_no_second_code(reference: Reference) -> None:
    lines = [{"sku": "A", "code": "8541400000" if number % 15 == 0 else "8507600090", "mode": "0110"} for number in range(30)]
    today = run(frame(lines), reference, POLICY, Request("e", "feed", AS_OF))
    assert {finding.rule for finding in today.result.findings} == {"CODE_NOT_IN_FORCE"}
    (now, *_) = forecast(today, reference.tariff, POLICY).months
    assert (now.score_exact_micro, now.lost_micro[5]) == (today.result.score_exact_micro, 0)


def test_months_with_too_few_lines_say_so(reference: Reference) -> None:
    lines = [line | {"declared_on": AS_OF - timedelta(days=1090 - number), "mode": "0110"} for number, line in enumerate(history(5, 30))]
    found = forecast(done(lines, reference), reference.tariff, POLICY)
    assert [month.insufficient_data for month in found.months[:3]] == [None, "too_few", "no_declarations"]
    assert all((month.score_exact_micro is None) == (month.insufficient_data is not None) for month in found.months)
    assert [seen(month) for month in found.months] == brute(lines, reference)


def announced(reference: Reference, dropped: str, *added: str) -> Reference:
    """The same tariff for 2026, and another one from 2027 on."""
    edition = reference.tariff.editions[0]
    now = replace(edition, id="test-2026", valid_from=date(2023, 1, 1), valid_to=date(2026, 12, 31))
    lines = {code: line for code, line in edition.lines.items() if code != dropped} | {code: replace(edition.lines["85076000"], code=code) for code in added}
    later = Edition("test-2027", "test", date(2027, 1, 1), date(2027, 12, 31), True, "tests", "0" * 64, lines)
    tariff = Tariff([now, later], reference.tariff.nomenclatures, reference.tariff.conversions)
    return replace(reference, tariff=tariff, versions=tariff.versions())


@pytest.mark.parametrize("codes", ["kept", "moved"])
def test_an_announced_edition(codes: Codes, reference: Reference) -> None:
    coming = announced(reference, "73181510", "85076010")
    lines = [line | {"mode": "0110"} for line in history(6)]
    today = done(lines, coming)
    found = forecast(today, coming.tariff, POLICY, codes)
    again = [clean(line) for line in last_year(lines)]
    touched = [line for line in again if line["declared_on"] >= date(2027, 1, 1)]
    told = {(change.code, change.kind): (change.successors, change.lines, change.valid_from) for change in found.changes}
    bolts, cells = ([line for line in touched if line["code"] == code] for code in ("7318151000", "8507600090"))
    assert told == {
        ("73181510", "gone"): (("73181590",), len(bolts), date(2027, 1, 1)),
        ("85076000", "split"): (("85076000", "85076010"), len(cells), date(2027, 1, 1)),
    }
    assert {change.code: change.value_fen for change in found.changes} == {
        code: sum((line["total_e4"] + 50) // 100 for line in same) for code, same in (("73181510", bolts), ("85076000", cells))
    }
    if codes == "kept":
        assert [seen(month) for month in found.months] == brute([*lines, *again], coming)
        assert found.months[-1].lost_micro[1] > 0
    else:
        assert [month.lost_micro[1] for month in found.months] == [0] * (MONTHS + 1)


def test_without_an_announced_edition_nothing_changes(reference: Reference) -> None:
    today = done(history(8), reference)
    moved, kept = (forecast(today, reference.tariff, POLICY, codes) for codes in ("moved", "kept"))
    assert (moved.changes, moved.months) == ((), kept.months)


def test_the_first_month_is_today(reference: Reference) -> None:
    today = done(history(9), reference)
    first = forecast(today, reference.tariff, POLICY).months[0]
    assert (first.as_of, first.score_exact_micro) == (AS_OF, today.result.score_exact_micro)


def test_a_period_that_was_asked_for_does_not_move_on(reference: Reference) -> None:
    today = done(history(10), reference, period=(date(2023, 1, 1), date(2025, 12, 31)))
    with pytest.raises(ValueError, match="window"):
        forecast(today, reference.tariff, POLICY)


def test_no_lines_at_all(reference: Reference) -> None:
    found = forecast(done([], reference), reference.tariff, POLICY)
    assert {month.insufficient_data for month in found.months} == {"no_declarations"}


def test_the_29th_of_february_comes_again(reference: Reference) -> None:
    as_of = date(2025, 2, 28)
    lines = [{"declared_on": date(2024, 2, 29)}] * 30
    found = forecast(run(frame(lines), reference, POLICY, Request("e", "feed", as_of)), reference.tariff, POLICY)
    assert [month.lines_expected for month in found.months] == [0] + [30] * MONTHS


def test_json(reference: Reference) -> None:
    coming = announced(reference, "73181510")
    found = json.loads(json.dumps(to_json(forecast(done(history(6), coming), coming.tariff, POLICY))))
    assert set(found) == {"codes", "months", "changes"}
    assert len(found["months"]) == MONTHS + 1
    assert [change["code"] for change in found["changes"]] == ["73181510"]
