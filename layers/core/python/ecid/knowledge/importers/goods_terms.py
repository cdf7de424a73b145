"""Everyday names of goods with their codes: a table of two columns, or the JSON object of the UK's search references. Only six digits are taken over."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence

from ecid.errors import Language
from ecid.knowledge.imported import Imported, Importer, Progress, Skipped, SourceFile
from ecid.knowledge.importers.cell_values import code_fault, code_of, dotted
from ecid.knowledge.importers.hs_versions import hs_versions
from ecid.knowledge.record_sets import RecordSet
from ecid.knowledge.records import Confidence, Record
from ecid.knowledge.tables import Table, holds, known_table, no_rows, require_codes

_LENGTHS = (6, 8, 10)
_UK = ({"name": "", "code": ""}, {"name": "Goods Description", "code": "Commodity Code"})
"""The headings of the two lists that the UK publishes: the JSON object, which has none, and the CSV."""
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_CONFIDENCE: Confidence = "medium"


def _read(file: SourceFile, progress: Progress) -> Imported:
    table = known_table(file)
    require_codes(file, table, lambda code: code_fault(code, _LENGTHS))
    skipped = list(table.skipped)
    goods = _goods(table, skipped)
    if not goods:
        raise no_rows(file)
    is_uk = table.headings in _UK
    list_id, source = ("uk", "UK Trade Tariff, search references") if is_uk else ("trade", "imported list of goods names")
    records = tuple(_record(list_id, source, name, tuple(sorted(codes)), f"{file.name}: {place}", file.sha256) for name, place, codes in goods)
    progress(1, 1)
    title = "Everyday names of goods (UK)" if is_uk else "Everyday names of goods"
    return Imported((RecordSet(f"{list_id}-terms-{file.sha256[:8]}", title, source, file.sha256, records),), tuple(skipped))


def _goods(table: Table, skipped: list[Skipped]) -> list[tuple[str, str, set[str]]]:
    """Name, first place and six-digit codes of each; a name that stands more than once, in whatever case, is one."""
    found: dict[str, tuple[str, str, set[str]]] = {}
    for place, row in table.rows:
        name = " ".join(unicodedata.normalize("NFKC", row["name"]).split())
        fault = ("没有名称", "it has no name") if not name else code_fault(row["code"], _LENGTHS)
        if fault:
            skipped.append(Skipped(place, *fault))
        else:
            found.setdefault(name.casefold(), (name, place, set()))[2].add(code_of(row["code"])[:6])
    return list(found.values())


def _record(list_id: str, source: str, name: str, codes: Sequence[str], ref: str, sha256: str) -> Record:
    lang: Language = "zh" if _CHINESE.search(name) else "en"
    mark = hashlib.sha256(f"{name.casefold()}|{','.join(codes)}".encode()).hexdigest()[:10]
    return Record(
        id=f"{list_id}-term-{mark}",
        kind="term",
        codes=tuple(codes),
        title={lang: name},
        text={lang: _text(name, codes, lang)},
        valid_from=hs_versions()[-1].valid_from,  # such lists carry no date; they are of the version in force
        valid_to=None,
        source=source,
        source_ref=ref,
        sha256=sha256,
        confidence=_CONFIDENCE,
        facts={"names": {lang: [name]}},
    )


def _text(name: str, codes: Sequence[str], lang: Language) -> str:
    printed = [dotted(code) for code in codes]
    if len(codes) == 1:
        return f"{name}：{printed[0]}。" if lang == "zh" else f"{name}: {printed[0]}."
    if lang == "zh":
        return f"{name}：清单列有{'、'.join(printed)}，仅凭名称不能归类。"
    return f"{name}: listed under {' and '.join(printed)}; the name alone does not decide."


IMPORTER = Importer(
    id="goods-terms/1",
    title={"zh": "商品俗称与编码（CSV、TSV、XLSX、JSON）", "en": "everyday names of goods with codes (CSV, TSV, XLSX, JSON)"},
    recognises=holds("terms"),
    read=_read,
)
