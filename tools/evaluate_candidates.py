"""Measure candidate headings and wrong-code detection on the sets of knowledge/evaluation and on what is imported; with --fit, find the weights anew first.

    python tools/evaluate_candidates.py [--fit] [--out docs/candidates-figures.md]

Fitting sees the dev split only: goods and wrong codes of `dev`, published decisions and US rulings (each without its own record), and names that were
held out of the index, chosen by a hash of their record. What is reported of rulings and decisions after --fit is cross-fitted: their weights come from
the other three quarters.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from ecid.bootstrap import platform
from ecid.errors import Language
from ecid.knowledge.candidates.features import Evidence, evidence_for
from ecid.knowledge.candidates.fitting import Choice, fit
from ecid.knowledge.candidates.index import CandidateIndex, build_index
from ecid.knowledge.candidates.ranking import Ranking, Weights, load_weights, ranked, utility
from ecid.knowledge.candidates.suspicion import doubts, load_doubt
from ecid.knowledge.corpus import assemble
from ecid.knowledge.pack_records import read_records
from ecid.knowledge.records import Record
from ecid.services import import_knowledge
from ecid.tariff.model import Edition, Nomenclature

ROOT = Path(__file__).parents[1]
SETS = ROOT / "knowledge" / "evaluation"
WEIGHTS = ROOT / "layers" / "core" / "python" / "ecid" / "knowledge" / "candidates" / "weights.toml"
DAY = date(2025, 6, 1)
RIDGE = 2e-4
FOLDS = 4
COUNTS: Mapping[str, float] = {"goods": 3.0, "decision": 2.0, "ruling": 1.0, "held-out names": 0.5, "UK names": 0.5}
"""How much an example of each set counts in fitting."""
_POOL, _HELD_OUT = 120, 10


@dataclass(frozen=True)
class Case:
    """Goods with the codes that are right; `fold` is 0 to 3 for what is cross-fitted, -1 for what has a split of its own."""

    source: str
    split: str
    lang: Language
    text: str
    codes: tuple[str, ...]
    without: tuple[str, ...] = ()
    fold: int = -1
    declared: str = ""
    rival: str = ""


@dataclass(frozen=True)
class Judged:
    """A case with its evidence, cut down to the headings that matter for fitting."""

    case: Case
    index: CandidateIndex
    evidence: Evidence


def _mark(text: str) -> int:
    return int(hashlib.sha256(text.encode()).hexdigest()[:8], 16)


def goods_cases() -> Iterator[Case]:
    for lang in ("zh", "en"):
        for row in _rows(f"goods_{lang}.jsonl"):
            yield Case("goods", row["split"], row["lang"], row["text"], tuple({row["code"], *row["codes"]}))


def wrong_code_cases() -> Iterator[Case]:
    for row in _rows("wrong_codes.jsonl"):
        yield Case("wrong codes", row["split"], row["lang"], row["text"], (row["code"],), declared=row["declared"], rival=row["rival"] if row["wrong"] else "")


def record_cases(records: Sequence[Record]) -> Iterator[Case]:
    for record in records:
        fold = _mark(record.id) % FOLDS
        codes = tuple(code[:6] for code in record.codes if len(code) >= 6)
        if record.id.startswith("us-ruling-"):
            yield Case("ruling", "cross", "en", record.title["en"], codes, (record.id,), fold)
        elif record.kind == "decision" and record.in_force(DAY) and "authority" not in record.facts:
            yield Case("decision", "cross", "zh", f"{record.title['zh']}；{record.text['zh'].split('。归入')[0]}", codes, (record.id,), fold)


def held_out(records: Sequence[Record]) -> tuple[list[Record], list[Case]]:
    """The records but a tenth of the names, and those names as cases; half of them (by hash) for fitting."""
    kept, cases = [], []
    for record in records:
        names = record.facts.get("names", {}) if record.kind == "term" else {}
        if len(record.codes) == 1 and len(record.codes[0]) == 6 and names and _mark(record.id) % _HELD_OUT == 0:
            split = "dev" if _mark(record.id) // _HELD_OUT % 2 else "test"
            source = "held-out names" if len(names) > 1 else "UK names"
            cases += [Case(source, split, lang, names[lang][0], record.codes) for lang in names]
        else:
            kept.append(record)
    return kept, cases


def _rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (SETS / name).read_text("utf-8").splitlines()]


def judge(index: CandidateIndex, cases: Iterable[Case], seconds: list[float]) -> Iterator[Judged]:
    for case in cases:
        known = tuple(code for code in case.codes if code in index.codes)
        if not known:
            continue
        begun = perf_counter()
        evidence = evidence_for(index, case.text, case.lang, case.without)
        ranked(evidence, index, load_weights()[case.lang])
        seconds.append(perf_counter() - begun)
        yield Judged(replace(case, codes=known), index, _halved(evidence))


def _halved(evidence: Evidence) -> Evidence:
    """Half the precision: thousands of them are kept."""
    rows: list[dict[str, Any]] = [{name: row.astype(np.float16) for name, row in level.items()} for level in (evidence.at_codes, evidence.at_headings)]
    return replace(evidence, at_codes=rows[0], at_headings=rows[1])


def choices(judged: Iterable[Judged]) -> tuple[dict[str, list[str]], list[Choice], list[Choice]]:
    names: dict[str, list[str]] = {}
    of_headings, of_codes = [], []
    for one in judged:
        index, evidence = one.index, one.evidence
        names = {"heading": sorted(evidence.at_headings), "subheading": sorted(evidence.at_codes)}
        weight = COUNTS.get(one.case.source, 0.0)
        headings = np.stack([evidence.at_headings[name] for name in names["heading"]], 1).astype(np.float32)
        right = sorted({index.headings.index(code[:4]) for code in one.case.codes})
        pool = sorted(set(np.argsort(-headings.sum(1), kind="stable")[:_POOL].tolist()) | set(right))
        of_headings.append(Choice(headings[pool], tuple(pool.index(head) for head in right), weight))
        for head in right:
            members = np.flatnonzero(index.heads == head)
            if len(members) > 1:
                rows = np.stack([evidence.at_codes[name][members] for name in names["subheading"]], 1).astype(np.float32)
                own = tuple(at for at, member in enumerate(members) if index.codes[member] in one.case.codes)
                of_codes.append(Choice(rows, own, weight / len(right)))
    return names, of_headings, of_codes


def fitted(judged: Sequence[Judged]) -> Weights:
    names, of_headings, of_codes = choices(judged)
    return sharpened(judged, {"heading": fit(of_headings, names["heading"], RIDGE), "subheading": fit(of_codes, names["subheading"], RIDGE)})


def sharpened(judged: Sequence[Judged], weights: Weights) -> Weights:
    """How much to make of the weighted sum, so that what is stated comes true: every set counts the same, however many cases it has."""
    cases = Counter(one.case.source for one in judged)
    of_headings, of_codes = [], []
    for one in judged:
        index, share = one.index, 1 / cases[one.case.source]
        factors = np.array([1.0, *one.evidence.clarity.values()], dtype=np.float32)
        row = utility(one.evidence, weights, "heading")
        right = tuple(sorted({index.headings.index(code[:4]) for code in one.case.codes}))
        of_headings.append(Choice(np.outer(row, factors), right, share))
        row = utility(one.evidence, weights, "subheading")
        for head in right:
            members = np.flatnonzero(index.heads == head)
            own = tuple(at for at, member in enumerate(members) if index.codes[member] in one.case.codes)
            of_codes.append(Choice(np.outer(row[members], factors), own, share / len(right)))
    names = ["constant", *judged[0].evidence.clarity]
    found = {f"{level}_sharpness": fit(made, names, 1e-6) for level, made in (("heading", of_headings), ("subheading", of_codes))}
    return {**weights, **found}


def fit_all(judged: Sequence[Judged]) -> tuple[dict[Language, Weights], dict[tuple[Language, int], Weights]]:
    """Weights by language, and those that a fold of the rulings and decisions is judged by."""
    languages: tuple[Language, ...] = ("zh", "en")
    usable = [one for one in judged if one.case.split in ("dev", "cross") and one.case.source in COUNTS]
    whole = {lang: fitted([one for one in usable if one.case.lang == lang]) for lang in languages}
    crossed = {(lang, fold): fitted([one for one in usable if one.case.lang == lang and one.case.fold != fold]) for lang in languages for fold in range(FOLDS)}
    return whole, crossed


def fit_doubt(judged: Iterable[Judged], weights: Mapping[Language, Weights]) -> dict[str, float]:
    pairs = []
    for one in judged:
        found = doubts(one.index, one.evidence, ranked(one.evidence, one.index, weights[one.case.lang]), one.case.declared)
        if found is not None and one.case.split == "dev":
            pairs.append((found, bool(one.case.rival)))
    names = list(pairs[0][0])
    made = [Choice(np.array([list(found.values()), [0.0] * len(names)], dtype=np.float32), (0 if wrong else 1,)) for found, wrong in pairs]
    return fit_free(made, names)


def fit_free(made: Sequence[Choice], names: Sequence[str]) -> dict[str, float]:
    """The constant may have either sign: it is fitted as two."""
    doubled = [Choice(np.concatenate([choice.features, -choice.features[:, :1]], 1), choice.right, choice.weight) for choice in made]
    found = fit(doubled, [*names, "never"], 1e-3)
    found["always"] = round(found.get("always", 0.0) - found.pop("never", 0.0), 3)
    return found


def write_weights(weights: Mapping[Language, Weights], doubt: Mapping[str, float]) -> None:
    lines = ["# Weights of the evidence for candidate headings, found by `python tools/evaluate_candidates.py --fit` (docs/candidates.md).", ""]
    for lang, levels in weights.items():
        for level, values in levels.items():
            lines += [f"[{lang}.{level}]", *(f"{name} = {value}" for name, value in sorted(values.items())), ""]
    lines += ["# How likely a declared code is wrong: the logarithm of its odds.", "[doubt]"]
    lines += [*(f"{name} = {value}" for name, value in sorted(doubt.items())), ""]
    WEIGHTS.write_text("\n".join(lines), "utf-8")


@dataclass(frozen=True)
class Outcome:
    heading_rank: int
    code_rank: int
    confidence: float
    code_confidence: float


def outcome(one: Judged, ranking: Ranking) -> Outcome:
    index = one.index
    heads = [index.headings[at] for at in np.argsort(-ranking.at_headings, kind="stable")]
    codes = [index.codes[at] for at in np.argsort(-ranking.at_codes, kind="stable")[:200]]
    own = {code[:4] for code in one.case.codes}
    rank = next((at for at, code in enumerate(codes) if code in one.case.codes), 999)
    return Outcome(min(heads.index(head) for head in own), rank, float(ranking.at_headings.max()), float(ranking.at_codes.max()))


def calibration_error(confidence: Sequence[float], right: Sequence[bool], bins: int = 10) -> float:
    """Mean distance of stated confidence from what came true, over ten equal steps of confidence, weighed by cases."""
    stated, true = np.array(confidence), np.array(right, dtype=float)
    steps = np.minimum((stated * bins).astype(int), bins - 1)
    return float(sum(abs(stated[steps == step].mean() - true[steps == step].mean()) * (steps == step).mean() for step in range(bins) if (steps == step).any()))


def interval(values: Sequence[bool]) -> str:
    """95 % bootstrap interval of a share, in per cent."""
    draws = np.random.default_rng(1).choice(np.array(values, dtype=float), (1000, len(values))).mean(1)
    return f"{100 * np.quantile(draws, 0.025):.0f}–{100 * np.quantile(draws, 0.975):.0f}"


def area(wrong: Sequence[float], right: Sequence[float]) -> float:
    """Area under the ROC curve: how often a wrong code is suspected more than a right one."""
    return float(np.mean([(one > other) + 0.5 * (one == other) for one in wrong for other in right]))


def table(groups: Mapping[str, Sequence[Outcome]]) -> Iterator[str]:
    yield "| set | cases | heading top-1/3/10 | interval of top-1 | six digits top-1/3/10 | calibration error, heading and six digits |"
    yield "|---|---|---|---|---|---|"
    for name, found in groups.items():
        right4, right6 = [one.heading_rank == 0 for one in found], [one.code_rank == 0 for one in found]
        ranks = ([one.heading_rank for one in found], [one.code_rank for one in found])
        depth = [f"{100 * np.mean([rank < top for rank in own]):.0f}" for own in ranks for top in (1, 3, 10)]
        errors = f"{calibration_error([o.confidence for o in found], right4):.3f}, {calibration_error([o.code_confidence for o in found], right6):.3f}"
        yield f"| {name} | {len(found)} | {'/'.join(depth[:3])} | {interval(right4)} | {'/'.join(depth[3:])} | {errors} |"


Crossed = Mapping[tuple[Language, int], Weights]


def report(judged: Sequence[Judged], weights: Mapping[Language, Weights], crossed: Crossed, doubt: Mapping[str, float]) -> Iterator[str]:
    groups: dict[str, list[Outcome]] = defaultdict(list)
    suspected: dict[str, list[float]] = defaultdict(list)
    for one in judged:
        case = one.case
        ranking = ranked(one.evidence, one.index, crossed.get((case.lang, case.fold), weights[case.lang]))
        groups[f"{case.source}, {case.lang}, {case.split}"].append(outcome(one, ranking))
        found = doubts(one.index, one.evidence, ranking, case.declared) if case.declared else None
        if found is not None:
            suspected[f"{case.rival or 'right'} {case.split}"].append(sum(weight * found[name] for name, weight in doubt.items()))
    yield from table(dict(sorted(groups.items())))
    yield ""
    yield "| wrong code against | dev | test |"
    yield "|---|---|---|"
    for rival in ("same_chapter", "hardest"):
        areas = [area(suspected[f"{rival} {split}"], suspected[f"right {split}"]) for split in ("dev", "test")]
        yield f"| {rival} | {areas[0]:.3f} | {areas[1]:.3f} |"


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
    judged = list(judge(whole, [*goods_cases(), *record_cases(records), *wrong_code_cases()], seconds))
    judged += judge(build_index(kept, editions, nomenclatures, DAY), names, [])
    weights, doubt = load_weights(), load_doubt()
    crossed: Crossed = {}
    if options.fit:
        weights, crossed = fit_all(judged)
        doubt = fit_doubt([one for one in judged if one.case.declared], weights)
        write_weights(weights, doubt)
    speed = f"A query takes {1000 * np.median(seconds):.0f} ms (p95 {1000 * np.quantile(seconds, 0.95):.0f} ms), making the index {built:.0f} s."
    lines = [*report(judged, weights, crossed, doubt), "", speed]
    files = [SETS / name for name in ("goods_en.jsonl", "goods_zh.jsonl", "wrong_codes.jsonl")]
    sets = ", ".join(f"`{path.name}` {hashlib.sha256(path.read_bytes()).hexdigest()[:12]}" for path in files)
    text = "\n".join([*lines, "", f"Sets: {sets}.", ""])
    print(text)
    if options.out:
        options.out.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
