"""A small tariff for tests: our own lines, complete for the year 2025."""

from __future__ import annotations

from datetime import date

from ecid.scoring.reference import Rates, Reference
from ecid.tariff.model import Conversion, Edition, Element, Nomenclature, Purpose, TariffLine
from ecid.tariff.reference import Tariff

_LINES: dict[str, tuple[str, tuple[str, ...], dict[Purpose, tuple[str, ...]]]] = {
    "85076000": ("锂离子蓄电池", ("蓄电池",), {"classification": ("用途", "电极材质", "比能量"), "price": ("品牌", "型号", "容量", "额定电压")}),
    "85065000": ("锂的原电池", ("原电池",), {"classification": ("用途",), "price": ("品牌", "型号")}),
    "73181510": ("高强度螺栓", ("螺钉、螺栓",), {"classification": ("材质", "抗拉强度"), "price": ("品牌", "型号", "杆径")}),
    "73181590": ("其他螺栓", ("螺钉、螺栓",), {"classification": ("材质", "抗拉强度"), "price": ("品牌", "型号", "杆径")}),
    "94032000": ("其他金属家具", ("家具",), {"classification": ("用途", "材质"), "price": ("品牌", "规格", "如为成套散件请注明")}),
    "08081000": ("苹果", ("苹果、梨",), {"classification": ("制作或保存方法（鲜）", "种类"), "price": ("等级", "签约日期")}),
    "85414300": ("光伏组件", ("光敏器件",), {"classification": ("额定功率",), "price": ("品牌", "型号")}),
}

_UNITS = {
    "85076000": ("007", "035"),
    "85065000": ("007", "035"),
    "73181510": ("035",),
    "73181590": ("035",),
    "94032000": ("011", "035"),
    "08081000": ("035",),
}
"""Legal units by code; of the others they are not known."""


def small_reference() -> Reference:
    """The tariff and a rate table of one currency."""
    lines = {}
    for code, (name, path, labels) in _LINES.items():
        elements, number = [], 0
        for purpose, texts in labels.items():
            for label in texts:
                number += 1
                elements.append(Element(number, label, purpose))
        lines[code] = TariffLine(code, name, path, elements=tuple(elements), units=_UNITS.get(code, ()))
    edition = Edition("test-2025", "test", date(2025, 1, 1), date(2025, 12, 31), True, "tests", "0" * 64, lines)
    older = Nomenclature(
        "hs-2017", "HS 2017", date(2017, 1, 1), date(2021, 12, 31), "en", "tests", "0" * 64, {code: code for code in ("850760", "854140", "731815")}
    )
    sixes = {code[:6]: code for code in _LINES} | {"854142": "cells"}
    newer = Nomenclature("hs-2022", "HS 2022", date(2022, 1, 1), date(2027, 12, 31), "en", "tests", "0" * 64, sixes)
    conversion = Conversion("hs-2022", "hs-2017", "tests", "0" * 64, {"854142": "854140", "854143": "854140", "850760": "850760"})
    tariff = Tariff([edition], [older, newer], [conversion])
    return Reference(tariff, Rates("test", {("USD", 2025, 0): 7.0}), tariff.versions())
