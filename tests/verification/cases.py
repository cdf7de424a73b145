"""Short forms of source events, expanded and read by the real feed, so that cases stay true to what sources may send."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from ecid.feed.events import parse_event
from ecid.feed.facts import Fact, domain_subject, facts_of
from ecid.identity.domains import normalise
from ecid.verification.record import build_record
from ecid.verification.shape import PublicView
from ecid.verification.view import Reader, public_view

Case = Mapping[str, Any]

DOMAIN = "huarui-tools.example"
RESERVED = frozenset({"example"})
OWNER = "91330282MA2H7K4W68"
RIVAL = "914403005867203466"
CUSTOMS_CODE = "3302260A1B"

_TYPES = {
    "claims": ("domain.registered", "aeo"),
    "aeo": ("aeo.changed", "aeo"),
    "clearance": ("clearance.recorded", "single_window"),
    "website": ("website.checked", "website_check"),
}
_DEFAULTS: dict[str, dict[str, Any]] = {
    "claims": {
        "domain": DOMAIN,
        "legal_name_zh": "宁波华锐工具有限公司",
        "legal_name_en": "Ningbo Huarui Tools Co., Ltd.",
        "customs_code": CUSTOMS_CODE,
        "proof": {"method": "dns_txt", "proven_at": "2026-04-10T02:00:00Z"},
        "bound_since": "2026-04-10",
        "sample": True,
    },
    "aeo": {"level": "advanced", "sub_state": "active", "customs_code": CUSTOMS_CODE},
    "clearance": {"fault": "exporter", "disclosed": False, "state": "CLOSED"},
    "website": {"domain": DOMAIN, "reasons": []},
}
_SCORE = {
    "score": 93,
    "score_exact_micro": 93_420_000,
    "band": "90_plus",
    "coverage": 0.974,
    "insufficient_data": None,
    "as_of": "2026-05-17",
    "computed_at": "2026-05-17T00:10:00.000000Z",
    "trend": "up",
    "versions": {"engine": "0.1.0", "policy": "2026-05", "rates": "2026-05", "reference": {"tariff": "2026"}},
    "result_id": "0123456789abcdef",
}


def load_cases() -> dict[str, Case]:
    """All cases of `cases.yaml` by name."""
    cases: dict[str, Case] = yaml.safe_load(Path(__file__).with_name("cases.yaml").read_text("utf-8"))
    return cases


def facts_of_case(case: Case) -> list[Fact]:
    """The facts that follow from the events of a case, claims and enterprise facts together."""
    facts: list[Fact] = []
    for kind in _TYPES:
        for number, short in enumerate(case.get(kind, ())):
            facts.extend(_facts(kind, number, dict(short)))
    if "score" in case:
        facts.append(Fact(f"enterprise#{OWNER}", "score", "2026-05-17T00:10:00.000000Z#0", {**_SCORE, **(case["score"] or {})}))
    return facts


def record_of(facts: Sequence[Fact], domain: str = DOMAIN) -> dict[str, Any]:
    """The stored record, after a round trip through JSON."""
    claims = [fact for fact in facts if fact.subject == domain_subject(domain)]
    others = [fact for fact in facts if fact.subject != domain_subject(domain)]
    stored: dict[str, Any] = json.loads(json.dumps(build_record(domain, claims, others)))
    return stored


def view_of(case: Case) -> PublicView:
    """What the public sees in a case."""
    domain = normalise(case.get("domain", DOMAIN), RESERVED)
    facts = facts_of_case(case)
    reader = Reader(datetime.fromisoformat(case.get("now", "2026-05-17T04:00:00Z")), case.get("publication", "records"), case.get("market"))
    record = record_of(facts, domain.registrable) if facts else None
    return public_view(domain, record, case.get("synced", {}), reader, case.get("resembles", ()))


def _facts(kind: str, number: int, short: dict[str, Any]) -> tuple[Fact, ...]:
    type_, source = _TYPES[kind]
    enterprise = short.pop("enterprise", OWNER)
    record_id = {"record_id": f"R-{number}"} if kind == "clearance" else {}
    event = {
        "id": f"{kind}-{number}",
        "type": type_,
        "source": source,
        "enterprise": enterprise,
        "effective_at": short.pop("at", short.get("checked_at", "2026-04-10T03:00:00Z")),
        "sequence": number,
        "data": {**_DEFAULTS[kind], **record_id, **short},
    }
    return facts_of(parse_event(json.dumps(event), RESERVED))
