"""The outside edge of the catalogue: a PDF file to printed glyphs and ruled lines, page by page, and nothing about tariffs.

Coordinates are PDF points from the lower left corner of the page. Only one page is held at a time.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pypdfium2
from pypdfium2 import raw

from ecid.errors import UnreadableFile

MAX_PAGES = 3_000
MAX_GLYPHS_PER_PAGE = 50_000
MAX_RULES_PER_PAGE = 2_000
"""A printed A4 page holds some 3,000 signs and 60 ruled lines; beyond these the file is no printed page and would only cost time."""

_HYPHEN_AT_LINE_END = "\x02"


@dataclass(frozen=True, slots=True)
class Glyph:
    """One printed sign: `x` of its left edge, `y` of its base line."""

    x: float
    y: float
    text: str


@dataclass(frozen=True, slots=True)
class Rule:
    """A ruled line: `at` is its y if horizontal, its x if vertical; `start` and `end` bound it along the other axis."""

    at: float
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Page:
    """One printed page, `number` counted from 1; glyphs in the order in which the file draws them, none where it cannot be read."""

    number: int
    glyphs: tuple[Glyph, ...]
    horizontals: tuple[Rule, ...]
    verticals: tuple[Rule, ...]


class PdfPages:
    """The pages of a PDF file. Raises `UnreadableFile` if it is encrypted, broken or larger than any catalogue."""

    def __init__(self, path: Path) -> None:
        self.name = path.name
        try:
            self._document = pypdfium2.PdfDocument(path)
        except pypdfium2.PdfiumError as error:
            raise self._unreadable(error) from error
        if len(self._document) > MAX_PAGES:
            self.close()
            raise UnreadableFile(name=self.name, reason_zh=f"超过 {MAX_PAGES} 页", reason_en=f"it has more than {MAX_PAGES} pages")

    def __len__(self) -> int:
        return len(self._document)

    def close(self) -> None:
        """Free the file."""
        self._document.close()

    def first_page_text(self) -> str:
        """The text of the first page without spaces: enough to tell what the document is."""
        try:
            return "".join(glyph.text for glyph in self._page(0).glyphs) if len(self) else ""
        except pypdfium2.PdfiumError as error:
            raise self._unreadable(error) from error

    def __iter__(self) -> Iterator[Page]:
        for index in range(len(self)):
            try:
                yield self._page(index)
            except pypdfium2.PdfiumError:
                yield Page(index + 1, (), (), ())

    def _unreadable(self, error: pypdfium2.PdfiumError) -> UnreadableFile:
        if "password" in str(error).lower():
            return UnreadableFile(name=self.name, reason_zh="文件已加密", reason_en="it is encrypted")
        return UnreadableFile(name=self.name, reason_zh="PDF 文件已损坏或不完整", reason_en="the PDF is damaged or incomplete")

    def _page(self, index: int) -> Page:
        with closing(self._document[index]) as page:
            with closing(page.get_textpage()) as text:
                if text.count_chars() > MAX_GLYPHS_PER_PAGE:
                    raise UnreadableFile(name=self.name, reason_zh=f"第 {index + 1} 页字符过多", reason_en=f"page {index + 1} holds too many signs")
                glyphs = tuple(_glyphs(text))
            horizontals, verticals = _rules(page)
            if len(horizontals) + len(verticals) > MAX_RULES_PER_PAGE:
                raise UnreadableFile(name=self.name, reason_zh=f"第 {index + 1} 页线条过多", reason_en=f"page {index + 1} holds too many lines")
        return Page(index + 1, glyphs, tuple(horizontals), tuple(verticals))


def _glyphs(text: pypdfium2.PdfTextPage) -> Iterator[Glyph]:
    # The raw calls take some microseconds a sign; pypdfium2's own wrappers build a Python object for each.
    x, y = ctypes.c_double(), ctypes.c_double()
    to_x, to_y = ctypes.byref(x), ctypes.byref(y)
    high = ""
    for index in range(text.count_chars()):
        if raw.FPDFText_IsGenerated(text, index):
            continue
        sign = chr(raw.FPDFText_GetUnicode(text, index))
        if "\ud800" <= sign <= "\udbff":  # rare characters come as two UTF-16 halves
            high = sign
            continue
        if "\udc00" <= sign <= "\udfff":
            sign = (high + sign).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        elif sign == _HYPHEN_AT_LINE_END:
            sign = "-"
        high = ""
        raw.FPDFText_GetCharOrigin(text, index, to_x, to_y)
        if not sign.isspace():
            yield Glyph(x.value, y.value, sign)


def _rules(page: pypdfium2.PdfPage) -> tuple[list[Rule], list[Rule]]:
    horizontals, verticals = [], []
    bounds = [ctypes.c_float() for _ in range(4)]
    references = [ctypes.byref(value) for value in bounds]
    for index in range(raw.FPDFPage_CountObjects(page)):
        item = raw.FPDFPage_GetObject(page, index)
        if raw.FPDFPageObj_GetType(item) != raw.FPDF_PAGEOBJ_PATH:
            continue
        raw.FPDFPageObj_GetBounds(item, *references)
        left, bottom, right, top = (value.value for value in bounds)
        if right - left > top - bottom:
            horizontals.append(Rule((bottom + top) / 2, left, right))
        else:
            verticals.append(Rule((left + right) / 2, bottom, top))
    return horizontals, verticals
