"""Tables of the kinds that are known here by their headings (`tables.toml`), from delimited text, spreadsheets and JSON."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import chain, islice
from typing import Any, TypeGuard

from ecid.declarations.readers.kinds import kind_of
from ecid.declarations.readers.limits import Limits
from ecid.declarations.readers.workbook import workbook_rows
from ecid.errors import PayloadTooLarge, UnreadableFile, UnsupportedFormat
from ecid.knowledge.imported import Skipped, SourceFile
from ecid.knowledge.table_kinds import TableKind, table_kinds

MAX_TABLE_BYTES = 32 * 1024 * 1024
MAX_ROWS = 300_000
MAX_CELL = 100_000
"""Characters; the longest note has a third of that."""
_MAX_COLUMNS = 200
_SEARCHED_ROWS = 10
_SAMPLE = 1 << 16  # bytes that hold the heading row
_DELIMITERS = ("\t", ",", ";", "|")
_ARCHIVES = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
"""The marks at the beginning of what Excel saves as "Unicode text"."""
_LIMITS = Limits(file_bytes=MAX_TABLE_BYTES, rows=MAX_ROWS)
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_CODE_LENGTHS = (6, 8, 10)
_CODE_SHARE = 0.5
"""Share of rows with a code in the code column below which the columns are taken to be shifted."""

Cells = list[str]
Placed = tuple[str, Cells | None]
"""Where a row stands in the file, and its cells; None for a row that is too long."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table that was recognised: `headings` are the printed ones by field, `rows` the values by field with their places, `about` what the file says of
    itself as a whole, `skipped` the rows and sheets that were left out, `lost` how many of these are rows."""

    kind: str
    headings: Mapping[str, str]
    rows: tuple[tuple[str, Mapping[str, str]], ...]
    about: Mapping[str, str] = field(default_factory=dict)
    skipped: tuple[Skipped, ...] = ()
    lost: int = 0


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
    binary = b"\0" in file.head and not file.head.startswith(_UTF_16)
    return None if binary or start.startswith(b"%PDF") else _from_text(file)


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
    return found and replace(found, skipped=(*found.skipped, *unknown))


def _from_text(file: SourceFile) -> Table | None:
    with file.path.open("rb") as opened:
        sample = opened.read(_SAMPLE)
    for encoding in ("utf-16",) if file.head.startswith(_UTF_16) else ("utf-8-sig", "gb18030"):
        lines = sample.decode(encoding, "replace").splitlines()[:_SEARCHED_ROWS]
        for delimiter in _DELIMITERS:
            head = [(str(number), row) for number, row in enumerate(_split(lines, delimiter), start=1)]
            if _heading_row(head):
                return _table(_bounded(_text_rows(file, encoding, delimiter)))
    return None


def _text_rows(file: SourceFile, encoding: str, delimiter: str) -> Iterator[Placed]:
    try:
        text = _content(file).decode(encoding)
    except UnicodeDecodeError as error:
        raise UnreadableFile(name=file.name, reason_zh="表格已损坏，或编码不统一", reason_en="the table is damaged, or in more than one encoding") from error
    reader = _split(io.StringIO(text, newline=""), delimiter, strict=True)
    begun = 1
    try:
        for cells in reader:
            yield f"row {reader.line_num}", [cell.strip() for cell in cells]
            begun = reader.line_num + 1
    except csv.Error as error:  # a quotation mark that never ends would swallow the rest of the file
        zh, en = f"第 {begun} 行的引号有误，或单元格过长", f"the quotation marks of row {begun} are wrong, or a cell is too long"
        raise UnreadableFile(name=file.name, reason_zh=zh, reason_en=en) from error


def _split(lines: Any, delimiter: str, *, strict: bool = False) -> Any:
    # Where tabs divide, quotation marks belong to the text.
    return csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_NONE if delimiter == "\t" else csv.QUOTE_MINIMAL, strict=strict)


def _content(file: SourceFile) -> bytes:
    if file.path.stat().st_size > MAX_TABLE_BYTES:
        raise PayloadTooLarge(limit=f"{MAX_TABLE_BYTES // 1024**2} MiB")
    return file.path.read_bytes()


def _from_json(file: SourceFile) -> Table | None:
    try:
        data = _json(_content(file).decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        if file.path.suffix.lower() != ".json":  # a text that begins with a bracket
            return None
        raise UnreadableFile(
            name=file.name, reason_zh="JSON 已损坏，或对象内有重复的键", reason_en="the JSON is damaged, or a name stands twice in an object"
        ) from error
    if isinstance(data, dict) and isinstance(data.get("metadata"), dict) and isinstance(data.get("codes"), list):
        listed = ((f"entry {number}", [_cell(code)]) for number, code in enumerate(data["codes"], start=1))
        about = {name: _mended(_cell(value)) for name, value in data["metadata"].items()}
        return _filled("marks", {"code": 0}, ["codes"], _bounded(listed), about)
    if isinstance(data, dict) and _are_codes(data.values()):
        pairs = ((f"entry {number}", [name.strip(), code]) for number, (name, code) in enumerate(data.items(), start=1))
        return _filled("terms", {"name": 0, "code": 1}, ["", ""], _bounded(pairs), {})
    within = [value for value in data.values() if _are_rows(value)] if isinstance(data, dict) else []
    entries = within[0] if len(within) == 1 else data
    if not _are_rows(entries):
        return None
    names = list(dict.fromkeys(name for entry in entries for name in entry))
    rows = ((f"entry {number}", [_cell(entry.get(name)) for name in names]) for number, entry in enumerate(entries, start=1))
    return _table(_bounded(chain([("", names)], rows))) if len(names) <= _MAX_COLUMNS else None


def _json(text: str) -> Any:
    """One document, or one a line. Raises ValueError or RecursionError, also where a name stands twice in an object, of which one value would be lost."""
    try:
        return json.loads(text, object_pairs_hook=_each_once)
    except json.JSONDecodeError:
        lines = text.split("\n")
        if len(lines) == 1:
            raise
        return [json.loads(line, object_pairs_hook=_each_once) for line in lines if line.strip()]


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _are_rows(value: object) -> TypeGuard[list[dict[str, Any]]]:
    return isinstance(value, list) and bool(value) and all(isinstance(entry, dict) for entry in value)


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


@dataclass(frozen=True, slots=True)
class _Head:
    """The headings of a table: the row they end in, the kind, field to column, and what is printed."""

    row: int
    kind: TableKind
    columns: Mapping[str, int]
    printed: Cells


def _heading_row(rows: Sequence[Placed]) -> _Head | None:
    for index, (_, cells) in enumerate(rows[:_SEARCHED_ROWS]):
        own = cells or []
        two = _two_rows(own, rows[index + 1][1] or []) if index + 1 < len(rows) else own
        for kind in table_kinds():
            columns, more = kind.columns(own), kind.columns(two)
            if more and len(more) > len(columns or ()):
                return _Head(index + 1, kind, more, two)
            if columns:
                return _Head(index, kind, columns, own)
    return None


def _two_rows(upper: Cells, lower: Cells) -> Cells:
    """Headings in two rows as one: what stands below a cell that is merged over several columns belongs to its text."""
    width = min(max(len(upper), len(lower)), _MAX_COLUMNS)
    above, texts = "", []
    for column in range(width):
        own, below = (cells[column] if column < len(cells) else "" for cells in (upper, lower))
        above = own or above
        texts.append(f"{above}{below}" if below else own)
    return texts


def _table(rows: Sequence[Placed]) -> Table | None:
    head = _heading_row(rows)
    if head is None:
        return None
    above = " ".join(cell for _, cells in rows[: head.row] for cell in cells or () if cell)
    return _filled(head.kind.id, head.columns, head.printed, rows[head.row + 1 :], {"above": _mended(above)})


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
    return Table(kind, printed, tuple(kept), about, tuple(skipped), len(skipped))
