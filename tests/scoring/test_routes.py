"""Correction routes and their clocks: every boundary date, the order of preference, and that nothing closed is dropped."""

from __future__ import annotations

import re
import tomllib
from datetime import date, timedelta
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ecid.clearance.window import window
from ecid.scoring.policy import load_policy
from ecid.scoring.result import Finding
from ecid.scoring.routes import Circumstances, Clock, RouteOption, announcements, clock, leaves_window_on, months_after, routes_for
from ecid.scoring.rules import RULE_DIMENSIONS

CASES = yaml.safe_load(Path(__file__).with_name("routes.yaml").read_text("utf-8"))
DATA = tomllib.loads(files("ecid.scoring").joinpath("routes.toml").read_text("utf-8"))
PACK = Path(__file__).parents[2] / "knowledge" / "procedures.toml"
TODAY = date(2026, 11, 23)


def finding(rule: str, first: date, last: date) -> Finding:
    return Finding("0", rule, RULE_DIMENSIONS[rule], 0, {}, "8507600090", "key", "锂离子电池", ("line-0",), 0, 0, first, last, (), ())


@pytest.mark.parametrize("case", CASES["clocks"], ids=lambda case: case["name"])
def test_clock_of_a_line(case: dict[str, Any]) -> None:
    assert clock(case["act"], case["as_of"], case.get("certified", False)) == Clock(case.get("free"), case.get("limited"), case.get("from"))


@pytest.mark.parametrize("case", CASES["findings"], ids=lambda case: case["name"])
def test_routes_of_a_finding(case: dict[str, Any]) -> None:
    options = routes_for(finding(case["rule"], *case["days"]), case["as_of"], Circumstances(**case.get("known", {})))
    assert [f"{option.code} {option.state}" for option in options] == case["routes"]
    disclosure = next(option for option in options if option.code == "voluntary_disclosure")
    dates = {"deadline": disclosure.deadline, "until_with_limits": disclosure.until_with_limits, **disclosure.calendar}
    for name, day in case.get("disclosure", {}).items():
        assert dates[name] == day, name
    for lang, words in case.get("reason", {}).items():
        assert disclosure.reason is not None
        assert words in disclosure.reason[lang]
    assert disclosure.basis["en"] == case.get("basis", disclosure.basis["en"])
    assert disclosure.certainty == case.get("certainty", disclosure.certainty)
    ages_out = next(option for option in options if option.code == "declare_right").calendar["ages_out_on"]
    assert ages_out == case.get("ages_out_on", ages_out)
    assert all(option.reason for option in options if option.state != "open")


@pytest.mark.parametrize("case", CASES["rulings"], ids=lambda case: str(case["as_of"]))
def test_calendar_of_an_advance_ruling(case: dict[str, Any]) -> None:
    day = case["as_of"]
    option = next(option for option in routes_for(finding("SAME_GOODS_SPLIT", day, day), day) if option.code == "advance_ruling")
    assert (option.state, option.basis["en"]) == (case["state"], case["basis"])
    assert option.calendar == {name: case[name] for name in ("accepted_by", "decided_by", "earliest_export") if name in case}


@pytest.mark.parametrize("rule", sorted(RULE_DIMENSIONS))
@pytest.mark.parametrize("as_of", [date(2019, 1, 1), date(2021, 6, 1), date(2023, 1, 1), date(2024, 2, 29), TODAY, date(2027, 7, 1)])
def test_every_rule_has_routes_that_are_told_whole(rule: str, as_of: date) -> None:
    options = routes_for(finding(rule, as_of - timedelta(days=500), as_of), as_of)
    assert options
    assert any(option.state == "open" for option in options)
    for lang in ("zh", "en"):
        for option in options:
            told = option.to_json(lang)
            assert {"route", "name", "when", "basis", "deadline", "until_with_limits", "precondition", "cost", "source", "certainty", "state"} <= set(told)
            assert told["precondition"]
            assert all((told["name"], told["when"], told["basis"], told["source"], told["cost"]["text"], *told["precondition"]))
            assert lang == "en" or not re.search(r"[A-Za-z]{3}", told["basis"]), told["basis"]
            assert ".md" not in told["basis"]
            assert not re.search(r"[{}]", " ".join([told["when"], told["basis"], told["reason"] or "", *told["precondition"]]))


def test_data_are_whole() -> None:
    assert set(DATA["selector"]["order"]) == set(DATA["route"])
    assert set(DATA["selector"]["judgement_dimensions"]) <= {dimension.number for dimension in load_policy().dimensions}
    for entry in (*DATA["route"].values(), *DATA["announcement"]):
        assert entry["certainty"] in {"verified", "memory_high", "memory_medium"}
    for text in (*DATA["phrase"].values(), *DATA["reason"].values()):
        assert set(text) == {"zh", "en"}
        assert set(re.findall(r"\{(\w+)\}", text["zh"])) == set(re.findall(r"\{(\w+)\}", text["en"]))


def test_one_announcement_holds_on_any_day_of_the_lineage() -> None:
    for earlier, later in pairwise(one for one in announcements() if not one.certified_only):
        assert later.valid_from == earlier.valid_to + timedelta(days=1)
    assert all(one.published <= one.valid_from for one in announcements())


def test_the_pack_gives_the_same_dates() -> None:
    told = {record["id"]: record for record in tomllib.loads(PACK.read_text("utf-8"))["record"] if record["id"].startswith("proc-disclosure-")}
    for one in announcements():
        record = told[f"proc-disclosure-{'-'.join(one.number.split('/'))}"]
        assert (record["valid_from"], record["valid_to"]) == (one.valid_from, one.valid_to), one.number


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)))
def test_a_line_leaves_when_the_window_says_so(day: date) -> None:
    gone = leaves_window_on(day, 36)
    assert not window(gone)[0] < day
    assert window(gone - timedelta(days=1))[0] < day


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(1, 60))
def test_a_period_ends_on_its_day_or_with_its_month(day: date, months: int) -> None:
    end = months_after(day, months)
    assert (end.year * 12 + end.month) - (day.year * 12 + day.month) == months
    assert end.day == day.day or (end.day < day.day and (end + timedelta(days=1)).day == 1)


@given(st.dates(date(2019, 10, 17), date(2028, 1, 1)), st.integers(0, 1200), st.booleans())
def test_clocks_only_run_out(day: date, after: int, certified: bool) -> None:
    """An act is never treated better on a later day than the day before said, unless a new announcement was published."""
    as_of = day + timedelta(days=after)
    now, later = clock(day, as_of, certified), clock(day, as_of + timedelta(days=1), certified)
    if as_of + timedelta(days=1) not in {one.published for one in announcements()}:
        assert (now.free_until, now.limited_until) == (later.free_until, later.limited_until)
    if now.free_until and now.limited_until:
        assert now.free_until <= now.limited_until


def test_the_end_of_the_calendar_is_no_error() -> None:
    assert months_after(date.max, 36) == leaves_window_on(date.max, 36) == date.max
    assert isinstance(routes_for(finding("UNIT_MISMATCH", date.max, date.max), date(9999, 12, 1))[0], RouteOption)
