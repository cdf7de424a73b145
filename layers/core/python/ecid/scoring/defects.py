"""Which lines are defective in which dimension, by how much, under which rule, and on what grounds."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from ecid.scoring.judging import JudgedGoods, Judgements
from ecid.scoring.policy import PPM, Policy
from ecid.scoring.rule import Case, Evidence, LineRule, LineVerdict, SourceRule
from ecid.scoring.rules import LINE_RULES, RULE_DIMENSIONS, SOURCE_RULES
from ecid.scoring.rules.code_validity import dimensions_charged, rule_for
from ecid.scoring.rules.same_goods_split import CODE as SAME_GOODS_SPLIT
from ecid.scoring.rules.same_goods_split import split_defects
from ecid.tariff.reference import CodeJudgement, Tariff

_EVIDENCE_SHOWN = 12
SCHEMA = {"at": pl.UInt32(), "dimension": pl.Int8(), "rule": pl.Enum(sorted(RULE_DIMENSIONS)), "x": pl.Int64(), "fact": pl.UInt32()}

Grounds = tuple[tuple[str, ...], tuple[Evidence, ...]]
"""Suggested codes and evidence of one finding."""
_Facts = Mapping[int, int]
"""Facts of one finding, in the order of its lines, and how many lines each is of."""
_GroundsOf = Callable[[_Facts], Grounds]


@dataclass(frozen=True, slots=True)
class Defects:
    """`rows`: `at`, `dimension`, `rule`, `x` (millionths of the line's weight in that dimension), `fact`, `w`, and `failed` (rules failed there by the line).

    A `fact` is a number that only the rule's entry in `grounds` can read. `verdicts` are those of the line rules
    and source rules.
    """

    rows: pl.DataFrame
    grounds: Mapping[str, _GroundsOf]
    verdicts: Mapping[LineRule | SourceRule, LineVerdict]

    @classmethod
    def of(cls, case: Case) -> Defects:
        """All defects of all lines."""
        judgements, lines, policy = case.judgements, case.judgements.lines, case.policy
        verdicts: dict[LineRule | SourceRule, LineVerdict] = {rule: rule.check(lines, policy) for rule in LINE_RULES}
        verdicts |= {rule: rule.check(case) for rule in SOURCE_RULES}
        split = _of_split(lines, policy, case.reference.tariff)
        parts = [_of_codes(judgements), _of_goods(judgements), split, *(_of_lines(*found) for found in verdicts.items())]
        rows = pl.concat([rows for rows, _ in parts])
        of_the_line = ("at", "dimension")
        rows = rows.with_columns(pl.col("x").max().over(of_the_line), w=lines["w"].gather(rows["at"]), failed=pl.len().over(of_the_line))
        rows = rows.sort("at", "dimension", "rule")
        return cls(rows, {rule: grounds for _, by_rule in parts for rule, grounds in by_rule.items()}, verdicts)

    def shares(self) -> dict[int, int]:
        """By dimension Σ w · x over the lines, in millionths of weight units."""
        # A line that failed n rules in a dimension stands there n times, each time with the same defect.
        sums = self.rows.group_by("dimension", "failed").agg((pl.col("w") * pl.col("x")).sum().alias("share"))
        return dict(sums.group_by("dimension").agg((pl.col("share") // pl.col("failed")).sum()).iter_rows())


_Part = tuple[pl.DataFrame, Mapping[str, _GroundsOf]]


def _of_codes(judgements: Judgements) -> _Part:
    """Codes that are unknown or not in force; a fact is the place of the verdict."""
    verdicts = judgements.codes
    rows = []
    for fact, verdict in enumerate(verdicts):
        rule = rule_for(verdict)
        if rule:
            charged = dimensions_charged(verdict)
            rows += [(number, rule, PPM, fact) for number in charged] or [(1, rule, 0, fact)]
    found = pl.DataFrame(rows, schema={name: kind for name, kind in SCHEMA.items() if name != "at"}, orient="row")
    known = found.filter(pl.col("dimension").is_in(sorted(set(RULE_DIMENSIONS.values()))))
    concerned = judgements.lines.select("at", fact="verdict").join(known, on="fact", how="inner").select(*SCHEMA)

    def grounds(facts: _Facts) -> Grounds:
        return _code_grounds([verdicts[fact] for fact in facts])

    return concerned, {rule: grounds for rule, number in RULE_DIMENSIONS.items() if number == 1}


def _code_grounds(verdicts: Sequence[CodeJudgement]) -> Grounds:
    suggested = sorted({code for verdict in verdicts for code in verdict.suggestions})
    distinct = {(verdict.state, verdict.edition): verdict for verdict in verdicts}.values()
    return tuple(suggested), tuple({"kind": "code", "state": v.state, "edition": v.edition, "reason": v.reason} for v in distinct)


def _of_goods(judgements: Judgements) -> _Part:
    """What goods failed; a fact is the place of the goods."""
    rows = [
        (index, RULE_DIMENSIONS[rule], rule, item.defects.get(RULE_DIMENSIONS[rule], 0))
        for index, item in enumerate(judgements.goods)
        for rule in item.failures
    ]
    found = pl.DataFrame(rows, schema={"fact": SCHEMA["fact"], "dimension": SCHEMA["dimension"], "rule": SCHEMA["rule"], "x": SCHEMA["x"]}, orient="row")
    valid = judgements.lines.filter(pl.col("state") == "valid").select("at", fact="goods")
    goods = judgements.goods

    def grounds_of(rule: str) -> _GroundsOf:
        return lambda facts: _goods_grounds(rule, [goods[fact] for fact in facts])

    return valid.join(found, on="fact", how="inner").select(*SCHEMA), {rule: grounds_of(rule) for rule in found["rule"].unique()}


def _goods_grounds(rule: str, goods: Sequence[JudgedGoods]) -> Grounds:
    seen: dict[tuple[int | None, str, str], Evidence] = {
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
    return (), _shown(list(seen.values())[:_EVIDENCE_SHOWN], len(seen) - _EVIDENCE_SHOWN)


def _of_split(lines: pl.DataFrame, policy: Policy, tariff: Tariff) -> _Part:
    """Split products; a fact is the place of the product's own code. What lies outside the period is judged beside the rest, but has no say in it.

    A code that was no longer in force is dimension 1's alone: beside it the code that the new tariff asks for would look like another one.
    """
    keyed = lines.filter(pl.col("state") != "not_in_force").select("at", "key", "code8", "day", "w", "in_period")
    found = split_defects(keyed.filter("in_period"), policy, tariff.succeeds)
    if not keyed["in_period"].all():
        outside = keyed.filter(~pl.col("in_period")).select("at")
        found = pl.concat([found, split_defects(keyed, policy, tariff.succeeds).join(outside, on="at", how="semi")])
    found = found.with_columns(code=lines["code8"].gather(found["at"]))
    pairs = found.select("code", "product_code").unique().sort("code", "product_code").with_row_index("fact")
    codes = list(pairs.select("code", "product_code").iter_rows())
    placed = found.join(pairs, on=["code", "product_code"], how="left")

    def grounds(facts: _Facts) -> Grounds:
        own = sorted({codes[fact][1] for fact in facts})
        return tuple(own), ({"kind": "same_goods", "codes": sorted({*own, *(codes[fact][0] for fact in facts)})},)

    rows = placed.select("at", pl.lit(5, SCHEMA["dimension"]).alias("dimension"), pl.lit(SAME_GOODS_SPLIT, SCHEMA["rule"]).alias("rule"), "x", "fact")
    return rows, {SAME_GOODS_SPLIT: grounds}


def _of_lines(rule: LineRule | SourceRule, verdict: LineVerdict) -> _Part:
    """What lines failed by their figures, or beside a source; a fact is the place of the figures, or of the source."""
    marks = (pl.lit(rule.dimension, SCHEMA["dimension"]).alias("dimension"), pl.lit(rule.code, SCHEMA["rule"]).alias("rule"))
    defect = pl.col("x") if "x" in verdict.failed.columns else pl.lit(PPM, pl.Int64).alias("x")
    rows = verdict.failed.select("at", *marks, defect, "fact")
    stated = verdict.facts.rechunk()

    def grounds(facts: _Facts) -> Grounds:
        lines: dict[str, int] = {}
        said: dict[str, Evidence] = {}
        left = iter(facts.items())
        for fact, count in left:
            for found in rule.evidence(stated.row(fact, named=True)):
                wording = json.dumps(found, ensure_ascii=False)
                said[wording] = found
                lines[wording] = lines.get(wording, 0) + count
            if len(said) >= _EVIDENCE_SHOWN:
                break
        suggested = {code for fact in facts for code in rule.suggested(stated.row(fact, named=True))} if isinstance(rule, SourceRule) else ()
        return tuple(sorted(suggested)), _shown([{**found, "lines": lines[wording]} for wording, found in said.items()], sum(1 for _ in left))

    return rows, {rule.code: grounds}


def _shown(evidence: Sequence[Evidence], more: int) -> tuple[Evidence, ...]:
    """The first pieces of evidence, and how many more there are."""
    return (*evidence, {"kind": "more", "count": more}) if more > 0 else tuple(evidence)
