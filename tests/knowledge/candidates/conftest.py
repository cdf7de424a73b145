"""A small world of goods: a tariff of a few codes, names for them, a note that excludes and a pair that is confused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import pytest

from ecid.knowledge.candidates.index import CandidateIndex, build_index
from ecid.knowledge.records import Kind, Record
from ecid.tariff.model import Edition, Element, Nomenclature, TariffLine

DAY = date(2025, 6, 1)
TEXTS = {
    "4202": "Trunks, suit-cases, handbags and similar containers",
    "420222": "Handbags; with outer surface of plastic sheeting or of textile materials",
    "7323": "Table, kitchen or other household articles of iron or steel",
    "732393": "Household articles; of stainless steel",
    "8504": "Electrical transformers and static converters",
    "850440": "Static converters",
    "8507": "Electric accumulators",
    "850710": "Lead-acid accumulators, of a kind used for starting piston engines",
    "850760": "Lithium-ion accumulators",
    "9617": "Vacuum flasks and other vacuum vessels",
    "961700": "Vacuum flasks and other vacuum vessels, complete",
}
LINES = {
    "42022200": ("塑料或纺织材料作面的手提包", ("衣箱、提箱及手提包：",), ("用途", "外层材质")),
    "73239300": ("不锈钢制餐桌厨房用器具", ("钢铁制餐桌、厨房或其他家用器具：",), ("用途", "材质")),
    "85044010": ("稳压电源", ("变压器、静止式变流器：",), ("用途", "额定功率")),
    "85071000": ("启动活塞式发动机用铅酸蓄电池", ("蓄电池：",), ("用途", "电极材质")),
    "85076000": ("锂离子蓄电池", ("蓄电池：",), ("用途", "电极材质", "容量")),
    "96170011": ("玻璃内胆制保温瓶", ("保温瓶和其他真空容器：",), ("用途", "内胆材质")),
}


def record(name: str, kind: Kind, codes: Sequence[str], valid_to: date | None = None, title: Mapping[Any, str] | None = None, **facts: Any) -> Record:
    return Record(
        name, kind, tuple(codes), title or {"zh": name, "en": name}, {"zh": name, "en": name}, date(2022, 1, 1), valid_to, "test", "", "", facts=facts
    )


def term(code: str, zh: list[str], en: list[str]) -> Record:
    return record(f"term-{code}-{en[0].replace(' ', '-')}", "term", [code], names={"zh": zh, "en": en})


RECORDS = (
    term("850760", ["锂电池组", "充电宝"], ["lithium battery pack", "power bank"]),
    term("850440", ["充电器"], ["charger"]),
    term("732393", ["不锈钢水杯"], ["stainless steel cup"]),
    term("961700", ["真空保温杯"], ["vacuum flask", "thermos"]),
    term("420222", ["帆布手提包"], ["canvas handbag"]),
    record("note-s15-1", "note", ["9617"], excludes=[{"zh": ["保温杯"], "en": ["thermos"], "to": ["9617"]}], scope=["72", "73"]),
    record(
        "confusion-bank",
        "confusion",
        ["850760", "850440"],
        sides=[{"codes": ["850760"], "zh": ["移动电源"], "en": ["portable power"]}, {"codes": ["850440"], "zh": ["充电头"], "en": ["charging plug"]}],
        settles=[{"to": "850760", "words": {"zh": ["电芯"], "en": ["cells"]}}, {"to": "850440", "words": {"zh": ["无电芯"], "en": ["mains"]}}],
    ),
    record("decision-Z2023-1", "decision", ["85076000"], title={"zh": "家用储能柜"}),
    record("decision-Z2022-9", "decision", ["42022200"], valid_to=date(2024, 12, 31), title={"zh": "渔夫帽形容器"}),
    record("term-gone", "term", ["999999"], names={"zh": ["幽灵货"], "en": ["ghost goods"]}),
)


def tariff() -> tuple[list[Edition], list[Nomenclature]]:
    days = (date(2022, 1, 1), date(2027, 12, 31))
    lines = {
        code: TariffLine(code, name, path, elements=tuple(Element(number, label, "classification") for number, label in enumerate(labels, 1)))
        for code, (name, path, labels) in LINES.items()
    }
    return [Edition("cn-test", "test", *days, True, "test", "", lines)], [Nomenclature("hs-test", "test", *days, "en", "test", "", TEXTS)]


@pytest.fixture(scope="session")
def index() -> CandidateIndex:
    return build_index(RECORDS, *tariff(), DAY)
