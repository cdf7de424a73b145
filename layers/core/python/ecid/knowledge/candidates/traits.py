"""What a description says goods are made of, how they are made and who wears them, and which headings that is for and against."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from ecid.errors import Language
from ecid.knowledge.candidates.goods import Goods
from ecid.knowledge.candidates.rules import said


@dataclass(frozen=True, slots=True)
class Trait:
    """Goods of which one of `words` is said are under `where`, else under `fallback` (prefixes of codes); traits of a `group` exclude each other."""

    group: str
    words: dict[Language, tuple[str, ...]]
    where: tuple[str, ...]
    fallback: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fitting:
    """Prefixes of the codes that what is said of goods speaks for, of those it speaks against, and of those that take what nothing else takes."""

    towards: tuple[str, ...]
    against: tuple[str, ...]
    fallback: tuple[str, ...]


@cache
def load_traits() -> tuple[Trait, ...]:
    """The reviewed traits."""
    rows = tomllib.loads(resources.files(__package__).joinpath("traits.toml").read_text("utf-8"))["trait"]
    return tuple(Trait(row["group"], {"zh": tuple(row["zh"]), "en": tuple(row["en"])}, tuple(row["for"]), tuple(row["fallback"])) for row in rows)


def fitting(goods: Goods) -> Fitting:
    """What the traits of goods say: of each group those that the name tells, for want of any those that the rest of the description tells."""
    towards: list[str] = []
    against: list[str] = []
    fallback: list[str] = []
    for traits in _groups():
        own = next((found for text in (goods.name, goods.text) if (found := _told(traits, text, goods.lang))), [])
        where = tuple(code for trait in own for code in trait.where)
        towards += where
        against += [code for trait in traits if own for code in trait.where if not code.startswith(where)]
        fallback += [code for trait in own for code in trait.fallback]
    return Fitting(tuple(towards), tuple(against), tuple(fallback))


@cache
def _groups() -> tuple[tuple[Trait, ...], ...]:
    names = dict.fromkeys(trait.group for trait in load_traits())
    return tuple(tuple(trait for trait in load_traits() if trait.group == name) for name in names)


def _told(traits: Sequence[Trait], text: str, lang: Language) -> list[Trait]:
    told = said(text, lang)
    return [trait for trait in traits if any(said(word, lang) in told for word in trait.words[lang])]
