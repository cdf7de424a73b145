"""`DECIDING_FACT_MISSING`: the fact that settles the code is not declared (score.md, dimension 9).

Either the code is one of a confusable pair, the goods are called by the name of another side, and nothing that is declared settles it; or the code is a
residual one ("other") and the description speaks clearly for a named subheading beside it. Goods with missing elements are dimension 2's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ecid.scoring.authority import quoted
from ecid.scoring.placement import Placed
from ecid.scoring.policy import PPM, Placing
from ecid.scoring.rule import Case, Evidence, LineVerdict, SourceRule
from ecid.scoring.rules.name_code_conflict import likely, runner_up
from ecid.scoring.rules.placed import Stated, judged_by_placing

if TYPE_CHECKING:
    from ecid.scoring.judging import JudgedGoods


def _judge(goods: JudgedGoods, placed: Placed, bounds: Placing) -> Stated | None:
    if "ELEMENT_MISSING" in goods.failures:
        return None
    fact, finer = placed.open_fact, placed.finer
    if fact:
        return {"code": " ".join(fact.rivals), "record": fact.record, "words": fact.words, "ask_zh": fact.question["zh"], "ask_en": fact.question["en"]}
    if placed.residual and finer and finer.ppm >= bounds.finer_ppm and placed.own_code_ppm <= bounds.residual_ppm:
        return likely(finer) | {"own_ppm": placed.own_code_ppm}
    return None


def _evidence(row: Mapping[str, Any]) -> Sequence[Evidence]:
    if row["ask_zh"] is None:
        return [runner_up(row)]
    rivals = row["code"].split()
    return [{"kind": "deciding_fact", "id": row["record"], "rivals": rivals, "expected": {"zh": row["ask_zh"], "en": row["ask_en"]}, **quoted(row["words"])}]


def _check(case: Case) -> LineVerdict:
    return judged_by_placing(case, _judge, PPM)


RULE = SourceRule("DECIDING_FACT_MISSING", 9, _check, _evidence, lambda row: tuple(row["code"].split()))
