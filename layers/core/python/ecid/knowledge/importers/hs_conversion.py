"""A conversion table between two versions of the Harmonized System (columns like `HS6_6d`, `HS5_6d`), newer to older, one to one."""

from __future__ import annotations

from ecid.errors import UnreadableFile
from ecid.knowledge.imported import Imported, Importer, Progress, Skipped, SourceFile
from ecid.knowledge.importers.hs_versions import HsVersion, hs_code_fault, version_by_number
from ecid.knowledge.tables import holds, known_table
from ecid.tariff.model import Conversion

_WHOLE = 0.99
"""Share of the newer version's subheadings below which a table is refused: a code that it lacks would be taken for one without a past."""


def _read(file: SourceFile, progress: Progress) -> Imported:
    table = known_table(file)
    newer_column, older_column = sorted(table.headings, reverse=True)
    newer, older = (_version(column) for column in (newer_column, older_column))
    pairs: dict[str, str] = {}
    skipped = list(table.skipped)
    for place, row in table.rows:
        new, old = row[newer_column], row[older_column]
        fault = hs_code_fault(new, (6,)) or hs_code_fault(old, (6,))
        if not fault and pairs.get(new, old) != old:
            fault = (f"{new} 对应两个旧编码，保留 {pairs[new]}", f"{new} is given two older codes; {pairs[new]} is kept")
        if fault:
            skipped.append(Skipped(place, *fault))
        else:
            pairs[new] = old
    if len(pairs) < newer.subheadings * _WHOLE:
        found, whole = len(pairs), newer.subheadings
        raise UnreadableFile(name=file.name, reason_zh=f"仅 {found} 个子目，应有 {whole} 个", reason_en=f"it has {found} subheadings of {whole}")
    progress(1, 1)
    source = f"conversion table {newer.title} to {older.title} (CSV), one older code for each newer one"
    return Imported((Conversion(newer.id, older.id, source, file.sha256, pairs),), tuple(skipped))


def _version(column: str) -> HsVersion:
    version = version_by_number(int(column.removeprefix("hs")))
    if version is None:
        raise ValueError(f"tables.toml names {column}, hs_versions.toml does not have it")
    return version


IMPORTER = Importer(
    id="hs-conversion/1",
    title={"zh": "协调制度版本对照表（CSV、TSV、XLSX、JSON）", "en": "conversion table between versions of the Harmonized System (CSV, TSV, XLSX, JSON)"},
    recognises=holds("conversion"),
    read=_read,
)
