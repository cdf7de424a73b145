"""Cells: the cases of `cells.yaml`, and that no text whatever makes a reader of cells fail."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ecid.declarations import cells, columns
from ecid.declarations.headings import recognise
from ecid.declarations.rows import head_of

READERS: dict[str, Callable[[str], tuple[object, tuple[str, ...]]]] = {
    "quantity": cells.number(10**5),
    "day": cells.day,
    "code": cells.code,
    "item": cells.item,
    "declaration_no": cells.declaration_no(date(2026, 5, 17)),
    "uscc": cells.uscc,
    "mode": cells.mode,
    "unit": cells.unit,
    "words": cells.words,
    "name": cells.name,
    "brand_type": cells.brand_type,
    "preference": cells.preference,
    "currency": cells.currency,
    "country": cells.country,
    "specification": cells.specification,
    "sku": cells.sku,
    "port": cells.port,
}
CASES = yaml.safe_load((Path(__file__).parent / "cells.yaml").read_text("utf-8"))
# Texts that look like cells find more than wholly random ones.
CELLISH = st.one_of(st.text(max_size=60), st.text(alphabet="0123456789.,-/()eE+ :TZ年月日$¥|｜;；、=\"'\n个千克", max_size=40))


@pytest.mark.parametrize(("reader", "case"), [pytest.param(name, case, id=f"{name}-{case[0]!r}") for name, cases in CASES.items() for case in cases])
def test_cell(reader: str, case: list[Any]) -> None:
    text, value, *flags = case
    assert READERS[reader](text) == (value, tuple(flags[0]) if flags else ())


def test_every_reader_has_cases() -> None:
    assert CASES.keys() == READERS.keys()


@pytest.mark.parametrize("reader", [*READERS.values(), cells.split_quantity, cells.split_money])
@given(text=CELLISH)
def test_no_text_makes_a_reader_fail(reader: Callable[[str], object], text: str) -> None:
    reader(text)


@pytest.mark.parametrize(
    ("text", "number", "unit"),
    [
        ("1200个", "1200", "个"),
        ("1.23457e+06", "1.23457e+06", ""),
        ("1E3 千克", "1E3", "千克"),
        ("12EA", "12", "EA"),
        ("-5个", "-5", "个"),
        ("千克", "千克", ""),
    ],
)
def test_a_quantity_and_its_unit_are_told_apart(text: str, number: str, unit: str) -> None:
    assert cells.split_quantity(text) == (number, unit)


@given(text=CELLISH)
def test_no_text_makes_a_splitter_fail(text: str) -> None:
    for split in (columns.split_name, columns.split_price, columns.split_quantities):
        assert all(isinstance(part, str) for part in split(text))


@given(st.lists(st.one_of(CELLISH, st.sampled_from(["商品编号", "商品名称", "数量（千克）", "单位", "总价(USD)", "金额（万美元）"])), max_size=12))
def test_no_row_makes_the_search_for_headings_fail(row: list[str]) -> None:
    found = recognise(row)
    assert found is None or (found.width <= len(row) and {"code"} <= found.columns.keys())
    assert all(isinstance(text, str) for text in head_of([row, row]).values())


@given(st.integers(-(10**12), 10**12))
def test_numbers_keep_their_value(units: int) -> None:
    value = Decimal(units) / 10**5
    for text in (str(value) if abs(units) >= 10 else f"{value:f}", f"{value:,.5f}", f"USD {value:,.5f}"):
        assert cells.number(10**5)(text) == (units, ())


@given(st.dates(date(1990, 1, 1), date(2099, 12, 31)))
def test_dates_keep_their_day(day: date) -> None:
    serial = (day - date(1899, 12, 30)).days
    for text in (day.isoformat(), day.strftime("%Y%m%d"), f"{day.year}年{day.month}月{day.day}日", f"{day.year}/{day.month}/{day.day}", str(serial)):
        assert cells.day(text) == (day, ())


@given(st.integers(10**8, 10**10 - 1))
def test_codes_survive_being_numbers(number: int) -> None:
    code = f"{number:010}"
    for text in (code, str(number), f"{number}.0", f"{code[:4]}.{code[4:6]}.{code[6:]}", f"{Decimal(number):E}"):
        assert cells.code(text)[0] == code


@pytest.mark.parametrize(
    ("text", "amount", "currency"),
    [
        ("USD 1,481.40", "1,481.40", "USD"),
        ("1,481.40 美元", "1,481.40", "美元"),
        ("1481.40(USD)", "1481.40", "USD"),
        ("USD(120.50)", "(120.50)", "USD"),
        ("EUR-5", "-5", "EUR"),
        ("1481.40/502", "1481.40", "502"),
        ("502/1481.40", "1481.40", "502"),
        ("1481.40\n人民币", "1481.40", "人民币"),
        ("１４８１．４０／美元", "1481.40", "美元"),
        ("12/13", "12/13", ""),
        ("1/2/USD", "1/2/USD", ""),
        ("￥12", "￥12", ""),
        ("USD", "USD", ""),
        ("502", "502", ""),
        ("", "", ""),
    ],
)
def test_amount_and_currency_in_one_cell(text: str, amount: str, currency: str) -> None:
    assert cells.split_money(text) == (amount, currency)
