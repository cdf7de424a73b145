"""The two clocks of voluntary disclosure: every boundary day, and that what a finding of many lines says holds for each of them."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from ecid.scoring.disclosure import announcements, clock
from ecid.scoring.routes import Circumstances, RouteOption, routes_for
from tests.scoring.test_routes import finding

CASES = yaml.safe_load(Path(__file__).with_name("routes.yaml").read_text("utf-8"))
PACK = Path(__file__).parents[2] / "knowledge" / "procedures.toml"
DAYS = st.dates(date(2019, 6, 1), date(2027, 12, 31))
CHANGES = [
    date(2022, 6, 30),
    date(2022, 7, 1),
    date(2023, 10, 8),
    date(2023, 10, 10),
    date(2023, 10, 11),
    date(2025, 9, 28),
    date(2025, 10, 10),
    date(2027, 6, 30),
]


@pytest.mark.parametrize("case", CASES["clocks"], ids=lambda case: case["name"])
def test_clock_of_a_line(case: dict[str, Any]) -> None:
    found = clock(case["act"], case["as_of"], case.get("certified", False))
    assert (found.free.until, found.limited.until, found.free.since) == (case.get("free"), case.get("limited"), case.get("from"))
    assert [name for name, term in (("free", found.free), ("limited", found.limited)) if term.cut] == case.get("cut", [])


def test_one_announcement_holds_on_any_day_of_the_lineage() -> None:
    for earlier, later in pairwise(one for one in announcements() if not one.certified_only):
        assert later.valid_from == earlier.valid_to + timedelta(days=1)
    assert all(one.published <= one.valid_from for one in announcements())


def test_the_pack_gives_the_same_dates() -> None:
    told = {record["id"]: record for record in tomllib.loads(PACK.read_text("utf-8"))["record"] if record["id"].startswith("proc-disclosure-")}
    for one in announcements():
        record = told[f"proc-disclosure-{'-'.join(one.number.split('/'))}"]
        assert (record["valid_from"], record["valid_to"]) == (one.valid_from, one.valid_to), one.number


@given(st.dates(date(2019, 10, 17), date(2028, 1, 1)), st.integers(0, 1200), st.booleans())
def test_clocks_only_run_out(day: date, after: int, certified: bool) -> None:
    """An act is never treated better on a later day than the day before said, unless a new announcement was published."""
    as_of = day + timedelta(days=after)
    now, later = clock(day, as_of, certified), clock(day, as_of + timedelta(days=1), certified)
    if as_of + timedelta(days=1) not in {one.published for one in announcements()}:
        assert (now.free.until, now.limited.until) == (later.free.until, later.limited.until)
    if now.free.until and now.limited.until:
        assert now.free.until <= now.limited.until


def disclosure(first: date, last: date, as_of: date, known: Circumstances) -> RouteOption:
    return next(option for option in routes_for(finding("UNIT_MISMATCH", first, last), as_of, known) if option.code == "voluntary_disclosure")


STATES = {("open",): "open", ("with_limits",): "with_limits", ("expired",): "expired", ("not_known",): "not_known", ("expired", "with_limits"): "with_limits"}
"""What a finding says where its lines, each alone, say so; any other mix that holds `open` is `partly_open`."""


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=6), st.one_of(DAYS, st.sampled_from(CHANGES)), st.booleans())
@example([1055, 53], date(2026, 11, 23), False)
@example([1055, 22], date(2026, 11, 23), False)
@example([184], date(2025, 10, 10), False)
def test_what_a_finding_says_holds_for_each_of_its_lines(back: Sequence[int], as_of: date, certified: bool) -> None:
    acts, known = sorted(as_of - timedelta(days=days) for days in back), Circumstances(certified=certified)
    each = [disclosure(act, act, as_of, known) for act in acts]
    whole = disclosure(acts[0], acts[-1], as_of, known)
    states = tuple(sorted({option.state for option in each}))
    assert whole.state == STATES.get(states, "partly_open" if "open" in states else None)
    if whole.closed:
        assert whole.act_by is None
        return
    days = {"deadline": whole.deadline, "until_with_limits": whole.until_with_limits, **whole.calendar}
    assert all((day < as_of) == name.startswith("first_line_") for name, day in days.items() if day)
    kind = "until_with_limits" if whole.state == "with_limits" else "deadline"
    to_come = {day for option in each if (day := getattr(option, kind)) and day >= as_of}
    assert whole.act_by == (max if whole.line_by_line else min)(to_come)
    over = {name: first.isoformat() for name, first in whole.calendar.items() if name.startswith("first_line_")}
    for name, day in over.items():
        alone = clock(acts[0], as_of, certified)
        assert day == str((alone.free if name == "first_line_deadline" else alone.limited).until)
    assert ("opens_on" in whole.calendar) == any("opens_on" in option.calendar for option in (each[0], each[-1]))


@given(
    st.lists(st.integers(0, 1500), min_size=1, max_size=6),
    st.one_of(DAYS, st.sampled_from(CHANGES)),
    st.sampled_from(["NAME_CODE_CONFLICT", "UNIT_MISMATCH", "CHECK_DIGIT"]),
)
def test_no_route_that_is_open_ended_before_today(back: Sequence[int], as_of: date, rule: str) -> None:
    acts = sorted(as_of - timedelta(days=days) for days in back)
    options = routes_for(finding(rule, acts[0], acts[-1]), as_of)
    assert all(option.act_by is None or option.act_by >= as_of for option in options)
    assert all(day is None or day >= as_of for option in options if not option.closed for day in (option.deadline, option.until_with_limits))
    assert not options[0].closed
    assert options[0].code != "amend" or rule != "NAME_CODE_CONFLICT"
