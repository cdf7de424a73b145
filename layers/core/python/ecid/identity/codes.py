"""Identifiers of customs and of the market regulator: shape, check characters, and a precise reason where they fail.

Shapes and formulas: `domain.md` §1 (GB 32100-2015 for the unified social credit code, GB 11714 for the organisation code in it, customs' own
numbering for the rest). Every `check_…` returns an `Identifier` whose value it accepts unchanged, or raises `InvalidIdentifier` with `kind`, a stable
`reason` of `identifiers.toml`, `reason_zh` and `reason_en`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from ecid.identity.identifier import (
    Identifier,
    Warned,
    normalised,
    refuse,
    require_alphanumeric,
    require_digits,
    require_length,
    require_no_placeholder,
    table,
    warned,
)

EARLIEST_DECLARATION = 2000
"""The 18-digit numbers came with the H2000 system."""

_USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC_VALUES = {letter: value for value, letter in enumerate(_USCC_ALPHABET)}
_USCC_WEIGHTS = tuple(pow(3, power, 31) for power in range(17))
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What one digit of a customs code stands for."""

    digit: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class CustomsCode:
    """A customs code read: `division` are the two digits of the province (GB/T 2260); `zone` and `ownership` are None where the character has no known
    meaning; `own_goods` is False for a broker, who can declare but cannot be the exporter of goods of its own."""

    identifier: Identifier
    division: str
    zone: Meaning | None
    ownership: Meaning | None
    own_goods: bool


@dataclass(frozen=True, slots=True)
class RefundLine:
    """A refund-form line number read: the export declaration and the item (1–99) of it."""

    identifier: Identifier
    declaration_no: str
    item: int


def check_uscc(text: str) -> Identifier:
    """The unified social credit code (统一社会信用代码), 18 characters, mod-31 check; a failing GB 11714 check inside is a warning.

    The mod-31 weights are the powers of 3, a primitive root of 31: every single wrong character and every swap of two characters is found, except a swap
    of the first with the last, whose weights are both 1.
    """
    kind = "uscc"
    value = normalised(kind, text)
    _name_older_numbers(kind, value)
    require_length(kind, value, 18)
    require_no_placeholder(kind, value)
    meant = table("letters_not_used")
    for position, char in enumerate(value, start=1):
        if char in meant:
            refuse(kind, "letter_not_used", position=position, char=char, meant=meant[char])
        if char not in _USCC_VALUES:
            require_alphanumeric(kind, position, char)
        if 3 <= position <= 8 and not char.isdigit():
            refuse(kind, "division_not_digits", position=position, char=char)
    total = sum(_USCC_VALUES[char] * weight for char, weight in zip(value, _USCC_WEIGHTS, strict=False))
    expected = _USCC_ALPHABET[(31 - total % 31) % 31]
    if value[17] != expected:
        refuse(kind, "check_character", expected=expected, found=value[17])
    registrar = () if value[1] in table("registrars").get(value[0], "") else (warned("unknown_registrar", found=value[:2]),)
    return Identifier(kind, value, (*registrar, *_division_warning(value[2:4]), *_organisation_warning(value[8:17])))


def _name_older_numbers(kind: str, value: str) -> None:
    if len(value) == 15 and value.isalnum():
        refuse(kind, "old_licence_number")
    if (len(value) == 9 and value.isalnum()) or (len(value) == 10 and value[8] == "-"):
        refuse(kind, "organisation_code_only")


def _organisation_warning(code: str) -> tuple[Warned, ...]:
    total = sum(int(char, 36) * weight for char, weight in zip(code, _ORGANISATION_WEIGHTS, strict=False))
    expected = "0123456789X0"[11 - total % 11]
    return () if code[8] == expected else (warned("organisation_check", expected=expected, found=code[8]),)


def _division_warning(division: str) -> tuple[Warned, ...]:
    return () if division in table("divisions") else (warned("unknown_division", found=division),)


def check_customs_code(text: str) -> Identifier:
    """The customs registration or filing code (海关注册/备案编码): four digits, six digits or letters. It has no check character."""
    return read_customs_code(text).identifier


