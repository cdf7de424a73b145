"""Whether a value says anything (M8, M9): the stop lists of `empty_talk.toml`, applied by kind of label."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Literal

from ecid.scoring.elements.families import may_name_goods
from ecid.scoring.elements.kinds import Label, label_of
from ecid.scoring.elements.text import CACHE, core, plain, table
from ecid.scoring.goods import Goods, Slot

Reason = Literal[
    "pointer", "placeholder", "nothing", "no_number", "punctuation", "digits", "repeats_label", "repeats_name", "machine", "use", "material", "vague"
]

_REPEATED_SIGN = re.compile(r"([x*×?#.\-_/])\1+")
_DIGITS = re.compile(r"[\d.,%-]+")
_NAMED_BY_GOODS = frozenset({"use", "vehicle_use", "principle", "material", "model"})
_CHECKED_ELSEWHERE = ("gtin", "cas")
_OWN_PATTERNS: dict[str, Reason] = {"use": "use", "material": "material", "principle": "vague", "composition": "vague", "model": "vague"}
_ANY_KIND = ("text", "use", "vehicle_use", "principle", "material", "size", "composition", "model", "brand")
_WORDS = ("text", "use", "principle", "material", "size", "composition")


@cache
def _pattern(*keys: str) -> re.Pattern[str]:
    entry = table("empty_talk")
    for key in keys:
        entry = entry[key]
    return re.compile(str(entry))


def _says(word: str, *keys: str) -> bool:
    """Whether the whole of `word` is such talk. Talk is short; a longer value is a description (and would cost a pattern much time)."""
    return len(word) <= int(table("empty_talk")["longest"]) and _pattern(*keys).fullmatch(word) is not None


@cache
def _asks_machine(label: str) -> bool:
    return bool(_pattern("kind", "machine", "asks").search(plain(label)))


@cache
def _offered(label: Label) -> frozenset[str]:
    """Words that the label itself offers as an answer."""
    return frozenset(core(option) for option in label.options) - {""}


def _says_nothing(label: Label, word: str, mandatory: bool) -> Reason | None:
    """Emptiness that does not depend on what is asked."""
    if not word:
        return "punctuation" if mandatory else None
    if _pattern("nothing").fullmatch(word):
        # Conditional elements, yes/no elements and brands may be answered by "none" (for brands BRAND_MISMATCH looks at it).
        free = not mandatory or label.kind in ("yes_no", "brand") or any(asked in label.brackets for asked in ("有", "无", "是否"))
        free = free or _pattern("none_answers").fullmatch(label.base) is not None
        # Only what names or numbers the goods may really be absent: 无型号 is an answer, 无功能 is none.
        return None if free else "no_number" if label.kind == "model" else "nothing"
    # 型号见附件 points away as much as 见附件 does.
    word = word.removeprefix(core(label.base)) or word
    if _says(word, "pointer") or _says(word, "pointing"):
        return "pointer"
    if label.kind != "brand" and _says(word, "as_ordered"):
        return "placeholder"
    if _REPEATED_SIGN.fullmatch(word) or _pattern("placeholder").fullmatch(word):
        return "placeholder"
    return None


@cache
def _any_kind(base: str) -> re.Pattern[str]:
    """Several, or the usual, of what the label asks for: 多种车型 under 适用车型 as well as 各种规格 under 规格."""
    words = {core(base), core(base)[-2:], core(base)[:2]} - {""}
    return re.compile(str(table("empty_talk")["any_kind"]).replace("{label}", "|".join(map(re.escape, sorted(words, key=len, reverse=True)))))


def _is_any_kind(label: Label, word: str) -> bool:
    if label.kind not in _ANY_KIND or len(word) > int(table("empty_talk")["longest"]) or _pattern("several").fullmatch(label.base):
        return False
    return _any_kind(label.base).fullmatch(word) is not None


def _repeats_label(label: Label, word: str) -> bool:
    base = core(label.base)
    if len(word) < 2 or not base.startswith(word):
        return False
    return word == base or bool(_pattern("label_endings").fullmatch(base[len(word) :]))


def _vague(label: Label, raw_label: str, word: str) -> Reason | None:
    """Emptiness in answer to this kind of label."""
    if _asks_machine(raw_label):
        # The label offers 通用于××机, so 通用 alone leaves out the machine; 通用 is a make of cars only with a model behind it.
        keys = [("machine", "pattern"), ("use", "pattern"), ("use", "whose")] + [("vehicle_use", "pattern")] * (label.kind == "vehicle_use")
        return "machine" if any(_says(word, "kind", *key) for key in keys) else None
    if label.kind in _OWN_PATTERNS and any(_says(word, "kind", label.kind, key) for key in _patterns_of(label.kind)):
        return _OWN_PATTERNS[label.kind]
    return "vague" if label.kind in _WORDS and _pattern("vague").fullmatch(word) else None


@cache
def _patterns_of(kind: str) -> tuple[str, ...]:
    return tuple(key for key in table("empty_talk")["kind"][kind] if key != "industrial")


def _uninformative(label: Label, raw_label: str, word: str, name: str) -> Reason | None:
    """Emptiness against what is asked and what the goods are called."""
    if _DIGITS.fullmatch(word) and _pattern("words_asked").fullmatch(label.base):
        return None if label.kind == "material" and _pattern("grades").fullmatch(word) else "digits"
    if label.kind in _OWN_PATTERNS and label.kind != "model" and "是否" not in label.brackets and _pattern("bare_answer").fullmatch(word):
        return "placeholder"
    if _repeats_label(label, word):
        return "repeats_label"
    if label.kind in _NAMED_BY_GOODS and word == core(name) and not (label.kind == "material" and may_name_goods(word)):
        return "repeats_name"
    return _vague(label, raw_label, word)


@lru_cache(maxsize=CACHE)
def _reason(raw_label: str, mandatory: bool, value: str, name: str) -> Reason | None:
    label = label_of(raw_label)
    word = core(value)
    if label.kind in _CHECKED_ELSEWHERE or (word in _offered(label) and not _asks_machine(raw_label)):
        return None
    if reason := _says_nothing(label, word, mandatory):
        return reason
    if not mandatory:
        return None
    if _says(word, "anywhere") or _is_any_kind(label, word):
        return "vague"
    return None if label.kind == "brand" else _uninformative(label, raw_label, word, name)


def _sorts_nothing(goods: Goods, label: str, word: str) -> bool:
    """配件 under 种类, where the code does not speak of parts itself."""
    if not _pattern("kind", "sort", "labels").fullmatch(label_of(label).base) or not _says(word, "kind", "sort", "pattern"):
        return False
    line = goods.line
    return line is None or not any(word[-2:] in text for text in (line.name, *line.path, label))


def _industrial_is_said(goods: Goods) -> bool:
    line = goods.line
    return line is not None and any("工业" in text for text in (line.name, *line.path, *(element.label for element in line.elements)))


def emptiness(goods: Goods, slot: Slot) -> Reason | None:
    """Why the value of `slot` says nothing; None where it says something, is empty (dimension 2 looks at that) or is no description."""
    if slot.kind != "element" or not slot.value:
        return None
    kind = label_of(slot.label).kind
    if reason := _reason(slot.label, slot.mandatory, slot.value, goods.name if kind in _NAMED_BY_GOODS else ""):
        return reason
    if slot.mandatory and _sorts_nothing(goods, slot.label, core(slot.value)):
        return "vague"
    if slot.mandatory and kind == "use" and _pattern("kind", "use", "industrial").fullmatch(core(slot.value)):
        return None if _industrial_is_said(goods) else "use"
    return None
