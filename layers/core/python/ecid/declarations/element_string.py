"""The specification string (规格型号, GModel): reading it as people write it, and writing it as customs wants it.

Grammar (`domain.md` §4.4): `brand type "|" preference ("|" value)*`, without labels or ordinals; trailing empties may be dropped, inner ones not.
Older files separate with semicolons or 、, number the values (`1.xx;2.xx`) or keep the labels (`品牌类型:0|材质:钢`). These are read, and flagged.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ecid.declarations import vocabulary
from ecid.declarations.flags import LABELLED_VALUES, NAME_BEFORE_CODES, NON_STANDARD_SEPARATOR
from ecid.errors import BadInput

_LINE_BREAK = re.compile(r"[ \t\u3000]*[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]+[ \t\u3000]*")
_WORD_BREAK = re.compile(r"(?<=[0-9A-Za-z])\n(?=[0-9A-Za-z])")
_ORDINAL = re.compile(r"\s*(\d{1,2})(?:\s*[、:：)）]|[.．](?!\d))\s*")
_ORDINAL_OR_DECIMAL = re.compile(r"\s*(\d{1,2})\s*[、:：)）.．]\s*")
_INLINE_ORDINAL = re.compile(r"(?<=\S)\s+(?=\d{1,2}[、.．](?!\d))")
_CODES_FIRST = re.compile(r"\s*[0-4]\s*、\s*[0-3]\s*(?:、|$)")
_LABEL = re.compile(r"\s*([^:：|]{1,24}?)\s*[:：]\s*(.*)", re.DOTALL)
_FEWEST_NUMBERED = 2
_FIRST_ROLES = frozenset({"name", "brand_type"})


@dataclass(frozen=True, slots=True)
class ElementString:
    """A specification string in its parts: `values[0]` is the brand type, `values[1]` the preference, then the element values, inner empties kept.

    `flags` says what reading had to assume: `NON_STANDARD_SEPARATOR`, `LABELLED_VALUES` (labels or ordinals were taken off),
    `NAME_BEFORE_CODES` (the two codes stand one place late, as if the goods name preceded them; nothing was moved).
    """

    values: tuple[str, ...]
    flags: tuple[str, ...] = ()


def parse_specification(text: str) -> ElementString:
    """Take a specification string apart. Never fails: what cannot be told apart stays one value."""
    if not text:
        return ElementString(())
    flags: list[str] = []
    if "|" in text and "｜" not in text and "\n" not in text and text.isprintable():
        values = [value.strip() for value in text.split("|")]
    else:
        values = _split(join_lines(text), flags)
    if ":" in text or "：" in text or _ORDINAL_OR_DECIMAL.match(values[0]):
        values = _strip_labels(values, flags)
    if values == [""]:
        return ElementString((), tuple(flags))
    if len(values) >= 3 and not _is_code(values[0], "01234") and _is_code(values[1], "01234") and _is_code(values[2], "0123"):
        flags.append(NAME_BEFORE_CODES)
    return ElementString(tuple(values), tuple(flags))


def compose(values: Iterable[str]) -> str:
    """The string for the declaration, `|` between the values. Raises `BadInput` if a value contains `|` or a line break, which the form forbids."""
    parts = list(values)
    for part in parts:
        if "|" in part or "｜" in part or _LINE_BREAK.search(part):
            raise BadInput(detail=f"an element value may contain neither | nor a line break: {part[:40]!r}")
    return "|".join(parts)


def join_lines(text: str) -> str:
    """Line breaks are wrapping: nothing stands in their place, except between two Latin letters or digits, where they part words."""
    return _WORD_BREAK.sub(" ", _LINE_BREAK.sub("\n", text.strip())).replace("\n", "")


def _split(text: str, flags: list[str]) -> list[str]:
    if "｜" in text:
        text = text.replace("｜", "|")
        flags.append(NON_STANDARD_SEPARATOR)
    if "|" in text:
        return [value.strip() for value in text.split("|")]
    for values in (re.split("[;；]", text), text.split("、"), _INLINE_ORDINAL.split(text)):
        if len(values) > 1 and _is_list(text, values):
            flags.append(NON_STANDARD_SEPARATOR)
            return [value.strip() for value in values]
    return [text]


def _is_list(text: str, values: list[str]) -> bool:
    """A semicolon always separates values; 、 and blanks also stand inside values, so that codes, ordinals or labels must show that it is a list."""
    return ";" in text or "；" in text or bool(_CODES_FIRST.match(text)) or _numbering(values) is not None or _role(values[0]) in _FIRST_ROLES


def _strip_labels(values: list[str], flags: list[str]) -> list[str]:
    ordinal = _numbering(values)
    bare = [ordinal.sub("", value, count=1) for value in values] if ordinal else list(values)
    labelled_throughout = ordinal is not None or _role(bare[0]) in _FIRST_ROLES
    stripped = [_strip_label(value, labelled_throughout) for value in bare]
    if labelled_throughout and _role(bare[0]) == "name":
        # Some publications count the goods name as element 1; its own label says so, and the name has its own field.
        stripped = stripped[1:]
    if stripped != values:
        flags.append(LABELLED_VALUES)
    return stripped


def _numbering(values: list[str]) -> re.Pattern[str] | None:
    """What takes the ordinals off, if every value that is not empty begins with one and they go on by one from 0 or 1.

    `1.1;2.0;3.锂离子` is a list of 1, 0 and 锂离子, though its first values look like decimals: the third one shows that it is a list.
    """
    filled = [value for value in values if value.strip()]
    if _goes_on_by_one(filled, _ORDINAL):
        return _ORDINAL
    told = len(filled) > _FEWEST_NUMBERED and any(_ORDINAL.match(value) for value in filled)
    return _ORDINAL_OR_DECIMAL if told and _goes_on_by_one(filled, _ORDINAL_OR_DECIMAL) else None


def _goes_on_by_one(values: list[str], ordinal: re.Pattern[str]) -> bool:
    numbers = [int(match[1]) for value in values if (match := ordinal.match(value))]
    return len(numbers) == len(values) >= _FEWEST_NUMBERED and numbers[0] in {0, 1} and numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def _role(value: str) -> str | None:
    match = _LABEL.fullmatch(value)
    return vocabulary.labels().get(vocabulary.heading_key(match[1])) if match else None


def _strip_label(value: str, labelled_throughout: bool) -> str:
    """Take labels off until none is left, so that reading what was read changes nothing."""
    while match := _LABEL.fullmatch(value):
        role = vocabulary.labels().get(vocabulary.heading_key(match[1]))
        if role is None and not (labelled_throughout and _looks_like_label(match[1])):
            return value
        value = _code_for_words(role, match[2].strip())
    return value


def _code_for_words(role: str | None, value: str) -> str:
    codes = {"brand_type": vocabulary.brand_types, "preference": vocabulary.preferences}.get(role or "")
    return (codes().resolve(value) if codes else None) or value


def _looks_like_label(text: str) -> bool:
    return not any(char.isascii() and char.isalnum() for char in text)


def _is_code(value: str, codes: str) -> bool:
    return len(value) == 1 and value in codes
