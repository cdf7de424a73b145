"""What customs and the enterprise did already in the matter of a finding, from the records of its feed: it closes or opens routes, and moves no points."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date

import polars as pl

from ecid.clearance.records import AnomalyRecord
from ecid.clearance.taxonomy import State
from ecid.scoring.authority import Authority
from ecid.scoring.result import Finding
from ecid.scoring.routes import Circumstances

_DISCLOSED, _LICENCE = "DIS-01", "LIC-"
_Goods = tuple[str, str]
"""Product key and code (eight digits)."""


def with_circumstances(findings: Sequence[Finding], authority: Authority, lines: pl.DataFrame, as_of: date) -> tuple[Finding, ...]:
    """The findings with what is known of each case on `as_of`; as they are where the feed says nothing. `lines` needs `line_id`, `key`, `code8`."""
    records = [record for record in authority.outcomes or () if record.key_date <= as_of and record.state is not State.VOID]
    advanced = authority.is_advanced(as_of)
    if not records and not advanced:
        return tuple(findings)
    named = _Named(records, lines)
    return tuple(replace(finding, circumstances=named.circumstances(finding, advanced)) for finding in findings)


class _Named:
    """Records by what they name: lines, declarations, and the goods that were disclosed."""

    def __init__(self, records: Iterable[AnomalyRecord], lines: pl.DataFrame) -> None:
        self._open: set[str] = set()
        self._licence: set[str] = set()
        disclosed: dict[str, date] = {}
        for record in records:
            names = record.line_ids or ((record.declaration_no,) if record.declaration_no else ())
            if record.code == _DISCLOSED or record.disclosed:
                disclosed |= {name: max(record.key_date, disclosed.get(name, record.key_date)) for name in names}
            elif record.state is State.OPEN:
                self._open.update(names)
            if record.code.startswith(_LICENCE):
                self._licence.update(names)
        self._disclosed = _by_goods(disclosed, lines)

    def circumstances(self, finding: Finding, advanced: bool) -> Circumstances:
        """Of a finding of which some line, or its declaration, is named; a disclosure counts for all lines of the same goods under the same code."""
        names = {name for line in finding.lines for name in (line, line.rpartition("-")[0])}
        return Circumstances(
            case_open=not names.isdisjoint(self._open),
            licence_affected=not names.isdisjoint(self._licence),
            certified=advanced,
            disclosed_on=self._disclosed.get((finding.product_key, finding.code[:8])),
        )


def _by_goods(disclosed: Mapping[str, date], lines: pl.DataFrame) -> dict[_Goods, date]:
    """The last disclosure of goods, of those that are named by line or declaration."""
    if not disclosed:
        return {}
    named = lines.select("line_id", "key", "code8", declaration=pl.col("line_id").str.replace(r"-\d+$", ""))
    concerned = named.filter(pl.col("line_id").is_in(list(disclosed)) | pl.col("declaration").is_in(list(disclosed)))
    found: dict[_Goods, date] = {}
    for line, key, code, declaration in concerned.iter_rows():
        if key:
            day = max(disclosed[name] for name in (line, declaration) if name in disclosed)
            found[key, code] = max(day, found.get((key, code), day))
    return found
