"""What a rule is: a code, the dimension it belongs to, and a pure check of goods or of lines. The registry (`ecid.scoring.rules`) names them all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from ecid.scoring.goods import Goods
from ecid.scoring.policy import Policy

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
    """What a line rule found. `failed`: `at` of each line that fails, once, and `fact`, the place in `facts` of the row that its evidence is made of.

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
