"""A conversion table between two versions of the Harmonized System (CSV with columns like `HS6_6d`, `HS5_6d`), newer to older, one to one."""

from __future__ import annotations

import re

from ecid.errors import UnreadableFile
from ecid.knowledge.imported import Imported, Importer, Progress, Skipped, SourceFile
from ecid.knowledge.importers.hs_versions import hs_code_fault, version_by_number
from ecid.tariff.model import Conversion

_COLUMN = re.compile(r"HS(\d)_6d")


def _columns(file: SourceFile) -> list[int]:
    return sorted((int(match[1]) for column in file.heading if (match := _COLUMN.fullmatch(column))), reverse=True)


def _read(file: SourceFile, progress: Progress) -> Imported:
    newer, older = (version_by_number(number) for number in _columns(file))
    if newer is None or older is None:
        raise UnreadableFile(name=file.name, reason_zh="含未知版本的协调制度", reason_en="it names an unknown version of the Harmonized System")
    table: dict[str, str] = {}
    skipped: list[Skipped] = []
    for number, row in file.rows():
        new, old = row[f"HS{newer.number}_6d"], row[f"HS{older.number}_6d"]
        fault = hs_code_fault(new, (6,)) or hs_code_fault(old, (6,))
        if not fault and table.get(new, old) != old:
            fault = (f"{new} 对应两个旧编码，保留 {table[new]}", f"{new} is given two older codes; {table[new]} is kept")
        if fault:
            skipped.append(Skipped(f"row {number}", *fault))
        else:
            table[new] = old
    if not table:
        raise UnreadableFile(name=file.name, reason_zh="没有可用的行", reason_en="it has no usable row")
    progress(1, 1)
    source = f"conversion table {newer.title} to {older.title} (CSV), one older code for each newer one"
    return Imported((Conversion(newer.id, older.id, source, file.sha256, table),), tuple(skipped))


IMPORTER = Importer(
    id="hs-conversion/1",
    title={"zh": "协调制度版本对照表（CSV）", "en": "conversion table between versions of the Harmonized System (CSV)"},
    recognises=lambda file: len(_columns(file)) == 2,
    read=_read,
)
