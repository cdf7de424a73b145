"""Tables of the kinds that are known here by their headings (`tables.toml`), from delimited text, spreadsheets and JSON."""

from __future__ import annotations

import csv
import io
import json
import re
import tomllib
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib.resources import files
from itertools import chain, islice
from typing import Any

from ecid.declarations.readers.kinds import kind_of
from ecid.declarations.readers.limits import Limits
from ecid.declarations.readers.workbook import workbook_rows
from ecid.errors import PayloadTooLarge, UnreadableFile, UnsupportedFormat
from ecid.knowledge.imported import Skipped, SourceFile

MAX_TABLE_BYTES = 32 * 1024 * 1024
MAX_ROWS = 300_000
MAX_CELL = 100_000
"""Characters; the longest note has a third of that."""
_MAX_COLUMNS = 200
_LONGEST_HEADING = 100
_SEARCHED_ROWS = 10
_SAMPLE = 1 << 16  # bytes that hold the heading row
_DELIMITERS = ("\t", ",", ";", "|")
_ARCHIVES = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_LIMITS = Limits(file_bytes=MAX_TABLE_BYTES, rows=MAX_ROWS)
_REMARK = re.compile(r"[(\[].*?[)\]]")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_FILLING = re.compile(r"[\s_\-.:/]+")
_CODE_LENGTHS = (6, 8, 10)
_CODE_SHARE = 0.5
"""Share of rows with a code in the code column below which the columns are taken to be shifted."""

Cells = list[str]
Placed = tuple[str, Cells | None]
"""Where a row stands in the file, and its cells; None for a row that is too long."""


@dataclass(frozen=True, slots=True)
class TableKind:
    """A kind of table: `headings` maps a field to what its column may be called; `alone` says that no other column may stand beside them."""

    id: str
    required: tuple[str, ...]
    alone: bool
    headings: Mapping[str, frozenset[str]]

    def columns(self, row: Sequence[str]) -> dict[str, int] | None:
        """Field to column, if the row is a heading row of this kind."""
        keys = [heading_key(cell) for cell in row]
        found: dict[str, int] = {}
        for index, key in enumerate(keys):
            name = next((name for name, synonyms in self.headings.items() if key in synonyms), None)
            if name is not None:
                found.setdefault(name, index)
            elif key and self.alone:
                return None
        return found if all(name in found for name in self.required) else None


@dataclass(frozen=True, slots=True)
class Table:
    """A table that was recognised: `headings` are the printed ones by field, `rows` the values by field with their places, `about` what the file says of
    itself as a whole, `skipped` the rows that are none."""

    kind: str
    headings: Mapping[str, str]
    rows: tuple[tuple[str, Mapping[str, str]], ...]
    about: Mapping[str, str] = field(default_factory=dict)
    skipped: tuple[Skipped, ...] = ()


@cache
def table_kinds() -> tuple[TableKind, ...]:
    """The kinds in the order in which they are tried."""
    data = tomllib.loads(files(__package__).joinpath("tables.toml").read_text("utf-8"))
    return tuple(
        TableKind(
            kind["id"],
            tuple(kind["required"]),
            kind.get("alone", False),
            {name: frozenset(map(heading_key, synonyms)) for name, synonyms in kind["headings"].items()},
        )
        for kind in data["kind"]
    )


def heading_key(text: str) -> str:
    """A heading without width, case, blanks and bracketed remarks."""
    return _FILLING.sub("", _REMARK.sub("", unicodedata.normalize("NFKC", text[:_LONGEST_HEADING]))).casefold()


def holds(kind: str) -> Callable[[SourceFile], bool]:
    """Whether a file holds a table of that kind."""

    def recognises(file: SourceFile) -> bool:
        table = find_table(file)
        return table is not None and table.kind == kind

    return recognises


def known_table(file: SourceFile) -> Table:
    """The table of a file that was recognised before. Raises `UnreadableFile` where it has no row."""
    table = find_table(file)
    if table is None or not table.rows:
        raise no_rows(file)
    return table


