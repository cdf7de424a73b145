"""What a question asks for: the codes and decisions that it names, and the words that remain."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container, Mapping
from dataclasses import dataclass

from ecid.errors import BadInput, Language
from ecid.knowledge.retrieval.text import language_of, places

MAX_QUERY = 500
"""Characters: a question, not a document."""
_DECISION = re.compile(r"(?<![a-z0-9])([zjw])\s?-?(\d{4})\s?[-‐-―]\s?(\d{1,4})(?!\d)", re.IGNORECASE)
_RULING = re.compile(r"(?<![a-z0-9])([nh])\s?(\d{6})(?!\d)", re.IGNORECASE)
_CODE = re.compile(
    r"(?<![\dA-Za-z.\-])(\d{4}(?:[.\s]?\d{2}(?:[.\s]?\d{2}(?:[.\s]?\d{2,5})?)?)?|\d{2}\.\d{2}(?:\.\d{2}(?:\.?\d{2}(?:\.?\d{2})?)?)?)(?![\dA-Za-z]|[.\-]\d|\s*[年%％])"
)
_LINE_DIGITS = 8
_RULE = re.compile(r"(?:总规则|规则|\bgri|\brule)\s*([1-6一二三四五六])\s*[（(]?\s*([abc甲乙丙一二三](?![a-z]))?", re.IGNORECASE)
_SUBHEADING_NOTE = re.compile(r"子目注释|\bsubheading\s+note", re.IGNORECASE)
_ELEMENTS = re.compile(r"要素|\belements?\b", re.IGNORECASE)
_ORDER: Mapping[str, str] = {sign: str(number) for number, sign in enumerate("一二三四五六", 1)}
_PART: Mapping[str, str] = {sign: letter for signs, letter in (("a甲一", "a"), ("b乙二", "b"), ("c丙三", "c")) for sign in signs}


@dataclass(frozen=True, slots=True)
class Query:
    """`words` is `text` without what was understood as a code or number; `codes` are prefixes of 4, 6 or 8 digits, `ids` records named by number,
    `places` the beginnings of the ids of notes and rules named by theirs; `elements` says that declaration elements are asked for."""

    text: str
    words: str
    lang: Language
    codes: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    elements: bool = False


def understand(text: str, headings: Container[str]) -> Query:
    """Read a question. Four digits are a code only where `headings` has them, so that a year is none. Raises BadInput when it is too long."""
    if len(text) > MAX_QUERY:
        raise BadInput(detail={"zh": f"q：不超过 {MAX_QUERY} 个字符", "en": f"q: it has at most {MAX_QUERY} characters"})
    words = unicodedata.normalize("NFKC", text)
    ids = [f"decision-{letter.upper()}{year}-{number}" for letter, year, number in _DECISION.findall(words)]
    ids += [f"us-ruling-{letter.upper()}{number}" for letter, number in _RULING.findall(words)]
    words = _RULING.sub(" ", _DECISION.sub(" ", words))
    codes: list[str] = []

    def take(found: re.Match[str]) -> str:
        digits = re.sub(r"\D", "", found[0])
        if digits[:4] not in headings or len(digits) % 2:
            return found[0]
        codes.append(digits[:_LINE_DIGITS])
        return " "

    words = _CODE.sub(take, words).strip()
    return Query(text, words, language_of(words or text), tuple(dict.fromkeys(codes)), tuple(ids), _places(words), bool(_ELEMENTS.search(words)))


def _places(words: str) -> tuple[str, ...]:
    """Notes, where one chapter or section and the number of a note are named, and general rules."""
    found = places(words)
    units = {place[1:] for place in found if place.startswith(("=ch", "=s"))}
    rules = tuple(f"gri-{_ORDER.get(number, number)}{'-' + _PART[part.lower()] if part else ''}" for number, part in _RULE.findall(words))
    if len(units) != 1:
        return rules
    unit = units.pop()
    kind, number = unit.rstrip("0123456789"), int(unit.lstrip("chs"))
    sub = "sub-" if _SUBHEADING_NOTE.search(words) else ""
    return tuple(f"note-{kind}{number:02}-{sub}{place.removeprefix('=n')}" for place in found if place.startswith("=n"))


def prefix_of(code: str) -> str:
    """A code as typed in a filter, with or without dots, as its first eight digits. Raises BadInput for what is none."""
    digits = re.sub(r"[.\s]", "", unicodedata.normalize("NFKC", code))
    if not (digits.isascii() and digits.isdigit() and 2 <= len(digits) <= 13):
        raise BadInput(
            detail={"zh": f"code ({code[:40]!a})：编码为 2 至 13 位数字，可带小数点", "en": f"code ({code[:40]!a}): a code has 2 to 13 digits, dots allowed"}
        )
    return digits[:_LINE_DIGITS]
