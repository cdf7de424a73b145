"""Dimensions 7 and 8: units, quantities and prices of lines."""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from ecid.declarations.vocabulary import read_toml
from ecid.knowledge.pack import read_pack
from ecid.scoring.engine import Request, score
from ecid.scoring.policy import load_policy
from ecid.scoring.reference import Reference
from ecid.scoring.result import DimensionResult, Result, to_json
from ecid.scoring.units import units
from tests.scoring.conftest import Lines

QUANTITIES = yaml.safe_load(Path(__file__).with_name("quantities.yaml").read_text("utf-8"))
PRICES = yaml.safe_load(Path(__file__).with_name("prices.yaml").read_text("utf-8"))["cases"]
LEVELS = yaml.safe_load(Path(__file__).with_name("levels.yaml").read_text("utf-8"))
SCALES = {"quantity": ("quantity_e5", 10**5), "first_quantity": ("first_quantity_e5", 10**5), "second_quantity": ("second_quantity_e5", 10**5)} | {
    "price": ("price_e4", 10**4),
    "total": ("total_e4", 10**4),
}


def scaled(row: dict[str, Any]) -> dict[str, Any]:
    """A row in plain figures as one of the schema."""
    found: dict[str, Any] = {"sku": "CELL-1"}
    for name, value in row.items():
        column, scale = SCALES.get(name, (name, 0))
        found[column] = round(value * scale) if scale and value is not None else value
    return found


def run(lines: Lines, reference: Reference, rows: list[dict[str, Any]]) -> Result:
    return score(lines([scaled(row) for row in rows]), reference, load_policy(), Request("e", "feed", date(2026, 5, 17)))


def of_lines(result: Result, dimensions: set[int]) -> dict[str, list[str]]:
    """The rules that each line fails in the dimensions."""
    found: dict[str, list[str]] = {}
    for finding in result.findings:
        if finding.dimension in dimensions:
            for line in finding.lines:
                found.setdefault(line, []).append(finding.rule)
    return found


def dimension(result: Result, number: int) -> DimensionResult:
    return next(found for found in result.dimensions if found.number == number)


@pytest.mark.parametrize("name", QUANTITIES["cases"])
def test_quantities(name: str, lines: Lines, reference: Reference) -> None:
    case = QUANTITIES["cases"][name]
    beside = QUANTITIES["usual"] | case.get("beside", {})
    result = run(lines, reference, [beside] * 30 + [QUANTITIES["usual"] | case.get("line", {})])
    assert of_lines(result, {1, 7}) == ({"line-30": case["rules"]} if case["rules"] else {})
    for lang, text in case.get("says", {}).items():
        written = to_json(result, (), lang)["findings"]
        assert any(text in str(evidence) for finding in written for evidence in finding["evidence"]), written


@pytest.mark.parametrize("name", PRICES)
def test_prices(name: str, lines: Lines, reference: Reference) -> None:
    case = PRICES[name]
    usual = {"unit": "007", **case.get("all", {})}
    rows = [usual | {"price": price} for price in case["others"]] + [usual | case["line"]] + [{"sku": f"FILLER-{n}"} for n in range(20)]
    result = run(lines, reference, rows)
    assert of_lines(result, {8}) == ({f"line-{len(case['others'])}": ["PRICE_OUTLIER"]} if case["fails"] else {})
    if "says" in case:
        assert result.findings[0].evidence[0].items() >= case["says"].items()


@pytest.mark.parametrize("name", LEVELS["cases"])
def test_levels(name: str, lines: Lines, reference: Reference) -> None:
    rows = [(LEVELS["usual"] | line, fails) for count, line, fails in LEVELS["cases"][name]["lines"] for _ in range(count)]
    result = run(lines, reference, [line for line, _ in rows])
    assert set(of_lines(result, {7, 8})) == {f"line-{place}" for place, (_, fails) in enumerate(rows) if fails}


USUAL = QUANTITIES["usual"]
NO_LEGAL = {"quantity": 1000, "unit": "007"}
UNCOMPARABLE = {"code": "85414300", "quantity": 10, "unit": "120", "first_quantity": 1000, "first_unit": "007"}


