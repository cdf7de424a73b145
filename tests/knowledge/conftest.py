"""Printed pages made in the test, and the reference data where it is at hand."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from ecid.knowledge.catalogue.pages import Glyph, Page, Rule

COLUMNS = (28.0, 88.0, 232.0, 390.0, 510.0, 563.0)
LINE = 13.4
FULL = 11.2
TOP = 788.0


class Printer:
    """Sets rows and lines as the catalogue does: 11-point type, wrapped in cells, ruled all round."""

    def __init__(self) -> None:
        self.y = TOP
        self.glyphs: list[Glyph] = []
        self.horizontals: list[Rule] = []
        self.verticals: list[Rule] = []

    def line(self, text: str, *, centred: bool = False) -> None:
        width = sum(_advance(sign) for sign in text)
        self._write(text, 296 - width / 2 if centred else 30.6, self.y - 10)
        self.y -= LINE

    def row(self, cells: Sequence[str], merged: Sequence[int] = ()) -> None:
        """One ruled row; `merged` are the inner column borders that it lacks."""
        wrapped = [_wrap(text, COLUMNS[i + 1] - COLUMNS[i] - 6) for i, text in enumerate(cells)]
        height = max(1, *(len(lines) for lines in wrapped)) * LINE
        for column, lines in enumerate(wrapped):
            base = self.y - (height - len(lines) * LINE) / 2 - 10
            for number, text in enumerate(lines):
                self._write(text, COLUMNS[column] + 3, base - number * LINE)
        for at in (self.y, self.y - height):
            self.horizontals.append(Rule(at, COLUMNS[0], COLUMNS[-1]))
        self.verticals += [Rule(x, self.y - height, self.y) for i, x in enumerate(COLUMNS) if i not in merged]
        self.y -= height

    def head(self) -> None:
        self.y -= LINE
        self.row(["", "", "申报要素", "", ""], merged=(3, 4))
        self.row(["税则号列", "商品名称", "归类要素", "价格要素", "其他要素"])

    def page(self, number: int) -> Page:
        return Page(number, tuple(self.glyphs), tuple(self.horizontals), tuple(self.verticals))

    def _write(self, text: str, x: float, y: float) -> None:
        for sign in text:
            if sign != " ":
                self.glyphs.append(Glyph(x, y, sign))
            x += _advance(sign)


def _advance(sign: str) -> float:
    return FULL / 2 if sign.isascii() else FULL


def _wrap(text: str, width: float) -> list[str]:
    lines, used = [""], 0.0
    for sign in text:
        if used + _advance(sign) > width:
            lines.append("")
            used = 0.0
        lines[-1] += sign
        used += _advance(sign)
    return lines if text else []


def print_page(number: int, items: Sequence[Any]) -> Page:
    """A page from a list: text → a line, {title} → a centred line, "head" → the head of a table, a list → a row, {merged, row} → a merged row."""
    printer = Printer()
    for item in items:
        if item == "head":
            printer.head()
        elif isinstance(item, str):
            printer.line(item)
        elif isinstance(item, list):
            printer.row(item)
        elif "title" in item:
            printer.line(item["title"], centred=True)
        else:
            printer.row(item["row"], item["merged"])
    return printer.page(number)


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of official reference data."""
    folder = os.environ.get("ECID_DATA_DIR")
    if not folder:
        pytest.skip("ECID_DATA_DIR is not set: the official files are not at hand")
    return Path(folder)


@pytest.fixture
def hs_2022_csv(tmp_path: Path) -> Path:
    """A table of the right shape and size with made-up texts, and three faulty rows."""
    marks = ["854143", "852411", "851713"]
    codes = [f"{chapter:02}{n:04}" for chapter in range(1, 77) for n in range(1001, 1075)][: 5612 - len(marks)] + marks
    rows = ["section,hscode,description,parent,level", "XVI,85,Machines,TOTAL,2", "XVI,8541,Devices,85,4"]
    rows += [f"X,{code},Goods {code},{code[:4]},6" for code in codes]
    rows += ["I,01012,Too short,0101,5", "XX,999999,Not specified,9999,6", "XVI,854143,Again,8541,6"]
    path = tmp_path / "a table.csv"
    path.write_text("\n".join(rows) + "\n", "utf-8")
    return path
