"""What the parser of workbooks leaves out, by format: cells that hold the error of a formula, or a formula and no value.

The package is light to import: it runs in the process that parses a workbook (`ecid.declarations.readers.workbook_child`).
"""

from collections import defaultdict

Lost = defaultdict[int, dict[int, str]]
"""Row to column, both from 1, to the text of the cell: the error (`#REF!`), or the formula (`=A1`)."""

ERRORS = {0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?", 0x24: "#NUM!", 0x2A: "#N/A", 0x2B: "#GETTING_DATA"}
"""Errors by their number in binary workbooks ([MS-XLS] 2.5.10)."""


def error_text(number: int) -> str:
    """The error of that number, as a spreadsheet program shows it."""
    return ERRORS.get(number, "#UNKNOWN!")
