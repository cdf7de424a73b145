"""From clearance records to counts: severity, the three-year window, one count per case, and the two views (dossier §3.2, §3.3, §9).

The public view is built from `PublicRow` alone, an allow-list: no declaration number, party, price, product or document number passes through it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Literal, TypeVar

from ecid.clearance.records import AnomalyRecord
from ecid.clearance.taxonomy import Outcome, State, categories, severities, severity_rules
from ecid.clearance.window import window, years_before

Publication = Literal["records", "counts"]

Key = TypeVar("Key", str, int)


@dataclass(frozen=True, slots=True)
class PublicRow:
    """One case as everybody may see it. `month` is `YYYY-MM`."""

    month: str
    category: str
    severity: int
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Case:
    """One incident as the enterprise sees it: its records in the window, oldest first, and the one that decides.

    `counted` is False where no record of it counts: inspections without difference and disclosures without penalty.
    """

    case_id: str | None
    decisive: AnomalyRecord
    severity: int
    counted: bool
    records: tuple[AnomalyRecord, ...]


@dataclass(frozen=True, slots=True)
class AnomalySummary:
    """What a view shows on `as_of`.

    A case counts once, under the category and severity of its decisive record. Counts are None where they are withheld (`counts` publication). `rows`
    are public and newest first, empty under `counts`; `cases` are the enterprise's own, empty in the public view. `disclosures` counts accepted
    voluntary disclosures, which speak for the enterprise (own view; 0 in the public one).
    """

    as_of: date
    lower: date
    upper: date
    public: bool
    total: int | None
    by_category: Mapping[str, int | None]
    by_severity: Mapping[int, int | None]
    rows: tuple[PublicRow, ...] = ()
    cases: tuple[Case, ...] = ()
    disclosures: int = 0


def severity(record: AnomalyRecord, same_code_in_12_months: int) -> int:
    """0–4. `same_code_in_12_months` counts cases of the code in the twelve months up to the record's key date, its own included.

    A fine of RMB 500,000 is critical, one of RMB 10,000 adds one, the third time in twelve months adds one; then voluntary disclosure takes one off.
    Nothing weighs where neither exporter nor broker is at fault, nor a record that shows no breach.
    """
    rules = severity_rules()
    if not record.is_traders_own or not record.kind.counted:
        return 0
    level = record.kind.severity
    level += record.fine_fen >= rules.fine_aggravates_from
    level += same_code_in_12_months >= rules.repeats_aggravate_from
    level = rules.highest if record.fine_fen >= rules.fine_critical_from else min(level, rules.highest)
    return max(level - record.disclosed, 0)


def assess(records: Iterable[AnomalyRecord], as_of: date, *, public: bool, publication: Publication = "records") -> AnomalySummary:
    """The summary of an enterprise's records as seen on `as_of` (Beijing civil date).

    Void records are left out. The public view also leaves out what a carrier, a terminal or nobody caused and what its display period has ended
    for, before anything is counted or weighed. `publication` is the operator's setting for the public view alone.
    """
    considered = [record for record in records if record.state is not State.VOID and record.key_date <= as_of]
    if public:
        considered = [record for record in considered if record.is_traders_own and record.kind.counted and _may_be_shown(record, as_of)]
    lower, upper = window(as_of)
    cases = _cases([record for record in considered if record.key_date > lower or record.state is State.OPEN], considered)
    counted = [case for case in cases if case.counted]
    by_category = _table(categories(), Counter(case.decisive.kind.category for case in counted))
    by_severity = _table(severities(), Counter(case.severity for case in counted))
    total: int | None = len(counted)
    if public and publication == "counts":
        by_category, by_severity, total = _withhold(by_category), _withhold(by_severity), _withheld_total(len(counted))
    return AnomalySummary(
        as_of=as_of,
        lower=lower,
        upper=upper,
        public=public,
        total=total,
        by_category=by_category,
        by_severity=by_severity,
        rows=tuple(_public_row(case) for case in counted) if public and publication == "records" else (),
        cases=() if public else cases,
        disclosures=0 if public else sum(any(record.kind.category == "DIS" for record in case.records) for case in cases),
    )


def _may_be_shown(record: AnomalyRecord, as_of: date) -> bool:
    return record.public_until is None or as_of <= record.public_until


def _cases(shown: list[AnomalyRecord], history: list[AnomalyRecord]) -> tuple[Case, ...]:
    """Cases of the records shown, newest first; repetition is looked for in the whole history."""
    repeats = _repeats(history)
    together: defaultdict[tuple[str, str], list[tuple[int, AnomalyRecord]]] = defaultdict(list)
    for record in shown:
        together[record.case_key].append((severity(record, repeats[record.record_id]), record))
    cases = [_case(rated) for rated in together.values()]
    return tuple(sorted(cases, key=lambda case: (-case.decisive.key_date.toordinal(), case.decisive.record_id)))


def _case(rated: list[tuple[int, AnomalyRecord]]) -> Case:
    # A record that counts decides before one that does not; among equals the latest, then the name, so that input order never matters.
    level, decisive = max(rated, key=lambda pair: (pair[1].kind.counted, pair[0], pair[1].key_date, pair[1].code, pair[1].record_id))
    in_order = sorted((record for _, record in rated), key=lambda record: (record.key_date, record.record_id))
    return Case(decisive.case_id, decisive, level, any(record.kind.counted for record in in_order), tuple(in_order))


def _repeats(history: list[AnomalyRecord]) -> dict[str, int]:
    """By record id: how many cases of its code fall into the twelve months up to it."""
    by_code: defaultdict[str, list[AnomalyRecord]] = defaultdict(list)
    for record in history:
        if record.is_traders_own and record.kind.counted:
            by_code[record.code].append(record)
    found: dict[str, int] = dict.fromkeys((record.record_id for record in history), 0)
    for same in by_code.values():
        for record, times in _times_in_twelve_months(same):
            found[record.record_id] = times
    return found


def _times_in_twelve_months(same_code: list[AnomalyRecord]) -> Iterator[tuple[AnomalyRecord, int]]:
    in_order = sorted(same_code, key=lambda record: record.key_date)
    recent: Counter[tuple[str, str]] = Counter()
    oldest = 0
    for day, of_the_day in groupby(in_order, key=lambda record: record.key_date):
        todays = list(of_the_day)
        recent.update(record.case_key for record in todays)
        since = years_before(day, severity_rules().repeat_years)
        while in_order[oldest].key_date <= since:
            recent.subtract([in_order[oldest].case_key])
            oldest += 1
        recent += Counter()  # drops the cases that are down to nothing
        yield from ((record, len(recent)) for record in todays)


def _public_row(case: Case) -> PublicRow:
    record = case.decisive
    return PublicRow(record.key_date.strftime("%Y-%m"), record.kind.category, case.severity, record.outcome)


def _table(keys: tuple[Key, ...], counts: Counter[Key]) -> dict[Key, int | None]:
    return {key: counts[key] for key in keys}


def _withheld_total(total: int) -> int | None:
    return None if 0 < total < severity_rules().smallest_published else total


def _withhold(table: dict[Key, int | None]) -> dict[Key, int | None]:
    """The table, or nothing of it where any count is small. To withhold single cells would not do: the total and the rule for choosing further cells,
    both known, give many of them back."""
    smallest = severity_rules().smallest_published
    return dict.fromkeys(table) if any(count and count < smallest for count in table.values()) else table
