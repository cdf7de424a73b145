"""Feed the sample enterprises: each is a folder with `events.jsonl` (source events) and `declarations.csv` (its lines, as a company would have them).

They take the real path: the file goes through the reader, its lines become `declaration.lodged` events, and everything through the ingestion. All of it
is marked as sample by the events themselves. What there is to feed stands in `samples.toml` (see docs/decisions/0003).
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

from ecid.clearance.window import beijing_date
from ecid.declarations.readers import read_files
from ecid.errors import EcidError, NotFound, UnreadableFile
from ecid.services.ingest_events import Ingestion
from ecid.services.lodged_lines import lodged_lines

_BEIJING = timezone(timedelta(hours=8))
_LODGED_AT = time(10)
_SOURCES = ("aeo", "single_window", "hs_verification", "website_check")
_LIST = "samples.toml"


@dataclass(frozen=True, slots=True)
class Sample:
    """One thing to ask for: what to type, a short label of what it shows, the folders to feed for it, and whether its website is checked again."""

    ask: str
    zh: str
    en: str
    folders: tuple[str, ...] = ()
    renewed: bool = True


@dataclass(frozen=True, slots=True)
class FedSample:
    """What became of a sample: its enterprises (USCC), the error of each part that was not taken in, by event id or file name, and the enterprises that
    could not be scored."""

    sample: Sample
    enterprises: tuple[str, ...]
    failed: Mapping[str, EcidError]
    unscored: tuple[str, ...] = ()


def list_samples(folder: Path) -> tuple[int, tuple[Sample, ...]]:
    """The edition of the samples, and the samples in the order in which they are shown. Raises NotFound and UnreadableFile."""
    path = folder / _LIST
    if not path.is_file():
        raise NotFound(what=str(folder))
    try:
        data = tomllib.loads(path.read_text("utf-8"))
        samples = tuple(Sample(**{**entry, "folders": tuple(entry.get("folders", ()))}) for entry in data["sample"])
        return int(data["edition"]), samples
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _unreadable(path, error) from error


def feed_samples(folder: Path, ingestion: Ingestion, now: datetime) -> list[FedSample]:
    """Take in every sample under `folder` and say that the sample sources are up to date; what is known already changes nothing.

    One that fails is no other's failure. Raises NotFound where there are no samples, UnreadableFile for their list, and whatever keeps the sources
    from being marked.
    """
    edition, samples = list_samples(folder)
    fed: dict[str, tuple[str, Mapping[str, EcidError]]] = {}
    for sample in samples:
        for name in sample.folders:
            if name not in fed:
                fed[name] = _feed(folder / name, ingestion, now, edition, renewed=sample.renewed)
    for error in _taken(ingestion, [_synced(source, now) for source in _SOURCES]).values():
        raise error
    return [
        FedSample(
            sample,
            tuple(uscc for name in sample.folders if (uscc := fed[name][0])),
            {part: error for name in sample.folders for part, error in fed[name][1].items()},
        )
        for sample in samples
    ]


def _feed(home: Path, ingestion: Ingestion, now: datetime, edition: int, *, renewed: bool) -> tuple[str, Mapping[str, EcidError]]:
    """The enterprise of a folder (empty where its events cannot be read), and what was not taken in."""
    try:
        events = _events(home / "events.jsonl")
    except EcidError as error:
        return "", {f"{home.name}/events.jsonl": error}
    uscc = str(events[0]["enterprise"])
    unread: dict[str, EcidError] = {}
    try:
        lines = home / "declarations.csv"
        declared = list(_declarations(lines, uscc, now, edition)) if lines.exists() else []
        events += [*_cancelled(uscc, ingestion, declared, edition), *declared]
    except EcidError as error:
        unread[f"{home.name}/declarations.csv"] = error
    if renewed:
        events += [_checked_again(event, now) for event in _last_checks(events)]
    return uscc, {**unread, **_taken(ingestion, events)}


def _events(path: Path) -> list[dict[str, Any]]:
    try:
        events = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error
    if not events or not all(isinstance(event, dict) and {"id", "type", "enterprise", "data"} <= event.keys() for event in events):
        raise _unreadable(path, ValueError("id, type, enterprise, data"))
    return events


def _unreadable(path: Path, error: Exception) -> UnreadableFile:
    return UnreadableFile(name=path.name, reason_zh=f"不是合格的样例文件：{error}", reason_en=f"it is no proper file of samples: {error}")


def _taken(ingestion: Ingestion, events: Sequence[Mapping[str, Any]]) -> Mapping[str, EcidError]:
    """All in one batch, so that every enterprise is scored once. Answers with what failed."""
    return ingestion.batch([(str(event["id"]), json.dumps(event)) for event in events]).failed


def _declarations(path: Path, uscc: str, now: datetime, edition: int = 0) -> Iterator[dict[str, Any]]:
    """The `declaration.lodged` events of a file. Raises what the reader raises, and UnreadableFile where it rejected a row: samples are whole."""
    read = read_files([path], beijing_date(now))
    rejected = next(iter(read.rejected), None)
    if rejected is not None:
        raise UnreadableFile(name=path.name, reason_zh=f"第 {rejected.row} 行：{rejected.zh}", reason_en=f"row {rejected.row}: {rejected.en}")
    for group in read.lines.partition_by("declaration_no", maintain_order=True):
        rows = group.to_dicts()
        head = rows[0]
        data = {name: head[name] for name in ("declaration_no", "mode", "destination", "declarant", "manufacturer", "port", "currency")}
        data |= {"declared_on": head["declared_on"].isoformat(), "lines": [_line(row) for row in rows]}
        yield _single_window("declaration.lodged", uscc, head["declared_on"], edition, data)


def _cancelled(uscc: str, ingestion: Ingestion, declared: Iterable[Mapping[str, Any]], edition: int) -> list[dict[str, Any]]:
    """What an older edition of the samples had lodged and this one has not is cancelled, or the score would rest on both."""
    kept = {event["data"]["declaration_no"] for event in declared}
    stored = lodged_lines(ingestion.objects, uscc).select("declaration_no", "declared_on").unique().sort("declaration_no")
    return [
        _single_window(
            "declaration.cancelled",
            uscc,
            day,
            edition,
            {"declaration_no": number, "declared_on": day.isoformat(), "accepted_on": day.isoformat(), "cause": "clerical"},
        )
        for number, day in stored.iter_rows()
        if number not in kept
    ]


def _single_window(event_type: str, uscc: str, declared_on: date, edition: int, data: Mapping[str, Any]) -> dict[str, Any]:
    """The event about a declaration: the same content under the same id, so that it can be fed again, and another content under another."""
    told = hashlib.sha256(json.dumps([event_type, edition, data], sort_keys=True).encode()).hexdigest()[:16]
    return {
        "id": f"sample-declaration-{data['declaration_no']}-{told}",
        "type": event_type,
        "source": "single_window",
        "enterprise": uscc,
        "effective_at": datetime.combine(declared_on, _LODGED_AT, _BEIJING).astimezone(UTC).isoformat(),
        "sequence": edition,
        "data": data,
    }


def _line(row: Mapping[str, Any]) -> dict[str, Any]:
    kept = ("item", "code", "name", "unit", "first_unit", "second_unit", "origin", "sku")
    quantities = {name: _decimal(row[f"{name}_e5"], 5) for name in ("quantity", "first_quantity", "second_quantity")}
    money = {name: _decimal(row[f"{name}_e4"], 4) for name in ("price", "total")}
    return {**{name: row[name] for name in kept}, "specification": row["specification"] or "", **quantities, **money}


def _decimal(scaled: int | None, decimals: int) -> str | None:
    return None if scaled is None else format(Decimal(scaled).scaleb(-decimals).normalize(), "f")


def _last_checks(events: Iterable[Mapping[str, Any]]) -> Iterable[Mapping[str, Any]]:
    """The last check of each website, events being in the order of their time."""
    return {event["data"].get("domain"): event for event in events if event["type"] == "website.checked"}.values()


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
