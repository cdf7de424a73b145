"""Sparse term weights: Okapi BM25 over documents and cosine over short names, each a matrix of terms by documents that one query is multiplied with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

Scores = NDArray[np.float32]
K1, B = 1.2, 0.6
Scheme = Literal["bm25", "cosine"]


class TermMatrix:
    """`scores` of a query over all documents, 0 to 1: the share of the query that a document answers (bm25), or how like they are (cosine)."""

    def __init__(self, documents: Iterable[Sequence[str]], scheme: Scheme) -> None:
        counts = [Counter(document) for document in documents]
        self.scheme = scheme
        self.count = len(counts)
        self.vocabulary: dict[str, int] = {}
        rows: list[int] = []
        columns: list[int] = []
        values: list[float] = []
        lengths = np.array([max(1, sum(count.values())) for count in counts], dtype=np.float64)
        mean = float(lengths.mean()) if self.count else 1.0
        for number, count in enumerate(counts):
            norm = K1 * (1 - B + B * lengths[number] / mean)
            for term, times in count.items():
                rows.append(self.vocabulary.setdefault(term, len(self.vocabulary)))
                columns.append(number)
                values.append(times / (times + norm) if scheme == "bm25" else 1 + float(np.log(times)))
        shape = (len(self.vocabulary), self.count)
        self._matrix = csr_matrix((np.array(values, dtype=np.float32), (rows, columns)), shape=shape)
        spread = np.diff(self._matrix.indptr)
        self.rarity: Scores = np.log1p((self.count - spread + 0.5) / (spread + 0.5)).astype(np.float32)
        self._unseen = float(np.log1p(2 * self.count + 1))
        self._matrix.data *= np.repeat(self.rarity, spread)
        if scheme == "cosine" and self.count:
            own = np.sqrt(np.asarray(self._matrix.multiply(self._matrix).sum(axis=0))).ravel()
            self._matrix = self._matrix.multiply(1 / np.maximum(own, 1e-9)).tocsr().astype(np.float32)

    def scores(self, weights: Mapping[str, float]) -> Scores:
        """Of every document, for a query of weighted terms."""
        known = [(self.vocabulary[term], weight) for term, weight in weights.items() if term in self.vocabulary]
        if not known:
            return np.zeros(self.count, dtype=np.float32)
        rows = np.array([row for row, _ in known])
        query = np.array([weight for _, weight in known], dtype=np.float32)
        if self.scheme == "cosine":
            unknown = sum((weight * self._unseen) ** 2 for term, weight in weights.items() if term not in self.vocabulary)
            query = query * self.rarity[rows]
            query = query / np.float32(np.sqrt(float(query @ query) + 0.5 * unknown))
        else:
            missing = sum(weight * self._unseen for term, weight in weights.items() if term not in self.vocabulary)
            query = query / np.float32(float(query @ self.rarity[rows]) + 0.5 * missing)
        found = np.zeros(self.count, dtype=np.float32)
        for row, weight in zip(rows, query, strict=True):
            start, end = self._matrix.indptr[row], self._matrix.indptr[row + 1]
            found[self._matrix.indices[start:end]] += weight * self._matrix.data[start:end]
        return found
