"""Classification rulings of US Customs as a table: evidence of how goods are called and classified elsewhere, at six digits; no Chinese authority."""

from __future__ import annotations

import re

from ecid.knowledge.imported import Imported, Importer, Progress, SourceFile
from ecid.knowledge.importers.cell_values import Fault, code_fault, code_of, day_of, dotted, number_of
from ecid.knowledge.importers.numbered import NumberedRows, Row
from ecid.knowledge.record_sets import RecordSet
from ecid.knowledge.records import Record
from ecid.knowledge.tables import holds

_NUMBER = re.compile(r"(?:(?:NY|HQ) ?)?([A-Z]?\d{5,6})")
_LENGTHS = (6, 8, 10)
_NATIONAL = ("98", "99")


def _read(file: SourceFile, progress: Progress) -> Imported:
    records, skipped = _ROWS.read(file)
    progress(1, 1)
    title, source = "US customs classification rulings", "US Customs and Border Protection"
    return Imported((RecordSet(f"us-rulings-{file.sha256[:8]}", title, source, file.sha256, records),), skipped)


def _number(row: Row) -> str:
    match = _NUMBER.fullmatch(number_of(row["number"]))
    return match[1] if match else ""


def _fault(row: Row, number: str) -> Fault | None:
    if not number:
        return f"“{row['number']}”不是美国海关裁定编号", f"{row['number']!r} is no number of a US ruling"
    if code_of(row["code"])[:2] in _NATIONAL:
        return f"{row['code']} 属于美国特有的章", f"{row['code']} is in a chapter that only the United States has"
    if day_of(row.get("date", "")) is None:
        return f"{number} 没有日期", f"{number} has no date"
    if not row["description"]:
        return f"{number} 没有商品描述", f"{number} has no description"
    return None


def _record(row: Row, number: str, ref: str, sha256: str) -> Record:
    day = day_of(row["date"])
    assert day is not None  # noqa: S101 - rows without a day are no records
    code, goods = code_of(row["code"])[:6], row["description"]
    return Record(
        id=f"us-ruling-{number}",
        kind="decision",
        codes=(code,),
        title={"en": goods},
        text={"en": f"{goods}: subheading {dotted(code)} according to US customs (ruling {number}). A US ruling does not bind China Customs."},
        valid_from=day,
        valid_to=None,
        source=f"US Customs and Border Protection, ruling {number}",
        source_ref=ref,
        sha256=sha256,
        confidence="low",
        facts={"number": number, "authority": "US", "origin": row.get("origin", "")},
    )


# Codes of the national chapters are codes: they do not show that columns are shifted.
_ROWS = NumberedRows(_number, _fault, lambda code: None if code_of(code)[:2] in _NATIONAL else code_fault(code, _LENGTHS), _record)
IMPORTER = Importer(
    id="us-rulings/1",
    title={"zh": "美国海关归类裁定（CSV、TSV、XLSX、JSON）", "en": "US customs classification rulings (CSV, TSV, XLSX, JSON)"},
    recognises=holds("rulings"),
    read=_read,
)
