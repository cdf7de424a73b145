"""The word lists: nothing stands for two things, and what files write is understood."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ecid.declarations import vocabulary

CODE_LISTS = {
    "currencies.toml": (vocabulary.currencies, r"[A-Z]{3}"),
    "countries.toml": (vocabulary.countries, r"[A-Z]{3}"),
    "units.toml": (vocabulary.units, r"[0-9]{3}"),
    "modes.toml": (vocabulary.modes, r"[0-9]{4}"),
}


@pytest.mark.parametrize("name", CODE_LISTS)
def test_no_name_stands_for_two_codes(name: str) -> None:
    meanings: dict[str, set[str]] = {}
    for code, names in vocabulary.read_toml(name).items():
        for alias in [code, *names]:  # type: ignore[misc]
            meanings.setdefault(vocabulary.key_of(alias), set()).add(code)
    # A name in two rows would make the later row win without a word.
    assert {key: codes for key, codes in meanings.items() if len(codes) > 1 or not key} == {}


@pytest.mark.parametrize("name", ["headings.toml", "elements.toml"])
def test_no_heading_or_label_stands_for_two_fields(name: str) -> None:
    meanings: dict[str, set[str]] = {}
    for field, texts in vocabulary.read_toml(name).items():
        for text in texts:  # type: ignore[attr-defined]
            meanings.setdefault(vocabulary.heading_key(text), set()).add(field)
    assert {key: fields for key, fields in meanings.items() if len(fields) > 1 or not key} == {}


def test_enough_trading_partners() -> None:
    assert len(vocabulary.read_toml("countries.toml")) >= 200


@pytest.mark.parametrize(
    ("codes", "text", "expected"),
    [
        (vocabulary.currencies, "502", "USD"),
        (vocabulary.currencies, "142", "CNY"),
        (vocabulary.currencies, "300", "EUR"),
        (vocabulary.currencies, "303", "GBP"),
        (vocabulary.currencies, "110", "HKD"),
        (vocabulary.currencies, "116", "JPY"),
        (vocabulary.currencies, "601", "AUD"),
        (vocabulary.currencies, "us$", "USD"),
        (vocabulary.currencies, "美元(USD)", "USD"),
        (vocabulary.currencies, "502 美元", "USD"),
        (vocabulary.currencies, "ＵＳＤ", "USD"),
        (vocabulary.currencies, "$", None),
        (vocabulary.currencies, "¥", None),
        (vocabulary.currencies, "美元/欧元", None),
        (vocabulary.countries, "502", "USA"),
        (vocabulary.countries, "110", "HKG"),
        (vocabulary.countries, "中国（香港）", "HKG"),
        (vocabulary.countries, "中国香港(HKG)", "HKG"),
        (vocabulary.countries, "中国台湾", "TWN"),
        (vocabulary.countries, "U.S.A.", "USA"),
        (vocabulary.countries, "德国/DEU", "DEU"),
        (vocabulary.countries, "304-德国", "DEU"),
        (vocabulary.countries, "刚果（金）", "COD"),
        (vocabulary.countries, "Papua New Guinea", "PNG"),
        (vocabulary.countries, "New Guinea", None),
        (vocabulary.countries, "美国、德国", None),
        (vocabulary.countries, "", None),
        (vocabulary.units, "7", "007"),
        (vocabulary.units, "035", "035"),
        (vocabulary.units, "千克(035)", "035"),
        (vocabulary.units, "ＫＧ", "035"),
        (vocabulary.units, "m²", "032"),
        (vocabulary.units, "个/箱", None),
        (vocabulary.modes, "110", "0110"),
        (vocabulary.modes, "一般贸易(0110)", "0110"),
        (vocabulary.modes, "跨境电商B2B直接出口", "9710"),
    ],
)
def test_resolve(codes: Callable[[], vocabulary.CodeList], text: str, expected: str | None) -> None:
    assert codes().resolve(text) == expected


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("商品编号*", "code"),
        ("ＨＳ编码（10位）：", "code"),
        ("H.S. Code", "code"),
        ("商品名称\n及规格型号", "name_and_specification"),
        ("单价/总价/币制", "price_total_currency"),
        ("FOB总价（USD）", "total"),
        ("境内收发货人18位社会信用代码", "exporter_uscc"),
        ("原产国(地区)", "origin"),
        ("最终目的国（地区）", "final_destination"),
        ("启运国/运抵国", "transit_destination"),
        ("第一法定数量", "first_quantity"),
        ("经营单位", "exporter"),
        ("报关行", "declarant"),
    ],
)
def test_headings(text: str, field: str) -> None:
    found = vocabulary.headings().get(vocabulary.heading_key(text))
    assert found is not None
    assert found[0] == field
