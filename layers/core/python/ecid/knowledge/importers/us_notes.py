"""Section and chapter notes in English, from the notes of the US tariff (Markdown): those of the Harmonized System; the American ones are left out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from ecid.errors import PayloadTooLarge, UnreadableFile
from ecid.knowledge.imported import Imported, Importer, Progress, Skipped, SourceFile
from ecid.knowledge.importers.notes_table import note_set
from ecid.knowledge.tables import MAX_TABLE_BYTES, no_rows
from ecid.tariff.model import Note

_DIVISION = re.compile(r"#{1,2} (SECTION|CHAPTER) ([IVXL]{1,7}|\d{1,2})")
_BLOCK = re.compile(r"### (.+)")
_TITLE = re.compile(r"#### (.+)")
_KEPT = re.compile(r"(?:(?:Section|Chapter|Subheading) )?Notes?", re.IGNORECASE)
_START = re.compile(rb"(?:\xef\xbb\xbf)?\s*# SECTION I\s")
_FOOTNOTE = re.compile(r"<sup>\d+/</sup>")
_TAG = re.compile(r"</?[a-z]{1,6}/?>")
_BLANK_LINES = re.compile(r"\n{3,}")
_ROMAN = {"I": 1, "V": 5, "X": 10, "L": 50}
_LAST = {"section": 21, "chapter": 97}


@dataclass(slots=True)
class _Division:
    """A section or chapter as it is read; `blocks` are its notes in order, with what each is called, `stray` the lines of text that belong to none."""

    kind: Literal["section", "chapter"]
    number: int
    line: int
    title: str = ""
    blocks: list[tuple[str, list[str]]] = field(default_factory=list)
    stray: list[int] = field(default_factory=list)


def _read(file: SourceFile, progress: Progress) -> Imported:
    notes: list[Note] = []
    skipped: list[Skipped] = []
    seen: set[str] = set()
    for division in _divisions(_text(file)):
        name = f"{division.kind} {division.number}"
        if not 1 <= division.number <= _LAST[division.kind]:
            skipped.append(Skipped(name, "美国特有，未采用", "only the United States has it; left out"))
            continue
        if name in seen:
            skipped.append(Skipped(name, "重复", "it stands twice"))
            continue
        seen.add(name)
        for called, _ in division.blocks:
            if not _KEPT.fullmatch(called):
                skipped.append(Skipped(name, f"“{called}”为美国特有，未采用", f"{called!r} is American only and left out"))
        skipped += [Skipped(f"line {line}", "注释标题之前的文字，未采用", "text before the first note; left out") for line in division.stray]
        kept = [f"{called}\n{_plain(lines)}" for called, lines in division.blocks if _KEPT.fullmatch(called)]
        notes.append(Note(division.kind, division.number, division.title.capitalize(), "\n\n".join(kept), f"line {division.line}"))
    if not any(note.text for note in notes):
        raise no_rows(file)
    progress(1, 1)
    return Imported((note_set(file, tuple(notes), lang="en", prefix="us-"),), tuple(skipped))


def _text(file: SourceFile) -> str:
    if file.path.stat().st_size > MAX_TABLE_BYTES:
        raise PayloadTooLarge(limit=f"{MAX_TABLE_BYTES // 1024**2} MiB")
    try:
        return file.path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableFile(name=file.name, reason_zh="不是 UTF-8 编码", reason_en="it is not in UTF-8") from error


def _divisions(text: str) -> Iterator[_Division]:
    current: _Division | None = None
    for number, line in enumerate(text.split("\n"), start=1):
        heading = line.rstrip()
        if match := _DIVISION.fullmatch(heading):
            if current:
                yield current
            is_section = match[1] == "SECTION"
            current = _Division("section" if is_section else "chapter", _arabic(match[2]) if is_section else int(match[2]), number)
        elif current is None:
            continue
        elif match := _BLOCK.fullmatch(heading):
            current.blocks.append((match[1].rstrip(" :"), []))
        elif current.blocks:
            current.blocks[-1][1].append(line)
        elif match := _TITLE.fullmatch(heading):
            current.title = match[1]
        elif heading:
            current.stray.append(number)
    if current:
        yield current


def _plain(lines: list[str]) -> str:
    """The text without footnotes and mark-up."""
    kept = [line for line in lines if not _FOOTNOTE.match(line)]
    return _BLANK_LINES.sub("\n\n", _TAG.sub(" ", _FOOTNOTE.sub("", "\n".join(kept)).replace("<br>", " "))).strip()


def _arabic(roman: str) -> int:
    values = [_ROMAN[sign] for sign in roman]
    return sum(-value if value < following else value for value, following in zip(values, [*values[1:], 0], strict=True))


IMPORTER = Importer(
    id="us-notes/1",
    title={"zh": "类注、章注英文本（美国税则注释，Markdown）", "en": "section and chapter notes in English (notes of the US tariff, Markdown)"},
    recognises=lambda file: _START.match(file.head) is not None,
    read=_read,
)
