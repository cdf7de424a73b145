"""Dividing whole numbers without losing one: the largest-remainder method (Hamilton), exact and deterministic."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import lcm


def allot(total: int, claims: Sequence[Fraction | int]) -> list[int]:
    """Split `total` in proportion to `claims` (non-negative) into integers that add up to it; ties go to the earlier claim. All claims 0: all 0."""
    scale = lcm(*(claim.denominator for claim in claims))
    whole_claims = [claim.numerator * (scale // claim.denominator) for claim in claims]
    whole = sum(whole_claims)
    if not whole:
        return [0] * len(claims)
    parts = [divmod(total * claim, whole) for claim in whole_claims]
    given = [floor for floor, _ in parts]
    left = total - sum(given)
    for index in sorted(range(len(parts)), key=lambda i: (-parts[i][1], i))[:left]:
        given[index] += 1
    return given
