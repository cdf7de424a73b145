"""What a result follows from, part by part, as far as it touches these lines: another edition, or a decision on other goods, changes nothing.

So a score run can tell before it begins whether it would come to another result, and afterwards why it did.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping

import polars as pl

from ecid.errors import Language
from ecid.scoring.authority import Decision, merged_decisions
from ecid.scoring.engine import Request, versions_of
from ecid.scoring.kept import FORMAT
from ecid.scoring.policy import Policy
from ecid.scoring.reference import Reference
from ecid.scoring.same_goods import Decisions

_SAID: Mapping[str, Mapping[Language, str]] = {
    "first_run": {"zh": "首次评分", "en": "the first score run"},
    "declarations": {"zh": "申报有新增、修改或撤销", "en": "declarations were lodged, amended or cancelled"},
    "as_of": {"zh": "评分日推移", "en": "the day moved on"},
    "period": {"zh": "评分期间不同", "en": "another period"},
    "policy": {"zh": "评分政策有新版", "en": "another version of the score policy"},
    "engine": {"zh": "评分程序有新版", "en": "another version of the engine"},
    "rates": {"zh": "汇率表有变", "en": "other exchange rates"},
    "tariff": {"zh": "涉及这些申报的税则版本有变", "en": "an edition of the tariff that judges these declarations changed"},
    "decisions": {"zh": "涉及这些货物的归类决定有变", "en": "a classification decision on these goods changed"},
    "notes": {"zh": "涉及这些编码的本国子目注释有变", "en": "a national subheading note on these codes changed"},
    "knowledge": {"zh": "商品知识库有新版", "en": "another version of the knowledge of goods"},
    "marks": {"zh": "管制、检验或退税的编码清单有变", "en": "lists of codes under licence, inspection or refund changed"},
    "rulings": {"zh": "本企业预裁定有变", "en": "the enterprise's own advance rulings changed"},
    "outcomes": {"zh": "海关处置记录有变", "en": "records of what customs did changed"},
    "standing": {"zh": "企业信用等级有变", "en": "the standing of the enterprise changed"},
    "reviews": {"zh": "企业复核标记有变", "en": "the owner's marks changed"},
    "answers": {"zh": "为后续提问保留的内容有新格式", "en": "what is kept for later questions has another form"},
}


def said(part: str, lang: Language) -> str:
    """Why a run was made, in words; a part that this engine does not know by its name."""
    return _SAID[part][lang] if part in _SAID else part


def inputs_of(lines: pl.DataFrame, reference: Reference, policy: Policy, request: Request) -> dict[str, str]:
    """Part → what identifies it. Equal parts give equal results.

    `declarations`, `as_of`, `period`, `policy`, `engine`, `rates`, `tariff` (the editions and nomenclatures that judge on the days of these lines or today),
    `decisions` (those whose names are declared), `notes` (on codes declared), `knowledge` (of goods), `marks` (lists of codes, where goods are placed),
    `rulings`, `outcomes`, `standing` (whether it is an advanced certified enterprise), `reviews`, `answers` (what is kept for later questions).
    """
    versions, told = versions_of(lines, reference, policy, request), request.authority.versions()
    days = {request.as_of, *lines["declared_on"].drop_nulls().unique().to_list()}
    codes = set(lines["code"].cast(pl.String).str.slice(0, 8).unique().to_list())
    notes = [note for note in reference.notes or () if codes & set(note.codes)]
    return {
        "declarations": str(versions["input_sha256"]),
        "as_of": request.as_of.isoformat(),
        "period": str(request.period and [day.isoformat() for day in request.period]),
        "policy": policy.id,
        "engine": str(versions["engine"]),
        "rates": _digest([reference.rates.id, reference.versions.get(reference.rates.id)]),
        "tariff": _digest({name: reference.versions.get(name) for name in reference.tariff.sources(sorted(days))}),
        "decisions": _decisions(lines, reference, request),
        "notes": _digest([[note.id, note.words, str(note.valid_from), str(note.valid_to)] for note in notes]),
        "knowledge": reference.placement.version if reference.placement else "",
        "marks": _digest(sorted((listed.id, listed.sha256) for listed in reference.marks)) if reference.placement and reference.marks else "",
        "rulings": told.get("rulings", ""),
        "outcomes": told.get("outcomes", ""),
        "standing": str(request.authority.is_advanced(request.as_of)),
        "reviews": _digest(sorted((name, review.because, review.by, str(review.on)) for name, review in request.reviews.items())),
        "answers": str(FORMAT),
    }


def changed(before: Mapping[str, str] | None, now: Mapping[str, str]) -> tuple[str, ...]:
    """The parts that differ, sorted; `first_run` where there was nothing before."""
    if before is None:
        return ("first_run",)
    return tuple(sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name)))


def identity(inputs: Mapping[str, str]) -> str:
    """The name of the result that follows from the inputs."""
    return _digest(dict(inputs))[:24]


def _decisions(lines: pl.DataFrame, reference: Reference, request: Request) -> str:
    loaded = reference.decisions is not None or request.authority.decisions is not None
    decisions = Decisions(merged_decisions(reference.decisions or (), request.authority.decisions or ()), reference.tariff)
    return _digest([loaded, _told(decisions.named_by(lines["name"].drop_nulls().unique().to_list()))])


def _told(decisions: Iterable[Decision]) -> list[list[str]]:
    return [[item.number, item.code, *item.names, str(item.valid_from), str(item.valid_to), item.words] for item in decisions]


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, ensure_ascii=False, sort_keys=True).encode()).hexdigest()
