"""Errors in old workbooks: the records of a BIFF stream inside a compound file. Sources: [MS-XLS] 2.4.24, 2.4.28, 2.4.127."""

from __future__ import annotations

import io
import struct
from collections import defaultdict
from collections.abc import Iterator

import olefile

from ecid.declarations.workbooks import Lost, error_text

_STREAMS = ("Workbook", "Book")
_BEGIN, _END, _BOUND_SHEET, _BOOL_ERR = 0x0809, 0x000A, 0x0085, 0x0205
_FORMULAS = frozenset({0x0006, 0x0206, 0x0406})
_ERROR_RESULT = (2, 0xFFFF)


def lost_cells(content: bytes) -> list[Lost]:
    """The error cells of each sheet of the compound file `content`, in the order of the workbook; none where it holds no workbook.

    Raises `OSError`, `ValueError` or `struct.error` where the file is damaged.
    """
    stream = _workbook(content)
    starts = [struct.unpack_from("<I", body)[0] for kind, body in _records(stream, 0) if kind == _BOUND_SHEET]
    return [_errors(stream, start) for start in starts]


def _workbook(content: bytes) -> bytes:
    """The stream of the workbook, empty where there is none."""
    with olefile.OleFileIO(io.BytesIO(content)) as compound:
        name = next(filter(compound.exists, _STREAMS), None)
        return compound.openstream(name).read() if name else b""


def _errors(stream: bytes, start: int) -> Lost:
    found: Lost = defaultdict(dict)
    for kind, body in _records(stream, start):
        if kind == _BOOL_ERR:
            row, column, number, is_error = struct.unpack_from("<HHxxBB", body)
        elif kind in _FORMULAS:
            row, column, result, number, mark = struct.unpack_from("<HHxxBxBxxxH", body)
            is_error = (result, mark) == _ERROR_RESULT
        else:
            continue
        if is_error:
            found[row + 1][column + 1] = error_text(number)
    return found


def _records(stream: bytes, start: int) -> Iterator[tuple[int, bytes]]:
    """The records from `start` to the end of the part that begins there, parts inside it (charts) included."""
    depth = 0
    while start + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, start)
        yield kind, stream[start + 4 : start + 4 + length]
        start += 4 + length
        depth += (kind == _BEGIN) - (kind == _END)
        if depth <= 0:
            return
