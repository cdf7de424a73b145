"""What the score rests on besides the declarations: the tariff over time, exchange rates, and what customs published for everybody."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from ecid.knowledge.records import Record
from ecid.scoring.authority import Decision, NationalNote
from ecid.scoring.placement import AmbiguousName, Placement
from ecid.tariff.model import Marks
from ecid.tariff.reference import Tariff

RateBasis = Literal["month", "year", "earlier", "none"]
"""What amounts of a month are converted with: the rate of that month, the average of the year, the last one before, or nothing at all."""


@dataclass(frozen=True, slots=True)
class Rates:
    """RMB for one unit of a currency, by (currency, year, month); a table entry without month (0) holds for the year. CNY is 1."""

    id: str = "none"
    by_month: Mapping[tuple[str, int, int], float] = field(default_factory=dict)

    def rate(self, currency: str | None, day: date) -> float | None:
        """The rate of that month, else of that year, else the last one before it; None where the currency is not in the table."""
        return self.looked_up(currency, day)[0]

    def looked_up(self, currency: str | None, day: date) -> tuple[float | None, RateBasis]:
        """The rate, and on what it rests."""
        if currency is None:
            return None, "none"
        if currency == "CNY":
            return 1.0, "month"
        monthly = self.by_month.get((currency, day.year, day.month))
        if monthly is not None:
            return monthly, "month"
        of_the_year = self.by_month.get((currency, day.year, 0))
        if of_the_year is not None:
            return of_the_year, "year"
        before = max(
            ((year, month or 12, month) for code, year, month in self.by_month if code == currency and (year, month or 12) < (day.year, day.month)),
            default=None,
        )
        return (self.by_month[currency, before[0], before[2]], "earlier") if before else (None, "none")


def _no_name(_: str) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Reference:
    """Tariff, rates and what is published for everybody; `versions` names every loaded source with its hash. None: not loaded.

    `marks` are lists of codes that call for a closer look; `ambiguous` looks a goods name up among those that are known to say too little;
    `confusions` are the records on codes that are often confused.
    """

    tariff: Tariff
    rates: Rates
    versions: Mapping[str, str]
    decisions: tuple[Decision, ...] | None = None
    notes: tuple[NationalNote, ...] | None = None
    placement: Placement | None = None
    marks: tuple[Marks, ...] = ()
    ambiguous: Callable[[str], AmbiguousName | None] = _no_name
    confusions: tuple[Record, ...] = ()
