"""The scoring policy: every parameter of the score, read from one reviewed, dated file."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

from ecid.errors import Language

PPM = 1_000_000
"""Shares, defects and points are integers in millionths."""


@dataclass(frozen=True, slots=True)
class Dimension:
    """One dimension: its points (`weight`) and the share of weight (`full_ppm`) at which all of them are lost."""

    number: int
    name: Mapping[str, str]
    weight: int
    full_ppm: int


@dataclass(frozen=True, slots=True)
class Spread:
    """When a value is far off: with at least `lines` values of its group, farther from their median than max(`mads` · MAD, `share_ppm` of the median).

    Unless at least `level_lines` values, and `level_share_ppm` of the group's, lie far off together, within `level_ppm` of it: a level of their own.
    """

    lines: int
    mads: int
    share_ppm: int
    level_lines: int
    level_share_ppm: int
    level_ppm: int


@dataclass(frozen=True, slots=True)
class Few:
    """When a value is grossly off though there are few: `times` the median or a part of it, where `agree` values and most of all lie less than `within`
    times the median."""

    agree: int
    within: int
    times: int


@dataclass(frozen=True, slots=True)
class Quantities:
    """How far two quantities of one measure may be apart (weights: `weight_ppm`), and the weight of a piece from what is usual."""

    measure_ppm: int
    weight_ppm: int
    piece_weight: Spread
    few_weights: Few


@dataclass(frozen=True, slots=True)
class RulingCap:
    """Lines contrary to the enterprise's own ruling, so many or of so much weight, keep the score at or below `ceiling` (points)."""

    lines: int
    share_ppm: int
    ceiling: int


@dataclass(frozen=True, slots=True)
class Placing:
    """When what is known of goods is held against their code; probabilities in millionths (`docs/rules.md`, "What is known of such goods")."""

    implausible_ppm: int
    better_ppm: int
    called_ppm: int
    excluded_ppm: int
    vague_ppm: int
    vague_terms: int
    vague_name_ppm: int
    finer_ppm: int
    residual_ppm: int
    contender_ppm: int


@dataclass(frozen=True, slots=True)
class Policy:
    """All parameters, as the policy file names them."""

    id: str
    valid_from: date
    period_months: int
    total_weight: int
    cell_floor_ppm: int
    unweighed_modes: frozenset[str]
    sufficient_lines: int
    sufficient_coverage_ppm: int
    bands: tuple[tuple[str, int], ...]
    switch_lines: int
    switch_days: int
    earlier_lines_ppm: int
    quantities: Quantities
    total_rounding_e4: int
    price_outlier: Spread
    ruling_cap: RulingCap
    disclosed_ppm: int
    placing: Placing
    trend_days: int
    trend_points_micro: int
    dimensions: tuple[Dimension, ...]

    def band(self, score_exact_micro: int) -> str:
        """The band of an exact score (millionths of a point)."""
        return next(name for name, floor in self.bands if score_exact_micro >= floor * PPM)


def parameters(lang: Language, policy_id: str = "2026-05") -> dict[str, Any]:
    """Every parameter of a policy for anyone to read (`docs/api.md`): as the file groups them, days as text, names in one language."""
    told = {name: value for name, value in _data(policy_id).items() if name != "dimension"}
    dimensions = [{**dimension, "name": dimension["name"][lang]} for dimension in _data(policy_id)["dimension"]]
    return {**told, "valid_from": told["valid_from"].isoformat(), "dimensions": dimensions}


@cache
def _data(policy_id: str) -> dict[str, Any]:
    return tomllib.loads(files("ecid.scoring").joinpath(f"policy-{policy_id}.toml").read_text("utf-8"))


@cache
def load_policy(policy_id: str = "2026-05") -> Policy:
    """The policy `policy_id` from its file in this package."""
    data = _data(policy_id)
    weights, sufficient, same_goods, quantities = data["weights"], data["sufficient"], data["same_goods"], data["quantities"]
    return Policy(
        id=data["id"],
        valid_from=data["valid_from"],
        period_months=data["period"]["months"],
        total_weight=weights["total"],
        cell_floor_ppm=weights["cell_floor_ppm"],
        unweighed_modes=frozenset(weights["unweighed_modes"]),
        sufficient_lines=sufficient["lines"],
        sufficient_coverage_ppm=sufficient["coverage_ppm"],
        bands=tuple(sorted(data["bands"].items(), key=lambda band: -band[1])),
        switch_lines=same_goods["switch_lines"],
        switch_days=same_goods["switch_days"],
        earlier_lines_ppm=same_goods["earlier_lines_ppm"],
        quantities=Quantities(**quantities | {"piece_weight": Spread(**quantities["piece_weight"]), "few_weights": Few(**quantities["few_weights"])}),
        total_rounding_e4=data["prices"]["total_rounding_e4"],
        price_outlier=Spread(**data["price_outlier"]),
        ruling_cap=RulingCap(**data["ruling_cap"]),
        disclosed_ppm=data["outcome"]["disclosed_ppm"],
        placing=Placing(**data["placing"]),
        trend_days=data["trend"]["days"],
        trend_points_micro=data["trend"]["points_micro"],
        dimensions=tuple(Dimension(**dimension) for dimension in data["dimension"]),
    )
