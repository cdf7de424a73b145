"""The report as a page shows it: every text and figure ready, in one language, the same for HTML and PDF, which only set it.

Long lists are cut with their count; the XLSX and JSON reports hold all of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ecid.errors import Language
from ecid.reports.charts import Bar, waterfall
from ecid.reports.evidence import deadline_of, evidence_of, route_of
from ecid.reports.figures import allotted, missing_tenths, money, percent, points, score_shown, text
from ecid.reports.outlook import forecast_of, plan_of
from ecid.reports.report import Report
from ecid.reports.wording import Words, words
from ecid.scoring.breakdown import SHOWN, Entry, leading
from ecid.scoring.causes import Cause
from ecid.scoring.misclassified import OwnCode
from ecid.scoring.misclassified import to_json as rivalry_to_json
from ecid.scoring.plan import ways_of
from ecid.scoring.result import DimensionResult, Finding, Result
from ecid.scoring.routes import routes_for
from ecid.scoring.wording import dimension_name, rule_wording

CAUSES = 5
REJECTED = 50
LINES = 12
"""Lines that a finding names; the others are counted."""
_FULL_TENTHS = 1_000
_HUNDREDTHS = 10
_NAME = 120


def page_of(report: Report, findings: int) -> dict[str, Any]:
    """All that a page shows, with the `findings` costliest of the ledger."""
    result, lang = report.result, report.lang
    w = words(lang)
    t, causes = w["text"], list(causes_of(report))
    return {
        "lang": lang,
        "html_lang": "zh-CN" if lang == "zh" else "en",
        "as_of": result.as_of.isoformat(),
        "t": dict(t),
        "provenance": provenance_of(report),
        "facts": list(facts_of(report)),
        "score": None if result.score_exact_micro is None else score_shown(result.score_exact_micro),
        "missing": _missing(result, t),
        "insufficient": w["insufficient"][result.insufficient_data] if result.insufficient_data else "",
        "waterfall": _waterfall(result, lang),
        "notes": list(notes_of(result, t)),
        "causes": causes[:CAUSES],
        "more_causes": t["more_causes"].format(n=len(report.causes) - CAUSES) if len(report.causes) > CAUSES else "",
        "plans": [plan_of(plan, lang) for plan in report.plans],
        "forecast": forecast_of(report),
        "codes": _codes(report),
        "misclassified": [_misclassified(own, lang) for own in report.misclassified],
        "ledger": _ledger(report, findings),
        "ways": _ways(causes),
        "rejected": _rejected(report),
        "versions": list(versions_of(result, w)),
    }


def provenance_of(report: Report) -> str:
    """The sentence that every page carries."""
    t = words(report.lang)["text"]
    return t["self_supplied"] if report.result.provenance == "file" else t["from_feed"].format(day=report.result.as_of.isoformat())


def facts_of(report: Report) -> Iterator[tuple[str, str]]:
    """What the report is about: whose, from which files, when, how many lines."""
    result, t = report.result, words(report.lang)["text"]
    yield t["whose"], t["several"] if result.enterprise == "file" else text(result.enterprise)
    if report.reading.files:
        yield t["files"], ("、" if report.lang == "zh" else ", ").join(text(name, _NAME) for name in report.reading.files)
    yield t["as_of"], result.as_of.isoformat()
    yield t["period"], f"{result.period[0].isoformat()} {t['to']} {result.period[1].isoformat()}"
    yield t["lines"], t["lines_told"].format(judged=result.lines_judged, weighed=result.lines_weighed, outside=result.lines_outside_period)
    yield t["coverage"], percent(result.coverage_ppm)


def dimension_rows(result: Result, lang: Language) -> list[dict[str, Any]]:
    """Dimensions, then caps, with the tenths of a point that are shown: these add up to what is missing of the score shown."""
    w = words(lang)
    losses = [dimension.lost_micro for dimension in result.dimensions] + [cap.points_micro for cap in result.caps]
    tenths = allotted(result.score_exact_micro, losses)
    rows = [_dimension_row(dimension, given, w, lang) for dimension, given in zip(result.dimensions, tenths, strict=False)]
    for cap, given in zip(result.caps, tenths[len(result.dimensions) :], strict=True):
        name = w["text"]["cap"].format(title=rule_wording(cap.rule).title[lang])
        rows.append({"name": name, "weight": "", "lost": points(given), "tenths": given, "judged": True, "state": ""})
    return rows


def _dimension_row(dimension: DimensionResult, given: int, w: Words, lang: Language) -> dict[str, Any]:
    judged = dimension.lost_micro is not None
    return {
        "name": f"{dimension.number} {dimension_name(dimension.number)[lang]}",
        "weight": score_shown(dimension.weight_micro) if judged else "",
        "lost": points(given) if judged else "–",
        "tenths": given,
        "judged": judged,
        "state": w["dimension_state"][dimension.state],
    }


def _missing(result: Result, t: Mapping[str, str]) -> str:
    tenths = missing_tenths(result.score_exact_micro)
    return t["missing"].format(points=points(tenths)) if tenths else t["nothing_missing"]


def _waterfall(result: Result, lang: Language) -> dict[str, Any] | None:
    if result.score_exact_micro is None:
        return None
    t, rows, left = words(lang)["text"], dimension_rows(result, lang), _FULL_TENTHS
    score = score_shown(result.score_exact_micro)
    bars = [Bar(t["start"], "100", 0, _FULL_TENTHS, "full")]
    for row in rows:
        if row["tenths"]:
            bars.append(Bar(row["name"], f"−{row['lost']}", left, left - row["tenths"], "lost"))
            left -= row["tenths"]
    bars.append(Bar(t["score"], score, 0, left, "score"))
    parts = ("；" if lang == "zh" else "; ").join(t["waterfall_part"].format(name=row["name"], points=row["lost"]) for row in rows if row["tenths"])
    return {"svg": waterfall(bars, t["waterfall"].format(score=score, parts=parts or t["nothing_missing"])), "rows": rows}


def notes_of(result: Result, t: Mapping[str, str]) -> Iterator[str]:
    """What is to be known beside the score."""
    if result.score_exact_micro is not None:
        yield t["shown_sums"]
        if any(dimension.lost_micro is None for dimension in result.dimensions):
            yield t["left_out"]
    if result.edition_substituted:
        yield t["substituted"].format(n=result.edition_substituted)
    yield from _rate_notes(result, t)
    if result.unplaced:
        yield t["unplaced"].format(n=len(result.unplaced))
    if result.reviews_unmatched:
        yield t["unmatched"].format(n=len(result.reviews_unmatched), ids=", ".join(result.reviews_unmatched[:SHOWN]))
    if result.declared_today:
        codes = sorted({group.code for group in result.declared_today})
        shown = ", ".join(text(code) for code in codes[:SHOWN]) + ("…" if len(codes) > SHOWN else "")
        yield f"{t['today']}: " + t["today_told"].format(lines=sum(len(group.lines) for group in result.declared_today), codes=shown)


def _rate_notes(result: Result, t: Mapping[str, str]) -> Iterator[str]:
    """On what amounts rest where it is not the rate of their month."""
    without = sum(use.lines_without for use in result.rates)
    if without:
        yield t["no_rate"].format(n=without)
    if result.lines_unvalued:
        yield t["unvalued"].format(n=result.lines_unvalued)
    for use in result.rates:
        if use.currency and (use.by_year or use.by_earlier):
            yield t["other_rate"].format(currency=text(use.currency), by_year=len(use.by_year), by_earlier=len(use.by_earlier))


def causes_of(report: Report) -> Iterator[dict[str, Any]]:
    """The causes as things to do: sentence, action, size, and the way that comes first with its deadline."""
    findings = {finding.id: finding for finding in report.result.findings}
    for number, cause in enumerate(report.causes, 1):
        yield _cause(cause, number, [findings[name] for name in cause.findings], report)


def _cause(cause: Cause, number: int, findings: Sequence[Finding], report: Report) -> dict[str, Any]:
    lang, t = report.lang, words(report.lang)["text"]
    told = cause.to_json(lang)
    ways = ways_of([routes_for(finding, report.result.as_of) for finding in findings])
    first = ways[0].option if ways else None
    return {
        "number": number,
        "sentence": text(told["sentence"]),
        "action": told["action"],
        "points_micro": cause.points_micro,
        "lines": cause.lines,
        "declarations": cause.declarations,
        "codes": [text(code) for code in cause.codes],
        "repairable": cause.repairable,
        "route": first.name[lang] if first else "",
        "deadline_on": first.act_by if first else None,
        "deadline": deadline_of(first, lang) if first and cause.repairable else t["unrepairable"],
        "ways": [route_of(way.option, lang) for way in ways],
    }


def _codes(report: Report) -> dict[str, Any]:
    """The codes of the highest value with what is lost there; with the rest and the caps the points add up to what is missing of the score shown."""
    axis = next(one for one in report.breakdowns if one.axis == "code")
    entries, rest = leading(axis, SHOWN, "value")
    exact, t = report.result.score_exact_micro, words(report.lang)["text"]
    rows: list[Entry] = [*entries, *([rest] if rest else [])]
    tenths = allotted(exact, [*(entry.points_micro for entry in rows), axis.caps_micro])
    shown = [
        {
            "code": text(entry.value) or "–",
            "value": money(entry.value_fen),
            "lines": entry.lines,
            "concerned": entry.concerned,
            "lost": points(given) if exact is not None else "–",
        }
        for entry, given in zip(rows, tenths, strict=False)
    ]
    if rest:
        shown[-1]["code"] = t["others"].format(n=len(axis.entries) - len(entries))
    return {"rows": shown, "caps": points(tenths[-1]) if axis.caps_micro else ""}


def _misclassified(own: OwnCode, lang: Language) -> dict[str, Any]:
    rivalry = own.rivalry
    return {
        "code": text(rivalry.code),
        "rival": text(rivalry.rival or "–"),
        "lines": own.lines,
        "fact": rivalry.deciding_fact[lang] if rivalry.deciding_fact else (rivalry.question[lang] if rivalry.question else "–"),
        "corrections": [f"{correction.when[lang]} → {correction.code}" for correction in rivalry.corrections],
        "basis": " · ".join(rivalry_to_json(rivalry, lang)["basis"]),
    }


def _ways(causes: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Every route that a cause has, once, as it stands for the costliest."""
    found: dict[str, dict[str, str]] = {}
    for cause in causes:
        for way in cause["ways"]:
            found.setdefault(way["name"], way)
    return list(found.values())


