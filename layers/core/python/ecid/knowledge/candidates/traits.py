"""What a description says goods are made of, how they are made and who wears them, and which headings that is for and against."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources

from ecid.errors import Language
from ecid.knowledge.candidates.goods import Goods
from ecid.knowledge.candidates.phrases import Phrases, said


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
    told = [[load_traits()[at] for at in _words(goods.lang).touched(said(text, goods.lang))] for text in (goods.name, goods.text)]
    for group in dict.fromkeys(trait.group for traits in told for trait in traits):
        own = next(found for traits in told if (found := [trait for trait in traits if trait.group == group]))
        where = tuple(code for trait in own for code in trait.where)
        towards += where
        against += [code for trait in _groups()[group] for code in trait.where if not code.startswith(where)]
        fallback += [code for trait in own for code in trait.fallback]
    return Fitting(tuple(towards), tuple(against), tuple(fallback))


@cache
def _groups() -> dict[str, list[Trait]]:
    found: dict[str, list[Trait]] = {}
    for trait in load_traits():
        found.setdefault(trait.group, []).append(trait)
    return found


@cache
def _words(lang: Language) -> Phrases:
    return Phrases(((word, at) for at, trait in enumerate(load_traits()) for word in trait.words[lang]), lang)
