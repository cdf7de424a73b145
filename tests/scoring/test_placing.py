"""What is asked about goods in dimensions 4 and 9, and what it means to know nothing of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from ecid.scoring.engine import Request, score
from ecid.scoring.inputs import changed, inputs_of
from ecid.scoring.placement import Described
from ecid.scoring.policy import load_policy
from ecid.scoring.result import Result
from ecid.scoring.rules.too_vague import names_nothing
from tests.scoring.conftest import frame
from tests.scoring.known import Told
from tests.scoring.tariff import small_reference

REQUEST = Request("e", "feed", date(2026, 5, 17))
LINES: list[dict[str, Any]] = [{} for _ in range(25)]


def scored(known: Told | None, lines: list[dict[str, Any]] = LINES) -> Result:
    return score(frame(lines), replace(small_reference(), placement=known), load_policy(), REQUEST)


def states(result: Result) -> dict[int, str]:
    return {dimension.number: dimension.state for dimension in result.dimensions if dimension.number in (4, 9)}


def test_without_knowledge_the_dimensions_are_left_out() -> None:
    assert states(scored(None)) == dict.fromkeys((4, 9), "reference_missing")
    assert "knowledge" not in scored(None).versions


def test_with_knowledge_they_are_judged_and_the_version_is_named() -> None:
    result = scored(Told({}))
    assert states(result) == dict.fromkeys((4, 9), "judged")
    assert result.versions["knowledge"] == "told"
    assert result.score == 100


def test_goods_are_asked_about_once_without_brand_and_model_by_what_was_known_when_the_year_began() -> None:
    known = Told({})
    scored(known)
    assert set(known.asked) == {Described("锂离子电池", ("电动工具用", "锂离子", "190Wh/kg", "2.6Ah", "3.6V"), "85076000", date(2025, 1, 1))}


def test_an_unknown_code_counts_as_wholly_defective_in_dimension_four() -> None:
    result = scored(Told({}), [*LINES, {"code": "8599990000"}])
    (finding,) = [finding for finding in result.findings if finding.rule == "CODE_UNKNOWN"]
    assert finding.points_by_dimension[4] > 0


def test_vague_goods_are_half_a_defect() -> None:
    told: dict[str, dict[str, Any]] = {"塑料制品": {"best_ppm": 1}, "电池": {"own_ppm": 0, "supported": False, "rival": RIVAL}}
    vague, conflict = (
        next(dimension.share_ppm for dimension in scored(Told(told), [*LINES, {"name": name}]).dimensions if dimension.number == 4) for name in told
    )
    assert vague is not None
    assert conflict is not None
    assert abs(2 * vague - conflict) <= 1


RIVAL = {"code": "850650", "title": {"zh": "锂的原电池", "en": "Lithium cells"}, "ppm": 990_000, "record": "", "words": ""}


def test_evidence_names_the_runner_up_in_quoted_words() -> None:
    (finding,) = scored(Told({"电池": {"own_ppm": 5, "supported": False, "rival": RIVAL}}), [*LINES, {"name": "电池"}]).findings
    (shown, *_) = finding.evidence
    assert {name: shown[name] for name in ("kind", "code", "confidence_ppm", "declared_ppm", "id", "text", "lines")} == {
        "kind": "rival",
        "code": "850650",
        "confidence_ppm": 990_000,
        "declared_ppm": 5,
        "id": None,
        "text": "锂的原电池",
        "lines": 1,
    }


def test_other_knowledge_is_another_input() -> None:
    before, after = (inputs_of(frame(LINES), replace(small_reference(), placement=known), load_policy(), REQUEST) for known in (None, Told({})))
    assert changed(before, after) == ("knowledge",)


NAMES = yaml.safe_load(Path(__file__).with_name("names_of_nothing.yaml").read_text("utf-8"))


@pytest.mark.parametrize(("kind", "told"), [(kind, told) for kind, entries in NAMES.items() for told in entries], ids=str)
def test_names_that_name_nothing(kind: str, told: dict[str, Any]) -> None:
    assert names_nothing(told["name"], told.get("marks", ())) is (kind == "nothing")
