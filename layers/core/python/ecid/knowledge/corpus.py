"""Everything that can be searched and cited, put together: the pack's records and those that were imported, each dated, each once. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ecid.knowledge.decision_numbers import canonical
from ecid.knowledge.imported import Dataset, Skipped
from ecid.knowledge.lapsing import Lapsing
from ecid.knowledge.note_records import note_records
from ecid.knowledge.record_sets import RecordSet
from ecid.knowledge.records import Record
from ecid.tariff.model import Conversion, Edition, Nomenclature, NoteSet


@dataclass(frozen=True, slots=True)
class Corpus:
    """`records`: the pack's first, then the imported ones by source; ids are unique. `exceptions`: what is not as its source has it, or was left out."""

    records: tuple[Record, ...]
    exceptions: tuple[Skipped, ...]


def assemble(pack: Iterable[Record], datasets: Sequence[Dataset]) -> Corpus:
    """The records of the pack and of `datasets` (record sets and notes), lapsed where the loaded nomenclatures and editions say so.

    Tariff lines are not among them: they are records of their editions.
    """
    exceptions: list[Skipped] = []
    lapsing = Lapsing(
        [item for item in datasets if isinstance(item, Edition)],
        [item for item in datasets if isinstance(item, Nomenclature)],
        [item for item in datasets if isinstance(item, Conversion)],
    )
    found: dict[str, Record] = {canonical(record.id): record for record in pack}
    for record in _imported(datasets):
        known = found.get(canonical(record.id))
        if known:
            if _said(record) != _said(known):
                zh, en = f"{record.id} 已有另一来源，内容不同，未采用", f"{record.id} is known from another source, which says otherwise, and left out here"
                exceptions.append(Skipped(record.source_ref, zh, en))
            continue
        judged, exception = lapsing.judge(record)
        if exception:
            exceptions.append(exception)
        if judged:
            found[canonical(record.id)] = judged
    return Corpus(tuple(found.values()), tuple(exceptions))


def _said(record: Record) -> tuple[object, ...]:
    """What two sources of one record must agree on; when it ends may have been judged."""
    return record.codes, record.text, record.valid_from


def _imported(datasets: Sequence[Dataset]) -> Iterator[Record]:
    """Notes, then the record sets: of two that know the same record the larger one's holds, of equals that with the smaller id."""
    yield from note_records(item for item in datasets if isinstance(item, NoteSet))
    for record_set in sorted((item for item in datasets if isinstance(item, RecordSet)), key=lambda item: (-len(item.records), item.id)):
        yield from record_set.records
