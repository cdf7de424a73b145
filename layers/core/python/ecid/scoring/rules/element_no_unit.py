"""ELEMENT_NO_UNIT: a quantitative element holds a number without its unit, or no number (M6)."""

from __future__ import annotations

from collections.abc import Iterator

from ecid.scoring.elements.empty_talk import emptiness
from ecid.scoring.elements.stated import example, gap
from ecid.scoring.elements.wording import failure
from ecid.scoring.goods import Goods
from ecid.scoring.rule import Failure, GoodsRule


def _check(goods: Goods) -> Iterator[Failure]:
    for slot in goods.elements:
        if slot.value and (missing := gap(slot.label, slot.mandatory, slot.value)) and not emptiness(goods, slot):
            yield failure(slot, missing, example=example(slot.label))


RULE = GoodsRule("ELEMENT_NO_UNIT", 3, _check)
