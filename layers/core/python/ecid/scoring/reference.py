"""What the score rests on besides the declarations: the tariff over time, exchange rates, and what customs published for everybody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from ecid.scoring.authority import Decision, NationalNote
from ecid.scoring.placement import Placement
from ecid.tariff.reference import Tariff


@dataclass(frozen=True, slots=True)
class Rates:
    """RMB for one unit of a currency, by (currency, year, month); a table entry without month (0) holds for the year. CNY is 1."""

    id: str = "none"
    by_month: Mapping[tuple[str, int, int], float] = field(default_factory=dict)

    def rate(self, currency: str | None, day: date) -> float | None:
        """The rate of that month, else of that year, else of the last year before it; None where the currency is not in the table."""
        if currency is None:
            return None
        if currency == "CNY":
            return 1.0
        monthly = self.by_month.get((currency, day.year, day.month))
        if monthly is not None:
            return monthly
        years = [year for code, year, month in self.by_month if code == currency and not month and year <= day.year]
        return self.by_month[currency, max(years), 0] if years else None


@dataclass(frozen=True, slots=True)
class Reference:
    """Tariff, rates and what is published for everybody; `versions` names every loaded source with its hash. None: not loaded."""

    tariff: Tariff
    rates: Rates
    versions: Mapping[str, str]
    decisions: tuple[Decision, ...] | None = None
    notes: tuple[NationalNote, ...] | None = None
    placement: Placement | None = None
