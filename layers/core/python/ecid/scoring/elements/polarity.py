"""Properties that goods have or have not, 未漂白 against 漂白: a value that says the opposite of the code's own text or the goods' name (M11).
Data: `polarity.toml`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, lru_cache

from ecid.scoring.elements.kinds import label_of
from ecid.scoring.elements.text import CACHE, core, plain, table
from ecid.scoring.goods import Goods, Partings, Slot

_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_CLAUSES = re.compile(r"[,;:]")


@cache
def _pattern(name: str) -> re.Pattern[str]:
    data = table("polarity")
    return re.compile(str(data[name]).replace("%s", str(data["stems"])))


@lru_cache(maxsize=CACHE)
def _read(raw: str) -> str:
    """`raw` without its brackets, except those that hold a property and no more: 鞋靴（过踝）."""
    return _BRACKETS.sub("", _pattern("bracketed").sub(r"\1", plain(raw))).casefold().strip(" :;")


@cache
def applies(label: str) -> bool:
    """Whether a property may be stated under the label."""
    taken = label_of(label)
    return taken.kind in ("text", "yes_no", "material") and _pattern("labels").fullmatch(taken.base) is not None


def _said(clause: str, *, text: bool) -> dict[str, set[bool]]:
    found: dict[str, set[bool]] = {}
    listed = text and _pattern("lists").search(clause)
    for match in _pattern("stems").finditer(clause):
        before = clause[: match.start()]
        if _pattern("denial").search(before):
            found.setdefault(match.group(), set()).add(False)
        elif listed or _pattern("half").search(before) or _pattern("other_thing").match(clause, match.end()):
            # Both ways: the clause mentions the property and settles nothing.
            found.setdefault(match.group(), set()).update((True, False))
        else:
            found.setdefault(match.group(), set()).add(True)
    return found


@lru_cache(maxsize=CACHE)
def properties(raw: str, *, text: bool) -> Mapping[str, bool]:
    """Property → whether the goods have it, for those of which `raw` speaks plainly. `text`: it is the text of a code and read more warily."""
    found: dict[str, set[bool]] = {}
    read = _read(raw)
    for clause in _CLAUSES.split(read):
        opened = _pattern("open_clause").search(clause) is not None
        for stem, ways in _said(clause, text=text).items():
            found.setdefault(stem, set()).update({True, False} if opened else ways)
    # 未锻轧钴；粉末: what only one of several goods of a heading is, the others need not be.
    alternatives = [part for part in read.split(";") if part.strip()] if text else []
    return {stem: ways.pop() for stem, ways in found.items() if len(ways) == 1 and all(stem in part for part in alternatives)}


@lru_cache(maxsize=CACHE)
def _value(label: str, value: str) -> Mapping[str, bool]:
    """What the value says; a mere yes or no speaks of the property that the label asks about (款式（是否过踝）)."""
    word = core(value)
    if len(word) > int(table("polarity")["longest"]):
        return {}
    asked = _pattern("asked").findall(plain(label))
    answers = [way for way, name in ((True, "yes"), (False, "no")) if _pattern(name).fullmatch(word)]
    if not answers:
        return properties(value, text=False)
    # 是否鞣制（未鞣制、退鞣处理）: a mere yes may answer either.
    return {asked[0]: answers[0]} if len(asked) == 1 and plain(label).count(asked[0]) == 1 else {}


@cache
def _bound_by_label(label: str) -> Mapping[str, bool]:
    """What a closed label says of all goods of the code: 款式（未过踝）. One of several options binds only where it denies."""
    taken = label_of(label)
    found: dict[str, set[bool]] = {}
    for option in taken.options if taken.closed else ():
        for stem, way in properties(option, text=False).items():
            found.setdefault(stem, set()).add(way)
    return {stem: next(iter(ways)) for stem, ways in found.items() if len(ways) == 1 and (len(taken.options) == 1 or ways == {False})}


def _mentions(stem: str, raw: str) -> bool:
    return stem in plain(raw)


def _left_over(stem: str, partings: Partings) -> tuple[bool, str] | None:
    """What 其他 leaves where another line is told by having the property, or not having it; None where the lines show it both ways."""
    ways: dict[bool, str] = {}
    for own, other in partings:
        if not _pattern("residual").fullmatch(plain(own).strip(" :;")):
            continue
        match = _pattern("plain_parting").fullmatch(_read(other))
        if match and match["stem"] == stem:
            way = properties(other, text=True).get(stem)
            if way is not None:
                ways[not way] = other
    return next(iter(ways.items())) if len(ways) == 1 else None


def opposite(goods: Goods, slot: Slot) -> str | None:
    """The text that says the opposite of the value; None where nothing does plainly. The deepest text that mentions a property settles it."""
    line = goods.line
    if line is None:
        return None
    for stem, way in _value(slot.label, slot.value).items():
        if _bound_by_label(slot.label).get(stem, way) is not way:
            return label_of(slot.label).brackets
        texts = (line.name, *reversed(line.path), goods.name)
        deepest = next((text for text in texts if _mentions(stem, text)), None)
        if deepest is None:
            left = _left_over(stem, goods.partings)
            if left and left[0] is not way:
                return left[1]
        elif properties(deepest, text=True).get(stem, way) is not way:
            return deepest
    return None
