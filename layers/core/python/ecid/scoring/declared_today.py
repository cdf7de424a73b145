"""Which lines would be judged differently if they were declared today, under the newest tariff (score.md, "Editions"). It costs nothing: a look ahead."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import polars as pl

from ecid.scoring.goods import goods_of
from ecid.scoring.judging import JudgedGoods, Judgements
from ecid.scoring.result import DeclaredToday
from ecid.scoring.rules import GOODS_RULES
from ecid.scoring.rules.code_validity import rule_for
from ecid.tariff.model import TariffLine
from ecid.tariff.reference import CodeJudgement, Tariff


def declared_today(judgements: Judgements, tariff: Tariff, today: date) -> tuple[DeclaredToday, ...]:
    """The lines by code, with the rules of code and elements that they would fail today and not then, and the other way round. Lines of one code and one
    change stand together, in the order of codes."""
    lines, court = judgements.lines, tariff.judges(today)
    if all(tariff.judges(day) is court for day in lines["day"].unique().to_list()):
        return ()
    codes = lines.select("verdict", pl.col("code").cast(pl.String)).unique("verdict").sort("verdict")
    verdicts = {number: tariff.judge(code, today) for number, code in codes.iter_rows()}
    others = [number for number, now in verdicts.items() if not _same(judgements.codes[number], now)]
    kinds = lines.filter(pl.col("verdict").is_in(others)).group_by("code8", "verdict", "goods", maintain_order=True).agg("at")
    found: dict[tuple[str, tuple[str, ...], tuple[str, ...], tuple[str, ...]], list[int]] = {}
    for code8, number, index, places in kinds.iter_rows():
        then, now = judgements.codes[number], verdicts[number]
        before, after = _failed(then, judgements.goods[index].failures), _failed(now, _failures(judgements.goods[index], now.line))
        if before != after:
            found.setdefault((code8, tuple(sorted(after - before)), tuple(sorted(before - after)), now.suggestions), []).extend(places)
    return tuple(
        DeclaredToday(code, begun, ended, suggested, tuple(lines["line_id"].gather(sorted(places))))
        for (code, begun, ended, suggested), places in sorted(found.items())
    )


def _same(one: CodeJudgement, other: CodeJudgement) -> bool:
    """Whether both say the same of the code, and ask for the same elements under the same texts."""
    if one.state != other.state or one.line is None or other.line is None:
        return one.state == other.state
    return (one.line.elements, one.line.path, one.line.name) == (other.line.elements, other.line.path, other.line.name)


def _failed(verdict: CodeJudgement, rules: Iterable[str]) -> frozenset[str]:
    """The rules of code and elements that are failed; without a code that is valid, elements cannot be."""
    own = rule_for(verdict)
    return frozenset({own}) if own else frozenset(rules) if verdict.state == "valid" else frozenset()


def _failures(item: JudgedGoods, line: TariffLine | None) -> Iterable[str]:
    """The element rules that goods fail under another line. What was declared is known only where the elements then asked for are."""
    goods = item.goods
    if not goods.slots or line is None or not line.elements_known:
        return item.failures
    specification = "|".join([*(slot.value for slot in goods.slots), *goods.surplus])
    again = goods_of(goods.code, goods.name, specification, goods.destination, line, goods.partings)
    return [rule.code for rule in GOODS_RULES if any(True for _ in rule.check(again))]
