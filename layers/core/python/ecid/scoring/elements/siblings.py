"""Values that name what another line of the heading is distinguished by, while the own line, its path and the goods' name do not (M11).
Data: `siblings.toml`."""

from __future__ import annotations

import re
from functools import cache, lru_cache

from ecid.scoring.elements.kinds import label_of
from ecid.scoring.elements.text import CACHE, core, plain, table
from ecid.scoring.goods import Goods, Partings, Slot

_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_CLAUSES = re.compile(r"[,;:]")
_LISTED = re.compile(r"、|或|及|和")
_CHINESE = re.compile(r"[一-鿿]{2,}")


@cache
def _pattern(name: str) -> re.Pattern[str]:
    return re.compile(str(table("siblings")[name]))


@lru_cache(maxsize=CACHE)
def _bare(text: str) -> str:
    """`text` without brackets, opening words (其他, 仅有) and endings (的, 式, 制): what is compared."""
    text = _BRACKETS.sub("", plain(text)).casefold().replace(" ", "").strip(" :;,.。")
    text = _pattern("openings").sub("", text)
    return _pattern("endings").sub("", text) or text


def _is_residual(text: str) -> bool:
    return _pattern("residual").fullmatch(_BRACKETS.sub("", plain(text)).strip(" :;")) is not None


@lru_cache(maxsize=CACHE)
def _distinctions(own: str, other: str, *, sorts: bool) -> frozenset[str]:
    """The words by which `other` is another thing than `own`; none where it sets figures, exceptions or several conditions. Where sorts of goods are
    asked for (`sorts`), a line that is another sort needs no likeness of wording."""
    clauses = [clause for clause in _CLAUSES.split(_BRACKETS.sub("", plain(other)).strip(" :;")) if clause.strip()]
    residual = _is_residual(own)
    told = [clause for clause in clauses if not _pattern("asides" if residual else "exceptions").match(clause)]
    if len(told) != 1 or _is_residual(told[0]) or _pattern("silent").search(told[0]) or not (residual or _kindred(own, told[0], sorts=sorts)):
        return frozenset()
    words = {_bare(told[0])}
    listed = [_bare(part) for part in _LISTED.split(told[0])]
    if not _pattern("joined").search(told[0].removesuffix("的")) and max(map(len, listed)) - min(map(len, listed)) < int(table("siblings")["uneven"]):
        words.update(listed)
    if not residual:
        words |= _middle(_bare(_CLAUSES.split(plain(own))[0]), _bare(told[0]))
    return frozenset(word for word in words if _CHINESE.fullmatch(word))


def _kindred(own: str, other: str, *, sorts: bool) -> bool:
    """Whether both texts speak of the same property, as far as their wording shows it: 滚筒式 and 波轮式, but not 瓷制 and 莫氏硬度在9及以上."""
    mine = _CLAUSES.split(_BRACKETS.sub("", plain(own)).strip(" :;"))[0].removesuffix("的")
    theirs = other.strip().removesuffix("的")
    return not any(character.isdigit() for character in mine) and (sorts or mine[-1:] == theirs[-1:] or mine[:2] == theirs[:2])


def _shared(one: str, two: str) -> str:
    """What both begin with."""
    length = next((i for i, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), min(len(one), len(two)))
    return one[:length]


def _middle(own: str, other: str) -> set[str]:
    """What stands in `other` where `own` has something else, both being built alike: 离心|泵 and 往复|泵."""
    head = _shared(own, other)
    tail = _shared(own[len(head) :][::-1], other[len(head) :][::-1])[::-1]
    if not head and not tail:
        return set()
    mine, theirs = (text[len(head) : len(text) - len(tail)] for text in (own, other))
    return {theirs, _pattern("endings").sub("", theirs), _pattern("fillers").sub("", theirs)} if mine and theirs else set()


@lru_cache(maxsize=CACHE)
def _texts(partings: Partings, *, sorts: bool) -> dict[str, str]:
    """Distinguishing word → the text of the other line that it stands in."""
    return {word: other for own, other in partings for word in _distinctions(own, other, sorts=sorts)}


@cache
def _subject(label: str) -> str:
    """What the label speaks of: 内胆 of 内胆材质."""
    base = label_of(label).base
    subject = _pattern("label_endings").sub("", base)
    return subject if subject != base else ""


@cache
def applies(label: str) -> bool:
    """Whether the label asks for something that lines are told apart by."""
    return _pattern("labels").fullmatch(label_of(label).base) is not None


@lru_cache(maxsize=CACHE)
def _own_texts(name: str, line_name: str, path: tuple[str, ...]) -> str:
    """What the own line says of itself, without what it excludes and without the heading, which speaks for all its lines."""
    clauses = (clause for text in (line_name, *path[1:]) for clause in _CLAUSES.split(plain(text)))
    return "|".join((core(name), *(core(clause) for clause in clauses if not _pattern("excludes").search(clause))))


def sibling(goods: Goods, slot: Slot) -> str | None:
    """The text of another line of the heading that the value names; None where it names none, or also fits the own line."""
    line = goods.line
    if line is None or not goods.partings:
        return None
    parts = [_bare(part) for part in re.split(r"[,;、/+]", plain(slot.value))]
    if not parts or not _CHINESE.fullmatch(parts[0]):
        return None
    own = _own_texts(goods.name, line.name, line.path)
    if any(part and part in own for part in parts):
        return None
    texts = _texts(goods.partings, sorts=_pattern("sorts").fullmatch(label_of(slot.label).base) is not None)
    subject = _subject(slot.label)
    found = texts.get(parts[0]) or (texts.get(parts[0] + subject) if subject else None)
    return found.strip(" :：;；") if found else None
