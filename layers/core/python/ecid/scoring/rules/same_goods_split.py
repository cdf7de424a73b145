"""`SAME_GOODS_SPLIT`: one product under more than one eight-digit code (score.md, dimension 5).

The heaviest code of a product is taken as its code, lines under another code need review. After a lasting one-way switch the new code is the product's code and
earlier lines count half, but together never more than the lines under the new code weigh, which is what the heaviest code's lines would have cost without the
switch: that a correction is taken as one must never cost (docs/decisions/0009). A change of code that a new nomenclature forced is no split.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby, takewhile
from operator import itemgetter

import polars as pl

from ecid.scoring.policy import PPM, Policy

CODE = "SAME_GOODS_SPLIT"
DIMENSION = 5

SuccessorOf = Callable[[str, date, str, date], bool]
"""Whether the second code (on its day) only continues the first one (on its day) under a newer nomenclature."""
_MANY = 50
"""Of so many codes no one was forced: such "products" are fillers, and each code would have to be compared with every other."""
_Line = tuple[int, str, date, int]
"""`at`, `code8`, `day`, `w`."""


@dataclass(frozen=True, slots=True)
class _Use:
    """One code of one product."""

    code: str
    weight: int
    lines: int
    first: date
    last: date

    @classmethod
    def of(cls, code: str, lines: Sequence[_Line]) -> _Use:
        """The use that lines of one code, by day, make of it."""
        return cls(code, sum(weight for *_, weight in lines), len(lines), lines[0][2], lines[-1][2])


def split_defects(lines: pl.DataFrame, policy: Policy, successor: SuccessorOf) -> pl.DataFrame:
    """Defects of the lines of products with more than one code.

    `lines`: `at` (row), `key` (product key, "" for none), `code8`, `day`, `w`. Returns `at`, `x` (millionths), `product_code`
    (the code taken as the product's).
    """
    keyed = lines.filter(pl.col("key") != "")
    split = keyed.group_by("key").agg(pl.col("code8").n_unique().alias("codes")).filter(pl.col("codes") > 1).select("key")
    # Plain lists: thousands of products of a few lines each would cost the engine more to part than to judge.
    rows = keyed.join(split, on="key", how="semi").sort("key", "day", "at").select("key", "at", "code8", "day", "w").iter_rows()
    found: list[tuple[int, int, str]] = []
    for _, group in groupby(rows, itemgetter(0)):
        found += _judge([(at, code, day, weight) for _, at, code, day, weight in group], policy, successor)
    return pl.DataFrame(found, schema={"at": lines.schema["at"], "x": pl.Int64, "product_code": pl.Categorical}, orient="row")


def _judge(lines: Sequence[_Line], policy: Policy, successor: SuccessorOf) -> list[tuple[int, int, str]]:
    uses = _uses(lines, {})
    if len(uses) > _MANY:
        successor = _never
    goes_on_as = _continued(uses, successor)
    weighed = [line for line in lines if line[3] > 0]  # samples and parcels are judged, and have no say
    switched_to, since = _lasting_switch([(day, goes_on_as[code]) for _, code, day, _ in weighed or lines], policy)
    chains = _uses(lines, goes_on_as)
    own = next((use for use in chains if use.code == switched_to), None) or min(chains, key=lambda use: (-use.weight, -use.lines, use.first, use.code))
    ours = sorted((use for use in uses if goes_on_as[use.code] == own.code), key=lambda use: use.first)
    forced = {use.code for use in uses if any(_follows(use, one, successor) or _follows(one, use, successor) for one in ours)}
    others = [line for line in lines if goes_on_as[line[1]] != own.code and line[1] not in forced]
    earlier = policy.earlier_lines_ppm
    if since:
        before = sum(weight for _, _, day, weight in others if day < since)
        earlier = min(earlier, own.weight * PPM // before) if before else earlier
    return [(at, earlier if since and day < since else PPM, _code_on(ours, day)) for at, _, day, _ in others]


def _uses(lines: Sequence[_Line], goes_on_as: Mapping[str, str]) -> list[_Use]:
    """The uses of each code, those of codes that go on as another one among the other's."""
    parted: dict[str, list[_Line]] = {}
    for line in lines:
        parted.setdefault(goes_on_as.get(line[1], line[1]), []).append(line)
    return [_Use.of(code, own) for code, own in parted.items()]


def _continued(uses: Sequence[_Use], successor: SuccessorOf) -> dict[str, str]:
    """By code, the last of the codes under which the goods went on because a newer nomenclature asked for it; where it left several to choose from, the
    heaviest."""
    nexts = {
        use.code: max((one for one in uses if _follows(one, use, successor)), key=lambda one: (one.weight, one.lines, one.code), default=None) for use in uses
    }
    found = {}
    for use in uses:
        last = use
        while following := nexts[last.code]:  # it ends: what follows is of a later edition
            last = following
        found[use.code] = last.code
    return found


def _never(_old: str, _old_day: date, _new: str, _new_day: date) -> bool:
    return False


def _follows(later: _Use, earlier: _Use, successor: SuccessorOf) -> bool:
    return later is not earlier and successor(earlier.code, earlier.last, later.code, later.first)


def _code_on(ours: Sequence[_Use], day: date) -> str:
    """The product's own code as it was used on the day, or next to it."""
    return next((use.code for use in reversed(ours) if use.first <= day), ours[0].code)


def _lasting_switch(lines: Iterable[tuple[date, str]], policy: Policy) -> tuple[str, date | None]:
    """The code that the product was switched to for good and the first day on which it stood alone; ("", None) where there was no such switch.

    `lines` are days with codes, by day.
    """
    days = [(day, [code for _, code in group]) for day, group in groupby(lines, itemgetter(0))][::-1]
    last = days[0][1][0]
    alone = list(takewhile(lambda entry: set(entry[1]) == {last}, days))
    if not alone or any(last in codes for _, codes in days[len(alone) :]):
        return "", None
    since, until = alone[-1][0], alone[0][0]
    if sum(len(codes) for _, codes in alone) < policy.switch_lines and (until - since).days < policy.switch_days:
        return "", None
    return last, since
