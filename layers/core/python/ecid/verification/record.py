"""The stored record of a domain: all facts of its enterprise, reduced to what a public answer may need.

Pure, so that it can be thrown away and made again from the facts at any time (docs/decisions/0001). Nothing in it depends on the day: windows, expiry
and staleness are judged when it is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from ecid.clearance.taxonomy import Outcome, severity_rules
from ecid.feed.facts import Fact, enterprise_subject

FORMAT = 1
"""Version of the stored shape; `ecid.verification.view` reads this one only."""
FAILURES_APART = timedelta(minutes=30)
"""A passing site is unreachable only after two failed checks at least this far apart (domain.md §10), since one may be the line's fault."""

_AEO_FIELDS = (
    "level",
    "sub_state",
    "effective_at",
    "certificate_no",
    "certificate_issued_on",
    "certificate_valid_until",
    "next_review_due_on",
)
_ANOMALY_FIELDS = ("code", "key_date", "fault", "disclosed", "state", "public_until")
_SCORE_FIELDS = ("score", "band", "coverage", "as_of", "computed_at", "trend")
_VERSION_FIELDS = ("policy", "engine", "rates")
_WEBSITE_FIELDS = ("state", "reasons", "checked_at", "certificate_valid_until")
_FAILED = "verification_unreachable"


def holders(claims: Iterable[Fact]) -> tuple[str, ...]:
    """The enterprises (USCC) that hold a claim with a completed proof which they have not released, sorted. One: it owns the domain; several: contested."""
    held = (fact for fact in claims if fact.name.startswith("claim#") and fact.body.get("proof") and not fact.body.get("released"))
    return tuple(sorted(fact.name.removeprefix("claim#") for fact in held))


def build_record(domain: str, claims: Sequence[Fact], facts: Sequence[Fact]) -> dict[str, Any]:
    """The record of `domain`, from the facts of the domain subject (`claims`) and those of every enterprise that ever entered it (`facts`).

    JSON-able. `status` is `registered`, `contested` or `unknown`; only a registered domain's record says anything of an enterprise, and of its one holder only.
    """
    owners = holders(claims)
    claimed = [fact.body for fact in claims if fact.name.removeprefix("claim#") in owners]
    record: dict[str, Any] = {
        "format": FORMAT,
        "domain": domain,
        "status": "unknown" if not owners else "registered" if len(owners) == 1 else "contested",
        "sample": any(bool(body.get("sample")) for body in claimed),
    }
    if len(owners) != 1:
        return record
    claim, own = claimed[0], [fact for fact in facts if fact.subject == enterprise_subject(owners[0])]
    reports = _named("aeo#", own)
    return record | {
        "sample": record["sample"] or any(bool(report.body.get("sample")) for report in reports),
        "enterprise": {
            "uscc": owners[0],
            "name_zh": claim["legal_name_zh"],
            "name_en": claim.get("legal_name_en"),
            "customs_code": claim.get("customs_code"),
            "bound_since": claim.get("bound_since"),
        },
        "aeo": [_report(report.body) for report in reports],
        "anomalies": _anomalies(_named("clearance#", own)),
        "score": next((_score(fact.body) for fact in own if fact.name == "score"), None),
        "website": settled_website([fact.body for fact in _named(f"website#{domain}#", own)]),
    }


def settled_website(checks: Iterable[Mapping[str, Any]]) -> dict[str, Any] | None:
    """What the checks of one site amount to, in whatever order they come; None where it was never checked.

    The last one counts, but a single failure does not speak against a site that passed, and one success restores it.
    """
    settled: Mapping[str, Any] | None = None
    first_failure: datetime | None = None
    for check in sorted(checks, key=lambda check: (str(check["checked_at"]), str(check["state"]))):
        at = datetime.fromisoformat(check["checked_at"])
        if check["state"] != _FAILED:
            settled, first_failure = check, None
        elif settled is None or settled["state"] == _FAILED:
            settled = check
        elif first_failure is None:
            first_failure = at
        elif at - first_failure >= FAILURES_APART:
            settled = check
    return {key: settled.get(key) for key in _WEBSITE_FIELDS} if settled else None


def _named(prefix: str, facts: Iterable[Fact]) -> list[Fact]:
    return sorted((fact for fact in facts if fact.name.startswith(prefix)), key=lambda fact: fact.stamp)


def _report(body: Mapping[str, Any]) -> dict[str, Any]:
    notice = body.get("rectification")
    kept = {key: body.get(key) for key in _AEO_FIELDS}
    return kept | {"rectification": {"state": notice["state"], "due_on": notice.get("due_on")} if notice else None}


def _anomalies(records: Sequence[Fact]) -> list[dict[str, Any]]:
    """Records as far as their public count and severity need them. Cases keep their grouping under names of ours, since the source's may name a
    declaration; a fine is kept as the threshold it reached, an outcome only where it is one of the taxonomy's, since free text may say anything."""
    named = {str(fact.body["case_id"]) for fact in records if fact.body.get("case_id")}
    cases = {case: f"case-{number}" for number, case in enumerate(sorted(named))}
    return [
        {key: fact.body.get(key) for key in _ANOMALY_FIELDS}
        | {
            "record_id": f"record-{number}",
            "case_id": cases.get(str(fact.body.get("case_id"))),
            "fine_fen": _threshold_reached(fact.body.get("fine_fen") or 0),
            "outcome": _outcome(fact.body.get("outcome")),
        }
        for number, fact in enumerate(records)
    ]


def _threshold_reached(fine_fen: int) -> int:
    rules = severity_rules()
    return max((step for step in (rules.fine_aggravates_from, rules.fine_critical_from) if step <= fine_fen), default=0)


def _outcome(reported: str | None) -> str | None:
    name = (reported or "").strip().upper().replace(" ", "_")
    return name if name in Outcome.__members__ else None


def _score(body: Mapping[str, Any]) -> dict[str, Any]:
    versions = body.get("versions") or {}
    return {key: body.get(key) for key in _SCORE_FIELDS} | {
        "insufficient_data": (body.get("insufficient_data") or {}).get("reason"),
        "versions": {key: versions.get(key) for key in _VERSION_FIELDS} | {"reference": dict(versions.get("reference") or {})},
    }
