"""Errors, and formulas without a value, in XLSX sheets. Source: ECMA-376, part 1, 18.3.1."""

from __future__ import annotations

import re
import zipfile
from collections import defaultdict
from typing import IO

from ecid.declarations.workbooks import Lost
from ecid.declarations.workbooks.markup import local_name, safe_parser

_WORKBOOK, _RELATIONS = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"
MOST_ROWS, MOST_COLUMNS = 1_048_576, 16_384
"""Of a sheet (ECMA-376)."""
_CHUNK = 1 << 20
_LONGEST_END = 256  # bytes of the end of a cell that may be cut by a chunk
_LOST = re.compile(
    rb"(?:</(?:\w+:)?f>|<(?:\w+:)?f\b[^<>]{0,99}/>)\s{0,9}(?:<(?:\w+:)?v\s?/>|<(?:\w+:)?v>\s{0,9}</(?:\w+:)?v>)?\s{0,9}</(?:\w+:)?c>"
    rb"""|\st\s{0,9}=\s{0,9}["']e["']"""
)


def lost_cells(archive: zipfile.ZipFile, part: str) -> Lost:
    """The cells of a sheet that hold an error, or a formula and no value, which is what programs that do not calculate write; none where `part` is empty.

    Raises `ValueError` or `ExpatError` where the part is damaged.
    """
    if not part:
        return defaultdict(dict)
    with archive.open(part) as xml:
        if not _has_lost(xml):
            return defaultdict(dict)
    sheet = _Sheet()
    parser = safe_parser()
    parser.StartElementHandler, parser.CharacterDataHandler, parser.EndElementHandler = sheet.start, sheet.text, sheet.end
    with archive.open(part) as xml:
        parser.ParseFile(xml)
    return sheet.found


def part_of(archive: zipfile.ZipFile, sheet: str) -> str:
    """The name of the XML part of a sheet, empty where the workbook is no XLSX or has no such part."""
    parts = set(archive.namelist())
    found = {name: _attributes(archive, name, tag) for name, tag in ((_WORKBOOK, "sheet"), (_RELATIONS, "Relationship")) if name in parts}
    links = {entry.get("Id"): entry.get("Target", "") for entry in found.get(_RELATIONS, [])}
    for entry in found.get(_WORKBOOK, []):
        if entry.get("name") == sheet:
            target = links.get(next((value for name, value in entry.items() if name.endswith(":id")), ""), "")
            part = target.removeprefix("/") if target.startswith("/") else f"xl/{target}"
            return part if part in parts else ""
    return ""


def column_number(reference: str) -> int:
    """`B` of `B7` as 2; 0 where there is no reference. Raises `ValueError` where no sheet has that column."""
    number = 0
    for letter in reference.rstrip("0123456789"):
        number = number * 26 + ord(letter.upper()) - ord("A") + 1
    if number > MOST_COLUMNS:
        raise ValueError(reference)
    return number


def _has_lost(xml: IO[bytes]) -> bool:
    """Whether it is worth while to look at each cell, which takes as long as reading the workbook."""
    before = b""
    while chunk := xml.read(_CHUNK):
        if _LOST.search(before + chunk):
            return True
        before = chunk[-_LONGEST_END:]
    return False


def _attributes(archive: zipfile.ZipFile, name: str, tag: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        if local_name(name) == tag:
            found.append(attributes)

    parser = safe_parser()
    parser.StartElementHandler = start
    with archive.open(name) as xml:
        parser.ParseFile(xml)
    return found


class _Sheet:
    """Goes from cell to cell and keeps those that are lost."""

    def __init__(self) -> None:
        self.found: Lost = defaultdict(dict)
        self._row = self._column = 0
        self._is_error = self._in_formula = False
        self._formula: list[str] | None = None
        self._value: list[str] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        match local_name(tag):
            case "row":
                self._row, self._column = int(attributes.get("r", self._row + 1)), 0
                if self._row > MOST_ROWS:
                    raise ValueError(self._row)
            case "c":
                self._column = column_number(attributes.get("r", "")) or self._column + 1
                self._is_error, self._formula = attributes.get("t") == "e", None
                self._value.clear()
            case "f":
                self._formula, self._in_formula = [], True

    def text(self, piece: str) -> None:
        if not self._in_formula:
            self._value.append(piece)
        elif self._formula is not None:
            self._formula.append(piece)

    def end(self, tag: str) -> None:
        match local_name(tag):
            case "f":
                self._in_formula = False
            case "c":
                value = "".join(self._value).strip()
                if self._is_error and value:
                    self.found[self._row][self._column] = value
                elif self._formula is not None and not value:
                    self.found[self._row][self._column] = f"={''.join(self._formula)}"
                self._value.clear()
