"""Runs as a process of its own: a workbook on the disk to lines of JSON, one for the sheets' names and one for each row.

A hostile workbook can make the parser ask for any amount of memory or time, which ends the process that runs it; so it is this one, under limits, and
not the caller's. Arguments: path, bytes of memory, seconds of processor time, cells and characters that a row may have. Output: `["sheet", …]`, then
`[sheet index, sheet row, "cell", …]`, cells as text, or null in place of the cells of a row that is too long. A file that cannot be read ends it with
status 3 and the reason (`password` or `damaged`) as last line, `{"error": …}`.
"""

from __future__ import annotations

import contextlib
import json
import re
import sys
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime
from typing import IO
from xml.parsers import expat

import python_calamine

_WORKBOOK, _RELATIONS = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"
_EXACT = 10**15  # beyond it a spreadsheet number has lost digits, so that a declaration number must not be read from it
CANNOT_READ = 3
Formulas = defaultdict[int, dict[int, str]]
"""Row to column, both from 1, to formula."""

_MOST_ROWS, _MOST_COLUMNS = 1_048_576, 16_384  # of a sheet (ECMA-376)
_CHUNK = 1 << 20
_LONGEST_END = 256  # bytes of the end of a cell that may be cut by a chunk
_UNCALCULATED = re.compile(rb"(?:</(?:\w+:)?f>|<(?:\w+:)?f\b[^<>]{0,99}/>)\s{0,9}(?:<(?:\w+:)?v\s?/>|<(?:\w+:)?v>\s{0,9}</(?:\w+:)?v>)?\s{0,9}</(?:\w+:)?c>")


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
        workbook = python_calamine.load_workbook(path)
        names = workbook.sheet_names
        write(json.dumps(names, ensure_ascii=False) + "\n")
        for index, name in enumerate(names):
            for number, texts in enumerate(_rows(workbook.get_sheet_by_name(name), uncalculated(path, name)), start=1):
                fits = len(texts) <= most_cells and sum(map(len, texts)) <= longest_row
                write(json.dumps([str(index), str(number), *(texts if fits else [None])], ensure_ascii=False) + "\n")
    except python_calamine.PasswordError:
        write('{"error": "password"}\n')
    except (python_calamine.CalamineError, zipfile.BadZipFile, zlib.error, expat.ExpatError, LookupError, OSError, ValueError, RuntimeError, MemoryError):
        write('{"error": "damaged"}\n')
    else:
        return 0
    return CANNOT_READ


def _rows(sheet: python_calamine.CalamineSheet, formulas: Formulas) -> Iterator[list[str]]:
    """The rows of a sheet from its first; cells without a value say their formula."""
    start = sheet.start[1] + 1 if sheet.start else 1
    first = min([start, *(min(row) for row in formulas.values())])
    number = 0
    for number, row in enumerate(sheet.iter_rows(), start=1):
        texts = [text_of(value) for value in row]
        yield _with_formulas([""] * (start - first) + texts, first, formulas.get(number, {})) if formulas else texts
    for below in range(number + 1, max(formulas, default=0) + 1):
        yield _with_formulas([], first, formulas.get(below, {}))


def _with_formulas(texts: list[str], first: int, formulas: dict[int, str]) -> list[str]:
    for column, formula in formulas.items():
        texts += [""] * (column - first + 1 - len(texts))
        texts[column - first] = texts[column - first] or formula
    return texts


def uncalculated(path: str, sheet: str) -> Formulas:
    """The XLSX cells that hold a formula and no value, with the formula; programs that do not calculate write such cells."""
    none: Formulas = defaultdict(dict)
    if not zipfile.is_zipfile(path):
        return none
    with zipfile.ZipFile(path) as archive:
        part = _part_of(archive, sheet)
        if part not in archive.namelist():
            return none
        with archive.open(part) as xml:
            if not _has_uncalculated(xml):
                return none
        with archive.open(part) as xml:
            return _formulas(xml)


def _has_uncalculated(xml: IO[bytes]) -> bool:
    """Whether it is worth while to look at each cell, which takes as long as reading the workbook."""
    before = b""
    while chunk := xml.read(_CHUNK):
        if _UNCALCULATED.search(before + chunk):
            return True
        before = chunk[-_LONGEST_END:]
    return False


def _part_of(archive: zipfile.ZipFile, sheet: str) -> str:
    """The name of the XML part of a sheet, empty where the workbook is no XLSX."""
    found = {name: _attributes(archive, name, tag) for name, tag in ((_WORKBOOK, "sheet"), (_RELATIONS, "Relationship")) if name in archive.namelist()}
    links = {entry.get("Id"): entry.get("Target", "") for entry in found.get(_RELATIONS, [])}
    for entry in found.get(_WORKBOOK, []):
        if entry.get("name") == sheet:
            target = links.get(next((value for name, value in entry.items() if name.endswith(":id")), ""), "")
            return target.removeprefix("/") if target.startswith("/") else f"xl/{target}"
    return ""


def _attributes(archive: zipfile.ZipFile, name: str, tag: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        if name.rpartition(":")[2] == tag:
            found.append(attributes)

    parser = _parser()
    parser.StartElementHandler = start
    with archive.open(name) as xml:
        parser.ParseFile(xml)
    return found


def _formulas(xml: IO[bytes]) -> Formulas:
    found: Formulas = defaultdict(dict)
    row = column = 0
    formula: list[str] | None = None
    inside = has_value = False

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal row, column, formula, inside, has_value
        match tag.rpartition(":")[2]:
            case "row":
                row, column = int(attributes.get("r", row + 1)), 0
                if row > _MOST_ROWS:
                    raise ValueError(row)
            case "c":
                column, formula, has_value = _column(attributes.get("r", "")) or column + 1, None, False
            case "f":
                formula, inside = [], True

    def text(piece: str) -> None:
        nonlocal has_value
        if inside and formula is not None:
            formula.append(piece)
        has_value = has_value or not inside

    def end(tag: str) -> None:
        nonlocal inside
        local = tag.rpartition(":")[2]
        if local == "f":
            inside = False
        elif local == "c" and formula is not None and not has_value:
            found[row][column] = f"={''.join(formula)}"

    parser = _parser()
    parser.StartElementHandler, parser.CharacterDataHandler, parser.EndElementHandler = start, text, end
    parser.ParseFile(xml)
    return found


def _column(reference: str) -> int:
    """`B` of `B7` as 2; 0 where there is no reference."""
    number = 0
    for letter in reference.rstrip("0123456789"):
        number = number * 26 + ord(letter.upper()) - ord("A") + 1
    if number > _MOST_COLUMNS:
        raise ValueError(reference)
    return number


def _parser() -> expat.XMLParserType:
    """A parser that refuses document types, which no workbook has and which can be made to expand without end."""
    parser = expat.ParserCreate()

    def refuse(*_declared: object) -> None:
        raise ValueError

    parser.StartDoctypeDeclHandler = refuse
    return parser


def _limit(memory: int, seconds: int) -> None:
    with contextlib.suppress(ImportError, ValueError, OSError):  # not on every system; the limits are then those of the caller
        import resource  # noqa: PLC0415

        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    sys.exit(main(sys.argv[1], *map(int, sys.argv[2:])))
