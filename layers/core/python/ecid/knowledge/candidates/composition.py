"""The textile material that predominates by weight (Section XI Note 2), as a description states it, and which of them codes are for, by their wording."""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from itertools import pairwise
from typing import Any

from ecid.knowledge.candidates.goods import Goods

SECTION_XI = tuple(str(chapter) for chapter in range(50, 64))
_NUMBER = r"\d{1,3}(?:\.\d{1,2})?"
_APART = 24
"""Characters between a share and its fibre: `65% recycled polyester`."""
_BRACKETS = re.compile(r"\([^()]*\)")
_PROPORTION = re.compile(r"\d\s*%?\s*[/:-]\s*\d")
_LETTERS = re.compile(r"[a-z-]+")


@dataclass(frozen=True, slots=True)
class Fibre:
    """A class of fibres: those of a `group` are weighed together first; `wording` is how the tariff calls it."""

    name: str
    group: str
    words: tuple[str, ...]
    wording: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Composition:
    """The predominating fibre by name, and how much of the weight it is in hundredths of a per cent; 0 where that is not stated."""

    fibre: str
    share: int


@cache
def load_fibres() -> tuple[Fibre, ...]:
    """The reviewed fibres, in the order of the chapters."""
    rows = _table()["fibre"]
    return tuple(Fibre(row["name"], row["group"], (*row["en"], *row["zh"]), tuple(row["wording"])) for row in rows)


def composed(goods: Goods) -> Composition | None:
    """Of what the goods are, by weight; None where the description does not tell, or names several fibres and no shares."""
    values = [value.lower() for _, value in goods.declared]
    for value in values:
        shares = _blended(value) or _shares(value)
        if shares:
            return _predominating(shares)
    made_of = [value.lower() for label, value in goods.declared if not label or any(word in label.lower() for word in _table()["labels"])]
    named = {fibre for text in (made_of or [goods.name.lower()]) for fibre in _said(text)}
    return Composition(named.pop(), 0) if len(named) == 1 else None


@lru_cache(maxsize=20_000)
def _said(text: str) -> frozenset[str]:
    """The fibres that a text names; values are declared again and again."""
    return frozenset(_fibre_of(word) for word in _words().findall(text))


def _shares(text: str) -> list[tuple[str, int]]:
    """Fibres with their shares in the order of the text, up to the whole: what follows is of another part of the goods."""
    if "%" not in text and "per" not in text:
        return []
    tokens = [(match.start(), match.end(), match["share"], match["word"]) for match in _tokens().finditer(text)]
    before, after = _paired(text, tokens, share_first=False), _paired(text, tokens, share_first=True)
    found = max((after, before), key=lambda pairs: (len(pairs), -sum(gap for _, _, gap in pairs)))
    shares, total = [], 0
    for word, share, _ in found:
        shares.append((_fibre_of(word), share))
        total += share
        if total >= 10_000:
            break
    return shares if total <= 10_500 else shares[:1]


def _paired(text: str, tokens: Sequence[tuple[int, int, str | None, str | None]], *, share_first: bool) -> list[tuple[str, int, int]]:
    """Each fibre with the share next to it, and the characters between them."""
    found = []
    for (_, end, share, word), (start, _, next_share, next_word) in pairwise(tokens):
        written, called = (share, next_word) if share_first else (next_share, word)
        between = text[end:start]
        if written and called and len(between) <= _APART and not set(between) & set(",，、;+"):
            found.append((called, round(float(written) * 100), len(between)))
    return found


def _blended(text: str) -> list[tuple[str, int]]:
    if not _PROPORTION.search(text):
        return []
    match = _blends().search(text)
    if match is None:
        return []
    first, second = (round(float(match[name] or match[f"{name}_before"]) * 100) for name in ("first", "second"))
    fibres = next(row["fibres"] for row in _table()["blend"] if (match["blend"] or match["blend_after"]) in row["words"])
    return list(zip(fibres, (first, second), strict=True)) if first + second == 10_000 else []


