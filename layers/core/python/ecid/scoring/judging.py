"""Judging codes and goods: each distinct combination once, however many lines carry it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from ecid.scoring.goods import Goods, Partings, goods_of, partings_of
from ecid.scoring.policy import PPM
from ecid.scoring.product_key import product_keys
from ecid.scoring.rule import Failure
from ecid.scoring.rules import GOODS_RULES
from ecid.tariff.model import TariffLine
from ecid.tariff.reference import CodeJudgement, Tariff

GOODS_COLUMNS = ("code8", "edition", "name", "specification", "destination")

_CODE_SCHEMA = {
    "state": pl.Categorical(),
    "substituted": pl.Boolean(),
    "edition": pl.Categorical(),
    "first_asked": pl.Categorical(),
    "second_asked": pl.Categorical(),
}


@dataclass(frozen=True, slots=True)
class JudgedGoods:
    """One distinct goods with what it failed. `defects`: dimension → millionths; `failures`: rule → what was seen; `key` is empty where
    nothing tells whose goods they are; `specification` is the element string as declared."""

    goods: Goods
    key: str
    defects: Mapping[int, int]
    failures: Mapping[str, tuple[Failure, ...]]
    specification: str


@dataclass(frozen=True, slots=True)
class Judgements:
    """The frame of lines with what was judged joined on: `verdict` (index into `codes`), `state`, `substituted`, `edition`, `first_asked` and
    `second_asked` (the legal units of the code, null where not known or not asked), `goods` (index into `goods`), `key`."""

    lines: pl.DataFrame
    codes: tuple[CodeJudgement, ...]
    goods: tuple[JudgedGoods, ...]


def judge(lines: pl.DataFrame, tariff: Tariff) -> Judgements:
    """Judge every distinct code and day, then every distinct goods. `lines` needs `at` (0, 1, 2…), `code`, `code8`, `day`, `name`, `specification`,
    `destination`, `in_period`, `sku`; it comes back without `specification`, `destination` and `sku`."""
    lines, codes = _judge_codes(lines, tariff)
    tariff_lines = {(verdict.line.code, verdict.edition): verdict.line for verdict in codes if verdict.line}
    # The destination matters to a preference claim alone; without this, one product sold to 100 countries would be judged 100 times.
    claims = pl.col("specification").cast(pl.String).str.contains(r"^[^|]*\|\s*[1１]\s*(\||$)")
    described = lines.select("at", "in_period", *GOODS_COLUMNS[:-1], pl.when(claims).then("destination").alias("destination"))
    distinct = described.group_by(GOODS_COLUMNS).agg(pl.col("in_period").any()).sort(GOODS_COLUMNS).with_row_index("goods")
    placed = described.select(GOODS_COLUMNS).join(distinct.drop("in_period"), on=GOODS_COLUMNS, how="left", nulls_equal=True, maintain_order="left")["goods"]
    lines = lines.drop("specification", "destination")
    del described
    goods = _judge_goods(distinct, tariff_lines, _partings(tariff_lines, tariff))
    keys = pl.Series("key", [item.key for item in goods], dtype=pl.Categorical)
    return Judgements(_with_sku_keys(lines.with_columns(placed, keys.gather(placed))), codes, tuple(goods))


def _judge_codes(lines: pl.DataFrame, tariff: Tariff) -> tuple[pl.DataFrame, tuple[CodeJudgement, ...]]:
    """Lines with what is known of their code, and the verdicts: one for each code and for all days that have the same judges."""
    days = lines["day"].unique().sort().to_list()
    judges = [id(tariff.judges(day)) for day in days]
    day_of = dict(zip(judges, days, strict=True))
    courts = pl.DataFrame({"day": days, "court": judges}, schema={"day": pl.Date(), "court": pl.Int64()})
    lines = lines.join(courts, on="day", how="left", maintain_order="left")
    pairs = lines.select("code", "court").unique()
    pairs = pairs.with_columns(judged_on=pl.col("court").replace_strict(day_of, return_dtype=pl.Date)).sort("code", "judged_on").with_row_index("verdict")
    codes = tuple(tariff.judge(code, day) for code, day in pairs.select("code", "judged_on").iter_rows())
    known = pl.DataFrame([_judged_code(verdict) for verdict in codes], schema=_CODE_SCHEMA, orient="row")
    judged = pl.concat([pairs.drop("judged_on"), known], how="horizontal")
    return lines.join(judged, on=["code", "court"], how="left", maintain_order="left").drop("court"), codes


def _judged_code(verdict: CodeJudgement) -> tuple[object, ...]:
    first, second = ((*verdict.line.units, None, None) if verdict.line else (None, None))[:2]
    return verdict.state, verdict.substituted, verdict.edition if verdict.line else None, first, second


def _with_sku_keys(lines: pl.DataFrame) -> pl.DataFrame:
    """The company's own item number, where given, is the key (score.md, "Product key")."""
    sku = pl.col("sku").cast(pl.String).str.strip_chars()
    own = pl.when(sku != "").then(pl.lit("sku:") + sku).cast(pl.Categorical)
    return lines.with_columns(key=pl.coalesce(own, "key")).drop("sku")


