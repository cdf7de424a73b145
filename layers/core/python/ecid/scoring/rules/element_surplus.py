"""`ELEMENT_SURPLUS` (M1): more values than the code has places for, so that some stand where nothing is asked. Shown, not charged by itself."""

from __future__ import annotations

from collections.abc import Iterator

from ecid.scoring.goods import Goods
from ecid.scoring.rule import Failure, GoodsRule


def _check(goods: Goods) -> Iterator[Failure]:
    for offset, value in enumerate(goods.surplus):
        yield Failure(
            len(goods.slots) + offset,
            "",
            value,
            f"该编码只有 {len(goods.slots)} 个填报位置，请核对要素顺序",
            f"the code has only {len(goods.slots)} places; check the order of the elements",
        )


RULE = GoodsRule("ELEMENT_SURPLUS", 2, _check)
