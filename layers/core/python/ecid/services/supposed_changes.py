"""Lines as they might have been declared, from a table: what `ecid scan --suppose` asks about (docs/cli.md)."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ecid.declarations import cells
from ecid.declarations.readers.encodings import detect_encoding, mended, opened
from ecid.errors import Language, PayloadTooLarge, UnreadableFile
from ecid.scoring.whatif import LineEdit

MOST_CHANGES = 200_000
_LARGEST = 64 * 1024 * 1024
_LONGEST_ID = 100
_LONGEST_VALUE = 4_000
_LENGTHS = (8, 10, 13)
_HEADINGS = {
    **dict.fromkeys(("line", "line_id", "申报行"), "line"),
    **dict.fromkeys(("code", "商品编号", "商品编码"), "code"),
    **dict.fromkeys(("specification", "规格型号"), "specification"),
    **dict.fromkeys(("name", "商品名称"), "name"),
}
_REASONS: Mapping[str, Mapping[Language, str]] = {
    "missing_line": {"zh": "没有申报行编号", "en": "no line is named"},
    "repeated_line": {"zh": "同一申报行写了两次，以前一次为准", "en": "the line is named a second time; the first counts"},
    "invalid_code": {"zh": "商品编号应为 8、10 或 13 位数字", "en": "a code has 8, 10 or 13 digits"},
    "too_long": {"zh": f"内容超过 {_LONGEST_VALUE} 个字符", "en": f"a value of more than {_LONGEST_VALUE:,} characters"},
    "surplus_cells": {"zh": "单元格比标题多", "en": "more cells than headings"},
    "nothing_supposed": {"zh": "没有写任何改动", "en": "nothing is said of how it might have been declared"},
}


@dataclass(frozen=True, slots=True)
class RefusedChange:
    """A row that is no change that could be supposed: its place in the table (1: the headings), and why."""

    row: int
    code: str

    def to_json(self, lang: Language) -> dict[str, Any]:
        """Shaped as a rejected row of a declaration file."""
        return {"row": self.row, "code": self.code, "reason": _REASONS[self.code][lang]}


@dataclass(frozen=True, slots=True)
class Changes:
    """What is supposed, by line id, and the rows that were refused."""

    edits: Mapping[str, LineEdit] = field(default_factory=dict)
    refused: tuple[RefusedChange, ...] = ()


def read_changes(path: Path) -> Changes:
    """The changes of a delimited text file with the headings `line`, `code`, `specification`, `name` (or 申报行, 商品编号, 规格型号, 商品名称) in any
    order; all but the first may be missing or empty: as it was declared.

    Raises UnreadableFile for a table without headings, UnsupportedFormat for what is no text, PayloadTooLarge.
    """
    if path.stat().st_size > _LARGEST:
        raise PayloadTooLarge(limit=f"{_LARGEST // 1024**2} MiB")
    edits: dict[str, LineEdit] = {}
    refused: list[RefusedChange] = []
    for number, row in _rows(path):
        found = _read(row)
        if isinstance(found, str):
            refused.append(RefusedChange(number, found))
        elif found[0] in edits:
            refused.append(RefusedChange(number, "repeated_line"))
        else:
            edits[found[0]] = found[1]
        if len(edits) + len(refused) > MOST_CHANGES:
            raise PayloadTooLarge(limit=f"{MOST_CHANGES:,}")
    return Changes(edits, tuple(refused))


def _rows(path: Path) -> Iterator[tuple[int, Mapping[str, str] | None]]:
    """The rows below the headings with their places, blank ones left out; None for one that is longer than the headings."""
    encoding = detect_encoding(path, path.name)
    with path.open("rb") as file, opened(file, encoding) as text:
        lines = (mended(line, encoding) for line in text)
        head = next(lines, "")
        delimiter = max(",\t;", key=head.count)
        headings = [_HEADINGS.get(cell.strip().casefold(), "") for cell in next(csv.reader([head], delimiter=delimiter), [])]
        named = [heading for heading in headings if heading]
        if "line" not in named or len(named) < 2 or len(set(named)) < len(named):
            raise UnreadableFile(
                name=path.name,
                reason_zh="首行应有标题 line 以及 code、specification、name 中的至少一个",
                reason_en="the first row must have the heading line and one at least of code, specification, name",
            )
        try:
            for number, row in enumerate(csv.reader(lines, delimiter=delimiter), 2):
                if any(cell.strip() for cell in row):
                    yield number, _named(row, headings)
        except csv.Error as error:
            raise UnreadableFile(name=path.name, reason_zh=f"不是可读的表格：{error}", reason_en=f"not a table that can be read: {error}") from error


def _named(row: Sequence[str], headings: Sequence[str]) -> Mapping[str, str] | None:
    if any(cell.strip() for cell in row[len(headings) :]):
        return None
    return {heading: cell for heading, cell in zip(headings, row, strict=False) if heading}


def _read(row: Mapping[str, str] | None) -> tuple[str, LineEdit] | str:
    """A line and what is supposed of it, or why it is refused."""
    if row is None:
        return "surplus_cells"
    line = row.get("line", "").strip()
    if not line:
        return "missing_line"
    if len(line) > _LONGEST_ID or any(len(value) > _LONGEST_VALUE for value in row.values()):
        return "too_long"
    code, _ = cells.code(row.get("code", ""))
    if code is None or (code and len(code) not in _LENGTHS):
        return "invalid_code"
    edit = LineEdit(code or None, cells.name(row.get("name", ""))[0], cells.specification(row.get("specification", ""))[0])
    return (line, edit) if edit != LineEdit() else "nothing_supposed"
