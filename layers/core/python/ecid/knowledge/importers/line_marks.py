"""Supervision conditions (监管条件) and refund rates (出口退税率) of a table of tariff lines, as lists of codes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

from ecid.knowledge.importers.cell_values import code_fault, code_of, day_of
from ecid.knowledge.importers.line_rows import Report, Row
from ecid.tariff.model import Edition, MarkKind, Marks

_LENGTHS = (8, 10)
_CONDITIONS: Mapping[str, MarkKind] = {
    "3": "dual_use_export",
    "4": "export_licence",
    "x": "export_licence",
    "y": "export_licence",
    "E": "export_licence",
    "8": "export_prohibited",
    "B": "export_inspection",
}
"""Codes of supervision documents that exports need, by what they are about; source: domain.md §4.3. The others concern imports or transit."""
_WRITTEN = re.compile(r"[0-9A-Za-z/、,; ]*")
_NOTHING = frozenset({"", "无", "-", "--", "/", "—"})
_RATE = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,4})?)\s*(%?)")
_HUNDRED = 100


def marks_of(rows: Iterable[tuple[str, Row]], edition: Edition, report: Report) -> tuple[Marks, ...]:
    """The lists that the rows in force on the edition's first day make. Of a table that is a selection only refunds: there, absence proves nothing."""
    kept = [(place, code_of(row["code"]), row) for place, row in rows if not code_fault(row["code"], _LENGTHS) and _holds(row, edition)]
    codes: dict[MarkKind, dict[str, str]] = {}
    for place, code, row in kept if edition.complete else ():
        text = unicodedata.normalize("NFKC", row.get("conditions", "")).strip()
        if text in _NOTHING:
            continue
        if not _WRITTEN.fullmatch(text):
            report(place, f"{code}：“{text}”不是监管证件代码，条件未采用", f"{code}: {text!r} are no codes of supervision documents, which are left out")
            continue
        for sign in text:
            if sign in _CONDITIONS:
                codes.setdefault(_CONDITIONS[sign], {})[code] = text
    refunds = dict(_refunds(kept, report))
    if refunds:
        codes["export_refund"] = refunds
    return tuple(_marks(kind, codes[kind], edition) for kind in sorted(codes))


def _holds(row: Row, edition: Edition) -> bool:
    last = day_of(row.get("until", ""))
    return last is None or last >= edition.valid_from


def _refunds(rows: Iterable[tuple[str, str, Row]], report: Report) -> Iterator[tuple[str, str]]:
    """Code and rate in per cent. Where no rate of the table is above one and none has a sign, they are shares: 0.13 is 13 per cent."""
    read: list[tuple[str, Decimal, str]] = []
    for place, code, row in rows:
        text = unicodedata.normalize("NFKC", row.get("refund", "")).strip()
        match = _RATE.fullmatch(text)
        if match and Decimal(match[1]) <= _HUNDRED:
            read.append((code, Decimal(match[1]), match[2]))
        elif text not in _NOTHING:
            report(place, f"{code}：“{text}”不是退税率，未采用", f"{code}: {text!r} is no refund rate, which is left out")
    shares = all(rate <= 1 and not sign for _, rate, sign in read) and any(rate % 1 for _, rate, _ in read)
    for code, rate, _ in read:
        yield code, f"{(rate * _HUNDRED if shares else rate).normalize():f}"


def _marks(kind: MarkKind, codes: Mapping[str, str], edition: Edition) -> Marks:
    own = edition.id.removeprefix("cn-lines-")
    return Marks(
        id=f"cn-{kind.replace('_', '-')}-{own}",
        title=f"{edition.title}：{_TITLES[kind]}",
        valid_from=edition.valid_from,
        valid_to=edition.valid_to,
        mark=kind,
        source=edition.source,
        sha256=edition.sha256,
        codes=codes,
    )


_TITLES: Mapping[MarkKind, str] = {
    "dual_use_export": "两用物项出口许可（监管证件 3）",
    "export_licence": "出口许可证件（监管证件 4、x、y、E）",
    "export_prohibited": "禁止出口（监管证件 8）",
    "export_inspection": "出口检验检疫（监管证件 B）",
    "export_refund": "出口退税率",
}
