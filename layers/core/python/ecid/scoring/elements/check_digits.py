"""Check digits of GTIN (GS1 General Specifications, 7.9) and CAS Registry Numbers. Data: `check_digits.toml`."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Literal

from ecid.scoring.elements.text import CACHE, plain, table

Number = Literal["gtin", "cas"]


@cache
def _pattern(name: str) -> re.Pattern[str]:
    return re.compile(str(table("check_digits")[name]), re.IGNORECASE)


def gtin_holds(digits: str) -> bool:
    """Whether the last digit is the GS1 check digit: weights 3 and 1 from the right, sum to a multiple of ten."""
    weighted = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(reversed(digits)))
    return weighted % 10 == 0


def cas_holds(number: str) -> bool:
    """Whether the last digit is the CAS check digit: the other digits times their place from the right, modulo ten."""
    digits = number.replace("-", "")
    return sum(int(digit) * place for place, digit in enumerate(reversed(digits[:-1]), 1)) % 10 == int(digits[-1])


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
