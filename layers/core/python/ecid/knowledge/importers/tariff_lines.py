"""A table of China's tariff lines at eight or ten digits, with units, English names and declaration elements: an edition of its year.

Supervision conditions (监管条件) that concern exports and refund rates (退税率) become lists of codes of the same days; rates of duty and inspection categories
(检验检疫类别) are not taken over, since nothing here judges by them.
"""

from __future__ import annotations

import re
from datetime import date

from ecid.errors import UnreadableFile
from ecid.knowledge.imported import Imported, Importer, Progress, Skipped, SourceFile
from ecid.knowledge.importers.cell_values import code_fault, day_of
from ecid.knowledge.importers.hs_versions import hs_versions
from ecid.knowledge.importers.line_marks import marks_of
from ecid.knowledge.importers.line_rows import LENGTHS, LineRows
from ecid.knowledge.tables import Table, holds, known_table, no_rows, require_codes
from ecid.tariff.model import Edition

_YEAR = re.compile(r"(?<!\d)(20[0-4]\d)(?:\d{2}){0,2}(?!\d)")
_WHOLE = 0.99
"""Share of the subheadings of the HS version below which a table is taken to be a selection: what is absent proves nothing then."""


def _read(file: SourceFile, progress: Progress) -> Imported:
    table = known_table(file)
    require_codes(file, table, lambda code: code_fault(code, LENGTHS))
    skipped = list(table.skipped)
    first = _first_day(file, table)
    if first is None and "page" in table.headings:
        return Imported((), (_needless_parse(file),))
    if first is None:
        zh = "不知是哪一年的税则：请在文件名中写明年份，如“税则2025.xlsx”，或加“生效日期”一列"
        en = "it does not say of which year it is: name it like tariff-2025.xlsx, or add a column valid_from"
        raise UnreadableFile(name=file.name, reason_zh=zh, reason_en=en)
    rows = LineRows(first, lambda place, zh, en: skipped.append(Skipped(place, zh, en)))
    for done, (place, row) in enumerate(table.rows, start=1):
        rows.add(place, row)
        progress(done, len(table.rows))
    lines = rows.close()
    if not lines:
        raise no_rows(file)
    partial = _why_partial(first, {code[:6] for code in lines}, rows.doubtful + table.lost)
    day = f"{first.year}" if first == date(first.year, 1, 1) else first.isoformat()
    edition = Edition(
        id=f"cn-lines-{day}-{file.sha256[:8]}" if partial else f"cn-lines-{day}",
        title=f"税则税目表（{first.year}年{'，选编' if partial else ''}）",
        valid_from=first,
        valid_to=date(first.year, 12, 31),
        complete=not partial,
        source="imported table of tariff lines",
        sha256=file.sha256,
        lines=lines,
        supplement=True,
    )
    marks = marks_of(table.rows, edition, lambda place, zh, en: skipped.append(Skipped(place, zh, en)))
    if partial:
        skipped.append(Skipped(file.name, *partial))
    return Imported((edition, *marks), tuple(skipped))


def _first_day(file: SourceFile, table: Table) -> date | None:
    """The latest day on which a row begins: then all of them are in force. Where the file's name, else what stands above its headings, names one later year,
    the first day of that; columns of days often say since when a code has existed."""
    days = [day for _, row in table.rows if (day := day_of(row.get("from", "")))]
    named = next((years.pop() for text in (file.name, table.about.get("above", "")) if len(years := set(_YEAR.findall(text))) == 1), None)
    return max([*days, *([date(int(named), 1, 1)] if named else [])], default=None)


def _why_partial(first: date, found: set[str], doubtful: int) -> tuple[str, str] | None:
    """Why the table is a selection, or None where it has (nearly) all subheadings of the HS version of its days, and no row of which the line is unknown."""
    version = next((item for item in hs_versions() if item.valid_from <= first <= item.valid_to), None)
    if version is None:
        return "不知当时的协调制度有哪些子目，按选编导入", "the HS version of its days is not known here; taken as a selection"
    if version.absent & found:
        wrong = min(version.absent & found)
        return f"{version.id} 没有子目 {wrong}，按选编导入", f"{version.id} has no {wrong}; taken as a selection"
    if len(found) < version.subheadings * _WHOLE:
        zh, en = f"{version.id} 共 {version.subheadings} 个子目，本表有 {len(found)} 个", f"it has {len(found)} of the {version.subheadings} subheadings"
        return f"{zh}，按选编导入", f"{en} of {version.id}; taken as a selection"
    if doubtful:
        return f"有 {doubtful} 行无法判断是哪一税目，按选编导入", f"of {doubtful} rows it cannot be told which line they are; taken as a selection"
    return None


def _needless_parse(file: SourceFile) -> Skipped:
    zh = "从申报要素目录解析所得，未写年份；用于核对，不代替目录本身。没有目录时，请在文件名中写明年份（如 …2025.csv）再导入"
    en = "it is what a parse of the catalogue gave, of no year: a check, not a substitute. Without the catalogue, name its year (…2025.csv) to import it"
    return Skipped(file.name, zh, en)


IMPORTER = Importer(
    id="cn-lines/2",
    title={"zh": "税则税目表，八位或十位（CSV、TSV、XLSX、JSON）", "en": "China's tariff lines of eight or ten digits (CSV, TSV, XLSX, JSON)"},
    recognises=holds("tariff_lines"),
    read=_read,
)
