"""Goods beside what is known of such goods: each distinct goods is placed once, however many lines carry it (dimensions 4 and 9)."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from functools import cache, lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

import polars as pl

from ecid.scoring.goods import Goods
from ecid.scoring.placement import Described, Placed
from ecid.scoring.policy import Placing
from ecid.scoring.rule import Case, LineVerdict

if TYPE_CHECKING:
    from ecid.scoring.judging import JudgedGoods

FACTS = {
    "code": pl.String(),
    "title_zh": pl.String(),
    "title_en": pl.String(),
    "ppm": pl.Int64(),
    "own_ppm": pl.Int64(),
    "record": pl.String(),
    "words": pl.String(),
    "said": pl.String(),
    "ask_zh": pl.String(),
    "ask_en": pl.String(),
    "marks": pl.String(),
}
"""What a rule may state of goods that fail; evidence is made of it. Probabilities in millionths; several codes stand between spaces."""
Stated = Mapping[str, str | int | None]
_Judge = Callable[["JudgedGoods", Placed, Placing, date], Stated | None]


def judged_by_placing(case: Case, judge: _Judge, x: int) -> LineVerdict:
    """The verdict of a rule over all lines whose code is in force and whose elements are known; `judge` states what is the matter with goods, or None.

    Lines under a code that is none are dimension 1's, which counts them as wholly defective here as well. Nothing is judged where no knowledge is loaded.
    """
    lines = case.judgements.lines
    if case.reference.placement is None:
        nothing = pl.DataFrame(schema={"at": pl.UInt32, "fact": pl.UInt32, "x": pl.Int64})
        return LineVerdict(nothing, pl.DataFrame(schema=FACTS), lines["at"], lines["at"].clear())
    found: dict[int, Stated] = {}
    held: list[int] = []
    for place, goods, day, placed in placed_goods(case):
        if placed.own_ppm is None:
            continue
        held.append(place)
        stated = judge(goods, placed, case.policy.placing, day)
        if stated is not None:
            found[place] = stated
    facts = pl.DataFrame([[row.get(name) for name in FACTS] for row in found.values()], schema=FACTS, orient="row")
    valid = lines.filter(pl.col("state") == "valid").select("at", "goods")
    at = valid.filter(pl.col("goods").is_in(held))["at"]
    facts_of = pl.DataFrame({"goods": list(found), "fact": range(len(found))}, schema={"goods": pl.UInt32, "fact": pl.UInt32})
    failed = valid.join(facts_of, on="goods", maintain_order="left").select("at", "fact", pl.lit(x, pl.Int64).alias("x"))
    none = lines.filter(pl.col("state") == "unknown")["at"]
    return LineVerdict(failed, facts, lines["at"], pl.concat([at, none]).sort())


def placed_goods(case: Case) -> Iterator[tuple[int, JudgedGoods, date, Placed]]:
    """The distinct goods of the lines that can be judged: their place in `case.judgements.goods`, their first day, and what is known of them."""
    placement = case.reference.placement
    if placement is None:
        return
    lines = case.judgements.lines.filter(pl.col("state") == "valid")
    # Goods are one edition's, so that one day serves all of their lines: nothing that was published later in the year is held against any.
    first = lines.group_by("goods").agg(inside=pl.col("day").filter("in_period").min(), ever=pl.col("day").min())
    days = ((place, inside or ever) for place, inside, ever in first.sort("goods").iter_rows())
    found = [(place, item, day) for place, day in days if (item := case.judgements.goods[place]).goods.slots and item.goods.name.strip()]
    placed = placement.place_all([described(item.goods, day) for _, item, day in found])
    for (place, item, day), known in zip(found, placed, strict=True):
        yield place, item, day, known


def described(goods: Goods, day: date) -> Described:
    """What is asked about goods: labels are left out, since the form was filled in for the very code that is in question."""
    stated = (slot.value for slot in goods.elements if slot.value and not _is_silent(slot.label))
    return Described(goods.name, tuple(stated), goods.code, day.replace(month=1, day=1))


@lru_cache(maxsize=10_000)
def _is_silent(label: str) -> bool:
    return _silent().search(label) is not None


@cache
def _silent() -> re.Pattern[str]:
    words = tomllib.loads(files("ecid.knowledge.candidates").joinpath("goods.toml").read_text("utf-8"))["silent_labels"]
    return re.compile("|".join(map(re.escape, words)), re.IGNORECASE)
