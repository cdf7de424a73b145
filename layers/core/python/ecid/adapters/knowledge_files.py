"""The reference of the score from local folders: the knowledge pack and what was imported."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from ecid.adapters.rates_file import load_rates
from ecid.knowledge import store
from ecid.scoring.reference import Rates, Reference
from ecid.tariff.model import Conversion, Edition, Nomenclature
from ecid.tariff.reference import Tariff

_RATES = "rates.toml"


def load_reference(paths: Sequence[Path]) -> Reference:
    """The tariff and the exchange rates of the folders; a later folder's rates replace an earlier one's. Raises `UnreadableFile`."""
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
    return Reference(tariff, rates, versions)
