"""Scan declaration files: read, score, keep what could not be read (`ecid scan`, later also uploads)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path

import polars as pl

from ecid.clearance.window import beijing_date
from ecid.declarations.lines import ReadResult
from ecid.declarations.readers import Limits, Progress, read_files
from ecid.errors import BadInput
from ecid.scoring.breakdown import Breakdown, breakdowns
from ecid.scoring.causes import Cause, causes_of
from ecid.scoring.engine import Request, run
from ecid.scoring.losses import loss_table
from ecid.scoring.plan import Plan, plan
from ecid.scoring.policy import load_policy
from ecid.scoring.reference import Reference
from ecid.scoring.result import Result


@dataclass(frozen=True, slots=True)
class Period:
    """What is asked for: the day of the scan (None: today in Beijing), and the first and last declaration day that count (None: no bound)."""

    as_of: date | None = None
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Scan:
    """A result, read along every axis and gathered into causes; what was read beside its lines (`read.lines` is empty); the ids of the lines about which
    something was assumed, by flag; and the plan, where a target was asked for."""

    result: Result
    read: ReadResult
    flagged: Mapping[str, pl.Series]
    breakdowns: tuple[Breakdown, ...]
    causes: tuple[Cause, ...]
    plan: Plan | None = None


def scan_files(
    paths: Sequence[Path],
    reference: Reference,
    now: datetime,
    period: Period | None = None,
    limits: Limits | None = None,
    progress: Progress = lambda _done: None,
    target: int | None = None,
) -> Scan:
    """Read the files of one enterprise and score them; with a `target` in points, plan how to come to it.

    With a first or last day only that period counts; else everything up to the day is judged, and the policy's months are weighed. `progress` is told the
    bytes read. Raises UnreadableFile, UnsupportedFormat, PayloadTooLarge, and BadInput for a period that ends before it begins.
    """
    asked, today = period or Period(), beijing_date(now)
    day = asked.as_of or today
    window = (asked.since or date.min, min(asked.until or day, day)) if asked.since or asked.until else None
    if window and window[0] > window[1]:
        raise BadInput(detail=f"{window[0]} > {window[1]}")
    read = read_files(paths, today, limits or Limits(), progress)
    exporters = read.lines["exporter_uscc"].drop_nulls().unique().sort().to_list()
    request = Request(exporters[0] if len(exporters) == 1 else "file", "file", day, window)
    flagged = _by_flag(read.lines)
    lines = [read.lines]
    read = replace(read, lines=read.lines.clear())
    # Nothing here holds on to the lines while they are scored: a large file takes a large part of the memory.
    policy = load_policy()
    made = run(lines.pop(), reference, policy, request)
    causes = causes_of(made)
    planned = plan(loss_table(made, policy), causes, made.result.findings, target) if target is not None else None
    return Scan(made.result, read, flagged, breakdowns(made), causes, planned)


def _by_flag(lines: pl.DataFrame) -> Mapping[str, pl.Series]:
    flagged = lines.select("line_id", "flags").filter(pl.col("flags").list.len() > 0).explode("flags", empty_as_null=True)
    return {str(flag): group["line_id"] for (flag,), group in sorted(flagged.partition_by("flags", as_dict=True).items())}
