"""What stands in a brand element: no brand, no name, or a name. Data: `brands.toml`."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Literal

from ecid.scoring.elements.kinds import label_of
from ecid.scoring.elements.text import CACHE, core, plain, table

Brand = Literal["none", "generic", "name"]


@cache
def _pattern(name: str) -> re.Pattern[str]:
    return re.compile(str(table("brands")[name]), re.IGNORECASE)


@lru_cache(maxsize=CACHE)
def brand(value: str) -> Brand:
    """What the value says about the brand."""
    if _pattern("none").search(plain(value).lower()) or not core(value):
        return "none"
    return "generic" if _pattern("generic").fullmatch(core(value)) else "name"


@cache
def takes_manufacturer(label: str) -> bool:
    """Whether the label asks for the manufacturer where there is no brand."""
    return bool(_pattern("manufacturer_label").search(label_of(label).brackets))


@lru_cache(maxsize=CACHE)
def names_manufacturer(value: str) -> bool:
    """Whether the value names a firm rather than a brand."""
    return bool(_pattern("manufacturer").search(plain(value)))
