"""The reference of the score from local folders: the knowledge pack and what was imported."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from ecid.adapters.rates_file import load_rates
from ecid.knowledge import store
from ecid.knowledge.decision_numbers import canonical
from ecid.knowledge.lapsing import Lapsing
from ecid.knowledge.pack_records import ambiguous_terms, confusions
from ecid.knowledge.record_sets import RecordSet
from ecid.knowledge.records import Record
from ecid.scoring.authority import Decision, NationalNote
from ecid.scoring.placement import AmbiguousName
from ecid.scoring.reference import Rates, Reference
from ecid.tariff.exchange import ExchangeRates
from ecid.tariff.model import Conversion, Edition, Marks, Nomenclature
from ecid.tariff.reference import Tariff

_RATES = "rates.toml"
_CHINAS = "cn-"
"""What the ids of record sets begin with that China Customs published: foreign ones bind nobody here, and are large."""
_NATIONAL = 8
"""Digits of the codes that a note to China's own subheadings is about; international notes are about six at most."""


def load_reference(paths: Sequence[Path]) -> Reference:
    """The tariff, exchange rates, decisions, national notes and lists of codes of the folders; a later folder's table of rates replaces an earlier
    one's, and imported months prevail over either.

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
    imported = [item for path in paths for item in store.load(path, {"recordset", "marks", "exchangerates"}, _CHINAS)]
    rates, versions = _with_months(rates, [item for item in imported if isinstance(item, ExchangeRates)], versions)
    sets = [item for item in imported if isinstance(item, RecordSet)]
    marks = tuple(item for item in imported if isinstance(item, Marks))
    versions |= {item.id: item.sha256 for item in sets} | {item.id: item.sha256 for item in marks}
    records = list(_in_order(sets, Lapsing(tariff.editions, tariff.nomenclatures, tariff.conversions)))
    decisions = tuple(_decision(record) for record in records if record.kind == "decision")
    notes = tuple(_note(record) for record in records if record.kind == "note" and all(len(code) == _NATIONAL for code in record.codes))
    confused = tuple(record for path in paths for record in confusions(path))
    return Reference(tariff, rates, versions, decisions or None, notes or None, marks=marks, ambiguous=_AmbiguousNames(paths).of, confusions=confused)


class _AmbiguousNames:
    """The names of the packs that say too little, read when one is first asked about."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = tuple(paths)

    def of(self, name: str) -> AmbiguousName | None:
        """The name as a pack knows it. Raises UnreadableFile."""
        return self._names.get(_plain(name))

    @cached_property
    def _names(self) -> Mapping[str, AmbiguousName]:
        return {
            _plain(name): AmbiguousName(record.id, record.codes, record.facts["deciding_fact"], record.text.get("zh", ""), record.valid_from, record.valid_to)
            for path in self._paths
            for record in ambiguous_terms(path)
            for names in record.facts["names"].values()
            for name in names
        }


def _plain(name: str) -> str:
    """A name without width, case and blanks."""
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())


def _with_months(rates: Rates, tables: Sequence[ExchangeRates], versions: dict[str, str]) -> tuple[Rates, dict[str, str]]:
    """The rates with those of imported months, which prevail; of two tables with one month that which reaches further. The id names all that is in it."""
    if not tables:
        return rates, versions
    by_month = dict(rates.by_month)
    ordered = sorted(tables, key=lambda table: (table.valid_to, table.id))
    for table in ordered:
        by_month |= {(currency, int(month[:4]), int(month[5:])): float(rate) for (currency, month), rate in table.by_month.items()}
    parts = {name: sha256 for name, sha256 in versions.items() if name == rates.id} | {table.id: table.sha256 for table in ordered}
    digest = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
    merged = f"{rates.id}+monthly-{digest[:8]}"
    return Rates(merged, by_month), versions | parts | {merged: digest}


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
