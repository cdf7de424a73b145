"""The codes of brand type and preference: which are valid on export, and what words in their place mean. Data: `codes.toml`."""

from __future__ import annotations

import re
from functools import cache
from typing import Literal

from ecid.scoring.elements.text import core, plain, table

Fixed = Literal["brand_type", "preference"]


@cache
def _valid(kind: Fixed) -> re.Pattern[str]:
    return re.compile(str(table("codes")[kind]["valid"]))


@cache
def _words(kind: Fixed) -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((code, re.compile(pattern)) for code, pattern in table("codes")[kind]["words"].items())


def meant(kind: Fixed, value: str) -> str | None:
    """The code that words stand for; None where none is recognised."""
    word = core(value)
    return next((code for code, pattern in _words(kind) if pattern.search(word)), None)


def code_of(kind: Fixed, value: str) -> str | None:
    """The code that `value` states, alone or before its meaning; None where it states none, or another one than its words mean."""
    match = _valid(kind).fullmatch(plain(value))
    if match is None:
        return None
    said = meant(kind, plain(value)[1:])
    # "4-境外品牌（其他）" and "0-无品牌" agree with themselves; "0-自主品牌" states nothing.
    return match.group(1) if said in (None, match.group(1)) else None


def is_import_only(value: str) -> bool:
    """Whether the preference states code 3, which exists for imports only."""
    return re.fullmatch(str(table("codes")["preference"]["import_only"]), plain(value)) is not None
