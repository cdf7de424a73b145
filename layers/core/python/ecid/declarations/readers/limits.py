"""How much of a file is accepted."""

from __future__ import annotations

from dataclasses import dataclass

from ecid.errors import PayloadTooLarge


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on files from outside; the defaults hold ten years of a very large exporter."""

    file_bytes: int = 4 * 2**30
    lines: int = 5_000_000
    """Declaration lines of all files read together: what is read is then scored in memory."""
    rows: int = 20_000_000
    """Rows of a sheet, blank ones included."""
    archive_entries: int = 5_000
    unpacked_bytes: int = 1024 * 2**20
    compression_ratio: int = 200
    parser_bytes: int = 3 * 2**30
    """Address space of the process that parses a workbook."""
    parser_seconds: int = 120


class TooManyLines(PayloadTooLarge):
    """More declaration lines than can be scored together. Context: `limit`."""

    zh = "申报行超过 {limit} 行；请按年度或按季度拆分后分别扫描，或在内存充足的机器上用 --max-lines 调高上限。"
    en = "There are more than {limit} declaration lines; please scan them by year or quarter, or raise the limit with --max-lines, given enough memory."


class TooManyRows(PayloadTooLarge):
    """A sheet of more rows than are looked at, blank ones included. Context: `limit`."""

    zh = "表格超过 {limit} 行（含空行）；请拆分后重试。"
    en = "The sheet has more than {limit} rows, blank ones included; split it and try again."


class ArchiveTooLarge(PayloadTooLarge):
    """A workbook that holds, or unpacks to, more than is accepted. Context: `limit`, `what_zh`, `what_en`."""

    zh = "工作簿内容过大：上限为 {limit}{what_zh}；请拆分后重试。"
    en = "The workbook holds too much: the limit is {limit} {what_en}; split it and try again."
