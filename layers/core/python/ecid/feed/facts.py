"""Facts: what a source event establishes about a subject. Pure registers, ordered by stamp (see docs/decisions/0001).

The event models are imported for type checking only: what serves a verification reads facts and never loads them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ecid.feed.envelopes import AeoChanged, ClearanceRecorded, DomainRegistered, RulingEnded, RulingIssued, WebsiteChecked
    from ecid.feed.events import AuthorityEvent, SourceEvent


WEBSITE_CHECKS_KEPT = timedelta(days=30)
"""How long a website check is kept beside the last one, which stays. Two failures half an hour apart or one success settle the state (domain.md §10), so of
a site that is checked daily a month is more than enough; kept for good, the checks would be thousands, read at every change."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One register. `subject` is `enterprise#<USCC>`, `reviews#<USCC>`, `domain#<registrable>`, `authority` or `platform`, `name` tells what it is about,
    `stamp` orders it, `body` is JSON-able. From `expires_at` (seconds since 1970) on it says nothing any more.
    """

    subject: str
    name: str
    stamp: str
    body: Mapping[str, Any]
    expires_at: int | None = None


def instant(moment: datetime) -> str:
    """ISO 8601 in UTC to the microsecond (`moment` must be aware); such texts sort like the times they stand for."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"


def stamp_of(effective_at: datetime, sequence: int, event_id: str) -> str:
    """A string that sorts like (`effective_at`, `sequence`, `event_id`); `effective_at` must be aware, `sequence` between 0 and 10¹⁸."""
    return f"{instant(effective_at)}#{sequence:019d}#{event_id}"


def stamp_after(earlier: str | None, now: datetime, event_id: str) -> str:
    """The stamp of what is computed at `now` (aware) by somebody who had seen `earlier`: later than that, even where the clock runs behind it."""
    at, sequence, _ = (earlier or "##").split("#", 2)
    return stamp_of(now, 0, event_id) if instant(now) > at else f"{at}#{int(sequence) + 1:019d}#{event_id}"


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
    match event.type:
        case "declaration.lodged" | "declaration.amended" | "declaration.cancelled" | "source.synced":
            return ()
        case "domain.registered" | "website.checked":
            return _of_domain(event)
    stamp = stamp_of(event.effective_at, event.sequence, event.id)
    return (Fact(*_register(event, stamp), stamp, _body(event)),)


def _of_domain(event: DomainRegistered | WebsiteChecked) -> tuple[Fact, ...]:
    stamp, body, subject = stamp_of(event.effective_at, event.sequence, event.id), _body(event), enterprise_subject(event.enterprise)
    if event.type == "website.checked":
        name = f"website#{event.data.domain}#"
        expires_at = int((event.effective_at + WEBSITE_CHECKS_KEPT).timestamp())
        return (Fact(subject, f"{name}last", stamp, body), Fact(subject, f"{name}{stamp}", stamp, body, expires_at))
    claim = Fact(domain_subject(event.data.domain), f"claim#{event.enterprise}", stamp, body)
    known = Fact(PLATFORM_SUBJECT, f"enterprise#{event.enterprise}", stamp, {})
    return (Fact(subject, f"domain#{event.data.domain}", stamp, body), claim, known)


def _register(event: AeoChanged | ClearanceRecorded | RulingIssued | RulingEnded | AuthorityEvent, stamp: str) -> tuple[str, str]:
    """Subject and name of the one register that the event writes."""
    match event.type:
        case "tariff.edition_published":
            return AUTHORITY_SUBJECT, f"edition#{event.data.edition}"
        case "decision.published":
            return AUTHORITY_SUBJECT, f"decision#{event.data.number}"
        case "aeo.changed":
            name = f"aeo#{stamp}"
        case "clearance.recorded":
            name = f"clearance#{event.data.record_id}"
        case "ruling.issued":
            name = f"ruling#{event.data.number}"
        case "ruling.ended":
            name = f"ruling-end#{event.data.number}"
    return enterprise_subject(event.enterprise), name


def _body(event: SourceEvent) -> dict[str, Any]:
    return {**event.data.model_dump(mode="json"), "source": event.source, "effective_at": instant(event.effective_at)}


AUTHORITY_SUBJECT = "authority"
"""The subject that holds what customs published for everybody: editions of the tariff and classification decisions."""
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
