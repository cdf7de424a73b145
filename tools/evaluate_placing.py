"""Measure dimensions 4 and 9 of the score on goods whose codes are known, right ones and wrong ones; with --fit, find the weights of placing anew first.

    python tools/evaluate_placing.py [--fit] [--out placing-figures.md]

Fitting sees what `evaluate_candidates.py` fits to, in the style in which the score asks: names and values without labels. The rates are those of the rules
themselves, on the index of this installation, which is made where there is none of what is loaded. A line a run is added to the history.
"""

from __future__ import annotations

import argparse
import json
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from candidate_cases import DAY, SETS, Case, Judged, all_cases, held_out, sets
from fit_candidates import LANGUAGES, as_toml, fitted, usable

from ecid.adapters.candidate_index import open_knowledge
from ecid.bootstrap import platform
from ecid.errors import Language
from ecid.knowledge.candidates.features import Evidence
from ecid.knowledge.candidates.goods import read_goods
from ecid.knowledge.candidates.index import CandidateIndex, build_index
from ecid.knowledge.candidates.placing import Weights, load_placing_weights, pairs_of
from ecid.knowledge.candidates.placing_block import Asked, Block, Ground
from ecid.knowledge.candidates.placing_told import TOLD
from ecid.knowledge.candidates.ranking import utility
from ecid.knowledge.corpus import assemble
from ecid.knowledge.pack_records import read_records
from ecid.scoring import rule
from ecid.scoring.authority import Authority
from ecid.scoring.goods import Goods, Slot
from ecid.scoring.judging import JudgedGoods, Judgements
from ecid.scoring.policy import PPM, load_policy
from ecid.scoring.reference import Reference
from ecid.scoring.rules import SOURCE_RULES
from ecid.services import import_knowledge
from ecid.tariff.model import Edition, Nomenclature

HISTORY = SETS / "history.jsonl"
PLANTED = Path(__file__).parents[1] / "tests" / "acceptance" / "planted_products.toml"
WEIGHTS = Path(__file__).parents[1] / "layers" / "core" / "python" / "ecid" / "knowledge" / "candidates" / "placing.toml"
RULES = ("NAME_CODE_CONFLICT", "EXCLUDED_BY_NOTE", "TOO_VAGUE", "DECIDING_FACT_MISSING")
HARD = ("decision", "ruling", "held-out names", "UK names")
"""Goods that say little, or were disputed: the margin alone is applied to them, with their own records taken out."""
_BLOCK = 128
_CERTAIN = 1.96


@dataclass(frozen=True)
class Declared:
    """Goods under a declared code: which set they are of, whether the code's heading is wrong, and what was found."""

    group: str
    lang: Language
    wrong: bool
    name: str
    statements: tuple[str, ...]
    code: str


def told(case: Case) -> tuple[str, tuple[str, ...]]:
    """Name and statements, as a declaration has them: without labels."""
    values = [value for _, value in read_goods(case.text, case.lang).declared] or [case.text]
    return values[0], tuple(values[1:])


def judge(index: CandidateIndex, cases: Iterable[Case]) -> Iterator[Judged]:
    """The evidence for each case whose codes the tariff has; that of codes only within the right headings."""
    known = [replace(case, codes=codes) for case in cases if (codes := tuple(code for code in case.codes if code in index.codes))]
    for lang in LANGUAGES:
        ground, own = Ground(index, lang), [case for case in known if case.lang == lang]
        for start in range(0, len(own), _BLOCK):
            some = own[start : start + _BLOCK]
            asked = [Asked(read_goods("；".join((name, *values)), lang), case.without) for case in some for name, values in [told(case)]]
            yield from _judged(ground, some, Block(ground, asked))


