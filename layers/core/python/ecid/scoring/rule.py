"""What a rule is: a code, the dimension it belongs to, and a pure check of goods or of lines. The registry (`ecid.scoring.rules`) names them all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl

from ecid.scoring.authority import Authority
from ecid.scoring.goods import Goods
from ecid.scoring.policy import Policy
from ecid.scoring.reference import Reference

if TYPE_CHECKING:
    from ecid.scoring.judging import Judgements

Evidence = Mapping[str, Any]
"""One piece of evidence, ready for JSON; mappings of `zh` and `en` in it are phrases."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One thing that needs review. `position` is the place in the element string (None: the goods as a whole), `label` what is asked there, `seen`
    what stands there, `expected_zh`/`expected_en` what would settle it, as a phrase."""

    position: int | None
    label: str
    seen: str
    expected_zh: str
    expected_en: str


@dataclass(frozen=True, slots=True)
class GoodsRule:
    """A rule that looks at one goods at a time. `check` yields nothing where the goods pass or the rule does not apply."""

    code: str
    dimension: int
    check: Callable[[Goods], Iterable[Failure]]


@dataclass(frozen=True, slots=True)
class LineVerdict:
    """What a line rule found. `failed`: `at` of each line that fails, once, and `fact`, the place in `facts` of the row that its evidence is made of; where
    lines are not wholly defective also `x`, in millionths.

    `concerned` are the `at` of lines that state what the rule is about, `judged` of those that it could judge: the others lack a reference.
    """

    failed: pl.DataFrame
    facts: pl.DataFrame
    concerned: pl.Series
    judged: pl.Series


def facts_of_lines(failed: pl.DataFrame, concerned: pl.Series, judged: pl.Series) -> LineVerdict:
    """The verdict of a rule that judges lines by figures of their own, the columns of `failed` beside `at`. Equal figures are one fact."""
    stated = failed.columns[1:]
    facts = failed.drop("at").unique(maintain_order=True).with_row_index("fact")
    placed = failed.join(facts, on=stated, how="left", nulls_equal=True, maintain_order="left")
    return LineVerdict(placed.select("at", "fact"), facts, concerned, judged)


@dataclass(frozen=True, slots=True)
class LineRule:
    """A rule that looks at figures of the lines, all at once. A line that fails is wholly defective (x = 1) in its dimension.

    `check` gets the lines as `ecid.scoring.judging` leaves them; `evidence` says what one row of `facts` (by column) shows.
    """

    code: str
    dimension: int
    check: Callable[[pl.DataFrame, Policy], LineVerdict]
    evidence: Callable[[Mapping[str, Any]], Sequence[Evidence]]


@dataclass(frozen=True, slots=True)
class Case:
    """All that a rule may look at which holds lines against a source other than the tariff."""

    judgements: Judgements
    reference: Reference
    authority: Authority
    policy: Policy
    as_of: date


def _none(_: Mapping[str, Any]) -> Sequence[str]:
    return ()


@dataclass(frozen=True, slots=True)
class SourceRule:
    """A rule that holds lines against what somebody said of such goods: rulings, decisions, notes, the record of what became of them, knowledge.

    `evidence` and `suggested` say what one row of `facts` (by column) shows, and which codes it speaks for.
    """

    code: str
    dimension: int
    check: Callable[[Case], LineVerdict]
    evidence: Callable[[Mapping[str, Any]], Sequence[Evidence]]
    suggested: Callable[[Mapping[str, Any]], Sequence[str]] = _none
