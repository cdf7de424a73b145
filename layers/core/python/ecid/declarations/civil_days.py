"""Days as declaration files write them. What has two readings (`1/2/2025`, years of two digits) is not read."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, timezone

_BEIJING = timezone(timedelta(hours=8))
_EXCEL_EPOCH = date(1899, 12, 30)
_DATE = re.compile(
    r"([0-9]{4})\s*[-/.年]\s*([0-9]{1,2})\s*[-/.月]\s*([0-9]{1,2})\s*日?"
    r"(?:[T\s]*([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:\.[0-9]+)?)?\s*(Z|[+-][0-9]{2}:?[0-9]{2})?)?"
)
_MONTHS = {
    name: number
    for number, full in enumerate(
        ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"), start=1
    )
    for name in (full, full[:3], *(("sept",) if full == "september" else ()))
}
_DAY_MONTH = re.compile(r"(?P<day>[0-9]{1,2})[-/. ]{1,2}(?P<month>[A-Za-z]{3,9})[-/., ]{1,2}(?P<year>[0-9]{4})")
_MONTH_DAY = re.compile(r"(?P<month>[A-Za-z]{3,9})[-/. ]{1,2}(?P<day>[0-9]{1,2})[-/., ]{1,2}(?P<year>[0-9]{4})")
_COMPACT_DATE = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})(?:[0-9]{6})?(?:\.0+)?")
_SERIAL_DATE = re.compile(r"([2-7][0-9]{4})(?:\.[0-9]+)?")


def civil_day(text: str) -> date | None:
    """The day that a text in normal form writes (ISO, Chinese, digits alone, a spreadsheet's serial number, the month in words), or None.

    With a time of a zone it is the day in Beijing. Raises ValueError or OverflowError for one that no calendar has.
    """
    if match := _COMPACT_DATE.fullmatch(text):
        return date(int(match[1]), int(match[2]), int(match[3]))
    if match := _SERIAL_DATE.fullmatch(text):
        return _EXCEL_EPOCH + timedelta(days=int(match[1]))
    match = _DATE.fullmatch(text)
    if match is None:
        return _in_words(text)
    civil = date(int(match[1]), int(match[2]), int(match[3]))
    if not match[7]:
        return civil
    zone = "+00:00" if match[7] == "Z" else match[7]
    stamp = f"{civil.isoformat()}T{int(match[4]):02}:{match[5]}:{match[6] or '00'}{zone}"
    return datetime.fromisoformat(stamp).astimezone(_BEIJING).date()


def _in_words(text: str) -> date | None:
    """With the month in words; day and year are told apart by their length."""
    match = _DAY_MONTH.fullmatch(text) or _MONTH_DAY.fullmatch(text)
    if match is None:
        return None
    month = _MONTHS.get(match["month"].lower())
    return date(int(match["year"]), month, int(match["day"])) if month else None
