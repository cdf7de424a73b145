"""The lexical side of the index: the words of a question, their synonyms and translations, against the passages of both languages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecid.errors import Language
from ecid.knowledge.retrieval.glossary import Glossary
from ecid.knowledge.retrieval.lexical import LexicalIndex, Scores
from ecid.knowledge.retrieval.policy import Policy
from ecid.knowledge.retrieval.query import Query
from ecid.knowledge.retrieval.table import Mask
from ecid.knowledge.retrieval.text import language_of, terms

Owners = NDArray[np.int32]
"""The number of the record that each passage of a language belongs to."""


@dataclass(frozen=True, slots=True)
class Words:
    """An index a language, whose passages belong to which records, and the words beside a word."""

    indexes: Mapping[Language, LexicalIndex]
    owners: Mapping[Language, Owners]
    glossary: Glossary

    def scores(self, query: Query, policy: Policy, own: Mask, count: int) -> tuple[Scores, list[str]]:
        """Of every record the share of the question that its words answer, and the synonyms that were added. `own` are the records with a passage in the
        language of the question; the others are judged by their passages in the other one."""
        lang: Language = query.lang
        other: Language = "en" if lang == "zh" else "zh"
        weights = policy.weights
        asked = _weighed(terms(query.words), 1.0, weights["character"])
        if not asked:
            return np.zeros(count, dtype=np.float32), []
        more = self.glossary.beside(query.words)
        near = _weighed(_in(lang, more), weights["synonym"], weights["character"])
        across = _weighed(_in(other, more), weights["translated"], weights["character"])
        across |= _weighed((term for name in self.glossary.translated(query.words, lang) for term in terms(name)), weights["translated"], weights["character"])
        across |= {term: weight for term, weight in asked.items() if term[0].isascii()}
        here = by_record(self.indexes[lang], self.owners[lang], {**near, **asked}, asked, count)
        there = by_record(self.indexes[other], self.owners[other], across, across, count)
        return np.where(own, np.maximum(here, weights["both_languages"] * there), weights["other_language"] * there).astype(np.float32), more

    def known(self, query: Query, policy: Policy) -> float:
        """The share of a question, by weight and rarity, that any passage of its language has."""
        index = self.indexes[query.lang]
        asked = {term: weight * index.rarity(term) for term, weight in _weighed(terms(query.words), 1.0, policy.weights["character"]).items()}
        return sum(weight for term, weight in asked.items() if index.knows(term)) / (sum(asked.values()) or 1.0)


def by_record(index: LexicalIndex, owners: Owners, weights: Mapping[str, float], whole: Mapping[str, float], count: int) -> Scores:
    """Of every record, what the best of its passages answers of `whole`."""
    best = np.zeros(count, dtype=np.float32)
    if weights:
        np.maximum.at(best, owners, index.scores(weights, whole))
    return best


def _in(lang: Language, words: Iterable[str]) -> list[str]:
    """The terms of those words that are written in a language; abbreviations are written in both."""
    return [term for word in words if word.isupper() or language_of(word) == lang for term in terms(word)]


def _weighed(found: Iterable[str], weight: float, character: float) -> dict[str, float]:
    """Each term once: saying a word twice does not ask for it twice."""
    return {term: weight * (character if len(term) == 1 and not term.isascii() else 1.0) for term in found}
