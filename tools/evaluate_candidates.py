"""Measure candidate headings and wrong-code detection on the sets of knowledge/evaluation and on what is imported; with --fit, find the weights anew first.

    python tools/evaluate_candidates.py [--fit] [--out docs/candidates-figures.md]

Fitting sees the dev split only: goods and wrong codes of `dev`, published decisions and US rulings (each without its own record), and names that were held
out of the index, chosen by a hash of their record. What is reported of rulings and decisions after --fit is cross-fitted: their weights come from the other
three quarters. A line a run is added to the history.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from candidate_cases import DAY, SETS, Judged, all_cases, held_out, judge, sets
from fit_candidates import fit_all, fit_doubt, without_each, write_weights

from ecid.bootstrap import platform
from ecid.errors import Language
from ecid.knowledge.candidates.answer import load_policy
from ecid.knowledge.candidates.index import build_index
from ecid.knowledge.candidates.ranking import Ranking, Weights, load_weights, ranked
from ecid.knowledge.candidates.suspicion import doubts, load_doubt
from ecid.knowledge.corpus import assemble
from ecid.knowledge.pack_records import read_records
from ecid.services import import_knowledge
from ecid.tariff.model import Edition, Nomenclature

HISTORY = SETS / "history.jsonl"
DRAWS, BINS, SURE = 1000, 10, 0.8
HARD = ("ruling", "decision", "UK names", "held-out names")
"""Sets that were not written for this project, and names that nobody told: what abstaining is judged by."""
Crossed = Mapping[tuple[Language, int], Weights]


@dataclass(frozen=True)
class Outcome:
    """The places of the right heading and code (0-based), and how sure the answer was of its first ones."""

    heading_rank: int
    code_rank: int
    confidence: float
    code_confidence: float


def outcome(one: Judged, ranking: Ranking) -> Outcome:
    index = one.index
    heads = np.argsort(-ranking.at_headings, kind="stable").tolist()
    codes = [index.codes[at] for at in np.argsort(-ranking.at_codes, kind="stable")[:200]]
    rank = next((at for at, code in enumerate(codes) if code in one.case.codes), 999)
    return Outcome(min(heads.index(head) for head in one.right_headings), rank, float(ranking.at_headings.max()), float(ranking.at_codes.max()))


def calibration_error(confidence: Sequence[float], right: Sequence[bool]) -> float:
    """Mean distance of stated confidence from what came true, over ten equal steps of confidence, weighed by cases."""
    stated, true = np.array(confidence), np.array(right, dtype=float)
    steps = np.minimum((stated * BINS).astype(int), BINS - 1)
    return float(sum(abs(stated[steps == step].mean() - true[steps == step].mean()) * (steps == step).mean() for step in range(BINS) if (steps == step).any()))


def interval(values: Sequence[bool]) -> tuple[float, float]:
    """95 % bootstrap interval of a share."""
    draws = np.random.default_rng(1).choice(np.array(values, dtype=float), (DRAWS, len(values))).mean(1)
    return float(np.quantile(draws, 0.025)), float(np.quantile(draws, 0.975))


def area(wrong: Sequence[float], right: Sequence[float]) -> float:
    """Area under the ROC curve: how often a wrong code is suspected more than a right one."""
    return float(np.mean([(one > other) + 0.5 * (one == other) for one in wrong for other in right]))


def figures(found: Sequence[Outcome]) -> dict[str, Any]:
    """Shares right among the first 1, 3 and 10, with their intervals; nDCG@10; stated less true; how often decided, and right then."""
    shown: dict[str, Any] = {"cases": len(found)}
    for level, ranks in (("heading", [one.heading_rank for one in found]), ("code", [one.code_rank for one in found])):
        for top in (1, 3, 10):
            hits = [rank < top for rank in ranks]
            shown[f"{level}@{top}"] = [float(np.mean(hits)), *interval(hits)]
        shown[f"{level}_ndcg@10"] = float(np.mean([1 / np.log2(rank + 2) if rank < 10 else 0.0 for rank in ranks]))
    right, right_code = [one.heading_rank == 0 for one in found], [one.code_rank == 0 for one in found]
    stated, stated_code = [one.confidence for one in found], [one.code_confidence for one in found]
    shown["stated"] = [float(np.mean(stated)), float(np.mean(stated_code))]
    shown["calibration"] = [calibration_error(stated, right), calibration_error(stated_code, right_code)]
    sure = [one for one in found if one.confidence >= load_policy()["abstain_below"]]
    shown["decided"] = len(sure) / len(found)
    shown["right_when_decided"] = float(np.mean([one.heading_rank == 0 for one in sure])) if sure else None
    return shown


def table(groups: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    yield "| set | cases | heading top-1/3/10 | interval | nDCG@10 | six digits top-1/3/10 | interval | nDCG@10 | calibration error | decided, right then |"
    yield "|---|---|---|---|---|---|---|---|---|---|"
    for name, row in groups.items():
        cells = [name, str(row["cases"])]
        for level in ("heading", "code"):
            depths = [row[f"{level}@{top}"] for top in (1, 3, 10)]
            cells.append("/".join(f"{100 * depth[0]:.0f}" for depth in depths))
            cells.append(", ".join(f"{100 * depth[1]:.0f}–{100 * depth[2]:.0f}" for depth in depths))
            cells.append(f"{row[f'{level}_ndcg@10']:.2f}")
        cells.append(f"{row['calibration'][0]:.3f}, {row['calibration'][1]:.3f}")
        right = f"{100 * row['right_when_decided']:.0f}" if row["right_when_decided"] is not None else "–"
        cells.append(f"{100 * row['decided']:.0f}, {right}")
        yield f"| {' | '.join(cells)} |"


def suspected(judged: Sequence[Judged], weights: Mapping[Language, Weights], doubt: Mapping[str, float]) -> dict[str, dict[str, float]]:
    """By split and rival, how well wrong codes are told from right ones."""
    found: dict[tuple[str, str], list[float]] = defaultdict(list)
    for one in judged:
        values = doubts(one.index, one.evidence, ranked(one.evidence, one.index, weights[one.case.lang]), one.case.declared) if one.case.declared else None
        if values is not None:
            found[one.case.split, one.case.rival or "right"].append(sum(weight * values[name] for name, weight in doubt.items()))
    return {
        rival: {split: area(found[split, rival], found[split, "right"]) for split in ("dev", "test", "unseen") if found[split, rival]}
        for rival in ("same_chapter", "hardest")
    }


def threshold(groups: Mapping[str, Sequence[Outcome]]) -> float:
    """The least confidence, in steps of 0.05, from which four in five are right, the hard sets counting the same."""
    hard = [found for name, found in groups.items() if name.startswith(HARD)]
    for step in range(20):
        least = step / 20
        sure = [[one.heading_rank == 0 for one in found if one.confidence >= least] for found in hard]
        if all(sure) and np.mean([np.mean(right) for right in sure]) >= SURE:
            return least
    return 1.0


def outcomes(judged: Sequence[Judged], weights: Mapping[Language, Weights], crossed: Crossed) -> dict[str, list[Outcome]]:
    groups: dict[str, list[Outcome]] = defaultdict(list)
    for one in judged:
        case = one.case
        ranking = ranked(one.evidence, one.index, crossed.get((case.lang, case.fold), weights[case.lang]))
        groups[f"{case.source}, {case.lang}, {case.split}"].append(outcome(one, ranking))
    return dict(sorted(groups.items()))


def strange(judged: Sequence[Judged]) -> dict[str, dict[str, Any]]:
    """Each set, judged by weights that never saw it."""
    return {
        f"{source}, {lang}": figures(
            [outcome(one, ranked(one.evidence, one.index, own)) for one in judged if (one.case.source, one.case.lang) == (source, lang)]
        )
        for source, lang, own in without_each(judged)
    }


def report(entry: Mapping[str, Any]) -> Iterator[str]:
    yield from table(entry["sets"])
    if "strange" in entry:
        yield from ["", "Weights and sharpness found without the set itself, dev and test together:", "", *table(entry["strange"])]
    yield from ["", "| wrong code against | dev | test | unseen |", "|---|---|---|---|"]
    for rival, areas in entry["wrong_codes"].items():
        yield f"| {rival} | {' | '.join(f'{areas[split]:.3f}' for split in ('dev', 'test', 'unseen'))} |"
    yield ""
    yield f"Four in five are right from a confidence of {entry['threshold']:.2f}."
    yield f"The evidence for a query takes {entry['p50_ms']:.0f} ms (p95 {entry['p95_ms']:.0f} ms), making the index {entry['build_s']:.0f} s."
    yield f"Sets: {', '.join(f'`{name}` {mark}' for name, mark in entry['goods_sha256'].items())}."


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fit", action="store_true")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    settings = platform().settings
    datasets = import_knowledge.loaded(settings.home, settings.pack_dir)
    records = list(assemble(read_records(settings.pack_dir), datasets).records)
    editions, nomenclatures = [item for item in datasets if isinstance(item, Edition)], [item for item in datasets if isinstance(item, Nomenclature)]
    kept, names = held_out(records)
    seconds: list[float] = []
    begun = perf_counter()
    whole = build_index(records, editions, nomenclatures, DAY)
    built = perf_counter() - begun
    judged = list(judge(whole, all_cases(records), seconds))
    judged += judge(build_index(kept, editions, nomenclatures, DAY), names, [])
    weights, doubt = load_weights(), load_doubt()
    crossed: Crossed = {}
    if options.fit:
        weights, crossed = fit_all(judged)
        doubt = fit_doubt([one for one in judged if one.case.declared], weights)
        write_weights(weights, doubt)
    found = outcomes(judged, weights, crossed)
    entry: dict[str, Any] = {"at": platform().now().isoformat(timespec="seconds"), "goods_sha256": sets(), "fitted": options.fit}
    entry |= {"sets": {name: figures(own) for name, own in found.items()}, "wrong_codes": suspected(judged, weights, doubt), "threshold": threshold(found)}
    entry |= {"p50_ms": 1000 * np.median(seconds), "p95_ms": 1000 * np.quantile(seconds, 0.95), "build_s": built}
    if options.fit:
        entry["strange"] = strange(judged)
    text = "\n".join([*report(entry), ""])
    print(text)
    with HISTORY.open("a", encoding="utf-8") as history:
        history.write(json.dumps({"candidates": entry}, default=float, ensure_ascii=False) + "\n")
    if options.out:
        options.out.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
