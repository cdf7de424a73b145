"""GTIN and CAS Registry Numbers in a text, as `ecid.identity.goods_numbers` checks them. Data: `check_digits.toml`."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, lru_cache
from typing import Literal

from ecid.errors import InvalidIdentifier
from ecid.identity.goods_numbers import check_cas, check_gtin
from ecid.identity.identifier import Identifier
from ecid.scoring.elements.text import CACHE, plain, table

Number = Literal["gtin", "cas"]


@cache
def _pattern(name: str) -> re.Pattern[str]:
    return re.compile(str(table("check_digits")[name]), re.IGNORECASE)


def gtin_holds(digits: str) -> bool:
    """Whether `digits` are a GTIN whose check digit holds."""
    return _holds(check_gtin, digits)


def cas_holds(number: str) -> bool:
    """Whether `number` is a CAS Registry Number whose check digit holds."""
    return _holds(check_cas, number)


def _holds(check: Callable[[str], Identifier], number: str) -> bool:
    try:
        check(number)
    except InvalidIdentifier:
        return False
    return True


def _numbers(kind: Number, text: str) -> list[str]:
    return [number for number in _pattern(kind).findall(text) if kind == "gtin" or not _pattern("date").fullmatch(number)]


@lru_cache(maxsize=CACHE)
def broken(value: str, kinds: tuple[Number, ...], only: Number | None) -> Number | None:
    """The kind of number whose check digit does not hold in `value`, looking for `kinds`; where `only` is given, also that kind when the value is
    neither such a number nor a statement that there is none. None where nothing is amiss."""
    text = _pattern("prefix").sub("", plain(value))
    seen = False
    for kind, holds in (("gtin", gtin_holds), ("cas", cas_holds)):
        if kind in kinds:
            numbers = _numbers("gtin" if kind == "gtin" else "cas", text)
            seen = seen or bool(numbers)
            if not all(holds(number) for number in numbers):
                return "gtin" if kind == "gtin" else "cas"
    if only is None or seen or not text or _pattern("none").search(text):
        return None
    return only
