"""Query parameters as values. What is none is `bad_input`, naming the parameter and what it takes."""

from __future__ import annotations

import re
from datetime import date

from ecid.errors import BadInput

FIRST_DAY = date(1990, 1, 1)
"""Before it there is no Harmonized System in China's tariff to speak of."""
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NUMBER = re.compile(r"[0-9]{1,6}")


def day(name: str, sent: str) -> date | None:
    """A civil date, None where none was sent. Raises BadInput."""
    if not sent:
        return None
    try:
        found = date.fromisoformat(sent) if _DAY.fullmatch(sent) else date.min
    except ValueError:
        found = date.min
    if found < FIRST_DAY:
        raise BadInput(
            detail={"zh": f"{name}：日期写作 YYYY-MM-DD，不早于 {FIRST_DAY}", "en": f"{name}: a day is written YYYY-MM-DD and not before {FIRST_DAY}"}
        )
    return found


def number(name: str, sent: str, default: int) -> int:
    """A whole number, `default` where none was sent. Raises BadInput."""
    if sent and not _NUMBER.fullmatch(sent):
        raise BadInput(detail={"zh": f"{name}：须为整数", "en": f"{name}: it is a whole number"})
    return int(sent) if sent else default
