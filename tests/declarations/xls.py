"""A writer of minimal XLS workbooks (BIFF8 in a compound file), one sheet of texts and numbers. Source: [MS-XLS], [MS-CFB]."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

_SECTOR = 512
_END, _FREE, _FAT = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD
_BOF, _EOF, _SHEET, _NUMBER, _LABEL, _BOOL_ERR, _FORMULA = 0x0809, 0x000A, 0x0085, 0x0203, 0x0204, 0x0205, 0x0006


class Error(int):
    """An error by its number, as a constant."""


class FormulaError(int):
    """An error by its number, as the result of a formula."""


def write_xls(path: Path, rows: Sequence[Sequence[str | float]], corner: tuple[int, int] | None = None) -> Path:
    """A workbook with one sheet; `corner` adds a number in that cell (row, column, 0-based)."""
    path.write_bytes(_compound(_workbook(rows, corner)))
    return path


def write_small_xls(path: Path, rows: Sequence[Sequence[str | float]]) -> Path:
    """The same as a file whose stream is so short that it lies in sectors of 64 bytes (in sector 3 and after, chained by sector 2)."""
    stream = _workbook(rows, None)
    small = -(-len(stream) // 64)
    sectors = -(-small * 64 // _SECTOR)
    fat = [_FAT, _END, _END, *range(4, 3 + sectors), _END]
    directory = _entry("Root Entry", 5, 1, 3, small * 64) + _entry("Workbook", 2, _FREE, 0, len(stream)) + _entry("", 0, _FREE, 0, 0) * 2
    chain = [*range(1, small), _END]
    parts = (_packed(fat), directory, _packed(chain), stream.ljust(sectors * _SECTOR, b"\0"))
    path.write_bytes(_header(2, 1) + b"".join(parts))
    return path


def write_encrypted(path: Path) -> Path:
    """What a spreadsheet program writes for a workbook with a password: a compound file with the encrypted package. Source: [MS-OFFCRYPTO] 2.3.4.4."""
    path.write_bytes(_compound(struct.pack("<Q", 64) + bytes(64), "EncryptedPackage"))
    return path


def _record(kind: int, body: bytes) -> bytes:
    return struct.pack("<HH", kind, len(body)) + body


def _cell(row: int, column: int, value: str | float) -> bytes:
    where = struct.pack("<HHH", row, column, 0)
    if isinstance(value, str):
        return _record(_LABEL, where + struct.pack("<HB", len(value), 1) + value.encode("utf-16-le"))
    if isinstance(value, Error):
        return _record(_BOOL_ERR, where + bytes((value, 1)))
    if isinstance(value, FormulaError):
        return _record(_FORMULA, where + struct.pack("<BxBxxxHHIH", 2, value, 0xFFFF, 0, 0, 2) + bytes((0x1C, value)))
    return _record(_NUMBER, where + struct.pack("<d", value))


def _workbook(rows: Sequence[Sequence[str | float]], corner: tuple[int, int] | None) -> bytes:
    name = "a"
    start = _record(_BOF, struct.pack("<HHHHII", 0x0600, 0x0005, 0, 0, 0, 0))
    sheet_record = 4 + 8 + len(name)
    offset = len(start) + sheet_record + 4
    globals_ = start + _record(_SHEET, struct.pack("<IHBB", offset, 0, len(name), 0) + name.encode()) + _record(_EOF, b"")
    cells = b"".join(_cell(number, index, value) for number, row in enumerate(rows) for index, value in enumerate(row))
    if corner is not None:
        cells += _cell(*corner, 1.0)
    return globals_ + _record(_BOF, struct.pack("<HHHHII", 0x0600, 0x0010, 0, 0, 0, 0)) + cells + _record(_EOF, b"")


def _entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
    text = (name + "\0").encode("utf-16-le") if name else b""
    head = text.ljust(64, b"\0") + struct.pack("<HBBIII", len(text), kind, 1, _FREE, _FREE, child)
    return (head + bytes(16 + 4 + 16) + struct.pack("<IQ", start, size)).ljust(128, b"\0")


def _compound(stream: bytes, name: str = "Workbook") -> bytes:
    """Sector 0 is the FAT, 1 the directory, the stream follows; it is filled up to 4,096 bytes, below which it would be a mini stream."""
    size = max(4096, -(-len(stream) // _SECTOR) * _SECTOR)
    sectors = size // _SECTOR
    fat = [_FAT, _END, *range(3, 2 + sectors), _END]
    directory = _entry("Root Entry", 5, 1, _END, 0) + _entry(name, 2, _FREE, 2, size) + _entry("", 0, _FREE, 0, 0) * 2
    return _header(_END, 0) + _packed(fat) + directory + stream.ljust(size, b"\0")


def _header(small_chain: int, small_sectors: int) -> bytes:
    return (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
        + bytes(16)
        + struct.pack("<HHHHH6xIIIIIIIII", 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, 4096, small_chain, small_sectors, _END, 0)
        + struct.pack("<I", 0)
        + struct.pack("<I", _FREE) * 108
    )


def _packed(links: Sequence[int]) -> bytes:
    return b"".join(struct.pack("<I", link) for link in links).ljust(_SECTOR, b"\xff")
