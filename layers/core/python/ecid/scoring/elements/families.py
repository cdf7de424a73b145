"""Words of which a product has one and not the other: battery chemistries, materials, fibres, knitted or woven. Data: `families.toml`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, Literal

from ecid.scoring.elements.kinds import label_of
from ecid.scoring.elements.text import CACHE, plain, table
from ecid.tariff.model import TariffLine

Members = frozenset[str]
_NONE: Members = frozenset()
# What follows is an exception or leaves both ways open: such a text of the code settles nothing.
_EXCEPTION = re.compile(r"除[^,;]*外|以外|除外|不论|但不包括")
# Shapes that a material word may carry and still be only a material: 铝箔, 铜管.
_FORMS = re.compile(r"(制品|制|质|材料?|箔|板|管|棒|线|丝|带|粉末?|锭|片|膜|布|纸|卷|粒子?|料|纤维|条|杆|树脂)*")


@dataclass(frozen=True, slots=True, eq=False)
class Family:
    """One family, as the head of `families.toml` explains."""

    id: str
    elements: re.Pattern[str]
    also: tuple[tuple[tuple[str, ...], re.Pattern[str]], ...]
    prefixes: tuple[str, ...]
    words: re.Pattern[str]
    members: Mapping[str, Members]
    covers: Mapping[str, Members]
    name: Literal["any", "start", ""]
    name_words: re.Pattern[str]
    name_stop: re.Pattern[str] | None
    code: bool
    code_suffix: re.Pattern[str]
    code_exceptions: bool
    defaults: tuple[tuple[str, Members], ...]
    options: bool
    ignore: re.Pattern[str] | None
    predominant: bool


def _compiled(pattern: str | None) -> re.Pattern[str] | None:
    return re.compile(pattern, re.IGNORECASE) if pattern else None


def _alternatives(words: list[str]) -> str:
    # Latin words stand alone (PE is no part of PET); Chinese ones may stand anywhere; the longest wins.
    return "|".join(rf"(?<![a-z]){re.escape(word)}(?![a-z])" if word.isascii() else re.escape(word) for word in sorted(words, key=len, reverse=True))


def _suffix(suffix: str, words: str) -> str:
    # A word counts when the suffix stands right behind it, or behind others that it is listed with (合金钢或非合金钢制).
    return rf"(?:(?:或|、|及|和|与)(?:{words}))*(?:{suffix})" if suffix else ""


def _family(raw: Mapping[str, Any]) -> Family:
    members: dict[str, set[str]] = {}
    for member, words in raw["members"].items():
        for word in words:
            members.setdefault(plain(word).lower(), set()).add(member)
    words = re.compile(_alternatives(list(members)))
    return Family(
        id=raw["id"],
        elements=re.compile(raw["elements"]),
        also=tuple((tuple(entry["prefixes"]), re.compile(entry["elements"])) for entry in raw.get("also", ())),
        prefixes=tuple(raw.get("prefixes", ())),
        words=words,
        members={word: frozenset(owners) for word, owners in members.items()},
        covers={member: frozenset(covered) for member, covered in raw.get("covers", {}).items()},
        name=raw["name"],
        name_words=re.compile(raw["name_words"].lower()) if "name_words" in raw else words,
        name_stop=_compiled(raw.get("name_stop")),
        code=raw["code"],
        code_suffix=re.compile(_suffix(raw.get("code_suffix", ""), words.pattern)),
        code_exceptions=raw.get("code_exceptions", False),
        defaults=tuple(sorted(((prefix, frozenset(found)) for prefix, found in raw.get("defaults", ())), key=lambda entry: -len(entry[0]))),
        options=raw.get("options", False),
        ignore=_compiled(raw.get("ignore")),
        predominant=raw.get("predominant", False),
    )


@cache
def _families() -> tuple[Family, ...]:
    return tuple(_family(raw) for raw in table("families")["family"])


@cache
def families_of(label: str, code: str) -> tuple[Family, ...]:
    """The families that the value of `label` under `code` belongs to."""
    base = label_of(label).base
    return tuple(
        family
        for family in _families()
        if ((not family.prefixes or code.startswith(family.prefixes)) and family.elements.fullmatch(base))
        or any(code.startswith(prefixes) and elements.fullmatch(base) for prefixes, elements in family.also)
    )


@lru_cache(maxsize=CACHE)
def readable(family: Family, text: str) -> str:
    """`text` as the family reads it: plain, small letters, ignored words blanked."""
    text = plain(text).lower()
    return family.ignore.sub(" ", text) if family.ignore else text


@lru_cache(maxsize=CACHE)
def found(family: Family, text: str) -> Members:
    """The members that `text` names; a word behind 非, 无, 不, 未 or 仿 is not named."""
    text = readable(family, text)
    result: set[str] = set()
    for match in family.words.finditer(text):
        if match.start() == 0 or text[match.start() - 1] not in "非无不未仿":
            result |= family.members[match.group()]
    return frozenset(result)


@lru_cache(maxsize=CACHE)
def named(family: Family, name: str) -> Members:
    """The members that the goods' name claims for the goods as a whole."""
    if not family.name:
        return _NONE
    text = readable(family, name)
    match = family.name_words.match(text) if family.name == "start" else family.name_words.search(text)
    if match is None or (match.start() and text[match.start() - 1] in "非无不未仿"):
        return _NONE
    if family.name_stop and family.name_stop.match(text, match.end()):
        return _NONE
    return found(family, name)


