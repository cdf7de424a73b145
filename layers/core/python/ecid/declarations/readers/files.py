"""Declaration files to lines: what a file is by its content, and one result for one file or several."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path

import polars as pl

from ecid.declarations import vocabulary
from ecid.declarations.assembly import SheetReading, assemble
from ecid.declarations.frame import READER_SCHEMA, frame_of
from ecid.declarations.headings import SEARCHED_ROWS
from ecid.declarations.lines import ReadResult
from ecid.declarations.readers.limits import Limits
from ecid.declarations.readers.message import message_rows
from ecid.declarations.readers.text import text_rows
from ecid.declarations.readers.workbook import check_archive, workbook_rows
from ecid.declarations.rows import Row, Tally, batches
from ecid.errors import PayloadTooLarge, UnreadableFile, UnsupportedFormat

SUPPORTED = "CSV, TSV, XLSX, XLS, XML (DecMessage)"
_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OTHER = (b"%PDF", b"PK\x05\x06", b"Rar!", b"\x1f\x8b", b"7z\xbc\xaf", b"\x89PNG", b"\xff\xd8\xff", b"{\\rtf")
_MARKUP = (b"<html", b"<!doctype", b"<table")
_DEFAULT = Limits()


def read_file(path: Path, today: date, limits: Limits = _DEFAULT) -> ReadResult:
    """The declaration lines of one file, as of `today` (Beijing civil date).

    Raises `UnsupportedFormat`, `PayloadTooLarge`, or `UnreadableFile` (damaged, encrypted, or no heading row found). Everything smaller than that is
    told by row in the result.
    """
    return read_files([path], today, limits)


def read_files(paths: Sequence[Path], today: date, limits: Limits = _DEFAULT) -> ReadResult:
    """The lines of several files as one result. Where there is more than one file, lines without a number are `<file stem>:row-<n>`."""
    prefixes = _prefixes(paths) if len(paths) > 1 else [""]
    return assemble([reading for path, prefix in zip(paths, prefixes, strict=True) for reading in _readings(path, prefix, today, limits)])


def _prefixes(paths: Sequence[Path]) -> list[str]:
    """Stems, or names where stems are equal, or numbered names where names are."""
    stems, names = Counter(path.stem for path in paths), Counter(path.name for path in paths)
    return [
        f"{path.stem}:" if stems[path.stem] == 1 else f"{path.name}:" if names[path.name] == 1 else f"{path.name}({index}):"
        for index, path in enumerate(paths, start=1)
    ]


def _readings(path: Path, prefix: str, today: date, limits: Limits) -> list[SheetReading]:
    start = _start_of(path, limits)
    if start.startswith(_ZIP):
        check_archive(path, limits, SUPPORTED)
        return _workbook(path, prefix, today, limits)
    if start.startswith(_OLE):
        return _workbook(path, prefix, today, limits)
    markup = _text_start(start)
    if start.startswith(_OTHER) or markup.startswith(_MARKUP):
        raise UnsupportedFormat(name=path.name, supported=SUPPORTED)
    tally = Tally(path.name)
    rows = message_rows(path) if markup.startswith(b"<") else text_rows(path, tally, SUPPORTED)
    reading = _reading(_bounded(rows, limits), tally, prefix, today)
    if reading is None:
        raise _no_headings(path.name)
    return [reading]


def _start_of(path: Path, limits: Limits) -> bytes:
    try:
        if path.stat().st_size > limits.file_bytes:
            raise PayloadTooLarge(limit=f"{limits.file_bytes // 2**20} MiB")
        with path.open("rb") as file:
            start = file.read(512)
    except OSError as error:
        raise UnreadableFile(name=path.name, reason_zh="文件打不开", reason_en=f"it cannot be opened ({error.strerror or type(error).__name__})") from error
    if not start.strip():
        raise UnreadableFile(name=path.name, reason_zh="文件是空的", reason_en="it is empty")
    return start


def _text_start(start: bytes) -> bytes:
    """The first characters in lower case, without byte order mark, blanks and the zero bytes of UTF-16."""
    return start.lstrip(b"\xef\xbb\xbf\xff\xfe\0 \t\r\n").replace(b"\0", b"").lower()


def _workbook(path: Path, prefix: str, today: date, limits: Limits) -> list[SheetReading]:
    found: list[tuple[str, SheetReading]] = []
    skipped: list[str] = []
    with workbook_rows(path, limits) as sheets:
        for sheet, rows in sheets:
            reading = _reading(_bounded(rows, limits), Tally(path.name), prefix, today)
            if reading is None:
                skipped.append(sheet)
            else:
                found.append((sheet, reading))
    if not found:
        raise _no_headings(path.name)
    for sheet in skipped:
        found[0][1].tally.reject(0, "sheet_without_headings", text=sheet)
    if len(found) == 1:
        return [found[0][1]]
    return [reading.of_sheet(sheet) for sheet, reading in found]


def _reading(rows: Iterator[Row], tally: Tally, prefix: str, today: date) -> SheetReading | None:
    found = batches(rows, tally)
    if found is None:
        return None
    frames = [frame_of(batch, today, tally) for batch in found if batch.rows]
    return SheetReading(pl.concat(frames) if frames else pl.DataFrame(schema=READER_SCHEMA), tally, prefix)


def _bounded(rows: Iterable[Row], limits: Limits) -> Iterator[Row]:
    for number, row in rows:
        if number > limits.rows:
            raise PayloadTooLarge(limit=f"{limits.rows} rows")
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
