"""Tariff lines (税目) out of the ruled rows of the catalogue's tables. Pure.

The depth of a row is the number of its leading dashes. Elements printed on a heading or a subheading hold for the lines below it that print none
themselves; a line that prints any prints all of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from ecid.knowledge.catalogue.elements import read_elements
from ecid.knowledge.catalogue.grid import TableRow
from ecid.tariff.model import Element, TariffLine

COLUMNS = 5
_LINE_CODE = re.compile(r"\d{4}\.\d{4}")
_HEADING_CODE = re.compile(r"\d{2}\.\d{2}")
_DASHES = "-－–—"
_SUBCHAPTER = re.compile(r"第[一二三四五六七八九十]+分章")
_LAYOUT_SPACE = re.compile(r"(?<![0-9A-Za-z]) +| +(?![0-9A-Za-z])")


@dataclass(slots=True)
class _Level:
    """A text above lines. `prefix` are the leading digits that its lines have in common, empty until the first line stands below it."""

    depth: int
    text: str
    elements: tuple[Element, ...]
    prefix: str = ""


def code_depth(code: str) -> int:
    """How deep an eight-digit line stands below its heading: 0 where it is the whole heading, else the number of dashes that its code calls for.

    `XXXX0000` → 0, `XXXXX000` → 1, `XXXXXX00` → 2, `XXXXXXX0` → 3, else 4. The print follows this but for a handful of slips in the dashes.
    """
    return max(0, len(code.rstrip("0")) - 4)


class LineBuilder:
    """Takes the tariff rows in printed order and keeps the lines by code.

    `report(row, zh, en)` is told of every row that is neither a line nor a text above lines, so that none is lost silently.
    """

    def __init__(self, report: Callable[[TableRow, str, str], None]) -> None:
        self.lines: dict[str, TariffLine] = {}
        self._report = report
        self._levels: list[_Level] = []
        self._heading: tuple[str, TableRow] | None = None
        self._last_code = ""

    def add(self, row: TableRow) -> None:
        """Take one row."""
        code, name, *cells = (_LAYOUT_SPACE.sub("", text) for text in row.texts)
        if not _LINE_CODE.fullmatch(code) and not _HEADING_CODE.fullmatch(code):
            if code and name:
                self._report(row, f"无法识别的税则号列“{code}”", f"{code!r} is no tariff number")
                return
            code, name = "", code or name
        text = name.lstrip(_DASHES)
        if not text:
            if code or any(cells):
                self._report(row, "该行没有商品名称", "the row has no goods name")
            return
        level = _Level(len(name) - len(text), text, read_elements(cells))
        if _HEADING_CODE.fullmatch(code):
            self._open_heading(code.replace(".", ""), row, level)
        elif code:
            self._add_line(code.replace(".", ""), row, level)
        elif not _SUBCHAPTER.match(text):
            self._open_group(row, level)

    def close(self) -> dict[str, TariffLine]:
        """No more rows: the lines by code."""
        self._close_heading()
        return self.lines

    def _open_heading(self, code: str, row: TableRow, level: _Level) -> None:
        self._close_heading()
        self._heading = (code, row)
        self._levels = [_Level(0, level.text, level.elements, code)]

    def _close_heading(self) -> None:
        if self._heading and self._last_code[:4] != self._heading[0]:
            code, row = self._heading
            self._report(row, f"品目 {code} 下没有税目", f"heading {code} has no line")

    def _open_group(self, row: TableRow, level: _Level) -> None:
        if not self._levels:
            self._report(row, "该行之前没有品目", "the row stands before any heading")
            return
        if level.depth == 0:
            level.depth = self._levels[-1].depth + 1  # its dashes were forgotten in print
        self._levels = [above for above in self._levels if above.depth < level.depth] + [level]

    def _add_line(self, code: str, row: TableRow, level: _Level) -> None:
        if code in self.lines:
            self._report(row, f"税目 {code} 重复", f"line {code} is printed twice")
            return
        if not self._heading or self._heading[0] != code[:4]:
            self._report(row, f"税目 {code} 不在其品目之下", f"line {code} does not stand under its heading")
            self._open_heading(code[:4], row, _Level(0, "", ()))
        self._reopen(code, row)
        depth = max(1, code_depth(code))
        self._levels = [above for above in self._levels if above.depth < depth and code.startswith(above.prefix)]
        for above in self._levels:
            above.prefix = code[: 4 + min(above.depth, 2)]  # national groups (three dashes and more) may span several seventh digits
        elements = level.elements or next((above.elements for above in reversed(self._levels) if above.elements), ())
        self.lines[code] = TariffLine(
            code=code,
            name=_title(level.text),
            path=tuple(_title(above.text) for above in self._levels if above.text),
            elements=elements,
            elements_known=bool(elements),
            source_ref=f"p. {row.page}, row {row.row}",
        )
        self._last_code = code

    def _reopen(self, code: str, row: TableRow) -> None:
        """The line before turns out to stand above this one: a subheading that the print gave a number of its own, and no line."""
        prefix = self._last_code[: 4 + code_depth(self._last_code)]
        if not prefix or not code.startswith(prefix):
            return
        above = self.lines.pop(self._last_code)
        zh, en = f"税目 {above.code} 之下另有税目，按子目处理", f"{above.code} has lines below it: taken as a subheading, not as a line"
        self._report(row, zh, en)
        self._levels.append(_Level(code_depth(above.code), above.name, above.elements, prefix))


def _title(text: str) -> str:
    return text.rstrip("：:；;") or text
