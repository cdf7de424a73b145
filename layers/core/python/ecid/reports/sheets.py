"""Sheets of a workbook: titled columns with filters and frozen heads, and cells that are what they say: text is text, whatever it begins with.

Rows go straight to the file, so that a long sheet takes no memory; the same rows give the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

from ecid.scoring.policy import PPM

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

HEADS = 2
"""Rows above the data: where it comes from, and the titles."""
MOST_ROWS = 1_048_576 - HEADS
"""What a sheet holds."""
_LONGEST = 32_000
_STEERING = ("=", "+", "-", "@", "\t", "\r")
Kind = Literal["text", "wrapped", "whole", "points", "money", "day"]
_SHAPES: dict[str, dict[str, Any]] = {
    "text": {"num_format": "@"},
    "wrapped": {"num_format": "@", "text_wrap": True},
    "whole": {"num_format": "0"},
    "points": {"num_format": "0.00"},
    "money": {"num_format": "#,##0.00"},
    "day": {"num_format": "yyyy-mm-dd"},
    "head": {"bold": True, "text_wrap": True, "bg_color": "#12403F", "font_color": "#FFFFFF", "border": 1},
    "told": {"italic": True, "font_color": "#8A5200"},
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its title, its width in characters, and what stands in it. `points` are given in millionths, `money` in fen."""

    title: str
    width: int
    kind: Kind = "text"


@dataclass(slots=True)
class Sheet:
    """A sheet that is being filled, row by row."""

    made: Worksheet
    columns: Sequence[Column]
    formats: dict[str, Format]
    rows: int = 0

    def add(self, *values: object) -> None:
        """One row; what a full sheet cannot hold is left out (who fills it says so beforehand)."""
        if self.rows >= MOST_ROWS:
            return
        place = self.rows + HEADS
        for number, (column, value) in enumerate(zip(self.columns, values, strict=True)):
            self._write(place, number, column.kind, value)
        self.rows += 1

    def _write(self, row: int, number: int, kind: Kind, value: object) -> None:
        if value is None:
            return
        shape = self.formats[kind]
        if isinstance(value, date):
            self.made.write_datetime(row, number, datetime.combine(value, time()), shape)
        elif isinstance(value, int) and kind in ("whole", "points", "money"):
            self.made.write_number(row, number, value / {"whole": 1, "points": PPM, "money": 100}[kind], shape)
        else:
            said = str(value)
            said = said if len(said) <= _LONGEST else f"{said[:_LONGEST]}…"
            # Text stays text by its type; the mark keeps it so when a person edits the cell.
            self.made.write_string(row, number, said, self.formats["steering"] if said.startswith(_STEERING) else shape)


@dataclass(slots=True)
class Book:
    """A workbook that is being written."""

    made: Workbook
    provenance: str
    formats: dict[str, Format] = field(default_factory=dict)

    @contextmanager
    def sheet(self, name: str, columns: Sequence[Column], told: Iterable[str] = ()) -> Iterator[Sheet]:
        """A sheet under its titles; its first row says where the data comes from, and what else is `told`."""
        made = self.made.add_worksheet(name)
        sheet = Sheet(made, columns, self.formats)
        made.write_string(0, 0, "  ".join((self.provenance, *told)), self.formats["told"])
        for number, column in enumerate(columns):
            made.set_column(number, number, column.width, self.formats[column.kind])
            made.write_string(1, number, column.title, self.formats["head"])
        made.freeze_panes(HEADS, 0)
        made.ignore_errors({"number_stored_as_text": "A1:XFD1048576"})
        made.set_landscape()
        made.set_paper(9)
        made.fit_to_pages(1, 0)
        made.repeat_rows(0, 1)
        made.set_footer(f"&L{self.provenance.replace('&', '&&')}&R&P / &N")
        yield sheet
        made.autofilter(1, 0, max(sheet.rows, 1) + HEADS - 1, len(columns) - 1)


@contextmanager
def book(out: BinaryIO, provenance: str, title: str, as_of: date) -> Iterator[Book]:
    """A workbook, written when the block ends. Its date is that of the score, so that it does not differ from one run to the next."""
    from xlsxwriter import Workbook  # noqa: PLC0415 - only this format needs it

    made = Workbook(out, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False})
    made.set_properties({"title": title, "comments": provenance, "created": datetime.combine(as_of, time(), UTC)})
    written = Book(made, provenance)
    for name, shape in _SHAPES.items():
        written.formats[name] = made.add_format({"valign": "top", **shape})
    written.formats["steering"] = made.add_format({"valign": "top", "num_format": "@", "text_wrap": True, "quote_prefix": True})
    yield written
    made.close()
