"""The versions of the Harmonized System that are known here (`hs_versions.toml`)."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class HsVersion:
    """One version; the fields are explained in the file."""

    id: str
    number: int
    title: str
    valid_from: date
    valid_to: date
    subheadings: int
    present: frozenset[str]
    absent: frozenset[str]
    headings: frozenset[str]


_HEADING = re.compile(r"(?<![\d.])(\d{2})\.?(\d{2})(?![\d])")
_LISTS = ("present", "absent", "headings")


@cache
def hs_versions() -> tuple[HsVersion, ...]:
    """All versions, oldest first."""
    data = tomllib.loads(files(__package__).joinpath("hs_versions.toml").read_text("utf-8"))
    return tuple(HsVersion(**entry | {key: frozenset(entry[key]) for key in _LISTS}) for entry in data["version"])


def version_of(codes: Collection[str]) -> HsVersion | None:
    """The version that a list of six-digit codes is, by the codes that tell the versions apart."""
    return next((version for version in hs_versions() if version.present.issubset(codes) and version.absent.isdisjoint(codes)), None)


def version_cited(text: str) -> HsVersion | None:
    """The newest version that a text of notes can only be of: it cites a heading that came with it."""
    cited = {f"{match[1]}{match[2]}" for match in _HEADING.finditer(text)}
    return next((version for version in reversed(hs_versions()) if version.headings & cited), None)


def version_by_number(number: int) -> HsVersion | None:
    """The version by its edition number."""
    return next((version for version in hs_versions() if version.number == number), None)


def hs_code_fault(code: str, lengths: Collection[int]) -> tuple[str, str] | None:
    """Why this is no code of the Harmonized System, in zh and en, or None."""
    if not (code.isascii() and code.isdigit()) or len(code) not in lengths:
        wanted = "/".join(map(str, sorted(lengths)))
        return f"“{code}”不是 {wanted} 位数字编码", f"{code!r} is not a code of {wanted} digits"
    if not "01" <= code[:2] <= "97" or code[:2] == "77":
        return f"{code} 所在的章不属于协调制度", f"the chapter of {code} is none of the Harmonized System"
    return None
