"""What prose may not say on its own: figures, codes, days, verdicts, links, mark-up, signs that pass for something else (`grounding.toml`).

Prose is what a model wrote between its slots. Anything that states a figure has to be a slot, so the question asked here is only whether a piece of text
could be read as stating one, in either language and however it is written.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from ecid.errors import Language

Kind = Literal[
    "digit",
    "number_word",
    "date",
    "verdict",
    "link",
    "markup",
    "lookalike",
    "invisible",
    "quote",
    "slot",
    "attached",
    "misplaced",
    "sentence",
    "ref",
    "citation",
    "shape",
    "language",
    "prompt",
]
NUMERIC, WORDS = "\ue000", "\ue001"
"""Stand in prose where a slot stood: one of a figure, and one of words. They cannot come from outside, for no prose may hold them."""
_MARKS = f"[{NUMERIC}{WORDS}]"
_SHOWN = 60
_ROMAN = re.compile(r"\b(?=[MDCLXVI]{2,}\b)M{0,4}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})(?![A-Za-z])", re.IGNORECASE)
_BETWEEN_HAN = re.compile(r"(?<=[\u3400-\u9fff])[ .·'\"/–—-]{1,3}(?=[\u3400-\u9fff])")
_WITHIN_WORD = re.compile(r"(?<=[A-Za-z])['’·—–-](?=[A-Za-z])")
_THROUGH = str.maketrans("ØøŁłĐđ", "OoLlDd")
_WORD = re.compile(r"[A-Za-z]{2,}")
_FEW = 6
"""Words, or Han, below which the language of prose cannot be told."""
_HAN = ((0x3400, 0x4DBF), (0x4E00, 0x9FFF))
_LATIN = (0xC0, 0x17F)


@dataclass(frozen=True, slots=True)
class Violation:
    """Something that an answer may not hold: its kind, the place of the block in the draft, and the text that was found, cut."""

    kind: Kind
    place: int
    text: str


def faults(pieces: Sequence[str], marks: str) -> Iterator[tuple[Kind, str]]:
    """What is wrong with prose given as its pieces between slots, and the `marks` (NUMERIC or WORDS) of the slots between them, in order."""
    yield from _signs("".join(pieces))
    text = "".join(piece + mark for piece, mark in zip(pieces, f"{marks} ", strict=True))[:-1]
    yield from _attached(pieces, marks)
    plain = _without_marks(text)
    for kind, found in _patterns():
        for read in dict.fromkeys((plain, _joined(plain))):
            yield from ((kind, match[0]) for match in found.finditer(_without_allowed(read, kind)))
    yield from (("number_word", match[0]) for match in _ROMAN.finditer(plain) if match[0].lower() not in _data()["roman"]["allowed"])


def misplaced(left: str, right: str, kind: str) -> str | None:
    """What, in the prose right before or after a slot, does not go with a fact of its kind ("lost {score.shown}"); None where nothing does."""
    for words, side, kinds in _places():
        found = words.search(left if side == "before" else right)
        if found and kind in kinds:
            return found[0].strip() or kind
    return None


def foreign(texts: Iterable[str], lang: Language) -> str | None:
    """The beginning of prose (without its slots) that is in the other language; None where it is in `lang`, or says too little to tell."""
    text = " ".join(texts)
    han = sum(char > "\u2fff" and char.isalpha() for char in text)
    words = len(_WORD.findall(text))
    is_other = words > max(han, _FEW) if lang == "zh" else han > max(2 * words, _FEW)
    return cut(text.strip()) if is_other else None


def quotations(text: str) -> Iterator[str]:
    """What stands in quotation marks, slots included. Marks without their other half raise ValueError."""
    for opening, closing in _data()["quote"]["pairs"]:
        if text.count(opening) % 2 if opening == closing else text.count(opening) != text.count(closing):
            raise ValueError(opening)
        yield from re.findall(f"{opening}(.*?){closing}", text, re.DOTALL)
    yield from re.findall(_data()["quote"]["single"], text)


def _signs(text: str) -> Iterator[tuple[Kind, str]]:
    known = _known_signs()
    for char in dict.fromkeys(text):
        if char.isascii() and char.isdigit():
            yield "digit", char
        elif (char.isascii() and char.isalpha()) or char in known or _is_letter(char):
            continue
        elif unicodedata.category(char) in ("Cf", "Cc", "Cs", "Co", "Cn", "Mn", "Me", "Zl", "Zp") or not char.isprintable():
            yield ("markup" if char in "\n\r\t" else "invisible"), f"U+{ord(char):04X}"
        elif unicodedata.numeric(char, None) is not None:
            yield "digit", char
        else:
            yield ("markup" if char.isascii() else "lookalike"), char


def _is_letter(char: str) -> bool:
    """Han, or a Latin letter with a mark on it; compatibility forms and letters of other scripts are none."""
    number = ord(char)
    if any(low <= number <= high for low, high in _HAN):
        return True
    return _LATIN[0] <= number <= _LATIN[1] and (char in "ØøŁłĐđÆæŒœß" or unicodedata.normalize("NFD", char)[0].isascii())


def _without_marks(text: str) -> str:
    """Letters without what stands above or through them: `nïne` is read as `nine`."""
    return "".join(unicodedata.normalize("NFD", char)[0] if char.isalpha() and char < "\u0180" else char for char in text).translate(_THROUGH)


def _joined(text: str) -> str:
    """As somebody reads it who does not mind gaps: between Han nothing, and no hyphen or apostrophe within a word."""
    return _WITHIN_WORD.sub("", _BETWEEN_HAN.sub("", text))


def _attached(pieces: Sequence[str], marks: str) -> Iterator[tuple[Kind, str]]:
    """What makes another figure of one: signs and words before and after it, and another slot right beside it."""
    before, after = _attachments()
    for place, mark in enumerate(marks):
        left, right = pieces[place], pieces[place + 1]
        beside = place + 1 < len(marks)
        if beside and (not right or (not right.strip() and mark == marks[place + 1] == NUMERIC)):
            yield "attached", "}{"
        if mark == NUMERIC:
            yield from (("attached", found[0] or "{") for found in (before.search(left), after.search(right)) if found)


@cache
def _attachments() -> tuple[re.Pattern[str], re.Pattern[str]]:
    own = _data()["number"]["attached"]
    return re.compile(own["before"], re.IGNORECASE), re.compile(own["after"], re.IGNORECASE)


@cache
def _places() -> tuple[tuple[re.Pattern[str], str, frozenset[str]], ...]:
    return tuple((re.compile(one["words"], re.IGNORECASE), one["side"], frozenset(one["not"])) for one in _data()["place"])


@cache
def _known_signs() -> frozenset[str]:
    return frozenset(_data()["signs"]["ascii"] + _data()["signs"]["others"])


@cache
def _patterns() -> tuple[tuple[Kind, re.Pattern[str]], ...]:
    data = _data()
    number, date, verdict = data["number"], data["date"], data["verdict"]
    joined = "|".join(number["joined_en"])
    parts = "|".join([*map(re.escape, number["within_en"]), rf"(?<![A-Za-z])(?:{joined}){{2,}}(?![A-Za-z])"])
    han = "|".join([f"[{number['zh']}]+", *map(re.escape, number["words_zh"])])
    return (
        ("number_word", re.compile(rf"{_latin(number['en'])}|{parts}|{han}", re.IGNORECASE)),
        ("number_word", re.compile(data["roman"]["after"])),
        ("number_word", re.compile(number["pinyin"], re.IGNORECASE)),
        ("date", re.compile(rf"{_latin(date['en'])}|{'|'.join(date['zh'])}", re.IGNORECASE)),
        ("verdict", re.compile(rf"{_latin(verdict['en'])}|{'|'.join(verdict['zh'])}", re.IGNORECASE)),
        ("link", re.compile(data["link"]["pattern"], re.IGNORECASE)),
        ("markup", re.compile(data["markup"]["pattern"])),
        ("lookalike", re.compile(data["lookalike"]["pattern"])),
    )


def _latin(words: Iterable[str]) -> str:
    """Words whole, however far apart their parts stand."""
    return r"(?<![A-Za-z])(?:" + "|".join(re.escape(word).replace(r"\ ", r"\s+") for word in words) + r")(?![A-Za-z])"


def _without_allowed(text: str, kind: Kind) -> str:
    """The text without everyday words that hold one of the words looked for, whose place something keeps that joins nothing."""
    allowed = _allowed().get(kind)
    return allowed.sub(" \u3000 ", text) if allowed else text


@cache
def _allowed() -> dict[Kind, re.Pattern[str]]:
    found: dict[Kind, re.Pattern[str]] = {}
    for kind, name in (("number_word", "number"), ("verdict", "verdict")):
        words = _data()[name]
        zh = "|".join(sorted(map(re.escape, words["allowed_zh"]), key=len, reverse=True))
        found[kind] = re.compile(f"{_latin(words['allowed_en'])}|{zh}", re.IGNORECASE)  # type: ignore[index]
    return found


def cut(text: str) -> str:
    """As a violation tells it."""
    return "".join(char if char.isprintable() else "·" for char in text[:_SHOWN])


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath("grounding.toml").read_text("utf-8"))
