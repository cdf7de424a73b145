"""The fixed words of answers, reviewed: labels of blocks, and how points, counts and days are written in both languages (`wording.toml`)."""

from __future__ import annotations

import tomllib
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

from ecid.errors import Language

LANGUAGES: tuple[Language, ...] = ("zh", "en")
_TENTH = 100_000
_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December")
"""Dates do not follow the locale of the process."""


def label(name: str, lang: Language) -> str:
    """A label of `[label]`. Raises KeyError."""
    return str(_data()["label"][name][lang])


def shown_day(iso: str, lang: Language) -> str:
    """A day (ISO) as an answer writes it: 2026年5月21日, 21 May 2026."""
    day = date.fromisoformat(iso)
    return f"{day.year}年{day.month}月{day.day}日" if lang == "zh" else f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def shown_month(iso: str, lang: Language) -> str:
    """A month (`2025-11`) as an answer writes it: 2025年11月, November 2025."""
    year, month = map(int, iso.split("-"))
    return f"{year}年{month}月" if lang == "zh" else f"{_MONTHS[month - 1]} {year}"


def tenths(count: int) -> str:
    """Tenths of a point with their sign: 31 is 3.1."""
    return f"{'-' if count < 0 else ''}{abs(count) // 10}.{abs(count) % 10}"


def floored(micro: int) -> str:
    """Micropoints with one decimal, floored towards zero: 89,960,000 is 89.9."""
    return tenths((abs(micro) // _TENTH) * (-1 if micro < 0 else 1))


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath("wording.toml").read_text("utf-8"))
