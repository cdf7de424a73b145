"""Rows of a table of tariff lines gathered to eight-digit lines. Every row becomes a line, part of one, a text above lines, or is reported."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from ecid.declarations.vocabulary import units
from ecid.knowledge.importers.cell_values import Fault, code_fault, code_of, day_of
from ecid.knowledge.importers.line_elements import elements_in
from ecid.tariff.model import Element, TariffLine

LENGTHS = (2, 4, 6, 8, 10)
_LINE = 8
_BETWEEN_UNITS = re.compile(r"[/、,，;；+]")
_NOTHING = frozenset({"", "无", "-", "--", "/", "—", "\\", "none"})
_PATH = re.compile(r"\s*[>›]\s*")
_DASHES = "-－–— "
_ENOUGH_DIGITS = 5
_NAMES_SHOWN = 5

_T = TypeVar("_T")
Row = Mapping[str, str]
Report = Callable[[str, str, str], None]
"""Told the place of a row, and in zh and en what of it was not taken over."""


@dataclass(frozen=True, slots=True)
class _Row:
    place: str
    code: str
    name: str
    name_en: str
    path: tuple[str, ...]
    units: tuple[str, ...] | None
    elements: tuple[Element, ...] | None


class LineRows:
    """Takes the rows in force on `day`. `doubtful` counts the rows of which it cannot be told which line they are: without them no table is whole."""

    def __init__(self, day: date, report: Report) -> None:
        self.doubtful = 0
        self._day = day
        self._report = report
        self._lines: dict[str, list[_Row]] = {}
        self._above: dict[str, _Row] = {}
        self._first: dict[str, tuple[str, Row]] = {}

    def add(self, place: str, row: Row) -> None:
        """Take one row."""
        code, fault = code_of(row["code"]), self._fault(row)
        if fault:
            self._report(place, *fault)
        elif code in self._first:
            earlier, known = self._first[code]
            same = known == row
            zh, en = ("相同，合为一条", "the same: one line") if same else ("不同，采用前者", "another: the first is taken")
            self._report(place, f"{code} 与 {earlier} 重复，内容{zh}", f"{code} stands at {earlier} too, {en}")
        else:
            self._first[code] = place, row
            taken = self._taken(place, code, row)
            if len(code) < _LINE:
                self._above[code] = taken
            else:
                self._lines.setdefault(code[:_LINE], []).append(taken)

    def close(self) -> dict[str, TariffLine]:
        """No more rows: the lines by code."""
        for code, row in self._above.items():
            if not any(line.startswith(code) for line in self._lines):
                self._report(row.place, f"{code} 之下没有税目", f"{code} has no line below it")
        return {code: self._line(code, rows) for code, rows in sorted(self._lines.items())}

    def _fault(self, row: Row) -> Fault | None:
        text, until = row["code"], row.get("until", "")
        digits = code_of(text)
        fault = code_fault(text, LENGTHS) if text else ("没有编码", "it has no code")
        if fault:
            other_chapter = digits.isdigit() and len(digits) in LENGTHS
            self.doubtful += sum(sign.isdigit() for sign in digits) >= _ENOUGH_DIGITS and not other_chapter
        elif not row["name"].strip(_DASHES):
            self.doubtful += len(digits) >= _LINE
            fault = f"{digits} 没有名称", f"{digits} has no name"
        elif until and (last := day_of(until)) and last < self._day:
            fault = f"{digits} 已于 {last} 后失效", f"{digits} was in force until {last} only"
        return fault

    def _taken(self, place: str, code: str, row: Row) -> _Row:
        found, elements = _units(row), elements_in(row)
        for text in (row.get("from", ""), row.get("until", "")):
            if text and day_of(text) is None:
                self._report(place, f"{code}：“{text}”不是日期，日期未采用", f"{code}: {text!r} is no date, which is left out")
        if isinstance(found, str):
            self._report(place, f"{code}：计量单位“{found}”不在海关计量单位表内，单位未采用", f"{code}: {found!r} is no customs unit; its units are left out")
        if elements and isinstance(elements[0], str):
            self._report(place, f"{code}：{elements[0]}，要素未采用", f"{code}: {elements[1]}; its elements are left out")
        return _Row(
            place,
            code,
            _plain(row["name"]).strip(_DASHES).rstrip("：:；;"),
            _plain(row.get("name_en", "")).strip(_DASHES),
            tuple(part.rstrip("：:；;") for part in _PATH.split(_plain(row.get("path", ""))) if part),
            None if isinstance(found, str) else found,
            tuple(item for item in elements if isinstance(item, Element)) if elements and not isinstance(elements[0], str) else None,
        )

    def _line(self, code: str, rows: Sequence[_Row]) -> TariffLine:
        own = next((row for row in rows if row.code == code), None)
        above = [self._above[level] for level in (code[:4], code[:6]) if level in self._above]
        inherited = next((row.elements for row in reversed(above) if row.elements), None)
        elements = self._agreed(code, rows, [row.elements for row in rows if row.elements is not None], "申报要素", "elements") or inherited
        return TariffLine(
            code=code,
            name=own.name if own else _joined([row.name for row in rows], "；", "等{n}项"),
            path=next((row.path for row in rows if row.path), tuple(row.name for row in above)),
            name_en=own.name_en if own and own.name_en else _joined([row.name_en for row in rows], "; ", " and others, {n} in all"),
            elements=elements or (),
            elements_known=bool(elements),
            units=self._agreed(code, rows, [row.units for row in rows if row.units != ()], "计量单位", "units") or (),
            source_ref=rows[0].place,
        )

    def _agreed(self, code: str, rows: Sequence[_Row], values: Sequence[_T | None], zh: str, en: str) -> _T | None:
        """What the rows of a line that say something say, if they all say the same."""
        if any(value != values[0] for value in values):
            self._report(rows[0].place, f"{code} 之下各行{zh}不一致，未采用", f"the rows below {code} differ in their {en}, which are left out")
            return None
        return values[0] if values else None


def _units(row: Row) -> tuple[str, ...] | str:
    """The unit codes of a row, or the text that is no unit: then the second must not be taken for the first."""
    texts = [text.strip() for name in ("unit", "unit2") for text in _parts(row.get(name, ""))]
    found = [(text, units().resolve(text)) for text in texts if text.casefold() not in _NOTHING]
    unknown = next((text for text, code in found if code is None), None)
    return unknown if unknown is not None else tuple(dict.fromkeys(code for _, code in found if code))


def _parts(cell: str) -> list[str]:
    """`千克/台` names two units; a cell that is one as a whole is not parted."""
    return [cell] if units().resolve(cell) else _BETWEEN_UNITS.split(cell)


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


def _joined(names: Sequence[str], joint: str, more: str) -> str:
    """The different names of the ten-digit codes of a line; of many the first."""
    distinct = list(dict.fromkeys(name for name in names if name))
    rest = more.format(n=len(distinct)) if len(distinct) > _NAMES_SHOWN else ""
    return joint.join(distinct[:_NAMES_SHOWN]) + rest
