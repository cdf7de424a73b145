"""Numbers of goods: the commodity code of customs, GTIN and CAS.

Sources: `domain.md` §1, GS1 General Specifications 7.9, CAS registry. As in `ecid.identity.codes`: an `Identifier`, or `InvalidIdentifier` with its reason.
"""

from __future__ import annotations

import re

from ecid.identity.identifier import Identifier, normalised, refuse, refuse_scientific_notation, require_digits, require_length, require_no_placeholder, warned

_SEPARATORS = re.compile(r"[.\-\u2010-\u2015\u2212]")
_DASHES = re.compile(r"[\u2010-\u2015\u2212]")
_CAS = re.compile(r"[0-9]{2,7}-[0-9]{2}-[0-9]")
_LOST_ZERO = frozenset({7, 9, 12})
_UNPADDED = re.compile(r"[1-9][0-9]{8}")
_HEADINGS = frozenset({4, 6})


def check_commodity_code(text: str) -> Identifier:
    """The commodity code (商品编号): ten digits, dots and hyphens allowed. Of 13 digits the inspection code (CIQ) is cut off; eight are the tariff line
    alone (warning `tariff_line_only`). Nine digits without separators are ten of chapters 01–09 of which a number cell took the zero, as no other code
    becomes nine digits long: it is put back (warning `leading_zero_restored`).

    Only the shape is checked here; whether the code existed on a day is for the tariff to say.
    """
    kind = "commodity_code"
    typed = normalised(kind, text)
    refuse_scientific_notation(kind, typed)
    value = _SEPARATORS.sub("", typed)
    if not value:
        refuse(kind, "empty")
    require_digits(kind, value)
    if _UNPADDED.fullmatch(typed):
        return Identifier(kind, f"0{value}", (warned("leading_zero_restored"),))
    if len(value) in _LOST_ZERO:
        refuse(kind, "lost_zero", found=len(value))
    if len(value) in _HEADINGS:
        refuse(kind, "heading_only", found=len(value))
    require_length(kind, value, 8, 10, 13)
    require_no_placeholder(kind, value)
    if len(value) == 8:
        return Identifier(kind, value, (warned("tariff_line_only"),))
    return Identifier(kind, value[:10], (warned("inspection_code", found=value[10:]),) if len(value) == 13 else ())


def check_gtin(text: str) -> Identifier:
    """A GTIN-8, -12, -13 or -14: weights 3 and 1 alternating from the right, mod 10."""
    kind = "gtin"
    value = normalised(kind, text)
    require_digits(kind, value)
    require_length(kind, value, 8, 12, 13, 14)
    require_no_placeholder(kind, value)
    total = sum(int(char) * (3 if index % 2 == 0 else 1) for index, char in enumerate(reversed(value[:-1])))
    _require_check_digit(kind, value[-1], str(-total % 10))
    return Identifier(kind, value)


def check_cas(text: str) -> Identifier:
    """A CAS registry number: 2–7 digits, two digits, one check digit, separated by hyphens."""
    kind = "cas"
    value = _DASHES.sub("-", normalised(kind, text))
    if not _CAS.fullmatch(value):
        refuse(kind, "cas_shape")
    if value[0] == "0":
        refuse(kind, "leading_zero")
    body = value[:-2].replace("-", "")
    total = sum(int(char) * weight for weight, char in enumerate(reversed(body), start=1))
    _require_check_digit(kind, value[-1], str(total % 10))
    return Identifier(kind, value)


def _require_check_digit(kind: str, found: str, expected: str) -> None:
    if found != expected:
        refuse(kind, "check_digit", expected=expected, found=found)
