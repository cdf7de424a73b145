"""What lists of codes say of a code: dual-use, licence, inspection, refund. A mark calls for a closer look and decides nothing (score.md, dimension 9)."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Literal

from ecid.tariff.model import Marks

Listed = Literal["listed", "possible", "not_listed"]
"""`possible`: the list names longer codes under this one, so that it depends on the last digits."""
Text = Mapping[str, str]
_SUBHEADING, _TEN = 6, 10


@dataclass(frozen=True, slots=True)
class Listing:
    """What one list says of a code: `codes` are those that the list names under it, or that it stands under, with what the list says of them."""

    of: Marks
    state: Listed
    codes: Mapping[str, str]


class CodeLists:
    """Lists of codes, looked up by code."""

    def __init__(self, lists: Iterable[Marks]) -> None:
        self._lists: list[tuple[Marks, dict[str, list[str]]]] = []
        for marks in sorted(lists, key=lambda marks: marks.id):
            by_subheading: dict[str, list[str]] = {}
            for code in sorted(marks.codes):
                by_subheading.setdefault(code[:_SUBHEADING], []).append(code)
            self._lists.append((marks, by_subheading))

    def of(self, code: str, day: date) -> tuple[Listing, ...]:
        """What the lists in force on a day say of a code of six or more digits, in the order of their ids."""
        own, found = code[:_TEN], []
        for marks, by_subheading in self._lists:
            if marks.valid_from <= day <= marks.valid_to:
                named = by_subheading.get(own[:_SUBHEADING], ())
                codes = {name: marks.codes[name] for name in named if name.startswith(own) or own.startswith(name)}
                whole = any(own.startswith(name) for name in codes)
                found.append(Listing(marks, "listed" if whole else "possible" if codes else "not_listed", codes))
        return tuple(found)


def listings(code: str, day: date, lists: Iterable[Marks]) -> tuple[Listing, ...]:
    """What the lists in force on a day say of one code of six or more digits."""
    return CodeLists(lists).of(code, day)


def favours(theirs: Listing, ours: Listing) -> bool:
    """Whether a code is better off in the matter of a list than another one: free of a mark that the other has, or with a higher refund throughout.

    `theirs` is the other code's. What depends on the last digits of the code that would be better off proves nothing.
    """
    if theirs.of.mark != "export_refund":
        return ours.state == "not_listed" and theirs.state != "not_listed"
    rates, own = ([Decimal(rate) for rate in listing.codes.values()] for listing in (theirs, ours))
    return bool(rates and own) and max(rates) < min(own)


def differ(theirs: Listing, ours: Listing) -> bool:
    """Whether a list says something else of one code than of another."""
    if theirs.of.mark == "export_refund":
        return set(theirs.codes.values()) != set(ours.codes.values())
    return (theirs.state == "not_listed") != (ours.state == "not_listed")


@cache
def mark_name(mark: str) -> Text:
    """What a list is about, by language."""
    name: Text = tomllib.loads(files("ecid.scoring").joinpath("marks.toml").read_text("utf-8"))["mark"][mark]["name"]
    return name
