"""The default embedder: latent semantic analysis over the records that say the same in both languages. No download, no network, both languages at once.

A record's Chinese and English stand in one document when the space is made, so that 锂离子蓄电池 and *lithium-ion accumulator* end up side by side.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ecid.knowledge.retrieval.text import normalise, terms

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Vectors = NDArray[np.float32]
VERSION = "lsa-1"
_FEATURES, _RARE, _SEED, _GRAM = 40_000, 3, 20260523, 4
_MANY = 100
"""Documents from which on a feature that fewer than `_RARE` of them have is left out."""
_FILES = ("features.txt", "weights.npy", "space.npy")


class Embedder:
    """Texts to unit vectors of `dimensions` numbers. `id` names the way and the space: vectors under different ids cannot be compared."""

    def __init__(self, name: str, features: Mapping[str, int], weights: Vectors, space: NDArray[np.float16]) -> None:
        self.id = name
        self._features = features
        self._weights = weights
        self._space = space
        self.dimensions = int(space.shape[1])

    @classmethod
    def fitted(cls, documents: Sequence[str], dimensions: int) -> Embedder:
        """Make the space from documents (both languages of a record in one). One thread and a fixed seed: the same documents give the same space."""
        from sklearn.utils.extmath import randomized_svd  # noqa: PLC0415 – a second that only building is to wait for
        from threadpoolctl import threadpool_limits  # noqa: PLC0415

        counts = [Counter(features_of(document)) for document in documents]
        rare = _RARE if len(documents) >= _MANY else 1
        spread = Counter(feature for count in counts for feature in count)
        kept = sorted((feature for feature, number in spread.items() if number >= rare), key=lambda feature: (-spread[feature], feature))[:_FEATURES]
        features = {feature: at for at, feature in enumerate(kept)}
        weights = np.array([np.log((1 + len(documents)) / (1 + spread[feature])) + 1 for feature in kept], dtype=np.float32)
        matrix = _matrix(counts, features, weights)
        rank = min(dimensions, *matrix.shape)
        components = np.zeros((1, len(kept)), dtype=np.float32)
        if rank:
            with threadpool_limits(1):
                _, _, components = randomized_svd(matrix, rank, n_iter=3, random_state=_SEED)
        space = np.ascontiguousarray(components.T.astype(np.float16))
        digest = hashlib.sha256(json.dumps(kept, ensure_ascii=False).encode() + weights.tobytes() + space.tobytes())
        return cls(f"{VERSION}-{space.shape[1]}-{digest.hexdigest()[:12]}", features, weights, space)

    @classmethod
    def open(cls, folder: Path) -> Embedder:
        """What `save` wrote; the space is mapped, not read. Raises OSError or ValueError for what is not there or damaged."""
        features, weights, space = (folder / name for name in _FILES)
        name, *kept = features.read_text("utf-8").split("\n")
        if len(kept) != np.load(weights, mmap_mode="r").shape[0]:
            raise ValueError("features are missing")
        return cls(name, dict(zip(kept, range(len(kept)), strict=True)), np.load(weights), np.load(space, mmap_mode="r"))

    def save(self, folder: Path) -> None:
        """Write the space."""
        folder.mkdir(parents=True, exist_ok=True)
        features, weights, space = (folder / name for name in _FILES)
        features.write_text("\n".join([self.id, *self._features]), "utf-8")
        np.save(weights, self._weights)
        np.save(space, self._space)

    def embed(self, texts: Iterable[str]) -> Vectors:
        """One row a text; a text of which nothing is known is the zero vector."""
        counts = [Counter(features_of(text)) for text in texts]
        rows = np.zeros((len(counts), self.dimensions), dtype=np.float32)
        for at, count in enumerate(counts):
            known = [(self._features[feature], number) for feature, number in count.items() if feature in self._features]
            if known:
                numbers = np.array([number for number, _ in known])
                values = (1 + np.log(np.array([times for _, times in known], dtype=np.float32))) * self._weights[numbers]
                rows[at] = values @ self._space[numbers].astype(np.float32)
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        rows /= np.where(lengths > 0, lengths, 1)
        return rows


def features_of(text: str) -> list[str]:
    """Index terms, and of English words their runs of four letters as well, which forgive a typing error."""
    found = terms(text)
    for word in normalise(text).split():
        if word.isascii() and word.isalpha() and len(word) > _GRAM:
            padded = f"<{word}>"
            found += (f"#{padded[at : at + _GRAM]}" for at in range(len(padded) - _GRAM + 1))
    return found


def _matrix(counts: Sequence[Counter[str]], features: dict[str, int], weights: Vectors) -> csr_matrix:
    from scipy.sparse import csr_matrix  # noqa: PLC0415

    columns: list[int] = []
    values: list[float] = []
    starts = [0]
    for count in counts:
        known = [(features[feature], number) for feature, number in count.items() if feature in features]
        row = np.array([(1 + np.log(number)) * weights[at] for at, number in known], dtype=np.float32)
        length = float(np.linalg.norm(row)) or 1.0
        columns += (at for at, _ in known)
        values += (row / length).tolist()
        starts.append(len(columns))
    return csr_matrix((values, columns, starts), shape=(len(counts), len(features)), dtype=np.float32)