def _judged(ground: Ground, cases: Sequence[Case], block: Block) -> Iterator[Judged]:
    at_headings = [dict[str, Any]() for _ in cases]
    at_codes = [dict[str, Any]() for _ in cases]
    for name, values in block.heading_evidence():
        for own, row in zip(at_headings, values.astype(np.float16), strict=True):
            own[name] = row
    right = [(row, ground.index.headings.index(heading)) for row, case in enumerate(cases) for heading in sorted({code[:4] for code in case.codes})]
    pairs = pairs_of(ground, [row for row, _ in right], [heading for _, heading in right])
    rows = pairs.rows[pairs.of]
    for name, values in block.code_evidence(rows, pairs.codes, pairs.starts):
        for row, own in enumerate(at_codes):
            own[name] = np.zeros(ground.sizes[1], dtype=np.float16)
            own[name][pairs.codes[rows == row]] = values[rows == row]
    for row, case in enumerate(cases):
        for name in TOLD:
            at_headings[row][name], at_codes[row][name] = (np.zeros(size, dtype=np.float16) for size in ground.sizes)
        for name, mark in block.told[row].marks.items():
            at_headings[row][name][mark.headings], at_codes[row][name][mark.codes] = mark.at_headings, mark.at_codes
        yield Judged(case, ground.index, Evidence(block.asked[row].goods, at_codes[row], at_headings[row], block.clarity[row], (), ()))


def margins(judged: Iterable[Judged], weights: Mapping[Language, Weights]) -> dict[str, tuple[int, int]]:
    """Of sets that others wrote, each without its own record: how many right headings are implausible beside a clearly better one, and of how many."""
    found: dict[str, list[bool]] = defaultdict(list)
    bounds = load_policy().placing
    for one in judged:
        if one.case.source in HARD and one.case.split in ("cross", "test"):
            sums = utility(one.evidence, weights[one.case.lang], "heading").astype(np.float64)
            shares = np.exp(sums - sums.max())
            shares *= PPM / shares.sum()
            right = max(shares[head] for head in one.right_headings)
            shares[one.right_headings] = 0
            called = any(one.evidence.at_headings[name][head] > 0 for name in ("same", "ending") for head in one.right_headings)
            found[f"{one.case.source}, {one.case.lang}"].append(bool(right <= bounds.implausible_ppm and shares.max() >= bounds.better_ppm and not called))
    return {group: (sum(own), len(own)) for group, own in sorted(found.items())}


def declared(cases: Iterable[Case]) -> Iterator[Declared]:
    """Goods of the sets under the codes that they were declared under, or else under their right ones, and the goods of the planted files."""
    for case in cases:
        if case.source in ("goods", "wrong codes", "unseen wrong codes") or case.source.startswith("unseen"):
            code = case.declared or case.codes[0]
            wrong = bool(case.rival)
            if not wrong or code[:4] not in {own[:4] for own in case.codes}:
                name, statements = told(case)
                yield Declared(case.split, case.lang, wrong, name, statements, f"{code[:6]:0<6}00")
    for row in tomllib.loads(PLANTED.read_text("utf-8"))["product"]:
        values = [
            value for label, _, value in (item.partition("=") for item in row["e"]) if not any(word in label for word in ("品牌", "型号", "款号", "货号"))
        ]
        yield Declared("planted", "zh", False, row["n"], tuple(values), row["c"][:8])


def found_by_rules(goods: Sequence[Declared], reference: Reference) -> dict[str, set[int]]:
    """By rule, the numbers of the goods that it finds, as in a score run."""
    items = tuple(JudgedGoods(_goods(one), "", {}, {}, "") for one in goods)
    columns = {"at": pl.UInt32, "goods": pl.UInt32, "state": pl.String, "day": pl.Date, "in_period": pl.Boolean}
    lines = pl.DataFrame([(at, at, "valid", DAY, True) for at in range(len(goods))], schema=columns, orient="row")
    case = rule.Case(Judgements(lines, (), items), reference, Authority(), load_policy(), DAY)
    return {one.code: set(one.check(case).failed["at"].to_list()) for one in SOURCE_RULES if one.code in RULES}


def _goods(one: Declared) -> Goods:
    slots = tuple(Slot(at, "element", "", mandatory=True, value=value) for at, value in enumerate(one.statements or ("",), 2))
    return Goods(one.code, one.name, None, None, slots, ())


