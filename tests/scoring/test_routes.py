"""Correction routes: their order of preference, their days and reasons, and that nothing closed is dropped. The cases stand in `routes.yaml`."""

from __future__ import annotations

import re
import tomllib
from datetime import date, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ecid.clearance.window import window
from ecid.scoring.result import Finding
from ecid.scoring.routes import Circumstances, RouteOption, leaves_window_on, months_after, routes_for
from ecid.scoring.rules import RULE_DIMENSIONS
from ecid.scoring.wording import rule_wording

CASES = yaml.safe_load(Path(__file__).with_name("routes.yaml").read_text("utf-8"))
DATA = tomllib.loads(files("ecid.scoring").joinpath("routes.toml").read_text("utf-8"))
TODAY = date(2026, 11, 23)


def finding(rule: str, first: date, last: date) -> Finding:
    return Finding("0", rule, RULE_DIMENSIONS[rule], 0, {}, "8507600090", "key", "锂离子电池", ("line-0",), 0, 0, first, last, (), ())


@pytest.mark.parametrize("case", CASES["findings"], ids=lambda case: case["name"])
def test_routes_of_a_finding(case: dict[str, Any]) -> None:
    options = routes_for(finding(case["rule"], *case["days"]), case["as_of"], Circumstances(**case.get("known", {})))
    assert [f"{option.code} {option.state}" for option in options] == case["routes"]
    by_code = {option.code: option for option in options}
    ages_out = by_code["declare_right"].calendar["ages_out_on"]
    assert ages_out == case.get("ages_out_on", ages_out)
    assert all(option.reason for option in options if option.state != "open")
    for lang, words in case.get("amend", {}).items():
        reason = by_code["amend"].reason
        assert reason is not None
        assert words in reason[lang]


@pytest.mark.parametrize("case", [case for case in CASES["findings"] if "disclosure" in str(case["routes"])], ids=lambda case: case["name"])
def test_disclosure_of_a_finding(case: dict[str, Any]) -> None:
    options = routes_for(finding(case["rule"], *case["days"]), case["as_of"], Circumstances(**case.get("known", {})))
    disclosure = next(option for option in options if option.code == "voluntary_disclosure")
    dates = {"deadline": disclosure.deadline, "until_with_limits": disclosure.until_with_limits, **disclosure.calendar}
    for name, day in case.get("disclosure", {}).items():
        assert dates.get(name) == day, name
    assert disclosure.act_by == case.get("act_by", disclosure.act_by)
    assert disclosure.line_by_line == case.get("line_by_line", disclosure.line_by_line)
    assert disclosure.basis["en"] == case.get("basis", disclosure.basis["en"])
    assert disclosure.certainty == case.get("certainty", disclosure.certainty)
    for lang, words in (case.get("reason") or {}).items():
        assert disclosure.reason is not None
        assert words in disclosure.reason[lang]
        assert words == disclosure.reason[lang] or not case.get("reason_whole")
    if "reason" in case and case["reason"] is None:
        assert disclosure.reason is None


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
    assert {rule for rule in DATA["selector"]["slips"] if "amend" in rule_wording(rule).routes} == set(DATA["selector"]["slips"]) <= set(RULE_DIMENSIONS)
    for entry in (*DATA["route"].values(), *DATA["announcement"]):
        assert entry["certainty"] in {"verified", "memory_high", "memory_medium"}
    for text in (*DATA["phrase"].values(), *DATA["reason"].values()):
        assert set(text) == {"zh", "en"}
        assert set(re.findall(r"\{(\w+)\}", text["zh"])) == set(re.findall(r"\{(\w+)\}", text["en"]))


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


def test_the_end_of_the_calendar_is_no_error() -> None:
    assert months_after(date.max, 36) == leaves_window_on(date.max, 36) == date.max
    assert isinstance(routes_for(finding("UNIT_MISMATCH", date.max, date.max), date(9999, 12, 1))[0], RouteOption)
