"""Fitting the weights: the likeliest ones for goods whose codes are known (conditional logit), none against its sense. The same goods, the same weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

Matrix = NDArray[np.float32]
AGAINST = frozenset({"against", "unsettled", "whole"})
"""Features that speak against a code; all others speak for one."""
EXPECTED: Mapping[str, float] = {"towards": 1.5, "settled": 1.5, "against": -2.0, "unsettled": -1.5, "ending": 1.5, "same": 1.5, "part": 1.0, "whole": -0.5}
"""What reviewed knowledge is taken to weigh until goods tell otherwise: the law's own rules stand in few examples."""


@dataclass(frozen=True)
class Choice:
    """Options with their features (options by features), which of them are right (their numbers), and how much the example counts."""

    features: Matrix
    right: tuple[int, ...]
    weight: float = 1.0


def fit(choices: Sequence[Choice], names: Sequence[str], ridge: float) -> dict[str, float]:
    """The weight of each feature: maximises the mean log probability that a right option is chosen, less `ridge` times the squared distance from `EXPECTED`."""
    expected = np.array([EXPECTED.get(name, 0.0) for name in names])
    total = sum(choice.weight for choice in choices)

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        value, slope = 0.0, np.zeros(len(names))
        for choice in choices:
            utility = choice.features @ weights
            raised = np.exp(utility - utility.max())
            shares = raised / raised.sum()
            own = shares[list(choice.right)]
            right = float(own.sum()) + 1e-12
            value -= choice.weight * float(np.log(right))
            slope -= choice.weight * ((own / right) @ choice.features[list(choice.right)] - shares @ choice.features)
        off = weights - expected
        return value / total + ridge * float(off @ off), slope / total + 2 * ridge * off

    bounds = [(None, 0.0) if name in AGAINST else (0.0, None) for name in names]
    found = minimize(loss, expected, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 200})
    return {name: round(float(weight), 3) for name, weight in zip(names, found.x, strict=True) if abs(weight) >= 0.05}
