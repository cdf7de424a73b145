"""How questions about codes, clauses and public records are answered."""

from __future__ import annotations

from ecid.assistant.planner.meant import matches, of_code
from ecid.assistant.planner.telling import Parts, Told

_KEPT_CLAUSES = 3
_WORTH_NAMING = 30_000
"""Parts of a million of a candidate below which it is noise."""
_STOP = {"zh": "。", "en": "."}


def code_review(told: Told) -> Parts:
    """What there is about a code, or goods, in the ledger; what the tariff says of it."""
    stop = told.failing("explain_score")
    if stop:
        return stop
    own = of_code(told.asked, told.results)
    lines = [_line(told, code) for code in told.asked.codes]
    told.cite_of("get_tariff_line")
    if not own:
        return [*told.text(told.say("code_clear"), *lines), *_doubt(told)]
    found: Parts = []
    for one in own[:3]:
        number = one["number"]
        found += told.ref("finding", f"finding.{number}")
        found += told.text(told.say("finding_seen", n=number), told.say("finding_do", n=number))
    return [*told.text(*lines, told.say("code_lead")), *found, *_doubt(told), *told.text(told.fixed("no_verdict"))]


def _doubt(told: Told) -> Parts:
    if "candidates.suspicion" not in told.facts:
        return []
    return told.text(told.say("code_doubt"))


def _line(told: Told, code: str) -> str:
    """What the tariff calls a code, and by which edition where that of the day is not there."""
    if _is_substituted(told, code):
        return told.say("code_line_near", c=code)
    return told.either(*(("code_line_path",) if told.asked.lang == "zh" else ()), "code_line", c=code)


def elements_of_code(told: Told) -> Parts:
    """The elements in their order."""
    found: Parts = []
    for code in _codes(told):
        items = [said for place in range(1, 21) if (said := told.say("line_element", c=code, n=place))]
        lead = [_lead(told, code)]
        if items:
            found += [
                *told.text(*lead, told.say("line_elements", c=code)),
                *told.bullets(items),
                *told.text(told.say("line_advice"), told.say("line_units", c=code)),
            ]
        else:
            found += told.text(*lead, told.say("line_no_elements"), told.say("line_suggestion", c=code))
    told.cite_of("get_tariff_line")
    return found or _beneath(told)


def tariff_line(told: Told) -> Parts:
    """What the tariff says of codes."""
    found: Parts = []
    for code in _codes(told):
        found += told.text(
            _lead(told, code),
            told.say("line_path", c=code) if told.asked.lang == "zh" else "",
            told.say("line_units", c=code),
            told.say("line_suggestion", c=code),
        )
    told.cite_of("get_tariff_line")
    return found or _beneath(told)


def _lead(told: Told, code: str) -> str:
    if _is_substituted(told, code):
        return told.either("line_lead_near", "line_substituted", c=code)
    return told.either("line_lead", "line_state", c=code)


def _is_substituted(told: Told, code: str) -> bool:
    """Whether the line is that of the nearest edition, for want of that of the day."""
    return any(one.data.get("substituted") and one.data.get("code") == code for one in told.of("get_tariff_line"))


def _codes(told: Told) -> list[str]:
    return [str(one.data["code"]) for one in told.of("get_tariff_line") if one.state == "ok" and one.data.get("code")]


def _beneath(told: Told) -> Parts:
    """Where a heading is named rather than a line: what is beneath it; where goods are: their candidates."""
    if told.of("find_candidates"):
        return candidates_for_goods(told)
    clauses = _clauses(told)
    return (
        [*clauses, *told.text(told.say("line_refused"))]
        if clauses
        else told.failing("get_tariff_line", "search_clauses") or told.text(told.fixed("nothing_found"))
    )


def tell_apart(told: Told) -> Parts:
    """The texts that decide between codes."""
    lines = [_lead(told, code) for code in _codes(told)]
    if any(one.state == "ok" for one in told.of("get_clause")):
        told.cite_of("get_clause")
        ways = [told.say("apart_way", n=1, j=place) for place in range(1, 7)]
        head = [*told.text(told.say("apart_fact", n=1)), *told.bullets(ways), *told.question(told.say("apart_question", n=1))]
        return [*head, *told.bullets([told.say("clause_row", n=1)]), *told.text(*lines, told.fixed("no_verdict"))]
    clauses = _clauses(told)
    if not clauses:
        return told.text(*lines) or told.failing("search_clauses")
    return [*told.text(told.say("apart_lead")), *clauses, *told.text(*lines, told.fixed("no_verdict"))]


