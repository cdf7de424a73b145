"""Declarations as columns: events to rows, rows to Parquet segments, segments back to the lines as they stand.

A segment holds rows of `SEGMENT_SCHEMA` of one enterprise and one month of declaration; it is named by its content and never changed. Many small ones are
replaced by one that holds the same newest rows. An amended declaration is sent whole with a newer stamp, and its newest stamp wins whole, so a line that
was taken out disappears. A cancelled one leaves a row without an item, the tombstone: it is no line, but its stamp outranks whatever came before.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl

from ecid.declarations.lines import LINE_SCHEMA
from ecid.feed.facts import stamp_of
from ecid.feed.payloads import Cancellation, DeclaredLine

if TYPE_CHECKING:
    from ecid.feed.events import DeclarationEvent

SEGMENT_SCHEMA: dict[str, pl.DataType] = {**LINE_SCHEMA, "stamp": pl.String()}
"""`LINE_SCHEMA` and the stamp of the event that the row came with; a row without `item` is the tombstone of a cancelled declaration."""

_ROOT = "declarations/"


def rows_of(event: DeclarationEvent) -> list[dict[str, Any]]:
    """One row of `SEGMENT_SCHEMA` per item of the declaration, or its tombstone; amounts are exact integers (`_e5`, `_e4`)."""
    head = event.data
    known = dict.fromkeys(SEGMENT_SCHEMA) | {
        "line_id": head.declaration_no,
        "row": 0,
        "declaration_no": head.declaration_no,
        "declared_on": head.declared_on,
        "exporter_uscc": event.enterprise,
        "flags": [],
        "stamp": stamp_of(event.effective_at, event.sequence, event.id),
    }
    if isinstance(head, Cancellation):
        return [known]
    declared = known | {
        "currency": head.currency,
        "mode": head.mode,
        "destination": head.destination,
        "manufacturer": head.manufacturer,
        "declarant": head.declarant,
        "port": head.port,
    }
    return [declared | _line(head.declaration_no, line) for line in head.lines]


def _line(declaration_no: str, line: DeclaredLine) -> dict[str, Any]:
    return {
        "line_id": f"{declaration_no}-{line.item}",
        "item": line.item,
        "code": line.code,
        "name": line.name,
        "specification": line.specification,
        "quantity_e5": _scaled(line.quantity, 5),
        "unit": line.unit,
        "first_quantity_e5": _scaled(line.first_quantity, 5),
        "first_unit": line.first_unit,
        "second_quantity_e5": _scaled(line.second_quantity, 5),
        "second_unit": line.second_unit,
        "price_e4": _scaled(line.price, 4),
        "total_e4": _scaled(line.total, 4),
        "origin": line.origin,
        "sku": line.sku,
    }


def month_of(event: DeclarationEvent) -> str:
    """The month of declaration, `YYYY-MM`, by the Beijing civil date."""
    return f"{event.data.declared_on:%Y-%m}"


def segment_of(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """The rows as one Parquet file. Their order does not matter: the same rows give the same file."""
    return _parquet(pl.DataFrame(rows, schema=SEGMENT_SCHEMA))


def merged_segment(frames: Iterable[pl.DataFrame]) -> bytes:
    """One segment in the place of several of the same month: of each declaration the rows of its newest stamp, which they keep, tombstones included."""
    return _parquet(_newest(frames))


def _parquet(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.sort("declaration_no", "stamp", "item").write_parquet(buffer, compression="zstd", statistics=False)
    return buffer.getvalue()


def segment_key(enterprise: str, month: str, segment: bytes) -> str:
    """The name of a segment in the object store: `declarations/<USCC>/<YYYY-MM>/<hash>.parquet`."""
    return f"{segments_of(enterprise)}{month}/{hashlib.sha256(segment).hexdigest()}.parquet"


def month_in(key: str) -> str:
    """The month of a segment, from its name."""
    return key.split("/")[-2]


def segments_of(enterprise: str) -> str:
    """The prefix under which all segments of an enterprise lie."""
    return f"{_ROOT}{enterprise}/"


def read_segment(segment: bytes) -> pl.DataFrame:
    """The rows of a segment, in `SEGMENT_SCHEMA`. Raises polars.exceptions.PolarsError for bytes that are none, or hold other columns."""
    try:
        rows = pl.read_parquet(io.BytesIO(segment)).select(list(SEGMENT_SCHEMA))
    except (pl.exceptions.PanicException, OSError) as error:
        raise pl.exceptions.ComputeError("not a Parquet file") from error
    if dict(rows.schema) != SEGMENT_SCHEMA:
        raise pl.exceptions.SchemaError("not the columns of a segment")
    return rows


def merge_segments(frames: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """All lines as they stand, in `LINE_SCHEMA`, by declaration date, number and item: of each declaration the rows of its newest stamp, none of a
    cancelled one.

    `frames` are all segments of one enterprise in any order, repeated or not.
    """
    lines = _newest(frames).filter(pl.col("item").is_not_null())
    return lines.sort("declared_on", "declaration_no", "item").select(list(LINE_SCHEMA))


def _newest(frames: Iterable[pl.DataFrame]) -> pl.DataFrame:
    rows = pl.concat([pl.DataFrame(schema=SEGMENT_SCHEMA), *frames])
    newest = rows.filter(pl.col("stamp") == pl.col("stamp").max().over("declaration_no"))
    return newest.unique(["declaration_no", "item"])


def _scaled(amount: str | None, decimals: int) -> int | None:
    return None if amount is None else int(Decimal(amount).scaleb(decimals))
