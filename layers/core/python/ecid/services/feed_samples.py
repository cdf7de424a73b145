"""Feed the sample enterprises: each is a folder with `events.jsonl` (source events) and `declarations.csv` (its lines, as a company would have them).

They take the real path: the file goes through the reader, its lines become `declaration.lodged` events, and everything through the ingestion. All of it
is marked as sample by the events themselves.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

from ecid.clearance.window import beijing_date
from ecid.declarations.readers import read_files
from ecid.errors import NotFound
from ecid.services.ingest_events import Ingestion

_BATCH = 10
_BEIJING = timezone(timedelta(hours=8))
_SOURCES = ("aeo", "single_window", "hs_verification", "website_check")


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample enterprise as found in the store after feeding."""

    uscc: str
    domain: str


def feed_samples(folder: Path, ingestion: Ingestion, now: datetime) -> list[Sample]:
    """Take in every sample under `folder` and say that the sample sources are up to date; what is known already changes nothing.

    Raises NotFound where there is no such folder, and the error of the first event that was refused: samples are ours, so that is a defect.
    """
    if not folder.is_dir():
        raise NotFound(what=str(folder))
    samples = []
    for home in sorted(path for path in folder.iterdir() if (path / "events.jsonl").exists()):
        events = [json.loads(line) for line in (home / "events.jsonl").read_text("utf-8").splitlines()]
        entry = next(event for event in events if event["type"] == "domain.registered")
        sample = Sample(entry["enterprise"], entry["data"]["domain"])
        lines = home / "declarations.csv"
        declared = list(_declarations(lines, sample.uscc, now)) if lines.exists() else []
        checked = [_checked_again(event, now) for event in events if event["type"] == "website.checked"][-1:]
        _take(ingestion, [*events, *declared, *checked])
        samples.append(sample)
    _take(ingestion, [_synced(source, now) for source in _SOURCES])
    return samples


def _take(ingestion: Ingestion, events: Sequence[Mapping[str, Any]]) -> None:
    for start in range(0, len(events), _BATCH):
        batch = ingestion.batch([(str(event["id"]), json.dumps(event)) for event in events[start : start + _BATCH]])
        for error in batch.failed.values():
            raise error


def _declarations(path: Path, uscc: str, now: datetime) -> Iterator[dict[str, Any]]:
    lines = read_files([path], beijing_date(now)).lines
    for group in lines.partition_by("declaration_no", maintain_order=True):
        rows = group.to_dicts()
        head = rows[0]
        lodged = datetime.combine(head["declared_on"], time(10), _BEIJING).astimezone(UTC)
        yield {
            "id": f"sample-declaration-{head['declaration_no']}",
            "type": "declaration.lodged",
            "source": "single_window",
            "enterprise": uscc,
            "effective_at": lodged.isoformat(),
            "sequence": 0,
            "data": {
                "declaration_no": head["declaration_no"],
                "declared_on": head["declared_on"].isoformat(),
                "mode": head["mode"],
                "destination": head["destination"],
                "declarant": head["declarant"],
                "currency": head["currency"],
                "lines": [_line(row) for row in rows],
            },
        }


def _line(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "item": row["item"],
        "code": row["code"],
        "name": row["name"],
        "specification": row["specification"],
        "quantity": _decimal(row["quantity_e5"], 5),
        "unit": row["unit"],
        "price": None if row["price_e4"] is None else _decimal(row["price_e4"], 4),
        "total": _decimal(row["total_e4"], 4),
        "origin": row["origin"],
    }


def _decimal(scaled: int, decimals: int) -> str:
    return format(Decimal(scaled).scaleb(-decimals).normalize(), "f")


def _checked_again(event: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """The last check of the sample website, found the same today: a check older than a day would be shown as stale."""
    at = now.astimezone(UTC).isoformat()
    return {**event, "id": f"{event['id']}-{now.timestamp():.0f}", "effective_at": at, "data": {**event["data"], "checked_at": at}}


def _synced(source: str, now: datetime) -> dict[str, Any]:
    at = now.astimezone(UTC).isoformat()
    data = {"source": source, "synced_at": at}
    return {
        "id": f"sample-sync-{source}-{now.timestamp():.0f}",
        "type": "source.synced",
        "source": source,
        "enterprise": None,
        "effective_at": at,
        "sequence": 0,
        "data": data,
    }
