"""Which findings a text speaks of, by their rule, code or goods: "the price one", "灯带模组那条". Words are data (mentions.toml)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from ecid.assistant.planner.features import features_of
from ecid.assistant.planner.records import mentions

_CODE, _RULE, _LEAST = 4.0, 3.0, 2.0
_SHORTEST = 2
_GENERIC = frozenset({"产品", "商品", "货物", "用品", "配件", "零件", "用锂"})


def spoken_of(text: str, findings: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The findings (as `explain_score` lists them) that a normal text is about, those that it names best, in their order; none where it names nothing."""
    codes = features_of(text).codes
    scored = [(_score(text, codes, one), one) for one in findings]
    most = max((score for score, _ in scored), default=0.0)
    return [one for score, one in scored if score == most] if most >= _LEAST else []


def names_a_rule(text: str) -> bool:
    """Whether a text speaks of a finding by its rule."""
    return any(pattern.search(text) for pattern in _rules().values())


def names_goods(text: str) -> bool:
    """Whether a text has a word for goods that is known in both languages."""
    return any(word in text or _english(word).search(text) for word in mentions()["goods"])


def _score(text: str, codes: Sequence[str], one: Mapping[str, Any]) -> float:
    pattern = _rules().get(str(one["rule"]))
    score = _RULE if pattern and pattern.search(text) else 0.0
    declared = str(one["code"])
    score += _CODE if any(declared.startswith(code) or (len(declared) >= 8 and code.startswith(declared)) for code in codes) else 0.0
    return score + _of_goods(text, str(one["goods"]))


def _of_goods(text: str, goods: str) -> float:
    """How much of the name of goods a text has: two for two characters, up to four; two for each word of it in English."""
    own = _longest(text, goods.casefold())
    chinese = float(min(len(own), 4)) if len(own) >= _SHORTEST and own not in _GENERIC else 0.0
    english = sum(2.0 for word in mentions()["goods"] if word in goods and _english(word).search(text))
    return max(chinese, english)


def _longest(text: str, goods: str) -> str:
    """The longest piece of the name that stands in the text, Latin letters alone left out."""
    pieces = (goods[begin:end] for begin in range(len(goods)) for end in range(len(goods), begin + 1, -1))
    found = [piece for piece in pieces if piece in text and not piece.isascii()]
    return max(found, key=len, default="")


@cache
def _english(word: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, mentions()['goods'][word]))})")


@cache
def _rules() -> dict[str, re.Pattern[str]]:
    return {rule: re.compile(pattern) for rule, pattern in mentions()["rule"].items()}
