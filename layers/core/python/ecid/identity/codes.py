"""Identifiers of customs, of the market regulator and of trade: shape, check characters, and a precise reason where they fail.

Shapes and formulas: `domain.md` §1 (GB 32100-2015 for the unified social credit code, GB 11714 for the organisation code in it,
customs' own numbering for the rest; GS1 General Specifications for GTIN, CAS registry for CAS numbers).

Every `check_…` makes width and case equal and drops white space, nothing else: a letter O in the place of a zero is named, never repaired.
It returns an `Identifier` or raises `InvalidIdentifier` with `kind`, `reason_zh` and `reason_en`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import NoReturn

from ecid.errors import InvalidIdentifier

_LONGEST = 64  # longer than any identifier; keeps hostile text out of the normaliser and of the reasons
_INVISIBLE = re.compile(r"[\s\u200b-\u200f\u2060\ufeff]+")
_DASHES = re.compile(r"[\u2010-\u2015\u2212]")

_USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC_VALUES = {letter: value for value, letter in enumerate(_USCC_ALPHABET)}
_USCC_WEIGHTS = tuple(pow(3, power, 31) for power in range(17))
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_LOOK_ALIKE = {"I": "1", "O": "0", "S": "5", "V": "U", "Z": "2"}


@dataclass(frozen=True, slots=True)
class Warned:
    """Something worth saying about an identifier that is accepted: stable `code`, a sentence in zh and en."""

    code: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Identifier:
    """An accepted identifier: `kind`, the normalised `value`, and what is odd about it."""

    kind: str
    value: str
    warnings: tuple[Warned, ...] = ()


def check_uscc(text: str) -> Identifier:
    """The unified social credit code (统一社会信用代码), 18 characters, mod-31 check; a failing GB 11714 check inside is a warning."""
    kind = "uscc"
    value = _normalise(kind, text)
    _require_length(kind, value, (18,))
    for position, char in enumerate(value, start=1):
        if char in _LOOK_ALIKE:
            _fail(
                kind,
                f"第 {position} 位是字母 {char}，该代码不使用 I、O、S、V、Z；是否应为 {_LOOK_ALIKE[char]}？请核对原件",
                f"position {position} is the letter {char}, but the code never uses I, O, S, V, Z; should it be {_LOOK_ALIKE[char]}?"
                " Please compare with the licence",
            )
        if char not in _USCC_VALUES:
            _require_ascii_alphanumeric(kind, position, char)
        if 3 <= position <= 8 and not char.isdigit():
            _fail(
                kind,
                f"第 {position} 位是“{char}”，第 3–8 位（行政区划）只能是数字",
                f"position {position} is {char!r}, but positions 3–8 (administrative division) are digits",
            )
    total = sum(_USCC_VALUES[char] * weight for char, weight in zip(value, _USCC_WEIGHTS, strict=False))
    expected = _USCC_ALPHABET[(31 - total % 31) % 31]
    if value[17] != expected:
        _fail(
            kind,
            f"第 18 位校验码不符：应为 {expected}，现为 {value[17]}（前 17 位或校验码有误）",
            f"the check character at position 18 should be {expected} and is {value[17]} (it or one of the first 17 is wrong)",
        )
    return Identifier(kind, value, _organisation_warning(value[8:17]))


def _organisation_warning(code: str) -> tuple[Warned, ...]:
    total = sum(int(char, 36) * weight for char, weight in zip(code, _ORGANISATION_WEIGHTS, strict=False))
    expected = "0123456789X0"[11 - total % 11]
    if code[8] == expected:
        return ()
    return (
        Warned(
            "organisation_check",
            f"第 17 位（组织机构代码校验码，GB 11714）应为 {expected}，现为 {code[8]}；整码校验通过",
            f"position 17 (check of the organisation code, GB 11714) should be {expected} and is {code[8]}; the whole code passes",
        ),
    )


def check_customs_code(text: str) -> Identifier:
    """The customs registration or filing code (海关注册/备案编码): four digits, six digits or letters. It has no check character."""
    return _customs_code("customs_code", _normalise("customs_code", text))


def _customs_code(kind: str, value: str) -> Identifier:
    _require_length(kind, value, (10,))
    for position, char in enumerate(value, start=1):
        _require_ascii_alphanumeric(kind, position, char)
        if position <= 4 and not char.isdigit():
            _fail(
                kind,
                f"第 {position} 位是“{char}”，第 1–4 位（注册地海关区域）只能是数字",
                f"position {position} is {char!r}, but positions 1–4 (region) are digits",
            )
    if value[5] != "8":
        return Identifier(kind, value)
    broker = Warned(
        "broker",
        "第 6 位为 8：报关企业，可以作申报单位，不应是自有货物的发货人",
        "digit 6 is 8: a customs broker, who can declare but cannot be the exporter of own goods",
    )
    return Identifier(kind, value, (broker,))


def check_aeo_code(text: str, customs_code: str | None = None) -> Identifier:
    """The Chinese AEO code (AEO企业编码): `AEOCN` and the customs code, which must be `customs_code` where that is given."""
    kind = "aeo_code"
    value = _normalise(kind, text)
    if not value.startswith("AEOCN"):
        _fail(kind, "应以 AEOCN 开头，后接 10 位海关编码", "it should begin with AEOCN, followed by the ten characters of the customs code")
    embedded = _customs_code(kind, value[5:])
    if customs_code is not None and embedded.value != check_customs_code(customs_code).value:
        _fail(
            kind,
            f"所含海关编码 {embedded.value} 与企业的海关编码不一致",
            f"the embedded customs code {embedded.value} is not the enterprise's own",
        )
    return Identifier(kind, value, embedded.warnings)


def check_declaration_no(text: str, today: date) -> Identifier:
    """The declaration number (海关编号、报关单号): 18 digits – office, year not after `today`, 0 export or 1 import, serial number.

    An import number is accepted with the warning `import_declaration`.
    """
    kind = "declaration_no"
    value = _normalise(kind, text)
    if len(value) == 21 and value.isdigit():
        _fail(
            kind,
            "21 位是退税用报关单号（18 位海关编号 + 0 + 两位项号），请取前 18 位",
            "21 digits are a refund-form number (declaration number, 0, two digits of item); the first 18 are the declaration number",
        )
    _require_length(kind, value, (18,))
    if value[8] in "EI":
        _fail(
            kind,
            f"第 9 位是字母 {value[8]}，这是集中申报清单编号，不是报关单号",
            f"position 9 is the letter {value[8]}: the number of a collective list, not of a declaration",
        )
    _require_digits(kind, value)
    year = int(value[4:8])
    if not 2000 <= year <= today.year:
        _fail(
            kind,
            f"第 5–8 位年份 {year} 不在 2000–{today.year} 之间",
            f"positions 5–8 give the year {year}, not between 2000 and {today.year}",
        )
    if value[8] not in "01":
        _fail(
            kind,
            f"第 9 位应为 0（出口）或 1（进口），现为 {value[8]}",
            f"position 9 should be 0 (export) or 1 (import) and is {value[8]}",
        )
    if value[8] == "0":
        return Identifier(kind, value)
    return Identifier(kind, value, (Warned("import_declaration", "第 9 位为 1：进口报关单", "digit 9 is 1: an import declaration"),))


def check_commodity_code(text: str) -> Identifier:
    """The commodity code (商品编号): ten digits, dots and hyphens allowed; 13 digits carry an inspection code (CIQ), which is cut off.

    Only the shape is checked here; whether the code existed on a day is for the tariff to say.
    """
    kind = "commodity_code"
    value = _DASHES.sub("-", _normalise(kind, text)).replace(".", "").replace("-", "")
    _require_digits(kind, value)
    _require_length(kind, value, (10, 13))
    if len(value) == 10:
        return Identifier(kind, value)
    ciq = value[10:]
    inspection = Warned("inspection_code", f"末三位 {ciq} 为检验检疫附加码", f"the last three digits, {ciq}, are the inspection code")
    return Identifier(kind, value[:10], (inspection,))


def check_gtin(text: str) -> Identifier:
    """A GTIN-8, -12, -13 or -14: weights 3 and 1 alternating from the right, mod 10."""
    kind = "gtin"
    value = _normalise(kind, text)
    _require_digits(kind, value)
    _require_length(kind, value, (8, 12, 13, 14))
    total = sum(int(char) * (3 if index % 2 == 0 else 1) for index, char in enumerate(reversed(value[:-1])))
    _require_check_digit(kind, value[-1], str(-total % 10))
    return Identifier(kind, value)


def check_cas(text: str) -> Identifier:
    """A CAS registry number: 2–7 digits, two digits, one check digit, separated by hyphens."""
    kind = "cas"
    value = _DASHES.sub("-", _normalise(kind, text))
    if not re.fullmatch(r"[0-9]{2,7}-[0-9]{2}-[0-9]", value):
        _fail(kind, "应为 2–7 位数字-2 位数字-1 位校验码", "it should be 2–7 digits, a hyphen, 2 digits, a hyphen and one check digit")
    body = value[:-2].replace("-", "")
    total = sum(int(char) * weight for weight, char in enumerate(reversed(body), start=1))
    _require_check_digit(kind, value[-1], str(total % 10))
    return Identifier(kind, value)


def valid_gtin(text: str) -> bool:
    """Whether `check_gtin` accepts `text`."""
    return _accepted(check_gtin, text)


def valid_cas(text: str) -> bool:
    """Whether `check_cas` accepts `text`."""
    return _accepted(check_cas, text)


def _accepted(check: Callable[[str], Identifier], text: str) -> bool:
    try:
        check(text)
    except InvalidIdentifier:
        return False
    return True


def _normalise(kind: str, text: str) -> str:
    if len(text) > _LONGEST:
        _fail(kind, f"超过 {_LONGEST} 个字符", f"it has more than {_LONGEST} characters")
    value = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text)).upper()
    if not value:
        _fail(kind, "为空", "it is empty")
    return value


def _require_length(kind: str, value: str, lengths: tuple[int, ...]) -> None:
    if len(value) not in lengths:
        expected = "/".join(map(str, lengths))
        _fail(kind, f"应为 {expected} 位，现为 {len(value)} 位", f"it should have {expected} characters and has {len(value)}")


def _require_digits(kind: str, value: str) -> None:
    for position, char in enumerate(value, start=1):
        if char not in "0123456789":
            _fail(kind, f"第 {position} 位“{char}”不是数字", f"position {position}, {char!r}, is not a digit")


def _require_ascii_alphanumeric(kind: str, position: int, char: str) -> None:
    if not (char.isascii() and char.isalnum()):
        _fail(kind, f"第 {position} 位“{char}”不是数字或字母", f"position {position}, {char!r}, is neither a digit nor a letter")


def _require_check_digit(kind: str, found: str, expected: str) -> None:
    if found != expected:
        _fail(kind, f"末位校验码应为 {expected}，现为 {found}", f"the last digit, the check digit, should be {expected} and is {found}")


def _fail(kind: str, reason_zh: str, reason_en: str) -> NoReturn:
    raise InvalidIdentifier(kind=kind, reason_zh=reason_zh, reason_en=reason_en)
