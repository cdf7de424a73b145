"""The loss table: what each set of corrected findings leaves of the loss, small enough to be kept beside a stored result (score.md, "What can be asked").

Lines that fail by the same findings in a dimension and leave the window in the same month are one entry; for every subset of these findings it holds Σ w · x
of what remains. From this the exact score of any corrections follows without the lines.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from math import lcm
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ecid.errors import BadInput
from ecid.scoring.dimensions import ALL_POINTS
from ecid.scoring.policy import PPM, RulingCap

Corrected = Callable[[str, int], bool]
"""Whether the defects of a finding are gone from the lines that leave the window in so many months (0: no month is told apart)."""


@dataclass(frozen=True, slots=True)
class Charge:
    """A judged dimension: all of its `weight` (of the sum over the table) is lost at Σ w · x = `full`."""

    dimension: int
    weight: int
    full: int


@dataclass(frozen=True, slots=True)
class Entry:
    """Lines alike. Bit i of a mask says that `items[i]` is corrected; `left[mask]` is Σ w · x of these lines then. `leaves`: after so many months from the
    as-of date they are out of the window (0 where the period does not move)."""

    dimension: int
    leaves: int
    items: tuple[str, ...]
    left: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Contrary:
    """Weighed lines of one finding contrary to the enterprise's own ruling: they hold up the cap."""

    item: str
    leaves: int
    lines: int
    weight: int


