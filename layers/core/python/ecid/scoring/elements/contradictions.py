"""Whether an element agrees with what else is declared: its own label, the goods' name, the code's text, the destination (M5, M7, M11, M12).

Each check takes goods and one of its filled slots, and gives a failure or None; the first that fails speaks for the slot.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, lru_cache

from ecid.scoring.elements import answers
from ecid.scoring.elements.bounds import outside, readings
from ecid.scoring.elements.codes import code_of
from ecid.scoring.elements.families import (
    Family,
    Members,
    code_text,
    coded,
    exclude,
    families_of,
    found,
    is_material,
    named,
    names_material,
    offered,
)
from ecid.scoring.elements.kinds import label_of
from ecid.scoring.elements.polarity import applies as may_state_property
from ecid.scoring.elements.polarity import opposite
from ecid.scoring.elements.quantities import converted, measures
from ecid.scoring.elements.shares import outweighed, share_bound, substance_bound, sum_off
from ecid.scoring.elements.siblings import applies as tells_siblings_apart
from ecid.scoring.elements.siblings import sibling
from ecid.scoring.elements.text import CACHE, core, plain, table
from ecid.scoring.elements.wording import failure
from ecid.scoring.goods import Goods, Slot
from ecid.scoring.product_key import is_telling
from ecid.scoring.rule import Failure

_MODEL_KINDS = ("model", "size", "text", "brand")
_FORMS = {"latin": "latin", "contract_date": "date", "registration": "registration"}


@cache
def _statement(name: str) -> re.Pattern[str]:
    return re.compile(str(table("statements")[name]), re.IGNORECASE)


@cache
def _without_preference() -> frozenset[str]:
    return frozenset(table("preferences")["none"])


def preference(goods: Goods, slot: Slot) -> Failure | None:
    """A preference said to be enjoyed in a country that grants none (M5)."""
    if code_of("preference", slot.value) == "1" and goods.destination in _without_preference():
        return failure(slot, "no_preference", destination=str(goods.destination))
    return None


def form(_: Goods, slot: Slot) -> Failure | None:
    """Latin names, contract dates and registration numbers must look like one."""
    wanted = _FORMS[label_of(slot.label).kind]
    if _statement(wanted).search(plain(slot.value)):
        return None
    if wanted != "latin" and _statement("none").search(plain(slot.value)):
        return None
    return failure(slot, wanted)


@lru_cache(maxsize=CACHE)
def _is_misplaced(label: str, mandatory: bool, value: str) -> bool:
    kind, word = label_of(label).kind, core(value)
    if _statement("no_brand").fullmatch(word):
        return mandatory and kind != "brand"
    if _statement("no_model").fullmatch(word):
        return mandatory and kind not in _MODEL_KINDS
    if kind == "material":
        return _statement("use").fullmatch(word) is not None and not names_material(word)
    return kind == "use" and len(word) > 1 and is_material(word)


def misplaced(_: Goods, slot: Slot) -> Failure | None:
    """A statement that belongs under another label, as when values have slipped by one place."""
    return failure(slot, "misplaced") if _is_misplaced(slot.label, slot.mandatory, slot.value) else None


@lru_cache(maxsize=CACHE)
def _denies_itself(value: str) -> bool:
    denied = _statement("no_model").match(core(value))
    behind = core(value)[denied.end() :].lstrip(",，;；:：、/()（）-") if denied else ""
    # A size begins with a figure: 无型号 50*60cm.
    return behind[:1].isascii() and behind[:1].isalpha() and is_telling(behind)


def denied(_: Goods, slot: Slot) -> Failure | None:
    """It is said that there is no model, and one stands behind it: 无型号KF-2106."""
    return failure(slot, "denied") if _denies_itself(slot.value) else None


def yes_or_no(goods: Goods, slot: Slot) -> Failure | None:
    """是否…, 有无…: an answer, and the one that the code's text and the name give."""
    if not answers.is_answer(slot.label, slot.value):
        return failure(slot, "answer")
    said = answers.answer(slot.value)
    _, line_name, path = code_text(goods.line)
    expected = answers.expected(slot.label, goods.name, line_name, path)
    if said and expected and said != expected:
        return failure(slot, "answer_code", expected="是" if expected == "yes" else "否")
    return None


def _shown(members: Members) -> str:
    return "、".join(sorted(members))


def _against(family: Family, truth: Members, value: str) -> bool:
    return outweighed(family, truth, value) if family.predominant else exclude(family, truth, found(family, value))


def families(goods: Goods, slot: Slot) -> Failure | None:
    """The value names another member of a family than the label's options, the goods' name or the code's text do (M11)."""
    for family in families_of(slot.label, goods.code):
        value = slot.value
        if (truth := offered(family, slot.label)) and _against(family, truth, value):
            return failure(slot, "options", options=_shown(truth))
        if (truth := named(family, goods.name)) and _against(family, truth, value):
            return failure(slot, "name", expected=_shown(truth))
        if (truth := coded(family, goods.code, *code_text(goods.line)[1:])) and _against(family, truth, value):
            return failure(slot, "code", expected=_shown(truth))
    return None


