"""Quantities of a planted line: what is dealt in, the legal quantities that follow, and what goes wrong with them."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from pathlib import Path

from ecid.knowledge.pack import read_pack

PACK = Path(__file__).parents[2] / "knowledge"
KILOGRAM = "千克"
PACKING = ("箱", "包", "盒", "桶", "袋")
COUNTING = ("台", "件", "套", "双", "把", "块")
OTHER = ("米", "平方米", "升", "克拉")
Stated = tuple[float, str]


@dataclass(frozen=True)
class Figures:
    """Deal, first legal and second legal quantity, each with its unit; no second one where the code has none."""

    deal: Stated
    first: Stated
    second: Stated | None


def known_units() -> frozenset[str]:
    """Eight-digit codes whose legal units the pack knows: on others nothing can be found. Which units they are, the products say for themselves."""
    return frozenset(code for code, line in read_pack(PACK).lines.items() if line.units)


def right_figures(quantity: float, unit: str, legal: str, kilograms: float) -> Figures:
    """What a careful declarant states. `legal`: the first legal unit; the second is the kilogram unless that is the first."""
    pieces = quantity * 1000 if unit == f"千{legal}" else quantity
    weight = round({KILOGRAM: quantity, "吨": quantity * 1000}.get(unit, pieces * kilograms), 2)
    if legal == KILOGRAM:
        return Figures((quantity, unit), (weight, KILOGRAM), None)
    return Figures((quantity, unit), (pieces, legal), (max(weight, 0.01), KILOGRAM))


def wrong_unit(figures: Figures, style: int, r: random.Random) -> Figures:
    """A legal unit that is not the code's."""
    (amount, legal), second = figures.first, figures.second
    if second is None:
        return replace(figures, first=(amount, r.choice((*COUNTING, *PACKING, "吨", "克"))))
    match style % 5:
        case 0:
            return replace(figures, first=(amount, r.choice([unit for unit in COUNTING if unit != legal])))
        case 1:
            return replace(figures, first=second, second=(amount, legal))
        case 2:
            return replace(figures, first=(amount, r.choice(PACKING)))
        case 3:
            return replace(figures, second=None)
        case _:
            return replace(figures, second=(second[0], r.choice(OTHER)))


def wrong_quantity(figures: Figures, style: int, r: random.Random) -> Figures:
    """Quantities that cannot all be right; the last two styles are for goods whose weight is known from other lines."""
    (amount, legal), second = figures.first, figures.second
    match style % 6:
        case 0:
            return replace(figures, first=(amount * r.choice((10, 0.1, 100)), legal))
        case 1:
            return replace(figures, deal=(figures.deal[0], "吨" if second is None else f"千{legal}"), first=(figures.deal[0], legal))
        case 2:
            return replace(figures, first=(0, legal))
        case 3:
            return replace(figures, first=(-amount, legal))
        case 4:
            assert second is not None
            return replace(figures, second=(second[0] * r.choice((10, 1000, 0.1)), KILOGRAM))
        case _:
            assert second is not None
            return replace(figures, second=(second[0] * r.choice((2.2, 0.45, 2)), KILOGRAM))
