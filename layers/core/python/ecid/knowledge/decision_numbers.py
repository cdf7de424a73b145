"""Numbers of classification decisions, which are published with and without leading zeros: Z2018-22 is Z2018-0022. Ids keep the form of their source."""

from __future__ import annotations

import re

_DECISION = re.compile(r"((?:decision-)?[ZJW]\d{4}-)(\d{1,4})")
_DIGITS = 4


def canonical(number: str) -> str:
    """The number, or the id of a decision, with four digits at its end; anything else as it is."""
    match = _DECISION.fullmatch(number)
    return f"{match[1]}{int(match[2]):0{_DIGITS}}" if match else number


def spellings(number: str) -> tuple[str, ...]:
    """All forms that the number, or the id of a decision, may have; anything else is the only form of itself."""
    match = _DECISION.fullmatch(number)
    return tuple(dict.fromkeys(f"{match[1]}{int(match[2]):0{width}}" for width in range(1, _DIGITS + 1))) if match else (number,)
