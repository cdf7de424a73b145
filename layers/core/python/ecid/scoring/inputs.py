"""What a result follows from, part by part, as far as it touches these lines: another edition, or a decision on other goods, changes nothing.

So a score run can tell before it begins whether it would come to another result, and afterwards why it did.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping

import polars as pl

from ecid.scoring.authority import Decision, merged_decisions
from ecid.scoring.engine import Request, versions_of
from ecid.scoring.policy import Policy
from ecid.scoring.reference import Reference
from ecid.scoring.same_goods import Decisions


def inputs_of(lines: pl.DataFrame, reference: Reference, policy: Policy, request: Request) -> dict[str, str]:
    """Part → what identifies it. Equal parts give equal results.

    `declarations`, `as_of`, `period`, `policy`, `engine`, `rates`, `tariff` (the editions and nomenclatures that judge on the days of these lines or today),
    `decisions` (those whose names are declared), `notes` (on codes declared), `knowledge` (of goods), `rulings`, `outcomes`, `reviews`.
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
        "rulings": told.get("rulings", ""),
        "outcomes": told.get("outcomes", ""),
        "reviews": _digest(sorted((name, review.because, review.by, str(review.on)) for name, review in request.reviews.items())),
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
