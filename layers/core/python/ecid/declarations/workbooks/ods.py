"""Errors in OpenDocument sheets, which office programs write as texts or numbers with a mark of their own. Source: OpenDocument 1.3, part 3, 9.1 and 19."""

from __future__ import annotations

import zipfile
from collections import defaultdict

from ecid.declarations.workbooks import Lost
from ecid.declarations.workbooks.markup import local_name, safe_parser

CONTENT = "content.xml"
_ERROR = b"error"
_CHUNK = 1 << 20
_MOST_REPEATED = 16_384  # cells that one error may stand in


def lost_cells(archive: zipfile.ZipFile) -> dict[str, Lost]:
    """The error cells by sheet. Raises `ValueError` or `ExpatError` where the content is damaged."""
    with archive.open(CONTENT) as xml:
        before = b""
        while (chunk := xml.read(_CHUNK)) and _ERROR not in before + chunk:
            before = chunk[-len(_ERROR) :]
    if not chunk:
        return {}
    sheets = _Sheets()
    parser = safe_parser()
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = sheets.start, sheets.end, sheets.text
    with archive.open(CONTENT) as xml:
        parser.ParseFile(xml)
    return sheets.found


class _Sheets:
    """Counts rows and cells with their repetitions, and gathers the texts of those that are errors."""

    def __init__(self) -> None:
        self.found: dict[str, Lost] = {}
        self._lost: Lost = defaultdict(dict)
        self._row = self._rows = self._column = self._columns = 0
        self._text: list[str] | None = None

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        named = {local_name(name): value for name, value in attributes.items()}
        match local_name(tag):
            case "table":
                self._lost = self.found.setdefault(named.get("name", ""), defaultdict(dict))
                self._row = self._rows = 0
            case "table-row":
                self._row += self._rows
                self._rows, self._column, self._columns = int(named.get("number-rows-repeated", 1)), 1, 0
            case "table-cell" | "covered-table-cell":
                self._column += self._columns
                self._columns = int(named.get("number-columns-repeated", 1))
                is_error = any(local_name(name) == "value-type" and value == "error" for name, value in attributes.items())
                self._text = [] if is_error else None

    def text(self, piece: str) -> None:
        if self._text is not None:
            self._text.append(piece)

    def end(self, tag: str) -> None:
        if local_name(tag) == "table-cell" and self._text is not None:
            text = "".join(self._text).strip() or "#VALUE!"
            if self._rows * self._columns > _MOST_REPEATED:
                raise ValueError(self._rows)
            for row in range(self._row + 1, self._row + self._rows + 1):
                self._lost[row].update(dict.fromkeys(range(self._column, self._column + self._columns), text))
            self._text = None
