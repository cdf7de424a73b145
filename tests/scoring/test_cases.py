"""Every rule on its cases (`cases/`, one file a rule), and that none lacks one of each kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from ecid.clearance.records import AnomalyRecord
from ecid.clearance.taxonomy import Fault, State
from ecid.scoring.authority import Authority, Decision, NationalNote, Ruling
from ecid.scoring.engine import Request, score
from ecid.scoring.placement import AmbiguousName
from ecid.scoring.policy import load_policy
from ecid.scoring.reference import Reference
from ecid.scoring.result import Result
from ecid.scoring.rules import RULE_DIMENSIONS
from ecid.tariff.model import Marks
from tests.scoring.conftest import frame
from tests.scoring.known import Told
from tests.scoring.tariff import small_reference

FILES = {path.stem: yaml.safe_load(path.read_text("utf-8")) for path in sorted((Path(__file__).parent / "cases").glob("*.yaml"))}
SCALES = {"quantity": 10**5, "first_quantity": 10**5, "second_quantity": 10**5, "price": 10**4, "total": 10**4}
SUFFIX = {10**5: "_e5", 10**4: "_e4"}
FILLERS = 25


def cases() -> Iterator[Any]:
    for rule, file in FILES.items():
        for case in file["cases"]:
            yield pytest.param(rule, file, case, id=f"{rule} {case['name']}")


def row(line: Mapping[str, Any]) -> dict[str, Any]:
    """A line with its figures in the units of the schema."""
    return {(f"{key}{SUFFIX[SCALES[key]]}" if key in SCALES else key): (round(value * SCALES[key]) if key in SCALES else value) for key, value in line.items()}


def authority_of(told: Mapping[str, Any]) -> Authority:
    outcomes = [
        AnomalyRecord(
            **{
                **record,
                "state": State(record.get("state", "CLOSED")),
                "fault": Fault(record["fault"]) if "fault" in record else None,
                "line_ids": tuple(record.get("line_ids", ())),
            }
        )
        for record in told.get("outcomes", ())
    ]
    return Authority(
        rulings=tuple(Ruling(**ruling) for ruling in told["rulings"]) if "rulings" in told else None,
        outcomes=tuple(outcomes) if "outcomes" in told else None,
    )


def reference_of(told: Mapping[str, Any]) -> Reference:
    decisions = tuple(Decision(**{**entry, "names": tuple(entry["names"]), "source": "tests"}) for entry in told.get("decisions", ()))
    notes = tuple(NationalNote(**{**entry, "codes": tuple(entry["codes"]), "source": "tests"}) for entry in told.get("notes", ()))
    placement = Told(told["known"]) if "known" in told else None
    marks = tuple(Marks(**{**entry, "title": entry["id"], "source": "tests", "sha256": "0" * 64}) for entry in told.get("marks", ()))
    names = {name: ambiguous(entry) for entry in told.get("ambiguous", ()) for name in entry["names"]}
    return replace(small_reference(), decisions=decisions or None, notes=notes or None, placement=placement, marks=marks, ambiguous=names.get)


def ambiguous(entry: Mapping[str, Any]) -> AmbiguousName:
    return AmbiguousName(entry["record"], tuple(entry["codes"]), entry["fact"], "words", entry["valid_from"])


def result_of(told: Mapping[str, Any]) -> Result:
    as_of = told.get("as_of", date(2026, 5, 17))
    fillers = [
        {"line_id": f"filler-{n}", "name": "苹果", "code": "08081000", "specification": "0|0|鲜|富士|一级", "declared_on": as_of} for n in range(FILLERS)
    ]
    lines = [row({"line_id": f"case-{n}", **told.get("every", {}), **line}) for n, line in enumerate(told["lines"])]
    return score(frame([*lines, *fillers]), reference_of(told), load_policy(), Request("e", "feed", as_of, authority=authority_of(told.get("authority", {}))))


@pytest.mark.parametrize(("rule", "file", "case"), list(cases()))
def test_case(rule: str, file: Mapping[str, Any], case: Mapping[str, Any]) -> None:
    told = {**file, **case}
    result = result_of(told)
    ids = [line.get("line_id", f"case-{n}") for n, line in enumerate(told["lines"])]
    found = [finding for finding in result.findings if finding.rule == rule]
    assert {line for finding in found for line in finding.lines} == {ids[place] for place in case["fails"]}
    assert any(finding.points_micro for finding in found) is case.get("points", bool(case["fails"]))
    assert "suggests" not in case or sorted({code for finding in found for code in finding.suggested_codes}) == case["suggests"]
    assert all(finding.evidence for finding in found)
    shown = [piece for finding in found for piece in finding.evidence]
    told_of = [piece for piece in shown if piece["kind"] != "more"]
    assert all(piece[name] == value for piece in told_of for name, value in case.get("shows", {}).items())


@pytest.mark.parametrize("rule", sorted(RULE_DIMENSIONS))
def test_every_rule_has_a_case_of_each_kind(rule: str) -> None:
    assert {case["kind"] for case in FILES[rule]["cases"]} == {"positive", "negative", "boundary"}
    for case in FILES[rule]["cases"]:
        assert case["kind"] != "positive" or case["fails"]
        assert case["kind"] != "negative" or not case["fails"]


def test_no_cases_are_of_a_rule_that_is_gone() -> None:
    assert set(FILES) == set(RULE_DIMENSIONS)
