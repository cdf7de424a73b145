"""Facts: what a source event establishes about a subject. Pure registers, ordered by stamp (see docs/decisions/0001).

The event models are imported for type checking only: what serves a verification reads facts and never loads them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ecid.feed.events import SourceEvent


@dataclass(frozen=True, slots=True)
class Fact:
    """One register. `subject` is `enterprise#<USCC>` or `domain#<registrable>`, `name` tells what it is about, `stamp` orders it, `body` is JSON-able."""

    subject: str
    name: str
    stamp: str
    body: Mapping[str, Any]


def instant(moment: datetime) -> str:
    """ISO 8601 in UTC to the microsecond (`moment` must be aware); such texts sort like the times they stand for."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"


def stamp_of(effective_at: datetime, sequence: int, event_id: str) -> str:
    """A string that sorts like (`effective_at`, `sequence`, `event_id`); `effective_at` must be aware, `sequence` between 0 and 10¹⁸."""
    return f"{instant(effective_at)}#{sequence:019d}#{event_id}"


def enterprise_subject(uscc: str) -> str:
    """The subject that holds everything about an enterprise."""
    return f"enterprise#{uscc}"


def domain_subject(registrable: str) -> str:
    """The subject that holds who claims a domain."""
    return f"domain#{registrable}"


def facts_of(event: SourceEvent) -> tuple[Fact, ...]:
    """The facts that follow from an event, the same on every call.

    Each body is the event's `data` with every field present, and `source` and `effective_at` (UTC) of the event. Status reports and website checks
    are kept each under its own name, the rest replaces what was there. Declarations become rows (`ecid.feed.declarations`), `source.synced` nothing.
    """
    if event.type == "declaration.lodged":
        return ()
    if event.type == "source.synced":
        return ()
    stamp = stamp_of(event.effective_at, event.sequence, event.id)
    body = {**event.data.model_dump(mode="json"), "source": event.source, "effective_at": instant(event.effective_at)}
    subject = enterprise_subject(event.enterprise)
    if event.type == "aeo.changed":
        return (Fact(subject, f"aeo#{stamp}", stamp, body),)
    if event.type == "clearance.recorded":
        return (Fact(subject, f"clearance#{event.data.record_id}", stamp, body),)
    if event.type == "website.checked":
        return (Fact(subject, f"website#{event.data.domain}#{stamp}", stamp, body),)
    claim = Fact(domain_subject(event.data.domain), f"claim#{event.enterprise}", stamp, body)
    known = Fact(PLATFORM_SUBJECT, f"enterprise#{event.enterprise}", stamp, {})
    return (Fact(subject, f"domain#{event.data.domain}", stamp, body), claim, known)


PLATFORM_SUBJECT = "platform"
"""The subject that names every enterprise that ever entered a domain: whom the daily score run has to reach."""


def enterprises_of(facts: tuple[Fact, ...]) -> tuple[str, ...]:
    """The enterprises (USCC) that the platform knows, from the facts of `PLATFORM_SUBJECT`, sorted."""
    return tuple(sorted(fact.name.removeprefix("enterprise#") for fact in facts if fact.name.startswith("enterprise#")))


def domains_of(facts: tuple[Fact, ...]) -> tuple[str, ...]:
    """The domains that an enterprise entered at any time, from its facts, sorted."""
    return tuple(sorted(fact.name.removeprefix("domain#") for fact in facts if fact.name.startswith("domain#")))


def claimants_of(claims: tuple[Fact, ...]) -> tuple[str, ...]:
    """The enterprises (USCC) that entered a domain at any time, from the facts of the domain, sorted."""
    return tuple(sorted(fact.name.removeprefix("claim#") for fact in claims if fact.name.startswith("claim#")))