def _said(family: Family, text: str) -> Members:
    text = readable(family, text)
    if not family.code_exceptions and _EXCEPTION.search(text):
        return _NONE
    result: set[str] = set()
    for match in family.words.finditer(text):
        denied = match.start() > 0 and text[match.start() - 1] in "非无不未"
        if not denied and family.code_suffix.match(text, match.end()):
            result |= family.members[match.group()]
    return frozenset(result)


@lru_cache(maxsize=CACHE)
def coded(family: Family, code: str, name: str, path: tuple[str, ...]) -> Members:
    """The members that the text of the code names: the deepest text that names any, else what holds for the heading or chapter."""
    if family.code:
        for text in (name, *reversed(path)):
            if members := _said(family, text):
                return members
    return next((members for prefix, members in family.defaults if code.startswith(prefix)), _NONE)


@cache
def offered(family: Family, label: str) -> Members:
    """The members that a closed list of options in the label names; none where one of the options is outside the family."""
    taken = label_of(label)
    if not family.options or not taken.closed:
        return _NONE
    options = [found(family, option) for option in taken.options]
    return frozenset().union(*options) if all(options) else _NONE


def agree(family: Family, one: str, other: str) -> bool:
    """Whether both words can be true of the same goods."""
    return one == other or other in family.covers.get(one, _NONE) or one in family.covers.get(other, _NONE)


def exclude(family: Family, truth: Members, seen: Members) -> bool:
    """Whether nothing of `seen` can be true where `truth` holds."""
    return bool(truth and seen) and not any(agree(family, one, other) for one in truth for other in seen)


def code_text(line: TariffLine | None) -> tuple[str, str, tuple[str, ...]]:
    """Code, name and path of a line as hashable keys ("" and () where there is none)."""
    return ("", "", ()) if line is None else (line.code, line.name, line.path)


@cache
def _material() -> Family:
    return next(family for family in _families() if family.id == "material")


@lru_cache(maxsize=CACHE)
def names_material(word: str) -> bool:
    """Whether `word` names any material."""
    return _material().words.search(word) is not None


@lru_cache(maxsize=CACHE)
def is_material(word: str) -> bool:
    """Whether `word` is a material and nothing else, perhaps with its shape (铝箔)."""
    match = _material().words.match(word)
    return match is not None and _FORMS.fullmatch(word, match.end()) is not None


def may_name_goods(word: str) -> bool:
    """Whether goods are called by their material: 铝箔, 海绵钛, 钒."""
    return len(word) == 1 or is_material(word) or any(match.end() == len(word) for match in _material().words.finditer(word))
