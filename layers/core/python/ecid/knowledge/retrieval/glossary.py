"""Words from one language into the other, through records that name the same thing in both."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ecid.errors import Language
from ecid.knowledge.records import Record
from ecid.knowledge.retrieval.text import normalise, terms

_HAN = re.compile(r"[\u3400-\u9fff]")
_LONGEST = 12
"""Characters of a Chinese name, and words of an English one, that are looked for."""
_NAMES = 3
"""Translations that are taken of one name, the most usual first."""


@dataclass(frozen=True, slots=True)
class Glossary:
    """Names of one language, as they are looked up, to names of the other; and words to those that mean the same, in both languages."""

    to_en: Mapping[str, Sequence[str]] = field(default_factory=dict)
    to_zh: Mapping[str, Sequence[str]] = field(default_factory=dict)
    same_zh: Mapping[str, Sequence[str]] = field(default_factory=dict)
    same_en: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, records: Iterable[Record], synonyms: Iterable[Sequence[str]]) -> Glossary:
        """From the names of terms, and from the sides of confusions (titles of other records are sentences and translate nothing); and from groups of
        synonyms."""
        to_en: dict[str, list[str]] = {}
        to_zh: dict[str, list[str]] = {}
        for record in records:
            pairs = [record.facts["names"]] if "names" in record.facts else record.facts.get("sides", ())
            for pair in pairs:
                zh, en = pair.get("zh", ()), pair.get("en", ())
                for name in zh if en else ():
                    _add(to_en, normalise(name), en)
                for name in en if zh else ():
                    _add(to_zh, " ".join(terms(name)), zh)
        same_zh: dict[str, Sequence[str]] = {}
        same_en: dict[str, Sequence[str]] = {}
        for group in synonyms:
            for word in group:
                others = [other for other in group if other != word]
                if _HAN.search(word):
                    same_zh[normalise(word)] = others
                else:
                    same_en[" ".join(terms(word))] = others
        return cls(to_en, to_zh, same_zh, same_en)

    def beside(self, text: str) -> list[str]:
        """The synonyms, in both languages, of words found in a text."""
        found = [other for word in _longest(normalise(text), self.same_zh, "", 2) for other in self.same_zh[word]]
        return found + [other for word in _longest(terms(text), self.same_en, " ", 1) for other in self.same_en[word]]

    def translated(self, text: str, lang: Language) -> list[str]:
        """What names found in a text are called in the other language: the longest name at each place, in the order of the text."""
        if lang == "zh":
            units: Sequence[str] = normalise(text)
            return [name for found in _longest(units, self.to_en, "", 2) for name in self.to_en[found]]
        return [name for found in _longest(terms(text), self.to_zh, " ", 1) for name in self.to_zh[found]]


def _longest(units: Sequence[str], known: Mapping[str, Sequence[str]], joint: str, least: int) -> list[str]:
    found, at = [], 0
    while at < len(units):
        for length in range(min(_LONGEST, len(units) - at), least - 1, -1):
            name = joint.join(units[at : at + length])
            if name in known:
                found.append(name)
                at += length - 1
                break
        at += 1
    return found


def _add(names: dict[str, list[str]], name: str, others: Sequence[str]) -> None:
    own = names.setdefault(name, [])
    own += [other for other in others if other not in own][: max(0, _NAMES - len(own))]
