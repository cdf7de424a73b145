"""The ledger: which lines lose how much in which dimension, gathered into findings whose points add up exactly (score.md, "Ledger")."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import polars as pl

from ecid.scoring.judging import Judgements
from ecid.scoring.policy import PPM, Policy
from ecid.scoring.result import Finding
from ecid.scoring.rules import RULE_DIMENSIONS
from ecid.scoring.rules.code_validity import dimensions_charged, rule_for
from ecid.scoring.rules.same_goods_split import CODE as SAME_GOODS_SPLIT
from ecid.scoring.rules.same_goods_split import split_defects
from ecid.scoring.shares import allot
from ecid.tariff.reference import Tariff

_EVIDENCE_SHOWN = 12
_SCHEMA = {"at": pl.UInt32(), "dimension": pl.Int64(), "rule": pl.String(), "x": pl.Int64()}


@dataclass(frozen=True, slots=True)
class Defects:
    """`rows`: `at`, `dimension`, `rule`, `x` (millionths of the line's weight in that dimension), `w`, and `failed` (rules failed there by the line).

    `product_codes`: for lines of a split product, the code taken as the product's.
    """

    rows: pl.DataFrame
    product_codes: Mapping[int, str]

    @classmethod
    def of(cls, judgements: Judgements, tariff: Tariff, policy: Policy) -> Defects:
        """All defects of all lines."""
        lines = judgements.lines
        split = _split(lines.select("at", "key", "code8", "day", "w", "in_period"), policy, tariff)
        of_split = split.select("at", pl.lit(5, pl.Int64).alias("dimension"), pl.lit(SAME_GOODS_SPLIT).alias("rule"), "x")
        rows = pl.concat([_of_codes(judgements), _of_goods(judgements), of_split])
        rows = rows.join(lines.select("at", "w"), on="at", how="left").sort("at", "dimension", "rule")
        rows = rows.with_columns(failed=pl.len().over("at", "dimension"))
        return cls(rows, dict(split.select("at", "product_code").iter_rows()))

    def share(self, dimension: int) -> int:
        """Σ w · x over the lines, in millionths of weight units."""
        of_dimension = self.rows.filter(pl.col("dimension") == dimension).unique("at")
        return int((of_dimension["w"] * of_dimension["x"]).sum())


def _split(lines: pl.DataFrame, policy: Policy, tariff: Tariff) -> pl.DataFrame:
    """Split products. What lies outside the period is judged beside the rest, but has no say in it: its lines have left the score."""
    inside = split_defects(lines.filter("in_period"), policy, tariff.succeeds)
    if lines["in_period"].all():
        return inside
    outside = lines.filter(~pl.col("in_period")).select("at")
    return pl.concat([inside, split_defects(lines, policy, tariff.succeeds).join(outside, on="at", how="semi")])


def _of_codes(judgements: Judgements) -> pl.DataFrame:
    rows = []
    for (code, day), verdict in judgements.codes.items():
        rule = rule_for(verdict)
        if rule:
            charged = dimensions_charged(verdict)
            rows += [(code, day, number, rule, PPM) for number in charged] or [(code, day, 1, rule, 0)]
    schema = {"code": pl.String(), "day": pl.Date(), "dimension": pl.Int64(), "rule": pl.String(), "x": pl.Int64()}
    found = pl.DataFrame(rows, schema=schema, orient="row")
    known = found.filter(pl.col("dimension").is_in(sorted(set(RULE_DIMENSIONS.values()))))
    return judgements.lines.select("at", "code", "day").join(known, on=["code", "day"], how="inner").select(*_SCHEMA)


def _of_goods(judgements: Judgements) -> pl.DataFrame:
    rows = [
        (index, RULE_DIMENSIONS[rule], rule, item.defects.get(RULE_DIMENSIONS[rule], 0))
        for index, item in enumerate(judgements.goods)
        for rule in item.failures
    ]
    found = pl.DataFrame(rows, schema={"goods": pl.UInt32(), "dimension": pl.Int64(), "rule": pl.String(), "x": pl.Int64()}, orient="row")
    valid = judgements.lines.filter(pl.col("state") == "valid").select("at", "goods")
    return valid.join(found, on="goods", how="inner").select(*_SCHEMA)


def findings_of(judgements: Judgements, defects: Defects, lost: Mapping[int, int] | None, enterprise: str) -> tuple[Finding, ...]:
    """All findings, costliest first; `lost` (points by dimension, millionths) is None while data are insufficient, and then so are their points."""
    lines = judgements.lines
    total_value = int(lines["value"].cast(pl.Int128).sum())
    rows = defects.rows.join(lines.select("at", "key", "code", "code8", "line_id", "name", "day", "value", "goods"), on="at", how="left")
    rows = rows.with_columns(key=pl.when(pl.col("key") == "").then(pl.col("name")).otherwise(pl.col("key")))
    claims = _claims(rows)
    points = _points(claims, lost) if lost is not None else None
    groups = rows.unique(["rule", "key", "code8", "at"]).sort("at").partition_by("rule", "key", "code8", maintain_order=True, as_dict=True)
    total_weight = int(lines["w"].sum())
    findings = [_finding(identity, group, points, enterprise, (total_weight, total_value), judgements, defects) for identity, group in groups.items()]
    return tuple(sorted(findings, key=lambda finding: (-(finding.points_micro or 0), finding.dimension, finding.rule, finding.code, finding.product_key)))


Identity = tuple[str, str, str]
"""Rule, product key, eight-digit code."""


def _claims(rows: pl.DataFrame) -> dict[int, dict[Identity, Fraction]]:
    """By dimension: what each finding claims of the dimension's loss, Σ w · x ÷ number of rules that the line failed there."""
    claims: dict[int, dict[Identity, Fraction]] = defaultdict(lambda: defaultdict(Fraction))
    sums = rows.group_by("dimension", "rule", "key", "code8", "failed").agg((pl.col("w") * pl.col("x")).sum().alias("claim"))
    for number, rule, key, code8, failed, claim in sums.sort("dimension", "rule", "key", "code8", "failed").iter_rows():
        claims[number][rule, key, code8] += Fraction(claim, failed)
    return claims


def _points(claims: Mapping[int, Mapping[Identity, Fraction]], lost: Mapping[int, int]) -> dict[Identity, dict[int, int]]:
    points: dict[Identity, dict[int, int]] = defaultdict(dict)
    for number, by_finding in claims.items():
        for identity, given in zip(by_finding, allot(lost.get(number, 0), list(by_finding.values())), strict=True):
            points[identity][number] = given
    return points


def _finding(
    identity: Identity,
    group: pl.DataFrame,
    points: Mapping[Identity, Mapping[int, int]] | None,
    enterprise: str,
    totals: tuple[int, int],
    judgements: Judgements,
    defects: Defects,
) -> Finding:
    rule, key, code8 = identity
    total_weight, total_value = totals
    by_dimension = dict(points[identity]) if points is not None else {}
    digest = hashlib.sha256(f"{enterprise}\x1f{rule}\x1f{key}\x1f{code8}".encode()).hexdigest()
    suggested, evidence = _grounds(rule, group, judgements, defects)
    return Finding(
        id=digest[:16],
        rule=rule,
        dimension=RULE_DIMENSIONS[rule],
        points_micro=None if points is None else sum(by_dimension.values()),
        points_by_dimension=by_dimension,
        code=group["code"][0],
        product_key=key,
        goods_name=group["name"][0],
        lines=tuple(group["line_id"].to_list()),
        weight_share_ppm=int(group["w"].sum()) * PPM // total_weight if total_weight else 0,
        value_share_ppm=int(group["value"].cast(pl.Int128).sum()) * PPM // total_value if total_value else 0,
        first_day=group["day"].min(),  # type: ignore[arg-type]
        last_day=group["day"].max(),  # type: ignore[arg-type]
        suggested_codes=suggested,
        evidence=evidence,
    )


def _grounds(rule: str, group: pl.DataFrame, judgements: Judgements, defects: Defects) -> tuple[tuple[str, ...], tuple[Mapping[str, Any], ...]]:
    """Suggested codes and evidence of one finding."""
    if rule == SAME_GOODS_SPLIT:
        codes = sorted({defects.product_codes[at] for at in group["at"]})
        return tuple(codes), ({"kind": "same_goods", "codes": sorted({*codes, *group["code8"]})},)
    if RULE_DIMENSIONS[rule] == 1:
        verdicts = [judgements.codes[pair] for pair in group.select("code", "day").unique(maintain_order=True).iter_rows()]
        suggested = sorted({code for verdict in verdicts for code in verdict.suggestions})
        return tuple(suggested), tuple({"kind": "code", "state": v.state, "edition": v.edition, "reason": v.reason} for v in _distinct(verdicts))
    goods = [judgements.goods[index] for index in group["goods"].unique(maintain_order=True)]
    seen: dict[tuple[int | None, str, str], Mapping[str, Any]] = {
        (failure.position, failure.label, failure.seen): {
            "kind": "element",
            "position": failure.position,
            "label": failure.label,
            "seen": failure.seen,
            "expected": {"zh": failure.expected_zh, "en": failure.expected_en},
        }
        for item in goods
        for failure in item.failures.get(rule, ())
    }
    shown = list(seen.values())[:_EVIDENCE_SHOWN]
    if len(seen) > _EVIDENCE_SHOWN:
        shown.append({"kind": "more", "count": len(seen) - _EVIDENCE_SHOWN})
    return (), tuple(shown)


def _distinct(verdicts: Sequence[Any]) -> list[Any]:
    return list({(verdict.state, verdict.edition): verdict for verdict in verdicts}.values())
