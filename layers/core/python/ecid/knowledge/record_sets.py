"""Records that one imported source holds, as they are stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from ecid.knowledge.records import Record


@dataclass(frozen=True, slots=True)
class RecordSet:
    """The records of one source; each says itself when it is in force."""

    id: str
    title: str
    source: str
    sha256: str
    records: tuple[Record, ...] = field(repr=False)


def record_row(record: Record) -> dict[str, Any]:
    """A record as a JSON object; source and hash are kept, so that the row stands for itself."""
    row: dict[str, Any] = {"id": record.id, "kind": record.kind, "codes": record.codes, "title": record.title, "text": record.text}
    row |= {"valid_from": record.valid_from.isoformat(), "source": record.source, "source_ref": record.source_ref, "sha256": record.sha256}
    optional = {
        "valid_to": record.valid_to.isoformat() if record.valid_to else None,
        "confidence": record.confidence if record.confidence != "high" else None,
        "superseded_by": record.superseded_by,
        "facts": record.facts,
    }
    return row | {key: value for key, value in optional.items() if value}


def record_of(row: Mapping[str, Any]) -> Record:
    """The record of a row that `record_row` gave."""
    return Record(
        id=row["id"],
        kind=row["kind"],
        codes=tuple(row["codes"]),
        title=row["title"],
        text=row["text"],
        valid_from=date.fromisoformat(row["valid_from"]),
        valid_to=date.fromisoformat(row["valid_to"]) if "valid_to" in row else None,
        source=row["source"],
        source_ref=row["source_ref"],
        sha256=row["sha256"],
        confidence=row.get("confidence", "high"),
        superseded_by=row.get("superseded_by"),
        facts=row.get("facts", {}),
    )