def rates(goods: Sequence[Declared], found: Mapping[str, set[int]]) -> dict[str, dict[str, Any]]:
    """By set: how many goods, and how many of them each rule finds; `conflict`: those whose heading dimension 4 holds to be wrong."""
    groups: dict[str, list[int]] = defaultdict(list)
    for at, one in enumerate(goods):
        for group in (one.group, "all"):
            groups[f"{'wrong' if one.wrong else 'right'} code, {one.lang}, {group}"].append(at)
    conflict = found["NAME_CODE_CONFLICT"] | found["EXCLUDED_BY_NOTE"]
    return {
        group: {
            "goods": len(own),
            "conflict": len(conflict & {*own}),
            "vague": len(found["TOO_VAGUE"] & {*own}),
            "fact": len(found["DECIDING_FACT_MISSING"] & {*own}),
        }
        for group, own in sorted(groups.items())
    }


def interval(hits: int, of: int) -> tuple[float, float]:
    """Wilson's interval of a share, 95 %."""
    share, spread = hits / of, _CERTAIN**2 / of
    middle, reach = share + spread / 2, _CERTAIN * sqrt(share * (1 - share) / of + spread / of / 4)
    return max(0.0, (middle - reach) / (1 + spread)), min(1.0, (middle + reach) / (1 + spread))


def share(hits: int, of: int) -> str:
    low, high = interval(hits, of)
    return f"{hits} of {of}: {100 * hits / of:.1f} % ({100 * low:.1f}–{100 * high:.1f})"


def report(entry: Mapping[str, Any]) -> Iterator[str]:
    yield "| goods | `NAME_CODE_CONFLICT`, `EXCLUDED_BY_NOTE` | `TOO_VAGUE` | `DECIDING_FACT_MISSING` |"
    yield "|---|---|---|---|"
    for group, row in entry["rates"].items():
        yield f"| {group} | {share(row['conflict'], row['goods'])} | {row['vague']} | {row['fact']} |"
    yield from ["", "With only the margin applied, without their own records:", "", "| right heading held to be wrong | |", "|---|---|"]
    yield from (f"| {group} | {share(*counts)} |" for group, counts in entry["margins"].items())
    yield from ["", f"Knowledge `{entry['knowledge']}`, {entry['imported']}."]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fit", action="store_true")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    own = platform()
    datasets = import_knowledge.loaded(own.settings.home, own.settings.pack_dir)
    records = list(assemble(read_records(own.settings.pack_dir), datasets).records)
    editions, nomenclatures = [item for item in datasets if isinstance(item, Edition)], [item for item in datasets if isinstance(item, Nomenclature)]
    kept, names = held_out(records)
    cases = list(all_cases(records))
    judged = list(judge(build_index(records, editions, nomenclatures, DAY), cases))
    judged += judge(build_index(kept, editions, nomenclatures, DAY), names)
    weights = load_placing_weights()
    if options.fit:
        weights = {lang: fitted([one for one in usable(judged) if one.case.lang == lang]) for lang in LANGUAGES}
        head = "# Weights of the evidence for placing goods, found by `python tools/evaluate_placing.py --fit` (docs/candidates.md)."
        WEIGHTS.write_text("\n".join([head, "", *as_toml(weights)]), "utf-8")
        load_placing_weights.cache_clear()
    if not own.has_index():
        own.make_index()
    goods = list(declared(cases))
    placement = open_knowledge(own.settings)
    reference = replace(own.published, placement=placement)
    entry: dict[str, Any] = {"at": own.now().isoformat(timespec="seconds"), "goods_sha256": sets(), "fitted": options.fit}
    entry |= {"knowledge": placement.version, "imported": f"{len(datasets):,} sources and {len(records):,} records"}
    entry |= {"rates": rates(goods, found_by_rules(goods, reference)), "margins": margins(judged, weights)}
    text = "\n".join([*report(entry), ""])
    print(text)
    with HISTORY.open("a", encoding="utf-8") as history:
        history.write(json.dumps({"placing": entry}, ensure_ascii=False) + "\n")
    if options.out:
        options.out.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
