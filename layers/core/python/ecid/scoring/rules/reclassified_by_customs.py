"""`RECLASSIFIED_BY_CUSTOMS`: customs changed or penalised the code of a line (CLS-01, CLS-03), within the three-year window (score.md, dimension 10).

A void record counts nowhere; one that is still open is shown without points, whatever its age; one that a carrier or nobody caused is not the trader's.
What the trader disclosed itself counts in part. A record that names a declaration of n lines without saying which counts one n-th for each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import polars as pl

from ecid.clearance.records import AnomalyRecord
from ecid.clearance.taxonomy import State
from ecid.clearance.window import window
from ecid.scoring.policy import PPM, Policy
from ecid.scoring.result import Unplaced
from ecid.scoring.rule import Case, Evidence, LineVerdict, SourceRule

CODE = "RECLASSIFIED_BY_CUSTOMS"
RECLASSIFIED = frozenset({"CLS-01", "CLS-03"})
_SHOWN = {"record": pl.String, "code": pl.String, "title_zh": pl.String, "title_en": pl.String, "key_date": pl.String} | {
    "state": pl.String,
    "outcome": pl.String,
    "disclosed": pl.Boolean,
    "among": pl.Int64,
}


def outcomes_of(records: Sequence[AnomalyRecord], as_of: date) -> list[AnomalyRecord]:
    """The records that speak of classification on `as_of`, in a fixed order: those of the window, and open ones of any age."""
    lower, upper = window(as_of)
    found = [
        record
        for record in records
        if record.code in RECLASSIFIED and record.state is not State.VOID and record.is_traders_own and record.key_date <= upper
        if record.key_date > lower or record.state is State.OPEN
    ]
    return sorted(found, key=lambda record: (record.key_date, record.record_id))


def share_of(record: AnomalyRecord, policy: Policy) -> int:
    """What a record counts for, in millionths of a line."""
    if record.state is State.OPEN:
        return 0
    return policy.disclosed_ppm if record.disclosed else PPM


def place_outcomes(line_ids: pl.Series, records: Sequence[AnomalyRecord]) -> tuple[pl.DataFrame, tuple[Unplaced, ...]]:
    """`at` (place in `line_ids`), `record` (place in `records`) and `among` (how many lines share it), and the records without any line."""
    wanted = {line_id for record in records for line_id in record.line_ids}
    numbers = {record.declaration_no for record in records if record.declaration_no and not record.line_ids}
    ids = pl.DataFrame({"line_id": line_ids}).with_row_index("at")
    number = pl.col("line_id").str.slice(0, 18)
    near = ids.filter(pl.col("line_id").is_in(sorted(wanted)) | (number.is_in(sorted(numbers)) & pl.col("line_id").str.contains(r"^\d{18}-\d+$")))
    by_id: dict[str, list[int]] = {}
    by_number: dict[str, list[int]] = {}
    for at, line_id in near.iter_rows():
        by_id.setdefault(line_id, []).append(at)
        by_number.setdefault(line_id[:18], []).append(at)
    rows: list[tuple[int, int, int]] = []
    lost: list[Unplaced] = []
    for place, record in enumerate(records):
        named = record.line_ids
        ats = [at for line_id in named for at in by_id.get(line_id, ())] if named else by_number.get(record.declaration_no or "", [])
        missing = tuple(line_id for line_id in named if line_id not in by_id) if named else ()
        rows += [(at, place, 1 if named else len(ats)) for at in sorted(set(ats))]
        if missing or not ats:
            told = missing or ((record.declaration_no,) if record.declaration_no else ())
            lost.append(Unplaced(record.record_id, record.code, record.key_date, told, "no_such_line" if told else "no_line_named"))
    return pl.DataFrame(rows, schema={"at": pl.UInt32, "record": pl.UInt32, "among": pl.Int64}, orient="row"), tuple(lost)


def unplaced(line_ids: pl.Series, records: Sequence[AnomalyRecord] | None, as_of: date) -> tuple[Unplaced, ...]:
    """The records that speak of classification on `as_of` and name lines that are not there."""
    found = outcomes_of(records or (), as_of)
    return place_outcomes(line_ids, found)[1] if found else ()


def _check(case: Case) -> LineVerdict:
    every = case.judgements.lines["at"]
    if case.authority.outcomes is None:
        return LineVerdict(pl.DataFrame(schema={"at": every.dtype, "fact": pl.UInt32}), pl.DataFrame(), every, every.clear())
    records = outcomes_of(case.authority.outcomes, case.as_of)
    rows, _ = place_outcomes(case.judgements.lines["line_id"], records)
    shares = pl.Series([share_of(record, case.policy) for record in records], dtype=pl.Int64)
    rows = rows.with_columns(x=shares.gather(rows["record"]) // pl.col("among"))
    failed = rows.sort("at", "x", "record", descending=[False, True, False]).unique("at", keep="first", maintain_order=True)
    among = dict(rows.select("record", "among").iter_rows())
    facts = [(*_said(record), among.get(place, 0)) for place, record in enumerate(records)]
    return LineVerdict(failed.select("at", "x", fact="record"), pl.DataFrame(facts, schema=_SHOWN, orient="row"), every, every)


def _said(record: AnomalyRecord) -> tuple[object, ...]:
    kind = record.kind
    return (record.record_id, record.code, kind.zh, kind.en, record.key_date.isoformat(), record.state.value, record.outcome.value, record.disclosed)


def _evidence(row: Mapping[str, Any]) -> Sequence[Evidence]:
    title = {"zh": row["title_zh"], "en": row["title_en"]}
    return [{"kind": "outcome", "title": title, **{name: row[name] for name in ("record", "code", "key_date", "state", "outcome", "disclosed", "among")}}]


RULE = SourceRule(CODE, 10, _check, _evidence)
