"""Section and chapter notes as a table or JSON list: `kind` (section, chapter), number, title, text. The version of the HS is told from what they cite."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Literal

from ecid.errors import Language, UnreadableFile
from ecid.knowledge.imported import Imported, Importer, Progress, Skipped, SourceFile
from ecid.knowledge.importers.cell_values import Fault
from ecid.knowledge.importers.hs_versions import HsVersion, version_cited
from ecid.knowledge.tables import holds, known_table, no_rows
from ecid.tariff.model import Note, NoteSet

_KINDS: Mapping[str, Literal["section", "chapter"]] = {"section": "section", "类": "section", "chapter": "chapter", "章": "chapter"}
_LAST = {"section": 21, "chapter": 97}
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_CHINESE_SHARE = 0.3


def _read(file: SourceFile, progress: Progress) -> Imported:
    table = known_table(file)
    notes: dict[tuple[str, int], Note] = {}
    skipped = list(table.skipped)
    for place, row in table.rows:
        fault = _fault(row) or _repeated(row, notes)
        if fault:
            skipped.append(Skipped(place, *fault))
            continue
        kind, number = _KINDS[row["kind"].lower()], int(row["number"])
        ref = f"p. {row['page']}" if row.get("page") else place
        notes[kind, number] = Note(kind, number, row.get("title", ""), row["text"], ref)
    if not notes:
        raise no_rows(file)
    progress(1, 1)
    return Imported((note_set(file, tuple(notes.values()), lang=_language(notes.values())),), tuple(skipped))


def note_set(file: SourceFile, notes: tuple[Note, ...], *, lang: Language, prefix: str = "") -> NoteSet:
    """The notes as those of the version whose headings they cite. Raises `UnreadableFile` where they cite none that tells the versions apart."""
    version = version_cited(" ".join(note.text for note in notes))
    if version is None:
        raise UnreadableFile(name=file.name, reason_zh="无法判断是哪一版协调制度的注释", reason_en="it cannot be told which version of the HS the notes are of")
    # The file carries no date: its notes are taken to hold as long as the version they cite.
    return NoteSet(
        f"{prefix}{version.id}-notes-{lang}", _title(version, lang), version.valid_from, version.valid_to, lang, _source(version, prefix), file.sha256, notes
    )


def _title(version: HsVersion, lang: Language) -> str:
    return f"类注、章注（{version.title}）" if lang == "zh" else f"Section and chapter notes ({version.title})"


def _source(version: HsVersion, prefix: str) -> str:
    return f"{version.title}, section and chapter notes{' in the wording of the US tariff' if prefix else ', as a table'}"


def _fault(row: Mapping[str, str]) -> Fault | None:
    kind = _KINDS.get(row["kind"].lower())
    if kind is None:
        return f"“{row['kind']}”既不是类也不是章", f"{row['kind']!r} is neither section nor chapter"
    if not (row["number"].isascii() and row["number"].isdigit() and 1 <= int(row["number"]) <= _LAST[kind]):
        return f"没有第“{row['number']}”{'类' if kind == 'section' else '章'}", f"there is no {kind} {row['number']!r}"
    return None


def _repeated(row: Mapping[str, str], notes: Mapping[tuple[str, int], Note]) -> Fault | None:
    key = _KINDS[row["kind"].lower()], int(row["number"])
    return (f"{key[0]} {key[1]} 重复", f"{key[0]} {key[1]} stands twice") if key in notes else None


def _language(notes: Iterable[Note]) -> Language:
    text = "".join(note.text for note in notes)
    return "zh" if len(_CHINESE.findall(text)) > _CHINESE_SHARE * len(text) else "en"


IMPORTER = Importer(
    id="notes-table/1",
    title={"zh": "类注、章注（JSON、CSV、TSV、XLSX）", "en": "section and chapter notes (JSON, CSV, TSV, XLSX)"},
    recognises=holds("notes"),
    read=_read,
)
