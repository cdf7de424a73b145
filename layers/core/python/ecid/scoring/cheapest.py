"""The cheapest set of corrections that reaches a score: exact search up to `EXACT` candidates, beyond that the best found and what is proven about it.

Cost is compared in this order: number of actions, declarations to touch, points beyond the target, place of the candidates. A dimension that is full loses
nothing more, so gains do not add up: a correction may win nothing alone and much together with others. What holds is that none ever costs.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from ecid.scoring.every_set import best_of_all
from ecid.scoring.ground import Ground, bits_of, less
from ecid.scoring.loss_table import LossTable

EXACT = 20
"""Of so many candidates every set is looked at; more of them within `_NODES` steps."""
_NODES = 50_000
_PREPARED = 8
"""So many bounds are laid out in the time of one step."""
_Cost = tuple[int, int, tuple[int, ...]]
"""Declarations, points beyond the target (micropoints), places of the candidates; of sets of equally many actions."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Items that together reach the target, in order of the table. No set of fewer than `at_least` items does; `proven`: none is cheaper in any respect."""

    items: tuple[str, ...]
    at_least: int
    proven: bool


def cheapest(table: LossTable, declarations: Mapping[str, int], target_micro: int) -> Choice:
    """The cheapest set of items of `table` with which the score is `target_micro` or more. Raises ValueError where there is none.

    `declarations`: the items that can be corrected, and how many declarations each touches.
    """
    ground = Ground.of(table, declarations, target_micro)
    if table.insufficient or not ground.reached((1 << len(ground.items)) - 1):
        raise ValueError("the target is beyond what correcting everything reaches")
    if ground.reached(0):
        return Choice((), 0, True)
    if len(ground.items) <= EXACT:
        chosen = best_of_all(ground)
        return Choice(ground.named(chosen), chosen.bit_count(), True)
    nodes, fallback = _NODES, ground.greedy()
    for size in range(_least(ground), len(ground.items) + 1):
        nodes = max(nodes - len(ground.items) * size // _PREPARED, 0)
        search = _Search(ground, size, nodes)
        if fallback.bit_count() == size:
            search.offer(fallback)
        search.run()
        nodes = search.nodes
        if search.best:
            return Choice(ground.named(search.best[1]), size, not search.exhausted)
        if search.exhausted:
            return Choice(ground.named(fallback), size, False)
    raise AssertionError("all items together reach the target, so some number of them does")


class _Bounds:
    """What so many of some items can take at most, by dimension and in all, and the least they touch. Items come one by one."""

    def __init__(self, ground: Ground, most: int) -> None:
        self._most = most
        self._taken: list[list[int]] = [[] for _ in ground.slopes]
        self._worth: list[int] = []
        self._touched: list[int] = []

    def add(self, ground: Ground, bit: int) -> None:
        for largest, taken in zip(self._taken, ground.credit[bit], strict=True):
            self._keep(largest, -taken)
        self._keep(self._worth, -ground.worth(bit))
        self._keep(self._touched, ground.declarations[bit])

    def sums(self) -> tuple[list[list[int]], list[int], list[int]]:
        """For 0, 1, 2… items: the most taken from each dimension, the most won, the least touched."""
        return [_running(values, -1) for values in self._taken], _running(self._worth, -1), _running(self._touched, 1)

    def _keep(self, smallest: list[int], value: int) -> None:
        insort(smallest, value)
        del smallest[self._most :]


class _Search:
    """All sets of `size` items that reach the target, the cheapest kept; what cannot reach it, or only at a higher cost, is left out unseen."""

    def __init__(self, ground: Ground, size: int, nodes: int) -> None:
        self.ground, self.size, self.nodes = ground, size, nodes
        self.best: tuple[_Cost, int] | None = None
        self.exhausted = nodes == 0
        if self.exhausted:
            return
        # The heaviest first: what remains is then soon too light.
        self._order = sorted(range(len(ground.items)), key=lambda bit: (-ground.worth(bit), bit))
        bounds, self._sums = _Bounds(ground, size), []
        for bit in reversed(self._order):
            bounds.add(ground, bit)
            self._sums.append(bounds.sums())
        self._sums.reverse()

    def offer(self, chosen: int) -> None:
        """Keep a set that reaches the target if it is the cheapest so far."""
        over = self.ground.score(chosen, self.ground.shares(chosen)) - self.ground.target
        if over >= 0:
            cost = sum(self.ground.declarations[bit] for bit in bits_of(chosen)), over, tuple(bits_of(chosen))
            self.best = min(self.best or (cost, chosen), (cost, chosen))

    def run(self) -> None:
        stack = [] if self.exhausted else [(0, 0, list(self.ground.base), self.size, 0)]
        while stack:
            if not self.nodes:
                self.exhausted = True
                return
            self.nodes -= 1
            place, chosen, shares, wanted, touched = stack.pop()
            if not wanted:
                self.offer(chosen)
            elif len(self._order) - place >= wanted and self._may_do(place, shares, wanted, touched):
                bit = self._order[place]
                stack.append((place + 1, chosen, shares, wanted, touched))
                left = less(shares, self.ground.taken(chosen, bit))
                stack.append((place + 1, chosen | 1 << bit, left, wanted - 1, touched + self.ground.declarations[bit]))

    def _may_do(self, place: int, shares: Sequence[int], wanted: int, touched: int) -> bool:
        taken, worth, least = self._sums[place]
        if self.best and touched + least[wanted] > self.best[0][0]:
            return False
        if self.ground.loss(shares) - worth[wanted] > self.ground.allowed:
            return False
        return self.ground.loss(less(shares, [most[wanted] for most in taken])) <= self.ground.allowed


def _least(ground: Ground) -> int:
    """A number of items that any set which reaches the target has at least."""
    bounds = _Bounds(ground, len(ground.items))
    for bit in range(len(ground.items)):
        bounds.add(ground, bit)
    taken, worth, _ = bounds.sums()
    for size in range(1, len(ground.items)):
        left = less(ground.base, [most[size] for most in taken])
        if ground.loss(ground.base) - worth[size] <= ground.allowed and ground.loss(left) <= ground.allowed:
            return size
    return max(len(ground.items), 1)


def _running(values: Sequence[int], sign: int) -> list[int]:
    return [0, *accumulate(sign * value for value in values)]
