"""A table of the Harmonized System at 2, 4 and 6 digits (section, hscode, description, parent, level); the version is told from its codes."""

from __future__ import annotations

from ecid.errors import UnreadableFile
from ecid.knowledge.imported import Imported, Importer, Progress, Skipped, SourceFile
from ecid.knowledge.importers.hs_versions import HsVersion, hs_code_fault, version_of
from ecid.knowledge.tables import holds, known_table
from ecid.tariff.model import Nomenclature

_LEVELS = (2, 4, 6)
_WHOLE = 0.99
"""Share of the version's subheadings below which a table is refused: absent codes would be taken for codes that never were."""


def _read(file: SourceFile, progress: Progress) -> Imported:
    texts: dict[str, str] = {}
    table = known_table(file)
    skipped = list(table.skipped)
    for place, row in table.rows:
        code, text = row["code"], row["description"]
        fault = hs_code_fault(code, _LEVELS) or _row_fault(code, text, row["level"], texts)
        if fault:
            skipped.append(Skipped(place, *fault))
        else:
            texts[code] = text
    version = _version(file, texts)
    nomenclature = Nomenclature(
        id=version.id,
        title=version.title,
        valid_from=version.valid_from,
        valid_to=version.valid_to,
        lang="en",
        source=f"{version.title}, table of codes and descriptions (CSV)",
        sha256=file.sha256,
        texts=texts,
    )
    progress(1, 1)
    return Imported((nomenclature,), tuple(skipped))


def _row_fault(code: str, text: str, level: str, texts: dict[str, str]) -> tuple[str, str] | None:
    if not text:
        return f"{code} 没有名称", f"{code} has no description"
    if level != str(len(code)):
        return f"{code} 的层级“{level}”与位数不符", f"the level {level!r} of {code} does not match its digits"
    if code in texts:
        return f"{code} 重复", f"{code} stands twice"
    return None


def _version(file: SourceFile, texts: dict[str, str]) -> HsVersion:
    subheadings = {code for code in texts if len(code) == 6}
    version = version_of(subheadings)
    if version is None:
        raise UnreadableFile(name=file.name, reason_zh="无法判断是哪一版协调制度", reason_en="it cannot be told which version of the Harmonized System it is")
    if len(subheadings) < version.subheadings * _WHOLE:
        found, whole = len(subheadings), version.subheadings
        raise UnreadableFile(name=file.name, reason_zh=f"仅 {found} 个子目，应有 {whole} 个", reason_en=f"it has {found} subheadings of {whole}")
    return version


IMPORTER = Importer(
    id="hs-table/1",
    title={"zh": "协调制度编码表（CSV、TSV、XLSX、JSON）", "en": "table of the Harmonized System (CSV, TSV, XLSX, JSON)"},
    recognises=holds("hs"),
    read=_read,
)
