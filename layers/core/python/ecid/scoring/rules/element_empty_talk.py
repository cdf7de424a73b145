"""ELEMENT_EMPTY_TALK: an element is filled in but says nothing (M8, M9)."""

from __future__ import annotations

from collections.abc import Iterator

from ecid.scoring.elements.empty_talk import emptiness
from ecid.scoring.elements.wording import failure
from ecid.scoring.goods import Goods
from ecid.scoring.rule import Failure, GoodsRule


def _check(goods: Goods) -> Iterator[Failure]:
    for slot in goods.elements:
        if reason := emptiness(goods, slot):
            yield failure(slot, reason)


RULE = GoodsRule("ELEMENT_EMPTY_TALK", 3, _check)