def no_rows(file: SourceFile) -> UnreadableFile:
    """The error for a file of which nothing can be used."""
    return UnreadableFile(name=file.name, reason_zh="没有可用的行", reason_en="it has no usable row")


def require_codes(file: SourceFile, table: Table, code_fault: Callable[[str], object]) -> None:
    """Raise `UnreadableFile` where what stands in the code column are no codes, by `code_fault`: columns that are shifted look like that."""
    sound = sum(not code_fault(row["code"]) for _, row in table.rows)
    if sound < _CODE_SHARE * len(table.rows):
        heading = table.headings["code"]
        raise UnreadableFile(
            name=file.name,
            reason_zh=f"“{heading}”一列 {len(table.rows)} 行中仅 {sound} 行是编码，各列可能错位",
            reason_en=f"only {sound} of {len(table.rows)} rows have a code in the column {heading!r}; the columns may be shifted",
        )


@lru_cache(maxsize=1)
def find_table(file: SourceFile) -> Table | None:
    """The table that a file holds, if it is of a known kind. Raises `UnreadableFile` or `PayloadTooLarge` for tables that are damaged or too large."""
    if file.head.startswith(_ARCHIVES):
        return _from_workbook(file)
    start = file.head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith((b"[", b"{")):
        return _from_json(file)
    return None if b"\0" in file.head or start.startswith(b"%PDF") else _from_text(file)


def _from_workbook(file: SourceFile) -> Table | None:
    try:
        kind_of(file.path, file.name, _LIMITS)
    except UnsupportedFormat:
        return None
    found: Table | None = None
    unknown: list[Skipped] = []
    with workbook_rows(file.path, file.name, _LIMITS) as sheets:
        for name, rows in sheets:
            table = None if found else _table(_bounded((f"{name}!{number}", cells) for number, cells in rows))
            found = found or table
            if not table:
                for _ in rows:
                    pass
                unknown.append(
                    Skipped(name, "工作表未采用：没有可识别的表头，或前一工作表已采用", "sheet not taken over: no known headings, or an earlier sheet was")
                )
    return found and Table(found.kind, found.headings, found.rows, found.about, (*found.skipped, *unknown))


def _from_text(file: SourceFile) -> Table | None:
    with file.path.open("rb") as opened:
        sample = opened.read(_SAMPLE)
    for encoding in ("utf-8-sig", "gb18030"):
        lines = sample.decode(encoding, "replace").splitlines()[:_SEARCHED_ROWS]
        for delimiter in _DELIMITERS:
            head = [(str(number), row) for number, row in enumerate(_split(lines, delimiter), start=1)]
            if _heading_row(head):
                return _table(_bounded(_text_rows(file, encoding, delimiter)))
    return None


def _text_rows(file: SourceFile, encoding: str, delimiter: str) -> Iterator[Placed]:
    try:
        text = _content(file).decode(encoding)
        reader = _split(io.StringIO(text, newline=""), delimiter)
        for cells in reader:
            yield f"row {reader.line_num}", [cell.strip() for cell in cells]
    except (csv.Error, UnicodeDecodeError) as error:
        raise UnreadableFile(name=file.name, reason_zh="表格已损坏，或编码不统一", reason_en="the table is damaged, or in more than one encoding") from error


def _split(lines: Any, delimiter: str) -> Any:
    # Where tabs divide, quotation marks belong to the text.
    return csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_NONE if delimiter == "\t" else csv.QUOTE_MINIMAL)


def _content(file: SourceFile) -> bytes:
    if file.path.stat().st_size > MAX_TABLE_BYTES:
        raise PayloadTooLarge(limit=f"{MAX_TABLE_BYTES // 1024**2} MiB")
    return file.path.read_bytes()


