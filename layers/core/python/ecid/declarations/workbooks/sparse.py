"""XLSX sheets of which a few cells lie far out (a stray one in XFD1048576), written anew without the rows and columns that hold nothing.

The parser of workbooks takes room for every cell up to the last row and column. Here a sheet is read as text in pieces, cell by cell, so that room is taken
only for rows and columns that are used.
"""

from __future__ import annotations

import re
import zipfile
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from typing import IO

from ecid.declarations.workbooks.xlsx import MOST_COLUMNS, column_number

_CHUNK = 1 << 20
_DENSE = 1 << 24
"""Cells that are always taken room for, as many as the largest XLS sheet has."""
_ROW_END = re.compile(rb"</(?:\w+:)?row>")
_LAST_CELL = re.compile(rb'.*<(?:\w+:)?c\s[^<>]*?\br="([A-Z]{1,3})([0-9]{1,7})"', re.DOTALL)
_FILLED = re.compile(rb'<(?:\w+:)?c\s(?:[^<>]*\s)?r="([A-Z]{1,3})([0-9]{1,7})"[^<>]*(?<!/)>')
_REFERENCE = re.compile(rb'(<(?:\w+:)?(?:c|row)\s(?:[^<>]*\s)?r=")([A-Z]{0,3})([0-9]{1,7})(?=")')
_NEEDED = (".xml", ".rels")


def sparse_parts(archive: zipfile.ZipFile, parts: Mapping[str, str]) -> dict[str, str]:
    """Those of `parts` (sheet to part) that claim far more cells than they can hold."""
    return {sheet: part for sheet, part in parts.items() if part and _is_sparse(archive, part)}


def write_compact(archive: zipfile.ZipFile, sparse: Mapping[str, str], target: IO[bytes]) -> dict[str, list[int]]:
    """Write the workbook to `target`, its `sparse` sheets (sheet to part) without unused rows and columns; sheet to the rows that are left of it."""
    left: dict[str, list[int]] = {}
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as compact:
        for name in archive.namelist():
            if name.endswith(_NEEDED) and name not in sparse.values():
                with archive.open(name) as source, compact.open(name, "w") as copy:
                    while chunk := source.read(_CHUNK):
                        copy.write(chunk)
        for sheet, part in sparse.items():
            left[sheet], columns = _used(archive, part)
            renumbered = _renumbering(left[sheet], columns)
            with compact.open(part, "w") as copy:
                for piece in _pieces(archive, part):
                    copy.write(_REFERENCE.sub(renumbered, piece))
    return left


def _is_sparse(archive: zipfile.ZipFile, part: str) -> bool:
    """By the last cell of each row; a cell takes some bytes of a sheet, so that more cells than bytes are not there."""
    last_row = last_column = size = 0
    rest = b""
    with archive.open(part) as xml:
        while chunk := xml.read(_CHUNK):
            size += len(chunk)
            *rows, rest = _ROW_END.split(rest + chunk)
            for row in rows:
                if match := _LAST_CELL.match(row):
                    last_row, last_column = max(last_row, int(match[2])), max(last_column, column_number(match[1].decode()))
    return last_row * last_column > max(size, _DENSE)


def _used(archive: zipfile.ZipFile, part: str) -> tuple[list[int], list[int]]:
    """The rows and columns that hold a value, from 1."""
    rows: set[bytes] = set()
    columns: set[bytes] = set()
    for piece in _pieces(archive, part):
        for column, row in _FILLED.findall(piece):
            columns.add(column)
            rows.add(row)
    return sorted(map(int, rows)), sorted(column_number(column.decode()) for column in columns)


def _pieces(archive: zipfile.ZipFile, part: str) -> Iterator[bytes]:
    """The part in pieces that end where a tag begins."""
    rest = b""
    with archive.open(part) as xml:
        while chunk := xml.read(_CHUNK):
            head, mark, tail = (rest + chunk).rpartition(b"<")
            rest = mark + tail
            yield head
    yield rest


def _renumbering(rows: list[int], columns: list[int]) -> Callable[[re.Match[bytes]], bytes]:
    """What a reference becomes; one that holds nothing goes to the next that does."""
    letters = {b"": b""}

    def renumbered(match: re.Match[bytes]) -> bytes:
        column = match[2]
        if column not in letters:
            letters[column] = _letters(bisect_left(columns, column_number(column.decode())) + 1)
        return match[1] + letters[column] + str(bisect_left(rows, int(match[3])) + 1).encode()

    return renumbered


def _letters(column: int) -> bytes:
    found = ""
    column = min(column, MOST_COLUMNS)
    while column:
        column, digit = divmod(column - 1, 26)
        found = chr(ord("A") + digit) + found
    return found.encode()
