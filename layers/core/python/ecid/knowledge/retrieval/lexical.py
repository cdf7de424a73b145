"""Words and characters: Okapi BM25 over index terms (`bm25s`), one index a language, as files that are mapped, not read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import bm25s
import numpy as np
from numpy.typing import NDArray

from ecid.knowledge.retrieval.text import terms

Scores = NDArray[np.float32]
K1, B = 1.2, 0.6
_VOCABULARY = "terms.txt"  # a line a term, by number: read ten times faster than JSON
_UNUSED = "vocabulary.json"  # bm25s writes the same as JSON


class LexicalIndex:
    """BM25 over passages, numbered from 0."""

    def __init__(self, ranking: bm25s.BM25, vocabulary: Mapping[str, int]) -> None:
        self._ranking = ranking
        self._vocabulary = vocabulary
        postings = np.diff(ranking.scores["indptr"])
        self.count = int(ranking.scores["num_docs"])
        self._rarity = np.log1p((self.count - postings + 0.5) / (postings + 0.5)).astype(np.float32)
        self._unseen = float(np.log1p(2 * self.count + 1))

    @classmethod
    def of(cls, passages: Iterable[str]) -> LexicalIndex:
        """Index passages; terms are numbered in the order in which they first occur."""
        vocabulary: dict[str, int] = {}
        numbered = [[vocabulary.setdefault(term, len(vocabulary)) for term in terms(passage)] for passage in passages] or [[]]
        if not vocabulary:  # an index of nothing is one all the same
            vocabulary, numbered = {"": 0}, [[0] for _ in numbered]
        ranking = bm25s.BM25(k1=K1, b=B, csc_backend="numpy")
        ranking.index((numbered, dict(vocabulary)), create_empty_token=False, show_progress=False)
        return cls(ranking, vocabulary)

    @classmethod
    def open(cls, folder: Path) -> LexicalIndex:
        """What `save` wrote. Raises OSError, ValueError or KeyError for what is not there or damaged."""
        ranking = bm25s.BM25.load(str(folder), mmap=True, load_vocab=False, show_progress=False)
        listed = (folder / _VOCABULARY).read_text("utf-8").split("\n")
        vocabulary = dict(zip(listed, range(len(listed)), strict=True))
        if len(vocabulary) != len(ranking.scores["indptr"]) - 1:
            raise ValueError("terms are missing")
        return cls(ranking, vocabulary)

    def save(self, folder: Path) -> None:
        """Write the index; the same passages give the same bytes."""
        self._ranking.save(str(folder), vocab_name=_UNUSED, show_progress=False)
        (folder / _UNUSED).unlink()
        (folder / _VOCABULARY).write_text("\n".join(self._vocabulary), "utf-8")

    def knows(self, term: str) -> bool:
        """Whether any passage has a term."""
        return term in self._vocabulary

    def rarity(self, term: str) -> float:
        """Inverse document frequency; a term that no passage has is as rare as can be."""
        number = self._vocabulary.get(term)
        return self._unseen if number is None else float(self._rarity[number])

    def scores(self, weights: Mapping[str, float], whole: Mapping[str, float]) -> Scores:
        """Of every passage, what it answers by `weights`, as a share of all of `whole`: 1 is about as much as a passage can have of it."""
        total = sum(weight * self.rarity(term) for term, weight in whole.items())
        found = np.zeros(self.count, dtype=np.float32)
        for weight in sorted(set(weights.values())):
            numbers = [self._vocabulary[term] for term, own in weights.items() if own == weight and term in self._vocabulary]
            if numbers:
                found += weight * self._ranking.get_scores_from_ids(numbers)
        return found / total if total else found
