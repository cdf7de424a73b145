"""Caps: what keeps a score down whatever the dimensions say (score.md, "Dimensions")."""

from __future__ import annotations

import polars as pl

from ecid.scoring.defects import Defects
from ecid.scoring.judging import Judgements
from ecid.scoring.policy import PPM, Policy
from ecid.scoring.result import Cap
from ecid.scoring.rules.ruling_conflict import CODE as RULING_CONFLICT


def caps_of(judgements: Judgements, defects: Defects, policy: Policy, uncapped_micro: int) -> tuple[Cap, ...]:
    """The caps on a score that would be `uncapped_micro`, each with the points that it takes: 0 where the score is lower anyway.

    One exists: weighed lines contrary to the enterprise's own advance ruling in force. It ends with these lines amended or out of the window.
    """
    lines, bound = judgements.lines, policy.ruling_cap
    contrary = lines[defects.rows.filter(pl.col("rule") == RULING_CONFLICT)["at"]].filter("weighed")
    weight = int(contrary["w"].sum())
    if contrary.is_empty() or (len(contrary) < bound.lines and weight * PPM < policy.total_weight * bound.share_ppm):
        return ()
    points = max(uncapped_micro - bound.ceiling * PPM, 0)
    return (Cap(RULING_CONFLICT, points, bound.ceiling * PPM, tuple(contrary["line_id"])),)
