"""What the public sees of a domain at a moment: the stored record, judged by the reader's clock.

Every field of the answer is set by name from a value that was looked at; nothing is copied whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal, TypeVar

from ecid.clearance.assessment import assess
from ecid.clearance.records import AnomalyRecord
from ecid.clearance.taxonomy import Fault, Outcome, State, taxonomy
from ecid.clearance.window import beijing_date
from ecid.credit import status as credit
from ecid.credit.recognition import recognition
from ecid.credit.regimes import Level, regime_on
from ecid.errors import SourceUnavailable
from ecid.identity.domains import Domain
from ecid.verification import record as stored_shape
from ecid.verification.shape import (
    Aeo,
    Anomalies,
    Anomaly,
    Caution,
    Certificate,
    Enterprise,
    Fact,
    InsufficientData,
    MutualRecognition,
    PublicView,
    Rectification,
    Score,
    Source,
    Versions,
    Website,
)
from ecid.verification.shape import State as FactState

STALE_AFTER = timedelta(hours=24)
"""The longest a result may lag behind its source (announcement of 17 May 2026)."""

_FAULTS = {"exporter": Fault.E, "broker": Fault.B, "carrier": Fault.C, "nobody": Fault.N, "undecided": Fault.UNDECIDED}
_ENDED = frozenset({credit.SubState.WITHDRAWN, credit.SubState.LAPSED, credit.SubState.NEVER})
_EXPIRED_ON_SITE = "WEB-08"
_WORTH_A_CAUTION = frozenset({"private_suffix", "unlisted_suffix", "user_info", "name_in_front", "display_withheld"})

V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Reader:
    """Who asks: when (aware), under which setting of the operator, and from which market (as `market_code` of `ecid.credit.recognition`
    reads it), if told."""

    now: datetime
    publication: Literal["records", "counts"] = "records"
    market: str | None = None

    @property
    def today(self) -> date:
        """The Beijing civil date."""
        return beijing_date(self.now)


def public_view(domain: Domain, record: Mapping[str, Any] | None, synced: Mapping[str, str], reader: Reader, resembles: Sequence[str] = ()) -> PublicView:
    """The answer for `domain`: `record` as stored, None where there is none; `synced`: source → when it last said that it is up to date (ISO).

    `resembles`: registered domains that an unknown one could be mistaken for. Raises SourceUnavailable for a record of another format.
    """
    cautions = tuple(Caution(note) for note in domain.notes if note in _WORTH_A_CAUTION)
    if record is not None and record["format"] != stored_shape.FORMAT:
        raise SourceUnavailable
    if record is None or record["status"] == "unknown":
        likeness = (Caution("looks_like", tuple(resembles)),) if resembles else ()
        return _without_facts(domain, "unknown", "not_reported", synced, reader, (*likeness, *cautions))
    if record["status"] == "contested":
        return _without_facts(domain, "contested", "unavailable", synced, reader, cautions, sample=bool(record["sample"]))
    aeo = _aeo(record["aeo"], synced, reader)
    return PublicView(
        domain=domain.registrable,
        display=domain.display,
        status="registered",
        enterprise=_enterprise(record["enterprise"]),
        aeo=aeo,
        anomalies=_anomalies(record["anomalies"], synced, reader),
        score=_score(record["score"], synced, reader),
        website=_website(record["website"], aeo, reader),
        warnings=cautions,
        sample=bool(record["sample"]),
    )


def _without_facts(
    domain: Domain,
    status: Literal["unknown", "contested"],
    state: FactState,
    synced: Mapping[str, str],
    reader: Reader,
    cautions: tuple[Caution, ...],
    *,
    sample: bool = False,
) -> PublicView:
    return PublicView(
        domain=domain.registrable,
        display=domain.display,
        status=status,
        enterprise=None,
        aeo=_fact(state, None, "aeo", synced, reader),
        anomalies=_fact(state, None, "single_window", synced, reader),
        score=_fact(state, None, "hs_verification", synced, reader),
        website=_fact(state, None, "website_check", {}, reader),
        warnings=cautions,
        sample=sample,
    )


def _fact(state: FactState, value: V | None, source: Source, synced: Mapping[str, str], reader: Reader) -> Fact[V]:
    as_of = synced.get(source)
    # A time as far in the future is no more believable than one in the past, and would otherwise stay fresh until it comes.
    return Fact(state, value, source, as_of, as_of is None or abs(reader.now - datetime.fromisoformat(as_of)) > STALE_AFTER)


def _enterprise(stored: Mapping[str, Any]) -> Enterprise:
    return Enterprise(
        name_zh=stored["name_zh"],
        name_en=stored["name_en"],
        uscc=stored["uscc"],
        customs_code=stored["customs_code"],
        bound_since=stored["bound_since"],
    )


def _aeo(reports: Sequence[Mapping[str, Any]], synced: Mapping[str, str], reader: Reader) -> Fact[Aeo]:
    current = credit.status_on([_entry(number, report) for number, report in enumerate(reports)], reader.now)
    if current.uncertain:
        # A report is in effect that cannot be read: what it replaced must not go on being shown as the status.
        return _fact("unavailable", None, "aeo", synced, reader)
    if current.entry is None:
        return _fact("not_reported", None, "aeo", synced, reader)
    if current.level is None:
        return _fact("insufficient_data", None, "aeo", synced, reader)
    return _fact("known", _status(current.entry, current.level, reader), "aeo", synced, reader)


def _entry(number: int, report: Mapping[str, Any]) -> credit.AeoEntry:
    """A stored report; stored in the order of the source, so that its place is its sequence."""
    status = credit.AeoStatus(
        level=credit.level_code(report["level"]),
        sub_state=credit.SubState(report["sub_state"].upper()),
        certificate_no=report["certificate_no"],
        certificate_issued_on=_day(report["certificate_issued_on"]),
        certificate_valid_until=_day(report["certificate_valid_until"]),
        next_review_due_on=_day(report["next_review_due_on"]),
        rectification=_notice(report["rectification"]),
    )
    return credit.AeoEntry(f"report-{number}", datetime.fromisoformat(report["effective_at"]), number, status)


def _notice(stored: Mapping[str, Any] | None) -> credit.Rectification:
    if stored is None:
        return credit.Rectification()
    # "Overdue" is an open notice whose day has passed; the day decides again, by the reader's clock.
    state = "OPEN" if stored["state"] == "overdue" else str(stored["state"]).upper()
    return credit.Rectification(credit.RectificationState(state), _day(stored["due_on"]))


def _status(entry: credit.AeoEntry, level: Level, reader: Reader) -> Aeo:
    status, today = entry.status, reader.today
    notice = status.rectification.state_on(today)
    certificate = credit.certificate_state(status, today)
    return Aeo(
        level=level.code.lower(),
        sub_state=status.sub_state.lower(),
        is_aeo=level.aeo and status.sub_state not in _ENDED,
        in_good_standing=(level.aeo and status.sub_state.keeps_benefits and certificate != "expired" and notice is not credit.RectificationState.OVERDUE),
        order=regime_on(today).order,
        effective_on=entry.effective_on.isoformat(),
        certificate=Certificate(
            number=status.certificate_no,
            issued_on=_iso(status.certificate_issued_on),
            valid_until=_iso(status.certificate_valid_until),
            next_review_due_on=_iso(status.next_review_due_on),
            state=certificate,
        ),
        rectification=None if notice is credit.RectificationState.NONE else Rectification(notice.lower(), _iso(status.rectification.due_on)),
        mutual_recognition=_mutual_recognition(level, status.sub_state, reader, expired=certificate == "expired"),
    )


def _mutual_recognition(level: Level, sub_state: credit.SubState, reader: Reader, *, expired: bool) -> MutualRecognition | None:
    if not reader.market:
        return None
    found = recognition(level, sub_state, reader.market, reader.today, certificate_expired=expired)
    return MutualRecognition(found.market, found.state, found.since or None, found.basis, found.zh, found.en)


def _anomalies(records: Sequence[Mapping[str, Any]], synced: Mapping[str, str], reader: Reader) -> Fact[Anomalies]:
    if not records and "single_window" not in synced:
        return _fact("not_reported", None, "single_window", synced, reader)
    if any(record["code"] not in taxonomy() for record in records):
        # Something happened that this taxonomy has no name for: neither a count nor "none" would be true.
        return _fact("unavailable", None, "single_window", synced, reader)
    summary = assess([_record(record) for record in records], reader.today, public=True, publication=reader.publication)
    value = Anomalies(
        publication=reader.publication,
        window_from=(summary.lower + timedelta(days=1)).isoformat(),
        window_to=summary.upper.isoformat(),
        total=summary.total,
        by_severity={str(severity): count for severity, count in summary.by_severity.items()},
        by_category=dict(summary.by_category),
        records=tuple(Anomaly(row.month, row.category, row.severity, row.outcome.lower()) for row in summary.rows),
    )
    return _fact("known", value, "single_window", synced, reader)


def _record(stored: Mapping[str, Any]) -> AnomalyRecord:
    return AnomalyRecord(
        record_id=stored["record_id"],
        code=stored["code"],
        key_date=date.fromisoformat(stored["key_date"]),
        state=State(stored["state"]),
        outcome=Outcome(stored["outcome"]) if stored["outcome"] else Outcome.PENDING,
        case_id=stored["case_id"],
        fault=_FAULTS[stored["fault"]],
        disclosed=bool(stored["disclosed"]),
        fine_fen=int(stored["fine_fen"]),
        public_until=_day(stored["public_until"]),
    )


def _score(stored: Mapping[str, Any] | None, synced: Mapping[str, str], reader: Reader) -> Fact[Score]:
    if stored is None:
        return _fact("not_reported", None, "hs_verification", synced, reader)
    reason, versions = stored["insufficient_data"], stored["versions"]
    value = Score(
        score=None if reason else int(stored["score"]),
        band=None if reason else stored["band"],
        coverage=None if stored["coverage"] is None else float(stored["coverage"]),
        trend=None if reason else stored["trend"],
        insufficient_data=InsufficientData(reason) if reason else None,
        as_of=stored["as_of"],
        computed_at=stored["computed_at"],
        versions=Versions(versions["policy"], versions["engine"], versions["rates"], dict(versions["reference"])),
    )
    # A score is as old as its run: the window moves every day, even where nothing was declared.
    spoken = {source: min(at, stored["computed_at"], key=datetime.fromisoformat) for source, at in synced.items() if source == "hs_verification"}
    return _fact("insufficient_data" if reason else "known", value, "hs_verification", spoken, reader)


def _website(check: Mapping[str, Any] | None, aeo: Fact[Aeo], reader: Reader) -> Fact[Website]:
    synced = {"website_check": check["checked_at"]} if check else {}
    no_certificate = not aeo.value.is_aeo if aeo.value else check is not None and check["state"] == "not_applicable"
    if no_certificate and (check is None or check["state"] != "conflict"):
        return Fact("not_applicable", None, "website_check", synced.get("website_check"), stale=False)
    if check is None or check["state"] == "not_applicable":
        return _fact("not_reported", None, "website_check", {}, reader)
    state, reasons = check["state"], tuple(check["reasons"])
    printed = _day(check["certificate_valid_until"])
    on_record = aeo.value is not None and aeo.value.certificate.state == "expired"
    if on_record or (printed is not None and printed < reader.today):
        state = state if state == "conflict" else "verification_unreachable"
        reasons = tuple(sorted({*reasons, _EXPIRED_ON_SITE}))
    return _fact("known", Website(state, reasons, check["checked_at"]), "website_check", synced, reader)


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
