"""The words of declaration files as data: headings, codes and their names, words of totals rows, labels. Everything is read once from the TOML files.

Keys are compared without width, case, white space and punctuation, so that `U.S.A.`, `usa` and `ＵＳＡ` are one.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources

_NOT_KEY = re.compile(r"[^\w$€£¥]|_")
_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|【[^【】]*】|\{[^{}]*\}")
_PIECES = re.compile(r"[\u4e00-\u9fff]+|\d+(?:[.,]\d+)*|[^\d\u4e00-\u9fff()\[\]/|,;:\-]+")
_NUMBER = re.compile(r"[\d\W_]+(?:[eE][+-]?\d+)?")
_WHOLE = re.compile(r"([0-9]+)(?:\.0+)?")
LONGEST_NAME = 120
"""Characters; longer cells are no code, unit, currency or heading, and are not looked up."""


def key_of(text: str) -> str:
    """What of `text` counts in a comparison: NFKC, case folded, letters, digits and currency signs only."""
    return _NOT_KEY.sub("", unicodedata.normalize("NFKC", text).casefold())


def whole_number(plain: str) -> str | None:
    """The digits of a number that stands alone, without the `.0` that programs write where a column was read as numbers; None for any other text, such as
    `1.1`, whose digits name nothing."""
    match = _WHOLE.fullmatch(plain)
    return match[1] if match else None


def heading_key(text: str) -> str:
    """Like `key_of`, without what stands in brackets (unit, currency, remark), unless nothing else stands there."""
    folded = unicodedata.normalize("NFKC", text)
    return key_of(_BRACKETS.sub("", folded)) or key_of(folded)


def bracketed(text: str) -> str:
    """What stands in brackets in a heading, e.g. `USD` for `总价（USD）`; empty where there are none."""
    found = _BRACKETS.search(unicodedata.normalize("NFKC", text))
    return found.group()[1:-1].strip() if found else ""


@dataclass(frozen=True, slots=True)
class CodeList:
    """A list of codes with all their names. `width` is the number of digits that a number may have lost its leading zeros from (0: none)."""

    codes: Mapping[str, str] = field(repr=False)
    width: int = 0

    def resolve(self, text: str) -> str | None:
        """The code that `text` names: as code, as name, or both side by side (`502 美元`, `一般贸易(0110)`); None if none or more than one."""
        if len(text) > LONGEST_NAME:
            return None
        plain = unicodedata.normalize("NFKC", text).strip()
        whole = self._lookup(plain)
        if whole is not None or _NUMBER.fullmatch(plain):
            return whole
        found = {code for piece in _PIECES.findall(plain) if (code := self._lookup(piece)) is not None}
        return found.pop() if len(found) == 1 else None

    def _lookup(self, plain: str) -> str | None:
        key = key_of(plain)
        if not key.isdigit():
            return self.codes.get(key)
        number = whole_number(plain.strip(" ()[]{}【】'’`"))
        return self.codes.get(number.zfill(self.width)) if number else None


def read_toml(name: str) -> dict[str, object]:
    """One TOML file of this package."""
    return tomllib.loads(resources.files(__package__).joinpath(name).read_text("utf-8"))


def _code_list(name: str, width: int = 0) -> CodeList:
    codes: dict[str, str] = {}
    for code, names in read_toml(name).items():
        for alias in (code, *_texts(names)):
            codes[key_of(alias)] = code
    return CodeList(codes, width)


@cache
def currencies() -> CodeList:
    """ISO 4217 alpha-3 by name, sign and legacy number."""
    return _code_list("currencies.toml")


@cache
def countries() -> CodeList:
    """ISO 3166 alpha-3 (and customs extras) by name, alpha-2 and legacy number."""
    return _code_list("countries.toml")


@cache
def units() -> CodeList:
    """Three-digit customs units by name."""
    return _code_list("units.toml", width=3)


@cache
def modes() -> CodeList:
    """Four-digit supervision modes by name."""
    return _code_list("modes.toml", width=4)


@cache
def brand_types() -> CodeList:
    """`0`–`4` by the words for 品牌类型."""
    return _words_list("brand_type")


@cache
def preferences() -> CodeList:
    """`0`–`3` by the words for 出口享惠情况."""
    return _words_list("preference")


def _words_list(table: str) -> CodeList:
    words = read_toml("words.toml")[table]
    assert isinstance(words, dict)  # noqa: S101 - shape of our own data file
    return CodeList({key_of(alias): code for code, names in words.items() for alias in (code, *_texts(names))})


@cache
def words(name: str) -> frozenset[str]:
    """The keys of one list of `words.toml`: `totals`, `cancelled`, `not_cancelled` or `imports`."""
    return frozenset(map(key_of, _texts(read_toml("words.toml")[name])))


@cache
def headings() -> Mapping[str, tuple[str, int]]:
    """Heading key to (field, rank); of two headings for one field the one with the lower rank is meant."""
    return {heading_key(text): (name, rank) for name, texts in read_toml("headings.toml").items() for rank, text in enumerate(_texts(texts))}


@cache
def examples(name: str) -> str:
    """The most usual headings of a field, for a sentence."""
    return "、".join(_texts(read_toml("headings.toml")[name])[:5])


@cache
def labels() -> Mapping[str, str]:
    """Label key to its role in a specification string: `name`, `brand_type`, `preference` or `others`."""
    return {key_of(text): role for role, texts in read_toml("elements.toml").items() for text in _texts(texts)}


def _texts(value: object) -> list[str]:
    assert isinstance(value, list)  # noqa: S101 - shape of our own data file
    return [str(text) for text in value]
