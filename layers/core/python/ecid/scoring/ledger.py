"""The ledger: which lines lose how much in which dimension, gathered into findings whose points add up exactly (score.md, "Ledger")."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import polars as pl

from ecid.scoring.defects import Defects
from ecid.scoring.policy import PPM
from ecid.scoring.result import Finding
from ecid.scoring.rules import RULE_DIMENSIONS
from ecid.scoring.shares import allot

_IDENTITY = ("rule", "key", "code8")
Identity = tuple[str, str, str]
"""Rule, product key (the goods' name where there is none), eight-digit code."""
_Points = Mapping[Identity, Mapping[int, int]]


def findings_of(lines: pl.DataFrame, defects: Defects, lost: Mapping[int, int] | None, enterprise: str) -> tuple[Finding, ...]:
    """All findings, costliest first; `lost` (points by dimension, millionths) is None while data are insufficient, and then so are their points."""
    rows = identified(lines, defects)
    points = _points(_claims(rows), lost) if lost is not None else None
    totals = int(lines["w"].sum()), int(lines["value"].cast(pl.Int128).sum())
    findings = [_finding(group, points, enterprise, totals, defects) for group in _groups(rows, lines).iter_rows(named=True)]
    return tuple(sorted(findings, key=lambda finding: (-(finding.points_micro or 0), finding.dimension, finding.rule, finding.code, finding.product_key)))


def identified(lines: pl.DataFrame, defects: Defects) -> pl.DataFrame:
    """The rows of `defects` with what names the finding of each: `key` (the goods' name where there is none) and `code8`."""
    keys = lines.select(pl.when(pl.col("key") == "").then("name").otherwise("key")).to_series()
    return defects.rows.with_columns(key=keys.gather(defects.rows["at"]), code8=lines["code8"].gather(defects.rows["at"]))


def _claims(rows: pl.DataFrame) -> dict[int, dict[Identity, Fraction]]:
    """By dimension: what each finding claims of the dimension's loss, Σ w · x ÷ number of rules that the line failed there."""
    claims: dict[int, dict[Identity, Fraction]] = defaultdict(lambda: defaultdict(Fraction))
    sums = rows.group_by("dimension", *_IDENTITY, "failed").agg((pl.col("w") * pl.col("x")).sum().alias("claim"))
    for number, rule, key, code8, failed, claim in sums.sort("dimension", *_IDENTITY, "failed").iter_rows():
        claims[number][rule, key, code8] += Fraction(claim, failed)
    return claims


def _points(claims: Mapping[int, Mapping[Identity, Fraction]], lost: Mapping[int, int]) -> _Points:
    points: dict[Identity, dict[int, int]] = defaultdict(dict)
    for number, by_finding in claims.items():
        for identity, given in zip(by_finding, allot(lost.get(number, 0), list(by_finding.values())), strict=True):
            points[identity][number] = given
    return points


def _groups(rows: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """The lines of each finding, in their order, with what is said of them together."""
    own = rows.filter(pl.col("dimension") == pl.col("rule").replace_strict(RULE_DIMENSIONS, return_dtype=pl.Int8))
    shown = ("line_id", "name", "code", "day", "value")
    own = own.with_columns(lines[name].gather(own["at"]).alias(name) for name in shown)
    return own.group_by(_IDENTITY, maintain_order=True).agg(
        pl.col("line_id"),
        pl.col("name", "code").first(),
        pl.col("fact").unique(maintain_order=True),
        pl.col("fact").unique_counts().alias("stating"),
        pl.col("w").sum(),
        pl.col("value").cast(pl.Int128).sum(),
        pl.col("day").min().alias("first_day"),
        pl.col("day").max().alias("last_day"),
    )


def _finding(group: Mapping[str, Any], points: _Points | None, enterprise: str, totals: tuple[int, int], defects: Defects) -> Finding:
    rule, key, code8 = group["rule"], group["key"], group["code8"]
    total_weight, total_value = totals
    by_dimension = dict(points[rule, key, code8]) if points is not None else {}
    digest = hashlib.sha256(f"{enterprise}\x1f{rule}\x1f{key}\x1f{code8}".encode()).hexdigest()
    suggested, evidence = defects.grounds[rule](dict(zip(group["fact"], group["stating"], strict=True)))
    return Finding(
        id=digest[:16],
        rule=rule,
        dimension=RULE_DIMENSIONS[rule],
        points_micro=None if points is None else sum(by_dimension.values()),
        points_by_dimension=by_dimension,
        code=group["code"],
        product_key=key,
        goods_name=group["name"],
        lines=tuple(group["line_id"]),
        weight_share_ppm=group["w"] * PPM // total_weight if total_weight else 0,
        value_share_ppm=group["value"] * PPM // total_value if total_value else 0,
        first_day=group["first_day"],
        last_day=group["last_day"],
        suggested_codes=suggested,
        evidence=evidence,
    )