@dataclass(frozen=True, slots=True)
class LossTable:
    """All that a score can become by corrections. `items`: what can be corrected, by id: findings, or causes once gathered; `months`: length of the moving
    window, 0 for a period that does not move; `insufficient`: why there is no score, None where there is."""

    as_of: date
    months: int
    total_weight: int
    insufficient: str | None
    charges: tuple[Charge, ...]
    cap: RulingCap
    items: tuple[str, ...]
    entries: tuple[Entry, ...]
    contrary: tuple[Contrary, ...]

    def score(self, corrected: Collection[str] = ()) -> int | None:
        """The exact score (micropoints) with the defects of these items gone; None where there is none to begin with."""
        gone = frozenset(corrected)
        return self.score_where(lambda item, _: item in gone)

    def score_where(self, corrected: Corrected) -> int | None:
        """The exact score with these defects gone, which may depend on when the lines leave the window."""
        if self.insufficient:
            return None
        shares: dict[int, int] = {}
        for entry in self.entries:
            mask = sum(1 << place for place, item in enumerate(entry.items) if corrected(item, entry.leaves))
            shares[entry.dimension] = shares.get(entry.dimension, 0) + entry.left[mask]
        held = [kept for kept in self.contrary if not corrected(kept.item, kept.leaves)]
        return self.scale().score(shares, sum(kept.lines for kept in held), sum(kept.weight for kept in held))

    def scale(self) -> Scale:
        """The way from shares to points."""
        whole = lcm(*(charge.full for charge in self.charges))
        slopes = {charge.dimension: charge.weight * ALL_POINTS * (whole // charge.full) for charge in self.charges}
        unit = whole * (sum(charge.weight for charge in self.charges) or 1)
        return Scale(slopes, {charge.dimension: charge.full for charge in self.charges}, unit, self.cap, self.total_weight)

    def gathered(self, groups: Mapping[str, Iterable[str]]) -> LossTable:
        """The table with the items of each group taken as one, under the group's id. Every item must be in exactly one group."""
        group_of = {item: group for group, items in groups.items() for item in items}
        entries: dict[tuple[int, int, tuple[str, ...]], list[int]] = {}
        for entry in self.entries:
            names = tuple(sorted({group_of[item] for item in entry.items}))
            bits = [1 << names.index(group_of[item]) for item in entry.items]
            total = entries.setdefault((entry.dimension, entry.leaves, names), [0] * (1 << len(names)))
            for mask in range(len(total)):
                total[mask] += entry.left[sum(1 << place for place, bit in enumerate(bits) if mask & bit)]
        contrary = (replace(kept, item=group_of[kept.item]) for kept in self.contrary)
        found = (Entry(dimension, leaves, names, tuple(left)) for (dimension, leaves, names), left in sorted(entries.items()))
        return replace(self, items=tuple(groups), entries=tuple(found), contrary=tuple(contrary))

    def to_json(self) -> dict[str, Any]:
        """JSON-able; `from_json` reads it. Items stand in the entries by their place."""
        place = {item: number for number, item in enumerate(self.items)}
        return {
            "as_of": self.as_of.isoformat(),
            "months": self.months,
            "total_weight": self.total_weight,
            "insufficient_data": self.insufficient,
            "charges": [[charge.dimension, charge.weight, charge.full] for charge in self.charges],
            "cap": {"lines": self.cap.lines, "share_ppm": self.cap.share_ppm, "ceiling": self.cap.ceiling},
            "items": list(self.items),
            "entries": [[entry.dimension, entry.leaves, [place[item] for item in entry.items], list(entry.left)] for entry in self.entries],
            "contrary": [[place[kept.item], kept.leaves, kept.lines, kept.weight] for kept in self.contrary],
        }

    @classmethod
    def from_json(cls, data: object) -> LossTable:
        """The table that `to_json` wrote. Raises BadInput for anything else."""
        try:
            stored = _Stored.model_validate(data)
        except ValidationError as error:
            raise BadInput(detail=f"loss table: {error.errors(include_input=False, include_url=False)[0]}") from error
        items = stored.items
        return cls(
            as_of=stored.as_of,
            months=stored.months,
            total_weight=stored.total_weight,
            insufficient=stored.insufficient_data,
            charges=tuple(Charge(*charge) for charge in stored.charges),
            cap=stored.cap,
            items=items,
            entries=tuple(Entry(dimension, leaves, tuple(items[place] for place in places), left) for dimension, leaves, places, left in stored.entries),
            contrary=tuple(Contrary(items[place], leaves, lines, weight) for place, leaves, lines, weight in stored.contrary),
        )


_Whole = Annotated[int, Field(strict=True, ge=0)]
_Positive = Annotated[int, Field(strict=True, gt=0)]


class _Stored(BaseModel):
    """The JSON of a table, and what must hold of it."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    as_of: date
    months: Annotated[int, Field(strict=True, ge=0, le=1200)]
    total_weight: _Positive
    insufficient_data: str | None
    charges: tuple[tuple[_Positive, _Positive, _Positive], ...]
    cap: RulingCap
    items: tuple[str, ...]
    entries: tuple[tuple[_Positive, _Whole, tuple[_Whole, ...], tuple[_Whole, ...]], ...]
    contrary: tuple[tuple[_Whole, _Whole, _Positive, _Whole], ...]

    @model_validator(mode="after")
    def _holds_together(self) -> _Stored:
        charged, known = {charge[0] for charge in self.charges}, len(self.items)
        if len(charged) < len(self.charges) or len(set(self.items)) < known:
            raise ValueError("a dimension or an item stands there twice")
        for dimension, leaves, places, left in self.entries:
            if dimension not in charged or leaves > self.months + 1 or len(left) != 1 << len(places):
                raise ValueError("an entry is of no dimension, of no month, or not of all subsets")
            if not places or len(set(places)) < len(places) or max(places) >= known:
                raise ValueError("an entry is of no items, of one twice, or of unknown ones")
            if any(left[mask] < left[mask | 1 << bit] for mask in range(len(left)) for bit in range(len(places))):
                raise ValueError("a correction costs")
        if any(place >= known for place, *_ in self.contrary):
            raise ValueError("contrary lines are of an unknown item")
        return self


@dataclass(frozen=True, slots=True)
class Scale:
    """From Σ w · x by dimension to the score, in whole numbers: a point is `unit` · PPM, one unit of share costs the dimension's slope until it is full."""

    slopes: Mapping[int, int]
    full: Mapping[int, int]
    unit: int
    cap: RulingCap
    total_weight: int

    def score(self, shares: Mapping[int, int], contrary_lines: int, contrary_weight: int) -> int:
        """The exact score."""
        loss = sum(slope * min(self.full[number], shares.get(number, 0)) for number, slope in self.slopes.items())
        return self.of_loss(loss, contrary_lines, contrary_weight)

    def of_loss(self, loss: int, contrary_lines: int, contrary_weight: int) -> int:
        """The exact score of a loss in parts of `unit` micropoints; it is rounded up, as in the run."""
        uncapped = ALL_POINTS + -loss // self.unit
        return min(uncapped, self.cap.ceiling * PPM) if self.capped(contrary_lines, contrary_weight) else uncapped

    def capped(self, lines: int, weight: int) -> bool:
        """Whether so many lines contrary to an own ruling, of so much weight, cap the score."""
        return lines > 0 and (lines >= self.cap.lines or weight * PPM >= self.total_weight * self.cap.share_ppm)
