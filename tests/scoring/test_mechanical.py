"""The mechanical checks M1 to M15 of the domain dossier are all there, each speaking and silent where it should be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ecid.scoring.goods import goods_of
from ecid.scoring.rules import GOODS_RULES, RULE_DIMENSIONS
from ecid.tariff.model import Element, TariffLine

CHECKS = yaml.safe_load(Path(__file__).with_name("mechanical.yaml").read_text("utf-8"))


def test_all_are_there() -> None:
    assert [*CHECKS, "M15"] == [f"M{number}" for number in range(1, 16)]
    assert RULE_DIMENSIONS["UNIT_MISMATCH"] == 7
    for entries in CHECKS.values():
        assert {bool(entry["rules"]) for entry in entries} == {True, False}


@pytest.mark.parametrize(("check", "entry"), [(check, entry) for check, entries in CHECKS.items() for entry in entries])
def test_check(check: str, entry: dict[str, Any]) -> None:
    elements = tuple(Element(number, label, "classification") for number, label in enumerate(entry["elements"], 1))
    line = TariffLine(entry["code"], entry.get("line", "货物"), ("货物",), elements=elements)
    opening = "1|0|电动工具用|||"
    specification = entry["specification"] if "specification" in entry else opening + "圆" * (entry["long"] - len(opening))
    goods = goods_of(entry["code"], entry["name"], specification, entry.get("destination", "DEU"), line)
    assert [rule.code for rule in GOODS_RULES if any(True for _ in rule.check(goods))] == entry["rules"], check
