"""What identifiers have in common: an accepted one, a refusal with its reason, and reading what was typed.

Reading makes full width and case equal and drops white space and invisible format characters, nothing else: a letter O in the place of a zero is
named, never repaired, nor is a circled or superscript digit taken for a digit. Reasons, warnings and tables: `identifiers.toml`, read on first use.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, NoReturn

from ecid.errors import InvalidIdentifier

LONGEST = 64
"""Characters; longer than any identifier, which keeps hostile text out of the reading and of the reasons."""

_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_LOWER = str.maketrans("abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_NOT_SEEN = frozenset({"Cf", "Zs", "Zl", "Zp"})
_SPACES = "\t\n\v\f\r"
_SCIENTIFIC = re.compile(r"[0-9](\.[0-9]+)?E\+?[0-9]{1,2}")
_DIGITS = frozenset("0123456789")


@dataclass(frozen=True, slots=True)
class Warned:
    """Something worth saying about an identifier that is accepted: stable `code`, a sentence in zh and en."""

    code: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Identifier:
    """An accepted identifier: `kind`, the normalised `value`, and what is odd about it."""

    kind: str
    value: str
    warnings: tuple[Warned, ...] = ()


def normalised(kind: str, text: str) -> str:
    """`text` in half-width capitals without what is not seen. Refuses (`empty`, `too_long`) before anything else is done with it."""
    if len(text) > LONGEST:
        refuse(kind, "too_long", most=LONGEST)
    value = "".join(char for char in text if char not in _SPACES and unicodedata.category(char) not in _NOT_SEEN)
    value = value.translate(_FULL_WIDTH).translate(_LOWER)
    if not value:
        refuse(kind, "empty")
    return value


def refuse(kind: str, reason: str, **facts: object) -> NoReturn:
    """Raise `InvalidIdentifier` with the sentences of `reason`; its context holds `kind`, `reason`, `reason_zh` and `reason_en`."""
    sentences = table("reasons")[reason]
    raise InvalidIdentifier(kind=kind, reason=reason, reason_zh=sentences["zh"].format_map(facts), reason_en=sentences["en"].format_map(facts))


def warned(code: str, **facts: object) -> Warned:
    """The warning of that code."""
    sentences = table("warnings")[code]
    return Warned(code, sentences["zh"].format_map(facts), sentences["en"].format_map(facts))


def require_length(kind: str, value: str, *lengths: int) -> None:
    """Refuse (`length`) what is none of `lengths`."""
    if len(value) not in lengths:
        refuse(kind, "length", expected="/".join(map(str, lengths)), found=len(value))


def require_no_placeholder(kind: str, value: str) -> None:
    """Refuse (`placeholder`) one character throughout: check characters of 000…0 hold."""
    if len(set(value)) == 1:
        refuse(kind, "placeholder", char=shown(value[0]))


def require_digits(kind: str, value: str) -> None:
    """Refuse the first character that is no digit 0–9: `letter_for_digit` of the letters that pass for one (O, I, L, …), else `foreign_character` or
    `not_a_digit`; `scientific_notation` of the whole."""
    refuse_scientific_notation(kind, value)
    for position, char in enumerate(value, start=1):
        if char in _DIGITS:
            continue
        meant = table("letters_for_digits").get(char)
        if meant:
            refuse(kind, "letter_for_digit", position=position, char=char, meant=meant)
        if char.isalnum() and not char.isascii():
            refuse(kind, "foreign_character", position=position, char=shown(char))
        refuse(kind, "not_a_digit", position=position, char=shown(char))


def refuse_scientific_notation(kind: str, value: str) -> None:
    """Refuse (`scientific_notation`) what a spreadsheet made of a long number."""
    if _SCIENTIFIC.fullmatch(value):
        refuse(kind, "scientific_notation")


def require_alphanumeric(kind: str, position: int, char: str) -> None:
    """Refuse what is neither 0–9 nor A–Z: `foreign_character` of a letter or digit of another script, else `bad_character`."""
    if char.isascii() and char.isalnum():
        return
    refuse(kind, "foreign_character" if char.isalnum() else "bad_character", position=position, char=shown(char))


def shown(char: str) -> str:
    """A character of hostile text as it may stand in a sentence: anything outside ASCII and Han by its code point and name."""
    if char.isascii() and char.isprintable():
        return char
    name = unicodedata.name(char, "")
    return char if name.startswith("CJK UNIFIED") else f"U+{ord(char):04X} {name}".rstrip()


def table(name: str) -> dict[str, Any]:
    """One table of `identifiers.toml`."""
    entries: dict[str, Any] = _data()[name]
    return entries


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath("identifiers.toml").read_text("utf-8"))
