"""Sparse term weights: Okapi BM25 over documents and cosine over short names, each a matrix of terms by documents that one query is multiplied with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float32]
Mask = NDArray[np.bool_]
K1, B = 1.2, 0.6
Scheme = Literal["bm25", "cosine"]
_SCHEMES: tuple[Scheme, ...] = ("bm25", "cosine")


@dataclass(frozen=True, slots=True)
class TermMatrix:
    """`scores` of a query over all documents, 0 to 1: the share of the query that a document answers (bm25), or how like they are (cosine).

    `vocabulary` numbers the terms; the documents of term number n are `documents[starts[n]:starts[n + 1]]`, what it weighs in them stands in `weights`.
    Documents that are not `live` answer nothing.
    """

    vocabulary: Mapping[str, int]
    starts: NDArray[np.int32]
    documents: NDArray[np.int32]
    weights: NDArray[np.float32]
    rarity: NDArray[np.float32]
    size: NDArray[np.int32]
    """Number of documents, of those that are counted, and of the scheme."""
    live: Mask | None = None

    @classmethod
    def of(cls, documents: Iterable[Sequence[str]], scheme: Scheme, vocabulary: dict[str, int], counted: Mask | None = None) -> TermMatrix:
        """Weigh documents, adding to `vocabulary` what it lacks. Only documents that are `counted` (all, if None) make their terms less rare."""
        lengths: list[int] = []
        numbers: list[int] = []
        times: list[int] = []
        spans: list[int] = []
        for document in documents:
            count = Counter(document)
            lengths.append(max(1, len(document)))
            spans.append(len(count))
            numbers += [vocabulary.setdefault(term, len(vocabulary)) for term in count]
            times += count.values()
        columns = np.repeat(np.arange(len(spans), dtype=np.int32), spans)
        rows, repeated = np.array(numbers, dtype=np.int32), np.array(times, dtype=np.float64)
        norms = K1 * (1 - B + B * np.array(lengths) / max(1.0, float(np.mean(lengths)) if lengths else 1.0))
        values = repeated / (repeated + norms[columns]) if scheme == "bm25" else 1 + np.log(repeated)
        counts = len(spans) if counted is None else int(counted.sum())
        spread = np.bincount(rows if counted is None else rows[counted[columns]], minlength=len(vocabulary))
        rarity = np.log1p((counts - spread + 0.5) / (spread + 0.5))
        values *= rarity[rows]
        if scheme == "cosine":
            values /= np.maximum(np.sqrt(np.bincount(columns, values**2, minlength=len(spans))), 1e-9)[columns]
        order = np.argsort(rows, kind="stable")
        starts = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=len(vocabulary)))]).astype(np.int32)
        size = np.array([len(spans), counts, _SCHEMES.index(scheme)], dtype=np.int32)
        return cls(vocabulary, starts, columns[order], values[order].astype(np.float32), rarity.astype(np.float32), size)

    @classmethod
    def stored(cls, arrays: Mapping[str, NDArray[Any]], name: str, vocabulary: Mapping[str, int]) -> TermMatrix:
        """What `arrays` gave, under `name`. Raises KeyError."""
        return cls(vocabulary, *(arrays[f"{name}.{part}"] for part in ("starts", "documents", "weights", "rarity", "size")))

    def arrays(self, name: str) -> dict[str, NDArray[Any]]:
        """What there is to store but for the vocabulary."""
        return {f"{name}.{part}": getattr(self, part) for part in ("starts", "documents", "weights", "rarity", "size")}

    def among(self, live: Mask) -> TermMatrix:
        """The same, of which only documents that are `live` answer."""
        return replace(self, live=live)

    def scores(self, weights: Mapping[str, float]) -> Scores:
        """Of every document, for a query of weighted terms."""
        unseen = np.float32(np.log1p(2 * self.size[1] + 1))
        found = np.zeros(self.size[0], dtype=np.float32)
        whole, known = 0.0, []
        cosine = _SCHEMES[self.size[2]] == "cosine"
        for term, weight in weights.items():
            row = self.vocabulary.get(term, len(self.rarity))
            rarity = float(self.rarity[row] if row < len(self.rarity) else unseen)
            holders = slice(self.starts[row], self.starts[row + 1]) if row < len(self.rarity) else slice(0, 0)
            own = weight * rarity
            # What no document says says little of how much of the query is answered.
            seen = rarity < unseen or self._says(holders)
            whole += (1.0 if seen else 0.5) * (own**2 if cosine else own)
            if seen:
                known.append((holders, own if cosine else weight))
        share = np.sqrt(whole) if cosine else whole
        for holders, weight in known:
            found[self.documents[holders]] += np.float32(weight / share) * self.weights[holders]
        return found if self.live is None else found * self.live

    def _says(self, holders: slice) -> bool:
        """Whether any of the documents is live."""
        documents = self.documents[holders]
        return bool(len(documents) if self.live is None else self.live[documents].any())
