"""What an element asks for, read off its label: kind, options in brackets, unit named by the label. Data: `kinds.toml`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from ecid.scoring.elements.quantities import belongs
from ecid.scoring.elements.text import plain, table

_BRACKETS = re.compile(r"[(\[]([^()\[\]]*)[)\]]")
_NUMBERING = re.compile(r"^\.|^\d{1,2}\.|^\d{1,2}(?=[一-鿿])")
_OPTION_SEPARATORS = re.compile(r"[、,;/]|或者?|及")
_OPEN_LIST = re.compile(r"等|其他|例如|如|适用于|××|XX|xx|中文|单位|是否|请|按|具体|\d")


@dataclass(frozen=True, slots=True)
class Quantity:
    """A quantity that a label asks for. `dimensions`: keys of `units.toml`; `unit`: the unit that the label itself names; `bare`: a number alone
    is an answer; `forms`: trade notations that need no unit."""

    concept: str
    dimensions: tuple[str, ...]
    bare: bool
    unit: str
    forms: re.Pattern[str] | None


@dataclass(frozen=True, slots=True)
class Label:
    """A label taken apart. `options` are what its brackets offer; `closed` says that they are all there is."""

    base: str
    brackets: str
    kind: str
    quantity: Quantity | None
    options: tuple[str, ...]
    closed: bool


@dataclass(frozen=True, slots=True)
class _Entry:
    name: str
    base: re.Pattern[str]
    bracket: re.Pattern[str] | None
    concept: str
    dimensions: tuple[str, ...]
    bare: bool
    forms: re.Pattern[str] | None


@cache
def _entries() -> tuple[_Entry, ...]:
    return tuple(
        _Entry(
            raw["name"],
            re.compile(raw["base"]),
            re.compile(raw["bracket"]) if "bracket" in raw else None,
            raw.get("concept", raw["name"]),
            tuple(raw.get("dimensions", ())),
            raw.get("bare", False),
            re.compile(raw["forms"]) if "forms" in raw else None,
        )
        for raw in table("kinds")["kind"]
    )


def _split(label: str) -> tuple[str, str]:
    """The label without its brackets, and what stands in them."""
    text, inside = plain(label), []
    while match := _BRACKETS.search(text):
        inside.append(match.group(1))
        text = text[: match.start()] + text[match.end() :]
    # A bracket that is never closed: everything behind it is inside.
    head, _, rest = text.partition("(")
    return _NUMBERING.sub("", head).strip(" ;.:,。"), "、".join([*inside, rest.strip(" )")] if rest.strip(" )") else inside)


@cache
def label_of(label: str) -> Label:
    """The kind of `label` and what it offers."""
    base, brackets = _split(label)
    entry = next((e for e in _entries() if e.base.fullmatch(base) and (e.bracket is None or e.bracket.search(brackets))), None)
    quantity = None
    if entry is not None and entry.dimensions:
        unit = re.sub(r"^单位:?", "", brackets).strip()
        quantity = Quantity(entry.concept, entry.dimensions, entry.bare, unit if belongs(unit, entry.dimensions) else "", entry.forms)
    options = tuple(option for part in _OPTION_SEPARATORS.split(brackets) if (option := part.strip(" .。").removesuffix("等")))
    return Label(base, brackets, entry.name if entry else "text", quantity, options, bool(options) and not _OPEN_LIST.search(brackets))
