"""The stack and the program agree: tables, handlers, least privilege."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ecid.adapters.dynamodb import KEYS
from ecid.adapters.local_gateway import _TemplateLoader
from ecid.settings import Settings

ROOT = Path(__file__).parents[1]
TEMPLATE = yaml.load((ROOT / "template.yaml").read_text("utf-8"), Loader=_TemplateLoader)  # noqa: S506 - a SafeLoader
RESOURCES: dict[str, dict[str, Any]] = TEMPLATE["Resources"]
FUNCTIONS = {name: r["Properties"] for name, r in RESOURCES.items() if r["Type"] == "AWS::Serverless::Function"}


@pytest.mark.parametrize("table", KEYS)
def test_tables_have_the_keys_that_the_program_uses(table: str) -> None:
    schema = RESOURCES[f"{table.capitalize()}Table"]["Properties"]["KeySchema"]
    assert tuple(key["AttributeName"] for key in schema) == KEYS[table]


def test_every_function_folder_is_deployed() -> None:
    assert {properties["CodeUri"].rstrip("/") for properties in FUNCTIONS.values()} == {
        f"functions/{app.parent.name}" for app in (ROOT / "functions").glob("*/app.py")
    }


@pytest.mark.parametrize("name", FUNCTIONS)
def test_policies_name_actions_and_resources(name: str) -> None:
    for policy in FUNCTIONS[name]["Policies"]:
        for statement in policy["Statement"]:
            actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            assert not [action for action in actions if "*" in action]
            assert statement["Resource"] != "*"


def test_environment_names_settings() -> None:
    fields = {f"ECID_{name.upper()}" for name in Settings.__dataclass_fields__}
    named = set(TEMPLATE["Globals"]["Function"]["Environment"]["Variables"])
    for properties in FUNCTIONS.values():
        named |= set(properties.get("Environment", {}).get("Variables", {}))
    assert named <= fields


def test_queues_have_dead_letters() -> None:
    queues = {name: r["Properties"] for name, r in RESOURCES.items() if r["Type"] == "AWS::SQS::Queue"}
    assert all("RedrivePolicy" in properties for name, properties in queues.items() if not name.endswith("DeadLetters"))


def test_the_score_queue_waits_longer_than_its_function_may_take() -> None:
    mapping = FUNCTIONS["ScoreEnterprise"]["Events"]["Requests"]["Properties"]
    assert (mapping["BatchSize"], mapping["ScalingConfig"]) == (10, {"MaximumConcurrency": 10})
    queue = RESOURCES["ScoreQueue"]["Properties"]
    assert queue["DelaySeconds"] > 0
    assert queue["VisibilityTimeout"] >= 6 * FUNCTIONS["ScoreEnterprise"]["Timeout"] + mapping["MaximumBatchingWindowInSeconds"]


def test_how_anomalies_are_published_is_a_parameter() -> None:
    assert TEMPLATE["Parameters"]["PublicAnomalies"]["AllowedValues"] == ["records", "counts"]
    assert TEMPLATE["Globals"]["Function"]["Environment"]["Variables"]["ECID_PUBLIC_ANOMALIES"] == "PublicAnomalies"


def test_the_scorer_may_compact_segments() -> None:
    statements = FUNCTIONS["ScoreEnterprise"]["Policies"][0]["Statement"]
    (allowed,) = (statement["Action"] for statement in statements if str(statement["Resource"]).endswith("/declarations/*"))
    assert set(allowed) == {"s3:GetObject", "s3:PutObject", "s3:DeleteObject"}
