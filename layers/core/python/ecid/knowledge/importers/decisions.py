"""Published classification decisions of China Customs (归类决定; Z central, J of a classification centre, W taken over from the WCO) as a table."""

from __future__ import annotations

import re
from datetime import date, timedelta

from ecid.errors import Language
from ecid.knowledge.imported import Imported, Importer, Progress, SourceFile
from ecid.knowledge.importers.cell_values import Fault, code_fault, code_of, day_of, number_of
from ecid.knowledge.importers.numbered import NumberedRows, Row
from ecid.knowledge.record_sets import RecordSet
from ecid.knowledge.records import Record
from ecid.knowledge.tables import holds

_NUMBER = re.compile(r"[ZJW](?:19|20)\d{2}-\d{1,4}")
_ANNOUNCEMENT = re.compile(r"\D*((?:19|20)\d{2})\D+(\d{1,4})\D*")
_LENGTHS = (4, 6, 8, 10)
_DAYS = ("in_force_from", "announced_on", "lapsed_on")


def _read(file: SourceFile, progress: Progress) -> Imported:
    records, skipped = _ROWS.read(file)
    progress(1, 1)
    title, source = "海关归类决定", "海关总署公告的归类决定"
    return Imported((RecordSet(f"cn-decisions-{file.sha256[:8]}", title, source, file.sha256, records),), skipped)


def _number(row: Row) -> str:
    number = number_of(row["number"])
    return number if _NUMBER.fullmatch(number) else ""


def _fault(row: Row, number: str) -> Fault | None:
    if not number:
        return f"“{row['number']}”不是归类决定编号", f"{row['number']!r} is no number of a decision"
    for name in _DAYS:
        if row.get(name) and day_of(row[name]) is None:
            return f"“{row[name]}”不是日期", f"{row[name]!r} is no date"
    ends = day_of(row.get("lapsed_on", ""))
    if ends and ends <= _begins(row, number):
        return f"{number} 的失效日期不晚于生效日期", f"{number} lapses before it is in force"
    if not row["name"]:
        return f"{number} 没有商品名称", f"{number} has no goods name"
    return None


def _record(row: Row, number: str, ref: str, sha256: str) -> Record:
    # The two digits after the eighth are supervision digits, which a decision does not settle.
    code = code_of(row["code"])[:8]
    announcement = _ANNOUNCEMENT.fullmatch(row.get("announcement", ""))
    lapsed = day_of(row.get("lapsed_on", ""))
    source = f"海关总署公告{announcement[1]}年第{announcement[2]}号，归类决定{number}" if announcement else f"海关归类决定{number}"
    title: dict[Language, str] = {"zh": row["name"]}
    if row.get("name_en"):
        title["en"] = row["name_en"]
    said = [row.get("description") or row["name"], f"归入{code}", f"依据：{row['basis']}" if row.get("basis") else ""]
    return Record(
        id=f"decision-{number}",
        kind="decision",
        codes=(code,),
        title=title,
        text={"zh": "。".join(part.rstrip("。") for part in said if part) + "。"},
        valid_from=_begins(row, number),
        valid_to=lapsed - timedelta(days=1) if lapsed else None,
        source=source,
        source_ref=ref,
        sha256=sha256,
        facts={"number": number, "day_assumed": _stated(row) is None},
    )


def _begins(row: Row, number: str) -> date:
    """The day stated. Where only the year is known, its last day: on it the decision had been published, on an earlier one perhaps not."""
    announcement = _ANNOUNCEMENT.fullmatch(row.get("announcement", ""))
    return _stated(row) or date(int(announcement[1] if announcement else number[1:5]), 12, 31)


def _stated(row: Row) -> date | None:
    return day_of(row.get("in_force_from", "")) or day_of(row.get("announced_on", ""))


_ROWS = NumberedRows(_number, _fault, lambda code: code_fault(code, _LENGTHS), _record)
IMPORTER = Importer(
    id="cn-decisions/1",
    title={"zh": "海关归类决定（CSV、TSV、XLSX、JSON）", "en": "China's classification decisions (CSV, TSV, XLSX, JSON)"},
    recognises=holds("decisions"),
    read=_read,
)
