"""ELEMENT_CONTRADICTS: an element disagrees with its label, the goods' name, the code's text or the destination (M5, M7, M11, M12)."""

from __future__ import annotations

from collections.abc import Iterator

from ecid.scoring.elements.contradictions import checks_of, preference
from ecid.scoring.elements.empty_talk import emptiness
from ecid.scoring.elements.stated import gap
from ecid.scoring.goods import Goods
from ecid.scoring.rule import Failure, GoodsRule


def _check(goods: Goods) -> Iterator[Failure]:
    enjoyed = goods.slot("preference")
    if enjoyed and (failed := preference(goods, enjoyed)):
        yield failed
    for slot in goods.elements:
        if not slot.value:
            continue
        for check in checks_of(slot.label, goods.code):
            if failed := check(goods, slot):
                # A value that says nothing, or lacks its unit, is that rule's finding and not a second one here.
                if not emptiness(goods, slot) and not gap(slot.label, slot.mandatory, slot.value):
                    yield failed
                break


RULE = GoodsRule("ELEMENT_CONTRADICTS", 3, _check)
