"""`TOO_VAGUE`: name and elements say too little to place the goods in any heading (score.md, dimension 4). Half a defect.

Either the name has no word that names goods (配件, 塑料制品) and the elements do not make up for it, or the whole description is short and no heading stands
out. A long description that no heading answers is left alone: that may be our ignorance. Where the elements say no more than such a name, nothing places the
goods, whatever the name is like. Brands and models in a name name no goods.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from ecid.scoring.goods import Goods
from ecid.scoring.placement import Placed
from ecid.scoring.policy import PPM, Placing
from ecid.scoring.rule import Case, Evidence, LineVerdict, SourceRule
from ecid.scoring.rules.placed import Stated, described, judged_by_placing
from ecid.scoring.wording import phrase

if TYPE_CHECKING:
    from ecid.scoring.judging import JudgedGoods


def names_nothing(name: str, marks: Iterable[str] = ()) -> bool:
    """Whether a name is made of words alone that name no goods, once brands and models are left out: `marks`, and what is written like one."""
    plain = unicodedata.normalize("NFKC", name)
    for mark in sorted(marks, key=len, reverse=True):
        plain = plain.replace(mark, " ")
    words = _words()
    if not _CHINESE.search(plain):
        said = [word for word in _TOKEN.findall(plain) if not _FIGURE.search(word)]
        return bool(said) and all(word.casefold() in words.english for word in said)
    bare = _TOKEN.sub(lambda token: token[0] if token[0].upper() in words.technical else "", plain)
    return words.made_of.fullmatch(_NO_LETTER.sub("", bare)) is not None


_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_TOKEN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9\-_/.]*[A-Za-z0-9])?")
_FIGURE = re.compile(r"[0-9]")
_NO_LETTER = re.compile(r"[\W\d_]+")
_BRAND, _MODEL = "品牌", "型号"


@dataclass(frozen=True, slots=True)
class _Words:
    made_of: re.Pattern[str]
    english: frozenset[str]
    technical: frozenset[str]


@cache
def _words() -> _Words:
    data = tomllib.loads(files("ecid.scoring").joinpath("vague.toml").read_text("utf-8"))
    return _Words(re.compile(f"(?:{'|'.join(map(re.escape, data['words']))})+"), frozenset(data["english"]), frozenset(data["technical"]))


def marks_of(goods: Goods) -> list[str]:
    """Brand and model as declared, which a name may repeat; also the brand without the word for one."""
    stated = [unicodedata.normalize("NFKC", slot.value) for slot in goods.elements if slot.value and (_BRAND in slot.label or _MODEL in slot.label)]
    return [mark for value in stated for mark in (value, value.removesuffix("牌")) if len(mark) > 1]


def is_vague(goods: JudgedGoods, placed: Placed, bounds: Placing) -> bool:
    """Whether the goods could be anything. What is known under the declared heading by its name could not."""
    if placed.terms <= bounds.vague_terms and placed.best_ppm < bounds.vague_ppm and not placed.supported:
        return True
    marks = marks_of(goods.goods)
    if not names_nothing(goods.goods.name, marks):
        return False
    return placed.best_ppm < bounds.vague_name_ppm or all(
        _adds_nothing(value, marks) or _is_given(value, goods.goods) for value in described(goods.goods, date.min).statements
    )


def _adds_nothing(value: str, marks: Iterable[str]) -> bool:
    """Whether an element says no more than such a name, or figures alone."""
    return names_nothing(value, marks) or not any(sign.isalpha() for token in value.split() if not _FIGURE.search(token) for sign in token)


def _is_given(value: str, goods: Goods) -> bool:
    """Whether a value stands in the name already (铝 of 铝制品), or in what the form offers for all goods of the code (非工业用)."""
    return value in goods.name or any(value in slot.label for slot in goods.elements if slot.value == value)


def _judge(goods: JudgedGoods, placed: Placed, bounds: Placing, _day: date) -> Stated | None:
    return {"said": goods.goods.name, "ppm": placed.best_ppm} if is_vague(goods, placed, bounds) else None


def _evidence(row: Mapping[str, Any]) -> Sequence[Evidence]:
    return [{"kind": "vague", "seen": row["said"], "expected": phrase("vague_expected"), "confidence_ppm": row["ppm"]}]


def _check(case: Case) -> LineVerdict:
    return judged_by_placing(case, _judge, PPM // 2)


RULE = SourceRule("TOO_VAGUE", 4, _check, _evidence)
