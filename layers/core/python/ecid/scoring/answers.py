"""What a result says when it is asked, in either language: ledger, finding, axis, what if, plan, forecast (docs/score-questions.md).

Asked of a `SavedResult`, and answered from it alone.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter, ValidationError

from ecid.errors import BadInput, Language, ReportNotReady
from ecid.scoring import forecast as forecasting
from ecid.scoring.causes import Cause, cause_from_json
from ecid.scoring.loss_table import LossTable
from ecid.scoring.misclassified import OwnCode, own_to_json
from ecid.scoring.plan import plan as planned
from ecid.scoring.result import Finding, in_language
from ecid.scoring.routes import routes_for
from ecid.scoring.saved import SavedFinding, SavedResult
from ecid.scoring.shares import allot
from ecid.scoring.whatif import simulate as simulated
from ecid.scoring.wording import dimension_name

SHORTEST_ID = 4
"""So many characters of an id name a finding or cause, where no other begins like it."""
_TENTHS = 1_000
"""Tenths of a point in 100 points."""
_OWN_CODES = TypeAdapter(tuple[OwnCode, ...])


class NoSuchFinding(BadInput):
    """No finding has that id. Context: `id`."""

    code = "not_found"
    status = 404
    zh = "没有编号以 {id} 开头的待核事项（编号至少给出前四个字符）。"
    en = "No finding has an id that begins with {id} (give at least its first four characters)."


class AmbiguousFinding(NoSuchFinding):
    """More than one finding has an id that begins so. Context: `id`, `count`."""

    zh = "编号以 {id} 开头的待核事项有 {count} 项；请多给几个字符。"
    en = "{count} findings have an id that begins with {id}; give more of it."


class NotBrokenDown(BadInput):
    """The document was written without that axis. Context: `axis`."""

    code = "bad_input"
    zh = "此结果未按 {axis} 分列。"
    en = "This result holds no breakdown by {axis}."


def finding_of(saved: SavedResult, name: str) -> SavedFinding:
    """The finding of an id, or of the beginning of one. Raises NoSuchFinding."""
    whole = _whole(name, [finding.id for finding in saved.findings])
    return next(finding for finding in saved.findings if finding.id == whole)


def finding(saved: SavedResult, one: SavedFinding, lang: Language) -> dict[str, Any]:
    """One finding in the language asked for. What only the document holds (evidence) is in `language`: that of the document where it holds one, null where
    that cannot be told."""
    evidence = [in_language(item, lang) for item in one.evidence]
    language = lang if saved.format else one.language
    told = one.model_dump(mode="json", exclude={"line_count"}) | one.worded(lang) | {"language": language, "evidence": evidence, "line_count": one.count}
    if not saved.format and one.language in (lang, None):
        return told
    return told | {"routes": [option.to_json(lang) for option in routes_for(one.finding(), saved.versions.as_of)]}


def ledger(saved: SavedResult, lang: Language) -> dict[str, Any]:
    """What is missing of 100 points: by dimension, by cap, and by finding; `shown_tenths` are tenths of a point that add up to what is missing when rounded."""
    exact = saved.score_exact_micro
    missing = None if exact is None else _TENTHS - exact // 100_000
    lost = [dimension.lost_micro or 0 for dimension in saved.dimensions] + [cap.points_micro for cap in saved.caps]
    tenths = allot(missing or 0, lost)
    of_findings = allot(missing or 0, [*(finding.points_micro or 0 for finding in saved.findings), *(cap.points_micro for cap in saved.caps)])
    return {
        "score": None if exact is None else exact // 1_000_000,
        "score_exact_micro": exact,
        "missing_micro": None if exact is None else saved.missing_micro,
        "insufficient_data": saved.insufficient_data,
        "provenance": saved.provenance,
        "as_of": saved.versions.as_of.isoformat(),
        "period": {"from": saved.period.since.isoformat(), "to": saved.period.until.isoformat()},
        "lines": {"judged": saved.lines.judged, "weighed": saved.lines.weighed},
        "dimensions": [
            dimension.model_dump() | {"name": dimension_name(dimension.dimension)[lang], "shown_tenths": None if exact is None else shown}
            for dimension, shown in zip(saved.dimensions, tenths, strict=False)
        ],
        "caps": [
            cap.model_dump() | {"title": cap.titles[lang], "shown_tenths": shown}
            for cap, shown in zip(saved.caps, tenths[len(saved.dimensions) :], strict=True)
        ],
        "findings": [
            {
                "id": finding.id,
                "rule": finding.rule,
                "title": finding.titles[lang],
                "dimension": finding.dimension,
                "points_micro": finding.points_micro,
                "shown_tenths": None if exact is None else shown,
                "code": finding.code,
                "goods_name": finding.goods_name,
                "lines": finding.count,
            }
            for finding, shown in zip(saved.findings, of_findings, strict=False)
        ],
    }


def axis(saved: SavedResult, name: str, lang: Language) -> dict[str, Any]:
    """The ledger along one axis. Raises NotBrokenDown."""
    found = saved.breakdown.get(name)
    if found is None:
        raise NotBrokenDown(axis=_shown(name))
    told = found.model_dump()
    if name == "dimension":
        told["entries"] = [entry | {"label": dimension_name(int(entry["value"]))[lang]} for entry in told["entries"]]
    return {"axis": name, **told}


def causes(saved: SavedResult) -> tuple[Cause, ...]:
    """The causes, told anew from their findings. Raises BadInput or NotFound for what is none."""
    findings = _findings(saved)
    return tuple(cause_from_json(shape, findings) for shape in saved.causes)


def simulate(saved: SavedResult, names: Collection[str], lang: Language) -> dict[str, Any]:
    """The exact score with findings or causes corrected, by their ids or the beginning of them. Raises NoSuchFinding, ReportNotReady."""
    table, gathered = _losses(saved), {cause.id: cause.findings for cause in causes(saved)}
    known = [*table.items, *gathered]
    return simulated(table, {_whole(name, known) for name in names}, gathered).to_json(lang)


def plan(saved: SavedResult, target: int, lang: Language) -> dict[str, Any]:
    """The cheapest way to so many points (1 to 100). Raises BadInput, ReportNotReady."""
    if not 1 <= target <= 100:
        raise BadInput(detail={"zh": "目标须为 1 至 100 的整数", "en": "the target must be a whole number from 1 to 100"})
    return planned(_losses(saved), causes(saved), tuple(_findings(saved).values()), target).to_json(lang)


def forecast(saved: SavedResult, lang: Language) -> dict[str, Any]:
    """The score month by month. Raises ReportNotReady where none was made."""
    if saved.forecast is None:
        raise ReportNotReady
    return forecasting.answer_in(saved.forecast, lang)


def misclassified(saved: SavedResult, lang: Language) -> list[dict[str, Any]]:
    """The enterprise's own codes that cost most for their classification. Raises ReportNotReady for a document that says it otherwise."""
    try:
        return [own_to_json(own, lang) for own in _OWN_CODES.validate_python(saved.misclassified)]
    except ValidationError as error:
        raise ReportNotReady from error


def _findings(saved: SavedResult) -> Mapping[str, Finding]:
    return {finding.id: finding.finding() for finding in saved.findings}


def _losses(saved: SavedResult) -> LossTable:
    if saved.what_if is None:
        raise ReportNotReady
    return LossTable.from_json(saved.what_if)


def _whole(name: str, known: Sequence[str]) -> str:
    """The one id of these that begins so. Raises NoSuchFinding."""
    found = {one for one in known if len(name) >= SHORTEST_ID and one.startswith(name.lower())}
    if not found:
        raise NoSuchFinding(id=_shown(name))
    if len(found) > 1:
        raise AmbiguousFinding(id=_shown(name), count=len(found))
    return found.pop()


def _shown(name: str) -> str:
    """What was asked for, as an error may repeat it."""
    return "".join(char for char in name if char.isprintable())[:40]
