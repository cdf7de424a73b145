"""`ecid scan FILE…`: the health scan on declaration files (product.md, capability 5)."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import click

from ecid.bootstrap import Platform
from ecid.cli.index import ready_index
from ecid.cli.options import DAY, lang_option
from ecid.cli.progress import Steps, steps_of
from ecid.cli.scan_tables import show_scan
from ecid.cli.supposed_tables import show_supposed
from ecid.declarations.readers import Limits
from ecid.errors import Language
from ecid.reports.report import Report, document_of, pieces_of
from ecid.scoring.reference import Reference
from ecid.services.review_findings import read_marks
from ecid.services.scan_files import Period, Questions, Scan, scan_files
from ecid.services.supposed_changes import Changes, read_changes
from ecid.services.write_report import PLANNED, check_targets, report_of, write_report, write_work_list

_OUT = click.Path(dir_okay=True, path_type=Path)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """The options of one call."""

    since: date | None
    until: date | None
    as_of: date | None
    fail_under: float | None
    target: int | None
    forecast: bool
    reports: tuple[Path, ...]
    work_lists: tuple[Path, ...]
    marks: Path | None
    changes: Path | None
    max_lines: int
    as_json: bool

    def questions(self, supposed: Changes | None) -> Questions:
        """What is asked of the scan besides the score; a report shows a forecast. Raises UnreadableFile and PayloadTooLarge for the marks."""
        marks = read_marks(self.marks) if self.marks else {}
        forecast, edits = self.forecast or bool(self.reports), supposed.edits if supposed else None
        return Questions(forecast=forecast, reviews=marks, work_list=bool(self.work_lists), suppose=edits)

    def read(self, paths: tuple[Path, ...]) -> list[Path]:
        """All files that are read, none of which may be written over."""
        return [*paths, *(path for path in (self.marks, self.changes) if path)]


def _a_number(_ctx: click.Context, _param: click.Parameter, value: float | None) -> float | None:
    if value is not None and math.isnan(value):
        raise click.BadParameter("not a number")
    return value


@click.command("scan")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE...")
@click.option("--from", "since", type=DAY, help="First declaration day to look at (default: all; 36 months are weighed).")
@click.option("--to", "until", type=DAY, help="Last declaration day to look at.")
@click.option("--as-of", type=DAY, help="The day of the scan (default: today in Beijing).")
@click.option("--fail-under", type=click.FloatRange(0, 100), callback=_a_number, help="Exit with 1 when the score is below this, or cannot be given.")
@click.option("--plan", "target", type=click.IntRange(1, 100), metavar="POINTS", help="Plan the cheapest way to so many points.")
@click.option("--forecast", is_flag=True, help="Forecast the score of the next twelve months.")
@click.option("--report", "reports", multiple=True, type=_OUT, metavar="FILE", help="Write a report: .html, .pdf, .xlsx or .json. May be given several times.")
@click.option(
    "--work-list", "work_lists", multiple=True, type=_OUT, metavar="FILE", help="Write the lines to correct as .xlsx, with the specification to paste."
)
@click.option("--reviews", "marks", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE", help="Marks on findings, JSON lines.")
@click.option(
    "--suppose", "changes", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE", help="The score if lines had been declared otherwise."
)
@click.option("--max-lines", type=click.IntRange(1), default=Limits().lines, show_default=True, help="Refuse more lines than this: they are scored in memory.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
@lang_option
@click.pass_obj
def scan_command(platform: Platform, /, paths: tuple[Path, ...], lang: Language, **options: Any) -> None:
    """Scan declaration files (CSV, XLSX, XLS, ODS, HTML tables, XML messages) and show what needs review."""
    asked = _Asked(**options)
    check_targets(asked.reports, asked.work_lists, asked.read(paths))
    changes = read_changes(asked.changes) if asked.changes else None
    questions = asked.questions(changes)
    period, limits = Period(asked.as_of, asked.since, asked.until), Limits(lines=asked.max_lines)
    with steps_of(paths, lang) as steps:
        scan = scan_files(paths, lambda: _reference(platform, steps, lang), platform.now(), period, limits, steps.read, asked.target, questions)
        refused = [row.to_json(lang) for row in changes.refused] if changes else []
        supposed = {**scan.supposed.to_json(lang), "refused_rows": refused} if scan.supposed else None
        report = replace(report_of(scan, paths, lang, PLANNED if asked.reports else ()), supposed=supposed)
        _write(scan, report, asked, steps)
    if asked.as_json:
        for piece in pieces_of(document_of(report)):
            click.echo(piece, nl=False)
        click.echo()
    else:
        show_scan(scan, lang)
        if supposed:
            show_supposed(supposed, lang)
    exact = scan.result.score_exact_micro
    if asked.fail_under is not None and (exact is None or exact < asked.fail_under * 1_000_000):
        raise SystemExit(1)


def _reference(platform: Platform, steps: Steps, lang: Language) -> Reference:
    """What to score with, the index of candidates with it."""
    with steps.paused():
        ready_index(platform, lang)
    return platform.reference()


def _write(scan: Scan, report: Report, asked: _Asked, steps: Steps) -> None:
    for path in asked.reports:
        steps.writing(path)
        write_report(report, path)
    for path in asked.work_lists:
        if scan.work_list:
            steps.writing(path)
            write_work_list(scan.work_list, report, path)
