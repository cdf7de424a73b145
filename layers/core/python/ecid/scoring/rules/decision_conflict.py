"""`DECISION_CONFLICT`: the code is not that of a published classification decision (归类决定) on the same goods, in force on the day (score.md, dimension 6).

Which goods are the same, `ecid.scoring.same_goods` says, carefully: it rather misses one. The enterprise's own ruling goes before a decision.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from ecid.scoring.authority import merged_decisions, quoted
from ecid.scoring.rule import Case, Evidence, LineVerdict, SourceRule
from ecid.scoring.rules.held_against import held_against
from ecid.scoring.rules.ruling_conflict import subjects_of_rulings
from ecid.scoring.same_goods import Decisions

_SHOWN = ("id", "code", "words", "source", "valid_from", "valid_to")


def _check(case: Case) -> LineVerdict:
    lines = case.judgements.lines
    decisions = Decisions(merged_decisions(case.reference.decisions or (), case.authority.decisions or ()), case.reference.tariff)
    about = [(index, place) for index, item in enumerate(case.judgements.goods) for place in decisions.about(item.goods)] if decisions.all else []
    goods = pl.DataFrame(about, schema={"goods": lines.schema["goods"], "place": pl.UInt32}, orient="row")
    subjects = lines.select("at", "goods").join(goods, on="goods", how="inner").select("at", "place")
    judged, failed = held_against(case, subjects, decisions.all, doubtful=False)
    if case.authority.rulings and len(failed):
        own, _ = held_against(case, subjects_of_rulings(case), case.authority.rulings, doubtful=True)
        failed = failed.filter(~pl.col("at").is_in(own.implode()))
    rows = [
        (
            f"decision-{decision.number}",
            decision.code,
            decision.words or "、".join(decision.names),
            decision.source,
            decision.valid_from.isoformat(),
            decision.valid_to.isoformat() if decision.valid_to else None,
        )
        for decision in decisions.all
    ]
    return LineVerdict(failed, pl.DataFrame(rows, schema=dict.fromkeys(_SHOWN, pl.String), orient="row"), judged, judged)


def _evidence(row: Mapping[str, Any]) -> Sequence[Evidence]:
    return [{"kind": "decision", **quoted(row["words"]), **{name: row[name] for name in ("id", "code", "source", "valid_from", "valid_to")}}]


RULE = SourceRule("DECISION_CONFLICT", 6, _check, _evidence, lambda row: (row["code"],))
