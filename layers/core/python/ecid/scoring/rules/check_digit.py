"""CHECK_DIGIT: a GTIN or CAS number whose check digit does not hold, or something else in its place (M10).

In the tail traders often shift by one place, so either number may stand in either place; a text in the last place (其他) is free.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ecid.scoring.elements.check_digits import Number, broken
from ecid.scoring.elements.kinds import label_of
from ecid.scoring.elements.wording import failure
from ecid.scoring.goods import Goods, Slot
from ecid.scoring.rule import Failure, GoodsRule

_BOTH: tuple[Number, ...] = ("gtin", "cas")


def _broken(slot: Slot) -> Number | None:
    if slot.kind in ("gtin", "cas"):
        return broken(slot.value, _BOTH, "gtin" if slot.kind == "gtin" else "cas")
    if slot.kind == "other":
        # Eight digits in the free place are as likely a date: only the longer numbers are read as GTIN there.
        return broken(slot.value, _BOTH if sum(c.isdigit() for c in slot.value) > 8 else ("cas",), None)
    if slot.kind == "element":
        kind = label_of(slot.label).kind
        if kind in ("gtin", "cas"):
            return broken(slot.value, ("gtin",) if kind == "gtin" else ("cas",), "gtin" if kind == "gtin" else "cas")
    return None


def _check(goods: Goods) -> Iterator[Failure]:
    for slot in goods.slots:
        if slot.value and (kind := _broken(slot)):
            found = failure(slot, kind if slot.kind in (kind, "element") else f"{kind}_elsewhere")
            # Told by the number that fails, not by the place to which it has shifted.
            yield found if slot.kind == "element" else replace(found, label=kind.upper())


RULE = GoodsRule("CHECK_DIGIT", 3, _check)
