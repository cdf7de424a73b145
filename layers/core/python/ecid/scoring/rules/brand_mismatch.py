"""BRAND_MISMATCH: brand type 0 with a brand, or 1 to 4 without its name (M4). Judged only where the brand type is a valid code."""

from __future__ import annotations

from collections.abc import Iterator

from ecid.scoring.elements.brands import brand, names_manufacturer, takes_manufacturer
from ecid.scoring.elements.codes import code_of
from ecid.scoring.elements.empty_talk import emptiness
from ecid.scoring.elements.kinds import label_of
from ecid.scoring.elements.wording import failure
from ecid.scoring.goods import Goods, Slot
from ecid.scoring.rule import Failure, GoodsRule


def _mismatch(code: str, slot: Slot) -> str | None:
    said = brand(slot.value)
    if code != "0":
        return None if said == "name" else "brand_name"
    if said == "none" or takes_manufacturer(slot.label) or names_manufacturer(slot.value):
        return None
    return "brand_none"


def _check(goods: Goods) -> Iterator[Failure]:
    brand_type = goods.slot("brand_type")
    code = code_of("brand_type", brand_type.value) if brand_type else None
    if code is None:
        return
    for slot in goods.elements:
        if slot.value and label_of(slot.label).kind == "brand" and not emptiness(goods, slot) and (key := _mismatch(code, slot)):
            yield failure(slot, key, code=code)


RULE = GoodsRule("BRAND_MISMATCH", 3, _check)
