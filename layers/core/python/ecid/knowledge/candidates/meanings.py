"""Vectors in whole steps, for many questions at once: how near the nearest of each heading and each code is. Products are of whole numbers that floats hold
exactly, so that no processor, no library and no size of a batch changes them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ecid.knowledge.candidates.postings import Numbers, Whole

STEPS = 127
"""Of a vector of length 1."""
_PART = 2_048
"""Rows whose products are made at once, so that they stay in the processor's cache."""


class Groups:
    """Rows in groups, laid out for the most of each group: first one row of every group, the largest groups first, then a second one of those that have two…"""

    def __init__(self, groups: Numbers, count: int) -> None:
        """`groups` gives the group of every row, a number under `count`."""
        sizes = np.bincount(groups, minlength=count)
        by_size = np.argsort(-sizes, kind="stable")
        self.place = np.empty(count, dtype=np.int64)
        self.place[by_size] = np.arange(count)
        """Where the most of each group stands."""
        rows = np.argsort(groups, kind="stable")
        within = np.arange(len(rows)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        self.order = rows[np.lexsort((self.place[groups[rows]], within))]
        """The rows in the order in which `most` takes them."""
        self._starts = np.append(0, np.cumsum(np.bincount(within))).tolist()

    def most(self, values: Whole, found: Whole, begin: int = 0) -> None:
        """Raise `found` (places by columns) to `values`, which are rows of `order` from its number `begin` on."""
        for start, end in pairwise(self._starts):
            low, high = max(start, begin), min(end, begin + len(values))
            if low < high:
                own = found[low - start : high - start]
                np.maximum(own, values[low - begin : high - begin], out=own)

    def rows_of(self, place: int) -> list[int]:
        """Where in `order` the rows of the group at a place are."""
        return [start + place for start, end in pairwise(self._starts) if start + place < end]


@dataclass(frozen=True, slots=True)
class Nearness:
    """How near the nearest is, in steps by steps: `at_headings`, vectors by headings; 0 where nothing is near."""

    at_headings: Whole
    _most: Whole
    _place_of_code: Numbers

    def at_codes(self, vectors: Numbers, codes: Numbers) -> Whole:
        """The same of single codes: `codes[i]` for the vector of number `vectors[i]`."""
        found: Whole = self._most[self._place_of_code[codes], vectors]
        return found


class Meanings:
    """Stored vectors, each under a heading and maybe a code."""

    def __init__(self, rows: NDArray[np.int8], numbers: Numbers, heads: NDArray[np.int32], codes: NDArray[np.int32], sizes: tuple[int, int]) -> None:
        """`numbers` are those of the rows that have a say; `heads` and `codes` (-1 for none) tell of every row what it is under, `sizes` how many there are."""
        self._sizes = sizes
        pairs, of = np.unique(heads[numbers].astype(np.int64) * (sizes[1] + 1) + codes[numbers] + 1, return_inverse=True)
        own_heads, own_codes = np.divmod(pairs, sizes[1] + 1)
        self._pairs, self._heads = Groups(of, len(pairs)), Groups(own_heads, sizes[0])
        self._numbers = numbers[self._pairs.order]
        self._rows = rows[self._numbers].astype(np.float32)
        self._into_heads = self._pairs.place[self._heads.order]
        self._place_of_code = np.full(sizes[1], len(pairs))
        self._place_of_code[own_codes[own_codes > 0] - 1] = self._pairs.place[own_codes > 0]
        self._place_of_heading = dict(zip(own_heads[own_codes == 0].tolist(), self._pairs.place[own_codes == 0].tolist(), strict=True))

    @cached_property
    def _positions(self) -> dict[int, int]:
        return {number: at for at, number in enumerate(self._numbers.tolist())}

    def nearest(self, vectors: Whole, without: Mapping[int, Collection[int]]) -> Nearness:
        """To each vector. `without`: by vector, numbers of rows that have no say."""
        columns = np.ascontiguousarray(vectors.T)
        most = np.zeros((len(self._pairs.place) + 1, len(vectors)), dtype=np.float32)
        for begin in range(0, len(self._rows), _PART):
            products = self._rows[begin : begin + _PART] @ columns
            for vector, hidden in without.items():
                positions = (self._positions.get(number, -1) - begin for number in hidden)
                products[[at for at in positions if 0 <= at < len(products)], vector] = 0
            self._pairs.most(products, most, begin)
        heads = np.zeros((self._sizes[0], len(vectors)), dtype=np.float32)
        self._heads.most(most[self._into_heads], heads)
        return Nearness(heads[self._heads.place].T, most, self._place_of_code)

    def nearest_under(self, vector: Whole, heading: int, code: int) -> tuple[int, int] | None:
        """The number of the row that is nearest to a vector of those under a code or right under its heading, and how near it is; None where there is none."""
        places = (int(self._place_of_code[code]), self._place_of_heading.get(heading, len(self._pairs.place)))
        own = [at for place in places for at in self._pairs.rows_of(place)]
        if not own:
            return None
        near = (self._rows[own] @ vector).astype(np.int64).tolist()
        best = max(zip(near, own, strict=True), key=lambda one: (one[0], -int(self._numbers[one[1]])))
        return int(self._numbers[best[1]]), best[0]
