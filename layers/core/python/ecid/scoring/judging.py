"""Judging codes and goods: each distinct combination once, however many lines carry it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import polars as pl

from ecid.scoring.goods import Goods, Partings, goods_of, partings_of
from ecid.scoring.policy import PPM
from ecid.scoring.product_key import product_keys
from ecid.scoring.rule import Failure
from ecid.scoring.rules import GOODS_RULES
from ecid.tariff.model import TariffLine
from ecid.tariff.reference import CodeJudgement, Tariff

GOODS_COLUMNS = ("code8", "edition", "name", "specification", "destination")


@dataclass(frozen=True, slots=True)
class JudgedGoods:
    """One distinct goods with what it failed. `defects`: dimension → millionths; `failures`: rule → what was seen; `key` is empty where
    nothing tells whose goods they are."""

    goods: Goods
    key: str
    defects: Mapping[int, int]
    failures: Mapping[str, tuple[Failure, ...]]


@dataclass(slots=True)
class Judgements:
    """The frame of lines with what was judged joined on: `state`, `substituted`, `edition`, `goods` (index into `goods`), `key`."""

    lines: pl.DataFrame
    codes: dict[tuple[str, date], CodeJudgement] = field(default_factory=dict)
    goods: list[JudgedGoods] = field(default_factory=list)


def judge(lines: pl.DataFrame, tariff: Tariff) -> Judgements:
    """Judge every distinct code and day, then every distinct goods. `lines` needs `at`, `code`, `code8`, `day`, `name`, `specification`,
    `destination`, `in_period`."""
    pairs = lines.select("code", "day").unique().sort("code", "day")
    codes = {(code, day): tariff.judge(code, day) for code, day in pairs.iter_rows()}
    judged = pairs.with_columns(
        pl.Series("state", [codes[pair].state for pair in pairs.iter_rows()], dtype=pl.String),
        pl.Series("substituted", [codes[pair].substituted for pair in pairs.iter_rows()], dtype=pl.Boolean),
        pl.Series("edition", [codes[pair].edition if codes[pair].line else None for pair in pairs.iter_rows()], dtype=pl.String),
    )
    tariff_lines = {(code[:8], verdict.edition): verdict.line for (code, _), verdict in codes.items() if verdict.line}
    lines = lines.join(judged, on=["code", "day"], how="left", maintain_order="left")
    # The destination matters to a preference claim alone; without this, one product sold to 100 countries would be judged 100 times.
    claims = pl.col("specification").str.contains(r"^[^|]*\|\s*[1１]\s*(\||$)")
    lines = lines.with_columns(destination=pl.when(claims).then(pl.col("destination")))
    distinct = lines.group_by(GOODS_COLUMNS).agg(pl.col("in_period").any()).sort(GOODS_COLUMNS).with_row_index("goods")
    goods = _judge_goods(distinct, tariff_lines, _partings(tariff_lines, tariff))
    distinct = distinct.with_columns(pl.Series("key", [item.key for item in goods], dtype=pl.String))
    lines = lines.join(distinct.drop("in_period"), on=GOODS_COLUMNS, how="left", nulls_equal=True, maintain_order="left")
    return Judgements(_with_sku_keys(lines), codes, goods)


def _with_sku_keys(lines: pl.DataFrame) -> pl.DataFrame:
    """The company's own item number, where given, is the key (score.md, "Product key")."""
    sku = pl.col("sku").str.strip_chars()
    return lines.with_columns(key=pl.when(sku.is_not_null() & (sku != "")).then(pl.lit("sku:") + sku).otherwise(pl.col("key")))


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
    return [_judged(goods, key) for goods, key in zip(parsed, _keys(parsed, distinct["in_period"].to_list()), strict=True)]


def _keys(goods: Sequence[Goods], in_period: Sequence[bool]) -> list[str]:
    """Product keys. Goods of the period get theirs from each other alone: what has left the period has no say in the score."""
    keys = product_keys(goods)
    if all(in_period):
        return keys
    inside = iter(product_keys([item for item, within in zip(goods, in_period, strict=True) if within]))
    return [next(inside) if within else key for key, within in zip(keys, in_period, strict=True)]


def _judged(goods: Goods, key: str) -> JudgedGoods:
    failures = {rule.code: failed for rule in GOODS_RULES if (failed := tuple(rule.check(goods)))}
    missing = len(failures.get("ELEMENT_MISSING", ()))
    mandatory = sum(slot.mandatory for slot in goods.slots)
    meaningless = {failure.position for rule in GOODS_RULES if rule.dimension == 3 for failure in failures.get(rule.code, ())}
    checked = sum(1 for slot in goods.slots if slot.value)
    defects = {2: _defect(missing, mandatory), 3: _defect(len(meaningless), checked)}
    return JudgedGoods(goods, key, {number: x for number, x in defects.items() if x}, failures)


def _defect(failed: int, of: int) -> int:
    """0 if none failed, else ½ + ½ · failed ÷ of, in millionths (floored)."""
    return PPM // 2 + PPM // 2 * min(failed, of) // of if failed and of else 0
