"""What a question states of the caller's own result as being so, beside the score: how many findings there are, how many points are lost."""

from __future__ import annotations

import re
from functools import cache

from ecid.assistant.planner.numerals import number_of, numerals
from ecid.assistant.planner.records import words


def findings_stated(text: str) -> int | None:
    """How many findings a question in its normal form says that there are; None where it says nothing of it."""
    return _stated("findings", text)


def lost_stated(text: str) -> int | None:
    """How many points it says were lost, likewise."""
    return _stated("lost", text)


def _stated(what: str, text: str) -> int | None:
    found = _claim(what).search(text)
    return number_of(next(group for group in found.groups() if group)) if found else None


@cache
def _claim(what: str) -> re.Pattern[str]:
    said = {lang: words()["claims"][what][lang].replace(f"{{{lang}}}", f"(?:{numerals(lang)}|\\d{{1,4}})") for lang in ("zh", "en")}
    return re.compile(f"{said['zh']}|{said['en']}", re.ASCII)
