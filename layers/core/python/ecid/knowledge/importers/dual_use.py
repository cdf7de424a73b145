"""Ten-digit codes under dual-use export licence (两用物项和技术进出口许可证管理目录): the JSON list with its dates, or a table with a column of items."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from ecid.errors import UnreadableFile
from ecid.knowledge.imported import Imported, Importer, Progress, Skipped, SourceFile
from ecid.knowledge.importers.cell_values import Fault, code_fault, code_of, day_of
from ecid.knowledge.tables import Table, holds, known_table, no_rows, require_codes
from ecid.tariff.model import Marks

_SUBJECT = "两用物项"


def _recognises(file: SourceFile) -> bool:
    return holds("marks")(file) and _is_about_dual_use(known_table(file))


def _is_about_dual_use(table: Table) -> bool:
    """A table says so by the heading of its item column, the JSON list by its own name."""
    return "mark" in table.headings or _SUBJECT in table.about.get("name", "")


def _read(file: SourceFile, progress: Progress) -> Imported:
    table = known_table(file)
    require_codes(file, table, lambda code: code_fault(code, (10,)))
    codes: dict[str, str] = {}
    skipped = list(table.skipped)
    for place, row in table.rows:
        code = code_of(row["code"])
        fault = code_fault(row["code"], (10,)) or _day_fault(row) or ((f"{code} 重复", f"{code} stands twice") if code in codes else None)
        if fault:
            skipped.append(Skipped(place, *fault))
        else:
            codes[code] = row.get("mark", "")
    if not codes:
        raise no_rows(file)
    listed = len(table.rows) + len(table.skipped)
    stated = table.about.get("code_count", str(listed))
    if stated != str(listed):
        skipped.append(Skipped("code_count", f"自称 {stated} 个编码，实有 {listed} 个", f"it states {stated} codes and has {listed}"))
    first, last = _period(file, table)
    source = table.about.get("source") or "两用物项和技术进出口许可证管理目录"
    title = table.about.get("name") or f"两用物项和技术出口许可证管理目录（{first.year}年）"
    progress(1, 1)
    return Imported((Marks(f"cn-dual-use-{first.year}", title, first, last, "dual_use_export", source, file.sha256, codes),), tuple(skipped))


def _day_fault(row: Mapping[str, str]) -> Fault | None:
    """A day that is none; no day at all is that of the others."""
    for name in ("from", "until"):
        if row.get(name) and day_of(row[name]) is None:
            return f"“{row[name]}”不是日期", f"{row[name]!r} is no date"
    return None


def _period(file: SourceFile, table: Table) -> tuple[date, date]:
    """From the day stated to the day stated, else to the end of its year: the catalogue is issued anew each year. A list holds for one period."""
    said = [row.get("from", "") for _, row in table.rows] if "from" in table.headings else [table.about.get("effective_from", "")]
    days = sorted({day for text in said if (day := day_of(text))})
    ends = sorted({day for _, row in table.rows if (day := day_of(row.get("until", "")))})
    if len(days) != 1 or len(ends) > 1 or (ends and ends[0] < days[0]):
        zh, en = "须写明从哪一天起有效，且全表相同", "it must say from which one day it is in force, and until which one at most"
        raise UnreadableFile(name=file.name, reason_zh=zh, reason_en=en)
    return days[0], ends[0] if ends else date(days[0].year, 12, 31)


IMPORTER = Importer(
    id="cn-dual-use/1",
    title={"zh": "两用物项出口许可证管理目录编码（JSON、CSV、TSV、XLSX）", "en": "codes under dual-use export licence (JSON, CSV, TSV, XLSX)"},
    recognises=_recognises,
    read=_read,
)