@cache
def _synonyms() -> tuple[frozenset[str], ...]:
    return tuple(frozenset(core(word) for word in group) for group in table("options")["synonyms"])


@cache
def _accepted(label: str) -> frozenset[str]:
    """Everything that may stand for one of the label's options."""
    ending = re.compile(str(table("options")["endings"]))
    options = {ending.sub("", core(option)) or core(option) for option in label_of(label).options}
    return frozenset(options).union(*(group for group in _synonyms() if group & options))


def options(_: Goods, slot: Slot) -> Failure | None:
    """A short value that is none of the options which the label closes."""
    label = label_of(slot.label)
    word = core(slot.value)
    if len(word) > int(table("options")["longest"]):
        return None
    if any(option in word or word in option for option in _accepted(slot.label)):
        return None
    return failure(slot, "options", options="、".join(label.options))


_DENIALS = ("非", "未", "不", "无")


@cache
def _denied_options(label: str) -> frozenset[str]:
    """What the label's options deny and none of them grants: 电热 in 原理（非电热）."""
    told = {core(option) for option in label_of(label).options}
    return frozenset(option[1:] for option in told if option.startswith(_DENIALS)) - told - {""}


def denied_by_label(_: Goods, slot: Slot) -> Failure | None:
    """The value is what the label says that the goods are not."""
    return failure(slot, "options", options="、".join(label_of(slot.label).options)) if core(slot.value) in _denied_options(slot.label) else None


_CHINESE = re.compile(r"[一-鿿]+")


def exclusive(goods: Goods, slot: Slot) -> Failure | None:
    """A short Chinese word that shares nothing with the options, the label, the goods' name or the code's text, where the options exclude all else."""
    label, word = label_of(slot.label), core(slot.value)
    if len(word) > int(table("options")["longest"]) or not _CHINESE.fullmatch(word):
        return None
    line = goods.line
    told = {*label.brackets, *label.base, *goods.name, *(line.name if line else ""), *"".join(line.path if line else ())}
    empty = set(str(table("options")["empty_characters"]))
    return None if set(word) & told - empty else failure(slot, "options", options="、".join(label.options))


def siblings(goods: Goods, slot: Slot) -> Failure | None:
    """The value names what another line of the heading is for."""
    other = sibling(goods, slot)
    return failure(slot, "sibling", other=other) if other else None


def polarity(goods: Goods, slot: Slot) -> Failure | None:
    """The value says of a property the opposite of the code's text or the goods' name: 漂白 where the code is 未漂白."""
    text = opposite(goods, slot)
    return failure(slot, "bound_text", expected=text.strip(" :：;；")) if text else None


def shares(goods: Goods, slot: Slot) -> Failure | None:
    """Shares that cannot add up (M7), or fall on the wrong side of the code's own share (含棉量在85%及以上)."""
    if (total := sum_off(slot.label, goods.code, slot.value)) is not None:
        return failure(slot, "sum", total=f"{total:g}")
    if clause := share_bound(slot.label, slot.value, *code_text(goods.line)):
        return failure(slot, "bound", expected=clause)
    if clause := substance_bound(slot.label, slot.value, *code_text(goods.line)):
        return failure(slot, "bound", expected=clause)
    quantity = label_of(slot.label).quantity
    if quantity and quantity.dimensions == ("ratio",) and any((converted(m, "ratio") or 0) > 100 for m in measures(slot.value)):
        return failure(slot, "share_over")
    return None


def thresholds(goods: Goods, slot: Slot) -> Failure | None:
    """A quantity outside the bounds of the code's own text (M12)."""
    if goods.line is None:
        return None
    bound = outside(slot.label, slot.value, *code_text(goods.line))
    return failure(slot, "bound", expected=bound.text) if bound else None


def _is_strict(base: str) -> bool:
    return re.fullmatch(str(table("options")["strict"]), base) is not None


@cache
def _is_exclusive(label: str) -> bool:
    taken = label_of(label)
    denies = any(option.startswith(_DENIALS) for option in taken.options)
    return taken.closed and not denies and re.fullmatch(str(table("options")["exclusive"]), taken.base) is not None


Check = Callable[[Goods, Slot], Failure | None]


@cache
def checks_of(label: str, code: str) -> tuple[Check, ...]:
    """The checks that can say anything about a value of `label` under `code`, the most telling first."""
    taken = label_of(label)
    applies: tuple[tuple[Check, bool], ...] = (
        (form, taken.kind in _FORMS),
        (misplaced, True),
        (denied, taken.kind == "model"),
        (denied_by_label, bool(_denied_options(label))),
        (yes_or_no, taken.kind == "yes_no"),
        (families, bool(families_of(label, code))),
        (options, _is_strict(taken.base) and any(offered(family, label) for family in families_of(label, code))),
        (exclusive, _is_exclusive(label)),
        (polarity, may_state_property(label)),
        (siblings, tells_siblings_apart(label)),
        (shares, taken.kind == "composition" or taken.base.endswith("含量") or (taken.quantity is not None and taken.quantity.dimensions == ("ratio",))),
        (thresholds, bool(readings(label, code))),
    )
    return tuple(check for check, applied in applies if applied)
