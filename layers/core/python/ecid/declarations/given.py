"""Lines given field by field, as a program sends them: read cell by cell as those of a file are, so that both mean the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from ecid.declarations.assembly import SheetReading, assemble
from ecid.declarations.frame import Frames
from ecid.declarations.headings import Headings
from ecid.declarations.lines import ReadResult
from ecid.declarations.rows import BATCH_ROWS, Batch, Tally

FIELDS: Final[Mapping[str, str]] = {
    name: name
    for name in (
        *("code", "name", "specification", "quantity", "unit", "first_quantity", "first_unit", "second_quantity", "second_unit"),
        *("price", "total", "currency", "mode", "origin", "manufacturer", "declarant", "sku", "declaration_no", "item"),
    )
} | {"destination": "final_destination", "port": "exit_port"}
"""What a line may have, named as in source events and `LINE_SCHEMA`, and the field of a sheet that it is read as."""


def lines_given(given: Sequence[Mapping[str, str]], today: date) -> ReadResult:
    """The lines as of `today` (Beijing civil date); each has some of `FIELDS`, its values written as a cell of a sheet would be. Rows count from 1."""
    headings = Headings({field: column for column, field in enumerate(FIELDS.values())}, {}, {})
    tally, frames = Tally(""), Frames(today)
    rows = [tuple(line.get(name, "").strip() for name in FIELDS) for line in given]
    starts = range(0, len(rows), BATCH_ROWS)
    batches = [Batch(headings, {}, list(range(start + 1, min(start + BATCH_ROWS, len(rows)) + 1)), rows[start : start + BATCH_ROWS]) for start in starts]
    return assemble([SheetReading([frames.of(batch, tally) for batch in batches], tally, "")])
