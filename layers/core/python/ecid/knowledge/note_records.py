"""Imported section and chapter notes as records, each dated. Pure."""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from itertools import groupby

from ecid.errors import Language
from ecid.knowledge.importers.hs_versions import hs_versions
from ecid.knowledge.records import Record
from ecid.tariff.model import Note, NoteSet

_NUMERALS = ("", "一", "二", "三", "四", "五", "六", "七", "八", "九")
_OF_US = "us-"
_DAY = timedelta(days=1)


def note_records(note_sets: Iterable[NoteSet]) -> Iterator[Record]:
    """A record for each note that has text, for each wording that it had.

    The notes of a set hold from its first day until another set begins or their version of the Harmonized System ends, since notes change with the
    version; never before the set's first day. The newest wording has the plain id (`official-note-chapter-85`), an older one the year added.
    """
    for prefix, sets in groupby(prevailing(note_sets), key=note_prefix):
        wordings: dict[str, list[Record]] = defaultdict(list)  # newest first
        begins = date.max
        for note_set in sorted(sets, key=lambda item: item.valid_from, reverse=True):
            until = min(_version_ends(note_set), begins - _DAY)
            begins = note_set.valid_from
            for note in (note for note in note_set.notes if note.text):
                record = _record(prefix, note, note_set, until)
                known = wordings[record.id]
                if known and known[-1].text == record.text and known[-1].valid_from == until + _DAY:
                    known[-1] = replace(known[-1], valid_from=record.valid_from)
                else:
                    known.append(replace(record, id=f"{record.id}-{note_set.valid_from.year}") if known else record)
        for known in wordings.values():
            yield from known


def prevailing(note_sets: Iterable[NoteSet]) -> list[NoteSet]:
    """The note sets by prefix. Of those of one prefix that share days, the one for fewer days prevails, which says more exactly when it was in force; of
    equals that with the smaller id. Sets that hold titles alone do not count."""
    chosen: list[NoteSet] = []
    for candidate in sorted(note_sets, key=lambda item: (item.valid_to - item.valid_from, item.id)):
        rivals = [other for other in chosen if note_prefix(other) == note_prefix(candidate) and _share_days(other, candidate)]
        if any(note.text for note in candidate.notes) and not rivals:
            chosen.append(candidate)
    return sorted(chosen, key=lambda item: (note_prefix(item), item.id))


def note_prefix(note_set: NoteSet) -> str:
    """How the ids of its records begin."""
    if note_set.lang == "zh":
        return "official-note"
    return "us-note" if note_set.id.startswith(_OF_US) else "hs-note"


def note_codes(note: Note) -> tuple[str, ...]:
    """The chapters that a note governs."""
    return (f"{note.number:02}",) if note.kind == "chapter" else sections()[note.number]


@cache
def sections() -> Mapping[int, tuple[str, ...]]:
    """The chapters of each section of the Harmonized System, the same in all its versions known here."""
    data = tomllib.loads(files(__package__).joinpath("sections.toml").read_text("utf-8"))
    chapters = {number: range(first, last + 1) for number, (first, last) in enumerate(data["chapters"], start=1)}
    return {number: tuple(f"{chapter:02}" for chapter in found if chapter != data["reserved"]) for number, found in chapters.items()}


def _record(prefix: str, note: Note, note_set: NoteSet, until: date) -> Record:
    return Record(
        id=f"{prefix}-{note.kind}-{note.number:02}",
        kind="note",
        codes=note_codes(note),
        title={note_set.lang: _title(note, note_set.lang)},
        text={note_set.lang: note.text},
        valid_from=note_set.valid_from,
        valid_to=until,
        source=note_set.source,
        source_ref=note.source_ref,
        sha256=note_set.sha256,
    )


def _title(note: Note, lang: Language) -> str:
    if lang == "zh":
        return f"第{_chinese(note.number)}{'类' if note.kind == 'section' else '章'}注释：{note.title}"
    return f"{note.kind.capitalize()} {note.number}, notes: {note.title}"


def _chinese(number: int) -> str:
    tens, ones = divmod(number, 10)
    return ("" if tens == 0 else f"{_NUMERALS[tens] if tens > 1 else ''}十") + _NUMERALS[ones]


def _version_ends(note_set: NoteSet) -> date:
    last = note_set.valid_to
    return next((version.valid_to for version in hs_versions() if version.valid_from <= last <= version.valid_to), last)


def _share_days(one: NoteSet, other: NoteSet) -> bool:
    return one.valid_from <= other.valid_to and other.valid_from <= one.valid_to
