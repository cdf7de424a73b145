"""Goods that a question describes: in quotation marks, after the words that go before them, or what is left of it. Words are data (features.toml)."""

from __future__ import annotations

import re
from functools import cache

from ecid.assistant.planner.records import words

MASKS = re.compile(r"\bx(?:goods|domain|finding|code|first|last|nth|claim|points|date|dimension|rule)\b", re.ASCII)
"""What stands for each kind of thing that is named."""


def goods_named(quoted: list[str], left: str, *, chinese: bool) -> str | None:
    if quoted:
        return quoted[0]
    data = words()["goods"]
    for pattern in _goods_patterns("zh" if chinese else "en"):
        match = pattern.search(left)
        if match:
            goods = re.sub(data["begins"], "", " ".join(MASKS.sub(" ", match["goods"]).split())).strip(" 的?？.。!！,，")
            goods = re.sub(data["ends"], "", goods)
            if len(goods) >= 2 and not goods.startswith(tuple(data["never"])) and goods not in data["stop"]:
                return goods[:300]
    return None


def goods_left(text: str) -> str | None:
    """What is left of a question for a code without the words that ask: goods that stand before, or after, the question itself."""
    data = words()["goods"]
    rest = re.sub(data["asking"], "\n", text)
    pieces = [re.sub(data["begins"], "", piece.strip(" ,，.。:：;；?？!！、-的")) for piece in rest.split("\n")]
    fit = [piece for piece in pieces if len(piece) >= 2 and piece not in data["stop"]]
    return max(fit, key=len)[:300] if fit else None


@cache
def _goods_patterns(lang: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern) for pattern in words()["goods"][lang])
