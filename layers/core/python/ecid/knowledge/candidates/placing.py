"""Where many goods belong, each by its own evidence: how likely every heading is, and within a heading every code.

Placing is what dimensions 4 and 9 of the score rest on. It looks at less than `features.evidence_for` does and weighs it by weights of its own, since it is
asked about all goods that were ever declared; what speaks for a code is counted only within headings that are in question. All of it is counted so that
neither the size nor the order of a batch, nor the machine, changes a probability (docs/candidates.md).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from math import exp

import numpy as np
from numpy.typing import NDArray

from ecid.errors import Language
from ecid.knowledge.candidates.placing_block import Asked, Block, Ground
from ecid.knowledge.candidates.postings import Numbers, Shares, spans

Weights = Mapping[str, Mapping[str, float]]
"""Of the features of a `heading` and of a code within one (`subheading`); and of each clarity in `heading_sharpness` and `subheading_sharpness`."""
_FINE = 1024
"""Parts of one in which sums of evidence are told apart."""
_DEEPEST = 40
"""How far below the best nothing is left of a probability."""


@cache
def load_placing_weights() -> Mapping[Language, Weights]:
    """The reviewed weights of each language, as `tools/fit_placing.py` found them."""
    return tomllib.loads(resources.files(__package__).joinpath("placing.toml").read_text("utf-8"))  # type: ignore[return-value]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Codes in question: those of the heading `headings[i]` for the goods of row `rows[i]` are `codes[starts[i]:ends[i]]`; `of` says of each code its `i`."""

    rows: Numbers
    headings: Numbers
    starts: Numbers
    ends: Numbers
    of: Numbers
    codes: Numbers


def pairs_of(ground: Ground, rows: Sequence[int], headings: Sequence[int]) -> Pairs:
    """All codes of headings, each for the goods of a row."""
    own = np.array(headings, dtype=np.int64)
    begins, ends = ground.index.starts[own].astype(np.int64), ground.ends[own]
    of, codes = spans(begins, ends)
    stops = np.cumsum(ends - begins)
    return Pairs(np.array(rows, dtype=np.int64), own, stops - (ends - begins), stops, of, codes)


class Placing:
    """Of each goods (rows), how likely headings are, and codes within them."""

    def __init__(self, block: Block, weights: Weights) -> None:
        self.block = block
        self._weights = weights
        self.at_headings = heading_shares(heading_sums(block, weights))

    @classmethod
    def of(cls, ground: Ground, asked: Sequence[Asked]) -> Placing:
        """By the reviewed weights."""
        return cls(Block(ground, asked), load_placing_weights()[ground.lang])

    def best_but(self, row: int, heading: int | None) -> int | None:
        """The likeliest heading but one, for the goods of a row; None where there is no other, or where that one is none."""
        others = self.at_headings[row].copy()
        if heading is None or len(others) < 2:
            return None
        others[heading] = -1
        return int(others.argmax())

    def within(self, asked: Sequence[tuple[int, int]]) -> Mapping[tuple[int, int], Mapping[str, float]]:
        """For rows and headings, the probability of every code of the heading."""
        if not asked:
            return {}
        pairs = pairs_of(self.block.ground, [row for row, _ in asked], [heading for _, heading in asked])
        shares = code_shares(code_sums(self.block, pairs, self._weights), pairs) * self.at_headings[pairs.rows, pairs.headings][pairs.of]
        found, codes = shares.tolist(), [self.block.ground.index.codes[at] for at in pairs.codes.tolist()]
        spans_of = zip(asked, pairs.starts.tolist(), pairs.ends.tolist(), strict=True)
        return {pair: dict(zip(codes[start:end], found[start:end], strict=True)) for pair, start, end in spans_of}


def heading_sums(block: Block, weights: Weights) -> Shares:
    """The weighted evidence for every heading, sharpened: goods by headings."""
    level = weights["heading"]
    added: Shares = np.zeros((len(block.asked), block.ground.sizes[0]))
    for name, values in block.heading_evidence():
        if name in level:
            added += level[name] * values
    for row, told in enumerate(block.told):
        for name, mark in told.marks.items():
            if name in level:
                added[row, mark.headings] += level[name] * mark.at_headings
    added *= np.array(_sharpness(block, weights, "heading_sharpness"))[:, None]
    return added


def code_sums(block: Block, pairs: Pairs, weights: Weights) -> Shares:
    """The weighted evidence for every code in question, sharpened."""
    level = weights["subheading"]
    added: Shares = np.zeros(len(pairs.codes))
    for name, values in block.code_evidence(pairs.rows[pairs.of], pairs.codes, pairs.starts):
        if name in level:
            added += level[name] * values
    for row, start, end in zip(pairs.rows.tolist(), pairs.starts.tolist(), pairs.ends.tolist(), strict=True):
        for name, mark in block.told[row].marks.items():
            if name in level:
                mark.add_to(added[start:end], level[name], int(pairs.codes[start]))
    added *= np.array(_sharpness(block, weights, "subheading_sharpness"))[pairs.rows[pairs.of]]
    return added


def heading_shares(sums: Shares) -> Shares:
    """Probabilities of headings, 1 in all for each goods."""
    raised = _raised(sums.max(axis=1, keepdims=True) - sums)
    shares: Shares = raised / raised.sum(axis=1, keepdims=True)
    return shares


def code_shares(sums: Shares, pairs: Pairs) -> Shares:
    """Probabilities of codes given their heading, 1 in all for each heading."""
    raised = _raised(np.maximum.reduceat(sums, pairs.starts)[pairs.of] - sums)
    shares: Shares = raised / np.add.reduceat(raised, pairs.starts)[pairs.of]
    return shares


def _sharpness(block: Block, weights: Weights, level: str) -> list[float]:
    """How much is made of the weighted sums of each goods."""
    own = weights.get(level, {})
    factors = (exp(sum(weight * clear.get(name, 1.0) for name, weight in own.items())) for clear in block.clarity)
    return [round(factor * _FINE) / _FINE for factor in factors]


def _raised(below: Shares) -> Shares:
    """`exp(-below)` in whole numbers."""
    found: Shares = _powers()[np.minimum(np.rint(below * _FINE), _DEEPEST * _FINE).astype(np.int64)]
    return found


@cache
def _powers() -> NDArray[np.float64]:
    return np.array([float(round(2**40 * exp(-step / _FINE))) for step in range(_DEEPEST * _FINE + 1)])
