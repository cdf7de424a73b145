"""Term matrices in whole numbers, for many questions at once. Their sums are of whole numbers that floats hold exactly, so that no processor, no library and
no size of a batch changes them."""

from __future__ import annotations

from functools import cached_property
from math import log1p

import numpy as np
from numpy.typing import NDArray

from ecid.knowledge.candidates.weighting import TermMatrix

Whole = NDArray[np.float32]
"""Whole numbers, of which sums stay below 2²⁴."""
Numbers = NDArray[np.int64]
Shares = NDArray[np.float64]
_GRAIN = 64
"""Parts of one in which a term's weight in a document is counted."""


class Postings:
    """A BM25 matrix of terms by documents. Terms are given by their numbers in the vocabulary, -1 for those that it lacks."""

    def __init__(self, matrix: TermMatrix) -> None:
        self._starts, self._documents, self._weights = matrix.starts.astype(np.int64), matrix.documents, matrix.weights
        self._size = int(matrix.size[0])
        held = np.diff(self._starts)
        rarity = np.where(held > 0, 2 * matrix.rarity.astype(np.float64), log1p(2 * int(matrix.size[1]) + 1))
        self._rarity = np.rint(rarity * _GRAIN)
        self._unseen = float(round(log1p(2 * int(matrix.size[1]) + 1) * _GRAIN))

    def whole(self, numbers: Numbers, asked: Whole) -> Shares:
        """Half of what each question (questions by terms) scores where it is answered in full. What no document says counts half. Never 0."""
        rarity = np.full(len(numbers), self._unseen)
        known = self._known(numbers)
        rarity[known] = self._rarity[numbers[known]]
        found: Shares = np.maximum(asked.astype(np.float64) @ rarity, 1.0) / 2
        return found

    def scores(self, numbers: Numbers, asked: Whole) -> Shares:
        """The share of each question that each document answers: questions by documents."""
        known = np.flatnonzero(self._known(numbers) & asked.any(axis=0))
        rows, at = spans(self._starts[numbers[known]], self._starts[numbers[known] + 1])
        dense = np.zeros((len(known), self._size), dtype=np.float32)
        dense[rows, self._documents[at]] = np.rint(self._weights[at] * _GRAIN)
        shares: Shares = (asked[:, known] @ dense) / self.whole(numbers, asked)[:, None]
        return shares

    def scores_of(self, numbers: Numbers, asked: Whole, questions: Numbers, documents: Numbers) -> Shares:
        """The same of single documents: `questions[i]` is held against `documents[i]`."""
        starts, terms, weights = self._by_document
        known = self._known(numbers)
        local = np.full(len(self._rarity) + 1, -1, dtype=np.int64)
        local[numbers[known]] = np.flatnonzero(known)
        pairs, at = spans(starts[documents], starts[documents + 1])
        column = local[terms[at]]
        said = column >= 0
        pairs, at, column = pairs[said], at[said], column[said]
        found = np.bincount(pairs, asked[questions[pairs], column] * weights[at], len(documents))
        shares: Shares = found / self.whole(numbers, asked)[questions]
        return shares

    def _known(self, numbers: Numbers) -> NDArray[np.bool_]:
        known: NDArray[np.bool_] = (numbers >= 0) & (numbers < len(self._rarity))
        return known

    @cached_property
    def _by_document(self) -> tuple[Numbers, Numbers, Whole]:
        """Where each document begins, and its terms with their weights."""
        order = np.argsort(self._documents, kind="stable")
        terms = np.repeat(np.arange(len(self._starts) - 1), np.diff(self._starts))[order]
        starts = np.concatenate([[0], np.cumsum(np.bincount(self._documents, minlength=self._size))])
        return starts, terms, np.rint(self._weights[order] * _GRAIN).astype(np.float32)


def spans(begins: Numbers, ends: Numbers) -> tuple[Numbers, Numbers]:
    """The numbers from each begin to its end, one after the other, and which of the spans each is of."""
    lengths = ends - begins
    of = np.repeat(np.arange(len(begins)), lengths)
    return of, np.arange(len(of)) - np.repeat(np.cumsum(lengths) - lengths, lengths) + np.repeat(begins, lengths)
