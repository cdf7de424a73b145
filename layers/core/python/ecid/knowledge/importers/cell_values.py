"""Codes and days as tables write them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from datetime import date

from ecid.knowledge.importers.hs_versions import hs_code_fault

Fault = tuple[str, str]
"""Why something cannot be used, in zh and en."""

_DAY = re.compile(r"((?:19|20)\d{2})(?:[-/.]|年)(\d{1,2})(?:[-/.]|月)(\d{1,2})日?(?:[T ].*)?")
_COMPACT_DAY = re.compile(r"((?:19|20)\d{2})(\d{2})(\d{2})")
_HYPHEN = re.compile(r"\s*[‐-―−-]\s*")
_BETWEEN_DIGITS = re.compile(r"[\s.．]+")


def code_of(text: str) -> str:
    """A printed code without the dots and blanks between its digits."""
    return _BETWEEN_DIGITS.sub("", unicodedata.normalize("NFKC", text))


def code_fault(text: str, lengths: Collection[int]) -> Fault | None:
    """Why the text is no code of one of these lengths in a chapter of the Harmonized System, or None."""
    code = code_of(text)
    parts = _BETWEEN_DIGITS.split(unicodedata.normalize("NFKC", text).strip())
    if code.isascii() and code.isdigit() and (len(code) + 1 in lengths or any(len(part) % 2 for part in parts)):
        return f"“{text}”少一位，可能丢失了首位或末位的 0", f"{text!r} lacks a digit; a zero at its beginning or end may be lost"
    if len(code) not in lengths or not (code.isascii() and code.isdigit()):
        wanted = "/".join(map(str, sorted(lengths)))
        return f"“{text}”不是 {wanted} 位数字编码", f"{text!r} is not a code of {wanted} digits"
    return hs_code_fault(code[:6], (len(code[:6]),))


def day_of(text: str) -> date | None:
    """The day of `2022-09-01`, `2022/9/1`, `20220901` or `2022年9月1日`; None if the text is none."""
    plain = unicodedata.normalize("NFKC", text).strip()
    match = _DAY.fullmatch(plain) or _COMPACT_DAY.fullmatch(plain)
    try:
        return date(int(match[1]), int(match[2]), int(match[3])) if match else None
    except ValueError:
        return None


def number_of(text: str) -> str:
    """The number of a decision or ruling as it is written officially: capital letters, half width, a plain hyphen."""
    return _HYPHEN.sub("-", unicodedata.normalize("NFKC", text)).upper()


def dotted(code: str) -> str:
    """A code of four digits and more as it is printed: `8507`, `8507.60`, `8507.6000`."""
    return f"{code[:4]}.{code[4:]}" if len(code) > 4 else code
