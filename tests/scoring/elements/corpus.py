"""The corpora of this folder as goods: lines.toml (what the codes ask for), clean.toml (nothing to find), planted.toml (one defect each)."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from ecid.scoring.goods import Goods, Partings, goods_of
from ecid.scoring.rule import Failure, GoodsRule
from ecid.scoring.rules import brand_mismatch, check_digit, element_bad_code, element_contradicts, element_empty_talk, element_no_unit
from ecid.tariff.model import Element, TariffLine

RULES: tuple[GoodsRule, ...] = tuple(
    module.RULE for module in (brand_mismatch, check_digit, element_bad_code, element_contradicts, element_empty_talk, element_no_unit)
)


@cache
def read(name: str) -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name(f"{name}.toml").read_text("utf-8"))


@cache
def line(code: str) -> TariffLine:
    raw = read("lines")[code]
    elements = tuple(Element(number, label, "classification") for number, label in enumerate(raw["elements"], 1))
    return TariffLine(code, raw["name"], tuple(raw["path"]), elements=elements)


@cache
def partings(code: str) -> Partings:
    """Where other lines of the heading part from this one, as far as the cases need it."""
    return tuple((own, other) for own, other in read("lines")[code].get("partings", ()))


def clean() -> list[dict[str, Any]]:
    return list(read("clean")["goods"])


def goods(case: dict[str, Any]) -> Goods:
    return goods_of(case["code"], case["name"], case["spec"], case.get("destination"), line(case["code"]), partings(case["code"]))


def planted() -> list[tuple[str, dict[str, Any]]]:
    return [(rule, case) for rule, group in read("planted").items() for case in group["cases"]]


def with_defect(case: dict[str, Any]) -> Goods:
    """The clean goods that `case` names with its defect put in."""
    base = next(entry for entry in clean() if entry["id"] == case["of"])
    values = base["spec"].split("|")
    values += [""] * (case["at"] + 1 - len(values))
    if "value" in case:
        values[case["at"]] = case["value"]
    changed: dict[str, Any] = {key: case[key] for key in ("name", "destination") if key in case}
    return goods({**base, **changed, "spec": "|".join(values)})


def findings(judged: Goods) -> list[tuple[str, Failure]]:
    return [(rule.code, failure) for rule in RULES for failure in rule.check(judged)]
