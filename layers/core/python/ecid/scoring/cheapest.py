"""The cheapest set of corrections that reaches a score: exact search up to `EXACT` candidates, beyond that the best found and what is proven about it.

Cost is compared in this order: number of actions, declarations to touch, points beyond the target, place of the candidates. A dimension that is full loses
nothing more, so gains do not add up: a correction may win nothing alone and much together with others. What holds is that none ever costs.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from ecid.scoring.dimensions import ALL_POINTS
from ecid.scoring.loss_table import LossTable, Scale

EXACT = 20
"""So many candidates are searched to the end, whatever it takes; more of them within `_NODES` steps."""
_NODES = 50_000
_PREPARED = 8
"""So many bounds are laid out in the time of one step."""
_WEIGHTIEST = 50
"""So many candidates are weighed against each other at each step where not all can be searched."""
_Tied = tuple[int, tuple[int, ...], tuple[int, ...]]
"""Dimension, items and Σ w · x left by mask of an entry."""
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
    ground = _Ground.of(table, declarations, target_micro)
    if table.insufficient or not ground.reached((1 << len(ground.items)) - 1):
        raise ValueError("the target is beyond what correcting everything reaches")
    if ground.reached(0):
        return Choice((), 0, True)
    nodes, fallback = (None, 0) if len(ground.items) <= EXACT else (_NODES, ground.greedy())
    for size in range(_least(ground), len(ground.items) + 1):
        nodes = None if nodes is None else max(nodes - len(ground.items) * size // _PREPARED, 0)
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


@dataclass(frozen=True, slots=True)
class _Ground:
    """The table as numbers. `alone[item]`: what it alone takes from each dimension; `tied[item]`: its entries with other items; `credit[item]`: the most that
    it can take from each dimension, whatever else is corrected; `allowed`: the loss at which the target is met."""

    items: tuple[str, ...]
    scale: Scale
    target: int
    allowed: int
    slopes: tuple[int, ...]
    full: tuple[int, ...]
    base: tuple[int, ...]
    alone: tuple[tuple[int, ...], ...]
    credit: tuple[tuple[int, ...], ...]
    tied: tuple[tuple[_Tied, ...], ...]
    contrary: tuple[tuple[int, int, int], ...]
    declarations: tuple[int, ...]

    @classmethod
    def of(cls, table: LossTable, declarations: Mapping[str, int], target: int) -> _Ground:
        scale = table.scale()
        items = tuple(item for item in table.items if item in declarations)
        numbers, place = sorted(scale.slopes), {item: bit for bit, item in enumerate(items)}
        sums: dict[tuple[int, tuple[int, ...]], list[int]] = {}
        for entry in table.entries:
            own = [number for number, item in enumerate(entry.items) if item in place]
            total = sums.setdefault((numbers.index(entry.dimension), tuple(place[entry.items[number]] for number in own)), [0] * (1 << len(own)))
            for mask in range(len(total)):
                total[mask] += entry.left[sum(1 << number for bit, number in enumerate(own) if mask >> bit & 1)]
        base, alone, credit = [0] * len(numbers), [[0] * len(numbers) for _ in place], [[0] * len(numbers) for _ in place]
        for (dimension, bits), by_mask in sums.items():
            base[dimension] += by_mask[0]
            if len(bits) == 1:
                alone[bits[0]][dimension] += by_mask[0] - by_mask[1]
            for number, bit in enumerate(bits):
                credit[bit][dimension] += max(left - by_mask[mask | 1 << number] for mask, left in enumerate(by_mask))
        return cls(
            items=items,
            scale=scale,
            target=target,
            allowed=(ALL_POINTS - target) * scale.unit,
            slopes=tuple(scale.slopes[number] for number in numbers),
            full=tuple(scale.full[number] for number in numbers),
            base=tuple(base),
            alone=tuple(map(tuple, alone)),
            credit=tuple(map(tuple, credit)),
            tied=tuple(
                tuple((dimension, bits, tuple(left)) for (dimension, bits), left in sums.items() if len(bits) > 1 and bit in bits) for bit in place.values()
            ),
            contrary=tuple((place.get(kept.item, len(items)), kept.lines, kept.weight) for kept in table.contrary),
            declarations=tuple(declarations[item] for item in items),
        )

    def named(self, chosen: int) -> tuple[str, ...]:
        return tuple(self.items[bit] for bit in _bits(chosen))

    def taken(self, chosen: int, bit: int) -> list[int]:
        """What an item takes from each dimension where the chosen ones are corrected already."""
        taken = list(self.alone[bit])
        for dimension, bits, left in self.tied[bit]:
            mask = sum(1 << number for number, other in enumerate(bits) if chosen >> other & 1)
            taken[dimension] += left[mask] - left[mask | 1 << bits.index(bit)]
        return taken

    def shares(self, chosen: int) -> list[int]:
        """Σ w · x by dimension with the chosen items corrected."""
        shares, before = list(self.base), 0
        for bit in _bits(chosen):
            shares = _less(shares, self.taken(before, bit))
            before |= 1 << bit
        return shares

    def loss(self, shares: Sequence[int]) -> int:
        """What such shares cost, in parts of the scale's unit."""
        return sum(slope * min(full, share) for slope, full, share in zip(self.slopes, self.full, shares, strict=True) if share > 0)

    def score(self, chosen: int, shares: Sequence[int]) -> int:
        held = [(lines, weight) for bit, lines, weight in self.contrary if not chosen >> bit & 1]
        return self.scale.of_loss(self.loss(shares), sum(lines for lines, _ in held), sum(weight for _, weight in held))

    def reached(self, chosen: int) -> bool:
        return self.score(chosen, self.shares(chosen)) >= self.target

    def worth(self, bit: int) -> int:
        """The most that an item can win, in parts of the scale's unit."""
        return sum(slope * min(full, taken) for slope, full, taken in zip(self.slopes, self.full, self.credit[bit], strict=True))

    def greedy(self) -> int:
        """A set that reaches the target: of the weightiest items the one that wins most joins, then the one that takes most; then those not needed leave."""
        chosen, shares, waiting = 0, list(self.base), sorted(range(len(self.items)), key=lambda bit: (-self.worth(bit), bit))
        while self.score(chosen, shares) < self.target:
            after = {bit: _less(shares, self.taken(chosen, bit)) for bit in waiting[:_WEIGHTIEST]}
            bit = max(after, key=lambda bit: (self.score(chosen | 1 << bit, after[bit]), -sum(after[bit]), -bit))
            chosen, shares = chosen | 1 << bit, after[bit]
            waiting.remove(bit)
        for bit in sorted(_bits(chosen), key=lambda bit: (self.worth(bit), -bit)):
            without = chosen & ~(1 << bit)
            more = [share + taken for share, taken in zip(shares, self.taken(without, bit), strict=True)]
            if self.score(without, more) >= self.target:
                chosen, shares = without, more
        return chosen


