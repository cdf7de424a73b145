"""Lines for scoring tests: written short, filled up to the full schema."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest

from ecid.declarations.lines import LINE_SCHEMA
from ecid.scoring.reference import Reference
from tests.scoring.tariff import small_reference

CELL = {
    "code": "8507600090",
    "name": "锂离子电池",
    "specification": "1|0|电动工具用|锂离子|190Wh/kg|甬光牌|YG-18650|2.6Ah|3.6V",
    "total_e4": 10_000_000,
    "currency": "USD",
    "mode": "0110",
    "destination": "DEU",
}

Lines = Callable[[Sequence[Mapping[str, Any]]], pl.DataFrame]


def frame(rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Rows over a clean default line, five days apart, each its own declaration."""
    start = date(2025, 1, 6)
    full = []
    for number, row in enumerate(rows):
        line = {"line_id": f"line-{number}", "row": number + 2, "declared_on": start + timedelta(days=number * 5 % 350), "flags": [], **CELL, **row}
        full.append({name: line.get(name) for name in LINE_SCHEMA})
    return pl.DataFrame(full, schema=LINE_SCHEMA, orient="row")


@pytest.fixture
def lines() -> Lines:
    return frame


@pytest.fixture(scope="session")
def reference() -> Reference:
    return small_reference()
