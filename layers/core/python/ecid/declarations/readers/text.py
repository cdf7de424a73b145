"""Delimited text: encoding decided on the whole file, delimiter by the headings it uncovers, rows streamed.

Whatever the file holds, memory is bounded by a few lines of it, and every line is in a row that is handed out or rejected.
"""

from __future__ import annotations

import csv
import io
import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import BinaryIO

from ecid.declarations.headings import SEARCHED_ROWS, best_heading_row, recognise
from ecid.declarations.readers.encodings import DAMAGED, detect_encoding, mended, opened
from ecid.declarations.rows import LONGEST_ROW, MOST_CELLS, Row, Tally

_SAMPLE = 1 << 17
_DELIMITERS = (",", "\t", ";", "|")
_MOST_LINES = 30  # of one row; stacked cells have two to five
_PEEKED_LINES = 2_000
_LINE_ENDS = ("\n", "\r")
_LINE_END = frozenset(_LINE_ENDS)
_OVERSIZED = "\0too long\n"  # stands for a line that is too long
_TEXT_FORMULA = re.compile(r'="(.*)"', re.DOTALL)
_CODE = re.compile(r"['’`]?[0-9][0-9. -]{5,20}")
_TOLD_EVERY = 1 << 12  # rows


def text_rows(path: Path, tally: Tally, progress: Callable[[int], None]) -> Iterator[Row]:
    """The rows of a delimited text file with their sheet rows; what cannot be a row is recorded as `unbalanced_quote`, `oversized_row` or `undecodable`.

    `progress` is told how many bytes have been read. Raises `UnsupportedFormat` for binary content.
    """
    with path.open("rb") as file:
        lines = _Lines(file, detect_encoding(path, tally.file))
        shape = _shape_of(lines.peek(_SAMPLE))
        reader = csv.reader(lines, delimiter=shape.delimiter)
        for number in count(1):
            row = _next(reader, lines)
            if not lines.taken:
                return
            if number % _TOLD_EVERY == 0:
                progress(file.tell())
            whole = "".join(lines.taken) if len(lines.taken) > 1 else lines.taken[0]
            fault = _fault(row, whole, lines, shape)
            if row is not None and fault is None:
                yield number, _stripped(row) if '="' in whole else [*map(str.strip, row)]
                continue
            tally.rejected.add(number, fault or "oversized_row")
            if fault == "unbalanced_quote":
                lines.give_back()


class _Lines:
    """The lines of a file for `csv`, which takes more than one for a row whose quotation marks span them. `taken` are those of the current row."""

    def __init__(self, file: BinaryIO, encoding: str) -> None:
        self._text, self._encoding = opened(file, encoding), encoding
        self._ahead: deque[str] = deque()
        self.taken: list[str] = []
        self.ended_inside = False
        """Whether the file ended inside the current row."""

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if len(self.taken) == _MOST_LINES:
            raise _NoEnd
        line = self._ahead.popleft() if self._ahead else self._read()
        if not line:
            self.ended_inside = bool(self.taken)
            raise StopIteration
        self.taken.append(line)
        return line

    def peek(self, size: int) -> str:
        """The next lines, about `size` characters of them, which stay."""
        while size > 0 and len(self._ahead) < _PEEKED_LINES and (line := self._read()):
            self._ahead.append(line)
            size -= len(line)
        return "".join("\n" if line is _OVERSIZED else line for line in self._ahead)

    def give_back(self) -> None:
        """Let all lines of the current row but the first be read again."""
        self._ahead.extendleft(reversed(self.taken[1:]))
        self.ended_inside = False

    def _read(self) -> str:
        line = self._text.readline(LONGEST_ROW)
        if len(line) == LONGEST_ROW and not line.endswith(_LINE_ENDS):
            while (rest := self._text.readline(LONGEST_ROW)) and not rest.endswith(_LINE_ENDS):
                pass
            return _OVERSIZED
        return line if line.isascii() else mended(line, self._encoding)


@dataclass(frozen=True, slots=True, order=True)
class _Shape:
    """Delimiter, number of columns, and which of them (from 0) holds the commodity code."""

    delimiter: str
    width: int
    code: int

    def is_goods(self, line: str) -> bool:
        """Whether a line is by itself a row with a code."""
        cells = line.split(self.delimiter)
        return len(cells) >= self.width > 0 and _CODE.fullmatch(cells[self.code].strip()) is not None


class _NoEnd(Exception):
    """More lines than any row has."""


def _next(reader: Iterator[list[str]], lines: _Lines) -> list[str] | None:
    """The next row, None where there is none or the lines taken are none."""
    lines.taken.clear()
    try:
        return next(reader, None)
    except (_NoEnd, csv.Error):
        return None


def _fault(row: Sequence[str] | None, text: str, lines: _Lines, shape: _Shape) -> str | None:
    """Why the lines taken, together `text`, are no row."""
    if lines.ended_inside or (len(lines.taken) > 1 and (row is None or _swallowed(row, lines.taken, shape))):
        return "unbalanced_quote"
    if row is None or text is _OVERSIZED or len(row) > MOST_CELLS:
        return "oversized_row"
    return "undecodable" if DAMAGED in text or "\0" in text else None


def _swallowed(row: Sequence[str], lines: Sequence[str], shape: _Shape) -> bool:
    """Whether an open quotation mark took following rows into one cell: it has the delimiters of a whole row, or a line of it is a row with a code."""
    if any(line is _OVERSIZED or shape.is_goods(line) for line in lines[1:]):
        return True
    return any(cell.count(shape.delimiter) >= max(3, shape.width - 2) and not _LINE_END.isdisjoint(cell) for cell in row)


def _stripped(row: Sequence[str]) -> list[str]:
    """The cells as text. `="0101"` is how spreadsheets are told to keep zeros; any other formula stays the text it is."""
    cells = [cell.strip() for cell in row]
    return [match[1].strip() if (match := _TEXT_FORMULA.fullmatch(cell)) else cell for cell in cells]


def _shape_of(sample: str) -> _Shape:
    """That with the delimiter that uncovers most headings."""
    found: list[tuple[int, int, _Shape]] = []
    for preference, delimiter in enumerate(_DELIMITERS):
        rows = _sample_rows(sample, delimiter)
        top = best_heading_row(rows)
        headings = None if top is None else recognise(rows[top])
        if top is not None and headings is not None:
            found.append((len(headings.columns), -preference, _Shape(delimiter, len(rows[top]), headings.columns["code"])))
    return max(found)[2] if found else _Shape(",", 0, 0)


def _sample_rows(sample: str, delimiter: str) -> list[list[str]]:
    rows: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter):
            rows.append(_stripped(row))
            if len(rows) == SEARCHED_ROWS:
                break
    except csv.Error:
        return rows
    return rows
