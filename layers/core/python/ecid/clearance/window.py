"""The three-year window of clearance records, on Beijing civil dates (UTC+8, no daylight saving)."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

BEIJING = timezone(timedelta(hours=8), "Asia/Shanghai")
YEARS = 3


def beijing_date(moment: datetime) -> date:
    """The civil date in Beijing at `moment`, which must have a time zone (`ValueError`): a bare timestamp says no day."""
    if moment.tzinfo is None:
        raise ValueError("a moment without a time zone has no Beijing date")
    return moment.astimezone(BEIJING).date()


def years_before(day: date, years: int) -> date:
    """The same civil day `years` earlier; 29 February becomes 28 February where that year has none."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)


def window(as_of: date) -> tuple[date, date]:
    """`(lower, upper)` for records seen on `as_of`: one counts when `lower < key_date <= upper`."""
    return years_before(as_of, YEARS), as_of
