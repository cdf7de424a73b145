"""The reference of the score from local folders: the knowledge pack and what was imported."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from ecid.adapters.rates_file import load_rates
from ecid.knowledge import store
from ecid.knowledge.decision_numbers import canonical
from ecid.knowledge.lapsing import Lapsing
from ecid.knowledge.record_sets import RecordSet
from ecid.knowledge.records import Record
from ecid.scoring.authority import Decision, NationalNote
from ecid.scoring.reference import Rates, Reference
from ecid.tariff.model import Conversion, Edition, Nomenclature
from ecid.tariff.reference import Tariff

_RATES = "rates.toml"
_CHINAS = "cn-"
"""What the ids of record sets begin with that China Customs published: foreign ones bind nobody here, and are large."""
_NATIONAL = 8
"""Digits of the codes that a note to China's own subheadings is about; international notes are about six at most."""


def load_reference(paths: Sequence[Path]) -> Reference:
    """The tariff, the exchange rates, and the decisions and national notes of the folders; a later folder's rates replace an earlier one's.

    Raises `UnreadableFile`.
    """
    datasets = store.load_datasets(paths)
    tariff = Tariff(
        (item for item in datasets if isinstance(item, Edition)),
        (item for item in datasets if isinstance(item, Nomenclature)),
        (item for item in datasets if isinstance(item, Conversion)),
    )
    rates, versions = Rates(), tariff.versions()
    for path in paths:
        table = path / _RATES
        if table.is_file():
            versions.pop(rates.id, None)
            rates = load_rates(path)
            versions[rates.id] = hashlib.sha256(table.read_bytes()).hexdigest()
    sets = [item for path in paths for item in store.load(path, {"recordset"}, _CHINAS) if isinstance(item, RecordSet)]
    versions |= {item.id: item.sha256 for item in sets}
    records = list(_in_order(sets, Lapsing(tariff.editions, tariff.nomenclatures, tariff.conversions)))
    decisions = tuple(_decision(record) for record in records if record.kind == "decision")
    notes = tuple(_note(record) for record in records if record.kind == "note" and all(len(code) == _NATIONAL for code in record.codes))
    return Reference(tariff, rates, versions, decisions or None, notes or None)


def _in_order(sets: Iterable[RecordSet], lapsing: Lapsing) -> Iterable[Record]:
    """The records, each id once: of two sets that know it the larger one's holds; lapsed where the tariff no longer has their codes."""
    found: dict[str, Record] = {}
    for item in sorted(sets, key=lambda item: (-len(item.records), item.id)):
        for record in item.records:
            found.setdefault(canonical(record.id), record)
    judged = (lapsing.judge(found[name])[0] for name in sorted(found))
    return (record for record in judged if record)


def _decision(record: Record) -> Decision:
    names = tuple(dict.fromkeys(record.title.values()))
    number = str(record.facts.get("number") or record.id.removeprefix("decision-"))
    return Decision(number, record.codes[0], names, record.source, record.valid_from, record.valid_to, record.text.get("zh", ""))


def _note(record: Record) -> NationalNote:
    return NationalNote(record.id, record.codes, record.text.get("zh", ""), record.source, record.valid_from, record.valid_to)
