"""Delimited text: encoding decided on the whole file, delimiter by the headings it uncovers, rows streamed."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from ecid.declarations.headings import SEARCHED_ROWS, best_heading_row, recognise
from ecid.declarations.rows import Row, Tally
from ecid.errors import UnreadableFile, UnsupportedFormat

_CHUNK = 1 << 20
_SAMPLE = 1 << 17
_DELIMITERS = (",", "\t", ";", "|")
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_DAMAGED = "\ufffd"  # what decoding puts in the place of bytes that mean nothing, here or in an earlier program
_MOST_LINES = 30  # of one row; stacked cells have two to five
_TEXT_FORMULA = re.compile(r'="(.*)"', re.DOTALL)


def text_rows(path: Path, tally: Tally, supported: str) -> Iterator[Row]:
    """The rows of a delimited text file with their sheet rows; rows that cannot be decoded or that an open quotation mark swallowed are recorded.

    Raises `UnsupportedFormat` for binary content and `UnreadableFile` where no delimiter uncovers a heading row or a cell never ends.
    """
    encoding = detect_encoding(path, supported)
    delimiter, width = _detect_delimiter(path, encoding)
    with path.open(encoding=encoding, errors="replace", newline="") as lines:
        reader = csv.reader(lines, delimiter=delimiter)
        before = 0
        try:
            for number, row in enumerate(reader, start=1):
                before, span = reader.line_num, reader.line_num - before
                if span > 1 and _swallowed(row, span, delimiter, width):
                    tally.reject(number, "unbalanced_quote", last=reader.line_num)
                elif _DAMAGED in "".join(row):
                    tally.reject(number, "undecodable")
                else:
                    yield number, [_text(cell) for cell in row]
        except csv.Error as error:
            raise UnreadableFile(
                name=path.name,
                reason_zh=f"第 {before + 1} 行起有一个单元格没有结束（引号不成对？）",
                reason_en=f"a cell that begins after line {before} never ends (a quotation mark without partner?)",
            ) from error


def detect_encoding(path: Path, supported: str) -> str:
    """`utf-16` by its mark, UTF-8 if the whole file is (or nearly is, where single bytes are damaged), else GB18030."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    damaged = meaningful = 0
    with path.open("rb") as file:
        if file.read(2) in _UTF16:
            return "utf-16"
        file.seek(0)
        while chunk := file.read(_CHUNK):
            if b"\0" in chunk:
                raise UnsupportedFormat(name=path.name, supported=supported)
            if not chunk.isascii() or damaged or meaningful:
                text = decoder.decode(chunk)
                damaged += text.count(_DAMAGED)
                meaningful += len(text) - len(text.encode("ascii", "ignore"))
    damaged += decoder.decode(b"", final=True).count(_DAMAGED)
    # In GB18030 text read as UTF-8 nearly every character is damaged; ten sound ones for each bad one are no accident.
    return "utf-8-sig" if damaged * 10 <= meaningful - damaged or not damaged else "gb18030"


def _detect_delimiter(path: Path, encoding: str) -> tuple[str, int]:
    """The delimiter that uncovers most headings, and the number of columns of that heading row."""
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        sample = file.read(_SAMPLE)
    found: list[tuple[int, int, str, int]] = []
    for preference, delimiter in enumerate(_DELIMITERS):
        rows = _sample_rows(sample, delimiter)
        top = best_heading_row(rows)
        headings = None if top is None else recognise(rows[top])
        if top is not None and headings is not None:
            found.append((len(headings.columns), -preference, delimiter, len(rows[top])))
    if not found:
        return ",", 0
    *_, delimiter, width = max(found)
    return delimiter, width


def _sample_rows(sample: str, delimiter: str) -> list[list[str]]:
    rows: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter):
            rows.append([_text(cell) for cell in row])
            if len(rows) == SEARCHED_ROWS:
                break
    except csv.Error:
        return rows
    return rows


def _swallowed(row: Sequence[str], span: int, delimiter: str, width: int) -> bool:
    """Whether an open quotation mark took following rows into one cell: too many lines, or a cell with the delimiters of a whole row."""
    return span > _MOST_LINES or any("\n" in cell and cell.count(delimiter) >= max(3, width - 2) for cell in row)


def _text(cell: str) -> str:
    """The cell as text. `="0101"` is how spreadsheets are told to keep zeros; any other formula stays the text it is."""
    cell = cell.strip()
    if cell.startswith('="') and (match := _TEXT_FORMULA.fullmatch(cell)):
        return match[1].strip()
    return cell