def _predominating(shares: Sequence[tuple[str, int]]) -> Composition:
    """Of equals the last in order, as Note 2(A) has it; man-made fibres are first weighed as one, by Note 2(B)(c)."""
    by_fibre: dict[str, int] = defaultdict(int)
    by_group: dict[str, int] = defaultdict(int)
    group = {fibre.name: fibre.group for fibre in load_fibres()}
    for name, share in shares:
        by_fibre[name] += share
        by_group[group[name]] += share
    order = {fibre.name: at for at, fibre in enumerate(load_fibres())}
    name = max(by_fibre, key=lambda name: (by_group[group[name]], by_fibre[name] if group[name] == "man-made" else 0, order[name]))
    return Composition(name, min(10_000, by_fibre[name]))


def fibres_of(wording: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """By code of Section XI, the fibres that it is for, as bits in the order of `load_fibres`; 0 for whichever fibre.

    `wording` is each code's own text and, for want of a fibre in it, that above it. A code for other materials is for all that its neighbours leave.
    """
    textile = {code: texts for code, texts in wording.items() if code.startswith(SECTION_XI)}
    named = {code: next((bits for text in texts if (bits := _named(text))), 0) for code, texts in textile.items()}
    residual = {code for code, (own, *_) in textile.items() if not _named(own) and any(word in own.lower() for word in _table()["residual"])}
    for code in residual:
        near = [bits for other, bits in named.items() if other not in residual and other.startswith(code[:5])]
        near = near or [bits for other, bits in named.items() if other not in residual and other.startswith(code[:4])]
        taken = 0
        for bits in near:
            taken |= bits
        named[code] = ((1 << len(load_fibres())) - 1) & ~taken
    return named


def _named(text: str) -> int:
    plain = _not_for().sub(" ", _BRACKETS.sub(" ", text.lower()))
    told = f" {' '.join(_LETTERS.findall(plain))} "
    return sum(1 << at for at, fibre in enumerate(load_fibres()) if any(f" {word} " in told for word in fibre.wording))


def bit(fibre: str) -> int:
    """The bit of a fibre in what `fibres_of` returns."""
    return 1 << next(at for at, one in enumerate(load_fibres()) if one.name == fibre)


@cache
def _table() -> Mapping[str, Any]:
    return tomllib.loads(resources.files(__package__).joinpath("composition.toml").read_text("utf-8"))


@cache
def _not_for() -> re.Pattern[str]:
    return re.compile(rf"(?:{'|'.join(_table()['not_for'])})[^,;›]*")


def _fibre_of(word: str) -> str:
    return next(fibre.name for fibre in load_fibres() if word in fibre.words)


def _either(words: Sequence[str]) -> str:
    """One of the words, the longest first; a Latin one whole."""
    return "|".join(rf"(?<![a-z]){re.escape(word)}(?![a-z])" if word[0].isascii() else re.escape(word) for word in sorted(words, key=len, reverse=True))


@cache
def _words() -> re.Pattern[str]:
    return re.compile(_either([word for fibre in load_fibres() for word in fibre.words]))


@cache
def _tokens() -> re.Pattern[str]:
    return re.compile(rf"(?<![\d.])(?P<share>{_NUMBER})\s*(?:%|percent|per cent)|(?P<word>{_words().pattern})")


@cache
def _blends() -> re.Pattern[str]:
    words = _either([word for row in _table()["blend"] for word in row["words"]])
    pair = r"(?P<first{0}>\d{{1,2}})\s*%?\s*[/:-]\s*(?P<second{0}>\d{{1,2}})(?!\d)"
    return re.compile(rf"(?P<blend>{words})\D{{0,12}}?{pair.format('')}|(?<!\d){pair.format('_before')}\s*%?\s*(?P<blend_after>{words})")
