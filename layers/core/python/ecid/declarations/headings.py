"""Which column of a sheet holds what: recognising the heading row among title rows, and the unit or currency that headings carry in brackets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from ecid.declarations import vocabulary

SEARCHED_ROWS = 30
"""How many rows from the top are looked at for the heading row."""

DECLARATION_FIELDS = (
    "declaration_no", "declared_on", "exported_on", "status", "direction", "mode", "transit_destination", "exporter", "exporter_uscc",
    "manufacturer", "declarant", "exit_port", "declaring_office",
)  # fmt: skip
"""Fields of the declaration's head: the same for all its items, so that sheets merge them, or print them above the table."""

_UNIT_AFTER = {"first_quantity": "first_unit", "second_quantity": "second_unit", "quantity": "unit"}
_MONEY = ("price", "total", "price_total_currency", "price_and_currency", "total_and_currency")
_QUANTITY = "数量"


@dataclass(frozen=True, slots=True)
class Headings:
    """A recognised heading row: `columns` maps a field to its column, `units` and `currency` are what bracketed remarks in headings say."""

    columns: Mapping[str, int]
    keys: Mapping[int, str] = field(repr=False)
    units: Mapping[str, str]
    currency: str = ""

    @property
    def width(self) -> int:
        """The number of columns up to the last recognised one."""
        return max(self.columns.values()) + 1


def recognise(row: Sequence[str]) -> Headings | None:
    """The headings of `row`; None unless it names the code and the goods (name, or name with specification)."""
    fields = [field_of(cell) for cell in row]
    columns: dict[str, int] = {}
    ranks: dict[str, int] = {}
    for index, found in enumerate(fields):
        if found is None or _is_scaled(row[index]):
            continue
        name, rank = _beside_quantity(found, fields[index - 1] if index else None)
        if name not in ranks or rank < ranks[name]:
            columns[name], ranks[name] = index, rank
    _take_for_both(columns, row)
    if "code" not in columns or not {"name", "name_and_specification"} & columns.keys():
        return None
    keys = {index: vocabulary.heading_key(row[index]) for index in columns.values()}
    remarks = {name: vocabulary.bracketed(row[index]) for name, index in columns.items()}
    return Headings(columns, keys, _units(remarks), _currency(remarks))


def _take_for_both(columns: dict[str, int], row: Sequence[str]) -> None:
    """A column 数量单位, or 数量/单位, is the unit beside a quantity; where the sheet has none, it holds both."""
    if "unit" in columns and not {"quantity", "quantity_and_unit"} & columns.keys() and _QUANTITY in row[columns["unit"]]:
        columns["quantity_and_unit"] = columns.pop("unit")


def best_heading_row(rows: Sequence[Sequence[str]]) -> int | None:
    """The index, within the first `SEARCHED_ROWS`, of the row with most recognised headings; of equals the first."""
    found = [(len(headings.columns), -index) for index, row in enumerate(rows[:SEARCHED_ROWS]) if (headings := recognise(row))]
    return -max(found)[1] if found else None


@lru_cache(maxsize=4096)
def field_of(cell: str) -> tuple[str, int] | None:
    """The field that a heading names, with the rank of this name for it; None if it is no known heading."""
    if not cell or len(cell) > vocabulary.LONGEST_NAME:
        return None
    return vocabulary.headings().get(vocabulary.heading_key(cell))


def _beside_quantity(found: tuple[str, int], before: tuple[str, int] | None) -> tuple[str, int]:
    """A bare 单位 belongs to the quantity on its left: sheets repeat the heading after each quantity."""
    name, rank = found
    return (_UNIT_AFTER.get(before[0], name), rank) if name == "unit" and before else (name, rank)


def _is_scaled(cell: str) -> bool:
    """Whether the column counts in hundreds, thousands or more (金额（万美元）): better no amount than a wrong one. 千克 and the like are units."""
    remark = vocabulary.bracketed(cell)
    return remark.startswith(("百", "千", "万", "亿")) and vocabulary.units().resolve(remark) is None


def _units(remarks: Mapping[str, str]) -> Mapping[str, str]:
    found = {unit: vocabulary.units().resolve(remarks.get(quantity, "")) for quantity, unit in _UNIT_AFTER.items()}
    return {unit: code for unit, code in found.items() if code}


def _currency(remarks: Mapping[str, str]) -> str:
    for name in _MONEY:
        if found := vocabulary.currencies().resolve(remarks.get(name, "")):
            return found
    return ""
