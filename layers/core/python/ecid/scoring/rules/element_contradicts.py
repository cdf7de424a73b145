"""ELEMENT_CONTRADICTS: an element disagrees with its label, the goods' name, the code's text or the destination (M5, M7, M11, M12)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ecid.scoring.elements import contradictions
from ecid.scoring.elements.empty_talk import emptiness
from ecid.scoring.elements.stated import gap
from ecid.scoring.goods import Goods, Slot
from ecid.scoring.rule import Failure, GoodsRule

_CHECKS: tuple[Callable[[Goods, Slot], Failure | None], ...] = (
    contradictions.form,
    contradictions.yes_or_no,
    contradictions.families,
    contradictions.options,
    contradictions.shares,
    contradictions.thresholds,
)


def _check(goods: Goods) -> Iterator[Failure]:
    enjoyed = goods.slot("preference")
    if enjoyed and (failed := contradictions.preference(goods, enjoyed)):
        yield failed
    for slot in goods.elements:
        if not slot.value:
            continue
        failed = next((failed for check in _CHECKS if (failed := check(goods, slot))), None)
        # A value that says nothing, or lacks its unit, is that rule's finding and not a second one here.
        if failed and not emptiness(goods, slot) and not gap(slot.label, slot.mandatory, slot.value):
            yield failed


RULE = GoodsRule("ELEMENT_CONTRADICTS", 3, _check)
