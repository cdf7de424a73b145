"""Which language and which format a request gets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecid import api


@pytest.mark.parametrize(
    ("query", "accept", "expected"),
    [
        ({}, "", "en"),
        ({}, "zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ({}, "en-GB,en;q=0.9,zh;q=0.8", "en"),
        ({}, "de,zh-Hant;q=0.5", "zh"),
        ({}, "de,*;q=0.5", "en"),
        ({}, "zh;q=0", "en"),
        ({}, "zh;q=x", "en"),
        ({}, "zho", "en"),
        ({"lang": "zh"}, "en", "zh"),
        ({"lang": "EN"}, "zh", "en"),
        ({"lang": "de"}, "zh", "zh"),
    ],
)
def test_language(query: dict[str, str], accept: str, expected: str) -> None:
    assert api.language_of(query, accept) == expected


@pytest.mark.parametrize(
    ("accept", "html"),
    [
        ("", True),
        ("*/*", True),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", True),
        ("application/json", False),
        ("application/problem+json", False),
        ("application/json, text/html;q=0.9", False),
        ("text/html;q=0.9, application/json;q=0.5", True),
        ("application/json, */*;q=0.1", False),
    ],
)
def test_format(accept: str, html: bool) -> None:
    assert api.prefers_html(accept) is html


@given(st.text(max_size=60))
def test_any_header_is_answered(value: str) -> None:
    assert api.language_of({"lang": value}, value) in ("zh", "en")
    assert api.prefers_html(value) in (True, False)
