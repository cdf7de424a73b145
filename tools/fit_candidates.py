"""Finding the weights of candidate headings anew, for `evaluate_candidates.py --fit`: from goods of `dev`, decisions, rulings and names held out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from candidate_cases import FOLDS, Judged

from ecid.errors import Language
from ecid.knowledge.candidates.fitting import Choice, Stated, fit, fit_sharpness
from ecid.knowledge.candidates.ranking import Weights, ranked, utility
from ecid.knowledge.candidates.suspicion import doubts

WEIGHTS = Path(__file__).parents[1] / "layers" / "core" / "python" / "ecid" / "knowledge" / "candidates" / "weights.toml"
LANGUAGES: tuple[Language, ...] = ("zh", "en")
RIDGE, RIDGE_OF_SHARPNESS, RIDGE_OF_DOUBT = 2e-4, 2e-3, 1e-3
COUNTS: Mapping[str, float] = {"goods": 1.0, "decision": 2.0, "ruling": 2.0, "held-out names": 0.5, "UK names": 0.7}
"""How much an example of each set counts in fitting the weights."""
STATED: Mapping[str, float] = {"goods": 0.5, "decision": 1.0, "ruling": 2.0, "held-out names": 0.4, "UK names": 0.5}
"""How much each set counts, however many cases it has, in fitting how sure to be: the sets that others wrote more than those written for this project."""
_POOL = 120
Level = Literal["heading", "subheading"]


def fit_all(judged: Sequence[Judged]) -> tuple[dict[Language, Weights], dict[tuple[Language, int], Weights]]:
    """Weights by language, and those that a fold of the rulings and decisions is judged by."""
    own = usable(judged)
    whole = {lang: fitted([one for one in own if one.case.lang == lang]) for lang in LANGUAGES}
    crossed = {(lang, fold): fitted([one for one in own if one.case.lang == lang and one.case.fold != fold]) for lang in LANGUAGES for fold in range(FOLDS)}
    return whole, crossed


def without_each(judged: Sequence[Judged]) -> Iterator[tuple[str, Language, Weights]]:
    """Weights found without one of the sets, and so for texts of a kind that was not seen."""
    own = usable(judged)
    for source, lang in sorted({(one.case.source, one.case.lang) for one in own}):
        yield source, lang, fitted([one for one in own if one.case.lang == lang and one.case.source != source])


def fitted(judged: Sequence[Judged]) -> Weights:
    """Weights and sharpness for goods of one language."""
    names: dict[Level, list[str]] = {"heading": sorted(judged[0].evidence.at_headings), "subheading": sorted(judged[0].evidence.at_codes)}
    weights: Weights = {
        "heading": fit(list(_heading_choices(judged, names["heading"])), names["heading"], RIDGE),
        "subheading": fit(list(_code_choices(judged, names["subheading"])), names["subheading"], RIDGE),
    }
    cases = Counter(one.case.source for one in judged)
    shares = [STATED[one.case.source] / cases[one.case.source] for one in judged]
    clarity = list(judged[0].evidence.clarity)
    found = {"heading_sharpness": fit_sharpness(list(_stated_headings(judged, weights, shares)), clarity, RIDGE_OF_SHARPNESS)}
    found["subheading_sharpness"] = fit_sharpness(list(_stated_codes(judged, weights, shares)), clarity, RIDGE_OF_SHARPNESS)
    return {**weights, **found}


def fit_doubt(judged: Iterable[Judged], weights: Mapping[Language, Weights]) -> dict[str, float]:
    """The weights of what speaks against a declared code. The constant may have either sign: it is fitted as two."""
    pairs = []
    for one in judged:
        found = doubts(one.index, one.evidence, ranked(one.evidence, one.index, weights[one.case.lang]), one.case.declared)
        if found is not None and one.case.split == "dev":
            pairs.append((found, bool(one.case.rival)))
    names = [*pairs[0][0], "never"]
    told = [(np.array([*found.values(), -found["always"]], dtype=np.float32), wrong) for found, wrong in pairs]
    found = fit([Choice(np.stack([row, np.zeros_like(row)]), (0 if wrong else 1,)) for row, wrong in told], names, RIDGE_OF_DOUBT)
    found["always"] = round(found.get("always", 0.0) - found.pop("never", 0.0), 3)
    return found


def write_weights(weights: Mapping[Language, Weights], doubt: Mapping[str, float]) -> None:
    """As the program reads them."""
    lines = ["# Weights of the evidence for candidate headings, found by `python tools/evaluate_candidates.py --fit` (docs/candidates.md).", ""]
    lines += as_toml(weights)
    lines += ["# How likely a declared code is wrong: the logarithm of its odds.", "[doubt]"]
    lines += [*(f"{name} = {value}" for name, value in sorted(doubt.items())), ""]
    WEIGHTS.write_text("\n".join(lines), "utf-8")


def as_toml(weights: Mapping[Language, Weights]) -> Iterator[str]:
    """Weights, line by line."""
    for lang, levels in weights.items():
        for level, values in levels.items():
            yield from [f"[{lang}.{level}]", *(f"{name} = {value}" for name, value in sorted(values.items())), ""]


def usable(judged: Iterable[Judged]) -> list[Judged]:
    """Those that may be fitted to."""
    return [one for one in judged if one.case.split in ("dev", "cross") and one.case.source in COUNTS]


def _heading_choices(judged: Iterable[Judged], names: Sequence[str]) -> Iterator[Choice]:
    for one in judged:
        headings = np.stack([one.evidence.at_headings[name] for name in names], 1).astype(np.float32)
        pool = sorted({*np.argsort(-headings.sum(1), kind="stable")[:_POOL].tolist(), *one.right_headings})
        yield Choice(headings[pool], tuple(pool.index(head) for head in one.right_headings), COUNTS[one.case.source])


def _code_choices(judged: Iterable[Judged], names: Sequence[str]) -> Iterator[Choice]:
    for one in judged:
        for head in one.right_headings:
            members = one.members(head)
            if len(members) > 1:
                rows = np.stack([one.evidence.at_codes[name][members] for name in names], 1).astype(np.float32)
                own = tuple(at for at, member in enumerate(members) if one.index.codes[member] in one.case.codes)
                yield Choice(rows, own, COUNTS[one.case.source] / len(one.right_headings))


def _stated_headings(judged: Iterable[Judged], weights: Weights, shares: Iterable[float]) -> Iterator[Stated]:
    for one, share in zip(judged, shares, strict=True):
        sums = utility(one.evidence, weights, "heading")
        yield Stated(np.sort(sums)[::-1], int(sums.argmax()) in one.right_headings, one.evidence.clarity, share)


def _stated_codes(judged: Iterable[Judged], weights: Weights, shares: Iterable[float]) -> Iterator[Stated]:
    """Within the right heading."""
    for one, share in zip(judged, shares, strict=True):
        sums = utility(one.evidence, weights, "subheading")
        for head in one.right_headings:
            members = one.members(head)
            if len(members) > 1:
                own = sums[members]
                yield Stated(own, one.index.codes[members[int(own.argmax())]] in one.case.codes, one.evidence.clarity, share)
