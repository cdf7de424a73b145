"""Source events: their types, and reading them from the bytes that arrived.

An event is `{id, type, source, enterprise, effective_at, sequence, data}`, ordered by (`effective_at`, `sequence`). What a source may send, and
whether an enterprise belongs to it, is part of the type (`ecid.feed.envelopes`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, get_args

from pydantic import Field, TypeAdapter, ValidationError

from ecid.errors import InvalidEvent
from ecid.feed.envelopes import (
    AeoChanged,
    ClearanceRecorded,
    DecisionPublished,
    DeclarationAmended,
    DeclarationCancelled,
    DeclarationLodged,
    DomainRegistered,
    Envelope,
    RulingEnded,
    RulingIssued,
    SourceSynced,
    TariffEditionPublished,
    WebsiteChecked,
)

MAX_EVENT_BYTES = 256 * 1024
"""What one queue message can carry everywhere, and well below what one stored item can."""
AHEAD = timedelta(days=366)
"""How far ahead a status may take effect: decided today it can start later, but a slip of the year would pin it for good."""
CLOCK_SKEW = timedelta(minutes=5)
"""How far a source's clock may run ahead of ours, and so how far ahead everything else may lie."""

_SHOWN = 80
_REPORTED = 3

DeclarationEvent = DeclarationLodged | DeclarationAmended | DeclarationCancelled
"""What becomes rows (`ecid.feed.declarations`)."""
EnterpriseEvent = DomainRegistered | AeoChanged | ClearanceRecorded | RulingIssued | RulingEnded | WebsiteChecked
"""What becomes facts of an enterprise."""
AuthorityEvent = TariffEditionPublished | DecisionPublished
"""What customs published for everybody."""
SourceEvent = DeclarationEvent | EnterpriseEvent | AuthorityEvent | SourceSynced
EVENT_TYPES: tuple[type[Envelope], ...] = get_args(SourceEvent)

_READER: TypeAdapter[SourceEvent] = TypeAdapter(Annotated[SourceEvent, Field(discriminator="type")])


def parse_event(raw: bytes | str, allow_reserved: frozenset[str] = frozenset()) -> SourceEvent:
    """Read one event. `allow_reserved` are the reserved suffixes that sample enterprises use; such a domain has to be marked `sample`.

    Raises InvalidEvent; its reason names the fields, and shows nothing from the event beyond 80 characters each.
    """
    body = raw if isinstance(raw, bytes) else raw.encode("utf-8", "surrogatepass")
    if len(body) > MAX_EVENT_BYTES:
        raise InvalidEvent(reason=f"longer than {MAX_EVENT_BYTES} bytes")
    try:
        event = _READER.validate_json(body, context={"allow_reserved": allow_reserved})
    except ValidationError as error:
        raise InvalidEvent(reason=_reason(error)) from None
    json.loads(body, object_pairs_hook=_each_once)
    if isinstance(event, DomainRegistered) and event.data.domain.rpartition(".")[2] in allow_reserved and not event.data.sample:
        raise InvalidEvent(reason="data.sample: a domain under a reserved suffix is sample data")
    return event


def check_time(event: SourceEvent, now: datetime) -> None:
    """Refuse what cannot be true at `now` (aware). Raises InvalidEvent.

    Only a status may take effect later (`AHEAD`): its history is kept and judged by the reader's clock, everything else acts as soon as it is stored.
    """
    if isinstance(event, AeoChanged):
        if event.effective_at > now + AHEAD:
            raise InvalidEvent(reason=f"effective_at: more than {AHEAD.days} days ahead")
        return
    for field, moment in _moments(event):
        if moment > now + CLOCK_SKEW:
            raise InvalidEvent(reason=f"{field}: in the future")


def _moments(event: SourceEvent) -> Iterator[tuple[str, datetime]]:
    """What the event says has happened, by field."""
    yield "effective_at", event.effective_at
    if isinstance(event, DomainRegistered) and event.data.proof is not None:
        yield "data.proof.proven_at", event.data.proof.proven_at
    if isinstance(event, WebsiteChecked):
        yield "data.checked_at", event.data.checked_at
    if isinstance(event, SourceSynced):
        yield "data.synced_at", event.data.synced_at


def canonical_body(event: SourceEvent) -> str:
    """The event as compact JSON with its fields in the order of the schema: two deliveries of one event give the same text, byte for byte."""
    return event.model_dump_json(exclude_unset=True)


def _each_once(pairs: Sequence[tuple[str, Any]]) -> None:
    """Of a key that stands twice every parser believes another one, so whoever looked the event over may have seen something else."""
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            raise InvalidEvent(reason=f"{_shown(key)}: stands twice in one object")
        seen.add(key)


def _reason(error: ValidationError) -> str:
    found = error.errors(include_url=False, include_input=False, include_context=False)
    # The first step of a path is the event type; what concerns the whole event has no other.
    told = "; ".join(": ".join(filter(None, (_path(item["loc"][1:]), _message(item)))) for item in found[:_REPORTED])
    return told if len(found) <= _REPORTED else f"{told}; and {len(found) - _REPORTED} more"


def _path(loc: Iterable[int | str]) -> str:
    return ".".join(_shown(part) for part in loc)


def _message(item: Any) -> str:
    return "not one of the event types" if item["type"] == "union_tag_invalid" else str(item["msg"])


def _shown(part: object) -> str:
    """A key may come from the sender: no control characters, no more than 80 characters."""
    return str(part).encode("unicode_escape").decode("ascii")[:_SHOWN]
