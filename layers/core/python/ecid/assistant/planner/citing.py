"""Which record a question names by its number: a note of a chapter or section, a general rule, an announcement on disclosure. Pure text work."""

from __future__ import annotations

import re
from functools import cache

from ecid.assistant.planner.numerals import number_of, numerals

_LETTERS = "一二三四五六七八九十"
_PARTS = "abcdefghij"
_GRI = re.compile(
    r"(?:总规则|\bgeneral (?:interpretative )?rules?|\bgri|\bgir)\s?(?:第)?\s?(?P<rule>[一二三四五六]|[1-6])"
    r"\s?(?:款|条)?\s?[（(]?(?P<part>[一二三]|[a-c](?![a-z]))?[）)]?"
)
_ANNOUNCEMENTS = {
    "194": "proc-disclosure-194-2025",
    "127": "proc-disclosure-127-2023",
    "54": "proc-disclosure-54-2022",
    "161": "proc-disclosure-161-2019",
}
_ANNOUNCED = re.compile(r"(?:公告|announcement)\D{0,8}?(?:20\d\d年)?第?(?P<after>\d{2,3})(?!\d)|(?<!\d)(?P<before>\d{2,3})号")


def record_named(text: str) -> str | None:
    """The id that a record named in a normal text would have; whether there is such a record is for the sources to say."""
    rule = _GRI.search(text)
    if rule:
        return f"gri-{_LETTERS.find(rule['rule']) + 1 or rule['rule']}{_lettered(rule['part'])}"
    note = _note().search(text)
    if note:
        chapter = number_of(note["chapter"] or note["en_chapter"] or note["of_chapter"])
        number = number_of(note["note"] or note["en_note"] or note["of_note"])
        part = note["part"] or note["en_part"] or note["of_part"]
        if chapter and number and chapter <= 97:
            return f"note-ch{chapter:02}-{number}{_lettered(part)}"
    told = _ANNOUNCED.search(text)
    return _ANNOUNCEMENTS.get(told["after"] or told["before"]) if told else None


def _lettered(part: str | None) -> str:
    """The part of a note or rule as ids have it: 二 and b are the second."""
    if not part:
        return ""
    return f"-{part if part in _PARTS else _PARTS[_LETTERS.index(part)]}"


@cache
def _note() -> re.Pattern[str]:
    zh, en = numerals("zh"), numerals("en")
    part = r"\s?[（(]?(?P<part>[一二三四五六七八九十]|[a-j](?![a-z]))?[）)]?"
    chinese = rf"第?\s?(?P<chapter>{zh}|\d{{1,2}})\s?章\s?(?:的)?(?:章)?注释?\s?(?:第)?(?P<note>{zh}|\d{{1,2}})\s?(?:条|款)?{part}"
    chapter = rf"\b(?:chapter|ch\.?) ?(?P<en_chapter>\d{{1,2}}|{en}),? (?:legal )?notes? ?(?P<en_note>\d{{1,2}}|{en})\b ?\(?(?P<en_part>[a-j](?![a-z]))?\)?"
    within = rf"(?:to|of|in) (?:the )?(?:chapter|ch\.?) ?(?P<of_chapter>\d{{1,2}}|{en})\b"
    of = rf"\bnotes? ?(?P<of_note>\d{{1,2}}|{en})\b ?\(?(?P<of_part>[a-j](?![a-z]))?\)? {within}"
    return re.compile(f"{chinese}|{chapter}|{of}")
