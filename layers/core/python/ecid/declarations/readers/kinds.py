"""What kind of file this is, by its content and not by its name; and files that are none, or mean harm, refused before they are read."""

from __future__ import annotations

import re
import stat
import zipfile
import zlib
from pathlib import Path
from typing import Literal

from ecid.declarations.readers.limits import ArchiveTooLarge, Limits
from ecid.errors import PayloadTooLarge, UnreadableFile, UnsupportedFormat

Kind = Literal["workbook", "message", "page", "text"]

SUPPORTED = "CSV, TSV, XLSX, XLSM, XLSB, XLS, ODS, HTML, XML (DecMessage)"
_START = 4096
_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OTHER = (b"%PDF", b"PK\x05\x06", b"Rar!", b"\x1f\x8b", b"7z\xbc\xaf", b"\x89PNG", b"\xff\xd8\xff", b"{\\rtf", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd")
_PAGE = (b"<html", b"<!doctype html", b"<table", b"<head", b"<meta", b"<style", b"<body", b"<!--")
_TAG = re.compile(rb"<(\?xml|[a-z_][\w:.-]*[\s/>])")
_OLD_XML = b"urn:schemas-microsoft-com:office:spreadsheet"
_MAIN_PARTS = frozenset({"xl/workbook.xml", "xl/workbook.bin", "content.xml"})
_SPREADSHEET = b"application/vnd.oasis.opendocument.spreadsheet"
_SMALL = 10 * 2**20  # bytes; below it even a high compression ratio is harmless


def kind_of(path: Path, name: str, limits: Limits) -> Kind:
    """The kind of the file at `path`, called `name` in errors.

    Raises `UnreadableFile` for what is no regular file, cannot be opened, is empty, or is an archive that is damaged or a bomb; `PayloadTooLarge`;
    `UnsupportedFormat`.
    """
    start = _start_of(path, name, limits)
    if start.startswith(_ZIP):
        _check_archive(path, name, limits)
        return "workbook"
    if start.startswith(_OLE):
        return "workbook"
    markup = start.lstrip(b"\xef\xbb\xbf\xff\xfe\0 \t\r\n").replace(b"\0", b"").lower()
    if start.startswith(_OTHER):
        raise UnsupportedFormat(name=name, supported=SUPPORTED)
    if markup.startswith(_PAGE):
        return "page"
    if _OLD_XML in markup:
        raise UnreadableFile(
            name=name,
            reason_zh="这是“XML 电子表格 2003”；请在 Excel 或 WPS 中打开并另存为 .xlsx 后重试",
            reason_en="it is an “XML Spreadsheet 2003”; please open it in a spreadsheet program, save it as .xlsx, and try again",
        )
    return "message" if _TAG.match(markup) else "text"


def _start_of(path: Path, name: str, limits: Limits) -> bytes:
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise UnreadableFile(
                name=name, reason_zh="不是普通文件（而是目录、设备或管道）", reason_en="it is not a regular file but a folder, a device or a pipe"
            )
        if found.st_size > limits.file_bytes:
            raise PayloadTooLarge(limit=f"{limits.file_bytes // 2**20} MiB")
        with path.open("rb") as file:
            start = file.read(_START)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise UnreadableFile(name=name, reason_zh=f"文件打不开（{reason}）", reason_en=f"it cannot be opened ({reason})") from error
    if not start.strip():
        raise UnreadableFile(name=name, reason_zh="文件是空的", reason_en="it is empty")
    return start


def _check_archive(path: Path, name: str, limits: Limits) -> None:
    """Refuse an archive that is no workbook, or that would unpack to more than the limits, without unpacking it."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            is_document = "mimetype" in archive.namelist() and archive.open("mimetype").read(len(_SPREADSHEET)) == _SPREADSHEET
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError, EOFError, zlib.error, LookupError) as error:
        raise damaged(name) from error
    parts = {entry.filename for entry in entries}
    if not _MAIN_PARTS & parts or ("content.xml" in parts and not is_document):
        raise UnsupportedFormat(name=name, supported=SUPPORTED)
    if len(entries) > limits.archive_entries:
        raise ArchiveTooLarge(limit=f"{limits.archive_entries:,}", what_zh="个文件", what_en="files")
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > limits.unpacked_bytes:
        raise ArchiveTooLarge(limit=f"{limits.unpacked_bytes // 2**20:,}", what_zh=" MiB（解压后）", what_en="MiB unpacked")
    if any(entry.file_size > _SMALL and entry.file_size > limits.compression_ratio * max(entry.compress_size, 1) for entry in entries):
        raise UnreadableFile(name=name, reason_zh="压缩比异常，可能是压缩炸弹", reason_en="its compression ratio is that of an archive bomb")


def damaged(name: str) -> UnreadableFile:
    """The error for a workbook that cannot be read."""
    return UnreadableFile(name=name, reason_zh="文件损坏，或不是电子表格", reason_en="it is damaged or not a spreadsheet")
