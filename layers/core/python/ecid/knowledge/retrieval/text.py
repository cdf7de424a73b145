"""Text to index terms, one way for records and queries: Chinese as single characters and pairs, English as stems, codes as digits without dots."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from ecid.errors import Language

MAX_CHARS = 20_000
"""Of a text that is looked at: more than the longest chapter note has."""
_CODE = re.compile(r"(?<![\d.])(\d{2})\.?(\d{2})(?:\.(\d{2})(?:\.?(\d{2})(?:\.?(\d{2}))?)?)?(?![\d.]*\d)")
_CHAPTER = re.compile(r"第\s*([一二三四五六七八九十]+|\d{1,2})\s*([章类])|\b(chapter|chap\.?|ch\.?|section)\s*([ivx]+|\d{1,2})\b")
_PLACE = re.compile(r"(注释|章注|类注|规则|总规则)\s*([一二三四五六七八九十]+|\d{1,2})|\b(note|gri|rule)s?\s*(\d{1,2})\b")
_ACT = re.compile(
    r"(?:第)?\s*(\d{1,4})\s*号(?:公告|令|总署令)|\b(?:announcement|order|decree)\s*(?:no\.?\s*)?(\d{1,4})\b|(?:19|20)\d\d\s*年?\s*第\s*(\d{1,4})\s*号"
)
_DIGITS = "一二三四五六七八九"
_PIECE = re.compile(r"[\u3400-\u9fff]+|[a-z][a-z0-9]*(?:[-'][a-z0-9]+)*|\d+")
_HAN = re.compile(r"[\u3400-\u9fff]")
_LATIN = re.compile(r"[A-Za-z]")
_STOP = frozenset(
    [
        "a",
        "an",
        "and",
        "any",
        "are",
        "as",
        "at",
        "be",
        "been",
        "but",
        "by",
        "can",
        "could",
        "do",
        "does",
        "for",
        "from",
        "has",
        "have",
        "how",
        "i",
        "if",
        "in",
        "into",
        "is",
        "it",
        "its",
        "me",
        "my",
        "not",
        "of",
        "on",
        "or",
        "our",
        "should",
        "so",
        "than",
        "that",
        "the",
        "their",
        "them",
        "then",
        "there",
        "these",
        "they",
        "this",
        "those",
        "to",
        "was",
        "we",
        "what",
        "when",
        "where",
        "which",
        "who",
        "why",
        "will",
        "with",
        "would",
        "you",
        "your",
        "please",
    ]
)
_SUFFIXES = (("ational", "ate"), ("ization", "ize"), ("isation", "ize"), ("ies", "y"), ("sses", "ss"), ("ches", "ch"), ("shes", "sh"), ("xes", "x"))
_LOOSE = ("ations", "ation", "ings", "ing", "ments", "ment", "edly", "ed", "ers", "er", "ors", "or", "ives", "ive", "ally", "al", "ly")
_SHORTEST_STEM = 4


def normalise(text: str) -> str:
    """Width and case folded (NFKC), cut at `MAX_CHARS`, codes without their dots (`85.07` → `8507`)."""
    folded = unicodedata.normalize("NFKC", text[:MAX_CHARS]).lower()
    return _CODE.sub(lambda found: "".join(part or "" for part in found.groups()), folded)


def language_of(text: str) -> Language:
    """The language that a text is written in: Chinese as soon as a fifth of its letters are Chinese, since trade Chinese is full of Latin names."""
    han, latin = len(_HAN.findall(text)), len(_LATIN.findall(text))
    return "zh" if han and han * 4 >= latin else "en"


def terms(text: str) -> list[str]:
    """The index terms of a text, in order, repeated ones included."""
    found = places(text)
    for piece in _PIECE.findall(normalise(text)):
        if _HAN.match(piece):
            found += piece
            found += (piece[at : at + 2] for at in range(len(piece) - 1))
        elif piece.isdigit():
            found.append(piece)
            if len(piece) in (6, 8, 10):  # a code is also found under its heading
                found.append(piece[:4])
        else:
            found += _words(piece)
    return found


def places(text: str) -> list[str]:
    """Where in the law a text points to, the same for both languages: `=ch85`, `=s16`, `=n3` (note, rule), `=act282` (announcement, order)."""
    folded = unicodedata.normalize("NFKC", text[:MAX_CHARS]).lower()
    found = []
    for number_zh, unit, word, number_en in _CHAPTER.findall(folded):
        found.append(f"={'s' if unit == '类' or word == 'section' else 'ch'}{_number(number_zh or number_en)}")
    found += [f"=n{_number(zh or en)}" for _, zh, _, en in _PLACE.findall(folded)]
    return found + [f"=act{next(filter(None, numbers))}" for numbers in _ACT.findall(folded)]


def _number(written: str) -> int:
    """A number up to 99 in Arabic, Chinese or Roman digits."""
    if written.isdigit():
        return int(written)
    if written.isascii():
        values = [{"i": 1, "v": 5, "x": 10}[sign] for sign in written]
        return sum(-value if value < later else value for value, later in zip(values, [*values[1:], 0], strict=True))
    tens, ten, ones = written.rpartition("十")
    return (10 * (_DIGITS.find(tens) + 1 or 1) if ten else 0) + _DIGITS.find(ones[-1:] or "零") + 1


@lru_cache(maxsize=100_000)
def stem(word: str) -> str:
    """An English word without its endings; what is left has four letters at least, and a doubled or silent last letter is dropped."""
    for ending, put in _SUFFIXES:
        if word.endswith(ending) and len(word) - len(ending) >= 2:
            word = word[: -len(ending)] + put
            break
    else:
        if word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > 3:
            word = word[:-1]
    for ending in _LOOSE:
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_STEM:
            word = word[: -len(ending)]
            break
    if len(word) > _SHORTEST_STEM and word[-1] == word[-2]:
        word = word[:-1]
    return word[:-1] if len(word) > _SHORTEST_STEM and word[-1] in "ey" else word


def _words(piece: str) -> list[str]:
    parts = re.split(r"[-']", piece)
    kept = [stem(part) for part in parts if part not in _STOP and len(part) > 1]
    joined = "".join(parts)  # e-bike and ebike, t-shirt and tshirt
    return [*kept, stem(joined)] if len(parts) > 1 else kept
