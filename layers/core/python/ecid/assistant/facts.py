"""Making facts: the one way in which figures, days, codes and words from outside are written in answers, in both languages.

Points have one decimal, floored towards zero; shares of one whole are allotted so that they add up to it (`ecid.scoring.shares`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ecid.assistant.results import Fact, Kind, Value
from ecid.assistant.wording import LANGUAGES, floored, label, shown_day, shown_month, tenths
from ecid.errors import Language

Texts = Mapping[Language, str] | Mapping[str, str] | str
LONGEST = 240
"""Characters of a text that a fact shows."""
GOODS = 60
"""Characters of what somebody else wrote: names of goods, values declared, reasons."""
_LONGEST_SENTENCE = 600
_TENTH = 100_000
_UNDER: Mapping[Language, str] = {"zh": "不到1%", "en": "under 1%"}
_CLOSING = str.maketrans({"“": "‘", "”": "’", '"': "'", "「": "‘", "」": "’", "『": "‘", "』": "’", "{": "(", "}": ")"})
"""Marks in quoted words are turned so that none ends the quotation."""


def same(text: str) -> Mapping[Language, str]:
    """One text in both languages."""
    return dict.fromkeys(LANGUAGES, text)


def points(micro: int) -> Fact:
    """Micropoints."""
    return Fact(micro, same(floored(micro)), "points")


def allotted(micro: int, shown_tenths: int) -> Fact:
    """Micropoints that are shown as their share of a whole."""
    return Fact(micro, same(tenths(shown_tenths)), "points")


def score(micro: int) -> Fact:
    """A score with one decimal."""
    return Fact(micro, same(floored(micro)), "score")


def count(number: int) -> Fact:
    """A number of things."""
    return Fact(number, same(f"{number:,}"), "count")


def number(value: int) -> Fact:
    """A plain number: of points at stake, of an order."""
    return Fact(value, same(str(value)), "number")


def day(iso: str) -> Fact:
    """A day."""
    return Fact(iso, {lang: shown_day(iso, lang) for lang in LANGUAGES}, "date")


def month(iso: str) -> Fact:
    """A month, `2025-11`."""
    return Fact(iso, {lang: shown_month(iso, lang) for lang in LANGUAGES}, "date")


def share(ppm: int) -> Fact:
    """A share in whole per cent, floored; what is more than nothing and less than one per cent is said so."""
    return Fact(ppm, _UNDER if 0 < ppm < 10_000 else same(f"{ppm // 10_000}%"), "share")


def code(text: str) -> Fact:
    """A tariff code as it was declared or found, or another number that names something."""
    told = plain(text, 40)
    return Fact(told, same(told), "code")


def identifier(text: str) -> Fact:
    """What names a finding, a record, a cause."""
    told = plain(text, 100)
    return Fact(told, same(told), "id")


def words(texts: Texts, kind: Kind = "text", value: Value = None, longest: int = LONGEST) -> Fact:
    """Words of the platform or of its sources, in one language or both."""
    shown = {lang: plain(texts if isinstance(texts, str) else texts[lang], longest) for lang in LANGUAGES}
    return Fact(shown["zh"] if value is None else value, shown, kind)


def outside(text: str, longest: int = GOODS) -> Fact:
    """Words of somebody else: data, quoted wherever they are shown."""
    told = foreign(text, longest)
    return Fact(told, same(told), "quote", quoted=True)


def state(value: Value, name: str) -> Fact:
    """A state by its code, in the words of the label `name`."""
    return Fact(value, {lang: label(name, lang) for lang in LANGUAGES}, "state")


def plain(text: str, longest: int = LONGEST) -> str:
    """One line of at most so many characters, without signs that cannot be seen or that turn the direction of writing."""
    shown = _printable(" ".join(text.split()))
    return shown if len(shown) <= longest else f"{shown[: longest - 1]}…"


def foreign(text: str, longest: int = GOODS) -> str:
    """Words of somebody else as one line, without marks that would end the quotation they stand in."""
    return plain(text.translate(_CLOSING), longest)


def within(sentence: str, names: Iterable[str], lang: Language) -> str:
    """A sentence of ours in which words of somebody else stand, with these in quotation marks."""
    found = sorted({" ".join(name.split()) for name in names if name.strip()}, key=len, reverse=True)
    pieces = re.split(f"({'|'.join(map(re.escape, found))})", " ".join(sentence.split())) if found else [sentence]
    told = "".join(label("quote", lang).format(words=foreign(piece)) if place % 2 else _printable(piece) for place, piece in enumerate(pieces))
    return told if len(told) <= _LONGEST_SENTENCE else f"{told[: _LONGEST_SENTENCE - 1]}…"


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else "·" for char in text)


def split_tenths(total: int, parts: Sequence[int]) -> list[int]:
    """Parts (micropoints, of either sign) in tenths that add up to `total` tenths, each within a tenth of what it is; what is nothing stays nothing."""
    given = [part // _TENTH for part in parts]
    left = total - sum(given)
    order = sorted((place for place, part in enumerate(parts) if part), key=lambda place: (-(parts[place] % _TENTH), place))
    for place in order[: max(left, 0)]:
        given[place] += 1
    for place in reversed(order[left:] if left < 0 else []):
        given[place] -= 1
    return given


def named(prefix: str, facts: Mapping[str, Fact | None]) -> dict[str, Fact]:
    """Facts under a prefix, without those that there are none of."""
    return {f"{prefix}.{name}": fact for name, fact in facts.items() if fact is not None}


def both(told: Mapping[Language, Mapping[str, Any]], name: str) -> Mapping[Language, str]:
    """What two tellings say under one name."""
    return {lang: str(told[lang][name] or "") for lang in LANGUAGES}
