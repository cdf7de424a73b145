"""One clearance anomaly as the single window reports it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from ecid.clearance.taxonomy import AnomalyCode, Fault, Outcome, State, anomaly_code
from ecid.errors import InvalidEvent


@dataclass(frozen=True, slots=True)
class Amount:
    """Money as stated: `value_e4` in 1/10,000 of `currency` (ISO alpha-3), and its RMB value in fen by the customs monthly rate, None if unknown."""

    value_e4: int
    currency: str
    rmb_fen: int | None = None


@dataclass(frozen=True, slots=True)
class AnomalyRecord:
    """One record. Only what `ecid.clearance.assessment.PublicRow` names ever becomes public.

    `key_date` is the Beijing civil date that the taxonomy names for the code. Records of one incident share `case_id`; without one a record is a
    case of its own. `fault` None: as the taxonomy says. `disclosed`: the trader came forward itself. `fine_fen`: fine in fen. `public_until`: last
    day on which it may be shown publicly, None where no period is set. `line_ids` are `<declaration no>-<item>`. `InvalidEvent` for an unknown code
    or a negative fine.
    """

    record_id: str
    code: str
    key_date: date
    state: State = State.CLOSED
    outcome: Outcome = Outcome.PENDING
    case_id: str | None = None
    fault: Fault | None = None
    disclosed: bool = False
    fine_fen: int = 0
    amount: Amount | None = None
    public_until: date | None = None
    declaration_no: str | None = None
    line_ids: tuple[str, ...] = ()
    authority: str = ""
    decision_no: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        anomaly_code(self.code)
        if self.fine_fen < 0:
            raise InvalidEvent(reason="罚款不能为负 / a fine cannot be negative")

    @property
    def kind(self) -> AnomalyCode:
        """The entry of the taxonomy."""
        return anomaly_code(self.code)

    @property
    def case_key(self) -> tuple[str, str]:
        """What records of one incident have in common; a record without a case never meets a case of the same name."""
        return ("case", self.case_id) if self.case_id else ("record", self.record_id)

    @property
    def effective_fault(self) -> Fault:
        """The fault reported, or what the taxonomy says where none is."""
        return self.fault or self.kind.default_fault

    @property
    def is_traders_own(self) -> bool:
        """False where a carrier, a terminal or nobody is at fault: then it weighs nothing and is not counted publicly."""
        return self.effective_fault not in {Fault.C, Fault.N}
