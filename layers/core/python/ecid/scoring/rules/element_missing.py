"""`ELEMENT_MISSING` (M1, M2 of domain.md §6): a mandatory element (必填申报要素) has no value."""

from __future__ import annotations

from collections.abc import Iterator

from ecid.scoring.goods import Goods
from ecid.scoring.rule import Failure, GoodsRule


def _check(goods: Goods) -> Iterator[Failure]:
    for slot in goods.slots:
        if slot.mandatory and not slot.value:
            yield Failure(slot.position, slot.label, "", f"补充“{slot.label}”", f"state “{slot.label}”")


RULE = GoodsRule("ELEMENT_MISSING", 2, _check)
