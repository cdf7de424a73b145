"""What each type of source event says: the models of `data`. They are a public contract; `docs/events/` is generated from them."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, field_validator, model_validator

from ecid.feed.fields import (
    AeoCode,
    Alpha3,
    CertificateNo,
    CommodityCode,
    CustomsCode,
    Day,
    Description,
    Domain,
    Fen,
    GoodsName,
    Instant,
    Money,
    Name,
    Quantity,
    Reference,
    Remark,
    RulingNo,
    Score,
    Strict,
    SupervisionMode,
    UnitCode,
    refused,
)

Source = Literal["aeo", "single_window", "hs_verification", "website_check"]
"""AEO enterprise management, single-window clearance, HS-code verification, and our own check of websites."""


class Proof(Strict):
    """How the enterprise proved that the domain is its own."""

    method: Literal["dns_txt", "well_known", "aeo_entry"]
    proven_at: Instant


class DomainRegistration(Strict):
    """The enterprise's own entry of a domain; `released` gives it up. Without a proof the entry claims nothing.

    `bound_since` is not after the Beijing day of `effective_at`, and a proof lies in the past.
    """

    domain: Domain
    legal_name_zh: Name
    legal_name_en: Name | None = None
    customs_code: CustomsCode
    proof: Proof | None
    bound_since: Day
    released: bool = False
    sample: bool = False


class Rectification(Strict):
    """The rectification notice (整改通知)."""

    state: Literal["none", "open", "submitted", "accepted", "overdue"]
    due_on: Day | None = None

    @model_validator(mode="after")
    def _open_is_due(self) -> Self:
        if self.state in ("open", "overdue") and self.due_on is None:
            raise refused(f"a notice that is {self.state} needs due_on")
        return self


class CreditScore(Strict):
    """A credit score (信用分) never comes without who gave it and as of when."""

    value: Score
    source: Name
    as_of: Day


class AeoStatus(Strict):
    """The status of the enterprise from `effective_at` on, whole: what is left out is not known, not unchanged.

    Levels are those of Order 282 and of the orders before it; one that the order in force on the day of `effective_at` does not have is refused.
    """

    level: Literal[
        "advanced",
        "certified",
        "regular",
        "discredited",
        "seriously_discredited",
        "general_certified",
        "general_credit",
        "other",
        "aa",
        "a",
        "b",
        "c",
        "d",
    ]
    sub_state: Literal["active", "under_review", "rectifying", "suspended", "withdrawn", "lapsed", "never"]
    customs_code: CustomsCode
    aeo_code: AeoCode | None = None
    certificate_no: CertificateNo | None = None
    certificate_issued_on: Day | None = None
    certificate_valid_until: Day | None = None
    next_review_due_on: Day | None = None
    rectification: Rectification | None = None
    credit_score: CreditScore | None = None
    sample: bool = False

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.aeo_code is not None and self.aeo_code != f"AEOCN{self.customs_code}":
            raise refused("aeo_code does not embed customs_code")
        issued, until = self.certificate_issued_on, self.certificate_valid_until
        if issued is not None and until is not None and until < issued:
            raise refused("certificate_valid_until is before certificate_issued_on")
        return self


class ClearanceRecord(Strict):
    """One anomaly record; a later event with the same `record_id` replaces it (closing, voiding, a fine).

    `items` (项号) name the lines of the declaration that it is about; where they are left out, it is about the declaration as a whole.
    """

    record_id: Reference
    code: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}-[0-9]{2}$")]
    key_date: Day
    case_id: Reference | None = None
    fault: Literal["exporter", "broker", "carrier", "nobody", "undecided"]
    disclosed: bool
    fine_fen: Fen | None = None
    state: Literal["OPEN", "CLOSED", "VOID"]
    outcome: Name | None = None
    public_until: Day | None = None
    declaration_no: Annotated[str, StringConstraints(pattern=r"^[0-9]{18}$")] | None = None
    items: Annotated[tuple[Annotated[int, Field(ge=1, le=999)], ...], Field(max_length=999)] = ()

    @model_validator(mode="after")
    def _items_of_a_declaration(self) -> Self:
        if self.items and self.declaration_no is None:
            raise refused("items without declaration_no")
        return self


class DeclaredLine(Strict):
    """One item (商品项) of an export declaration; amounts are decimals as strings in the currency of the declaration."""

    item: Annotated[int, Field(ge=1, le=999)]
    code: CommodityCode
    name: GoodsName
    specification: Remark
    quantity: Quantity
    unit: UnitCode
    price: Money | None = None
    total: Money
    first_quantity: Quantity | None = None
    first_unit: UnitCode | None = None
    second_quantity: Quantity | None = None
    second_unit: UnitCode | None = None
    origin: Alpha3 | None = None
    sku: Name | None = None


class Declaration(Strict):
    """An export declaration, whole, as it stands from `effective_at` on."""

    declaration_no: Annotated[str, StringConstraints(pattern=r"^[0-9]{18}$")]
    declared_on: Day
    mode: SupervisionMode
    destination: Alpha3 | None = None
    declarant: Name | None = None
    manufacturer: Name | None = None
    port: Name | None = None
    currency: Alpha3
    lines: Annotated[tuple[DeclaredLine, ...], Field(min_length=1, max_length=999)]

    @field_validator("lines")
    @classmethod
    def _items_once(cls, lines: tuple[DeclaredLine, ...]) -> tuple[DeclaredLine, ...]:
        if len({line.item for line in lines}) != len(lines):
            raise refused("an item number occurs twice")
        return lines


Correction = Literal["clerical", "lawful", "ordered_by_customs", "voluntary_disclosure"]
"""Why customs accepted an amendment or a cancellation: a slip of the pen without suspicion of an offence, another case that Order 220 lists (short
shipment, loss in transport, provisional price, system failure …), an order of customs, a voluntary disclosure (主动披露)."""


class Amendment(Declaration):
    """A declaration, whole, as it stands after an amendment that customs accepted on `accepted_on`, neither before `declared_on` nor after `effective_at`."""

    accepted_on: Day
    cause: Correction


class Cancellation(Strict):
    """A declaration that customs cancelled on `accepted_on`, neither before `declared_on` nor after `effective_at`."""

    declaration_no: Annotated[str, StringConstraints(pattern=r"^[0-9]{18}$")]
    declared_on: Day
    accepted_on: Day
    cause: Correction


class Ruling(Strict):
    """An advance ruling on classification (Order 236) of the enterprise's own goods; a later event with the same `number` replaces it.

    `brand`, `model` and `sku` tell which goods, as they stand in declarations. No date is computed from another: three years of validity, an extension
    under a new number are as the source says.
    """

    number: RulingNo
    code: Annotated[str, StringConstraints(pattern=r"^([0-9]{8}|[0-9]{10})$")]
    goods_name_zh: GoodsName
    description: Description | None = None
    brand: Name | None = None
    model: Name | None = None
    sku: Name | None = None
    customs_office: Name
    issued_on: Day
    valid_from: Day
    valid_until: Day
    sample: bool = False

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.valid_from < self.issued_on:
            raise refused("valid_from is before issued_on")
        if self.valid_until < self.valid_from:
            raise refused("valid_until is before valid_from")
        return self


class RulingEnd(Strict):
    """A ruling has no effect any more from `ended_on` on; what was declared before that day may still rest on it."""

    number: RulingNo
    ended_on: Day
    cause: Literal["expired", "withdrawn", "revoked", "law_changed", "superseded"]
    sample: bool = False


class PublishedEdition(Strict):
    """An edition of the tariff: `valid_to` is its last day, where that is known; `sha256` is the hash of the published file."""

    edition: Reference
    title: Name
    valid_from: Day
    valid_to: Day | None = None
    published_on: Day
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.valid_to is not None and self.valid_to < self.valid_from:
            raise refused("valid_to is before valid_from")
        return self


class PublishedDecision(Strict):
    """A classification decision (归类决定): Z made by the General Administration, J by a classification centre, W converted from the WCO.

    `lapsed_on` is the first day on which it has no effect. What it says in full is for the knowledge pack, not for an event.
    """

    number: Annotated[str, StringConstraints(pattern=r"^[ZJW][0-9]{4}-[0-9]{1,4}$")]
    code: Annotated[str, StringConstraints(pattern=r"^([0-9]{6}|[0-9]{8}|[0-9]{10})$")]
    goods_names: Annotated[tuple[GoodsName, ...], Field(min_length=1, max_length=20)]
    announcement: Name
    effective_from: Day
    lapsed_on: Day | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.lapsed_on is not None and self.lapsed_on < self.effective_from:
            raise refused("lapsed_on is before effective_from")
        return self


class WebsiteCheck(Strict):
    """What one check of the enterprise's website found; `reasons` are the checks WEB-01 to WEB-13 that did not pass."""

    domain: Domain
    state: Literal["displayed", "displayed_with_warnings", "verification_unreachable", "not_applicable", "conflict"]
    reasons: Annotated[tuple[Annotated[str, StringConstraints(pattern=r"^WEB-(0[1-9]|1[0-3])$")], ...], Field(max_length=13)]
    checked_at: Instant
    certificate_valid_until: Day | None = None


class SourceSync(Strict):
    """The source was up to date at `synced_at`, even if nothing changed."""

    source: Source
    synced_at: Instant
