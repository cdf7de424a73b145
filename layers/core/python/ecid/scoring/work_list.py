"""The work list: every line that needs review, once, under the cause that costs most, with its specification as it should be pasted (score.md, "work list").

Nothing is invented: what is not known stands in the specification as a question.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from ecid.scoring.causes import Cause
from ecid.scoring.drafts import Specification, specification_of
from ecid.scoring.engine import Run
from ecid.scoring.judging import JudgedGoods
from ecid.scoring.ledger import identified
from ecid.scoring.rule import Failure

_FINDING = ("rule", "key", "code8")


@dataclass(frozen=True, slots=True)
class WorkGoods:
    """One distinct goods: its specification as `declared`, and as it should be (None where the elements of the declared code are not known); and by rule what
    is asked of its elements."""

    declared: str
    corrected: Specification | None
    asked: Mapping[str, tuple[Failure, ...]]


@dataclass(frozen=True, slots=True)
class WorkList:
    """`lines` in the order of the work: `line_id`, `code`, `name`, `day`, `goods` (of the mapping), `cause` (its place, costliest first) and `findings` (their
    places in the ledger). `goods` holds those that some line is of."""

    lines: pl.DataFrame
    goods: Mapping[int, WorkGoods]


def work_list(run: Run, causes: Sequence[Cause]) -> WorkList:
    """The list of a run and its causes (costliest first)."""
    judged = run.judgements
    found = _findings_by_line(run, causes)
    own = judged.lines[found["at"]].select("line_id", pl.col("code", "name").cast(pl.String), "day", pl.col("goods").cast(pl.Int64))
    table = own.with_columns(found["cause"], found["findings"]).sort("cause", "day", "line_id", maintain_order=True)
    return WorkList(table, {number: _goods(judged.goods[number]) for number in sorted(set(table["goods"].to_list()))})


def _goods(judged: JudgedGoods) -> WorkGoods:
    return WorkGoods(judged.specification, specification_of(judged.goods), judged.failures)


def _findings_by_line(run: Run, causes: Sequence[Cause]) -> pl.DataFrame:
    """`at`, `cause`, the first place of a cause of the line, and `findings`, the places of the line's findings in the ledger."""
    place = {finding: number for number, cause in enumerate(causes) for finding in cause.findings}
    named = [(found.rule, found.product_key, found.code[:8], number, place[found.id]) for number, found in enumerate(run.result.findings)]
    schema = {**dict.fromkeys(_FINDING, pl.String), "finding": pl.Int64, "cause": pl.Int64}
    rows = identified(run.judgements.lines, run.defects).select("at", *(pl.col(name).cast(pl.String) for name in _FINDING)).unique(maintain_order=True)
    placed = rows.join(pl.DataFrame(named, schema=schema, orient="row"), on=_FINDING, how="inner")
    return placed.group_by("at").agg(pl.col("cause").min(), pl.col("finding").unique().sort().alias("findings")).sort("at")
