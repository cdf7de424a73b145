"""Candidate headings for goods: ranked six-digit codes with confidence and evidence, whether that decides anything, and how doubtful a declared code is."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal

import numpy as np

from ecid.errors import Language
from ecid.knowledge.candidates.features import Evidence, evidence_for
from ecid.knowledge.candidates.index import CandidateIndex
from ecid.knowledge.candidates.ranking import Ranking, load_weights, ranked
from ecid.knowledge.candidates.suspicion import doubt, load_doubt

_HEADING, _SUBHEADING = 4, 6


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of evidence: record `record` says `quote`; `speaks` for the code or against it."""

    kind: Literal["wording", "name", "excluded", "included", "settled"]
    record: str
    quote: str
    speaks: Literal["for", "against"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A six-digit code. `score` is the probability that it is the right one, `heading_score` that its heading is; `titles` its wording by language."""

    code: str
    score: float
    heading_score: float
    titles: Mapping[Language, str]
    evidence: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """`candidates` best first. Not `decided`: the goods are too little described, or too unlike what is known, for a heading to be relied on.

    `suspicion` is the probability, 0 to 1, that the declared code is wrong; None where none was declared.
    """

    name: str
    candidates: tuple[Candidate, ...]
    decided: bool
    suspicion: float | None = None


@cache
def load_policy() -> Mapping[str, Any]:
    """When candidates are put forward, and how many."""
    return tomllib.loads(resources.files(__package__).joinpath("policy.toml").read_text("utf-8"))


def candidates(
    index: CandidateIndex, text: str, lang: Language, *, top: int | None = None, declared: str | None = None, without: Collection[str] = ()
) -> Answer:
    """Rank the codes of the index for goods as described. Records `without` have no say; `declared` is a code of four digits or more."""
    if not index.codes or not text.strip():
        return Answer("", (), False, None if declared is None else 0.5)
    evidence = evidence_for(index, text, lang, without)
    ranking = ranked(evidence, index, load_weights()[lang])
    count = load_policy()["shown"] if top is None else top
    best = np.argsort(-ranking.at_codes, kind="stable")[:count]
    suspicion = doubt(index, evidence, ranking, declared, load_doubt()) if declared is not None else None
    return Answer(
        name=evidence.goods.name,
        candidates=tuple(_candidate(index, int(at), evidence, ranking) for at in best),
        decided=bool(ranking.at_headings.max() >= load_policy()["abstain_below"]),
        suspicion=suspicion,
    )


def _candidate(index: CandidateIndex, at: int, evidence: Evidence, ranking: Ranking) -> Candidate:
    code = index.codes[at]
    titles = {lang: words[code].own or words[code].above for lang, words in index.wording.items() if code in words}
    pieces = tuple(_pieces(index, code, evidence))[: load_policy()["evidence_shown"]]
    return Candidate(code, float(ranking.at_codes[at]), float(ranking.at_headings[index.heads[at]]), titles, pieces)


def _pieces(index: CandidateIndex, code: str, evidence: Evidence) -> Iterator[Piece]:
    """Rules first, then names that are like the goods' own, then the wording of the code."""
    for rule in evidence.ruled:
        if _covers(rule.towards, code):
            yield Piece(rule.kind, rule.record, rule.words, "for")
        elif _covers(rule.against, code):
            yield Piece(rule.kind, rule.record, rule.words, "against")
    seen: set[str] = set()
    for lang, number, _ in evidence.neighbours:
        name = index.names[lang][number]
        if name.record not in seen and any(own[:_SUBHEADING] == code or own == code[:_HEADING] for own in name.codes):
            seen.add(name.record)
            yield Piece("name", name.record, name.text, "for")
    for words in index.wording.values():
        if code in words:
            yield Piece("wording", words[code].record, words[code].own or words[code].above, "for")


def _covers(prefixes: tuple[str, ...], code: str) -> bool:
    return any(code.startswith(prefix) or prefix.startswith(code) for prefix in prefixes)
