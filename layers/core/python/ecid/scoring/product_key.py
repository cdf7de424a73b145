"""Product keys: which lines are about the same goods (score.md, "Product key").

SKU where given; else real brand and model; else normalised name and classification elements. What is nobody's own (no brand, no model, 其他) makes no key.
Equal name and equal values under different codes are the same goods even where the codes ask for their elements in another order.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from itertools import combinations
from typing import TypeVar

from ecid.scoring.goods import Goods, Slot

_Item = TypeVar("_Item", int, str)
_SHARED_FACTS = 2
_REMEMBERED = 1 << 16
_LABEL_BRACKETS = re.compile(r"[（(].*?[）)]$|[（(][^（()）]*[）)]")
_NOISE = re.compile(r"[\s\"'“”‘’()\[\]【】,，。;；:_-]+|(?<![0-9])[./*]|[./*](?![0-9])")


@dataclass(frozen=True, slots=True)
class _Words:
    brand: re.Pattern[str]
    model: re.Pattern[str]
    nobody: frozenset[str]
    no_value: re.Pattern[str]
    telling_model: re.Pattern[str]
    most_names: int
    most_codes: int


@cache
def _words() -> _Words:
    data = tomllib.loads(files("ecid.scoring").joinpath("product_key.toml").read_text("utf-8"))
    return _Words(
        re.compile(data["brand_label"]),
        re.compile(data["model_label"]),
        frozenset(data["nobodys_name"]),
        re.compile(data["no_value"]),
        re.compile(data["telling_model"]),
        data["most_names"],
        data["most_codes"],
    )


@lru_cache(_REMEMBERED)
def _bare(label: str) -> str:
    return _LABEL_BRACKETS.sub("", label)


@lru_cache(_REMEMBERED)
def normal(text: str) -> str:
    """Text without differences of width, case, space and punctuation; what parts digits (7.6, 3/4, 10*20) stays."""
    return _NOISE.sub("", unicodedata.normalize("NFKC", text).casefold().replace("×", "*"))


def _real(slots: Iterable[Slot], label: re.Pattern[str]) -> str:
    """The first real value among the elements with such a label; empty if there is none."""
    for slot in slots:
        if label.search(slot.label) and slot.value and not _words().no_value.search(slot.value):
            return normal(slot.value)
    return ""


def real_values(goods: Goods) -> frozenset[str]:
    """All that is declared of goods beside the two fixed codes, normalised, without what says that there is none (无品牌)."""
    stated = [slot.value for slot in goods.slots if slot.kind not in ("brand_type", "preference")]
    return frozenset(normal(value) for value in (*stated, *goods.surplus) if value and not _words().no_value.search(value)) - {""}


def is_nobodys(name: str) -> bool:
    """Whether a normalised name is too common to tell whose goods they are (其他, 配件)."""
    return not name or name in _words().nobody


def is_telling(model: str) -> bool:
    """Whether a model names one product by itself, and is no mere size."""
    return _words().telling_model.search(f"model:{normal(model)}") is not None


def _own_key(goods: Goods) -> str:
    words = _words()
    brand, model = _real(goods.elements, words.brand), _real(goods.elements, words.model)
    if brand and model:
        return f"brand:{brand} model:{model}"
    name = normal(goods.name)
    if not name or name in words.nobody:
        return ""
    facts = [normal(slot.value) for slot in goods.elements if slot.element and slot.element.purpose == "classification" and slot.value]
    facts = [fact for fact in facts if not words.no_value.search(fact)]
    return f"name:{name} " + "|".join(facts) if facts else ""


def _same_words_key(goods: Goods) -> str:
    """Name and all real values in any order: equal for the same goods declared under codes that order their elements differently."""
    name, values = normal(goods.name), sorted(real_values(goods))
    return f"{name} {'|'.join(values)}" if not is_nobodys(name) and len(values) > 1 else ""


def _facts(goods: Goods) -> dict[str, str]:
    """Real values by the bare label that asks for them."""
    words = _words()
    facts = {_bare(slot.label): normal(slot.value) for slot in goods.elements if slot.value and not words.no_value.search(slot.value)}
    return {label: value for label, value in facts.items() if value}


def _same_facts_keys(goods: Sequence[Goods]) -> list[tuple[str, list[int]]]:
    """Goods of one name under two codes that agree in every real fact which both codes ask for, two at least: (what they share, where they stand).

    A name that stands under very many codes is nobody's name.
    """
    by_name: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for index, item in enumerate(goods):
        name = normal(item.name)
        if item.slots and name and name not in _words().nobody:
            by_name[name][item.code].append(index)
    shared: list[tuple[str, list[int]]] = []
    for name, by_code in by_name.items():
        if not 2 <= len(by_code) <= _words().most_codes:
            continue
        facts = {index: _facts(goods[index]) for members in by_code.values() for index in members}
        asks = {code: {_bare(slot.label) for slot in goods[members[0]].elements} for code, members in by_code.items()}
        for one, other in combinations(sorted(by_code), 2):
            asked = asks[one] & asks[other]
            if len(asked) < _SHARED_FACTS:
                continue
            alike: dict[str, list[int]] = defaultdict(list)
            for index in by_code[one] + by_code[other]:
                common = [f"{label}={facts[index][label]}" for label in sorted(asked) if label in facts[index]]
                if len(common) >= _SHARED_FACTS:
                    alike[f"{name} {' '.join(common)}"].append(index)
            shared += [(key, found) for key, found in alike.items() if len({goods[index].code for index in found}) > 1]
    return shared


def bigrams(name: str) -> frozenset[str]:
    """The pairs of neighbouring characters of a normalised name; the name itself where it is shorter."""
    text = normal(name)
    return frozenset(text[i : i + 2] for i in range(len(text) - 1)) or frozenset({text})


def product_keys(goods: Sequence[Goods]) -> list[str]:
    """A key for each goods, empty where nothing tells whose goods they are. Equal keys: the same goods, whatever their codes.

    A model that tells little (a series name, a size), shared by goods whose names have nothing in common, does not make them the same; nor does any
    model that a whole range of unlike names shares.
    """
    keys = [_own_key(item) for item in goods]
    by_key: dict[str, list[int]] = defaultdict(list)
    for index, key in enumerate(keys):
        if key.startswith("brand:"):
            by_key[key].append(index)
    for key, members in by_key.items():
        kin = _kin([goods[i].name for i in members])
        if len(set(kin.values())) > (_words().most_names if _words().telling_model.search(key) else 1):
            for index, family in kin.items():
                keys[members[index]] = f"{key} {family}"
    words: dict[str, list[int]] = defaultdict(list)
    for index, item in enumerate(goods):
        words[_same_words_key(item)].append(index)
    words.pop("", None)
    return _joined(keys, [*words.values(), *(found for _, found in _same_facts_keys(goods))])


def _kin(names: Sequence[str]) -> Mapping[int, str]:
    """Names by family: those that share two neighbouring characters, directly or through others; the family is called by its least name."""
    head: dict[int, int] = {}
    first_with: dict[str, int] = {}
    for index, name in enumerate(names):
        for gram in bigrams(name):
            one, other = _root(head, index), _root(head, first_with.setdefault(gram, index))
            if one != other:
                head[max(one, other)] = min(one, other)
    called: dict[int, str] = {}
    for index, name in enumerate(names):
        family, own = _root(head, index), normal(name)
        called[family] = min(called.get(family, own), own)
    return {index: called[_root(head, index)] for index in range(len(names))}


def _joined(keys: Sequence[str], same: Iterable[Sequence[int]]) -> list[str]:
    """Keys with those made one whose goods are found to be the same; goods without a key of their own stay without one."""
    head: dict[str, str] = {}
    for members in same:
        roots = sorted({_root(head, keys[index]) for index in members if keys[index]})
        for other in roots[1:]:
            head[other] = roots[0]
    return [_root(head, key) if key else "" for key in keys]


def _root(head: dict[_Item, _Item], item: _Item) -> _Item:
    """What all that was made one with `item` is known by; the way there is halved each time it is walked, so that it stays short."""
    while (above := head.get(item, item)) != item:
        head[item] = item = head.get(above, above)
    return item
