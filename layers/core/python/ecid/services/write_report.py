"""Writing reports and work lists: the format by the name's suffix, each file only whole, nothing that is read overwritten."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO

from ecid.errors import BadInput, Language
from ecid.reports.report import Reading, Report
from ecid.scoring.plan import plan
from ecid.scoring.work_list import WorkList
from ecid.services.scan_files import Scan

PLANNED = (85, 90)
"""The targets that every report plans for, in points."""
FORMATS = {
    ".html": "ecid.reports.html:write_html",
    ".pdf": "ecid.reports.pdf:write_pdf",
    ".xlsx": "ecid.reports.workbook:write_workbook",
    ".json": "ecid.reports.report:write_json",
}
"""By suffix the function that writes it, imported when it is asked for: what sets a PDF is of no use to who wants JSON."""
WORK_LISTS = {".xlsx": "ecid.reports.work_sheets:write_work_list"}


def report_of(scan: Scan, files: Sequence[Path], lang: Language, targets: Iterable[int] = PLANNED) -> Report:
    """All that a report says of a scan of these files, with plans to the `targets` (points) and to the one that the scan was asked for."""
    read, findings = scan.read, scan.result.findings
    passed_over = {name: getattr(read, name) for name in ("totals_rows", "blank_rows", "heading_rows", "title_rows")}
    asked = {scan.plan.target_micro // 1_000_000: scan.plan} if scan.plan else {}
    planned = {target: plan(scan.losses, scan.causes, findings, target) for target in targets if target not in asked} | asked
    return Report(
        result=scan.result,
        causes=scan.causes,
        breakdowns=scan.breakdowns,
        lang=lang,
        plans=tuple(planned[target] for target in sorted(planned)),
        plan=scan.plan,
        forecast=scan.forecast,
        misclassified=scan.misclassified,
        reading=Reading(tuple(path.name for path in files), read.rejected, passed_over, scan.flagged),
    )


def check_targets(reports: Sequence[Path], work_lists: Sequence[Path], inputs: Sequence[Path]) -> None:
    """Whether all this can be written, asked before anything long is done. Raises BadInput for a suffix that no format has, a folder that is not there, a name
    that stands twice, and a file that is itself read."""
    read, seen = {path.resolve() for path in inputs}, set()
    for path, formats in [*((path, FORMATS) for path in reports), *((path, WORK_LISTS) for path in work_lists)]:
        name, suffixes = path.name, ", ".join(sorted(formats))
        if path.suffix.lower() not in formats:
            raise BadInput(
                detail={"zh": f"{name} 的格式写不出来；可以写：{suffixes}", "en": f"{name} is of a format that cannot be written; it can be: {suffixes}"}
            )
        if path.is_dir() or not path.resolve().parent.is_dir():
            raise BadInput(
                detail={"zh": f"{path} 所在的文件夹不存在，或它本身是文件夹", "en": f"{path} is in a folder that does not exist, or is a folder itself"}
            )
        if path.resolve() in read:
            raise BadInput(detail={"zh": f"{name} 正是要读取的文件，不能覆盖", "en": f"{name} is one of the files to be read, and is not overwritten"})
        if path.resolve() in seen:
            raise BadInput(detail={"zh": f"{name} 写了两次", "en": f"{name} is named twice"})
        seen.add(path.resolve())


def write_report(report: Report, path: Path) -> None:
    """The report in the format of the suffix. Raises OSError where the place cannot be written."""
    write: Callable[[Report, BinaryIO], None] = _function(FORMATS[path.suffix.lower()])
    with whole(path) as out:
        write(report, out)


def write_work_list(work: WorkList, report: Report, path: Path) -> None:
    """The work list of the report's result. Raises OSError where the place cannot be written."""
    write: Callable[[WorkList, Report, BinaryIO], None] = _function(WORK_LISTS[path.suffix.lower()])
    with whole(path) as out:
        write(work, report, out)


@contextmanager
def whole(path: Path) -> Iterator[BinaryIO]:
    """A file that takes the place of `path` when all of it is written, and leaves no trace when that fails."""
    waiting = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with waiting.open("xb") as out:
            yield out
        waiting.replace(path)
    finally:
        waiting.unlink(missing_ok=True)


def _function(place: str) -> Any:
    module, _, name = place.partition(":")
    return getattr(import_module(module), name)
