"""The assistant's tool that reads the public record of a domain: the same for everybody, and nothing else than what the page shows."""

from __future__ import annotations

from ecid.assistant import facts as f
from ecid.assistant.results import Fact, ToolResult
from ecid.assistant.toolbox import RecordOf
from ecid.assistant.wording import LANGUAGES
from ecid.services.verify_domain import Verification
from ecid.verification.shape import PublicView
from ecid.verification.wording import words

_ANOMALIES = 10
_FACTS = ("aeo", "anomalies", "score", "website")


def get_record(asked: RecordOf, verification: Verification) -> ToolResult:
    """A public record. Raises InvalidDomain, SourceUnavailable."""
    view = verification.verify(asked.domain, asked.market)
    facts: dict[str, Fact | None] = {
        "domain": f.words(view.display, "name", view.domain),
        "status": f.state(view.status, f"record_{view.status}"),
        "sample": f.state(view.sample, "yes" if view.sample else "no"),
        **{f"warning.{place}": _word("caution", caution.code) for place, caution in enumerate(view.warnings, 1)},
    }
    resembled = [domain for caution in view.warnings for domain in caution.domains]
    facts |= {f"resembles.{place}": f.words(domain, "name") for place, domain in enumerate(resembled, 1)}
    if view.enterprise:
        own = view.enterprise
        named = {"zh": own.name_zh or own.name_en or own.uscc, "en": own.name_en or own.name_zh or own.uscc}
        facts |= {"name": f.words(named, "name"), "uscc": f.code(own.uscc), "bound_since": f.day(own.bound_since) if own.bound_since else None}
    unknown = 0
    for name in _FACTS:
        fact = getattr(view, name)
        facts |= {f"{name}.state": f.state(fact.state, f"fact_{fact.state}"), f"{name}.stale": f.state(fact.stale, "yes" if fact.stale else "no")}
        facts[f"{name}.as_of"] = f.day(fact.as_of[:10]) if fact.as_of else None
        if fact.state not in ("known", "not_applicable"):
            unknown += 1
            facts[f"unknown.{unknown}"] = f.state(name, f"fact_{name}")
    facts |= _aeo(view) | _rest(view)
    data = {"status": view.status, "sample": view.sample, "warnings": [caution.code for caution in view.warnings]}
    return ToolResult("get_record", asked.model_dump(mode="json"), data=data, facts=f.named("record", facts))


def _word(group: str, code: str, value: str | None = None) -> Fact:
    """A word of the public record by its code."""
    return f.words({lang: words(lang)[group].get(code, code) for lang in LANGUAGES}, "state", value or code)


def _aeo(view: PublicView) -> dict[str, Fact | None]:
    aeo = view.aeo.value
    if aeo is None:
        return {}
    certificate, notice, market = aeo.certificate, aeo.rectification, aeo.mutual_recognition
    facts: dict[str, Fact | None] = {
        "aeo.level": _word("level", aeo.level),
        "aeo.sub_state": _word("sub_state", aeo.sub_state),
        "aeo.meaning": _word("meaning", aeo.sub_state),
        "aeo.is_aeo": f.state(aeo.is_aeo, "yes" if aeo.is_aeo else "no"),
        "aeo.good_standing": f.state(aeo.in_good_standing, "yes" if aeo.in_good_standing else "no"),
        "aeo.order": f.number(aeo.order),
        "aeo.effective_on": f.day(aeo.effective_on),
        "aeo.certificate": f.code(certificate.number) if certificate.number else None,
        "aeo.certificate_state": f.state(certificate.state, f"certificate_{certificate.state}"),
        "aeo.valid_until": f.day(certificate.valid_until) if certificate.valid_until else None,
        "aeo.next_review": f.day(certificate.next_review_due_on) if certificate.next_review_due_on else None,
    }
    if notice:
        facts |= {"aeo.rectification": _word("rectification", notice.state), "aeo.rectification_due": f.day(notice.due_on) if notice.due_on else None}
    if market:
        texts = {"zh": market.zh, "en": market.en}
        facts |= {
            "market.code": f.code(market.market),
            "market.state": _word("recognition", market.state),
            "market.text": f.words(texts, "state", market.state),
        }
    return facts


def _rest(view: PublicView) -> dict[str, Fact | None]:
    """Anomalies, score and website."""
    facts: dict[str, Fact | None] = {}
    anomalies, score, website = view.anomalies.value, view.score.value, view.website.value
    if anomalies:
        facts |= {"anomalies.total": None if anomalies.total is None else f.count(anomalies.total)}
        facts |= {"anomalies.from": f.day(anomalies.window_from), "anomalies.to": f.day(anomalies.window_to)}
        for group, counts in (("severity", anomalies.by_severity), ("category", anomalies.by_category)):
            for code, number in counts.items():
                facts |= {f"anomalies.{group}.{code}": f.count(number), f"anomalies.{group}.{code}.name": _word(group, code)} if number else {}
        for place, row in enumerate(anomalies.records[:_ANOMALIES], 1):
            own = {"month": f.month(row.month), "category": _word("category", row.category), "outcome": _word("outcome", row.outcome)}
            own["severity"] = _word("severity", str(row.severity))
            facts |= {f"anomaly.{place}.{name}": fact for name, fact in own.items()}
    if score:
        facts |= {
            "score.value": None if score.score is None else f.number(score.score),
            "score.band": f.state(score.band, f"band_{score.band}") if score.band else None,
        }
        facts |= {
            "score.computed_as_of": f.day(score.as_of) if score.as_of else None,
            "score.policy": f.code(score.versions.policy) if score.versions.policy else None,
        }
        reason = score.insufficient_data
        facts["score.insufficient"] = f.state(reason.reason, f"insufficient_{reason.reason}") if reason else None
    if website:
        facts["website.shown"] = _word("website", website.state)
        facts |= {f"website.reason.{place}": _word("reason", reason) for place, reason in enumerate(website.reasons, 1)}
    return facts
