"""One cell of a declaration file to one value.

Every function takes the text of a cell, never raises, and returns `(value, flags)`: the value is None where the cell is empty or cannot be read, and the
flags (`ecid.declarations.flags`) say what was odd.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from ecid.declarations import flags, vocabulary
from ecid.declarations.civil_days import civil_day
from ecid.declarations.element_string import join_lines, parse_specification
from ecid.errors import InvalidIdentifier
from ecid.identity.codes import RefundLine, check_declaration_no, check_uscc, read_refund_line
from ecid.identity.goods_numbers import check_commodity_code

Flags = tuple[str, ...]
NONE: Flags = ()

_EMPTY = frozenset({"", "-", "--", "---", "—", "——", "/", "//", "\\", "n/a", "na", "null", "none", "nan", "无"})
_PLAIN_NUMBER = re.compile(r"-?[0-9]{1,14}(?:\.[0-9]{1,20})?")
_NUMBER_IN_TEXT = re.compile(r"([^\d(+.-]*)(\()?([+-]?[0-9][0-9, ]{0,30}(?:\.[0-9]{1,20})?(?:[eE][+-]?[0-9]{1,2})?)(\))?([^\d]*)")
_THOUSANDS = re.compile(r"[+-]?[0-9]{1,3}(?:(?:,[0-9]{3})+|(?: [0-9]{3})+)(?:\.[0-9]+)?")
_QUANTITY = re.compile(r"([+-]?[0-9][0-9,.]{0,30}(?:[eE][+-]?[0-9]{1,2})?)\s*([^\d\s.,].{0,30})?", re.DOTALL)
_EXPORT_NO = re.compile(r"[0-9]{4}([0-9]{4})0[0-9]{9}")  # what `check_declaration_no` lets pass without a remark, many times faster
_FIRST_YEAR = 2000
_SCIENTIFIC = re.compile(r"[0-9](?:\.[0-9]+)?[eE]\+?[0-9]{1,2}")
_CODE_MARKS = re.compile(r"[\s.\-·'’`]+")
_LONGEST_CODE = 20
_BLANKS = re.compile(r"[\s\x00-\x1f\x7f]+")
_ERROR = re.compile(r"#(?:N/A|REF!|VALUE!|DIV/0!|NAME\?|NUM!|NULL!|GETTING_DATA|SPILL!|CALC!|FIELD!|BLOCKED!|UNKNOWN!|CONNECT!|BUSY!)|Err:[0-9]{3}")
_DECIMAL_CODE = re.compile(r"([0-9]{1,9})\.0|([0-9]{10,13})\.0+")
_REFUND_DIGITS = 21


def is_empty(text: str) -> bool:
    """Whether the cell is blank or holds a mark that says so (`-`, `/`, `无`, `N/A`)."""
    return text.casefold() in _EMPTY


def words(text: str) -> tuple[str | None, Flags]:
    """Free text in one line; the error of a spreadsheet's formula (`#REF!`) stays, flagged."""
    return (None if is_empty(text) else _BLANKS.sub(" ", text).strip() or None), (flags.CELL_ERROR,) if _ERROR.fullmatch(text) else NONE


def sku(text: str) -> tuple[str | None, Flags]:
    """料号; an error names no goods."""
    found, flagged = words(text)
    return (None if flagged else found), flagged


def port(text: str) -> tuple[str | None, Flags]:
    """关别 in words or as its four digits, of which a number cell loses the first zero."""
    number = vocabulary.whole_number(text)
    return (number.zfill(4), NONE) if number and len(number) in {3, 4} else words(text)


def name(text: str) -> tuple[str | None, Flags]:
    """商品名称; line breaks are wrapping."""
    return words(join_lines(text))


def specification(text: str) -> tuple[str | None, Flags]:
    """规格型号, written with `|` only."""
    found = parse_specification(text)
    return "|".join(found.values) or None, (*found.flags, *words(text)[1])


def number(scale: int) -> Callable[[str], tuple[int | None, Flags]]:
    """A reader of numbers in units of 1/`scale`, rounded half up; thousands separators, currency names and accountants' brackets are understood."""

    def read(text: str) -> tuple[int | None, Flags]:
        if _PLAIN_NUMBER.fullmatch(text):
            return _scaled(text, scale)
        if is_empty(text):
            return None, NONE
        literal = _literal(text)
        return _scaled(literal, scale) if literal else (None, (flags.UNREADABLE_NUMBER,))

    return read


