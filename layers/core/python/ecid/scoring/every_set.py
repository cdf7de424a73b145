"""Every set of up to some twenty candidates at once: about a million losses in one array each, so that the cheapest is found in a second whatever they share.

Σ w · x is exact, in 64-bit integers. Losses are float64 and decide only where they are clear of a whole micropoint by `_CLEAR`, many times what rounding can
do; the others are computed in whole numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecid.scoring.dimensions import ALL_POINTS
from ecid.scoring.ground import Ground
from ecid.scoring.policy import PPM

_CLEAR = 1e-4
"""Micropoints. Ten dimensions of at most 10⁸ micropoints together, each rounded three times: less than 10⁻⁷."""
_WORD = 64
_Numbers = NDArray[Any]


def best_of_all(ground: Ground) -> int:
    """The cheapest set that reaches the target, as a mask: fewest items, then declarations, points beyond, places. Raises ValueError if none does."""
    shares = [_summed(coefficients, len(ground.items)) for coefficients in _coefficients(ground)]
    unit, losses = ground.scale.unit, np.zeros(1 << len(ground.items))
    for slope, full, share in zip(ground.slopes, ground.full, shares, strict=True):
        losses += np.minimum(share, min(full, int(share[0]))).astype(np.float64) * (slope / unit)
    allowed, ceiling, capped = ALL_POINTS - ground.target, ground.scale.cap.ceiling * PPM, _capped(ground)
    possible = losses <= allowed + _CLEAR
    if ceiling < ground.target:
        possible &= ~capped
    sets = np.flatnonzero(possible)
    actions, declarations = _sums([1] * len(ground.items))[sets], _sums(ground.declarations)[sets]
    order = np.lexsort((declarations, actions))
    changes = np.flatnonzero(np.diff(actions[order]) | np.diff(declarations[order])) + 1
    for group in np.split(sets[order], changes):
        lost = np.ceil(losses[group]).astype(np.int64)
        for at in np.flatnonzero(np.abs(losses[group] - np.rint(losses[group])) < _CLEAR):
            lost[at] = -(-ground.loss([int(share[group[at]]) for share in shares]) // unit)
        scores = np.where(capped[group], np.minimum(ALL_POINTS - lost, ceiling), ALL_POINTS - lost)
        reached = scores >= ground.target
        if reached.any():
            alike = group[reached][scores[reached] == scores[reached].min()]
            return int(alike[_first_places(alike, len(ground.items))])
    raise ValueError("no set reaches the target")


def _coefficients(ground: Ground) -> list[dict[int, int]]:
    """By dimension: what a set of items adds to Σ w · x beyond what its subsets add."""
    found: list[dict[int, int]] = [{0: base} for base in ground.base]
    for bit, taken in enumerate(ground.alone):
        for dimension, share in enumerate(taken):
            found[dimension][1 << bit] = -share
    for dimension, bits, left in dict.fromkeys(entry for entries in ground.tied for entry in entries):
        own = list(left)
        for number in range(len(bits)):
            for mask in range(len(own)):
                if mask >> number & 1:
                    own[mask] -= own[mask ^ 1 << number]
        for mask in range(1, len(own)):
            chosen = sum(1 << bit for number, bit in enumerate(bits) if mask >> number & 1)
            found[dimension][chosen] = found[dimension].get(chosen, 0) + own[mask]
    return found


def _summed(coefficients: dict[int, int], count: int) -> _Numbers:
    """For every set the sum over its subsets. On the way 64 bits may run over; what comes out is right where it fits, else Python's integers are used."""
    fits = coefficients[0] < 1 << _WORD - 1
    sums = np.zeros(1 << count, dtype=np.int64 if fits else object)
    for chosen, value in coefficients.items():
        sums[chosen] = (value + (1 << _WORD - 1)) % (1 << _WORD) - (1 << _WORD - 1) if fits else value
    for bit in range(count):
        halves = sums.reshape(-1, 2, 1 << bit)
        halves[:, 1] += halves[:, 0]
    return sums


def _sums(values: Sequence[int]) -> NDArray[np.int64]:
    """For every set the sum of its items' values."""
    sums = np.zeros(1, dtype=np.int64)
    for value in values:
        sums = np.concatenate((sums, sums + value))
    return sums


def _capped(ground: Ground) -> NDArray[np.bool_]:
    """Of every set, whether what is left contrary to an own ruling caps the score."""
    lines, weights = [0] * (len(ground.items) + 1), [0] * (len(ground.items) + 1)
    for bit, number, weight in ground.contrary:
        lines[bit] += number
        weights[bit] += weight
    held, heavy = sum(lines) - _sums(lines[:-1]), sum(weights) - _sums(weights[:-1])
    enough = -(-ground.scale.total_weight * ground.scale.cap.share_ppm // PPM)
    capped: NDArray[np.bool_] = (held > 0) & ((held >= ground.scale.cap.lines) | (heavy >= enough))
    return capped


def _first_places(sets: NDArray[np.int64], count: int) -> int:
    """Of sets of equally many items, where the one stands whose items come first: the largest with its bits turned round."""
    turned = np.zeros(len(sets), dtype=np.int64)
    for bit in range(count):
        turned |= (sets >> bit & 1) << (count - 1 - bit)
    return int(turned.argmax())
