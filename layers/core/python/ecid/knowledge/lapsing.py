"""When an imported record ceases to hold because the tariff no longer has its code. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, timedelta

from ecid.knowledge.imported import Skipped
from ecid.knowledge.records import Record
from ecid.tariff.model import Conversion, Edition, Nomenclature

_LINE = 8


def with_levels_above(codes: Iterable[str]) -> frozenset[str]:
    """The codes with the headings and chapters above them, which a table may leave out."""
    return frozenset(code[:length] for code in codes for length in (2, 4, 6))


class Lapsing:
    """Judges by whatever is loaded: nomenclatures, and editions that are complete."""

    def __init__(self, editions: Sequence[Edition], nomenclatures: Sequence[Nomenclature], conversions: Sequence[Conversion]) -> None:
        self._editions = [item for item in editions if item.complete]
        self._nomenclatures = [(item, with_levels_above(item.texts)) for item in nomenclatures]
        self._conversions = conversions

    def judge(self, record: Record) -> tuple[Record | None, Skipped | None]:
        """The record as it may be cited, or None where no nomenclature of its days has its codes; and what there is to tell about it."""
        unknown = [code for code in record.codes if self._is_unknown(code, record.valid_from)]
        if unknown:
            zh = f"{record.id}：当时及以后的协调制度均无编码 {'、'.join(unknown)}，未采用"
            return None, Skipped(record.source_ref, zh, f"{record.id}: no HS version of its days has {', '.join(unknown)}; left out")
        ends = [(day, by, code) for code in record.codes for day, by in [self._first_day_without(code, record.valid_from)] if day]
        if not ends:
            return record, None
        day, by, code = min(ends)
        if record.valid_to is not None and record.valid_to < day:
            return record, None
        return self._lapsed(record, day, by, code)

    def _lapsed(self, record: Record, day: date, by: str, code: str) -> tuple[Record, Skipped]:
        last = day - timedelta(days=1)
        successors = self._successors(code[:6])
        lapsed = replace(
            record,
            valid_to=last,
            superseded_by=successors[0] if len(successors) == 1 else None,
            facts={**record.facts, "lapsed": {"code": code, "by": by}, "successor_codes": successors},
        )
        zh, en = f"{record.id}：{by} 已无编码 {code}，自 {day} 起失效", f"{record.id}: {by} has no {code}; lapsed from {day}"
        if successors:
            zh, en = f"{zh}；对照表所列新编码：{'、'.join(successors)}", f"{en}; the conversion table gives {', '.join(successors)}"
        return lapsed, Skipped(record.source_ref, zh, en)

    def _first_day_without(self, code: str, since: date) -> tuple[date | None, str]:
        """The first day after `since` on which a nomenclature or edition begins that lacks the code, and the id of that."""
        absent = [(item.valid_from, item.id) for item, codes in self._nomenclatures if item.valid_from > since and code[:6] not in codes]
        if len(code) == _LINE:
            absent += [(item.valid_from, item.id) for item in self._editions if item.valid_from > since and code not in item.lines]
        return min(absent) if absent else (None, "")

    def _is_unknown(self, code: str, since: date) -> bool:
        """Whether none of the nomenclatures in force on `since` or later has the code."""
        known = [codes for item, codes in self._nomenclatures if item.valid_to >= since]
        return bool(known) and all(code[:6] not in codes for codes in known)

    def _successors(self, code: str) -> list[str]:
        """The newer codes that came from this one, by the conversion tables that are loaded."""
        return sorted({new for table in self._conversions for new, old in table.newer_to_older.items() if old == code and new != code})