def _scaled(literal: str, scale: int) -> tuple[int | None, Flags]:
    try:
        value = int((Decimal(literal) * scale).to_integral_value(ROUND_HALF_UP))
    except (InvalidOperation, OverflowError, ValueError):
        return None, (flags.UNREADABLE_NUMBER,)
    return (value, NONE) if abs(value) < 2**63 else (None, (flags.UNREADABLE_NUMBER,))


def _literal(text: str) -> str | None:
    """The number in a cell as Python writes it, or None where more than one reading is possible (`1.234,5`, `12/13`)."""
    match = _NUMBER_IN_TEXT.fullmatch(unicodedata.normalize("NFKC", text).strip()) if len(text) <= vocabulary.LONGEST_NAME else None
    if match is None or any(not _is_money_word(word) for word in (match[1], match[5])) or bool(match[2]) != bool(match[4]):
        return None
    digits = match[3].strip()
    if "," in digits or " " in digits:
        if not _THOUSANDS.fullmatch(digits):
            return None
        digits = digits.replace(",", "").replace(" ", "")
    return f"-{digits}" if match[2] and not digits.startswith("-") else digits


def _is_money_word(text: str) -> bool:
    bare = text.strip()
    return bare in {"", "$", "¥"} or vocabulary.currencies().resolve(bare) is not None


def split_money(text: str) -> tuple[str, str]:
    """`USD 1,481.40`, `1481.40/美元` or `1481.40/502` as amount and currency; the currency is empty where the cell names none."""
    if _PLAIN_NUMBER.fullmatch(text) or is_empty(text) or len(text) > vocabulary.LONGEST_NAME:
        return text, ""
    parts = [part.strip() for part in re.split(r"[/\n]", unicodedata.normalize("NFKC", text).strip())]
    if len(parts) == 1 and (match := _NUMBER_IN_TEXT.fullmatch(parts[0])):
        parts = [parts[0][match.start(2 if match[2] else 3) : match.end(4 if match[4] else 3)], (match[1] or match[5]).strip(" ()")]
    named = [part for part in reversed(parts) if vocabulary.currencies().resolve(part)]
    return (next(part for part in parts if part != named[0]), named[0]) if len(parts) == 2 and named and parts[0] != parts[1] else (text, "")


def split_quantity(text: str) -> tuple[str, str]:
    """`1200个` as number and unit; the unit is empty where the cell holds only a number or anything else."""
    if _PLAIN_NUMBER.fullmatch(text) or is_empty(text):
        return text, ""
    match = _QUANTITY.fullmatch(unicodedata.normalize("NFKC", text).strip())
    return (match[1], (match[2] or "").strip(" ()/")) if match else (text, "")


def day(text: str) -> tuple[date | None, Flags]:
    """A civil date, whether or not it can be true; times with a zone are turned into Beijing time first. `1/2/2024` and two-digit years are not guessed."""
    if is_empty(text):
        return None, NONE
    plain = unicodedata.normalize("NFKC", text).strip()
    try:
        found = civil_day(plain)
    except (ValueError, OverflowError):
        found = None
    return (found, NONE) if found else (None, (flags.UNREADABLE_DATE,))


def code(text: str) -> tuple[str | None, Flags]:
    """商品编号, digits only; empty where the cell is empty, None where it holds anything but digits. Other lengths than 8, 10, 13 are kept."""
    if is_empty(text):
        return "", NONE
    plain = unicodedata.normalize("NFKC", text).strip()
    if len(plain) > vocabulary.LONGEST_NAME:
        return None, NONE
    found: Flags = NONE
    if _SCIENTIFIC.fullmatch(plain):
        plain, found = format(Decimal(plain), "f"), (flags.CODE_FROM_SCIENTIFIC,)
    if match := _DECIMAL_CODE.fullmatch(plain):
        plain = match[1] or match[2]
    digits = _CODE_MARKS.sub("", plain)
    if not (digits.isascii() and digits.isdigit()) or len(digits) > _LONGEST_CODE:
        return None, NONE
    try:
        read = check_commodity_code(_CODE_MARKS.sub(".", plain).strip("."))
    except InvalidIdentifier:
        return digits, found
    restored = any(warning.code == "leading_zero_restored" for warning in read.warnings)
    return read.value, (*found, flags.LEADING_ZERO_RESTORED) if restored else found