def show_clause(told: Told) -> Parts:
    """What was found, each with its words; of findings, their clauses."""
    if told.asked.findings and told.of("get_finding"):
        shown = [int(one.data["number"]) for one in told.of("get_finding") if one.state == "ok"]
        told.cite_of("get_finding")
        found: Parts = []
        for number in shown:
            found += [*told.ref("finding", f"finding.{number}"), *told.text(told.say("finding_clause", n=number))]
        return found or told.text(told.say("finding_none"))
    if any(one.state == "ok" for one in told.of("get_clause")):
        return _clauses(told)
    if told.asked.clause or any(one.data.get("declined") for one in told.of("search_clauses")):
        return told.text(told.say("clause_none"))
    clauses = _clauses(told)
    return [*told.text(told.say("clause_lead")), *clauses] if clauses else told.failing("search_clauses") or told.text(told.fixed("nothing_found"))


def _clauses(told: Told) -> Parts:
    """The clauses that were found last: those of an earlier search are no longer among the facts."""
    found = [one for one in told.results if one.tool in ("search_clauses", "get_clause") and one.state == "ok"]
    if not found:
        return []
    shown = found[-1].citations[:_KEPT_CLAUSES]
    told.cite(*(one.id for one in shown))
    return told.bullets(told.either("clause_valid", "clause_since", "clause_row", n=place) for place in range(1, len(shown) + 1))


def candidates_for_goods(told: Told) -> Parts:
    """Where goods may belong, and what would settle it."""
    stop = told.failing("find_candidates")
    if stop:
        return [*stop, *told.question(told.say("candidates_open"))]
    shown = [place for place in range(1, 6) if place == 1 or _share(told, place) >= _WORTH_NAMING]
    told.cite(*(told.value(f"candidate.{place}.record") for place in shown))
    rows = [told.either("candidate_row", "candidate_row_bare", n=place) for place in shown]
    tail = told.text(told.fixed("no_verdict")) if told.value("candidates.decided") else told.question(told.say("candidates_open"))
    return [*told.text(told.say("candidates_lead")), *told.bullets(rows), *told.text(told.say("candidates_doubt")), *tail]


def _share(told: Told, place: int) -> int:
    share = told.value(f"candidate.{place}.share")
    return share if isinstance(share, int) else 0


def record_of_domain(told: Told) -> Parts:
    """The facts of a public record."""
    stop = told.failing("get_record")
    if stop:
        return stop
    if told.value("record.status") != "registered":
        return told.text(
            told.say("record_status"), told.say("record_unknown") if told.value("record.status") == "unknown" else "", told.say("record_resembles")
        )
    rows = [
        told.either("record_aeo", "record_aeo_state"),
        told.say("record_until"),
        told.either("record_anomalies", "record_anomalies_state"),
        told.either("record_score", "record_score_insufficient", "record_score_state"),
        told.either("record_website", "record_website_state"),
    ]
    standing = told.fixed("good_standing") or told.fixed("not_good_standing")
    lead = told.text(told.either("record_lead", "record_status"), told.say("record_sample") if told.value("record.sample") else "")
    return [*lead, *told.bullets(rows), *told.text(standing, told.say("record_market"), told.say("record_warning"), told.say("record_resembles"), _stale(told))]


def _stale(told: Told) -> str:
    return told.say("source_stale") if any(told.value(f"record.{name}.stale") is True for name in ("aeo", "anomalies", "score", "website")) else ""


