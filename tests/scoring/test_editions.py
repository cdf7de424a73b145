"""A change of code that a new tariff forced is held against nobody, and what today's tariff would say is told beside the score."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ecid.adapters.knowledge_files import load_reference
from ecid.clearance.records import AnomalyRecord
from ecid.scoring.authority import Authority, Decision, Ruling
from ecid.scoring.engine import ALL_POINTS, Request, score
from ecid.scoring.policy import load_policy
from ecid.scoring.reference import Rates, Reference
from ecid.scoring.result import Result, to_json
from ecid.services.import_knowledge import KNOWLEDGE, import_files
from ecid.tariff.model import Conversion, Edition, Element, Nomenclature, TariffLine
from ecid.tariff.reference import Tariff
from tests.scoring.conftest import frame

AS_OF = date(2024, 5, 17)
DATA = os.environ.get("ECID_DATA_DIR", "")
ELEMENTS = tuple(Element(number, label, "classification") for number, label in enumerate(("用途", "品牌", "型号"), 1))
SPECIFICATION = "1|0|照明用|甬光牌|GF-450"
FORCED = {"85414020": "85414300", "94054090": "94054200", "85395000": "85395200"}
"""Eight digits before and after HS 2022, each the same goods."""
KEPT = "85076000"


def edition(name: str, first: date, last: date, codes: dict[str, tuple[Element, ...]]) -> Edition:
    lines = {code: TariffLine(code, f"货物{code}", ("货物",), elements=elements) for code, elements in codes.items()}
    return Edition(name, name, first, last, True, "tests", name, lines)


def two_editions() -> Reference:
    """Complete editions of 2021 and of 2022 on, with the nomenclatures and their conversion."""
    old = edition("cn-2021", date(2017, 1, 1), date(2021, 12, 31), dict.fromkeys((*FORCED, KEPT), ELEMENTS))
    asked_more = (*ELEMENTS, Element(4, "电极材质", "classification"))
    new = edition("cn-2022", date(2022, 1, 1), date(2027, 12, 31), {**dict.fromkeys(FORCED.values(), ELEMENTS), KEPT: asked_more})
    hs = [
        Nomenclature("hs-2017", "HS 2017", date(2017, 1, 1), date(2021, 12, 31), "en", "tests", "0", {code[:6]: code for code in (*FORCED, KEPT)}),
        Nomenclature("hs-2022", "HS 2022", date(2022, 1, 1), date(2027, 12, 31), "en", "tests", "0", {code[:6]: code for code in (*FORCED.values(), KEPT)}),
    ]
    conversion = Conversion("hs-2022", "hs-2017", "tests", "0", {**{new[:6]: old[:6] for old, new in FORCED.items()}, KEPT[:6]: KEPT[:6]})
    tariff = Tariff([old, new], hs, [conversion])
    return Reference(tariff, Rates(), tariff.versions())


def line(code: str, day: date, **more: Any) -> dict[str, Any]:
    return {"code": code, "name": f"货物{code[:4]}", "specification": SPECIFICATION, "declared_on": day, "currency": "CNY", "sku": f"S-{code[:4]}", **more}


def across_the_change(old: str, new: str) -> list[dict[str, Any]]:
    before = [line(old, date(2021, 12, 1 + n), line_id=f"old-{n}") for n in range(15)]
    return [*before, *(line(new, date(2022, 1, 4 + n), line_id=f"new-{n}") for n in range(15))]


def run(rows: list[dict[str, Any]], authority: Authority | None = None, reference: Reference | None = None, as_of: date = AS_OF) -> Result:
    return score(frame(rows), reference or two_editions(), load_policy(), Request("e", "feed", as_of, authority=authority or Authority()))


@pytest.mark.parametrize(("old", "new"), FORCED.items())
def test_a_forced_change_costs_in_no_dimension(old: str, new: str) -> None:
    day = date(2021, 6, 1)
    ruled = Authority(
        rulings=(Ruling("R-1", old, f"货物{old[:4]}", day, date(2024, 5, 31), sku=f"S-{old[:4]}"),),
        decisions=(Decision("J2021-1", old, (f"用于测试的某种具体货物{old[:4]}",), "tests", day),),
        outcomes=(),
    )
    rows = [{**row, "name": f"用于测试的某种具体货物{old[:4]}"} for row in across_the_change(old, new)]
    result = run(rows, ruled)
    assert {d.number: d.state for d in result.dimensions if d.number in (1, 5, 6, 10)} == dict.fromkeys((1, 5, 6, 10), "judged")
    assert (result.findings, result.caps, result.score_exact_micro) == ((), (), ALL_POINTS)


def test_the_old_code_used_on_is_dimension_ones_alone() -> None:
    rows = [*across_the_change("85414020", "85414300"), line("85414020", date(2022, 2, 1), line_id="late")]
    ruling = Ruling("R-1", "85414300", "货物8541", date(2022, 1, 1), date(2024, 12, 31), sku="S-8541")
    result = run(rows, Authority(rulings=(ruling,), outcomes=()))
    assert {finding.rule: finding.lines for finding in result.findings} == {"CODE_NOT_IN_FORCE": ("late",)}
    assert result.findings[0].suggested_codes == ("85414300",)


def test_a_change_back_is_no_change_that_was_forced() -> None:
    rows = [*across_the_change("85414020", "85414300"), *(line("94054200", date(2022, 3, 1 + n), line_id=f"else-{n}", sku="S-8541") for n in range(2))]
    assert {finding.rule for finding in run(rows).findings} == {"SAME_GOODS_SPLIT"}


def test_what_customs_changed_for_the_new_tariff_stays_what_customs_did() -> None:
    number = "310420220040970934"
    rows = [line("85414300", date(2022, 2, 1), line_id=f"{number}-1"), *across_the_change("85414020", "85414300")]
    result = run(rows, Authority(outcomes=(AnomalyRecord("C1", "CLS-01", date(2022, 3, 1), declaration_no=number),)))
    assert {finding.rule: finding.lines for finding in result.findings} == {"RECLASSIFIED_BY_CUSTOMS": (f"{number}-1",)}


def test_declared_today_tells_codes_that_are_gone_and_elements_that_came() -> None:
    rows = [*across_the_change("85414020", "85414300"), line(KEPT, date(2021, 11, 11), line_id="kept-old"), line(KEPT, date(2022, 11, 11), line_id="kept-new")]
    result = run(rows)
    more, gone = result.declared_today
    assert (gone.code, gone.begun, gone.ended, gone.suggested_codes) == ("85414020", ("CODE_NOT_IN_FORCE",), (), ("85414300",))
    assert gone.lines == tuple(f"old-{n}" for n in range(15))
    assert (more.code, more.begun, more.ended, more.lines) == (KEPT, ("ELEMENT_MISSING",), (), ("kept-old",))
    assert {finding.rule: finding.lines for finding in result.findings} == {"ELEMENT_MISSING": ("kept-new",)}
    assert to_json(result, (), "en")["declared_today"][1]["suggested_codes"] == ["85414300"]


def test_declared_today_tells_codes_that_came_too_early() -> None:
    rows = [line("85414300", date(2021, 12, 20), line_id="early"), *across_the_change("94054090", "94054200")]
    early = next(group for group in run(rows).declared_today if group.code == "85414300")
    assert (early.begun, early.ended, early.lines) == ((), ("CODE_NOT_IN_FORCE",), ("early",))


def test_before_the_change_nothing_would_be_judged_differently() -> None:
    rows = [line(KEPT, date(2021, 5, 1 + n)) for n in range(25)]
    assert run(rows, as_of=date(2021, 12, 31)).declared_today == ()
    assert [group.begun for group in run(rows, as_of=date(2022, 1, 1)).declared_today] == [("ELEMENT_MISSING",)]


def test_a_tariff_without_conversion_excuses_nothing() -> None:
    reference = two_editions()
    bare = Tariff(reference.tariff.editions, reference.tariff.nomenclatures)
    result = run(across_the_change("85414020", "94054200"), reference=replace(reference, tariff=bare))
    assert result.score_exact_micro == ALL_POINTS  # different item numbers: not the same goods
    rows = [{**row, "sku": "S-1"} for row in across_the_change("85414020", "94054200")]
    assert {finding.rule for finding in run(rows, reference=replace(reference, tariff=bare)).findings} == {"SAME_GOODS_SPLIT"}


@pytest.mark.parametrize(
    ("code", "day", "holds"),
    [
        ("854140", date(2021, 12, 31), True),
        ("854140", date(2022, 1, 1), False),
        ("85414020", date(2021, 12, 31), True),
        ("8541402000", date(2022, 1, 1), False),
        ("85414300", date(2022, 1, 1), True),
        ("99999999", date(2022, 1, 1), False),
        ("854143", date(2016, 12, 31), None),  # no nomenclature of that day
    ],
)
def test_whether_a_code_stands_in_the_tariff_of_a_day(code: str, day: date, holds: bool | None) -> None:
    assert two_editions().tariff.holds(code, day) is holds


def test_what_judges_some_days() -> None:
    tariff = two_editions().tariff
    assert tariff.sources([date(2021, 5, 5)]) == ("cn-2021", "hs-2017", "hs-2022-to-hs-2017")
    assert tariff.sources([date(2021, 5, 5), date(2022, 5, 5)]) == ("cn-2021", "cn-2022", "hs-2017", "hs-2022", "hs-2022-to-hs-2017")
    assert tariff.sources([]) == ()


@pytest.mark.skipif(not DATA, reason="ECID_DATA_DIR is not set: the official files are not at hand")
def test_no_code_that_hs_2022_renumbered_is_held_against_anyone(tmp_path: Path) -> None:
    """Every six-digit code of 2017 that has another number since, the same goods before and after, under an own ruling of 2021 on the old code."""
    import_files([Path(DATA) / "hs-nomenclature"], tmp_path)
    reference = load_reference([tmp_path / KNOWLEDGE])
    (table,) = reference.tariff.conversions
    newer = next(item for item in reference.tariff.nomenclatures if item.id == table.newer)
    moved = sorted((old, new) for new, old in table.newer_to_older.items() if new != old and len(new) == 6 and old not in newer.texts)
    assert len(moved) > 200
    rows, rulings = [], []
    for number, (old, new) in enumerate(moved):
        rows.append(line(f"{old}00", date(2021, 12, 20), line_id=f"old-{number}", sku=f"S-{number}"))
        rows.append(line(f"{new}00", date(2022, 1, 10), line_id=f"new-{number}", sku=f"S-{number}"))
        rulings.append(Ruling(f"R-{number}", f"{old}00", "货物", date(2021, 1, 1), date(2023, 12, 31), sku=f"S-{number}"))
    result = run(rows, Authority(rulings=tuple(rulings)), reference)
    assert [finding for finding in result.findings if finding.rule in ("SAME_GOODS_SPLIT", "RULING_CONFLICT", "CODE_NOT_IN_FORCE")] == []
