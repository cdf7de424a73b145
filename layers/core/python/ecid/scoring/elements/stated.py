"""Whether a quantitative element states a number with its unit (M6). Data: `stated.toml`, `kinds.toml`, `units.toml`."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Literal

from ecid.scoring.elements.kinds import Label, label_of
from ecid.scoring.elements.quantities import belongs, measures
from ecid.scoring.elements.text import CACHE, plain, table

Gap = Literal["unit", "share", "other_dimension"]


@cache
def _pattern(name: str) -> re.Pattern[str]:
    return re.compile(str(table("stated")[name]), re.IGNORECASE)


@cache
def _clear() -> frozenset[str]:
    return frozenset(plain(unit).lower() for unit in table("stated")["clear_units"])


def _without_number(label: Label, text: str, mandatory: bool) -> Gap | None:
    quantity = label.quantity
    if quantity is None or not mandatory or quantity.concept in table("stated")["words_allowed"] or _pattern("number_words").search(text):
        return None
    return "unit"


@lru_cache(maxsize=CACHE)
def gap(raw_label: str, mandatory: bool, value: str) -> Gap | None:
    """What keeps the value from being a quantity with its unit; None where it is one, or where none is asked."""
    label = label_of(raw_label)
    quantity = label.quantity
    text = plain(value)
    if label.kind == "composition":
        return "share" if _pattern("bare").fullmatch(text) else None
    if quantity is None:
        return None
    numbers = measures(text)
    if not numbers:
        return _without_number(label, text, mandatory)
    if quantity.bare or quantity.unit or (quantity.forms and quantity.forms.search(text)):
        return None
    if _pattern("bare").fullmatch(text):
        return None if _pattern("count_sizes").search(label.brackets) else "unit"
    units = [measure.unit for measure in numbers]
    foreign = all(unit.lower() in _clear() for unit in units) and not any(belongs(unit, quantity.dimensions) for unit in units)
    return "other_dimension" if foreign else None


def example(raw_label: str) -> str:
    """An answer in the unit that the label asks for."""
    quantity = label_of(raw_label).quantity
    return str(table("wording")["examples"].get(quantity.dimensions[0], "")) if quantity else ""
