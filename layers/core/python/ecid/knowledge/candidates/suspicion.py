"""How likely a declared code is wrong for the goods: from the ranking, and apart from it from what notes and confusable pairs say against the code."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources

import numpy as np

from ecid.knowledge.candidates.features import Evidence
from ecid.knowledge.candidates.index import CandidateIndex
from ecid.knowledge.candidates.ranking import Ranking

_FLOOR = 1e-4
_HEADING, _SUBHEADING = 4, 6


@cache
def load_doubt() -> Mapping[str, float]:
    """The reviewed weights of `doubts`, as `tools/evaluate_candidates.py --fit` found them."""
    weights: Mapping[str, float] = tomllib.loads(resources.files(__package__).joinpath("weights.toml").read_text("utf-8"))["doubt"]
    return weights


def doubt(index: CandidateIndex, evidence: Evidence, ranking: Ranking, declared: str, weights: Mapping[str, float]) -> float:
    """The probability, 0 to 1, that `declared` is wrong; 1 for a code whose heading the tariff does not have."""
    values = doubts(index, evidence, ranking, declared)
    if values is None:
        return 1.0
    return 1 / (1 + math.exp(-sum(weight * values[name] for name, weight in weights.items())))


def doubts(index: CandidateIndex, evidence: Evidence, ranking: Ranking, declared: str) -> dict[str, float] | None:
    """What speaks against a declared code, as numbers; None if the tariff has no such heading.

    Of a code of four digits, or one that the tariff lacks at six, its heading is judged.
    """
    code, heading = declared[:_SUBHEADING], declared[:_HEADING]
    if heading not in index.headings:
        return None
    head = index.headings.index(heading)
    own_heading = float(ranking.at_headings[head])
    rival_heading = float(np.delete(ranking.at_headings, head).max(initial=0.0))
    if code in index.codes:
        at = index.codes.index(code)
        own, rival = float(ranking.at_codes[at]), float(np.delete(ranking.at_codes, at).max(initial=0.0))
    else:
        own, rival = own_heading, rival_heading
    against = any(_under(code, rule.against) and not _under(code, rule.towards) for rule in evidence.ruled)
    elsewhere = any(rule.towards and not _under(code, rule.towards) for rule in evidence.ruled)
    return {
        "always": 1.0,
        "heading_odds": math.log((rival_heading + _FLOOR) / (own_heading + _FLOOR)),
        "code_odds": math.log((rival + _FLOOR) / (own + _FLOOR)),
        "ruled_out": float(against),
        "sent_elsewhere": float(elsewhere),
    }


def _under(code: str, prefixes: tuple[str, ...]) -> bool:
    return any(code.startswith(prefix) or prefix.startswith(code) for prefix in prefixes)
