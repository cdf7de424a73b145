"""How much of a file is accepted."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on a file from outside; the defaults hold a year of a very large exporter."""

    file_bytes: int = 512 * 2**20
    rows: int = 2_000_000
    archive_entries: int = 5_000
    unpacked_bytes: int = 1024 * 2**20
    compression_ratio: int = 200
    parser_bytes: int = 3 * 2**30
    """Address space of the process that parses a workbook."""
    parser_seconds: int = 120
