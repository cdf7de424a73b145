"""`DECIDING_FACT_MISSING`: the fact that settles the code is not declared (score.md, dimension 9).

The code is one of a confusable pair, the goods are called by the name of another side, or by one that sides share, and nothing that is declared settles it.
Or the code is a residual one ("other") and the description speaks clearly for a named subheading beside it. Or dimension 4 could not tell the code from another
one, and either the other one carries a mark that the declared code lacks, or a lower refund (`benefit_direction`), or the goods are called by a name that is
known to say too little.
Goods with missing elements are dimension 2's, and those of which dimension 4 speaks are its own.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from ecid.scoring.authority import quoted
from ecid.scoring.marks import CodeLists, Listing, favours, mark_name
from ecid.scoring.placement import AmbiguousName, Likely, Placed
from ecid.scoring.policy import PPM, Placing
from ecid.scoring.rule import Case, Evidence, LineVerdict, SourceRule
from ecid.scoring.rules import name_code_conflict, too_vague
from ecid.scoring.rules.excluded_by_note import is_excluded
from ecid.scoring.rules.name_code_conflict import likely, runner_up
from ecid.scoring.rules.placed import Stated, judged_by_placing

if TYPE_CHECKING:
    from ecid.scoring.judging import JudgedGoods

_CODES_SHOWN = 5


@dataclass(frozen=True, slots=True)
class _Sources:
    """What is looked up beside the placing: lists of codes, and names that are known to say too little."""

    lists: CodeLists
    ambiguous: Callable[[str], AmbiguousName | None]

    def judge(self, goods: JudgedGoods, placed: Placed, bounds: Placing, day: date) -> Stated | None:
        """What is the matter with goods, or None."""
        if "ELEMENT_MISSING" in goods.failures or _is_of_dimension_four(goods, placed, bounds):
            return None
        fact, finer = placed.open_fact, placed.finer
        if fact:
            return {"code": " ".join(fact.rivals), "record": fact.record, "words": fact.words, "ask_zh": fact.question["zh"], "ask_en": fact.question["en"]}
        if placed.residual and finer and finer.ppm >= bounds.finer_ppm and placed.own_code_ppm <= bounds.residual_ppm:
            return likely(finer) | {"own_ppm": placed.own_code_ppm}
        for contender, own_ppm in _contenders(placed, bounds):
            stated = self._benefit(goods, contender, day) or self._too_little(goods, contender, day)
            if stated:
                return likely(contender) | {"own_ppm": own_ppm} | stated
        return None

    def _benefit(self, goods: JudgedGoods, contender: Likely, day: date) -> dict[str, str] | None:
        ours, theirs = self.lists.of(goods.goods.code, day), self.lists.of(contender.code, day)
        worse = [_shown(mark, own) for own, mark in zip(ours, theirs, strict=True) if favours(mark, own)]
        return {"marks": json.dumps(worse, ensure_ascii=False)} if worse else None

    def _too_little(self, goods: JudgedGoods, contender: Likely, day: date) -> dict[str, str] | None:
        """The fact on which the codes of goods so called depend, where both codes are among them."""
        name = self.ambiguous(goods.goods.name)
        if name is None or not name.in_force(day) or not all(_among(code, name.codes) for code in (goods.goods.code, contender.code)):
            return None
        return {"record": name.record, "words": name.words, "ask_zh": name.fact["zh"], "ask_en": name.fact["en"]}


def _is_of_dimension_four(goods: JudgedGoods, placed: Placed, bounds: Placing) -> bool:
    """Whether dimension 4 has a finding on the goods, which is not to be charged twice."""
    return name_code_conflict.is_conflict(goods, placed, bounds) or is_excluded(placed, bounds) or too_vague.is_vague(goods, placed, bounds)


def _contenders(placed: Placed, bounds: Placing) -> list[tuple[Likely, int]]:
    """Codes between which and the declared one dimension 4 abstained, with the probability of the latter: of its heading, or within it of itself."""
    pairs = ((placed.rival, placed.own_ppm), (placed.finer, placed.own_code_ppm))
    return [(code, own) for code, own in pairs if code and own is not None and code.ppm >= max(bounds.contender_ppm, own)]


def _among(code: str, codes: Sequence[str]) -> bool:
    return any(code.startswith(one) or one.startswith(code) for one in codes)


def _shown(mark: Listing, own: Listing) -> dict[str, Any]:
    named = dict(list(mark.codes.items())[:_CODES_SHOWN])
    shown = {"mark": mark.of.mark, "name": mark_name(mark.of.mark), "list": mark.of.id, "source": mark.of.source, "codes": named}
    return shown | ({"declared": dict(list(own.codes.items())[:_CODES_SHOWN])} if own.codes else {})


def _evidence(row: Mapping[str, Any]) -> Sequence[Evidence]:
    rivals = row["code"].split()
    if row["marks"] is not None:
        return [{**runner_up(row), "flag": "benefit_direction", "marks": json.loads(row["marks"])}]
    if row["ask_zh"] is None:
        return [runner_up(row)]
    return [{"kind": "deciding_fact", "id": row["record"], "rivals": rivals, "expected": {"zh": row["ask_zh"], "en": row["ask_en"]}, **quoted(row["words"])}]


def _check(case: Case) -> LineVerdict:
    return judged_by_placing(case, _Sources(CodeLists(case.reference.marks), case.reference.ambiguous).judge, PPM)


RULE = SourceRule("DECIDING_FACT_MISSING", 9, _check, _evidence, lambda row: tuple(row["code"].split()))
