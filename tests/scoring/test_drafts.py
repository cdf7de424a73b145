"""Drafts: what each line is told, the string to paste, and the lists that name a code."""

from __future__ import annotations

import tomllib
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ecid.declarations.element_string import parse_specification
from ecid.scoring.drafts import DraftLine, draft_lines
from ecid.scoring.engine import Request, run
from ecid.scoring.marks import differ, favours, listings, mark_name
from ecid.scoring.policy import load_policy
from ecid.scoring.reference import Reference
from ecid.tariff.model import Marks
from tests.scoring.conftest import frame
from tests.scoring.tariff import small_reference

CASES = yaml.safe_load(Path(__file__).with_name("drafts.yaml").read_text("utf-8"))
DAY = date(2025, 6, 2)
REFERENCE = small_reference()
LIST = Marks("list-2025", "list", date(2025, 1, 1), date(2025, 12, 31), "dual_use_export", "tests", "0" * 64, {"8507600010": "", "8541430000": "电池片"})


def drafted(rows: list[dict[str, Any]], reference: Reference = REFERENCE) -> tuple[DraftLine, ...]:
    lines = frame([{**row, "declared_on": DAY} for row in rows])
    return draft_lines(run(lines, reference, load_policy(), Request("draft", "file", DAY)), lines["line_id"].to_list())


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_line(case: dict[str, Any]) -> None:
    row = dict(case["line"])
    if "filled_up_to" in case:
        row["specification"] = row["specification"].ljust(case["filled_up_to"], "长")
    (line,) = drafted([row])
    assert line.outcome == case.get("outcome", line.outcome)
    rules = [finding.rule for finding in line.findings]
    assert rules == case.get("rules", rules if line.outcome == "findings" else [])
    assert list(line.missing) == case.get("missing", [])
    texts = [question.text["zh"] for question in line.questions]
    assert texts == case.get("ask", texts)
    assert all(question.text["en"] for question in line.questions)
    suggested = sorted(code for finding in line.findings for code in finding.suggested_codes)
    assert suggested == sorted(str(code) for code in case.get("suggested", suggested))
    assert line.described == case.get("described", line.described)
    if "ready" in case and case["ready"] is None:
        assert line.specification is None
        return
    found = line.specification
    assert found is not None
    assert (found.ready, found.open) == (case.get("ready", found.ready), case.get("open", found.open))
    assert found.too_long == case.get("too_long", False)
    assert found.moved == case.get("moved", False)
    assert list(found.left_over) == case.get("left_over", list(found.left_over))


def test_lines_come_back_as_they_went_in() -> None:
    """The run sorts lines by id, and ids of a request may repeat."""
    ids = ["row-10", "row-9", "row-9", "a", "row-100"]
    names = ["锂离子电池一", "锂离子电池二", "锂离子电池三", "锂离子电池四", "锂离子电池五"]
    lines = drafted([{"line_id": line_id, "name": name} for line_id, name in zip(ids, names, strict=True)])
    assert [(line.line_id, line.name) for line in lines] == list(zip(ids, names, strict=True))


def test_a_draft_of_nothing() -> None:
    assert drafted([]) == ()


def test_a_line_without_reference_is_not_called_clear() -> None:
    empty = Reference(type(REFERENCE.tariff)(), REFERENCE.rates, {})
    (line,) = drafted([{}], empty)
    assert (line.outcome, line.specification, line.judgement.state) == ("not_judged", None, "not_judged")


_VALUE = st.text(st.characters(exclude_categories=("C", "Z")), max_size=12)


@settings(max_examples=40, deadline=None)
@given(st.lists(_VALUE, max_size=14))
def test_what_is_ready_invents_nothing_and_loses_nothing(values: list[str]) -> None:
    text = "|".join(values)
    (line,) = drafted([{"specification": text}])
    found = line.specification
    assert found is not None
    given_values = [value for value in parse_specification(text).values if value.strip()]
    kept = [value for place in found.ready.split("|") if (value := place.partition("？")[2][:-1] if place.startswith("〔") and place.endswith("〕") else place)]
    kept += list(found.left_over)
    if not found.moved and not any("〔" in value or "？" in value for value in given_values):
        assert sorted(kept) == sorted(given_values)
    if not found.open and not found.moved and not found.left_over:
        (again,) = drafted([{"specification": found.ready}])
        assert again.specification == found


@pytest.mark.parametrize(
    ("code", "day", "state", "codes"),
    [
        ("8507600010", DAY, "listed", ["8507600010"]),
        ("8507600010103", DAY, "listed", ["8507600010"]),
        ("8507600090", DAY, "not_listed", []),
        ("85076000", DAY, "possible", ["8507600010"]),
        ("850760", DAY, "possible", ["8507600010"]),
        ("850650", DAY, "not_listed", []),
        ("8541430000", DAY, "listed", ["8541430000"]),
        ("8507600010", date(2026, 1, 1), None, []),
        ("8507600010", date(2025, 12, 31), "listed", ["8507600010"]),
    ],
)
def test_what_a_list_says_of_a_code(code: str, day: date, state: str | None, codes: list[str]) -> None:
    found = listings(code, day, [LIST])
    assert [(listing.state, list(listing.codes)) for listing in found] == ([] if state is None else [(state, codes)])


def test_every_mark_has_a_name() -> None:
    marks = set(get_args(get_type_hints(Marks)["mark"]))
    assert set(tomllib.loads(files("ecid.scoring").joinpath("marks.toml").read_text("utf-8"))["mark"]) == marks
    assert all(mark_name(mark)["zh"] and mark_name(mark)["en"] for mark in marks)


REFUNDS = Marks("r", "r", DAY, DAY, "export_refund", "s", "0" * 64, {"8507600010": "13", "8507600090": "9", "85065000": "9", "8541430000": "6"})


@pytest.mark.parametrize(
    ("ours", "theirs", "lists", "better", "other"),
    [
        ("85076000", "850650", [REFUNDS], False, True),  # as much as the lower of two is no less
        ("85076000", "854143", [REFUNDS], True, True),
        ("85076000", "847130", [REFUNDS], False, True),  # of a code without a rate nothing is known
        ("8506500000", "850650", [REFUNDS], False, False),
        ("8507600090", "854143", [LIST], True, True),
        ("8541430000", "850760", [LIST], False, False),
        ("85076000", "854143", [LIST], False, False),  # it depends on the last digits
    ],
)
def test_whether_a_code_is_better_off(ours: str, theirs: str, lists: list[Marks], better: bool, other: bool) -> None:
    (one,), (rival,) = listings(ours, DAY, lists), listings(theirs, DAY, lists)
    assert (favours(rival, one), differ(rival, one)) == (better, other)
