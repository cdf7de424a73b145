"""A writer of minimal ODS workbooks, one sheet of texts and numbers. Source: OpenDocument 1.3, part 3."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape

_NAMES = "urn:oasis:names:tc:opendocument:xmlns"
_CALC = "urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"


class Error(str):
    """The error of a formula as LibreOffice writes it."""

    __slots__ = ()


def write_ods(path: Path, rows: Sequence[Sequence[str | float]], repeated: int = 1) -> Path:
    """A workbook whose last row stands `repeated` times."""
    body = "".join(_row(row, repeated if number == len(rows) else 1) for number, row in enumerate(rows, start=1))
    content = (
        f'<office:document-content xmlns:office="{_NAMES}:office:1.0" xmlns:table="{_NAMES}:table:1.0" xmlns:text="{_NAMES}:text:1.0" '
        f'xmlns:calcext="{_CALC}" office:version="1.3">'
        f'<office:body><office:spreadsheet><table:table table:name="a">{body}</table:table></office:spreadsheet></office:body></office:document-content>'
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    entry = f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{kind}"/>'
    manifest = f'<manifest:manifest xmlns:manifest="{_NAMES}:manifest:1.0">{entry}</manifest:manifest>'
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", kind, zipfile.ZIP_STORED)
        archive.writestr("META-INF/manifest.xml", manifest)
        archive.writestr("content.xml", content)
    return path


def _row(cells: Sequence[str | float], repeated: int) -> str:
    return f'<table:table-row table:number-rows-repeated="{repeated}">{"".join(map(_cell, cells)) or "<table:table-cell/>"}</table:table-row>'


def _cell(value: str | float) -> str:
    if isinstance(value, Error):
        marked = 'table:formula="of:=A1" office:value-type="string" office:string-value="" calcext:value-type="error"'
        return f"<table:table-cell {marked}><text:p>{escape(value)}</text:p></table:table-cell>"
    if isinstance(value, str):
        return f'<table:table-cell office:value-type="string"><text:p>{escape(value)}</text:p></table:table-cell>'
    return f'<table:table-cell office:value-type="float" office:value="{value}"><text:p>{value}</text:p></table:table-cell>'
