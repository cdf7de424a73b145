"""Scan declaration files: read, score, keep what could not be read (`ecid scan`, later also uploads)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from ecid.clearance.window import beijing_date
from ecid.declarations.lines import ReadResult
from ecid.declarations.readers import read_files
from ecid.errors import BadInput
from ecid.scoring.engine import Request, score
from ecid.scoring.policy import load_policy
from ecid.scoring.reference import Reference
from ecid.scoring.result import Result


@dataclass(frozen=True, slots=True)
class Scan:
    """A result, and what was read: its lines, and the rows that are not in it."""

    result: Result
    read: ReadResult


def scan_files(
    paths: Sequence[Path],
    reference: Reference,
    now: datetime,
    *,
    as_of: date | None = None,
    since: date | None = None,
    until: date | None = None,
) -> Scan:
    """Read the files of one enterprise and score them as of a day (default: today in Beijing).

    With `since` or `until` only that period counts; else everything up to the day is judged, and the policy's months are weighed. Raises UnreadableFile,
    UnsupportedFormat, PayloadTooLarge, and BadInput for a period that ends before it begins.
    """
    today = beijing_date(now)
    day = as_of or today
    read = read_files(paths, today)
    period = (since or date.min, min(until or day, day)) if since or until else None
    if period and period[0] > period[1]:
        raise BadInput(detail=f"{period[0]} > {period[1]}")
    exporters = read.lines["exporter_uscc"].drop_nulls().unique().sort().to_list()
    enterprise = exporters[0] if len(exporters) == 1 else "file"
    return Scan(score(read.lines, reference, load_policy(), Request(enterprise, "file", day, period)), read)
