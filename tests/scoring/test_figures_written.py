"""Figures in evidence: as a person writes them, and none of what rounding in binary leaves."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta

import pytest

from ecid.scoring.engine import Request, run
from ecid.scoring.policy import load_policy
from ecid.scoring.reference import Reference
from ecid.scoring.result import to_json
from ecid.scoring.wording import figure
from tests.scoring.conftest import frame


@pytest.mark.parametrize(
    ("value", "decimals", "written"),
    [
        (200.00000000000003, 5, "200"),
        (100.0, 4, "100"),
        (4000.0000000000005, 5, "4000"),
        (0.1 + 0.2, 4, "0.3"),
        (-20000.0, 4, "-20000"),
        (-0.00001, 4, "0"),
        (1e15, 4, "1000000000000000"),
        (0.12345, 5, "0.12345"),
        (0.123456, 5, "0.12346"),
    ],
)
def test_a_figure(value: float, decimals: int, written: str) -> None:
    assert figure(value, decimals) == written


def test_evidence_of_prices_holds_no_binary_remainders(reference: Reference) -> None:
    start = date(2025, 1, 1)
    usual = [
        {"declared_on": start + timedelta(days=day), "price_e4": 50_000, "total_e4": 10_000_000, "quantity_e5": 20_000_000, "sku": "A"} for day in range(40)
    ]
    odd = [{**usual[0], "price_e4": None, "total_e4": 200_000_000, "quantity_e5": quantity} for quantity in (20_000_000, 33_333_333, 10)]
    odd += [{**usual[0], "price_e4": 900_000, "total_e4": 180_000_000}]
    made = run(frame([*usual, *odd]), reference, load_policy(), Request("e", "feed", date(2025, 12, 31)))
    for lang in ("zh", "en"):
        said = [
            text
            for finding in to_json(made.result, [], lang)["findings"]
            for item in finding["evidence"]
            for text in (item.get("seen"), item.get("expected"))
            if finding["rule"] == "PRICE_OUTLIER"
        ]
        assert len(said) >= 2
        figures = re.findall(r"[0-9]+(?:\.([0-9]+))?", json.dumps(said, ensure_ascii=False))
        assert all(len(decimals) <= 5 and not decimals.endswith("0") for decimals in figures)
