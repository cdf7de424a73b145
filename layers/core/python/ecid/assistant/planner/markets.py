"""Which market a text names: by the customs list of countries, and by the few other ways in which people say it (features.toml)."""

from __future__ import annotations

import re
from functools import cache

from ecid.assistant.planner.records import words
from ecid.credit.recognition import market_code
from ecid.declarations.vocabulary import read_toml

_OWN = "CHN"


def market_in(text: str) -> str | None:
    """The market that a normal text names, as `market_code` gives it; of several the first. China is none."""
    found = _pattern().search(text)
    return _code(found.group(0)) if found else None


def without_markets(text: str) -> str:
    """The text without them."""
    return _pattern().sub(" ", text)


def _code(name: str) -> str:
    other = next((code for code, names in words()["markets"].items() if name in names), None)
    return other or market_code(name)


@cache
def _pattern() -> re.Pattern[str]:
    rows = {code: row[2:] for code, row in read_toml("countries.toml").items() if isinstance(row, list) and code != _OWN and len(str(row[1])) == 2}
    listed = {str(name).casefold() for row in rows.values() for name in row if len(str(name)) > 3 or not str(name).isascii()}
    names = listed | {name for those in words()["markets"].values() for name in those}
    latin = "|".join(re.escape(name) for name in sorted(names, key=lambda one: (-len(one), one)) if name.isascii())
    chinese = "|".join(re.escape(name) for name in sorted(names, key=lambda one: (-len(one), one)) if not name.isascii() and len(name) > 1)
    return re.compile(rf"(?<![a-z])(?:{latin})(?![a-z])|{chinese}")