def item(text: str) -> tuple[int | None, Flags]:
    """项号, from 1."""
    plain = unicodedata.normalize("NFKC", text).strip(" .、()#'")
    if is_empty(plain) and not _ERROR.fullmatch(text):
        return None, NONE
    match = re.fullmatch(r"([0-9]{1,9})(?:\.0+)?", plain)
    return (int(match[1]), NONE) if match and int(match[1]) > 0 else (None, (flags.UNREADABLE_ITEM,))


def declaration_no(today: date) -> Callable[[str], tuple[str | None, Flags]]:
    """A reader of 海关编号 as of `today`; of a 21-digit refund-form number the first 18 (`refund_line` gives the item)."""

    def read(text: str) -> tuple[str | None, Flags]:
        if (usual := _EXPORT_NO.fullmatch(text)) and _FIRST_YEAR <= int(usual[1]) <= today.year:
            return text, NONE
        plain = unicodedata.normalize("NFKC", text).strip(" '’`")
        if is_empty(plain):
            return None, NONE
        try:
            return _declaration_no(plain, today), NONE
        except InvalidIdentifier:
            return None, (flags.INVALID_DECLARATION_NO,)

    return read


def _declaration_no(plain: str, today: date) -> str:
    if len(plain) != _REFUND_DIGITS:
        return check_declaration_no(plain, today).value
    try:
        return read_refund_line(plain, today).declaration_no
    except InvalidIdentifier as refused:
        if refused.context["reason"] != "import_has_no_refund":
            raise
    return check_declaration_no(plain[:18], today).value


def refund_line(text: str, today: date) -> RefundLine | None:
    """A 21-digit refund-form number (退税用报关单号) as of `today`, None where the cell is none."""
    if len(text) < _REFUND_DIGITS:
        return None
    plain = unicodedata.normalize("NFKC", text).strip(" '’`")
    try:
        return read_refund_line(plain, today) if len(plain) == _REFUND_DIGITS else None
    except InvalidIdentifier:
        return None


def uscc(text: str) -> tuple[str | None, Flags]:
    """统一社会信用代码 with a right check character."""
    if is_empty(text):
        return None, NONE
    try:
        return check_uscc(text.strip("'’`")).value, NONE
    except InvalidIdentifier:
        return None, (flags.INVALID_USCC,)


def currency(text: str) -> tuple[str | None, Flags]:
    """币制 as ISO alpha-3. A bare `$` or `¥` names none."""
    return _resolved(vocabulary.currencies(), text, flags.UNKNOWN_CURRENCY)


def country(text: str) -> tuple[str | None, Flags]:
    """国别 as ISO alpha-3."""
    return _resolved(vocabulary.countries(), text, flags.UNKNOWN_COUNTRY)


def _resolved(codes: vocabulary.CodeList, text: str, flag: str) -> tuple[str | None, Flags]:
    if is_empty(text):
        return None, NONE
    found = None if _ERROR.fullmatch(text) else codes.resolve(text)  # the letters of #N/A are the code of Namibia
    return found, (NONE if found else (flag,))


def unit(text: str) -> tuple[str | None, Flags]:
    """计量单位 as customs code, as written where it is none of the list, or stands for several of it (PCS)."""
    found, flagged = _resolved(vocabulary.units(), text, flags.UNKNOWN_UNIT)
    return found or words(text)[0], flagged


def mode(text: str) -> tuple[str | None, Flags]:
    """监管方式, four digits; digits that the list does not have are kept."""
    found, flagged = _resolved(vocabulary.modes(), text, flags.UNKNOWN_MODE)
    number = vocabulary.whole_number(text)
    if found is None and number and len(number) == 4:
        return number, NONE
    return found, flagged


def brand_type(text: str) -> tuple[str | None, Flags]:
    """品牌类型 as its digit, as written where it is none."""
    return _code_or_words(vocabulary.brand_types(), text)


def preference(text: str) -> tuple[str | None, Flags]:
    """出口享惠情况 as its digit, as written where it is none."""
    return _code_or_words(vocabulary.preferences(), text)


def _code_or_words(codes: vocabulary.CodeList, text: str) -> tuple[str | None, Flags]:
    written, found = _element(text), codes.resolve(text)
    if found is None or found == written:
        return written, NONE
    return found, NONE if vocabulary.whole_number(text) else (flags.CODE_FROM_WORDS,)


def _element(text: str) -> str | None:
    return words(re.sub(r"[|｜]", " ", text))[0]
