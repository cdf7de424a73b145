"""Goods with their codes, to measure candidate headings by and fit their weights to: the sets of knowledge/evaluation, decisions, rulings, held-out names."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np

from ecid.errors import Language
from ecid.knowledge.candidates.features import Evidence, evidence_for
from ecid.knowledge.candidates.index import CandidateIndex
from ecid.knowledge.records import Record

SETS = Path(__file__).parents[1] / "knowledge" / "evaluation"
DAY = date(2026, 11, 1)
FOLDS = 4
FILES = ("goods_en.jsonl", "goods_zh.jsonl", "wrong_codes.jsonl", "goods_unseen.jsonl", "wrong_codes_unseen.jsonl")
_HELD_OUT = 20


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
    """A case with its evidence, in half precision: thousands of them are kept."""

    case: Case
    index: CandidateIndex
    evidence: Evidence

    @property
    def right_headings(self) -> list[int]:
        """Their numbers."""
        return sorted({self.index.headings.index(code[:4]) for code in self.case.codes})

    def members(self, heading: int) -> list[int]:
        """The numbers of the codes of a heading."""
        return np.flatnonzero(self.index.heads == heading).tolist()


def all_cases(records: Sequence[Record]) -> Iterator[Case]:
    """Those that are judged with everything that is known."""
    for lang in ("zh", "en"):
        yield from _goods(f"goods_{lang}.jsonl", "goods")
    for row in _rows("goods_unseen.jsonl"):
        yield _case(row, f"unseen {row['style']}")
    for name, source in (("wrong_codes.jsonl", "wrong codes"), ("wrong_codes_unseen.jsonl", "unseen wrong codes")):
        for row in _rows(name):
            yield replace(_case(row, source), declared=row["declared"], rival=row["rival"] if row["wrong"] else "")
    yield from _published(records)


def held_out(records: Sequence[Record]) -> tuple[list[Record], list[Case]]:
    """The records but a twentieth of the names, and those names as cases; half of them (by hash) for fitting."""
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


def judge(index: CandidateIndex, cases: Iterable[Case], seconds: list[float]) -> Iterator[Judged]:
    """The evidence for each case whose codes the tariff has; adds to `seconds` the processor's seconds for each."""
    for case in cases:
        known = tuple(code for code in case.codes if code in index.codes)
        if not known:
            continue
        begun = process_time()
        evidence = evidence_for(index, case.text, case.lang, case.without)
        seconds.append(process_time() - begun)
        yield Judged(replace(case, codes=known), index, _halved(evidence))


def sets() -> dict[str, str]:
    """The files of the sets, and the beginning of their checksums."""
    return {name: hashlib.sha256((SETS / name).read_bytes()).hexdigest()[:12] for name in FILES}


def _goods(name: str, source: str) -> Iterator[Case]:
    return (_case(row, source) for row in _rows(name))


def _case(row: dict[str, Any], source: str) -> Case:
    return Case(source, row["split"], row["lang"], row["text"], tuple(dict.fromkeys([row["code"], *row.get("codes", ())])))


def _published(records: Sequence[Record]) -> Iterator[Case]:
    """Each decision and ruling without its own record."""
    for record in records:
        fold = _mark(record.id) % FOLDS
        codes = tuple(code[:6] for code in record.codes if len(code) >= 6)
        if record.id.startswith("us-ruling-"):
            yield Case("ruling", "cross", "en", record.title["en"], codes, (record.id,), fold)
        elif record.kind == "decision" and record.in_force(DAY) and "authority" not in record.facts:
            yield Case("decision", "cross", "zh", f"{record.title['zh']}；{record.text['zh'].split('。归入')[0]}", codes, (record.id,), fold)


def _mark(text: str) -> int:
    return int(hashlib.sha256(text.encode()).hexdigest()[:8], 16)


def _rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (SETS / name).read_text("utf-8").splitlines()]


def _halved(evidence: Evidence) -> Evidence:
    rows: list[dict[str, Any]] = [{name: row.astype(np.float16) for name, row in level.items()} for level in (evidence.at_codes, evidence.at_headings)]
    return replace(evidence, at_codes=rows[0], at_headings=rows[1])
