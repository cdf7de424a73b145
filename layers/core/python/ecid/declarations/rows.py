"""The rows of one sheet in their roles: titles, headings, goods, totals, blanks; and the values that merged cells leave out.

Input are `(sheet row, stripped cells)`; output are batches of goods rows under one heading row. Only shape is judged here, not content.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from operator import itemgetter
from typing import Literal

from ecid.declarations import cells, vocabulary
from ecid.declarations.headings import DECLARATION_FIELDS, SEARCHED_ROWS, Headings, best_heading_row, field_of, recognise
from ecid.declarations.rejections import RejectionLog

Row = tuple[int, list[str]]
LONGEST_ROW = 1 << 20
"""Characters; readers reject longer rows."""
MOST_CELLS = 16_384
"""Of one row, as many as a spreadsheet can hold; readers reject rows that have more."""
BATCH_ROWS = 20_000
"""Rows converted at a time; with `_BATCH_CHARACTERS` it bounds memory."""
_BATCH_CHARACTERS = 16 * 2**20

_CODE = re.compile(r"[\s'’`]*\d")
_FORMULA = re.compile(r"[\s'’`]*[=+@-]|.*[A-Za-z]\$?[0-9]", re.DOTALL)  # `@SUM(A1)` is no word for a sum
_NEXT_LABEL = re.compile(r"\s+(?=[^\s:：]{2,20}[:：])")
_LABELLED = re.compile(r"([^:：]{2,30})[:：](.+)", re.DOTALL)
_DECLARATION_NO = re.compile(r"(?<!\d)\d{18}(?!\d)")
_COUNTERS = frozenset({"item", "ordinal"})
_GOODS = ("name", "specification", "name_and_specification")
_LONGEST_TITLE = 500
_MOST_TITLES = 50  # rows between two tables
_read_number = cells.number(1)


@dataclass(slots=True)
class Tally:
    """What was met that is no goods row. `file` names the file (and sheet) in the rejected rows."""

    file: str
    rejected: RejectionLog = field(default_factory=RejectionLog)
    totals_rows: int = 0
    blank_rows: int = 0
    heading_rows: int = 0
    title_rows: int = 0


@dataclass(slots=True)
class Batch:
    """Goods rows under one heading row: sheet rows, the cells of `headings.columns` in their order, the positions of rows that took over values of the
    row above, and `head`, the values printed above the table."""

    headings: Headings
    head: Mapping[str, str]
    numbers: list[int] = field(default_factory=list)
    rows: list[tuple[str, ...]] = field(default_factory=list)
    carried: list[int] = field(default_factory=list)


def batches(rows: Iterable[Row], tally: Tally) -> Iterator[Batch] | None:
    """Goods rows in batches; None if no heading row is recognised among the first rows."""
    source = iter(rows)
    first = list(islice(source, SEARCHED_ROWS))
    top = best_heading_row([row for _, row in first])
    headings = None if top is None else recognise(first[top][1])
    if top is None or headings is None:
        return None
    above = [row for _, row in first[:top]]
    blanks = sum(all(map(cells.is_empty, row)) for row in above)
    tally.heading_rows += first[top][0] > 0  # a message has none in the file
    tally.blank_rows += blanks
    tally.title_rows += len(above) - blanks
    return _batches(Batch(headings, head_of(above)), chain(first[top + 1 :], source), tally)


def _batches(batch: Batch, rows: Iterable[Row], tally: Tally) -> Iterator[Batch]:
    headings, carry, pick, width = _layout(batch.headings)
    titles: list[Row] = []  # rows that name no goods: titles if a heading row follows, rejected otherwise
    characters = 0
    for number, row in rows:
        if len(row) < width:
            row.extend([""] * (width - len(row)))
        role = _role(row, headings)
        if role == "goods":
            _reject_all(titles, headings, tally)
            if carry.complete(row):
                batch.carried.append(len(batch.rows))
            batch.numbers.append(number)
            picked = pick(row)
            batch.rows.append(picked)
            characters += sum(map(len, picked))
            if len(batch.rows) == BATCH_ROWS or characters > _BATCH_CHARACTERS:
                yield batch
                batch, characters = Batch(headings, batch.head), 0
        elif role == "title":
            titles.append((number, row))
            if len(titles) > _MOST_TITLES:
                _reject_all(titles, headings, tally)
        elif role == "blank":
            tally.blank_rows += 1
        elif role == "totals":
            tally.totals_rows += 1
        elif (repeated := recognise(row)) is not None:
            tally.heading_rows += 1
            tally.title_rows += len(titles)
            yield batch
            headings, carry, pick, width = _layout(repeated)
            batch, characters = Batch(headings, head_of([title for _, title in titles]) or batch.head), 0
            titles.clear()
    _reject_all(titles, headings, tally)
    yield batch


def _layout(headings: Headings) -> tuple[Headings, _Carry, Callable[[Sequence[str]], tuple[str, ...]], int]:
    return headings, _Carry(headings.columns), itemgetter(*headings.columns.values()), headings.width


def _role(row: Sequence[str], headings: Headings) -> Literal["goods", "title", "blank", "totals", "heading"]:
    columns = headings.columns
    if _CODE.match(row[columns["code"]]):
        return "goods"
    filled = [(index, cell) for index, cell in enumerate(row) if not cells.is_empty(cell)]
    counters = {columns[name] for name in _COUNTERS if name in columns}
    if all(index in counters for index, _ in filled):
        return "blank"
    if _is_totals_word(filled[0][1][: vocabulary.LONGEST_NAME]):
        return "totals"
    if recognise(row) is not None:
        return "heading"
    if any(row[columns[name]] for name in _GOODS if name in columns):
        return "goods"
    head = {columns[name] for name in DECLARATION_FIELDS if name in columns}
    only_amounts = all(index not in head and _is_amount(cell) for index, cell in filled)
    return "totals" if only_amounts else "title"


def _is_totals_word(cell: str) -> bool:
    return vocabulary.heading_key(cell) in vocabulary.words("totals") and not _FORMULA.match(cell)


def _is_amount(cell: str) -> bool:
    if vocabulary.currencies().resolve(cell) or vocabulary.units().resolve(cell):
        return True
    return _read_number(cells.split_quantity(cell)[0])[0] is not None


def _reject_all(titles: list[Row], headings: Headings, tally: Tally) -> None:
    for number, row in titles:
        text = row[headings.columns["code"]]
        tally.rejected.add(number, "invalid_code" if text else "missing_code", text)
    titles.clear()


def head_of(rows: Iterable[Sequence[str]]) -> Mapping[str, str]:
    """What title rows say about the declaration: `海关编号：5304…` in one cell, or label and value side by side. Field to text."""
    found: dict[str, str] = {}
    for row in rows:
        label: str | None = None
        for cell in filter(None, row):
            for piece in _NEXT_LABEL.split(cell[:_LONGEST_TITLE]):
                match = _LABELLED.fullmatch(piece.strip())
                name = _declaration_field(match[1] if match else piece)
                if match and name:
                    found.setdefault(name, match[2].strip())
                    label = None
                elif name:
                    label = name
                elif label:
                    found.setdefault(label, piece.strip())
                    label = None
    if number := _DECLARATION_NO.search(found.get("declaration_no", "")):
        found["declaration_no"] = number.group()
    return found


def _declaration_field(text: str) -> str | None:
    name = field_of(text)
    return name[0] if name and name[0] in DECLARATION_FIELDS else None


class _Carry:
    """Merged cells: the head of a declaration stands in its first row only. Values are taken over while the declaration number is left blank and the
    items go on (or, in a sheet without items, while the whole head is left blank)."""

    def __init__(self, columns: Mapping[str, int]) -> None:
        self._number = columns.get("declaration_no")
        self._item = columns.get("item", columns.get("ordinal"))
        self._columns = [columns[name] for name in DECLARATION_FIELDS if name in columns]
        self._head: dict[int, str] = {}
        self._last = ""

    def complete(self, row: list[str]) -> bool:
        """Fill in what `row` leaves out of its declaration's head; True if it took anything over."""
        if self._number is None:
            return False
        item = row[self._item] if self._item is not None else ""
        continues = self._continues(row, item)
        self._last = item
        if not continues:
            self._head = {column: row[column] for column in self._columns} if row[self._number] else {}
            return False
        blanks = [column for column in self._columns if not row[column] and self._head[column]]
        for column in blanks:
            row[column] = self._head[column]
        return bool(blanks)

    def _continues(self, row: Sequence[str], item: str) -> bool:
        assert self._number is not None  # noqa: S101 - complete() has looked
        if not self._head:
            return False
        if row[self._number]:
            return row[self._number] == self._head[self._number]
        if self._item is None:
            return not any(row[column] for column in self._columns)
        return _item_number(item) > _item_number(self._last) and all(row[column] in {"", self._head[column]} for column in self._columns)


def _item_number(text: str) -> int:
    return cells.item(text)[0] or 0
