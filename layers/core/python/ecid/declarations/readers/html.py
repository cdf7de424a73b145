"""Tables of web pages, which many systems hand out under the name `.xls`: rows and cells, merged ones included."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path

from ecid.declarations.readers.encodings import DAMAGED, detect_encoding, mended, opened
from ecid.declarations.rows import LONGEST_ROW, MOST_CELLS, Row, Tally
from ecid.errors import UnreadableFile

_CHUNK = 1 << 14  # characters
_LONGEST_TAG = 1 << 16
_WIDEST_SPAN = 1_000
_BLANKS = re.compile(r"\s+")
_CELLS = frozenset({"td", "th"})
_SILENT = frozenset({"script", "style"})


def html_rows(path: Path, tally: Tally, progress: Callable[[int], None]) -> Iterator[Row]:
    """The rows of all tables of the page, numbered from 1 through the whole file; merged cells are blank but in their first place.

    Raises `UnreadableFile` where a tag never ends.
    """
    with path.open("rb") as file:
        encoding = detect_encoding(path, tally.file)
        text = opened(file, encoding)
        collector = _Collector()
        number = 0
        ended = False
        while not ended:
            chunk = text.read(_CHUNK)
            ended = not chunk
            if ended:
                collector.finish()
            collector.feed(mended(chunk, encoding))
            if len(collector.rawdata) > _LONGEST_TAG:
                raise UnreadableFile(name=tally.file, reason_zh="网页文件损坏（标签没有结束）", reason_en="it is a damaged web page (a tag never ends)")
            progress(file.tell())
            for row in collector.rows():
                number += 1
                if row is None:
                    tally.rejected.add(number, "oversized_row")
                elif any(DAMAGED in cell for cell in row):
                    tally.rejected.add(number, "undecodable")
                else:
                    yield number, row


class _Collector(HTMLParser):
    """Gathers cells; whole rows are handed out by `rows`, None for one that is too long."""

    def __init__(self) -> None:
        super().__init__()
        self._row: list[str] | None = None
        self._cell: list[str] | None = None
        self._across = self._down = 1
        self._covered: dict[int, int] = {}  # column to the number of rows that a cell above still covers
        self._length = 0
        self._silent = False
        self._done: list[list[str] | None] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self._end_row()
            self._covered.clear()
        elif tag == "tr":
            self._end_row()
            self._row, self._length = [], 0
        elif tag in _CELLS:
            self._end_cell()
            self._across, self._down = (_span(dict(attrs).get(name)) for name in ("colspan", "rowspan"))
            self._cell = [] if self._row is not None else None
        elif tag == "br" and self._cell is not None:
            self._cell.append("\n")
        elif tag in _SILENT:
            self._silent = True

    def handle_endtag(self, tag: str) -> None:
        if tag in {"tr", "table"}:
            self._end_row()
        elif tag in _CELLS:
            self._end_cell()
        elif tag in _SILENT:
            self._silent = False

    def handle_data(self, data: str) -> None:
        if self._cell is not None and not self._silent:
            self._length += len(data)
            if self._length <= LONGEST_ROW:
                self._cell.append(_BLANKS.sub(" ", data))

    def rows(self) -> Iterator[list[str] | None]:
        """The rows that have ended since the last call."""
        done, self._done = self._done, []
        yield from done

    def finish(self) -> None:
        """The file has ended, perhaps inside a row."""
        self._end_row()

    def _end_cell(self) -> None:
        if self._cell is None or self._row is None:
            return
        self._skip_covered(self._row)
        if self._down > 1:
            self._covered |= dict.fromkeys(range(len(self._row), len(self._row) + self._across), self._down - 1)
        self._row += ["".join(self._cell).strip(), *[""] * (self._across - 1)]
        self._cell = None
        if len(self._row) > MOST_CELLS:
            self._row, self._length = [], LONGEST_ROW + 1

    def _skip_covered(self, row: list[str]) -> None:
        while self._covered.get(len(row)):
            self._covered[len(row)] -= 1
            row.append("")

    def _end_row(self) -> None:
        self._end_cell()
        if self._row is None:
            return
        self._skip_covered(self._row)
        for column in [column for column, left in self._covered.items() if column >= len(self._row) and left]:
            self._covered[column] -= 1
        self._done.append(self._row if self._length <= LONGEST_ROW else None)
        self._row = None


def _span(value: str | None) -> int:
    return int(value) if value and value.isascii() and value.isdigit() and 0 < int(value[:5]) <= _WIDEST_SPAN else 1
