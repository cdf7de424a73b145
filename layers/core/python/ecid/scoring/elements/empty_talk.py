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
_BY_LABEL_OR_CODE = frozenset({"industrial", "classes_of_things", "asks_sort", "class_words", "metal_offered", "metal", "steel"})
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
    if any(_says(word, key) for key in ("pointer", "pointing", "latin_pointer")):
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
        keys = [("machine", "pattern"), ("machine", "deed"), ("use", "pattern"), ("use", "whose")]
        keys += [("vehicle_use", "pattern")] * (label.kind == "vehicle_use")
        return "machine" if any(_says(word, "kind", *key) for key in keys) else None
    if label.kind in _OWN_PATTERNS and any(_says(word, "kind", label.kind, key) for key in _patterns_of(label.kind)):
        return _OWN_PATTERNS[label.kind]
    return "vague" if label.kind in _WORDS and _pattern("vague").fullmatch(word) else None


@cache
def _patterns_of(kind: str) -> tuple[str, ...]:
    return tuple(key for key in table("empty_talk")["kind"][kind] if key not in _BY_LABEL_OR_CODE)


def _names_class_only(label: Label, raw_label: str, word: str) -> bool:
    """塑料 in answer to 材质（塑料品种）."""
    return _pattern("kind", "material", "asks_sort").search(plain(raw_label)) is not None and (
        label.kind in ("material", "text") and _says(word, "kind", "material", "class_words")
    )


def _is_offered(label: Label, raw_label: str, word: str) -> bool:
    """Whether the label itself offers `word`, or speaks of metal as such where an alloy is named."""
    if _asks_machine(raw_label):
        return False
    if word in _offered(label):
        return True
    by_class = label.kind == "material" and _pattern("kind", "material", "metal_offered").search(label.brackets)
    return bool(by_class) and _says(word, "kind", "material", "metal")


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
    if label.kind in _CHECKED_ELSEWHERE or _is_offered(label, raw_label, word):
        return None
    if reason := _says_nothing(label, word, mandatory):
        return reason
    if not mandatory:
        return None
    answered = label.kind == "yes_no" and word.removeprefix("用于").removesuffix("用") in label.base
    if (_says(word, "anywhere") and not answered) or _is_any_kind(label, word):
        return "vague"
    if _names_class_only(label, raw_label, word):
        return "material"
    return None if label.kind == "brand" else _uninformative(label, raw_label, word, name)


def _sorts_nothing(goods: Goods, label: str, word: str) -> bool:
    """配件 under 种类, where the code does not speak of parts itself."""
    if not _pattern("kind", "sort", "labels").fullmatch(label_of(label).base) or not _says(word, "kind", "sort", "pattern"):
        return False
    line = goods.line
    return line is None or not any(word[-2:] in text for text in (line.name, *line.path, label))


@cache
def _class_words(chapter: str) -> re.Pattern[str] | None:
    """The general classes of a chapter, with what may stand around them."""
    sort = table("empty_talk")["kind"]["sort"]
    words = "|".join(entry["words"] for entry in sort["classes"] if chapter in entry["prefixes"])
    return re.compile(f"{sort['qualifiers']}(?:{words}){sort['endings']}") if words else None


def _is_general_class(goods: Goods, raw_label: str, word: str) -> bool:
    """玩具 under 种类 in chapter 95, where the code's own text says more than that."""
    label, classes = label_of(raw_label), _class_words(goods.code[:2])
    if classes is None or label.kind != "text" or not _pattern("kind", "sort", "more_labels").fullmatch(label.base):
        return False
    own = core(goods.line.name) if goods.line else ""
    return classes.fullmatch(word) is not None and word not in label.brackets and word not in (own, own.removesuffix("的"))


def _names_no_use(goods: Goods, raw_label: str, word: str) -> bool:
    """工具, 网络设备, 化工用 under 用途, where neither the label nor the code's own text speaks of it."""
    if not _says(word, "kind", "use", "classes_of_things"):
        return False
    stem = word.removeprefix("用于").removesuffix("用")
    line = goods.line
    return not any(stem in text for text in (raw_label, *((line.name, *line.path) if line else ())))


def _steel_is_enough(goods: Goods, slot: Slot) -> bool:
    """Whether 钢制 says all that matters: the code is for metal as such (其他金属家具), and the label asks for no kind of steel."""
    line = goods.line
    return line is not None and "金属" in line.name and "钢" not in slot.label and _says(core(slot.value), "kind", "material", "steel")


def _industrial_is_said(goods: Goods) -> bool:
    line = goods.line
    return line is not None and any("工业" in text for text in (line.name, *line.path, *(element.label for element in line.elements)))


def emptiness(goods: Goods, slot: Slot) -> Reason | None:
    """Why the value of `slot` says nothing; None where it says something, is empty (dimension 2 looks at that) or is no description."""
    if slot.kind != "element" or not slot.value:
        return None
    kind = label_of(slot.label).kind
    if reason := _reason(slot.label, slot.mandatory, slot.value, goods.name if kind in _NAMED_BY_GOODS else ""):
        return None if reason == "material" and _steel_is_enough(goods, slot) else reason
    word = core(slot.value)
    if slot.mandatory and (_sorts_nothing(goods, slot.label, word) or _is_general_class(goods, slot.label, word)):
        return "vague"
    if slot.mandatory and kind == "use" and _names_no_use(goods, slot.label, word):
        return "use"
    if slot.mandatory and kind == "use" and _pattern("kind", "use", "industrial").fullmatch(word):
        return None if _industrial_is_said(goods) else "use"
    return None
