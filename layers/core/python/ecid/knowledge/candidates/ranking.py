"""From evidence to ranked candidates: a nested logit, headings first, then the subheadings of each, so that what comes out are probabilities."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from math import exp
from typing import Literal

import numpy as np

from ecid.errors import Language
from ecid.knowledge.candidates.features import Evidence, Row
from ecid.knowledge.candidates.index import CandidateIndex

Weights = Mapping[str, Mapping[str, float]]
"""By level ("heading", "subheading") the weight of each feature; "heading_sharpness" and "subheading_sharpness" say how much is made of
the sum, as a logarithm: `constant`, and of each `clarity` of the evidence its weight. Without them nothing is changed."""
_PLAIN: Mapping[str, float] = {}


@cache
def load_weights() -> Mapping[Language, Weights]:
    """The reviewed weights of each language, as `tools/evaluate_candidates.py --fit` found them."""
    return tomllib.loads(resources.files(__package__).joinpath("weights.toml").read_text("utf-8"))  # type: ignore[return-value]


@dataclass(frozen=True)
class Ranking:
    """Probability of every code and every heading of the index."""

    at_codes: Row
    at_headings: Row


def ranked(evidence: Evidence, index: CandidateIndex, weights: Weights) -> Ranking:
    """Weigh the evidence. Probabilities of headings sum to 1, those of codes to their heading's."""
    heads, starts = index.heads, index.starts
    at_headings = _softmax(utility(evidence, weights, "heading"))
    at_codes = utility(evidence, weights, "subheading")
    raised: Row = np.exp(at_codes - np.maximum.reduceat(at_codes, starts)[heads])
    within = raised / np.add.reduceat(raised, starts)[heads]
    return Ranking((within * at_headings[heads]).astype(np.float32), at_headings)


def utility(evidence: Evidence, weights: Weights, level: Literal["heading", "subheading"]) -> Row:
    """The weighted sum of the evidence for each heading or code, sharpened."""
    features = evidence.at_headings if level == "heading" else evidence.at_codes
    size = len(next(iter(features.values())))
    added: Row = sum((np.float32(weight) * features[name] for name, weight in weights[level].items()), np.zeros(size, dtype=np.float32))
    return added * np.float32(sharpness(weights.get(f"{level}_sharpness", _PLAIN), evidence.clarity))


def sharpness(weights: Mapping[str, float], clarity: Mapping[str, float]) -> float:
    """How much is made of a weighted sum: 1 for no weights."""
    return exp(sum(weight * clarity.get(name, 1.0) for name, weight in weights.items()))


def _softmax(utility: Row) -> Row:
    raised: Row = np.exp(utility - utility.max())
    shares: Row = raised / raised.sum()
    return shares
