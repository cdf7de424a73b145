"""Monthly exchange rates to RMB: tables of customs, a row for each currency, or of the central bank, a column for each, by month or by day.

The head says whether rates are for one or for a hundred units; bounds by currency (`exchange_rates.toml`) hold that against the figures, and tell what is
quoted the other way round, in units for RMB. Of rates by day customs takes that of the third Wednesday of the month before, or of the fourth where that is a
holiday.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from importlib.resources import files

from ecid.declarations.vocabulary import currencies
from ecid.knowledge.imported import Imported, Importer, Progress, Skipped, SourceFile
from ecid.knowledge.importers.cell_values import day_of
from ecid.knowledge.tables import Table, find_table, known_table, no_rows
from ecid.tariff.exchange import ExchangeRates

_KINDS = frozenset({"rates", "rates_by_column"})
_NUMBER = re.compile(r"[0-9]{1,9}(?:,[0-9]{3})*(?:\.[0-9]{1,12})?")
_MONTH = re.compile(r"(?<!\d)(20[0-4]\d)\s*(?:[-/.年]\s*(1[0-2]|0?[1-9])(?!\d)|(1[0-2]|0[1-9])(?!\d))")
_HUNDRED = re.compile(r"100|百")
_ONE = re.compile(r"(?<!\d)1\s*(?:单位|外币|元|[A-Za-z])|每单位|per unit|one unit|/unit", re.IGNORECASE)
_JUMP = Decimal("1.5")
_AROUND = 2
"""Months on either side that a rate is compared with."""
_ONCE = Decimal(1)
_PLACES = Decimal("1e-12")


@dataclass(frozen=True, slots=True)
class _Quote:
    place: str
    currency: str
    day: date
    by_day: bool
    figure: Decimal
    units: int | None


def _read(file: SourceFile, progress: Progress) -> Imported:
    table = known_table(file)
    skipped = list(table.skipped)
    quotes = list(_quotes(file, table, skipped))
    by_currency = _monthly(_in_rmb(quotes, skipped))
    rates = {(currency, month): rate for currency, found in sorted(by_currency.items()) for month, rate in _steady(currency, found, skipped)}
    if not rates:
        raise no_rows(file)
    months = sorted({month for _, month in rates})
    first, last = (date.fromisoformat(f"{month}-01") for month in (months[0], months[-1]))
    progress(1, 1)
    table_of_rates = ExchangeRates(
        id=f"cn-rates-{months[0]}-{months[-1]}-{file.sha256[:8]}",
        title=f"人民币汇率（{months[0]} 至 {months[-1]}）",
        valid_from=first,
        valid_to=_month_after(last) - timedelta(days=1),
        source=table.about.get("above") or file.name,
        sha256=file.sha256,
        by_month=rates,
    )
    return Imported((table_of_rates,), tuple(skipped))


def _quotes(file: SourceFile, table: Table, skipped: list[Skipped]) -> Iterator[_Quote]:
    above = table.about.get("above", "")
    stated = _months_in(above) or _months_in(file.name)
    in_head = _units_in(above)
    for place, row in table.rows:
        by_day = day_of(row.get("month", ""))
        day = by_day or _month_of(row.get("month", "")) or (stated if "month" not in table.headings else None)
        if day is None:
            skipped.append(Skipped(place, "不知是哪一个月的汇率", "it does not say of which month it is"))
            continue
        for currency, text, heading in _cells(table, row):
            units = _units_in(row.get("units", "")) or _units_in(heading) or in_head
            match = _NUMBER.fullmatch(unicodedata.normalize("NFKC", text).strip())
            figure = Decimal(match[0].replace(",", "")) if match else Decimal(0)
            if currency is None:
                skipped.append(Skipped(place, "币种无法识别", "its currency is not known"))
            elif figure > 0:
                yield _Quote(place, currency, day, by_day is not None, figure, units)
            elif text.strip(" -—/"):
                skipped.append(Skipped(place, f"{currency}：“{text}”不是汇率", f"{currency}: {text!r} is no rate"))


def _cells(table: Table, row: Mapping[str, str]) -> Iterator[tuple[str | None, str, str]]:
    """Currency, figure, and what its column is called."""
    if table.kind == "rates":
        yield currencies().resolve(row["currency"]), row["rate"], table.headings["rate"]
    else:
        yield from ((name, row[name], table.headings[name]) for name in table.headings if name != "month")


def _in_rmb(quotes: list[_Quote], skipped: list[Skipped]) -> Iterator[tuple[_Quote, Decimal]]:
    """RMB for one unit, where the bounds of the currency leave one reading."""
    direct, inverse = ([_readings(quote, inverted) for quote in quotes] for inverted in (False, True))
    turned = {quote.currency for quote, one, other in zip(quotes, direct, inverse, strict=True) if not one and other}
    for quote, one, other in zip(quotes, direct, inverse, strict=True):
        readings = one or other
        if len(readings) == 1 and not (one and other and turned):
            yield quote, readings[0]
        elif quote.currency not in _bounds():
            skipped.append(Skipped(quote.place, f"{quote.currency}：不知其通常水平，未采用", f"{quote.currency}: what it is usually worth is not known here"))
        else:
            zh = f"{quote.currency}：{quote.figure} 与其通常水平不符，或无法判断按1还是按100单位、按外币还是按人民币标价"
            en = f"{quote.currency}: {quote.figure} is far from what is usual, or it cannot be told whether it is for 1 or 100 units, of the currency or of RMB"
            skipped.append(Skipped(quote.place, zh, en))


def _readings(quote: _Quote, inverted: bool) -> list[Decimal]:
    low, high = _bounds().get(quote.currency, (_ONCE, Decimal(0)))
    units = (quote.units,) if quote.units else (1, 100)
    rates = {(unit / quote.figure if inverted else quote.figure / unit).quantize(_PLACES).normalize() for unit in map(Decimal, units)}
    return sorted(rate for rate in rates if low <= rate <= high)


def _monthly(rates: Iterator[tuple[_Quote, Decimal]]) -> dict[str, dict[str, Decimal]]:
    """By currency and month. A currency with several days in a month is quoted by day."""
    days: dict[str, dict[date, Decimal]] = defaultdict(dict)
    dated: set[str] = set()
    for quote, rate in rates:
        days[quote.currency].setdefault(quote.day, rate)
        dated |= {quote.currency} if quote.by_day else set()
    found: dict[str, dict[str, Decimal]] = {}
    for currency, by_day in days.items():
        months = sorted({(day.year, day.month) for day in by_day})
        if currency in dated and len(by_day) > len(months):
            taken = ((_month_after(date(*month, 1)), _of_wednesday(by_day, *month)) for month in months)
            found[currency] = {_name(day): rate for day, rate in taken if rate}
        else:
            found[currency] = {_name(day): rate for day, rate in sorted(by_day.items())}
    return found


def _of_wednesday(by_day: Mapping[date, Decimal], year: int, month: int) -> Decimal | None:
    """The rate of the third Wednesday, else of the fourth."""
    first = date(year, month, 1)
    third = first + timedelta(days=(2 - first.weekday()) % 7 + 14)
    return by_day.get(third) or by_day.get(third + timedelta(days=7))


def _steady(currency: str, rates: Mapping[str, Decimal], skipped: list[Skipped]) -> Iterator[tuple[str, Decimal]]:
    """Months and rates without those that are far from every month around them, which are reported. Of two that differ nobody knows which is right."""
    months = sorted(rates)
    for at, month in enumerate(months):
        own = rates[month]
        around = [rates[other] for other in months[max(0, at - _AROUND) : at + _AROUND + 1] if other != month]
        if not around or any(max(own, other) <= min(own, other) * _JUMP for other in around):
            yield month, own
        else:
            zh, en = f"与前后各月的 {around[0]} 相差过大，未采用", f"is too far from {around[0]} of the months around, and left out"
            skipped.append(Skipped(month, f"{currency}：{own} {zh}", f"{currency}: {own} {en}"))


def _units_in(text: str) -> int | None:
    """One or a hundred, as a head or a cell says it."""
    plain = unicodedata.normalize("NFKC", text)
    if _HUNDRED.search(plain):
        return 100
    return 1 if plain.strip() == "1" or _ONE.search(plain) else None


def _months_in(text: str) -> date | None:
    """The one month that a title or file name names."""
    found = {date(int(match[1]), int(match[2] or match[3]), 1) for match in _MONTH.finditer(unicodedata.normalize("NFKC", text))}
    return found.pop() if len(found) == 1 else None


def _month_of(text: str) -> date | None:
    match = _MONTH.match(unicodedata.normalize("NFKC", text).strip())
    return date(int(match[1]), int(match[2] or match[3]), 1) if match else None


def _month_after(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=31)).replace(day=1)


def _name(day: date) -> str:
    return f"{day.year}-{day.month:02}"


@cache
def _bounds() -> Mapping[str, tuple[Decimal, Decimal]]:
    data = tomllib.loads(files(__package__).joinpath("exchange_rates.toml").read_text("utf-8"), parse_float=Decimal)
    return {currency: (Decimal(low), Decimal(high)) for currency, (low, high) in data.items()}


def _recognises(file: SourceFile) -> bool:
    table = find_table(file)
    return table is not None and table.kind in _KINDS


IMPORTER = Importer(
    id="cn-rates/1",
    title={"zh": "人民币月度汇率，海关或央行（CSV、TSV、XLSX、JSON）", "en": "monthly rates to RMB, of customs or the central bank (CSV, TSV, XLSX, JSON)"},
    recognises=_recognises,
    read=_read,
)
