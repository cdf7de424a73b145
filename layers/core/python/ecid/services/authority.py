"""What customs said and did in the matter of an enterprise, gathered from the facts of its feed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from ecid.clearance.records import AnomalyRecord
from ecid.clearance.taxonomy import Fault, Outcome, State, taxonomy
from ecid.clearance.window import beijing_date
from ecid.credit.status import SubState, level_code
from ecid.feed.facts import AUTHORITY_SUBJECT, Fact, enterprise_subject
from ecid.ports import FactStore
from ecid.scoring.authority import Authority, Decision, Ruling

_FAULTS: Mapping[str, Fault] = {"exporter": Fault.E, "broker": Fault.B, "carrier": Fault.C, "nobody": Fault.N, "undecided": Fault.UNDECIDED}
_ADVANCED = "ADVANCED"


def authority_of(store: FactStore, uscc: str) -> Authority:
    """Own rulings, clearance records and AEO standing of the enterprise, and the decisions that were published as events. Raises SourceUnavailable."""
    own = store.facts(enterprise_subject(uscc)).facts
    ended = dict(_bodies("ruling-end#", own))
    return Authority(
        rulings=tuple(_ruling(number, body, ended.get(number)) for number, body in _bodies("ruling#", own)),
        decisions=tuple(_decision(number, body) for number, body in _bodies("decision#", store.facts(AUTHORITY_SUBJECT).facts)),
        outcomes=tuple(_record(record_id, body) for record_id, body in _bodies("clearance#", own) if body["code"] in taxonomy()),
        advanced=tuple(_standing(fact.body) for fact in sorted(own, key=lambda fact: fact.stamp) if fact.name.startswith("aeo#")),
    )


def _standing(body: Mapping[str, Any]) -> tuple[date, bool]:
    """From which Beijing day on, and whether as an advanced certified enterprise with the benefits of one."""
    since = beijing_date(datetime.fromisoformat(body["effective_at"]))
    return since, level_code(body["level"]) == _ADVANCED and SubState(body["sub_state"].upper()).keeps_benefits


def _bodies(prefix: str, facts: Iterable[Fact]) -> list[tuple[str, Mapping[str, Any]]]:
    return sorted((fact.name.removeprefix(prefix), fact.body) for fact in facts if fact.name.startswith(prefix))


def _ruling(number: str, body: Mapping[str, Any], end: Mapping[str, Any] | None) -> Ruling:
    return Ruling(
        number=number,
        code=body["code"],
        goods_name=body["goods_name_zh"],
        valid_from=date.fromisoformat(body["valid_from"]),
        valid_until=date.fromisoformat(body["valid_until"]),
        brand=body.get("brand") or "",
        model=body.get("model") or "",
        sku=body.get("sku") or "",
        words=body.get("description") or "",
        ended_on=date.fromisoformat(end["ended_on"]) if end else None,
    )


def _decision(number: str, body: Mapping[str, Any]) -> Decision:
    lapsed = date.fromisoformat(body["lapsed_on"]) if body.get("lapsed_on") else None
    return Decision(
        number=number,
        code=body["code"],
        names=tuple(body["goods_names"]),
        source=body["announcement"],
        valid_from=date.fromisoformat(body["effective_from"]),
        valid_to=lapsed - timedelta(days=1) if lapsed else None,
    )


def _record(record_id: str, body: Mapping[str, Any]) -> AnomalyRecord:
    number, items = body.get("declaration_no"), body.get("items") or ()
    outcome = str(body.get("outcome") or "").strip().upper().replace(" ", "_")
    return AnomalyRecord(
        record_id=record_id,
        code=body["code"],
        key_date=date.fromisoformat(body["key_date"]),
        state=State(body["state"]),
        outcome=Outcome(outcome) if outcome in Outcome.__members__ else Outcome.PENDING,
        case_id=body.get("case_id"),
        fault=_FAULTS[body["fault"]],
        disclosed=bool(body["disclosed"]),
        fine_fen=int(body.get("fine_fen") or 0),
        declaration_no=number,
        line_ids=tuple(f"{number}-{item}" for item in items) if number else (),
    )
