"""The order of the catalogue: title page, sections (类) and chapters (章) with their notes, and under each chapter its table of lines. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from ecid.knowledge.catalogue.grid import TableRow, TextLine, unwrap
from ecid.knowledge.catalogue.lines import COLUMNS, LineBuilder
from ecid.tariff.model import Note, TariffLine

TITLE = "规范申报目录"
SECTIONS = range(1, 22)
CHAPTERS = [number for number in range(1, 98) if number != 77]
"""Chapter 77 of the Harmonized System is reserved."""

_DIVISION = re.compile(r"第([一二三四五六七八九十]+)([类章])(.*)")
_YEAR = re.compile(r"（(20\d\d)年版）")
_NOTES_BEGIN = re.compile(r"(.*?)((?:本国)?(?:子目)?注释[：:])(.*)")
_NUMBERING = re.compile(r"[（(]?[一二三四五六七八九十\d]+[)）、.．]|(?:本国)?(?:子目)?注释[：:]")
_HEADER_WORDS = frozenset({"税则号列", "商品名称", "申报要素", "归类要素", "价格要素", "其他要素"})
_LEFT_MARGIN = 33.0
_RIGHT_MARGIN = 562.0
_CENTRE = 296.0
"""Points; note text begins left of `_LEFT_MARGIN`, titles are centred between the margins."""

Finding = tuple[str, str, str]
"""Where, zh, en."""


@dataclass(slots=True)
class _Division:
    kind: Literal["section", "chapter"]
    number: int
    title: str
    page: int
    paragraphs: list[str] = field(default_factory=list)
    in_title: bool = True

    def note(self) -> Note:
        return Note(self.kind, self.number, self.title, "\n".join(self.paragraphs), f"p. {self.page}")


class CatalogueReader:
    """Takes the rows and text lines of the catalogue in printed order. `year` is the year of the edition, None until its title was read; `missed` are the
    pages of which nothing could be read."""

    def __init__(self) -> None:
        self.year: int | None = None
        self.findings: list[Finding] = []
        self.missed: list[int] = []
        self._divisions: list[_Division] = []
        self._builder = LineBuilder(self._report)
        self._in_table = False
        self._last_line: TextLine | None = None

    def add(self, item: TableRow | TextLine) -> None:
        """Take one row or line."""
        if isinstance(item, TextLine):
            self._add_text(item)
        else:
            self._add_row(item)

    def miss(self, page: int) -> None:
        """A page of which nothing can be read: codes that stood on it must not be taken for codes that do not exist."""
        self.missed.append(page)
        zh, en = "此页无法读取或空白，版本按不完整处理", "nothing can be read on this page; the edition is taken not to be complete"
        self.findings.append((f"p. {page}", zh, en))

    def close(self) -> tuple[dict[str, TariffLine], tuple[Note, ...]]:
        """No more pages: the lines by code, and one note for each section and chapter (its text is empty where none is printed)."""
        return self._builder.close(), tuple(division.note() for division in self._divisions)

    def missing(self) -> list[tuple[str, str]]:
        """What a whole catalogue has and this one lacks, in zh and en: its year, sections, chapters (which need at least one line)."""
        sections = {division.number for division in self._divisions if division.kind == "section"}
        chapters = {int(code[:2]) for code in self._builder.lines}
        return [
            *([] if self.year else [("年版", "year of the edition")]),
            *((f"第{number}类", f"section {number}") for number in SECTIONS if number not in sections),
            *((f"第{number}章", f"chapter {number}") for number in CHAPTERS if number not in chapters),
        ]

    def _report(self, row: TableRow, zh: str, en: str) -> None:
        self.findings.append((f"p. {row.page}, row {row.row}", zh, en))

    def _add_row(self, row: TableRow) -> None:
        texts = [text for text in row.texts if text]
        self._last_line = None
        if texts and _HEADER_WORDS.issuperset(texts):
            self._in_table = True
        elif self._in_table and len(row.cells) == COLUMNS:
            self._builder.add(row)
        elif self._divisions:
            self._divisions[-1].paragraphs.extend(_table_text(row))
        elif texts:
            self._report(row, "第一类之前的表格行", "a table row before the first section")

    def _add_text(self, line: TextLine) -> None:
        division = self._division(line)
        if division:
            self._divisions.append(division)
            self._in_table = False
        elif not self._divisions:
            year = _YEAR.search(line.text.replace(" ", ""))  # the large type of the title leaves gaps
            self.year = int(year[1]) if year else self.year
        elif self._in_table and _HEADER_WORDS.issuperset(line.text.split()):
            pass  # a page break inside the head of a table
        elif self._in_table:
            self.findings.append((f"p. {line.page}", f"表格中间的文字：{line.text}", f"text inside a table: {line.text}"))
        elif self._divisions[-1].in_title:
            self._end_title(self._divisions[-1], line)
        else:
            self._add_paragraph(self._divisions[-1], line)
        self._last_line = line

    def _division(self, line: TextLine) -> _Division | None:
        match = _DIVISION.fullmatch(line.text)
        if not match or line.left < _LEFT_MARGIN or abs((line.left + line.right) / 2 - _CENTRE) > _LEFT_MARGIN / 2:
            return None
        return _Division("section" if match[2] == "类" else "chapter", chinese_number(match[1]), match[3], line.page)

    @staticmethod
    def _end_title(division: _Division, line: TextLine) -> None:
        """A long title runs on in the next line, and may have the word "notes" set right behind it."""
        begin = _NOTES_BEGIN.fullmatch(line.text)
        title_goes_on = line.left > _LEFT_MARGIN
        division.in_title = begin is None and title_goes_on
        if begin and title_goes_on:
            division.title += begin[1]
            division.paragraphs.append(begin[2] + begin[3])
        elif title_goes_on:
            division.title += line.text
        else:
            division.paragraphs.append(line.text)

    def _add_paragraph(self, division: _Division, line: TextLine) -> None:
        before = self._last_line
        if before and division.paragraphs and before.right + line.first_word > _RIGHT_MARGIN and not _NUMBERING.match(line.text):
            division.paragraphs[-1] = unwrap((division.paragraphs[-1], line.text))
        else:
            division.paragraphs.append(line.text)


def _table_text(row: TableRow) -> list[str]:
    """A row of a table inside a note as text, cells parted by tabs; a ruled row that holds several printed rows gives one text for each."""
    filled = [cell for cell in row.cells if cell]
    if not filled:
        return []
    if len(filled[0]) > 1 and all(len(cell) == len(filled[0]) for cell in filled):
        return ["\t".join(texts) for texts in zip(*filled, strict=True)]
    return ["\t".join(unwrap(cell) for cell in filled)]


def chinese_number(text: str) -> int:
    """`二十一` → 21; up to 99."""
    tens, ten, ones = text.rpartition("十")
    digits = "〇一二三四五六七八九"
    if not ten:
        return digits.index(ones)
    return (digits.index(tens) if tens else 1) * 10 + (digits.index(ones) if ones else 0)
