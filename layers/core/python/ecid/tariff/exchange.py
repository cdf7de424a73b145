"""Exchange rates by month as imported: what customs converts amounts with (海关计征汇率)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class ExchangeRates:
    """RMB for one unit of a currency (ISO 4217) by currency and month (`2025-01`), for the months from `valid_from` to `valid_to`."""

    id: str
    title: str
    valid_from: date
    valid_to: date
    source: str
    sha256: str
    by_month: Mapping[tuple[str, str], Decimal] = field(repr=False)
