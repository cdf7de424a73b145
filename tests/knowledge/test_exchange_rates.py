"""Tables of exchange rates: what is taken over, and what the score makes of it. The cases stand in `exchange_rates.yaml`."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ecid.declarations.vocabulary import currencies
from ecid.errors import EcidError
from ecid.knowledge import store
from ecid.knowledge.imported import SourceFile
from ecid.knowledge.importers import exchange_rates
from ecid.knowledge.registry import read_reference
from ecid.knowledge.table_kinds import table_kinds
from ecid.knowledge.tables import find_table
from ecid.tariff.exchange import ExchangeRates
from tests.declarations.xlsx import write_sheets

CASES: dict[str, dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "exchange_rates.yaml").read_text("utf-8"))


@pytest.fixture(autouse=True)
def _nothing_remembered() -> None:
    find_table.cache_clear()


def _source(folder: Path, case: dict[str, Any]) -> SourceFile:
    path = folder / case["name"]
    if "workbook" in case:
        write_sheets(path, case["workbook"])
    else:
        path.write_bytes(case["text"].encode(case.get("encoding", "utf-8")))
    return SourceFile.of(path)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_table_of_rates(tmp_path: Path, case: dict[str, Any]) -> None:
    file = _source(tmp_path, case)
    if "error" in case:
        with pytest.raises(EcidError, match=case["error"]):
            read_reference(file)
        return
    _, imported = read_reference(file)
    (found,) = imported.datasets
    assert isinstance(found, ExchangeRates)
    wanted = {(currency, month): Decimal(rate) for currency, months in case["rates"].items() for month, rate in months.items()}
    assert found.by_month == wanted
    skipped = case.get("skipped", [])
    assert [item.place for item in imported.skipped] == [place for place, _ in skipped]
    for item, (_, reason) in zip(imported.skipped, skipped, strict=True):
        assert reason in item.en
        assert item.zh
    store.save(tmp_path / "stored", [found], "tests/1")
    assert store.load(tmp_path / "stored", {"exchangerates"}) == [found]


def test_every_currency_with_bounds_has_a_column_and_bounds_that_tell_one_from_a_hundred() -> None:
    bounds = exchange_rates._bounds()
    columns = next(kind for kind in table_kinds() if kind.id == "rates_by_column")
    assert set(bounds) | {"month"} == set(columns.headings)
    assert set(bounds) <= set(currencies().codes.values())
    assert all(0 < low < high < 100 * low for low, high in bounds.values())


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(
        st.tuples(
            st.sampled_from(["2025-01", "2025-02", "2025-03-19", "2025-03-26", "x", ""]), st.sampled_from(["7.1", "710", "0.14", "-", "71", "1e5", "９"])
        ),
        max_size=8,
    )
)
def test_what_is_taken_over_is_within_the_bounds(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]) -> None:
    path = tmp_path_factory.mktemp("rates") / "r.csv"
    path.write_text("月份,USD,EUR\n" + "".join(f"{month},{rate},7.5\n" for month, rate in [*rows, ("2025-01", "7.2")]), "utf-8")
    _, imported = read_reference(SourceFile.of(path))
    (found,) = imported.datasets
    assert isinstance(found, ExchangeRates)
    assert all(exchange_rates._bounds()[currency][0] <= rate <= exchange_rates._bounds()[currency][1] for (currency, _), rate in found.by_month.items())
