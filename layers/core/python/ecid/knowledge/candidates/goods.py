"""A description of goods, read: what they are called, what was declared of them, and what of it is the seller's noise."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from ecid.errors import Language

MAX_CHARS = 4_000
"""Of a description that is looked at."""
_SEPARATORS = re.compile(r"[;；|\n\r]+")
_LABELLED = re.compile(r"^\s*(?:\d{1,2}\s*[.:、：]\s*)?([^:：]{1,24}?)\s*[:：]\s*(.+)$", re.DOTALL)
_CODE_VALUE = re.compile(r"^\s*[0-4]?\s*$")
_HAN = re.compile(r"[\u3400-\u9fff]")
_MODEL = re.compile(r"(?<![a-z0-9])(?=[a-z0-9./-]*\d)(?=[a-z0-9./-]*[a-z])[a-z0-9]+(?:[./-][a-z0-9]+)*", re.IGNORECASE)
_TITLE_WORD = re.compile(r"[A-Za-z0-9]+")
_RULING_NUMBER = re.compile(r"[a-z]?\d+")
_FROM_COUNTRY = re.compile(r"\s+from\s+(?:the\s+)?(?:[A-Z][a-z]+\s*){1,3}(?:in bulk(?: form)?)?$")
_MARKS = str.maketrans("™®©", "   ")
_QUOTES = str.maketrans("‘’ʼ′“”„", "''''\"\"\"")
_USED = re.compile(r"用(?![品具于途途量料餐])")
_WORD = re.compile(r"[a-z0-9]+(?:['-][a-z0-9]+)*|[^\sa-z0-9]", re.IGNORECASE)
_BRACKETS = re.compile(r"[(（\[【][^)）\]】]*[)）\]】]")
_ZH_NAME_END = re.compile(r"[,，。（(【\[]")
_HEAD_WORDS = 2


@dataclass(frozen=True, slots=True)
class Goods:
    """`name` as the goods are called, without brackets and noise; `declared` are labels ("" where none was written) with values, in order;
    `text` is all of it but for what the seller calls it; `labels` are the labels alone."""

    lang: Language
    name: str
    text: str
    declared: tuple[tuple[str, str], ...]

    @property
    def head(self) -> str:
        """What the goods themselves are called, without what they are for or made of: 履带板 of 挖掘机用履带板, `boot upper` of `leather boot upper`."""
        if self.lang == "en":
            return " ".join(self.name.split()[-_HEAD_WORDS:])
        used = [found.end() for found in _USED.finditer(self.name) if 2 <= found.end() <= len(self.name) - 2]
        return self.name[used[-1] :] if used else self.name

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels that were written."""
        return tuple(label for label, _ in self.declared if label)

    @property
    def is_part(self) -> bool:
        """Whether the name itself says that they are a part of something."""
        if self.lang == "zh":
            return self.name.endswith(tuple(_rules()["part_words_zh"]))
        return any(word in _rules()["part_words_en"] for word in self.name.split()[-3:])


@cache
def _rules() -> Mapping[str, Any]:
    return tomllib.loads(resources.files(__package__).joinpath("goods.toml").read_text("utf-8"))


def read_goods(text: str, lang: Language) -> Goods:
    """Read a description in declaration style (`名称；材质：…；用途：…`, `名称|0|0|…`), a shop title, or plain words."""
    folded = unicodedata.normalize("NFKC", text[:MAX_CHARS].translate(_MARKS)).translate(_QUOTES).strip()
    if lang == "en":
        folded = _without_opening(folded)
    segments = [segment.strip() for segment in _SEPARATORS.split(folded)]
    declared = list(_declared(segments))
    first = next((value for label, value in declared if not label or label in ("品名", "名称", "商品名称", "name", "product")), folded)
    name = _name_zh(first) if lang == "zh" else _name_en(first)
    kept = " ; ".join(_without_noise(value, lang) for _, value in declared)
    return Goods(lang, name, kept, tuple(declared))


def _declared(segments: Sequence[str]) -> Iterator[tuple[str, str]]:
    rules = _rules()
    silent, empty = [word.lower() for word in rules["silent_labels"]], {word.lower() for word in rules["empty_values"]}
    for segment in segments:
        if _CODE_VALUE.match(segment) or segment.lower() in empty:
            continue
        match = _LABELLED.match(segment)
        label, value = (match[1].strip(), match[2].strip()) if match else ("", segment)
        label = "" if label.isdigit() else label  # the number of an element
        if value.lower() in empty or (_CODE_VALUE.match(value) and label):
            continue
        if label and any(word in label.lower() for word in silent):
            continue
        if not label and len(segment) <= 16 and segment.endswith("牌"):
            continue
        yield label, value


def _without_opening(text: str) -> str:
    """A ruling's title without the words that say that it is one, and without the country at its end."""
    rules = _rules()
    said: set[str] = set()
    end = stood = 0
    for match in _TITLE_WORD.finditer(text):
        word = match[0].lower()
        if word in rules["ruling_subjects_follow"] or (";" in text[stood : match.start()] and said):
            end = match.end() if word in rules["ruling_subjects_follow"] else match.start()
        elif word not in rules["ruling_openings"] and not _RULING_NUMBER.fullmatch(word):
            break
        said.add(word)
        stood = match.end()
    if not said & set(rules["ruling_marks"]):
        return text
    return _FROM_COUNTRY.sub("", text[end:].lstrip(" ,;:."))


def _name_zh(text: str) -> str:
    text = _BRACKETS.sub(" ", text)
    for word in _rules()["noise_zh"]:
        text = text.replace(word, "")
    head = _ZH_NAME_END.split(text.strip(), maxsplit=1)[0]
    pieces = [piece for piece in head.split() if _HAN.search(piece)]
    return "".join(pieces) or head.strip()


def _name_en(text: str) -> str:
    lowered = text.lower()
    words: list[str] = []
    for word in _WORD.findall(_BRACKETS.sub(" ", lowered)):
        if word in _rules()["phrase_ends_en"]:
            if set(words) - set(_rules()["part_words_en"]):
                break  # "parts of chairs" go on
            continue
        if word not in _rules()["noise_en"] and not _MODEL.fullmatch(word) and not word.isdigit():
            words.append(word)
    return " ".join(word for word in words if word[0].isalnum())


def _without_noise(text: str, lang: Language) -> str:
    if lang == "zh":
        for word in _rules()["noise_zh"]:
            text = text.replace(word, " ")
        return text
    noise = set(_rules()["noise_en"])
    return " ".join(word for word in text.split() if word.lower().strip(",.!") not in noise)
