"""The report as a PDF: tagged, with an outline, in a Chinese font that is embedded as far as it is used; set by Typst, which takes all content as data.

The same input gives the same bytes: the document's date is that of the score, and nothing of the machine is in it.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, time
from importlib.resources import files
from typing import BinaryIO

from ecid.reports import charts
from ecid.reports.page import page_of
from ecid.reports.report import Report

FINDINGS = 60
"""Findings of the ledger that are printed in full."""


def write_pdf(report: Report, out: BinaryIO) -> None:
    """The pages. What is in no font of the report stands as an empty box."""
    import pylopdf_fonts_zh_cn  # noqa: PLC0415 - only this format needs it
    import typst  # noqa: PLC0415

    page = page_of(report, FINDINGS)
    fonts = typst.Fonts(include_system_fonts=False, font_paths=[str(pylopdf_fonts_zh_cn.sans_path().parent)])
    pages: bytes = typst.compile(
        files("ecid.reports").joinpath("templates", "report.typ").read_bytes(),
        font_paths=fonts,
        sys_inputs={"page": json.dumps(page, ensure_ascii=False, default=str), "style": charts.STYLE},
        timestamp=datetime.combine(report.result.as_of, time(), UTC),
        format="pdf",
    )
    out.write(pages)
