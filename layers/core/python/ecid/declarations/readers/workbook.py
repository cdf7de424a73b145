"""Spreadsheets (XLSX, XLS): looked at before they are opened, opened in a process of their own."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path

from ecid.declarations.readers import workbook_child
from ecid.declarations.readers.limits import Limits
from ecid.declarations.rows import Row
from ecid.errors import PayloadTooLarge, UnreadableFile, UnsupportedFormat

_SMALL = 10 * 2**20  # bytes; below it even a high compression ratio is harmless


def check_archive(path: Path, limits: Limits, supported: str) -> None:
    """Refuse an archive that is no XLSX workbook, or that would unpack to more than the limits, without unpacking it."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise _damaged(path.name) from error
    if "xl/workbook.xml" not in {entry.filename for entry in entries}:
        raise UnsupportedFormat(name=path.name, supported=supported)
    if len(entries) > limits.archive_entries:
        raise PayloadTooLarge(limit=f"{limits.archive_entries} files in the archive")
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > limits.unpacked_bytes:
        raise PayloadTooLarge(limit=f"{limits.unpacked_bytes // 2**20} MiB unpacked")
    if any(entry.file_size > _SMALL and entry.file_size > limits.compression_ratio * max(entry.compress_size, 1) for entry in entries):
        raise UnreadableFile(name=path.name, reason_zh="压缩比异常，可能是压缩炸弹", reason_en="its compression ratio is that of an archive bomb")


@contextmanager
def workbook_rows(path: Path, limits: Limits) -> Iterator[Iterator[tuple[str, Iterator[Row]]]]:
    """The sheets of a workbook in their order, each with its rows; a sheet's rows must be used before the next sheet is asked for.

    Raises `UnreadableFile` where the workbook is damaged, encrypted or needs more memory or time than `limits` allow.
    """
    command = [sys.executable, "-P", workbook_child.__file__, str(path.resolve()), str(limits.parser_bytes), str(limits.parser_seconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8") as process:  # noqa: S603 - fixed program
        try:
            yield _sheets(process, path.name)
        finally:
            process.kill()


def _sheets(process: subprocess.Popen[str], name: str) -> Iterator[tuple[str, Iterator[Row]]]:
    assert process.stdout is not None  # noqa: S101 - opened as a pipe
    lines = (_parsed(line, name) for line in process.stdout)
    sheets = next(lines, [])
    for index, rows in groupby(lines, key=lambda line: int(line[0])):
        yield sheets[index], ((int(row[1]), row[2:]) for row in rows)
    if process.wait() != 0:
        raise UnreadableFile(
            name=name,
            reason_zh="文件损坏，或展开后超出内存或时间限制",
            reason_en="it is damaged, or needs more memory or time than is allowed",
        )


def _parsed(line: str, name: str) -> list[str]:
    found = json.loads(line)
    if isinstance(found, list):
        return found
    if found["error"] == "password":
        raise UnreadableFile(name=name, reason_zh="文件有密码保护，请去除密码后重试", reason_en="it is protected by a password; please remove it first")
    raise _damaged(name)


def _damaged(name: str) -> UnreadableFile:
    return UnreadableFile(name=name, reason_zh="文件损坏，或不是电子表格", reason_en="it is damaged or not a spreadsheet")
