"""Runs as a process of its own: a workbook on the disk to lines of JSON, one for the sheets' names and one for each row.

A hostile workbook can make the parser ask for any amount of memory or time, which ends the process that runs it; so it is this one, under limits, and
not the caller's. Arguments: path, bytes of memory, seconds of processor time, cells and characters that a row may have. Output: `["sheet", …]`, then
`[sheet index, sheet row, "cell", …]` for each row that is not blank and for the last, cells as text, or null in place of the cells of a row that
is too long. A file that cannot be read ends it with
status 3 and the reason (`password` or `damaged`) as last line, `{"error": …}`.
"""

from __future__ import annotations

import contextlib
import json
import struct
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import count
from pathlib import Path
from xml.parsers import expat

import python_calamine

from ecid.declarations.workbooks import ods, sparse, xls, xlsx

_EXACT = 10**15  # beyond it a spreadsheet number has lost digits, so that a declaration number must not be read from it
CANNOT_READ = 3
_DAMAGES = (
    *(python_calamine.CalamineError, zipfile.BadZipFile, zlib.error, expat.ExpatError, struct.error),
    *(LookupError, OSError, ValueError, RuntimeError, MemoryError),
)
LostCells = Callable[[int, str], Mapping[int, dict[int, str]]]


def text_of(value: object) -> str:
    """A cell value as text: whole numbers without a fraction, dates in ISO form, numbers too long to be exact in exponent form."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int | float):
        if abs(value) < _EXACT:
            return str(int(value)) if value == int(value) else f"{value:.15g}"
        return f"{value:.14e}"
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value)


def main(path: str, memory: int, seconds: int, most_cells: int, longest_row: int) -> int:
    """Write the rows of the workbook at `path` to standard output."""
    _limit(memory, seconds)
    write = sys.stdout.write
    try:
        with _opened(path) as (workbook, lost_cells, rows_left):
            names = workbook.sheet_names
            write(json.dumps(names, ensure_ascii=False) + "\n")
            for index, name in enumerate(names):
                rows = _rows(workbook.get_sheet_by_name(name), lost_cells(index, name))
                for number, texts in _filled(rows, rows_left.get(name)):
                    fits = len(texts) <= most_cells and sum(map(len, texts)) <= longest_row
                    write(json.dumps([str(index), str(number), *(texts if fits else [None])], ensure_ascii=False) + "\n")
    except python_calamine.PasswordError:
        write('{"error": "password"}\n')
    except _DAMAGES:
        write('{"error": "damaged"}\n')
    else:
        return 0
    return CANNOT_READ


@contextlib.contextmanager
def _opened(path: str) -> Iterator[tuple[python_calamine.CalamineWorkbook, LostCells, dict[str, list[int]]]]:
    """The workbook, what its parser leaves out of each sheet (index, name), and the rows that are left of sheets with cells far out."""
    if not zipfile.is_zipfile(path):
        workbook = python_calamine.load_workbook(path)
        lost = xls.lost_cells(Path(path).read_bytes())
        yield workbook, lambda index, _name: lost[index], {}
        return
    with zipfile.ZipFile(path) as archive, tempfile.TemporaryFile() as compact:
        if ods.CONTENT in archive.namelist():
            by_sheet = ods.lost_cells(archive)
            yield python_calamine.load_workbook(path), lambda _index, name: by_sheet.get(name, {}), {}
            return
        workbook = python_calamine.load_workbook(path)
        parts = {name: xlsx.part_of(archive, name) for name in workbook.sheet_names}
        sparse_parts = sparse.sparse_parts(archive, parts)
        if not sparse_parts:
            yield workbook, lambda _index, name: xlsx.lost_cells(archive, parts[name]), {}
            return
        left = sparse.write_compact(archive, sparse_parts, compact)
        compact.seek(0)
        workbook = python_calamine.load_workbook(compact)
        with zipfile.ZipFile(compact) as rewritten:
            yield workbook, lambda _index, name: xlsx.lost_cells(rewritten, parts[name]), left


def _rows(sheet: python_calamine.CalamineSheet, lost: Mapping[int, dict[int, str]]) -> Iterator[list[str]]:
    """The rows of a sheet from its first, up to the last cell that is filled."""
    start = sheet.start[1] + 1 if sheet.start else 1
    first = min([start, *(min(row) for row in lost.values())])
    number = 0
    for number, row in enumerate(sheet.iter_rows(), start=1):
        texts = [""] * (start - first) + [text_of(value) for value in row]
        yield _trimmed(_with_lost(texts, first, lost.get(number, {})))
    for below in range(number + 1, max(lost, default=0) + 1):
        yield _with_lost([], first, lost.get(below, {}))


def _with_lost(texts: list[str], first: int, lost: dict[int, str]) -> list[str]:
    for column, text in lost.items():
        texts += [""] * (column - first + 1 - len(texts))
        texts[column - first] = text
    return texts


def _trimmed(texts: list[str]) -> list[str]:
    while texts and not texts[-1]:
        texts.pop()
    return texts


def _filled(rows: Iterator[list[str]], left: Sequence[int] | None) -> Iterator[tuple[int, list[str]]]:
    """The rows that are not blank, and the last, with their numbers; `left` are those of a sheet of which only some are left."""
    number, texts = 0, [""]
    for number, texts in zip(left or count(1), rows, strict=False):
        if texts:
            yield number, texts
    if not texts:
        yield number, texts


def _limit(memory: int, seconds: int) -> None:
    with contextlib.suppress(ImportError, ValueError, OSError):  # not on every system; the limits are then those of the caller
        import resource  # noqa: PLC0415

        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    sys.exit(main(sys.argv[1], *map(int, sys.argv[2:])))
