"""Declaration files to lines: what a file is by its content, and one result for one file or several."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

import polars as pl

from ecid.declarations import vocabulary
from ecid.declarations.assembly import SheetReading, assemble
from ecid.declarations.frame import Frames
from ecid.declarations.headings import SEARCHED_ROWS
from ecid.declarations.lines import ReadResult
from ecid.declarations.readers.html import html_rows
from ecid.declarations.readers.kinds import Kind, kind_of
from ecid.declarations.readers.limits import Limits, TooManyLines, TooManyRows
from ecid.declarations.readers.message import message_rows
from ecid.declarations.readers.text import text_rows
from ecid.declarations.readers.workbook import workbook_rows
from ecid.declarations.rejections import printable
from ecid.declarations.rows import Row, Tally, batches
from ecid.errors import UnreadableFile

Progress = Callable[[int], None]
"""Is told how many bytes have been read so far."""

_DEFAULT = Limits()
_ROWS: Mapping[Kind, Callable[[Path, Tally, Progress], Iterator[Row]]] = {"message": message_rows, "text": text_rows, "page": html_rows}


def read_file(path: Path, today: date, limits: Limits = _DEFAULT) -> ReadResult:
    """The declaration lines of one file, as of `today` (Beijing civil date).

    Raises `UnsupportedFormat`, `PayloadTooLarge`, or `UnreadableFile` (damaged, encrypted, or no heading row found). Everything smaller than that is
    told by row in the result.
    """
    return read_files([path], today, limits)


def read_files(paths: Sequence[Path], today: date, limits: Limits = _DEFAULT, progress: Progress = lambda _done: None) -> ReadResult:
    """The lines of several files as one result. Where there is more than one file, lines without a number are `<file stem>:row-<n>`.

    `progress` is told the bytes read so far, of all files together.
    """
    prefixes = _prefixes(paths) if len(paths) > 1 else [""]
    reading = _Reading(today, limits, progress)
    return assemble([found for path, prefix in zip(paths, prefixes, strict=True) for found in reading.read(path, prefix)])


def _prefixes(paths: Sequence[Path]) -> list[str]:
    """Stems, or names where stems are equal, or numbered names where names are."""
    stems, names = [printable(path.stem) for path in paths], [printable(path.name) for path in paths]
    counted_stems, counted_names = Counter(stems), Counter(names)
    return [
        f"{stem}:" if counted_stems[stem] == 1 else f"{name}:" if counted_names[name] == 1 else f"{name}({index}):"
        for index, (stem, name) in enumerate(zip(stems, names, strict=True), start=1)
    ]


class _Reading:
    """The reading of some files: what is common to them, and how far it has come."""

    def __init__(self, today: date, limits: Limits, progress: Progress) -> None:
        self._limits, self._progress = limits, progress
        self._frames = Frames(today)
        self._lines = 0
        self._before = 0  # bytes of the files that have been read

    def read(self, path: Path, prefix: str) -> list[SheetReading]:
        """The sheets of one file."""
        name = printable(path.name)
        kind = kind_of(path, name, self._limits)
        found = self._workbook(path, name, prefix) if kind == "workbook" else self._table(path, name, prefix, kind)
        self._before += path.stat().st_size
        self._progress(self._before)
        return found

    def _table(self, path: Path, name: str, prefix: str, kind: Kind) -> list[SheetReading]:
        tally = Tally(name)
        rows = _ROWS[kind](path, tally, lambda done: self._progress(self._before + done))
        reading = self._sheet(rows, tally, prefix)
        if reading is None:
            raise _no_headings(name)
        return [reading]

    def _workbook(self, path: Path, name: str, prefix: str) -> list[SheetReading]:
        found: list[tuple[str, SheetReading]] = []
        skipped: list[str] = []
        with workbook_rows(path, name, self._limits) as sheets:
            for sheet, rows in sheets:
                tally = Tally(name)
                reading = self._sheet(_accounted(rows, tally), tally, prefix)
                if reading is None:
                    skipped.append(sheet)
                else:
                    found.append((printable(sheet), reading))
        if not found:
            raise _no_headings(name)
        for sheet in skipped:
            found[0][1].tally.rejected.add(0, "sheet_without_headings", sheet)
        if len(found) == 1:
            return [found[0][1]]
        return [reading.of_sheet(sheet) for sheet, reading in found]

    def _sheet(self, rows: Iterator[Row], tally: Tally, prefix: str) -> SheetReading | None:
        found = batches(self._bounded(rows), tally)
        if found is None:
            return None
        frames: list[pl.DataFrame] = []
        for batch in found:
            if batch.rows:
                frames.append(self._frames.of(batch, tally))
                self._lines += frames[-1].height
            if self._lines > self._limits.lines:
                raise TooManyLines(limit=f"{self._limits.lines:,}")
        return SheetReading(frames, tally, prefix)

    def _bounded(self, rows: Iterator[Row]) -> Iterator[Row]:
        for number, row in rows:
            if number > self._limits.rows:
                raise TooManyRows(limit=f"{self._limits.rows:,}")
            yield number, row


def _accounted(rows: Iterator[tuple[int, list[str] | None]], tally: Tally) -> Iterator[Row]:
    """The rows of a sheet, without those that are too long; those between them are blank."""
    before = 0
    for number, row in rows:
        tally.blank_rows += number - before - 1
        before = number
        if row is None:
            tally.rejected.add(number, "oversized_row")
        else:
            yield number, row


def _no_headings(name: str) -> UnreadableFile:
    examples = {field: vocabulary.examples(field) for field in ("code", "name", "name_and_specification")}
    return UnreadableFile(
        name=name,
        reason_zh=f"前 {SEARCHED_ROWS} 行中没有可识别的表头：需要商品编号一列（如 {examples['code']}），"
        f"以及商品名称一列（如 {examples['name']}，或 {examples['name_and_specification']}）",
        reason_en=f"none of the first {SEARCHED_ROWS} rows is a recognisable heading row: a column for the commodity code is needed (such as "
        f"{examples['code']}), and one for the goods name (such as {examples['name']}, or {examples['name_and_specification']})",
    )