def _from_json(file: SourceFile) -> Table | None:
    try:
        data = json.loads(_content(file).decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        if file.path.suffix.lower() != ".json":  # a text that begins with a bracket
            return None
        raise UnreadableFile(name=file.name, reason_zh="JSON 已损坏", reason_en="the JSON is damaged") from error
    if isinstance(data, list) and data and all(isinstance(entry, dict) for entry in data):
        names = list(dict.fromkeys(name for entry in data for name in entry))
        rows = ((f"entry {number}", [_cell(entry.get(name)) for name in names]) for number, entry in enumerate(data, start=1))
        return _table(_bounded(chain([("", names)], rows))) if len(names) <= _MAX_COLUMNS else None
    if isinstance(data, dict) and isinstance(data.get("metadata"), dict) and isinstance(data.get("codes"), list):
        listed = ((f"entry {number}", [_cell(code)]) for number, code in enumerate(data["codes"], start=1))
        about = {name: _mended(_cell(value)) for name, value in data["metadata"].items()}
        return _filled("marks", {"code": 0}, ["codes"], _bounded(listed), about)
    if isinstance(data, dict) and _are_codes(data.values()):
        pairs = ((f"entry {number}", [name.strip(), code]) for number, (name, code) in enumerate(data.items(), start=1))
        return _filled("terms", {"name": 0, "code": 1}, ["", ""], _bounded(pairs), {})
    return None


def _are_codes(values: Collection[object]) -> bool:
    """Whether all are digits, and most of them as many as a code has."""
    digits = [value for value in values if isinstance(value, str) and value.isascii() and value.isdigit()]
    return len(digits) == len(values) > 0 and sum(len(value) in _CODE_LENGTHS for value in digits) > len(digits) / 2


def _cell(value: object) -> str:
    """A JSON value as the text of a cell; what is no single value says nothing that a cell could hold."""
    return str(value).strip() if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


def _mended(text: str) -> str:
    """What a file says of itself, as far as it can be stored."""
    return _LONE_SURROGATE.sub("", text[:MAX_CELL])


def _bounded(rows: Iterable[Placed]) -> list[Placed]:
    found = list(islice(rows, MAX_ROWS + 1))
    if len(found) > MAX_ROWS:
        raise PayloadTooLarge(limit=f"{MAX_ROWS:,} rows")
    return found


def _heading_row(rows: Sequence[Placed]) -> tuple[int, TableKind, dict[str, int]] | None:
    for index, (_, cells) in enumerate(rows[:_SEARCHED_ROWS]):
        for kind in table_kinds():
            columns = kind.columns(cells or ())
            if columns:
                return index, kind, columns
    return None


def _table(rows: Sequence[Placed]) -> Table | None:
    found = _heading_row(rows)
    if found is None:
        return None
    index, kind, columns = found
    return _filled(kind.id, columns, rows[index][1] or [], rows[index + 1 :], {})


def _filled(kind: str, columns: Mapping[str, int], headings: Cells, rows: Iterable[Placed], about: Mapping[str, str]) -> Table:
    """The table of the rows below its headings; `columns` is field to column."""
    kept: list[tuple[str, Mapping[str, str]]] = []
    skipped: list[Skipped] = []
    for place, cells in rows:
        if cells is None or any(len(cell) > MAX_CELL for cell in cells):
            skipped.append(Skipped(place, "行或单元格过长", "the row or a cell is too long"))
        elif any(_LONE_SURROGATE.search(cell) for cell in cells):
            skipped.append(Skipped(place, "含无效字符", "it has characters that are none"))
        elif any(cells[len(headings) :]):
            skipped.append(Skipped(place, "单元格多于表头，各列可能错位", "more cells than headings; the columns may be shifted"))
        elif any(cells):
            kept.append((place, {name: cells[column] if column < len(cells) else "" for name, column in columns.items()}))
    printed = {name: headings[column] for name, column in columns.items()}
    return Table(kind, printed, tuple(kept), about, tuple(skipped))
