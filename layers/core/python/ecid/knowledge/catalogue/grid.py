"""From glyphs and ruled lines to what a reader sees: table rows with their cells, and text lines outside the tables. Pure."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ecid.knowledge.catalogue.pages import Glyph, Page, Rule

_ABOVE_BASE_LINE = 3.0
"""Points from the base line to about the middle of a sign of the catalogue's 11-point type."""
_LATIN_WORD = re.compile(r"[0-9A-Za-z.]+")
_SAME = 2.0
"""Ruled lines closer than this (points) are one."""
_SAME_LINE = 4.0
"""Base lines closer than this are one printed line; the next is 13.4 points below."""
_FULL_WIDTH = 11.2
"""Advance of a full-width sign in points; half of it for Latin letters and digits."""


@dataclass(frozen=True, slots=True)
class TableRow:
    """A ruled row. `cells` has one entry for each column of the page's tables, each the printed lines of that cell; a cell merged over several
    columns stands in the column in which its text begins. `row` counts the ruled rows of the page from 1.
    """

    page: int
    row: int
    cells: tuple[tuple[str, ...], ...]

    @property
    def texts(self) -> tuple[str, ...]:
        """The cell texts with the printed line breaks undone."""
        return tuple(unwrap(lines) for lines in self.cells)


@dataclass(frozen=True, slots=True)
class TextLine:
    """A printed line outside any table. `left` and `right` are its ends in points."""

    page: int
    text: str
    left: float
    right: float

    @property
    def first_word(self) -> float:
        """Points that its first unbreakable piece takes: a Chinese sign, or a run of Latin letters and digits."""
        word = _LATIN_WORD.match(self.text)
        return len(word[0]) * _FULL_WIDTH / 2 if word else _FULL_WIDTH


def unwrap(lines: Iterable[str]) -> str:
    """Lines that were one paragraph: nothing stands at the break, except a space before a Latin word (`SERIAL|NUMBER`, but `Tula|re`)."""
    text = ""
    for line in lines:
        text += f" {line}" if text and _latin(text[-1]) and _latin(line[0]) and line[0].isupper() else line
    return text


def read_grid(page: Page) -> list[TableRow | TextLine]:
    """The rows and text lines of a page from top to bottom."""
    columns = _distinct(rule.at for rule in page.verticals)
    bands = _bands(page.horizontals, page.verticals)
    edges = [-band.top for band in bands]
    inside: list[list[Glyph]] = [[] for _ in bands]
    outside: list[Glyph] = []
    for glyph in page.glyphs:
        middle = glyph.y + _ABOVE_BASE_LINE
        index = bisect_right(edges, -middle) - 1
        ruled = index >= 0 and middle > bands[index].bottom
        (inside[index] if ruled else outside).append(glyph)
    rows = (
        (band.top, TableRow(page.number, row, _cells(glyphs, band.columns, columns)))
        for row, (band, glyphs) in enumerate(zip(bands, inside, strict=True), start=1)
    )
    lines = ((line[0].y, TextLine(page.number, _join(line), line[0].x, line[-1].x + _advance(line[-1].text))) for line in _lines(outside))
    items: list[tuple[float, TableRow | TextLine]] = [*rows, *lines]
    items.sort(key=lambda item: -item[0])
    return [item for _, item in items]


@dataclass(frozen=True, slots=True)
class _Band:
    """The strip between two ruled lines, with the x of the vertical rules that stand in it."""

    top: float
    bottom: float
    columns: tuple[float, ...]


def _bands(horizontals: Iterable[Rule], verticals: Sequence[Rule]) -> list[_Band]:
    bands = []
    for top, bottom in pairwise(_distinct((rule.at for rule in horizontals), descending=True)):
        middle = (top + bottom) / 2
        columns = _distinct(rule.at for rule in verticals if rule.start <= middle <= rule.end)
        if columns:
            bands.append(_Band(top, bottom, tuple(columns)))
    return bands


def _distinct(values: Iterable[float], *, descending: bool = False) -> list[float]:
    kept: list[float] = []
    for value in sorted(values, reverse=descending):
        if not kept or abs(value - kept[-1]) > _SAME:
            kept.append(value)
    return kept


def _cells(glyphs: Iterable[Glyph], own: Sequence[float], columns: Sequence[float]) -> tuple[tuple[str, ...], ...]:
    found: dict[int, list[Glyph]] = {}
    for glyph in glyphs:
        found.setdefault(bisect_right(own, glyph.x + 1), []).append(glyph)
    cells: list[tuple[str, ...]] = [()] * max(1, len(columns) - 1)
    for cell in found.values():
        column = bisect_right(columns, min(glyph.x for glyph in cell) + 1) - 1
        column = min(max(column, 0), len(cells) - 1)
        cells[column] += tuple(_join(line) for line in _lines(cell))
    return tuple(cells)


def _lines(glyphs: Iterable[Glyph]) -> list[list[Glyph]]:
    lines: list[list[Glyph]] = []
    for glyph in sorted(glyphs, key=lambda found: -found.y):
        if lines and abs(lines[-1][0].y - glyph.y) <= _SAME_LINE:
            lines[-1].append(glyph)
        else:
            lines.append([glyph])
    for line in lines:
        line.sort(key=lambda found: found.x)
    return lines


def _join(line: Sequence[Glyph]) -> str:
    """The text of a printed line. A gap between Latin words or numbers is a space, so is one wider than a sign; all else is layout."""
    parts: list[str] = []
    for index, glyph in enumerate(line):
        if index:
            before = line[index - 1]
            gap = glyph.x - before.x - _advance(before.text)
            if gap > (_FULL_WIDTH / 4 if _latin(before.text) and _latin(glyph.text) else _FULL_WIDTH * 1.5):
                parts.append(" ")
        parts.append(glyph.text)
    return "".join(parts)


def _latin(text: str) -> bool:
    return text.isascii() and text.isalnum()


def _advance(text: str) -> float:
    return _FULL_WIDTH / 2 if text.isascii() else _FULL_WIDTH
