"""The words of reports by language. Data: `wording.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from ecid.errors import Language

Words = Mapping[str, Mapping[str, str]]
"""By group, then by key."""


@cache
def words(lang: Language) -> Words:
    """All words in one language."""
    return {group: {key: said[lang] for key, said in entries.items()} for group, entries in _data().items()}


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads(files("ecid.reports").joinpath("wording.toml").read_text("utf-8"))
