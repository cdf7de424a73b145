"""Spreadsheets (XLSX, XLS and their kin), opened in a process of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path

from ecid.declarations.readers import workbook_child
from ecid.declarations.readers.kinds import damaged
from ecid.declarations.readers.limits import Limits
from ecid.declarations.rows import LONGEST_ROW, MOST_CELLS
from ecid.errors import UnreadableFile

_PASSED_ON = ("PATH", "LD_LIBRARY_PATH", "HOME", "TMPDIR", "LANG", "LC_ALL")
SheetRow = tuple[int, list[str] | None]
"""Sheet row and cells; None for a row that is too long."""


@contextmanager
def workbook_rows(path: Path, name: str, limits: Limits) -> Iterator[Iterator[tuple[str, Iterator[SheetRow]]]]:
    """The sheets of a workbook in their order, each with its rows; a sheet's rows must be used before the next sheet is asked for.

    Raises `UnreadableFile` where the workbook is damaged, encrypted or needs more memory or time than `limits` allow.
    """
    bounds = (limits.parser_bytes, limits.parser_seconds, MOST_CELLS, LONGEST_ROW)
    command = [sys.executable, "-P", "-B", workbook_child.__file__, str(path.resolve()), *map(str, bounds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8", env=_environment()) as process:  # noqa: S603 - fixed program
        try:
            yield _sheets(process, name)
        finally:
            process.kill()


def _environment() -> dict[str, str]:
    """What the other process needs to find the same modules, which in a Lambda function it would not by itself; and no credentials."""
    kept = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return kept | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONUTF8": "1"}


def _sheets(process: subprocess.Popen[str], name: str) -> Iterator[tuple[str, Iterator[SheetRow]]]:
    assert process.stdout is not None  # noqa: S101 - opened as a pipe
    lines = (_parsed(line, name) for line in process.stdout)
    sheets = next(lines, [])
    for index, rows in groupby(lines, key=lambda line: int(line[0])):
        yield sheets[index], ((int(row[1]), None if None in row[2:3] else row[2:]) for row in rows)
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
    raise damaged(name)
