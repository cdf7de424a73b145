"""A loss table as numbers, for the search of the cheapest set: what every candidate takes from every dimension, alone and together with others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ecid.scoring.dimensions import ALL_POINTS
from ecid.scoring.loss_table import LossTable, Scale

_WEIGHTIEST = 50
"""So many candidates are weighed against each other at each step where not all can be searched."""
Tied = tuple[int, tuple[int, ...], tuple[int, ...]]
"""Dimension, items and Σ w · x left by mask of an entry."""


@dataclass(frozen=True, slots=True)
class Ground:
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
    tied: tuple[tuple[Tied, ...], ...]
    contrary: tuple[tuple[int, int, int], ...]
    declarations: tuple[int, ...]

    @classmethod
    def of(cls, table: LossTable, declarations: Mapping[str, int], target: int) -> Ground:
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
        return tuple(self.items[bit] for bit in bits_of(chosen))

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
        for bit in bits_of(chosen):
            shares = less(shares, self.taken(before, bit))
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
            after = {bit: less(shares, self.taken(chosen, bit)) for bit in waiting[:_WEIGHTIEST]}
            bit = max(after, key=lambda bit: (self.score(chosen | 1 << bit, after[bit]), -sum(after[bit]), -bit))
            chosen, shares = chosen | 1 << bit, after[bit]
            waiting.remove(bit)
        for bit in sorted(bits_of(chosen), key=lambda bit: (self.worth(bit), -bit)):
            without = chosen & ~(1 << bit)
            more = [share + taken for share, taken in zip(shares, self.taken(without, bit), strict=True)]
            if self.score(without, more) >= self.target:
                chosen, shares = without, more
        return chosen


def less(shares: Sequence[int], taken: Sequence[int]) -> list[int]:
    """Shares without what is taken from each."""
    return [share - less for share, less in zip(shares, taken, strict=True)]


def bits_of(chosen: int) -> Iterator[int]:
    """The places of the ones, smallest first."""
    while chosen:
        lowest = chosen & -chosen
        yield lowest.bit_length() - 1
        chosen ^= lowest