_Lines = Mapping[tuple[str, str | None], TariffLine]


def _partings(tariff_lines: _Lines, tariff: Tariff) -> dict[tuple[str, str | None], Partings]:
    """How each declared line parts from the others of its heading, in the edition that judged it."""
    headings: dict[tuple[str, str | None], list[TariffLine]] = {}
    for edition in tariff.editions:
        for code, line in edition.lines.items():
            headings.setdefault((code[:4], edition.id), []).append(line)
    return {(code, edition): partings_of(line, headings.get((code[:4], edition), ())) for (code, edition), line in tariff_lines.items()}


def _judge_goods(distinct: pl.DataFrame, tariff_lines: _Lines, partings: Mapping[tuple[str, str | None], Partings]) -> list[JudgedGoods]:
    parsed = [
        goods_of(code8, name, specification, destination, tariff_lines.get((code8, edition)), partings.get((code8, edition), ()))
        for code8, edition, name, specification, destination in distinct.select(GOODS_COLUMNS).iter_rows()
    ]
    keys, declared = _keys(parsed, distinct["in_period"].to_list()), distinct["specification"].cast(pl.String).to_list()
    return [_judged(*one) for one in zip(parsed, keys, declared, strict=True)]


def _keys(goods: Sequence[Goods], in_period: Sequence[bool]) -> list[str]:
    """Product keys. Goods of the period get theirs from each other alone: what has left the period has no say in the score."""
    keys = product_keys(goods)
    if all(in_period):
        return keys
    inside = iter(product_keys([item for item, within in zip(goods, in_period, strict=True) if within]))
    return [next(inside) if within else key for key, within in zip(keys, in_period, strict=True)]


def _judged(goods: Goods, key: str, specification: str) -> JudgedGoods:
    failures = {rule.code: failed for rule in GOODS_RULES if (failed := tuple(rule.check(goods)))}
    missing = len(failures.get("ELEMENT_MISSING", ()))
    mandatory = sum(slot.mandatory for slot in goods.slots)
    meaningless = {failure.position for rule in GOODS_RULES if rule.dimension == 3 for failure in failures.get(rule.code, ())}
    checked = sum(1 for slot in goods.slots if slot.value)
    defects = {2: element_defect(missing, mandatory), 3: element_defect(len(meaningless), checked)}
    return JudgedGoods(goods, key, {number: x for number, x in defects.items() if x}, failures, specification)


def element_defect(failed: int, of: int) -> int:
    """0 if none failed, else ½ + ½ · failed ÷ of, in millionths (floored)."""
    return PPM // 2 + PPM // 2 * min(failed, of) // of if failed and of else 0
