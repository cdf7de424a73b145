"""Causes: what is gathered, that nothing is lost or counted twice, and that a hundred findings read as the five things to do."""

from __future__ import annotations

import json
import random
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from ecid.errors import BadInput, NotFound
from ecid.scoring.causes import Cause, cause_from_json, causes_of
from ecid.scoring.engine import Run
from ecid.scoring.loss_table import LossTable
from ecid.scoring.losses import loss_table
from ecid.scoring.policy import load_policy
from ecid.scoring.rules import RULE_DIMENSIONS
from tests.scoring.test_whatif import cell, made

CASES = yaml.safe_load(Path(__file__).with_name("causes.yaml").read_text("utf-8"))
DATA = tomllib.loads(files("ecid.scoring").joinpath("causes.toml").read_text("utf-8"))


def rows(told: dict[str, Any]) -> list[dict[str, Any]]:
    times, models, first = told.pop("times"), told.pop("models"), told.pop("first_model", 1)
    places = told.pop("places", {})
    found = []
    for number in range(times):
        model = first + number % models
        row = cell(model, **{name: value.format(model=model) if value else value for name, value in told.items()})
        values = row["specification"].split("|")
        for place, value in places.items():
            values[place] = value
        found.append(row | {"specification": "|".join(values)})
    return found


def holds(run: Run, causes: tuple[Cause, ...]) -> None:
    """Each finding in one cause, and the same points."""
    assert sorted(name for cause in causes for name in cause.findings) == sorted(finding.id for finding in run.result.findings)
    assert sum(cause.points_micro or 0 for cause in causes) == sum(finding.points_micro or 0 for finding in run.result.findings)
    assert len({cause.id for cause in causes}) == len(causes)
    lines = {finding.id: finding.lines for finding in run.result.findings}
    for cause in causes:
        assert cause.lines == len({line for finding in cause.findings for line in lines[finding]})
        assert 1 <= cause.declarations <= cause.lines


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_findings_are_gathered(case: dict[str, Any]) -> None:
    planted = [row for told in case["lines"] for row in rows(dict(told))]
    run = made([cell(90)] * 30 + planted)
    causes = causes_of(run)
    holds(run, causes)
    assert sorted((cause.kind, cause.whose, len(cause.findings)) for cause in causes) == sorted(
        (told["kind"], told["whose"], told["findings"]) for told in case["expected"]
    )
    for told in case["expected"]:
        assert [cause for cause in causes if told["zh"] in cause.sentence["zh"] and told["en"] in cause.sentence["en"]], [cause.sentence for cause in causes]


def five_things() -> list[dict[str, Any]]:
    """Six hundred lines of 150 products: two brokers' templates, a table of codes, a family under two codes, a broker's fixed code."""
    found = [cell(model, declarant=("甲报关行", "乙报关行", "丙报关行")[model % 3], declaration_no=None) for model in range(100, 250) for _ in range(4)]
    for number, row in enumerate(found):
        model, values = 100 + number // 4, row["specification"].split("|")
        row["line_id"] = f"22332025{number // 3:010d}-{number % 3 + 1}"
        if model % 3 == 0 and model < 220:
            values[7] = ""
        elif model % 3 == 1 and model < 220:
            values[2] = "机器用"
        elif model % 3 == 2 and model < 190:
            values[1] = "7"
        elif model >= 240:
            row |= {"sku": f"K{model}"}
            if number % 4 == 0:
                row["code"], values = "8506500000", ["1", "0", "电动工具用", "甬光牌", f"YG-{model}650"]
        elif model >= 230 and model % 3 == 0 and number % 4 == 0:
            row["code"] = f"85{70 + model % 10}999900"
        row["specification"] = "|".join(values)
    return found


def test_a_hundred_findings_read_as_five_things_to_do() -> None:
    run = made(five_things())
    causes = causes_of(run)
    holds(run, causes)
    assert len(run.result.findings) >= 100
    assert sorted((cause.kind, cause.declarant or "") for cause in causes) == [
        ("code_table", "甲报关行"),
        ("fixed_elements", "丙报关行"),
        ("product_code", ""),
        ("template", "乙报关行"),
        ("template", "甲报关行"),
    ]


def test_the_order_of_lines_does_not_matter() -> None:
    lines = five_things()
    shuffled = random.Random(3).sample(lines, len(lines))  # noqa: S311 - test data
    for row in (*lines, *shuffled):
        row["declared_on"] = None
    assert causes_of(made(shuffled)) == causes_of(made(lines))


def test_causes_come_back_from_what_was_stored() -> None:
    run = made(five_things())
    causes = causes_of(run)
    stored = json.loads(json.dumps([cause.to_json("zh") for cause in causes]))
    by_id = {finding.id: finding for finding in run.result.findings}
    assert tuple(cause_from_json(data, by_id) for data in stored) == causes
    with pytest.raises(NotFound):
        cause_from_json(stored[0] | {"findings": ["0123456789abcdef"]}, by_id)
    broken: list[dict[str, object]] = [{"kind": "none"}, {"lines": "5"}, {"findings": []}, {"whose": "mine"}]
    for part in broken:
        with pytest.raises(BadInput):
            cause_from_json(stored[0] | part, by_id)


def test_correcting_a_cause_is_correcting_its_findings() -> None:
    run = made(five_things())
    table, causes = loss_table(run, load_policy()), causes_of(run)
    gathered: LossTable = table.gathered({cause.id: cause.findings for cause in causes})
    for end in range(len(causes) + 1):
        assert gathered.score([cause.id for cause in causes[:end]]) == table.score([name for cause in causes[:end] for name in cause.findings])


def test_without_a_score_causes_have_no_points() -> None:
    run = made([cell(0, {"voltage"})] * 5)
    (cause,) = causes_of(run)
    assert cause.points_micro is None
    assert cause.sentence["en"].endswith(": 5 lines")


def test_no_findings_no_causes() -> None:
    assert causes_of(made([cell(0)] * 30)) == ()
    assert made([cell(0)] * 30).judgements.lines["declarant"].dtype == pl.Categorical()


@pytest.mark.parametrize("rule", sorted(RULE_DIMENSIONS))
def test_every_rule_has_a_cause(rule: str) -> None:
    entry = DATA["rule"][rule]
    assert set(entry["phrase"]) == {"zh", "en"}
    assert DATA["kind"][entry["kind"]]


@pytest.mark.parametrize("kind", sorted(DATA["kind"]))
def test_every_kind_is_worded_and_used(kind: str) -> None:
    entry = DATA["kind"][kind]
    assert set(entry["sentence"]) == set(entry["action"]) == {"zh", "en"}
    assert isinstance(entry["repairable"], bool)
    assert kind in ("fixed_elements", "scattered") or any(rule["kind"] == kind for rule in DATA["rule"].values())
    assert "错" not in entry["sentence"]["zh"]
    assert "wrong" not in entry["sentence"]["en"].lower()
