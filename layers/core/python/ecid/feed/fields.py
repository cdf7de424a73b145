"""The field types of source events: bounded, exact, and each with the JSON Schema that says the same.

Identifiers are checked by `ecid.identity`; what it refuses becomes an error at the field. Reserved suffixes that sample enterprises use, and are
refused otherwise, come in through the validation context (`{"allow_reserved": frozenset}`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Annotated, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationInfo, WithJsonSchema
from pydantic_core import PydanticCustomError

from ecid.errors import BadInput
from ecid.identity.codes import check_uscc
from ecid.identity.domains import normalise

EARLIEST_YEAR, LATEST_YEAR = 1990, 2100

Moment = TypeVar("Moment", bound=date)

_PRINTABLE = r"^[^\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufeff]*$"
"""No control characters, and none that turn the direction of writing: names are shown to people."""
_INSTANT = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)$"
_DAY = r"^\d{4}-\d\d-\d\d$"


class Strict(BaseModel):
    """Every part of an event: nothing is coerced, nothing unknown is accepted, nothing changes afterwards."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, str_strip_whitespace=True, hide_input_in_errors=True)


def refused(reason: str) -> PydanticCustomError:
    """The error that a validator raises, with `reason` as its message."""
    return PydanticCustomError("refused", "{reason}", {"reason": reason})


def _written(pattern: str, form: str) -> Callable[[object], object]:
    shape = re.compile(pattern, re.ASCII)

    def check(value: object) -> object:
        if not (isinstance(value, str) and shape.fullmatch(value)):
            raise refused(f"not written as {form}")
        return value

    return check


def _in_years(value: Moment) -> Moment:
    if not EARLIEST_YEAR <= value.year <= LATEST_YEAR:
        raise refused(f"the year is outside {EARLIEST_YEAR} to {LATEST_YEAR}")
    return value


def _uscc(value: str) -> str:
    try:
        checked = check_uscc(value).value
    except BadInput as error:
        raise refused(error.sentence("en")) from error
    if checked != value:
        raise refused("not in normal form: 18 half-width capitals and digits")
    return value


def _domain(value: str, info: ValidationInfo) -> str:
    allowed = (info.context or {}).get("allow_reserved", frozenset())
    try:
        registrable = normalise(value, allow_reserved=allowed).registrable
    except BadInput as error:
        raise refused(error.sentence("en")) from error
    if registrable != value:
        raise refused("not a registrable domain in normal form")
    return value


def _text(least: int, most: int) -> StringConstraints:
    return StringConstraints(min_length=least, max_length=most, pattern=_PRINTABLE)


Name = Annotated[str, _text(1, 200)]
"""What people read: names of enterprises, goods, offices."""
Remark = Annotated[str, _text(0, 255)]
"""As long as the widest text field of a declaration (C255)."""
GoodsName = Annotated[str, _text(1, 255)]
Reference = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$")]
"""An identifier given by a source: events, records, cases, certificates."""
CertificateNo = Annotated[str, _text(1, 64)]
RulingNo = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,63}$")]
"""The number of an advance ruling (预裁定编号)."""
Description = Annotated[str, _text(1, 2000)]

Uscc = Annotated[str, StringConstraints(pattern=r"^[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}$"), AfterValidator(_uscc)]
"""统一社会信用代码 with a valid check character (GB 32100-2015)."""
CustomsCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}[0-9A-Z]{6}$")]
"""海关注册编码, ten characters."""
AeoCode = Annotated[str, StringConstraints(pattern=r"^AEOCN[0-9A-Z]{10}$")]
Domain = Annotated[str, StringConstraints(min_length=3, max_length=253), AfterValidator(_domain)]
"""A registrable domain in normal form."""

Instant = Annotated[
    AwareDatetime,
    Field(strict=False),  # the text is checked before; strict would ask for a datetime object after that
    BeforeValidator(_written(_INSTANT, "an RFC 3339 time with its offset")),
    AfterValidator(_in_years),
    WithJsonSchema({"type": "string", "format": "date-time", "pattern": _INSTANT}),
]
Day = Annotated[
    date,
    Field(strict=False),
    BeforeValidator(_written(_DAY, "YYYY-MM-DD")),
    AfterValidator(_in_years),
    WithJsonSchema({"type": "string", "format": "date", "pattern": _DAY}),
]
"""A Beijing civil date."""

Sequence = Annotated[int, Field(ge=0, le=10**18)]
Quantity = Annotated[str, StringConstraints(pattern=r"^(0|[1-9][0-9]{0,12})(\.[0-9]{1,5})?$")]
"""A decimal with up to five decimals (N19,5)."""
Money = Annotated[str, StringConstraints(pattern=r"^(0|[1-9][0-9]{0,13})(\.[0-9]{1,4})?$")]
"""A decimal with up to four decimals (N19,4)."""
Score = Annotated[str, StringConstraints(pattern=r"^-?(0|[1-9][0-9]{0,5})(\.[0-9]{1,4})?$")]
Fen = Annotated[int, Field(ge=0, le=10**15)]
"""Renminbi in fen."""
CommodityCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{10}$")]
UnitCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{3}$")]
SupervisionMode = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}$")]
Alpha3 = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
"""ISO 4217 or ISO 3166 alpha-3; countries also as the customs extras (`ZZZ`)."""