def read_customs_code(text: str) -> CustomsCode:
    """The same, with what its first six characters say. Letters in positions 5 and 6 occur and have no certain meaning."""
    return _customs_code("customs_code", normalised("customs_code", text))


def _customs_code(kind: str, value: str) -> CustomsCode:
    require_length(kind, value, 10)
    require_no_placeholder(kind, value)
    for position, char in enumerate(value, start=1):
        require_alphanumeric(kind, position, char)
        if position <= 4 and not char.isdigit():
            refuse(kind, "region_not_digits", position=position, char=char)
    ownerships = table("ownerships")
    zone, ownership = _meaning(table("zones"), value[4]), _meaning(ownerships, value[5])
    own_goods = ownership is None or bool(ownerships[ownership.digit]["own_goods"])
    warnings = (
        *_division_warning(value[:2]),
        *(() if zone or not value[4].isdigit() else (warned("unknown_zone", found=value[4]),)),
        *(() if ownership or not value[5].isdigit() else (warned("unknown_ownership", found=value[5]),)),
        *(() if own_goods else (warned("broker"),)),
    )
    return CustomsCode(Identifier(kind, value, warnings), value[:2], zone, ownership, own_goods)


def _meaning(meanings: dict[str, dict[str, str]], digit: str) -> Meaning | None:
    row = meanings.get(digit)
    return Meaning(digit, row["zh"], row["en"]) if row else None


def check_aeo_code(text: str, customs_code: str | None = None) -> Identifier:
    """The Chinese AEO code (AEO企业编码): `AEOCN` and the customs code, which must be `customs_code` where that is given."""
    kind = "aeo_code"
    value = normalised(kind, text)
    if not value.startswith("AEOCN"):
        if len(value) == 10 and value[:4].isdigit():
            refuse(kind, "aeo_prefix_missing")
        abroad = table("aeo_abroad").get(value.removeprefix("AEO")[:2])
        if abroad:
            refuse(kind, "aeo_abroad", zh=abroad["zh"], en=abroad["en"])
        refuse(kind, "aeo_prefix")
    embedded = _customs_code(kind, value[5:]).identifier
    if customs_code is not None and embedded.value != check_customs_code(customs_code).value:
        refuse(kind, "aeo_other_enterprise", embedded=embedded.value)
    return Identifier(kind, value, embedded.warnings)


def check_declaration_no(text: str, today: date) -> Identifier:
    """The declaration number (海关编号、报关单号): 18 digits – office, year not after `today`, 0 export or 1 import, serial number.

    An import number is accepted with the warning `import_declaration`.
    """
    kind = "declaration_no"
    value = normalised(kind, text)
    if len(value) == 21 and value.isdigit():
        refuse(kind, "refund_line")
    if len(value) == 9 and value.isdigit():
        refuse(kind, "old_declaration_number")
    if len(value) == 18 and value[8] in "EI":
        refuse(kind, "collective_list", char=value[8])
    return _declaration_no(kind, value, today)


def _declaration_no(kind: str, value: str, today: date) -> Identifier:
    require_digits(kind, value)
    require_length(kind, value, 18)
    year = int(value[4:8])
    if not EARLIEST_DECLARATION <= year <= today.year:
        refuse(kind, "year", year=value[4:8], first=EARLIEST_DECLARATION, last=today.year)
    if value[8] not in "01":
        refuse(kind, "direction", char=value[8])
    return Identifier(kind, value, () if value[8] == "0" else (warned("import_declaration"),))


def read_refund_line(text: str, today: date) -> RefundLine:
    """The refund-form line number (退税用报关单号): 21 digits – export declaration number, 0, two digits of item from 01."""
    kind = "refund_line"
    value = normalised(kind, text)
    require_digits(kind, value)
    if len(value) == 18:
        refuse(kind, "declaration_number_only")
    require_length(kind, value, 21)
    declaration = _declaration_no(kind, value[:18], today)
    if declaration.warnings:
        refuse(kind, "import_has_no_refund")
    if value[18] != "0":
        refuse(kind, "refund_filler", char=value[18])
    if value[19:] == "00":
        refuse(kind, "refund_item")
    return RefundLine(Identifier(kind, value), declaration.value, int(value[19:]))
