"""Codes on days, against what is loaded (`judgements.yaml`)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ecid.tariff.model import Conversion, Edition, Element, Nomenclature, TariffLine
from ecid.tariff.reference import CodeJudgement, Tariff

DATA = yaml.safe_load((Path(__file__).parent / "judgements.yaml").read_text("utf-8"))


def _edition(name: str, spec: dict[str, Any]) -> Edition:
    lines = {code: TariffLine(code, f"{name} {code}") for code in spec["codes"]}
    return Edition(name, name, spec["from"], spec["to"], spec["complete"], "test", f"sha-{name}", lines)


def _tariff(names: Sequence[str]) -> Tariff:
    known = DATA["references"]
    editions = [_edition(name, spec) for name, spec in known["editions"].items() if name in names]
    nomenclatures = [
        Nomenclature(name, name, spec["from"], spec["to"], "en", "test", f"sha-{name}", dict.fromkeys(spec["codes"], "text"))
        for name, spec in known["nomenclatures"].items()
        if name in names
    ]
    conversions = [
        Conversion(spec["newer"], spec["older"], "test", f"sha-{name}", spec["table"]) for name, spec in known["conversions"].items() if name in names
    ]
    return Tariff(editions, nomenclatures, conversions)


WORLDS = {name: _tariff(names) for name, names in DATA["worlds"].items()}


@pytest.mark.parametrize("case", DATA["cases"], ids=lambda case: f"{case['world']}-{case['code']}-{case['day']}")
def test_judgement(case: dict[str, Any]) -> None:
    found = WORLDS[case["world"]].judge(case["code"], case["day"])
    line = f"{case['edition']} {case['code'][:8]}" if case["state"] == "valid" else None
    assert (found.line.name if found.line else None) == line
    wanted = (case["state"], case.get("edition"), case.get("substituted", False), tuple(case.get("suggestions", ())), case["reason"])
    assert (found.state, found.edition, found.substituted, found.suggestions, found.reason) == wanted


@pytest.mark.parametrize("case", DATA["successions"], ids=lambda case: f"{case['world']}-{case['old']}-{case['new']}-{case['new_day']}")
def test_succession(case: dict[str, Any]) -> None:
    assert WORLDS[case["world"]].succeeds(case["old"], case["old_day"], case["new"], case["new_day"]) is case["forced"]


def test_of_two_equally_near_editions_the_newer_judges() -> None:
    older = _edition("older", {"from": date(2024, 1, 1), "to": date(2024, 1, 10), "complete": True, "codes": ["85076000"]})
    newer = _edition("newer", {"from": date(2024, 1, 20), "to": date(2024, 1, 31), "complete": True, "codes": ["85076000"]})
    for editions in ([older, newer], [newer, older]):
        assert Tariff(editions).judge("85076000", date(2024, 1, 15)).edition == "newer"


def test_units_and_english_come_from_the_selection_where_the_official_edition_prints_none() -> None:
    element = (Element(1, "用途", "classification"),)
    official = TariffLine("85076000", "锂离子蓄电池", ("蓄电池",), elements=element, source_ref="p. 442")
    ours = TariffLine("85076000", "锂电池", ("电池",), "Lithium-ion accumulators", (), units=("007", "035"))
    year = (date(2025, 1, 1), date(2025, 12, 31))
    complete = Edition("cn-2025", "t", *year, True, "s", "h", {"85076000": official, "85072000": TariffLine("85072000", "铅酸")})
    pack = Edition("pack-2025", "t", *year, False, "s", "h", {"85076000": ours, "85078090": TariffLine("85078090", "其他", units=("007",))})
    older_pack = Edition("pack-2020", "t", date(2020, 1, 1), date(2020, 12, 31), False, "s", "h", {"85072000": TariffLine("85072000", "x", units=("007",))})
    tariff = Tariff([pack, complete, older_pack])
    line = tariff.judge("85076000", date(2025, 6, 1)).line
    assert line == TariffLine("85076000", "锂离子蓄电池", ("蓄电池",), "Lithium-ion accumulators", element, units=("007", "035"), source_ref="p. 442")
    assert tariff.judge("85078090", date(2025, 6, 1)).line is None
    other = tariff.judge("85072000", date(2025, 6, 1)).line
    assert other is not None
    assert other.units == ()


def test_versions_name_every_source() -> None:
    names = DATA["worlds"]["all"]
    assert WORLDS["all"].versions() == {name: f"sha-{name}" for name in names}


@given(
    world=st.sampled_from(sorted(WORLDS)),
    code=st.one_of(st.text(max_size=14), st.from_regex(r"\A\d{8}(\d{2})?(\d{3})?\Z"), st.sampled_from(["85076000", "85414000", "84713010"])),
    day=st.dates(date(1990, 1, 1), date(2050, 1, 1)),
)
def test_every_answer_is_coherent(world: str, code: str, day: date) -> None:
    found: CodeJudgement = WORLDS[world].judge(code, day)
    assert (found.state == "valid") == (found.line is not None)
    assert found.edition is not None or not found.substituted
    assert code[:8] not in found.suggestions
    assert code[:6] not in found.suggestions
    assert found == WORLDS[world].judge(code, day)


@given(day=st.dates(date(2016, 1, 1), date(2029, 1, 1)))
def test_a_day_more_changes_the_judges_only_at_a_border_of_validity_or_nearness(day: date) -> None:
    tariff = WORLDS["all"]
    borders = {date(2017, 1, 1), date(2022, 1, 1), date(2023, 1, 1), date(2024, 1, 1), date(2024, 7, 2), date(2025, 1, 1), date(2026, 1, 1), date(2028, 1, 1)}
    following = day + timedelta(days=1)
    if following not in borders:
        assert tariff.judge("85414000", day) is tariff.judge("85414000", following)


SUPPLEMENTS = {  # of the lines of the complete edition (or none), a table (complete or not) and the pack: units and elements of the line that judges
    "catalogue, table and pack": (("cn-2025", (), "材质"), ("cn-lines-2025", False, ("035",), ""), ("007",), ("cn-2025", ("035",), "材质")),
    "catalogue and pack": (("cn-2025", (), "材质"), None, ("007",), ("cn-2025", ("007",), "材质")),
    "catalogue that prints no elements": (("cn-2025", (), ""), ("cn-lines-2025", False, (), "用途"), ("007",), ("cn-2025", ("007",), "")),
    "table as a whole, and pack": (None, ("cn-lines-2025", True, ("035",), ""), ("007",), ("cn-lines-2025", ("035",), "规格")),
    "table as a whole, with elements": (None, ("cn-lines-2025", True, (), "用途"), ("007",), ("cn-lines-2025", ("007",), "用途")),
    "table of some lines, and pack": (None, ("cn-lines-2025", False, ("035",), ""), ("007",), ("pack-2025", ("035",), "规格")),
    "table of some lines without units": (None, ("cn-lines-2025", False, (), "用途"), ("007",), ("pack-2025", ("007",), "规格")),
}


@pytest.mark.parametrize(("catalogue", "table", "pack", "judged"), SUPPLEMENTS.values(), ids=SUPPLEMENTS)
def test_what_a_table_of_lines_adds(catalogue: Any, table: Any, pack: Any, judged: tuple[str, tuple[str, ...], str]) -> None:
    def edition(name: str, complete: bool, units: tuple[str, ...], element: str, supplement: bool = False) -> Edition:
        elements = (Element(1, element, "classification"),) if element else ()
        line = TariffLine("85076000", name, elements=elements, elements_known=bool(element), units=units)
        return Edition(name, "t", date(2025, 1, 1), date(2025, 12, 31), complete, "s", name, {line.code: line}, supplement)

    editions = [edition("pack-2025", False, pack, "规格")]
    editions += [edition(catalogue[0], True, *catalogue[1:])] if catalogue else []
    editions += [edition(*table, True)] if table else []
    found = Tariff(editions).judge("85076000", date(2025, 6, 1))
    assert found.line is not None
    assert (found.edition, found.line.units, "".join(element.label for element in found.line.elements)) == judged
    assert found.line.elements_known is bool(judged[2])
