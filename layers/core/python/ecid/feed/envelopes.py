"""The envelopes of source events: one class a type, with what a source may send and what its parts have to agree on.

What an event says is in `ecid.feed.payloads`; reading one from the bytes that arrived in `ecid.feed.events`.
"""

from __future__ import annotations

from datetime import date, timedelta, timezone
from typing import Literal, Self

from pydantic import model_validator

from ecid.credit import status as credit
from ecid.errors import BadInput
from ecid.feed.fields import Instant, Reference, Sequence, Strict, Uscc, refused
from ecid.feed.payloads import (
    AeoStatus,
    Amendment,
    Cancellation,
    ClearanceRecord,
    Declaration,
    DomainRegistration,
    PublishedDecision,
    PublishedEdition,
    Ruling,
    RulingEnd,
    Source,
    SourceSync,
    WebsiteCheck,
)
from ecid.identity.codes import check_declaration_no

_BEIJING = timezone(timedelta(hours=8))
_EXPORT = "0"


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
    """An export declaration of the enterprise (境内发货人), as it was lodged."""

    type: Literal["declaration.lodged"]
    source: Literal["single_window"]
    enterprise: Uscc
    data: Declaration

    @model_validator(mode="after")
    def _of_an_export(self) -> Self:
        _export_declaration(self.data.declaration_no, self.data.declared_on, self.effective_on)
        return self


class DeclarationAmended(Envelope):
    """A declaration was amended (修改): the whole declaration as it stands afterwards."""

    type: Literal["declaration.amended"]
    source: Literal["single_window"]
    enterprise: Uscc
    data: Amendment

    @model_validator(mode="after")
    def _of_an_export(self) -> Self:
        _export_declaration(self.data.declaration_no, self.data.declared_on, self.effective_on)
        _within("data.accepted_on", self.data.accepted_on, self.data.declared_on, self.effective_on)
        return self


class DeclarationCancelled(Envelope):
    """A declaration was cancelled (撤销): none of its lines count any more."""

    type: Literal["declaration.cancelled"]
    source: Literal["single_window"]
    enterprise: Uscc
    data: Cancellation

    @model_validator(mode="after")
    def _of_an_export(self) -> Self:
        _export_declaration(self.data.declaration_no, self.data.declared_on, self.effective_on)
        _within("data.accepted_on", self.data.accepted_on, self.data.declared_on, self.effective_on)
        return self


class RulingIssued(Envelope):
    """Customs issued an advance ruling on classification (预裁定) to the enterprise."""

    type: Literal["ruling.issued"]
    source: Literal["hs_verification"]
    enterprise: Uscc
    data: Ruling

    @model_validator(mode="after")
    def _issued_by_then(self) -> Self:
        if self.data.issued_on > self.effective_on:
            raise refused("data.issued_on: after effective_at")
        return self


class RulingEnded(Envelope):
    """An advance ruling of the enterprise has ended, for whatever cause."""

    type: Literal["ruling.ended"]
    source: Literal["hs_verification"]
    enterprise: Uscc
    data: RulingEnd

    @model_validator(mode="after")
    def _ended_by_then(self) -> Self:
        if self.data.ended_on > self.effective_on:
            raise refused("data.ended_on: after effective_at")
        return self


class TariffEditionPublished(Envelope):
    """An edition of the tariff was published, for everybody."""

    type: Literal["tariff.edition_published"]
    source: Literal["hs_verification"]
    enterprise: None = None
    data: PublishedEdition

    @model_validator(mode="after")
    def _published_by_then(self) -> Self:
        if self.data.published_on > self.effective_on:
            raise refused("data.published_on: after effective_at")
        return self


class DecisionPublished(Envelope):
    """A classification decision (归类决定) was published, or has lapsed, for everybody."""

    type: Literal["decision.published"]
    source: Literal["hs_verification"]
    enterprise: None = None
    data: PublishedDecision


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


def _declaration_no(text: str, today: date) -> None:
    try:
        check_declaration_no(text, today)
    except BadInput as error:
        raise refused(f"data.declaration_no: {error.sentence('en')}") from error


def _export_declaration(declaration_no: str, declared_on: date, effective_on: date) -> None:
    """Refuse a number that no export declaration known by then can have."""
    _declaration_no(declaration_no, effective_on)
    if declaration_no[8] != _EXPORT:
        raise refused("data.declaration_no: the number of an import declaration")
    if declared_on > effective_on:
        raise refused("data.declared_on: after effective_at")


def _within(field: str, day: date, first: date, last: date) -> None:
    if day < first:
        raise refused(f"{field}: before declared_on")
    if day > last:
        raise refused(f"{field}: after effective_at")
