"""The taxonomy of clearance anomalies (通关异常) and the rules on their severity, as data: `taxonomy.toml`, from dossier §3.2."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

from ecid.errors import InvalidEvent, Language


class Fault(StrEnum):
    """Whose doing an anomaly is, as far as decided."""

    E = "E"
    B = "B"
    C = "C"
    N = "N"
    UNDECIDED = "?"


class State(StrEnum):
    """`VOID`: revoked on review or in court; kept for the audit trail, counted nowhere."""

    OPEN = "OPEN"
    CLOSED = "CLOSED"
    VOID = "VOID"


class Outcome(StrEnum):
    """How customs disposed of it."""

    PENDING = "PENDING"
    NO_ACTION = "NO_ACTION"
    CORRECTED = "CORRECTED"
    RELEASED = "RELEASED"
    NOT_RELEASED = "NOT_RELEASED"
    CANCELLED = "CANCELLED"
    RETURNED = "RETURNED"
    WARNED = "WARNED"
    FINED = "FINED"
    CONFISCATED = "CONFISCATED"
    NO_PENALTY = "NO_PENALTY"
    TRANSFERRED = "TRANSFERRED"
    CONVICTED = "CONVICTED"


@dataclass(frozen=True, slots=True)
class AnomalyCode:
    """One code. `faults` are those it may have, `severity` 0–4 before aggravation, `key_date` and `amount` name what the record's date and amount are."""

    code: str
    zh: str
    en: str
    category: str
    faults: tuple[Fault, ...]
    severity: int
    key_date: str
    amount: str
    counted: bool

    @property
    def default_fault(self) -> Fault:
        """Whose doing it is where the record does not say: the only possible one; nobody's, where it can't be the trader's; else undecided."""
        if len(self.faults) == 1:
            return self.faults[0]
        return Fault.N if set(self.faults) <= {Fault.C, Fault.N} else Fault.UNDECIDED


@dataclass(frozen=True, slots=True)
class SeverityRules:
    """Thresholds of severity and publication; fines in fen."""

    fine_aggravates_from: int
    fine_critical_from: int
    repeats_aggravate_from: int
    repeat_years: int
    highest: int
    smallest_published: int


@cache
def taxonomy() -> dict[str, AnomalyCode]:
    """All codes, in the order of the taxonomy."""
    rows = {code: dict(row, faults=tuple(Fault(fault) for fault in row["faults"])) for code, row in _data()["codes"].items()}
    return {code: AnomalyCode(code=code, **row) for code, row in rows.items()}


def anomaly_code(code: str) -> AnomalyCode:
    """The entry of a code. `InvalidEvent` for one that is not in the taxonomy."""
    entry = taxonomy().get(code)
    if entry is None:
        raise InvalidEvent(reason=f"未知的异常代码 / unknown anomaly code: {code[:20]!r}")
    return entry


@cache
def severity_rules() -> SeverityRules:
    """The thresholds in force."""
    return SeverityRules(**_data()["rules"])


def categories() -> tuple[str, ...]:
    """Category codes, in the order of the taxonomy."""
    return tuple(_data()["categories"])


def severities() -> tuple[int, ...]:
    """Severities from 0 (information) to 4 (critical)."""
    return tuple(int(severity) for severity in _data()["severities"])


def category_name(category: str, lang: Language) -> str:
    """The wording of a category; `KeyError` for an unknown one."""
    return _name("categories", category, lang)


def severity_name(severity: int, lang: Language) -> str:
    """The wording of a severity."""
    return _name("severities", str(severity), lang)


def state_name(state: State, lang: Language) -> str:
    """The wording of a state."""
    return _name("states", state.value, lang)


def outcome_name(outcome: Outcome, lang: Language) -> str:
    """The wording of an outcome."""
    return _name("outcomes", outcome.value, lang)


def fault_name(fault: Fault, lang: Language) -> str:
    """The wording of a fault."""
    return _name("faults", fault.name, lang)


def key_date_name(kind: str, lang: Language) -> str:
    """What date places records of a code in the window, e.g. the decision date."""
    return _name("key_dates", kind, lang)


def amount_name(kind: str, lang: Language) -> str:
    """What the amount of a record is, e.g. the goods value; empty for codes without one."""
    return _name("amounts", kind, lang) if kind else ""


def _name(table: str, key: str, lang: Language) -> str:
    name: str = _data()[table][key][lang]
    return name


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath("taxonomy.toml").read_text("utf-8"))
