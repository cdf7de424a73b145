"""A batch of rows as a frame in `LINE_SCHEMA` (with columns for the reader's own use), and the rows of it that are no usable lines."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date

import polars as pl

from ecid.declarations import cells, flags, vocabulary
from ecid.declarations.columns import Columns, columns_of
from ecid.declarations.lines import LINE_SCHEMA
from ecid.declarations.rows import Batch, Tally

READER_SCHEMA: dict[str, pl.DataType] = {
    **LINE_SCHEMA,
    "brand_type": pl.String(),  # 品牌类型 and 出口享惠情况 where they have columns of their own
    "preference": pl.String(),
    "ordinal": pl.Int64(),  # 序号, which may be the item or just count the rows of the sheet
}

Converter = Callable[[str], tuple[object, cells.Flags]]
_Rejections = dict[int, tuple[str, str]]


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
        "port": ("exit_port", cells.words),
        "sku": ("sku", cells.words),
        "brand_type": ("brand_type", cells.brand_type),
        "preference": ("preference", cells.preference),
    }


def frame_of(batch: Batch, today: date, tally: Tally) -> pl.DataFrame:
    """The usable rows of `batch` in `READER_SCHEMA` (`line_id` still null); the others are recorded in `tally`."""
    columns = columns_of(batch)
    values: dict[str, list[object]] = {"row": list(columns.numbers)}
    for target, (source, convert) in _converters(today).items():
        column = columns.cells.get(source)
        values[target] = _converted(column, convert, columns) if column is not None else [None] * len(columns.numbers)
    _drop_planned_exports(columns, values["declared_on"], today)
    rejections = _rejections(columns, values, today)
    for position, (code, text) in sorted(rejections.items()):
        tally.reject(columns.numbers[position], code, text=text)
    columns.flag((position for position, text in enumerate(values["name"]) if text is None), flags.NAME_MISSING)
    flagged = {position: ",".join(sorted(set(found))) for position, found in columns.flags.items() if found}
    values["flags"] = [flagged.get(position) for position in range(len(columns.numbers))]
    values["line_id"] = [None] * len(columns.numbers)
    if rejections:
        kept = [position for position in range(len(columns.numbers)) if position not in rejections]
        values = {name: [column[position] for position in kept] for name, column in values.items()}
    frame = pl.DataFrame({name: values[name] for name in READER_SCHEMA}, schema=READER_SCHEMA | {"flags": pl.String()})
    return frame.with_columns(pl.col("flags").str.split(",").fill_null(pl.lit([], dtype=LINE_SCHEMA["flags"])))


def _converted(column: Sequence[str], convert: Converter, columns: Columns) -> list[object]:
    known = {text: convert(text) for text in set(column)}
    odd = {text for text, (_, found) in known.items() if found}
    if odd:
        for position, text in enumerate(column):
            if text in odd:
                for flag in known[text][1]:
                    columns.flag((position,), flag)
    return [known[text][0] for text in column]


def _drop_planned_exports(columns: Columns, days: list[object], today: date) -> None:
    """An export date ahead is a plan, as in a draft before it is lodged, and no declaration date."""
    for position, found in columns.flags.items():
        declared = days[position]
        if flags.EXPORT_DATE_USED in found and isinstance(declared, date) and declared > today:
            days[position] = None
            found.remove(flags.EXPORT_DATE_USED)


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
    return found


def _is_cancelled(text: str) -> bool:
    key = vocabulary.key_of(text[: vocabulary.LONGEST_NAME])
    return any(word in key for word in vocabulary.words("cancelled")) and not any(word in key for word in vocabulary.words("not_cancelled"))