def website_state(told: Told) -> Parts:
    """How the page is shown, why, what to do."""
    stop = _unregistered(told)
    if stop:
        return stop
    reasons = told.bullets(told.say("website_reason", n=place) for place in range(1, 14))
    aeo = told.either("record_aeo", "record_aeo_state") if matches("aeo", told.asked) else ""
    lead = told.text(told.either("website_lead", "record_website_state"), told.say("website_asof"), f"{aeo}{_STOP[told.asked.lang]}" if aeo else "")
    lead += told.text(told.say("website_raised") if reasons else "")
    return [*lead, *reasons, *told.text(told.say("website_do") if reasons else "", told.say("website_meaning"))]


def _unregistered(told: Told) -> Parts:
    if told.failing("get_record"):
        return told.failing("get_record")
    return record_of_domain(told) if told.of("get_record") and told.value("record.status") != "registered" else []


def aeo_meaning(told: Told) -> Parts:
    """The level on record, and what levels mean."""
    own = told.of("get_record")
    stop = _unregistered(told) if own else []
    standing = told.fixed("good_standing") or told.fixed("not_good_standing")
    record = stop or told.text(
        told.either("aeo_lead", "record_aeo_state"),
        told.say("aeo_meaning"),
        told.either("aeo_certificate_until", "aeo_certificate"),
        told.say("aeo_notice"),
        standing,
        told.say("record_market"),
    )
    found = [result for result in told.of("search_clauses") if result.state == "ok"]
    repair = matches("repair", told.asked)
    told.cite(*(one.id for result in found for one in result.citations[: 2 if repair else 1]))
    rows = [told.say("clause_row", n=place) for place in (1, 2)] if repair and found else []
    general = told.fixed("aeo_general") if not own or matches("general", told.asked) else ""
    return [*record, *told.bullets(rows), *told.text(general)]


def anomalies_meaning(told: Told) -> Parts:
    """How many of what kind, and what they are."""
    stop = _unregistered(told) if told.of("get_record") else []
    groups = [f"{group}.{code}" for group, codes in (("severity", "43210"), ("category", _CATEGORIES)) for code in codes]
    rows = [told.say("anomalies_row", k=key) for key in groups]
    lead = told.fixed("no_anomalies") or told.either("anomalies_lead", "record_anomalies_state")
    records = [told.say("anomaly_row", n=place) for place in range(1, 6)]
    return [*(stop or told.text(lead)), *told.bullets(rows), *told.bullets(records), *told.text(told.fixed("anomalies_general"))]


_CATEGORIES = ("INS", "CLS", "DEC", "MAN", "LIC", "CIQ", "IPR", "RET", "TAX", "PEN", "DIS")


def threshold_clause(told: Told) -> Parts:
    """Whether the score meets the figure of a clause, and what is unknown."""
    stop = _unregistered(told)
    if stop:
        return stop
    value, target = told.value("record.score.value"), told.asked.target
    if not isinstance(value, int):
        verdict = told.say("threshold_none")
    else:
        verdict = "" if target is None else told.say("threshold_meets" if value >= target else "threshold_short")
    standing = told.fixed("not_good_standing")
    unknown = [told.either("threshold_unknown", "threshold_all_known"), _stale(told), told.say("threshold_not_seen")]
    lead = told.either("threshold_lead", "record_score_insufficient", "record_score_state")
    ask = told.question(told.say("threshold_target")) if target is None else []
    return [*told.text(verdict, lead), *told.text(told.say("threshold_more"), standing), *told.text(*unknown), *ask]


def sources_and_age(told: Told) -> Parts:
    """Sources with their time."""
    rows = [told.say(f"source_{name}") for name in ("aeo", "anomalies", "score", "website")]
    return [*told.text(told.say("source_general")), *told.bullets(rows), *told.text(_stale(told), told.say("source_ledger"))]


def method(told: Told) -> Parts:
    """How the score is made."""
    stop = told.failing("score_method")
    if stop:
        return stop
    rows = [[told.say("method_row", n=one), told.say("method_weight", n=one), told.say("method_full", n=one)] for one in range(1, 11)]
    head = [told.say("head_dimension"), told.say("head_weight"), told.say("head_full")]
    known = [row for row in rows if all(row)]
    table = [{"kind": "table", "head": head, "rows": known}] if known else []
    rest = [told.say(name) for name in ("method_window", "method_cap", "method_bands", "method_sufficient")]
    return [*told.text(told.say("method_lead")), *table, *told.bullets(rest)]
