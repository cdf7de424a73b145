"""Exchange rates: which one holds for a month, what is said of months without one, and what was imported."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from ecid.adapters.knowledge_files import load_reference
from ecid.knowledge import store
from ecid.scoring.engine import Request, score
from ecid.scoring.inputs import changed, inputs_of
from ecid.scoring.policy import load_policy
from ecid.scoring.reference import Rates
from ecid.scoring.result import RateUse, to_json
from ecid.tariff.exchange import ExchangeRates
from tests.scoring.conftest import frame
from tests.scoring.tariff import small_reference

CASES: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("rates.yaml").read_text("utf-8"))
PACK = Path(__file__).parents[2] / "knowledge"
REQUEST = Request("e", "feed", date(2026, 5, 17))


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_what_a_month_is_converted_with(case: dict[str, Any]) -> None:
    table = {(key[:3], int(key[4:8]), int(key[9:])): rate for key, rate in case["table"].items()}
    assert Rates("t", table).looked_up(case["currency"], case["day"]) == (case["rate"], case["basis"])


def test_a_result_says_what_was_used_and_counts_lines_without_a_rate() -> None:
    rates = Rates("t", {("USD", 2025, 0): 7.0, ("USD", 2025, 2): 7.1})
    days = [date(2025, 1, 6), date(2025, 2, 6), date(2025, 2, 7), date(2026, 1, 5)]
    lines = frame([*({"declared_on": day} for day in days), *({"currency": name, "declared_on": day} for name in ("EUR", None) for day in days[1:3])])
    result = score(lines, replace(small_reference(), rates=rates), load_policy(), REQUEST)
    assert result.rates == (
        RateUse(None, 2, 2, (), (), ("2025-02",)),
        RateUse("EUR", 2, 2, (), (), ("2025-02",)),
        RateUse("USD", 4, 0, ("2025-01",), ("2026-01",), ()),
    )
    shown = to_json(result, (), "en")["rates"]
    assert (shown["lines_without"], shown["currencies"][2]["by_earlier"]) == (4, ["2026-01"])


def table(months: dict[tuple[str, str], str], name: str = "cn-rates-2025-01-2025-02-abc") -> ExchangeRates:
    return ExchangeRates(name, "t", date(2025, 1, 1), date(2025, 2, 28), "s", name[-1] * 64, {key: Decimal(rate) for key, rate in months.items()})


def test_imported_months_prevail_and_are_named(tmp_path: Path) -> None:
    before = load_reference([PACK, tmp_path])
    store.save(tmp_path, [table({("USD", "2025-01"): "7.1879"})], "tests/1")
    store.save(
        tmp_path,
        [replace(table({("USD", "2025-01"): "7.19", ("JPY", "2025-02"): "0.047"}, "cn-rates-2025-01-2025-03-abd"), valid_to=date(2025, 3, 31))],
        "tests/1",
    )
    after = load_reference([PACK, tmp_path])
    assert after.rates.looked_up("USD", date(2025, 1, 9)) == (7.19, "month")
    assert after.rates.looked_up("JPY", date(2025, 2, 9)) == (0.047, "month")
    assert after.rates.looked_up("USD", date(2025, 2, 9))[1] == "year"
    assert after.rates.id.startswith(f"{before.rates.id}+monthly-")
    assert {before.rates.id, after.rates.id, "cn-rates-2025-01-2025-02-abc"} <= after.versions.keys()
    one, other = (inputs_of(frame([{}]), reference, load_policy(), REQUEST) for reference in (before, after))
    assert changed(one, other) == ("rates",)
