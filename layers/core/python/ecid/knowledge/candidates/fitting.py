"""Fitting the weights: the likeliest ones for goods whose codes are known (conditional logit), none against its sense; and how sharply they are to be read.

The same goods, the same weights.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

Matrix = NDArray[np.float32]
AGAINST = frozenset({"against", "unsettled", "whole", "other_trait", "other_fibre", "beyond"})
"""Features that speak against a code; all others speak for one."""
EXPECTED: Mapping[str, float] = {
    "towards": 1.5,
    "settled": 1.5,
    "against": -2.0,
    "unsettled": -1.5,
    "ending": 1.5,
    "same": 1.5,
    "part": 1.0,
    "whole": -0.5,
    "fibre": 0.5,
    "other_fibre": -1.5,
    "within": 0.5,
    "beyond": -1.5,
}
"""What reviewed knowledge is taken to weigh until goods tell otherwise: the law's own rules stand in few examples."""
_LEAST = 1e-6


@dataclass(frozen=True)
class Choice:
    """Options with their features (options by features), which of them are right (their numbers), and how much the example counts."""

    features: Matrix
    right: tuple[int, ...]
    weight: float = 1.0


@dataclass(frozen=True)
class Stated:
    """The weighted sums of options, whether the best of them is right, what is known of how clear the description is, and how much the example counts."""

    sums: Matrix
    right: bool
    clarity: Mapping[str, float]
    weight: float = 1.0


def fit(choices: Sequence[Choice], names: Sequence[str], ridge: float) -> dict[str, float]:
    """The weight of each feature: maximises the mean log probability that a right option is chosen, less `ridge` times the squared distance from `EXPECTED`."""
    expected = np.array([EXPECTED.get(name, 0.0) for name in names])
    sizes = np.array([len(choice.features) for choice in choices])
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    of = np.repeat(np.arange(len(choices)), sizes)
    features = np.concatenate([choice.features for choice in choices]).astype(np.float64)
    right = np.zeros(len(features))
    for start, choice in zip(starts, choices, strict=True):
        right[start + np.array(choice.right, dtype=np.int64)] = 1
    counts = np.array([choice.weight for choice in choices])
    counts /= counts.sum()

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        utility = features @ weights
        raised = np.exp(utility - np.maximum.reduceat(utility, starts)[of])
        shares = raised / np.add.reduceat(raised, starts)[of]
        own = np.add.reduceat(shares * right, starts) + 1e-12
        slope = ((1 - right / own[of]) * shares * counts[of]) @ features
        off = weights - expected
        return float(-counts @ np.log(own) + ridge * off @ off), slope + 2 * ridge * off

    bounds = [(None, 0.0) if name in AGAINST else (0.0, None) for name in names]
    found = minimize(loss, expected, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 200})
    return {name: round(float(weight), 3) for name, weight in zip(names, found.x, strict=True) if abs(weight) >= 0.05}


def fit_sharpness(examples: Sequence[Stated], names: Sequence[str], ridge: float) -> dict[str, float]:
    """The weights of `constant` and of each clarity for `ranking.sharpness`, with which the probability of the best option is likeliest to come true."""
    width = max(len(example.sums) for example in examples)
    below = np.full((len(examples), width), -np.inf)
    for row, example in zip(below, examples, strict=True):
        row[: len(example.sums)] = example.sums - example.sums.max()
    clear = np.array([[1.0, *(example.clarity[name] for name in names)] for example in examples])
    true = np.array([example.right for example in examples])
    counts = np.array([example.weight for example in examples])
    counts /= counts.sum()

    def loss(weights: NDArray[np.float64]) -> float:
        with np.errstate(invalid="ignore"):
            stated = 1 / np.exp(below * np.exp(np.clip(clear @ weights, -4, 4))[:, None]).sum(axis=1)
        stated = np.clip(stated, _LEAST, 1 - _LEAST)
        return float(-counts @ np.where(true, np.log(stated), np.log(1 - stated)) + ridge * weights[1:] @ weights[1:])

    found = minimize(loss, np.zeros(1 + len(names)), method="L-BFGS-B", options={"maxiter": 200})
    return {name: round(float(weight), 3) for name, weight in zip(["constant", *names], found.x, strict=True)}
