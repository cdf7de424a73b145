"""The titles of the sections of the Harmonized System in English (section as a Roman numeral, name)."""

from __future__ import annotations

from ecid.errors import UnreadableFile
from ecid.knowledge.imported import Imported, Importer, Progress, Skipped, SourceFile
from ecid.knowledge.importers.hs_versions import hs_versions
from ecid.knowledge.tables import holds, known_table
from ecid.tariff.model import Note, NoteSet

_ROMAN = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII", "XIII", "XIV", "XV", "XVI", "XVII", "XVIII", "XIX", "XX", "XXI")


def _read(file: SourceFile, progress: Progress) -> Imported:
    titles: dict[int, Note] = {}
    table = known_table(file)
    skipped = list(table.skipped)
    for place, row in table.rows:
        roman, title = row["section"], row["name"]
        section = _ROMAN.index(roman) + 1 if roman in _ROMAN else 0
        if not section or not title or section in titles:
            skipped.append(Skipped(place, f"“{roman}”不是可用的类", f"{roman!r} is no usable section"))
        else:
            titles[section] = Note("section", section, title, "", place)
    if len(titles) < len(_ROMAN):
        zh, en = f"仅 {len(titles)} 类，应有 {len(_ROMAN)} 类", f"it has {len(titles)} sections of {len(_ROMAN)}"
        raise UnreadableFile(name=file.name, reason_zh=zh, reason_en=en)
    known = hs_versions()
    notes = tuple(titles[section] for section in sorted(titles))
    title, source = "Sections of the Harmonized System", "titles of the sections of the Harmonized System (CSV)"
    progress(1, 1)
    # The sections have kept their titles through the versions known here.
    return Imported((NoteSet("hs-sections-en", title, known[0].valid_from, known[-1].valid_to, "en", source, file.sha256, notes),), tuple(skipped))


IMPORTER = Importer(
    id="hs-sections/1",
    title={"zh": "协调制度类名（CSV、TSV、XLSX、JSON，英文）", "en": "section titles of the Harmonized System (CSV, TSV, XLSX, JSON)"},
    recognises=holds("sections"),
    read=_read,
)
