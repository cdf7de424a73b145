"""What single goods tell of headings and codes beyond likeness, for placing: names that they are called by, traits, fibres, measures, notes and pairs."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from ecid.knowledge.candidates.composition import Composition, bit, composed
from ecid.knowledge.candidates.features import called
from ecid.knowledge.candidates.goods import Goods
from ecid.knowledge.candidates.index import CandidateIndex
from ecid.knowledge.candidates.limits import PARTS, SHARE, load_measures, stated
from ecid.knowledge.candidates.postings import Numbers, Shares
from ecid.knowledge.candidates.rules import Ruled, judged_by_rules
from ecid.knowledge.candidates.traits import fitting

TOLD = (
    *("same", "ending", "trait", "other_trait", "fallback", "fibre", "other_fibre", "within", "beyond"),
    *("towards", "against", "settled", "unsettled"),
)
"""The features."""
_UNSTATED = 0.5
"""What a fibre counts that is named without its share."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What a feature is at headings and at codes, by their numbers in order; 0 at all others."""

    headings: Numbers
    at_headings: Shares
    codes: Numbers
    at_codes: Shares

    def add_to(self, sums: Shares, weight: float, start: int) -> None:
        """Add it, times the weight, to the sums of the codes from `start` on."""
        low, high = self.codes.searchsorted((start, start + len(sums)))
        if low < high:
            sums[self.codes[low:high] - start] += weight * self.at_codes[low:high]


@dataclass(frozen=True, slots=True)
class Told:
    """By feature, its marks; features that goods tell nothing of are left out. `ruled` as `rules.judged_by_rules` found it; `called_under` are the headings
    of the longest name that is the goods' own, or ends it: 电动螺丝刀 has the say, not 螺丝刀."""

    marks: Mapping[str, Mark]
    ruled: tuple[Ruled, ...]
    called_under: frozenset[int]


class Teller:
    """Reads goods against the index of a day. Marks are remembered by what was told, since goods tell the same things."""

    def __init__(self, index: CandidateIndex) -> None:
        self._index = index
        self._sizes = np.bincount(index.heads, minlength=len(index.headings))
        codes, measures, low, high = index.limits.T
        own = {measure.name: measures == number for number, measure in enumerate(load_measures())}
        self._limits = {name: (codes[rows], low[rows], high[rows]) for name, rows in own.items() if rows.any()}
        self._prefixed = lru_cache(maxsize=4_096)(self._of_prefixes)
        self._of_fibre = lru_cache(maxsize=256)(self._fibre)
        self._of_measures = lru_cache(maxsize=4_096)(self._measures)

    def told(self, goods: Goods, without: Collection[str]) -> Told:
        """All that the goods tell; records `without` name nothing."""
        marks, called_under = self._called(goods, without)
        said, ruled = fitting(goods), judged_by_rules(self._index, goods)
        noted, settled = ([rule for rule in ruled if (rule.kind == "settled") is kind] for kind in (False, True))
        for name, prefixes in (("trait", said.towards), ("fallback", said.fallback), ("towards", _towards(noted)), ("settled", _towards(settled))):
            if prefixes:
                marks[name] = self._prefixed(prefixes, whole=False)
        for name, prefixes in (("other_trait", said.against), ("against", _against(noted)), ("unsettled", _against(settled))):
            if prefixes:
                marks[name] = self._prefixed(prefixes, whole=True)
        made_of, values = composed(goods), stated(goods)
        if made_of is not None:
            marks |= self._of_fibre(made_of.fibre, shared=made_of.share > 0)
        if values or (made_of is not None and made_of.share):
            marks |= self._of_measures(tuple(sorted(values.items())), made_of)
        return Told(marks, tuple(ruled), called_under)

    def _called(self, goods: Goods, without: Collection[str]) -> tuple[dict[str, Mark], frozenset[int]]:
        """`same`: names that are the goods' own; `ending`: names that end it. Each heading and code has the most that any of them is of the name."""
        found: dict[str, tuple[dict[int, float], dict[int, float]]] = {}
        longest: frozenset[int] = frozenset()
        for kind, share, numbers in called(self._index, goods, without):
            heads, codes = (own[numbers].tolist() for own in (self._index.name_heads[goods.lang], self._index.name_targets[goods.lang]))
            longest = longest or frozenset(heads)
            value = share / sqrt(len(set(heads)))
            for most, own in zip(found.setdefault(kind, ({}, {})), (heads, codes), strict=True):
                for number in own:
                    most[number] = max(most.get(number, 0.0), value)
        return {
            kind: Mark(*_numbered(heads), *_numbered({at: value for at, value in codes.items() if at >= 0})) for kind, (heads, codes) in found.items()
        }, longest

    def _of_prefixes(self, prefixes: tuple[str, ...], *, whole: bool) -> Mark:
        spans = [np.arange(bisect_left(self._index.codes, prefix), bisect_left(self._index.codes, f"{prefix}~")) for prefix in prefixes]
        return self._mark(np.unique(np.concatenate(spans)), 1.0, whole=whole)

    def _mark(self, codes: NDArray[np.integer], value: float, *, whole: bool) -> Mark:
        """What is said of codes is said of their headings; what speaks against (`whole`) only of those all of whose codes it speaks against."""
        headings, counts = np.unique(self._index.heads[codes], return_counts=True)
        headings = headings[counts == self._sizes[headings]] if whole else headings
        return Mark(headings.astype(np.int64), np.full(len(headings), value), codes.astype(np.int64), np.full(len(codes), value))

    def _fibre(self, fibre: str, *, shared: bool) -> dict[str, Mark]:
        fibres, value = self._index.fibres, 1.0 if shared else _UNSTATED
        own = (fibres & bit(fibre)) > 0
        return {
            "fibre": self._mark(np.flatnonzero(own), value, whole=False),
            "other_fibre": self._mark(np.flatnonzero((fibres > 0) & ~own), value, whole=True),
        }

    def _measures(self, values: tuple[tuple[str, int], ...], made_of: Composition | None) -> dict[str, Mark]:
        """`within` codes' limits; `beyond` one of them."""
        within, beyond = set(), set()
        told = dict(values)
        for name, (codes, low, high) in self._limits.items():
            value, concerned = told.get(name), np.ones(len(codes), dtype=np.bool_)
            if name == SHARE and made_of is not None and made_of.share:
                value, concerned = made_of.share * PARTS // 100, (self._index.fibres[codes] & bit(made_of.fibre)) > 0
            if value is not None:
                fits = (low <= value) & (value <= high)
                within |= set(codes[concerned & fits].tolist())
                beyond |= set(codes[concerned & ~fits].tolist())
        named = (("within", within - beyond, False), ("beyond", beyond, True))
        return {name: self._mark(np.array(sorted(codes)), 1.0, whole=whole) for name, codes, whole in named if codes}


def _towards(ruled: Collection[Ruled]) -> tuple[str, ...]:
    return tuple(code for rule in ruled for code in rule.towards)


def _against(ruled: Collection[Ruled]) -> tuple[str, ...]:
    return tuple(code for rule in ruled for code in rule.against)


def _numbered(values: Mapping[int, float]) -> tuple[Numbers, Shares]:
    order = sorted(values)
    return np.array(order, dtype=np.int64), np.array([values[number] for number in order], dtype=np.float64)
