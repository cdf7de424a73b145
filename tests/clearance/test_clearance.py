"""Clearance anomalies: one case per rule, in the YAML files beside this one."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, fields, replace
from datetime import date, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ecid.clearance import taxonomy as tx
from ecid.clearance.assessment import PublicRow, _withhold, assess, severity
from ecid.clearance.records import Amount, AnomalyRecord
from ecid.clearance.taxonomy import Fault, Outcome, State, severity_rules, taxonomy
from ecid.clearance.window import beijing_date, window
from ecid.errors import InvalidEvent

HERE = Path(__file__).parent
AS_OF = date(2026, 5, 17)
DAYS = st.dates(date(2019, 1, 1), date(2032, 12, 31))


def cases(name: str) -> list[dict[str, Any]]:
    loaded: list[dict[str, Any]] = yaml.safe_load((HERE / name).read_text("utf-8"))
    return loaded


def record(**given_fields: Any) -> AnomalyRecord:
    kinds: dict[str, Any] = {"state": State, "outcome": Outcome, "fault": Fault}
    read: dict[str, Any] = {"record_id": "r", "key_date": date(2025, 1, 1)}
    read |= {name: kinds[name](value) if name in kinds else value for name, value in given_fields.items()}
    return AnomalyRecord(**read)


@pytest.mark.parametrize("case", cases("window.yaml"), ids=lambda case: str(case["as_of"]))
def test_window(case: dict[str, Any]) -> None:
    lower, upper = window(case["as_of"])
    assert (lower, upper) == (case["lower"], case["as_of"])
    assert all(lower < day <= upper for day in case["inside"])
    assert not any(lower < day <= upper for day in case["outside"])


@pytest.mark.parametrize("case", cases("beijing.yaml"), ids=lambda case: case["moment"])
def test_beijing_date(case: dict[str, Any]) -> None:
    assert beijing_date(datetime.fromisoformat(case["moment"])) == case["date"]


def test_a_moment_without_time_zone_has_no_beijing_date() -> None:
    with pytest.raises(ValueError, match="time zone"):
        beijing_date(datetime(2026, 5, 17))  # noqa: DTZ001 – what is tested


@pytest.mark.parametrize("case", cases("severity.yaml"), ids=lambda case: case["what"])
def test_severity(case: dict[str, Any]) -> None:
    assert severity(record(**case["record"]), case["times"]) == case["severity"]


@pytest.mark.parametrize("case", cases("assess.yaml"), ids=lambda case: case["what"])
@pytest.mark.parametrize("view", ["public", "own"])
@pytest.mark.parametrize("backwards", [False, True])
def test_assess(case: dict[str, Any], view: str, backwards: bool) -> None:
    records = [record(**fields_) for fields_ in case["records"]]
    if backwards:
        records.reverse()
    as_of, expected = case.get("as_of", AS_OF), case[view]
    summary = assess(records, as_of, public=view == "public")
    assert summary.total == expected["total"]
    if "by_category" in expected:
        assert {key: count for key, count in summary.by_category.items() if count} == expected["by_category"]
    if "by_severity" in expected:
        assert {key: count for key, count in summary.by_severity.items() if count} == expected["by_severity"]
    rows = [PublicRow(str(month), category, level, Outcome(outcome)) for month, category, level, outcome in expected.get("rows", [])]
    assert list(summary.rows) == rows
    assert [shown.decisive.record_id for shown in summary.cases] == expected.get("cases", [])
    assert summary.disclosures == expected.get("disclosures", 0)
    assert (summary.lower, summary.upper) == window(as_of)


@pytest.mark.parametrize("case", cases("counts.yaml"), ids=lambda case: case["what"])
def test_counts_publication(case: dict[str, Any]) -> None:
    def agree(table: dict[Any, int | None], expected: Any) -> None:
        if expected == "hidden":
            assert set(table.values()) == {None}
            return
        assert None not in table.values()
        assert {key: count for key, count in table.items() if count} == expected

    # Nine months apart within a code, so that nothing is aggravated by repetition.
    days = [date(2023, 6, 1), date(2024, 3, 1), date(2024, 12, 1), date(2025, 9, 1)]
    records = [record(record_id=f"{code}.{n}", code=code, key_date=days[n]) for code, times in case["cases"].items() for n in range(times)]
    summary = assess(records, AS_OF, public=True, publication="counts")
    assert summary.total == (None if case["total"] == "hidden" else case["total"])
    agree(dict(summary.by_category), case["categories"])
    agree(dict(summary.by_severity), case["severities"])
    assert summary.rows == ()


def test_nobody_who_knows_the_rule_and_the_total_can_tell_a_small_count() -> None:
    """All tables of four cells up to 6, by what is published of them: each count that is withheld may be none at all, or more than a small one."""
    smallest = severity_rules().smallest_published
    published: defaultdict[tuple[Any, ...], list[tuple[int, ...]]] = defaultdict(list)
    for counts in product(range(7), repeat=4):
        shown = _withhold(dict(enumerate(counts)))
        total = sum(counts) if not 0 < sum(counts) < smallest else None
        published[(*shown.values(), total)].append(counts)
    for (*shown_counts, total), possible in published.items():
        hidden = [cell for cell, count in enumerate(shown_counts) if count is None]
        assert all(count is None or count == 0 or count >= smallest for count in shown_counts)
        for cell in hidden:
            assert {counts[cell] for counts in possible} - set(range(1, smallest)), (shown_counts, total)


SECRET = "530420250040970934-1"
RECORDS = st.builds(
    AnomalyRecord,
    record_id=st.integers(0, 30).map(lambda n: f"{SECRET}-{n}"),
    code=st.sampled_from(sorted(taxonomy())),
    key_date=DAYS,
    state=st.sampled_from(State),
    outcome=st.sampled_from(Outcome),
    case_id=st.none() | st.sampled_from([f"{SECRET}A", f"{SECRET}B"]),
    fault=st.none() | st.sampled_from(Fault),
    disclosed=st.booleans(),
    fine_fen=st.sampled_from([0, 999_999, 1_000_000, 50_000_000]),
    amount=st.just(Amount(53042025004, "USD", 53042025004)),
    public_until=st.none() | DAYS,
    declaration_no=st.just(SECRET),
    line_ids=st.just((SECRET,)),
    authority=st.just(SECRET),
    decision_no=st.just(SECRET),
    note=st.just(SECRET),
)


@given(st.lists(RECORDS, max_size=12, unique_by=lambda one: one.record_id), DAYS)
@settings(max_examples=200, deadline=None)
def test_properties_of_every_summary(records: list[AnomalyRecord], as_of: date) -> None:
    public, own = assess(records, as_of, public=True), assess(records, as_of, public=False)
    for summary in (public, own):
        assert summary.total == sum(count or 0 for count in summary.by_category.values())
        assert summary.total == sum(count or 0 for count in summary.by_severity.values())
    assert public.total is not None
    assert own.total is not None
    assert public.total == len(public.rows) <= own.total
    assert not public.cases
    assert "53042025004" not in repr(public)
    assert SECRET not in repr(asdict(public))
    assert assess(reversed(records), as_of, public=True) == public
    assert assess([one for one in records if one.state is not State.VOID], as_of, public=False) == own


@given(st.lists(RECORDS, max_size=10, unique_by=lambda one: one.record_id), DAYS, st.integers(0, 9))
@settings(max_examples=150, deadline=None)
def test_disclosing_never_costs(records: list[AnomalyRecord], as_of: date, which: int) -> None:
    if not records:
        return
    which %= len(records)
    disclosed = [replace(one, disclosed=True) if at == which else one for at, one in enumerate(records)]
    before, after = assess(records, as_of, public=True), assess(disclosed, as_of, public=True)
    assert sum(row.severity for row in after.rows) <= sum(row.severity for row in before.rows)


def test_a_public_row_has_the_four_allowed_fields() -> None:
    assert [field.name for field in fields(PublicRow)] == ["month", "category", "severity", "outcome"]


def test_many_records_of_one_code_take_no_quadratic_time() -> None:
    start = date(2023, 6, 1)
    records = [record(record_id=str(n), code="DEC-05", key_date=start + timedelta(days=n % 1000)) for n in range(20_000)]
    summary = assess(records, AS_OF, public=True)
    assert summary.total == 20_000


@pytest.mark.parametrize("wrong", [{"code": "XXX-01"}, {"code": ""}, {"code": "PEN-01", "fine_fen": -1}])
def test_bad_records_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidEvent):
        record(**wrong)


def test_taxonomy_is_the_one_of_the_dossier() -> None:
    rows: dict[str, list[Any]] = yaml.safe_load((HERE / "taxonomy.yaml").read_text("utf-8"))
    found = {code: [" ".join(entry.faults), entry.severity, entry.key_date, entry.amount, entry.counted] for code, entry in taxonomy().items()}
    assert found == rows


def test_categories_are_those_of_the_codes() -> None:
    numbers = {"INS": 5, "CLS": 3, "DEC": 6, "MAN": 2, "LIC": 2, "CIQ": 1, "IPR": 2, "RET": 2, "TAX": 1, "PEN": 6, "DIS": 1}
    assert {name: sum(entry.category == name for entry in taxonomy().values()) for name in tx.categories()} == numbers
    assert {entry.code for entry in taxonomy().values() if not entry.counted} == {"INS-05", "DIS-01"}
    assert all(entry.severity in tx.severities() and entry.code.startswith(entry.category) for entry in taxonomy().values())


def test_wording_is_complete_in_both_languages() -> None:
    data = tx._data()
    enumerations: list[tuple[str, list[str]]] = [
        ("states", [state.value for state in State]),
        ("outcomes", [outcome.value for outcome in Outcome]),
        ("faults", [fault.name for fault in Fault]),
        ("severities", [str(level) for level in range(5)]),
        ("categories", list({entry.category for entry in taxonomy().values()})),
        ("key_dates", list({entry.key_date for entry in taxonomy().values()})),
        ("amounts", list({entry.amount for entry in taxonomy().values()} - {""})),
        ("codes", list(taxonomy())),
    ]
    for table, members in enumerations:
        assert set(data[table]) == set(members), table
        assert all(entry["zh"] and entry["en"] and entry["zh"] != entry["en"] for entry in data[table].values())
    assert {entry["code"] for entry in data["faults"].values()} == {fault.value for fault in Fault}


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_names(lang: Any) -> None:
    assert all(tx.key_date_name(entry.key_date, lang) for entry in taxonomy().values())
    assert [bool(tx.amount_name(entry.amount, lang)) == bool(entry.amount) for entry in taxonomy().values()]
    assert all(tx.outcome_name(outcome, lang) for outcome in Outcome)
    assert all(tx.state_name(state, lang) for state in State)
    assert all(tx.fault_name(fault, lang) for fault in Fault)
    assert all(tx.category_name(category, lang) for category in tx.categories())
    assert all(tx.severity_name(level, lang) for level in tx.severities())
