"""A record store in memory, for what reads records only."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any, cast

from ecid.errors import SourceUnavailable
from ecid.identity.domains import lookalike_keys
from ecid.ports import FactStore, StoredRecord
from ecid.services.verify_domain import Verification
from ecid.settings import Settings

NOW = datetime(2026, 5, 17, 4, tzinfo=UTC)


class Records:
    """Records by domain; counts the reads of records and of look-alike keys. Domains in `down` cannot be asked."""

    def __init__(self, records: Mapping[str, Mapping[str, Any]], synced: Mapping[str, str] | None = None, down: frozenset[str] = frozenset()) -> None:
        self.records, self.synced, self.down, self.reads = records, synced or {}, down, 0
        self.lookups = 0

    def get_record(self, domain: str) -> StoredRecord:
        self.reads += 1
        if domain in self.down:
            raise SourceUnavailable
        return StoredRecord(self.records.get(domain), self.synced)

    def get_lookalikes(self, keys: Collection[str]) -> frozenset[str]:
        self.lookups += 1
        return frozenset(domain for domain in self.records if not lookalike_keys(domain).isdisjoint(keys))


def verification(records: Records, operator: str = "Nordwind Data") -> Verification:
    """The use case over `records`, at noon in Beijing on 17 May 2026."""
    return Verification(cast("FactStore", records), lambda: NOW, Settings(operator=operator, public_url="https://verify.example.com"))
