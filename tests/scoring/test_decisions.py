"""The published decisions against names of goods: those of the glossary are nobody's error, those of the decisions are found. Needs ECID_DATA_DIR."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from ecid.adapters.knowledge_files import load_reference
from ecid.knowledge.pack_records import read_records
from ecid.scoring.goods import Goods, goods_of
from ecid.scoring.same_goods import Decisions
from ecid.services.import_knowledge import KNOWLEDGE, import_files
from ecid.tariff.model import Element, TariffLine

ROOT = Path(__file__).parents[2]
DATA = os.environ.get("ECID_DATA_DIR", "")
ELEMENTS = tuple(Element(number, label, "classification") for number, label in enumerate(("用途", "材质", "成分含量", "规格"), 1))
MOST_FALSE = 0.01
LEAST_FOUND = 0.85

pytestmark = pytest.mark.skipif(not DATA, reason="ECID_DATA_DIR is not set: the official files are not at hand")


@pytest.fixture(scope="module")
def decisions(tmp_path_factory: pytest.TempPathFactory) -> Decisions:
    home = tmp_path_factory.mktemp("home")
    import_files([Path(DATA) / "cn-decisions", Path(DATA) / "hs-nomenclature"], home)
    reference = load_reference([ROOT / "knowledge", home / KNOWLEDGE])
    return Decisions(reference.decisions or (), reference.tariff)


def goods(code: str, name: str, values: list[str] | None = None) -> Goods:
    line = TariffLine(code.ljust(8, "0"), "货物", elements=ELEMENTS)
    return goods_of(line.code, name, "|".join(["1", "0", *(values or [])]), "DEU", line)


def test_all_decisions_are_loaded_with_their_words_and_days(decisions: Decisions) -> None:
    assert len(decisions.all) > 90
    assert all(decision.words and decision.names and decision.source for decision in decisions.all)
    assert all(decision.valid_to is not None for decision in decisions.all if decision.code.startswith("382200"))  # went with HS 2017


def test_names_of_the_glossary_under_their_own_codes_are_left_alone(decisions: Decisions) -> None:
    names = flagged = 0
    for record in read_records(ROOT / "knowledge"):
        if record.kind == "term" and record.codes:
            for name in record.facts["names"]["zh"]:
                names += 1
                found = [decisions.all[place].code for place in decisions.about(goods(record.codes[0], name))]
                flagged += any(not any(code[:6].startswith(own[:6]) for own in record.codes) for code in found)
    assert names > 10_000
    assert flagged <= MOST_FALSE * names


@pytest.mark.parametrize("file", ["goods_zh.jsonl", "goods_unseen.jsonl"])
def test_goods_under_their_right_codes_are_left_alone(decisions: Decisions, file: str) -> None:
    cases = [json.loads(line) for line in (ROOT / "knowledge" / "evaluation" / file).read_text("utf-8").splitlines()]
    flagged = 0
    for case in cases:
        name, *values = re.split(r"[|，,；;。]", case["text"])
        found = [decisions.all[place].code for place in decisions.about(goods(case["code"], name, values[:6]))]
        flagged += any(not code.startswith(case["code"][:6]) for code in found)
    assert flagged <= MOST_FALSE * len(cases)


def test_the_goods_of_the_decisions_are_found_by_their_names(decisions: Decisions) -> None:
    found = sum(place in decisions.about(goods("84821010", decision.names[0])) for place, decision in enumerate(decisions.all))
    assert found >= LEAST_FOUND * len(decisions.all)


def test_with_what_the_decision_says_of_them_more_are_found(decisions: Decisions) -> None:
    """Names that are other goods' names too are settled by a declared fact: 活塞 of 硫化橡胶."""
    found = 0
    for place, decision in enumerate(decisions.all):
        told = [part for part in re.split(r"[，。；：、（）]", decision.words) if 3 <= len(part) <= 20][:3]
        found += place in decisions.about(goods("84821010", decision.names[0], told))
    assert found >= LEAST_FOUND * len(decisions.all)
