"""Source events: the envelope, one class a type, and reading them from the bytes that arrived.

An event is `{id, type, source, enterprise, effective_at, sequence, data}`, ordered by (`effective_at`, `sequence`). What a source may send, and
whether an enterprise belongs to it, is part of the type.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta, timezone
from typing import Annotated, Any, Literal, Self

from pydantic import Field, TypeAdapter, ValidationError, model_validator

from ecid.credit import status as credit
from ecid.errors import BadInput, InvalidEvent
from ecid.feed.fields import Instant, Reference, Sequence, Strict, Uscc, refused
from ecid.feed.payloads import AeoStatus, ClearanceRecord, Declaration, DomainRegistration, Source, SourceSync, WebsiteCheck
from ecid.identity.codes import check_declaration_no

MAX_EVENT_BYTES = 256 * 1024
"""What one queue message can carry everywhere, and well below what one stored item can."""
AHEAD = timedelta(days=366)
"""How far ahead a status may take effect: decided today it can start later, but a slip of the year would pin it for good."""
CLOCK_SKEW = timedelta(minutes=5)
"""How far a source's clock may run ahead of ours, and so how far ahead everything else may lie."""

_BEIJING = timezone(timedelta(hours=8))
_SHOWN = 80
_REPORTED = 3


class Envelope(Strict):
    """What every event carries. `id` is unique over all sources and is never used again for anything else."""

    id: Reference
    effective_at: Instant
    sequence: Sequence

    @property
    def effective_on(self) -> date:
        """The Beijing civil date of `effective_at`."""
        return self.effective_at.astimezone(_BEIJING).date()


class DomainRegistered(Envelope):
    """An enterprise's entry of a domain changed."""

    type: Literal["domain.registered"]
    source: Literal["aeo"]
    enterprise: Uscc
    data: DomainRegistration

    @model_validator(mode="after")
    def _bound_by_then(self) -> Self:
        if self.data.bound_since > self.effective_on:
            raise refused("data.bound_since: after effective_at")
        return self


class AeoChanged(Envelope):
    """The AEO or credit status of an enterprise."""

    type: Literal["aeo.changed"]
    source: Literal["aeo"]
    enterprise: Uscc
    data: AeoStatus

    @model_validator(mode="after")
    def _usable(self) -> Self:
        reported = credit.AeoStatus(
            level=credit.level_code(self.data.level),
            sub_state=credit.SubState(self.data.sub_state.upper()),
            certificate_issued_on=self.data.certificate_issued_on,
            certificate_valid_until=self.data.certificate_valid_until,
            customs_code=self.data.customs_code,
            aeo_code=self.data.aeo_code,
        )
        problems = credit.check_entry(credit.AeoEntry(self.id, self.effective_at, self.sequence, reported))
        if problems:
            raise refused(f"data: {' '.join(problem.en for problem in problems)}")
        return self


class ClearanceRecorded(Envelope):
    """An anomaly was recorded or its record changed."""

    type: Literal["clearance.recorded"]
    source: Literal["single_window"]
    enterprise: Uscc
    data: ClearanceRecord

    @model_validator(mode="after")
    def _numbered(self) -> Self:
        if self.data.declaration_no is not None:
            _declaration_no(self.data.declaration_no, self.effective_on)
        return self


class DeclarationLodged(Envelope):
    """An export declaration of the enterprise (境内发货人), as it stands."""

    type: Literal["declaration.lodged"]
    source: Literal["single_window"]
    enterprise: Uscc
    data: Declaration

    @model_validator(mode="after")
    def _numbered(self) -> Self:
        _declaration_no(self.data.declaration_no, self.effective_on)
        if self.data.declaration_no[8] != "0":
            raise refused("data.declaration_no: the number of an import declaration")
        if self.data.declared_on > self.effective_on:
            raise refused("declared_on is after effective_at")
        return self


class WebsiteChecked(Envelope):
    """A check of an enterprise's website was finished."""

    type: Literal["website.checked"]
    source: Literal["website_check"]
    enterprise: Uscc
    data: WebsiteCheck


class SourceSynced(Envelope):
    """A source says that it is up to date."""

    type: Literal["source.synced"]
    source: Source
    enterprise: None = None
    data: SourceSync

    @model_validator(mode="after")
    def _for_itself(self) -> Self:
        if self.data.source != self.source:
            raise refused("a source can speak for itself only")
        return self


EVENT_TYPES: tuple[type[Envelope], ...] = (DomainRegistered, AeoChanged, ClearanceRecorded, DeclarationLodged, WebsiteChecked, SourceSynced)
SourceEvent = DomainRegistered | AeoChanged | ClearanceRecorded | DeclarationLodged | WebsiteChecked | SourceSynced

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


def _declaration_no(text: str, today: date) -> None:
    try:
        check_declaration_no(text, today)
    except BadInput as error:
        raise refused(f"data.declaration_no: {error.sentence('en')}") from error


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
