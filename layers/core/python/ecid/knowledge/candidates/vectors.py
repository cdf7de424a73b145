"""Texts as vectors, so that goods that have no word in common can still be alike: English by its words, Chinese by its terms, in one space.

The English words are data (`words_en.npy`, a row of `words_en.txt` each), distilled from a sentence encoder by `tools/distil_words.py` (docs/candidates.md
says from which, and how); a text is the sum of its words. The Chinese terms are fitted to what goods are called in both languages, when the index is made.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib import resources
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ecid.knowledge.retrieval.text import terms

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Vectors = NDArray[np.float32]
Stored = NDArray[np.int8]
SILENT = frozenset({"the", "and", "of", "for", "with", "in", "or", "to", "an", "by", "on", "from", "other", "not", "than", "at"})
"""Words that say nothing of what goods are."""
_WORD = re.compile(r"[a-z]{2,}")
_STEPS = 127
_RIDGE, _ROUNDS = 1.0, 30
_SINGLE = 0.4
"""Of a single Chinese character, which says less than a pair does."""


@cache
def english_words() -> tuple[Mapping[str, int], Stored]:
    """The numbers of the words, and their rows."""
    folder = resources.files(__package__)
    words = folder.joinpath("words_en.txt").read_text("utf-8").split()
    rows: Stored = np.load(BytesIO(folder.joinpath("words_en.npy").read_bytes()), allow_pickle=False)
    return {word: number for number, word in enumerate(words)}, rows


def english(texts: Iterable[str]) -> Vectors:
    """A vector for each text; its length is the root of the share of the words that are known, 1 for all of them."""
    numbers, rows = english_words()
    said = [_WORD.findall(text.lower()) for text in texts]
    known = [known_words(words, numbers) for words in said]
    shares = [sum(word in numbers for word in words) / max(len(words), 1) for words in said]
    return _of_length([rows[own].sum(axis=0, dtype=np.float32) for own in known], shares, rows.shape[1])


def known_words(words: Iterable[str], numbers: Mapping[str, int]) -> list[int]:
    """The numbers of the words that have one, of silent ones only if there are no others."""
    found = [word for word in words if word in numbers]
    return [numbers[word] for word in found if word not in SILENT] or [numbers[word] for word in found]


def chinese(texts: Iterable[str], numbers: Mapping[str, int], known: NDArray[np.int32], rows: Stored) -> Vectors:
    """The same of Chinese texts: `numbers` are those of terms, `known` the sorted numbers of the terms that have one of `rows`."""
    found, shares = [], []
    for text in texts:
        weights = _weights(text)
        said = np.array([numbers.get(term, -1) for term in weights], dtype=np.int32)
        at = np.searchsorted(known, said)
        own = at < len(known)
        own[own] = known[at[own]] == said[own]
        share = np.array(list(weights.values()), dtype=np.float32)
        found.append(share[own] @ rows[at[own]].astype(np.float32))
        shares.append(float(share[own].sum()) / max(float(share.sum()), 1e-9))
    return _of_length(found, shares, rows.shape[1])


def fitted_chinese(pairs: Sequence[tuple[str, str]]) -> tuple[list[str], Stored]:
    """Chinese terms and their rows for `chinese`, from names and what the same goods are called in English: least squares with a ridge."""
    from scipy.sparse import csr_matrix  # noqa: PLC0415 – only building waits for it

    said = [_weights(name) for name, _ in pairs]
    numbers = {term: number for number, term in enumerate(sorted({term for own in said for term in own}))}
    wanted = english(called for _, called in pairs)
    if not numbers:
        return [], stored(np.zeros((0, wanted.shape[1]), dtype=np.float32))
    spans = np.array([len(own) for own in said])
    values = np.array([weight for own in said for weight in own.values()], dtype=np.float32)
    rows = np.repeat(np.arange(len(said)), spans)
    values /= np.sqrt(np.bincount(rows, values**2, len(said)))[rows].astype(np.float32)
    sums = csr_matrix((values, (rows, [numbers[term] for own in said for term in own])), shape=(len(said), len(numbers)))
    found = least_squares(sums, wanted, _RIDGE, _ROUNDS)
    return list(numbers), stored(found / max(float(np.quantile(np.abs(found), 0.9995)), 1e-9))


def least_squares(sums: csr_matrix, wanted: Vectors, ridge: float, rounds: int) -> Vectors:
    """The rows whose sums come nearest to `wanted`, with a ridge: conjugate gradients, each column by itself, for so many rounds."""
    back = sums.T.tocsr()
    rest: Vectors = np.asarray(back @ wanted, dtype=np.float32)
    found, step, size = np.zeros_like(rest), rest.copy(), (rest**2).sum(axis=0)
    for _ in range(rounds):
        bent = back @ (sums @ step) + ridge * step
        pace = size / np.maximum((step * bent).sum(axis=0), 1e-12)
        found += pace * step
        rest -= pace * bent
        left = (rest**2).sum(axis=0)
        step = rest + left / np.maximum(size, 1e-12) * step
        size = left
    return found


def counted_english(texts: Sequence[str]) -> tuple[Vectors, Vectors]:
    """The sum of the rows of each text's words, and its words that are known and all of them: texts by dimensions, and by two. Whole numbers."""
    numbers, rows = english_words()
    sums, counts = np.zeros((len(texts), rows.shape[1]), dtype=np.float32), np.zeros((len(texts), 2), dtype=np.float32)
    for at, text in enumerate(texts):
        words = _WORD.findall(text.lower())
        sums[at] = rows[known_words(words, numbers)].sum(axis=0, dtype=np.int64)
        counts[at] = sum(word in numbers for word in words), len(words)
    return sums, counts