@pytest.mark.parametrize(
    ("rows", "state", "coverage"),
    [
        ([NO_LEGAL] * 30, "no_line_concerned", 0),
        ([NO_LEGAL] * 29 + [NO_LEGAL | {"quantity": 0}], "no_line_concerned", 0),
        ([UNCOMPARABLE] * 30, "reference_missing", 0),
        ([USUAL | {"code": "85414300"}] * 30, "judged", 1_000_000),
        ([USUAL] * 30, "judged", 1_000_000),
        ([USUAL] * 15 + [UNCOMPARABLE] * 15, "judged", 500_000),
        ([NO_LEGAL] * 29 + [USUAL | {"mode": "3010"}], "no_line_concerned", 0),
    ],
)
def test_states_of_units(rows: list[dict[str, Any]], state: str, coverage: int, lines: Lines, reference: Reference) -> None:
    found = dimension(run(lines, reference, [{**row, "declared_on": date(2025, 3, 3), "total": 100} for row in rows]), 7)
    assert (found.state, found.coverage_ppm) == (state, pytest.approx(coverage, abs=1))


@pytest.mark.parametrize(
    ("rows", "state"),
    [
        ([{"price": 10, "sku": f"S-{n}"} for n in range(30)], "no_line_concerned"),
        ([{"price": 10}] * 30, "judged"),
        ([{"price": 10, "currency": "XXX"}] * 30, "reference_missing"),
    ],
)
def test_states_of_prices(rows: list[dict[str, Any]], state: str, lines: Lines, reference: Reference) -> None:
    assert dimension(run(lines, reference, rows), 8).state == state


def test_what_a_wrong_unit_costs(lines: Lines, reference: Reference) -> None:
    result = run(lines, reference, [{**USUAL, "declared_on": date(2025, 3, 3)}] * 90 + [{**USUAL, "declared_on": date(2025, 3, 3), "first_unit": "120"}] * 10)
    found = dimension(result, 7)
    # A tenth of the weight, of the fifth at which all is lost.
    assert (found.share_ppm, found.lost_micro) == (100_000, pytest.approx(found.weight_micro / 2, abs=1))
    assert sum(finding.points_micro or 0 for finding in result.findings) == 100_000_000 - (result.score_exact_micro or 0)


def test_lines_that_say_the_same_are_one_piece_of_evidence(lines: Lines, reference: Reference) -> None:
    result = run(lines, reference, [USUAL] * 30 + [USUAL | {"first_unit": "120"}] * 20)
    assert [[evidence["lines"] for evidence in finding.evidence] for finding in result.findings] == [[20]]
    assert len(result.findings[0].lines) == 20


def test_equal_figures_are_one_piece_of_evidence(lines: Lines, reference: Reference) -> None:
    rows = [{"price": 10}] * 60 + [{"price": 50, "total": total} for total in (1, 2, 3)] + [{"price": 90}]
    finding = next(found for found in run(lines, reference, rows).findings if found.rule == "PRICE_OUTLIER")
    assert [(evidence["seen"], evidence["lines"]) for evidence in finding.evidence] == [("50 USD", 3), ("90 USD", 1)]


def test_long_evidence_is_cut_and_says_so(lines: Lines, reference: Reference) -> None:
    result = run(lines, reference, [{"price": 10}] * 60 + [{"price": 50 * 1.2**n} for n in range(20)])
    finding = next(found for found in result.findings if found.rule == "PRICE_OUTLIER")
    assert finding.evidence[-1] == {"kind": "more", "count": 8}
    assert len(finding.evidence) == 13


def test_every_unit_of_the_vocabulary_is_known() -> None:
    assert set(units()) == set(read_toml("units.toml"))
    for unit in units().values():
        assert set(unit.name) == {"zh", "en"}
        assert unit.factor > 0


def test_measures_have_one_first_unit() -> None:
    for measure in {unit.measure for unit in units().values()}:
        assert sum(unit.measure == measure and unit.factor == 1 for unit in units().values()) == 1, measure


PACK = read_pack(Path(__file__).parents[2] / "knowledge").lines


def test_the_pack_agrees_with_public_sources() -> None:
    public = tomllib.loads(Path(__file__).with_name("legal_units.toml").read_text("utf-8"))
    known = {code: list(PACK[code].units) for code in public if code in PACK}
    assert known == {code: public[code] for code in known}
    assert len(known) >= 30


def test_legal_units_of_the_pack_can_be_legal_units() -> None:
    for code, line in PACK.items():
        assert not [unit for unit in line.units if units()[unit].packing], code
        assert len(line.units) <= 2, code
        # The power of motors and generating sets is counted, not their weight.
        assert line.units[1:] in ((), ("061",) if code[:4] in ("8501", "8502") and code != "85011099" else ("035",)), code
