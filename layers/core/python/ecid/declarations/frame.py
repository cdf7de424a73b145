"""A batch of rows as a frame in `LINE_SCHEMA` (with columns for the reader's own use), and the rows of it that are no usable lines.

Declarations repeat themselves, and files are large: each different cell is converted once, equal texts of a batch are stored once, and a column that says
the same throughout takes no room of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from operator import itemgetter

import polars as pl

from ecid.declarations import cells, flags, vocabulary
from ecid.declarations.columns import Columns, columns_of
from ecid.declarations.lines import LINE_SCHEMA
from ecid.declarations.rows import BATCH_ROWS, Batch, Tally

READER_SCHEMA: dict[str, pl.DataType] = {
    **LINE_SCHEMA,
    "brand_type": pl.String(),  # 品牌类型 and 出口享惠情况 where they have columns of their own
    "preference": pl.String(),
    "ordinal": pl.Int64(),  # 序号, which may be the item or just count the rows of the sheet
}

Converter = Callable[[str], tuple[object, cells.Flags]]
_Rejections = dict[int, tuple[str, str]]
_WHOLE_E5, _HALF_E5 = 10**5, 5 * 10**4  # a quantity of one, and half of it, in 1/100,000
_MOST = 2**63 - 1
_REMEMBERED = 50_000  # different cells of a column
_FIRST_YEAR = 1990  # the tariff of China follows the Harmonised System from 1992 on; programs write 0001 or 1900 where they hold no date


def _converters(today: date) -> Mapping[str, tuple[str, Converter]]:
    """Column of the frame to the field that it is read from, and how."""
    quantity, money = cells.number(10**5), cells.number(10**4)
    return {
        "declaration_no": ("declaration_no", cells.declaration_no(today)),
        "item": ("item", cells.item),
        "ordinal": ("ordinal", cells.item),
        "declared_on": ("declared_on", cells.day),
        "code": ("code", cells.code),
        "name": ("name", cells.name),
        "specification": ("specification", cells.specification),
        "quantity_e5": ("quantity", quantity),
        "unit": ("unit", cells.unit),
        "first_quantity_e5": ("first_quantity", quantity),
        "first_unit": ("first_unit", cells.unit),
        "second_quantity_e5": ("second_quantity", quantity),
        "second_unit": ("second_unit", cells.unit),
        "price_e4": ("price", money),
        "total_e4": ("total", money),
        "currency": ("currency", cells.currency),
        "mode": ("mode", cells.mode),
        "origin": ("origin", cells.country),
        "destination": ("final_destination", cells.country),
        "exporter_uscc": ("exporter_uscc", cells.uscc),
        "exporter": ("exporter", cells.words),
        "manufacturer": ("manufacturer", cells.words),
        "declarant": ("declarant", cells.words),
        "port": ("exit_port", cells.port),
        "sku": ("sku", cells.sku),
        "brand_type": ("brand_type", cells.brand_type),
        "preference": ("preference", cells.preference),
    }


class Frames:
    """Makes frames of batches, as of `today`; what was converted in one batch is known in the next."""

    def __init__(self, today: date) -> None:
        self._today = today
        self._known = {target: (source, _Known(convert)) for target, (source, convert) in _converters(today).items()}

    def of(self, batch: Batch, tally: Tally) -> pl.DataFrame:
        """The usable rows of `batch` in `READER_SCHEMA` (`line_id` still null); the others are recorded in `tally`."""
        columns = columns_of(batch, self._today)
        values: dict[str, list[object]] = {"row": list(columns.numbers)}
        for target, (source, known) in self._known.items():
            column = columns.cells.get(source)
            values[target] = _converted(column, known, columns) if column is not None else [None] * len(columns.numbers)
        _drop_export_dates(columns, values["declared_on"], self._today)
        _fill_totals(columns, values)
        rejections = _rejections(columns, values, self._today)
        for position, (code, text) in sorted(rejections.items()):
            tally.rejected.add(columns.numbers[position], code, text)
        columns.flag((position for position, text in enumerate(values["name"]) if text is None), flags.NAME_MISSING)
        flagged = {position: ",".join(sorted(set(found))) for position, found in columns.flags.items() if found}
        values["flags"] = [flagged.get(position) for position in range(len(columns.numbers))]
        values["line_id"] = [None] * len(columns.numbers)
        if rejections:
            kept = [position for position in range(len(columns.numbers)) if position not in rejections]
            values = {name: [column[position] for position in kept] for name, column in values.items()}
        return pl.DataFrame([_series(name, values[name], dtype) for name, dtype in READER_SCHEMA.items()])


class _Known(dict[str, tuple[object, cells.Flags]]):
    """Cells and what they were converted to, so many of them."""

    def __init__(self, convert: Converter) -> None:
        super().__init__()
        self._convert = convert

    def __missing__(self, text: str) -> tuple[object, cells.Flags]:
        if len(self) >= _REMEMBERED:
            self.clear()
        found = self[text] = self._convert(text)
        return found


def _converted(column: Sequence[str], known: _Known, columns: Columns) -> list[object]:
    found = [*map(known.__getitem__, column)]
    if any(map(itemgetter(1), found)):
        for position, (_, flagged) in enumerate(found):
            for flag in flagged:
                columns.flag((position,), flag)
    return [*map(itemgetter(0), found)]


def _series(name: str, values: Sequence[object], dtype: pl.DataType) -> pl.Series:
    distinct = dict.fromkeys(values)
    if len(distinct) <= 1:
        return _constant(next(iter(distinct), None), dtype).head(len(values)).alias(name)
    if isinstance(dtype, pl.String | pl.List) and 2 * len(distinct) < len(values):
        places = {value: place for place, value in enumerate(distinct)}
        return _column(name, list(distinct), dtype).gather(pl.Series([*map(places.__getitem__, values)], dtype=pl.UInt32))
    return _column(name, values, dtype)


def _column(name: str, values: Sequence[object], dtype: pl.DataType) -> pl.Series:
    """A list is given as its texts with commas between them, None for an empty one."""
    if isinstance(dtype, pl.List):
        return pl.Series(name, [text.split(",") if isinstance(text, str) else [] for text in values], dtype=dtype)
    return pl.Series(name, values, dtype=dtype)


@lru_cache(maxsize=32)
def _constant(value: object, dtype: pl.DataType) -> pl.Series:
    """A column of one value. Batches of a file share it; the value is stored once, however long it is."""
    return _column("", [value], dtype).gather(pl.zeros(BATCH_ROWS, dtype=pl.UInt32, eager=True))


def _drop_export_dates(columns: Columns, days: list[object], today: date) -> None:
    """An export date ahead is a plan, as in a draft before it is lodged, and one before all tariffs stands for none: neither is a declaration date."""
    for position, found in columns.flags.items():
        declared = days[position]
        if flags.EXPORT_DATE_USED in found and isinstance(declared, date) and (declared > today or declared.year < _FIRST_YEAR):
            days[position] = None
            found.remove(flags.EXPORT_DATE_USED)
            if declared <= today:
                columns.flag((position,), flags.UNREADABLE_DATE)


def _fill_totals(columns: Columns, values: Mapping[str, list[object]]) -> None:
    """Where the total is blank, unreadable or 0, it is unit price × transaction quantity, rounded half up to 1/10,000, if both are there."""
    totals = values["total_e4"]
    for position, (price, quantity) in enumerate(zip(values["price_e4"], values["quantity_e5"], strict=True)):
        if not totals[position] and isinstance(price, int) and isinstance(quantity, int) and price > 0 and quantity > 0:
            total = (price * quantity + _HALF_E5) // _WHOLE_E5
            if 0 < total <= _MOST:
                totals[position] = total
                columns.flag((position,), flags.TOTAL_ASSUMED)


def _rejections(columns: Columns, values: Mapping[str, Sequence[object]], today: date) -> _Rejections:
    """Position to the code and the text of the first reason that holds."""
    found: _Rejections = {}
    codes, statuses, directions = columns.get("code"), columns.get("status"), columns.get("direction")
    ended = {text for text in set(statuses) if _is_cancelled(text)}
    imports = {text for text in set(directions) if vocabulary.key_of(text) in vocabulary.words("imports")}
    for position, code in enumerate(values["code"]):
        number, declared = values["declaration_no"][position], values["declared_on"][position]
        if statuses[position] in ended:
            found[position] = ("cancelled", statuses[position])
        elif directions[position] in imports or (isinstance(number, str) and number[8] == "1"):
            found[position] = ("not_an_export", "")
        elif not code:
            found[position] = ("invalid_code" if code is None else "missing_code", codes[position])
        elif values["name"][position] is None and values["specification"][position] is None:
            found[position] = ("missing_name", "")
        elif isinstance(declared, date) and declared > today:
            found[position] = ("future_date", declared.isoformat())
        elif isinstance(declared, date) and declared.year < _FIRST_YEAR:
            found[position] = ("impossible_date", declared.isoformat())
    return found


def _is_cancelled(text: str) -> bool:
    key = vocabulary.key_of(text[: vocabulary.LONGEST_NAME])
    return any(word in key for word in vocabulary.words("cancelled")) and not any(word in key for word in vocabulary.words("not_cancelled"))
