"""The report as one HTML file: no script, nothing from outside, its own content security policy, light and dark, screen and print."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, BinaryIO

from ecid.reports.page import page_of
from ecid.reports.report import Report

if TYPE_CHECKING:
    from jinja2 import Template

FINDINGS = 200
"""Findings of the ledger that the page shows; they are folded, so that the page stays one that can be read."""

_ON_EVERY_SHEET = '@page {{ @bottom-center {{ content: "{provenance}"; font: 9pt system-ui, "Noto Sans CJK SC", sans-serif; }} }}\n'
"""Printed, every sheet says where the report comes from; the sentence is one of ours."""


def write_html(report: Report, out: BinaryIO) -> None:
    """The page as UTF-8."""
    page = page_of(report, FINDINGS)
    style = _style() + _ON_EVERY_SHEET.format(provenance=page["provenance"])
    out.writelines(piece.encode("utf-8", "replace") for piece in _template().generate(page=page, t=page["t"], style=style, policy=_security_policy(style)))


def _security_policy(style: str) -> str:
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


@cache
def _style() -> str:
    return files("ecid.reports").joinpath("templates", "report.css").read_text("utf-8")


@cache
def _template() -> Template:
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415 - only this format needs it

    loader = PackageLoader("ecid.reports")
    return Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined).get_template("report.html")
