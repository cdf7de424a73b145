"""The columns of a batch by field: combined cells taken apart, second-best columns put in where the best is blank, hints of headings and titles used."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from ecid.declarations import cells, flags
from ecid.declarations.rows import Batch

# In a one-line cell the specification begins at its two code digits: "螺栓 0|0|…" or "螺栓|0|0|…".
_CODES = re.compile(r"(?:^|[\s|｜])([0-4]\s*[|｜]\s*[0-3]\s*(?:[|｜].*)?)$", re.DOTALL)
_STACK = re.compile(r"\s*[\r\n/]\s*")
_QUANTITIES = {"quantity": "unit", "first_quantity": "first_unit", "second_quantity": "second_unit"}


@dataclass(slots=True)
class Columns:
    """Cells by field, each column as long as `numbers` (sheet rows), and flags by position."""

    numbers: Sequence[int]
    cells: dict[str, Sequence[str]]
    flags: dict[int, list[str]] = field(default_factory=dict)

    def flag(self, positions: Iterable[int], flag: str) -> None:
        """Give `flag` to the rows at `positions`."""
        for position in positions:
            self.flags.setdefault(position, []).append(flag)

    def get(self, name: str) -> Sequence[str]:
        """The column of a field, blank where the sheet has none."""
        return self.cells.get(name) or [""] * len(self.numbers)


def columns_of(batch: Batch, today: date) -> Columns:
    """The columns of a batch, as of `today`. Fields are those of `headings.toml`; combined and second-best ones are resolved into `name`, `specification`,
    `quantity`, `first_quantity`, `second_quantity` and their units, `price`, `total`, `currency`, `declared_on`, `destination`, `port`, `item`."""
    found: dict[str, Sequence[str]] = dict(zip(batch.headings.columns, zip(*batch.rows, strict=True), strict=True)) if batch.rows else {}
    columns = Columns(batch.numbers, found)
    for name, text in batch.head.items():
        if not any(columns.get(name)):
            found[name] = [text] * len(batch.numbers)
    columns.flag(batch.carried, flags.CARRIED_DOWN)
    _split_names(columns)
    _split_stacked_quantities(columns)
    _split_prices(columns)
    _split_units(columns)
    _fill(columns, "declared_on", "exported_on", flags.EXPORT_DATE_USED)
    _fill(columns, "final_destination", "transit_destination")
    _fill(columns, "exit_port", "declaring_office")
    _fill_from_number(columns, today)
    for name, code in batch.headings.units.items():
        _hint(columns, name, code, flags.UNIT_FROM_HEADING)
    _hint(columns, "currency", batch.headings.currency, flags.CURRENCY_FROM_HEADING)
    return columns


def split_name(text: str) -> tuple[str, str]:
    """Name and specification of a combined cell: the name is the first line, or what precedes the two code digits."""
    name, _, rest = text.partition("\n")
    if rest.strip():
        return name.strip(), rest.strip()
    if match := _CODES.search(text):
        return text[: match.start()].strip(" |｜"), match[1]
    return text, ""


def split_price(text: str) -> tuple[str, str, str]:
    """Unit price, total and currency of a stacked cell: what has no digit is the currency, or the third number, which is its code (502)."""
    parts = [part for part in _STACK.split(text.strip()) if part]
    amounts = [part for part in parts if any(char.isdigit() for char in part)]
    names = [part for part in parts if part not in amounts] or amounts[2:3]
    price, total, *_ = [*amounts, "", ""] if len(amounts) > 1 else ["", *amounts, ""]
    return price, total, names[0] if names else ""


def split_quantities(text: str) -> tuple[str, str, str]:
    """First legal, second legal and transaction quantity (each with its unit) of a stacked cell.

    The form prints them in three lines, the second one blank where there is no second legal unit, the third being the transaction quantity (filling
    rules of announcement 18 of 2019 on 数量及单位). A lone line is the transaction quantity; of two, the last is.
    """
    lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
    if len(lines) < 2:
        return "", "", text.strip()
    return lines[0], lines[1] if len(lines) > 2 else "", lines[-1]


def _split_names(columns: Columns) -> None:
    combined = columns.cells.get("name_and_specification")
    if combined is None:
        return
    names, specifications = _each(split_name, combined)
    columns.cells.setdefault("name", names)
    if "specification" not in columns.cells:
        columns.cells["specification"] = specifications
        unsplit = (index for index, (text, part) in enumerate(zip(combined, specifications, strict=True)) if text and not part)
        columns.flag(unsplit, flags.COMBINED_CELL_UNSPLIT)


def _split_stacked_quantities(columns: Columns) -> None:
    combined = columns.cells.get("quantity_and_unit")
    if combined is None:
        return
    first, second, transaction = _each(split_quantities, combined)
    for name, part in (("first_quantity", first), ("second_quantity", second), ("quantity", transaction)):
        columns.cells.setdefault(name, part)
    columns.flag((index for index, text in enumerate(first) if text), flags.QUANTITY_LINES_ASSUMED)


def _split_prices(columns: Columns) -> None:
    combined = columns.cells.get("price_total_currency")
    if combined is not None:
        for name, part in zip(("price", "total", "currency"), _each(split_price, combined), strict=True):
            columns.cells.setdefault(name, part)
    for name in ("total", "price"):
        stacked = columns.cells.get(f"{name}_and_currency")
        if stacked is not None:
            columns.cells.setdefault(name, stacked)
        amounts = columns.cells.get(name)
        if amounts is not None and (stacked is not None or not all(columns.get("currency"))):
            columns.cells[name], named = _each(cells.split_money, amounts)
            columns.cells["currency"] = [own or other for own, other in zip(columns.get("currency"), named, strict=True)]


def _split_units(columns: Columns) -> None:
    for quantity, unit in _QUANTITIES.items():
        if quantity in columns.cells:
            columns.cells[quantity], units = _each(cells.split_quantity, columns.cells[quantity])
            columns.cells[unit] = [own or other for own, other in zip(columns.get(unit), units, strict=True)]


def _fill(columns: Columns, best: str, second: str, flag: str = "") -> None:
    fallback = columns.cells.get(second)
    if fallback is None:
        return
    first = columns.get(best)
    filled = [index for index, text in enumerate(first) if cells.is_empty(text) and fallback[index]]
    if filled:
        merged = list(first)
        for index in filled:
            merged[index] = fallback[index]
        columns.cells[best] = merged
    if flag:
        columns.flag(filled, flag)


def _fill_from_number(columns: Columns, today: date) -> None:
    """Items from refund-form numbers, where the sheet has no column for them."""
    if "item" in columns.cells:
        return
    lines = [cells.refund_line(text, today) for text in columns.get("declaration_no")]
    if any(lines):
        columns.cells["item"] = [str(line.item) if line else "" for line in lines]


def _hint(columns: Columns, name: str, text: str, flag: str) -> None:
    if not text:
        return
    own = columns.get(name)
    filled = [index for index, cell in enumerate(own) if cells.is_empty(cell)]
    columns.cells[name] = [text if cells.is_empty(cell) else cell for cell in own]
    columns.flag(filled, flag)


def _each(split: Callable[[str], tuple[str, ...]], column: Sequence[str]) -> list[Sequence[str]]:
    known: dict[str, tuple[str, ...]] = {text: split(text) for text in set(column)}
    return [list(part) for part in zip(*(known[text] for text in column), strict=True)] if column else [[], [], []]
