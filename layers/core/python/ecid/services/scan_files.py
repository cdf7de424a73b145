"""Scan declaration files: read, score, keep what could not be read (`ecid scan`, later also uploads)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path

import polars as pl

from ecid.clearance.window import beijing_date
from ecid.declarations.lines import ReadResult
from ecid.declarations.readers import Limits, Progress, read_files
from ecid.errors import BadInput
from ecid.scoring.breakdown import Breakdown, breakdowns
from ecid.scoring.causes import Cause, causes_of
from ecid.scoring.engine import Request, months_before, run
from ecid.scoring.forecast import Forecast, forecasts
from ecid.scoring.loss_table import LossTable
from ecid.scoring.losses import loss_table
from ecid.scoring.misclassified import OwnCode, own_list
from ecid.scoring.plan import Plan, plan
from ecid.scoring.policy import load_policy
from ecid.scoring.reference import Reference
from ecid.scoring.result import Result, Review, to_json
from ecid.scoring.saved import SavedResult, saved_result
from ecid.scoring.whatif import LineEdit, LineSimulation, simulate_lines
from ecid.scoring.work_list import WorkList, work_list


@dataclass(frozen=True, slots=True)
class Period:
    """What is asked for: the day of the scan (None: today in Beijing), and the first and last declaration day that count (None: no bound)."""

    as_of: date | None = None
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Questions:
    """What else is wanted of a scan. The `forecast` costs about as much again as the score, so it is asked for; so is the `work_list`, which is as long as the
    input. `reviews`: the owner's marks by finding. `suppose`: lines as they might have been declared; empty, or any number, costs a second score."""

    forecast: bool = False
    reviews: Mapping[str, Review] = field(default_factory=dict)
    work_list: bool = False
    suppose: Mapping[str, LineEdit] | None = None


@dataclass(frozen=True, slots=True)
class Scan:
    """A result, read along every axis and gathered into causes; what was read beside its lines (`read.lines` is empty); the ids of the lines about which
    something was assumed, by flag; the plan, where a target was asked for.

    `losses` answers what corrections would win (plans to other targets too), `misclassified` are the enterprise's own codes that cost most for their
    classification. `forecast` is empty where none was asked for or there can be none: a period with bounds does not move on.
    """

    result: Result
    read: ReadResult
    flagged: Mapping[str, pl.Series]
    breakdowns: tuple[Breakdown, ...]
    causes: tuple[Cause, ...]
    losses: LossTable
    misclassified: tuple[OwnCode, ...]
    plan: Plan | None = None
    forecast: tuple[Forecast, ...] = ()
    work_list: WorkList | None = None
    supposed: LineSimulation | None = None


def scan_files(
    paths: Sequence[Path],
    reference: Callable[[], Reference],
    now: datetime,
    period: Period | None = None,
    limits: Limits | None = None,
    progress: Progress = lambda _done: None,
    target: int | None = None,
    questions: Questions | None = None,
) -> Scan:
    """Read the files of one enterprise and score them; with a `target` in points, plan how to come to it.

    With a first or last day only that period counts; else everything up to the day is judged, and the policy's months are weighed. `progress` is told the
    bytes read. `reference` is called once the files are read: making it ready may take minutes, wasted on a file that is refused. Raises UnreadableFile,
    UnsupportedFormat, PayloadTooLarge, and BadInput for a period that ends before it begins.
    """
    asked, wanted, today = period or Period(), questions or Questions(), beijing_date(now)
    day = asked.as_of or today
    window = (asked.since or date.min, min(asked.until or day, day)) if asked.since or asked.until else None
    if window and window[0] > window[1]:
        raise BadInput(detail=_reversed(window, day))
    read = read_files(paths, today, limits or Limits(), progress)
    exporters = read.lines["exporter_uscc"].drop_nulls().unique().sort().to_list()
    request = Request(exporters[0] if len(exporters) == 1 else "file", "file", day, window, reviews=wanted.reviews)
    flagged = _by_flag(read.lines)
    lines = [read.lines]
    read = replace(read, lines=read.lines.clear())
    # Nothing holds on to the lines while they are scored unless they are asked about again: a large file takes a large part of the memory.
    kept = lines[0] if wanted.suppose is not None else None
    policy, loaded = load_policy(), reference()
    made = run(lines.pop(), loaded, policy, request)
    causes, losses = causes_of(made), loss_table(made, policy)
    return Scan(
        result=made.result,
        read=read,
        flagged=flagged,
        breakdowns=breakdowns(made),
        causes=causes,
        losses=losses,
        misclassified=own_list(made.result, loaded.confusions),
        plan=plan(losses, causes, made.result.findings, target) if target is not None else None,
        forecast=forecasts(made, loaded.tariff, policy) if wanted.forecast else (),
        work_list=work_list(made, causes) if wanted.work_list else None,
        supposed=None if kept is None else simulate_lines(kept, loaded, policy, request, wanted.suppose or {}, made.result),
    )


def rescored(paths: Sequence[Path], before: SavedResult, reference: Reference, now: datetime) -> SavedResult:
    """The files that a result was made of, scored again for its day and period under what is loaded now. Raises as `scan_files`."""
    day, period = before.versions.as_of, (before.period.since, before.period.until)
    moves = period == (months_before(day, load_policy().period_months), day)
    scan = scan_files(paths, lambda: reference, now, Period(day) if moves else Period(day, *period))
    return saved_result(to_json(scan.result, [], "zh"), "rescored")


def _reversed(window: tuple[date, date], day: date) -> Mapping[str, str]:
    since, until = window
    zh = f"所查期间的起始日 {since} 晚于截止日 {until}；请调换两个日期，或只给出其中一个。"
    en = f"the period would begin on {since}, after its end on {until}; exchange the two days, or give one of them only"
    if until == day:
        zh = f"所查期间的起始日 {since} 晚于评分日 {until}，期间至多到评分日为止；请给出更早的起始日。"
        en = f"the period would begin on {since}, after {until}, the day of the score, with which every period ends; give an earlier first day"
    return {"zh": zh, "en": en}


def _by_flag(lines: pl.DataFrame) -> Mapping[str, pl.Series]:
    flagged = lines.select("line_id", "flags").filter(pl.col("flags").list.len() > 0).explode("flags", empty_as_null=True)
    return {str(flag): group["line_id"] for (flag,), group in sorted(flagged.partition_by("flags", as_dict=True).items())}