def _ledger(report: Report, shown: int) -> dict[str, Any]:
    result, t = report.result, words(report.lang)["text"]
    lost = [*(finding.points_micro for finding in result.findings), *(cap.points_micro for cap in result.caps)]
    hundredths = allotted(result.score_exact_micro, lost, _HUNDREDTHS)
    count = len(result.findings)
    told = t["ledger_all"] if count <= shown else t["ledger_told"]
    first = zip(result.findings[:shown], hundredths, strict=False)
    return {
        "told": told.format(all=count, shown=shown) if count else t["nothing_to_do"],
        "findings": [_finding(finding, number, given, report) for number, (finding, given) in enumerate(first, 1)],
    }


def _finding(finding: Finding, number: int, given: int, report: Report) -> dict[str, Any]:
    lang, t, wording = report.lang, words(report.lang)["text"], rule_wording(finding.rule)
    review = finding.review
    return {
        "number": number,
        "id": finding.id,
        "rule": finding.rule,
        "title": wording.title[lang],
        "goods": text(finding.goods_name, _NAME),
        "code": text(finding.code),
        "lost": points(given, 2) if finding.points_micro is not None else "–",
        "count": len(finding.lines),
        "span": t["lines_of"].format(n=len(finding.lines), first=finding.first_day.isoformat(), last=finding.last_day.isoformat()),
        "lines": [text(line) for line in finding.lines[:LINES]],
        "more_lines": t["and_more"].format(n=len(finding.lines) - LINES) if len(finding.lines) > LINES else "",
        "suggested": [text(code) for code in finding.suggested_codes],
        "question": wording.question[lang],
        "advice": wording.advice[lang],
        "basis": wording.basis[lang],
        "evidence": evidence_of(finding, lang),
        "review": t["reviewed"].format(because=text(review.because), by=text(review.by), on=review.on.isoformat()) if review else "",
        "routes": [route_of(option, lang) for option in routes_for(finding, report.result.as_of)],
    }


def _rejected(report: Report) -> dict[str, Any]:
    rejected, lang, t = report.reading.rejected, report.lang, words(report.lang)["text"]
    count = len(rejected)
    rows = [
        {"row": row.row, "file": text(row.file, _NAME), "code": row.code, "reason": text(row.zh if lang == "zh" else row.en)} for row in rejected.head(REJECTED)
    ]
    return {"count": count, "rows": rows, "more": t["rejected_more"].format(n=count - REJECTED) if count > REJECTED else ""}


def versions_of(result: Result, w: Words) -> Iterator[tuple[str, str]]:
    """What the result rests on; hashes whole, sources one by one."""
    for name, value in result.versions.items():
        label = w["version"].get(name, name)
        if isinstance(value, Mapping):
            yield from ((f"{label}: {text(part)}", text(_joined(said))) for part, said in value.items())
        else:
            yield label, text(value)


def _joined(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, Sequence) and not isinstance(value, str) else str(value)
