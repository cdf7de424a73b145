"""Goods as declared: one distinct combination of code, name, specification and destination, judged once however many lines carry it.

The values of the element string are laid beside the elements that the tariff line asks for, by position (`domain.md` §4.4): brand type, preference,
the catalogue's elements by number, then GTIN, CAS and 其他 (other).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

from ecid.declarations.element_string import parse_specification
from ecid.tariff.model import Element, TariffLine

SlotKind = Literal["brand_type", "preference", "element", "gtin", "cas", "other"]
Partings = tuple[tuple[str, str], ...]
"""Where other lines of a heading part from a line: its own text at that level, and theirs."""
_TAIL: tuple[tuple[SlotKind, str], ...] = (("gtin", "GTIN"), ("cas", "CAS"), ("other", "其他"))


@dataclass(frozen=True, slots=True)
class Slot:
    """One place of the element string: what is asked there and what stands there (stripped; empty where nothing does)."""

    position: int
    kind: SlotKind
    label: str
    mandatory: bool
    value: str
    element: Element | None = None


@dataclass(frozen=True, slots=True)
class Goods:
    """What rules judge. `code` has eight digits; `line` is the tariff line in force (or substituted) on the day, None where the code has none.

    `slots` is empty when the line or its elements are not known; `surplus` are non-empty values beyond the last place; `partings` say how the line
    differs from the others of its heading (`partings_of`), empty where these are not known.
    """

    code: str
    name: str
    destination: str | None
    line: TariffLine | None
    slots: tuple[Slot, ...]
    surplus: tuple[str, ...]
    flags: tuple[str, ...] = ()
    partings: Partings = ()

    def slot(self, kind: SlotKind) -> Slot | None:
        """The first place of that kind."""
        return next((slot for slot in self.slots if slot.kind == kind), None)

    @property
    def elements(self) -> tuple[Slot, ...]:
        """The catalogue's own elements, in printed order."""
        return tuple(slot for slot in self.slots if slot.kind == "element")


@cache
def _wordings() -> tuple[re.Pattern[str], re.Pattern[str], tuple[str, ...]]:
    data = tomllib.loads(files("ecid.scoring").joinpath("mandatory.toml").read_text("utf-8"))
    return re.compile(data["conditional"]), re.compile(data["conditional_in_brackets"]), tuple(data["never_mandatory"])


_BRACKETS = re.compile(r"[（(［\[][^（()）［\[\]］]*[）)］\]]")


@cache
def is_mandatory(element: Element) -> bool:
    """Whether a line must state this element: classification and price elements that are not worded as conditional (score.md, "Element string")."""
    if element.purpose == "other":
        return False
    bare = _BRACKETS.sub("", _BRACKETS.sub("", element.label)).strip()
    conditional, in_brackets, never = _wordings()
    return bare not in never and not conditional.search(bare) and not in_brackets.search(element.label)


def partings_of(line: TariffLine, heading: Iterable[TariffLine]) -> Partings:
    """How the lines of a heading part from `line`: at the first level of text where they differ, each pair once, in the order of the tariff."""
    own = (*line.path, line.name)
    found: dict[tuple[str, str], None] = {}
    for other in heading:
        parting = next(((mine, theirs) for mine, theirs in zip(own, (*other.path, other.name), strict=False) if mine != theirs), None)
        if parting:
            found[parting] = None
    return tuple(found)


def goods_of(code: str, name: str, specification: str, destination: str | None, line: TariffLine | None, partings: Partings = ()) -> Goods:
    """Parse the specification and lay it beside the elements of `line`."""
    parsed = parse_specification(specification)
    if line is None or not line.elements_known:
        return Goods(code[:8], name, destination, line, (), (), parsed.flags)
    asked: list[tuple[SlotKind, str, bool, Element | None]] = [
        ("brand_type", "品牌类型", True, None),
        ("preference", "出口享惠情况", True, None),
    ]
    asked += [("element", element.label, is_mandatory(element), element) for element in line.elements]
    asked += [(kind, label, False, None) for kind, label in _TAIL]
    values = parsed.values
    slots = tuple(
        Slot(position, kind, label, mandatory, values[position].strip() if position < len(values) else "", element)
        for position, (kind, label, mandatory, element) in enumerate(asked)
    )
    surplus = tuple(value for value in values[len(asked) :] if value.strip())
    return Goods(code[:8], name, destination, line, slots, surplus, parsed.flags, partings)