class _Bounds:
    """What so many of some items can take at most, by dimension and in all, and the least they touch. Items come one by one."""

    def __init__(self, ground: _Ground, most: int) -> None:
        self._most = most
        self._taken: list[list[int]] = [[] for _ in ground.slopes]
        self._worth: list[int] = []
        self._touched: list[int] = []

    def add(self, ground: _Ground, bit: int) -> None:
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

    def __init__(self, ground: _Ground, size: int, nodes: int | None) -> None:
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
            cost = sum(self.ground.declarations[bit] for bit in _bits(chosen)), over, tuple(_bits(chosen))
            self.best = min(self.best or (cost, chosen), (cost, chosen))

    def run(self) -> None:
        stack = [] if self.exhausted else [(0, 0, list(self.ground.base), self.size, 0)]
        while stack:
            if self.nodes is not None:
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
                less = _less(shares, self.ground.taken(chosen, bit))
                stack.append((place + 1, chosen | 1 << bit, less, wanted - 1, touched + self.ground.declarations[bit]))

    def _may_do(self, place: int, shares: Sequence[int], wanted: int, touched: int) -> bool:
        taken, worth, least = self._sums[place]
        if self.best and touched + least[wanted] > self.best[0][0]:
            return False
        if self.ground.loss(shares) - worth[wanted] > self.ground.allowed:
            return False
        return self.ground.loss(_less(shares, [most[wanted] for most in taken])) <= self.ground.allowed


def _least(ground: _Ground) -> int:
    """A number of items that any set which reaches the target has at least."""
    bounds = _Bounds(ground, len(ground.items))
    for bit in range(len(ground.items)):
        bounds.add(ground, bit)
    taken, worth, _ = bounds.sums()
    for size in range(1, len(ground.items)):
        left = _less(ground.base, [most[size] for most in taken])
        if ground.loss(ground.base) - worth[size] <= ground.allowed and ground.loss(left) <= ground.allowed:
            return size
    return max(len(ground.items), 1)


def _less(shares: Sequence[int], taken: Sequence[int]) -> list[int]:
    return [share - less for share, less in zip(shares, taken, strict=True)]


def _running(values: Sequence[int], sign: int) -> list[int]:
    return [0, *accumulate(sign * value for value in values)]


def _bits(chosen: int) -> Iterator[int]:
    """The places of the ones, smallest first."""
    while chosen:
        lowest = chosen & -chosen
        yield lowest.bit_length() - 1
        chosen ^= lowest
