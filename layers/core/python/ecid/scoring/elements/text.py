"""Reading free text the way a person does: full and half width, capitals, surrounding punctuation make no difference."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

CACHE = 65_536
"""Entries that the per-value caches hold: more than the distinct values of a large enterprise, a few tens of megabytes."""

_SPACE = re.compile(r"\s+")
_EDGES = " \t,，、;；:：.。·-_/\\|*~!！?？'\"“”‘’()（）[]【】{}<>《》=+#&^…—"


@cache
def table(name: str) -> dict[str, Any]:
    """The reviewed data file `name` (without ending) beside this module."""
    return tomllib.loads(files("ecid.scoring.elements").joinpath(f"{name}.toml").read_text("utf-8"))


@lru_cache(maxsize=CACHE)
def plain(text: str) -> str:
    """`text` after NFKC, with runs of blanks as one and none at the ends."""
    if text.isascii() and "  " not in text:
        return text.strip()
    return _SPACE.sub(" ", unicodedata.normalize("NFKC", text)).strip()


@lru_cache(maxsize=CACHE)
def core(text: str) -> str:
    """`text` for comparison: plain, small letters, no blanks, no punctuation at the ends. Empty where only punctuation stands."""
    return plain(text).casefold().replace(" ", "").strip(_EDGES)
