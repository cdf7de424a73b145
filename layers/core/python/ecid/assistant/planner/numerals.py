"""Numbers as they are said: figures, Chinese numerals and English words up to 999."""

from __future__ import annotations

import re
from functools import cache

from ecid.assistant.planner.records import words


@cache
def numerals(lang: str) -> str:
    """A pattern (without groups) for a number in words of a language."""
    if lang == "zh":
        numbers = words()["numbers"]["zh"]
        return f"[{numbers['digits']}{numbers['ten']}{numbers['two']}百]{{1,6}}"
    numbers = words()["numbers"]["en"]
    units, tens = "|".join(sorted(numbers["units"], key=len, reverse=True)), "|".join(numbers["tens"])
    return rf"(?:(?:{tens})(?:[ -](?:{units}))?|{units})"


def number_of(said: str) -> int | None:
    """The whole number that is said, decimals cut off; None where it is none."""
    said = said.strip()
    if re.fullmatch(r"\d{1,6}(?:\.\d+)?", said, re.ASCII):
        return int(said.split(".")[0])
    return _chinese(said) if re.fullmatch(numerals("zh"), said) else _english(said)


def _chinese(said: str) -> int | None:
    numbers = words()["numbers"]["zh"]
    total, digit = 0, None
    for sign in said:
        if sign in "百" + numbers["ten"]:
            total += (1 if digit is None else digit) * (100 if sign == "百" else 10)
            digit = None
        elif digit is not None and digit != 0:
            return None
        else:
            digit = 2 if sign == numbers["two"] else numbers["digits"].index(sign)
    return total + (digit or 0)


def _english(said: str) -> int | None:
    numbers = words()["numbers"]["en"]
    if said in numbers["ordinals"]:
        return int(numbers["ordinals"][said])
    total = 0
    for word in re.split(r"[ -]", said):
        if word in numbers["tens"]:
            total += int(numbers["tens"][word])
        elif word in numbers["units"]:
            total += numbers["units"].index(word)
        else:
            return None
    return total


@cache
def tens() -> str:
    """Scores in English words: below twenty they are said of anything."""
    tens, units = words()["numbers"]["en"]["tens"], words()["numbers"]["en"]["units"]
    return rf"(?:{'|'.join(tens)})(?:[ -](?:{'|'.join(units[1:10])}))?"
