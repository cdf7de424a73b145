"""Parsing the XML parts of workbooks that may mean harm."""

from __future__ import annotations

from xml.parsers import expat


def safe_parser() -> expat.XMLParserType:
    """A parser that refuses document types (`ValueError`), which no workbook has and which can be made to expand without end."""
    parser = expat.ParserCreate()

    def refuse(*_declared: object) -> None:
        raise ValueError

    parser.StartDoctypeDeclHandler = refuse
    return parser


def local_name(tag: str) -> str:
    """A tag or attribute without its prefix."""
    return tag.rpartition(":")[2]