def counted_chinese(terms: NDArray[np.int64], counted: Vectors, known: NDArray[np.int32], rows: Stored) -> tuple[Vectors, Vectors]:
    """The same of texts by their terms: `terms` are numbers in the vocabulary (-1: none), `counted` how often each text (texts by terms) counts each."""
    at = np.searchsorted(known, terms)
    has = np.flatnonzero(at < len(known))
    has = has[known[at[has]] == terms[has]]
    own = counted[:, has]
    return own @ rows[at[has]].astype(np.float32), np.stack([own.sum(axis=1), counted.sum(axis=1)], axis=1)


def directions(sums: Vectors, counts: Vectors) -> tuple[Vectors, NDArray[np.float64]]:
    """Of sums of rows their directions in 127 whole steps, and how long they are: the root of the share of the text that is known. The same everywhere, since
    sums are of whole numbers, and quotients and roots are rounded by one rule."""
    whole = sums.astype(np.int64)
    lengths = np.sqrt((whole * whole).sum(axis=1).astype(np.float64))
    found = np.rint(sums.astype(np.float64) * _STEPS / np.maximum(lengths, 1.0)[:, None]).astype(np.float32)
    shares = np.sqrt(counts[:, 0].astype(np.float64) / np.maximum(counts[:, 1], 1.0))
    return found, shares


def _weights(text: str) -> dict[str, float]:
    return {term: _SINGLE if len(term) == 1 and not term.isascii() else 1.0 for term in terms(text)}


def _of_length(found: Sequence[Vectors], shares: Sequence[float], size: int) -> Vectors:
    """Vectors, each of `size`, as one matrix with rows as long as the roots of the shares."""
    vectors: Vectors = np.array(found, dtype=np.float32).reshape(len(found), size)
    lengths = np.maximum(np.linalg.norm(vectors, axis=1), 1e-9)
    scaled: Vectors = vectors * (np.sqrt(np.array(shares, dtype=np.float32)) / lengths)[:, None]
    return scaled


def stored(vectors: Vectors) -> Stored:
    """Numbers between -1 and 1 in a byte each."""
    return np.clip(np.rint(vectors * _STEPS), -_STEPS, _STEPS).astype(np.int8)


def nearness(stored_rows: Stored, vectors: Vectors) -> Vectors:
    """How near vectors (k rows) and stored ones (n rows) are, 0 to 1: k by n."""
    near: Vectors = np.maximum(vectors @ stored_rows.astype(np.float32).T / _STEPS, 0)
    return near
