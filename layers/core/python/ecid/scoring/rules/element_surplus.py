"""`ELEMENT_SURPLUS` (M1, M14): more than there is room for: values beyond the places that the code has, or a text longer than the field. Shown, not charged by
itself."""

from __future__ import annotations

from collections.abc import Iterator

from ecid.scoring.goods import Goods
from ecid.scoring.rule import Failure, GoodsRule

LONGEST = 255
"""Characters of 规格型号 (C255, domain.md §4.4). Counted as characters, the wider of the two ways to count Chinese text."""


def _check(goods: Goods) -> Iterator[Failure]:
    for offset, value in enumerate(goods.surplus):
        yield Failure(
            len(goods.slots) + offset,
            "",
            value,
            f"该编码只有 {len(goods.slots)} 个填报位置，请核对要素顺序",
            f"the code has only {len(goods.slots)} places; check the order of the elements",
        )
    length = len("|".join([*(slot.value for slot in goods.slots), *goods.surplus]).rstrip("|"))
    if length > LONGEST:
        zh, en = (
            f"规格型号最多 {LONGEST} 个字符，此处 {length} 个；超出部分移到备注",
            f"the field takes {LONGEST} characters, here are {length}; move the rest to the remarks",
        )
        yield Failure(None, "规格型号", f"{length}", zh, en)


RULE = GoodsRule("ELEMENT_SURPLUS", 2, _check)
