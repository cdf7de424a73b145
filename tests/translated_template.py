"""template.yaml as CloudFormation gets it: what SAM makes of it, by SAM's own translator, which lives in an environment of its own."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
SAM = ROOT / ".venv-sam" / "bin"
_TRANSLATE = """
import json, sys
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

class NoManagedPolicies:
    def load(self):
        return {}

template = yaml_parse(sys.stdin.read())
for name, resource in template["Resources"].items():  # the translator takes code that is uploaded already
    for uri in ("ContentUri", "CodeUri"):
        if uri in resource["Properties"]:
            resource["Properties"][uri] = f"s3://bucket/{name}"
json.dump(transform(template, {"Release": sys.argv[1]}, NoManagedPolicies()), sys.stdout)
"""


@cache
def resources(release: str = "one") -> dict[str, Any]:
    """The resources by logical id. Skips where SAM is not installed."""
    if not (SAM / "python").exists():
        pytest.skip("SAM is not installed (make .stamp-sam)")
    done = subprocess.run(
        [SAM / "python", "-c", _TRANSLATE, release],
        input=(ROOT / "template.yaml").read_text("utf-8"),
        env={**os.environ, "AWS_DEFAULT_REGION": "eu-central-1"},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    found: dict[str, Any] = json.loads(done.stdout)["Resources"]
    return found


def statements(resource: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Every policy statement anywhere in a resource, whatever the property is called that holds it."""
    waiting: list[Any] = [resource.get("Properties", {})]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if "Effect" in value:
                yield value
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value


def allowed(role: Mapping[str, Any]) -> set[tuple[str, str]]:
    """What the policies of a role allow: pairs of action and resource, the latter by its logical id and path (`Objects/results/*`)."""
    found = [statement for policy in role["Properties"]["Policies"] for statement in statements({"Properties": policy})]
    return {(action, _name(resource)) for one in found if one["Effect"] == "Allow" for action in listed(one["Action"]) for resource in listed(one["Resource"])}


def listed(value: Any) -> list[Any]:
    """One or several, as a list."""
    return value if isinstance(value, list) else [value]


def _name(resource: Any) -> str:
    if isinstance(resource, dict) and "Fn::GetAtt" in resource:
        logical_id, attribute = resource["Fn::GetAtt"]
        assert attribute == "Arn"
        return str(logical_id)
    if isinstance(resource, dict) and "Fn::Sub" in resource:
        return str(resource["Fn::Sub"]).replace("${", "").replace(".Arn}", "")
    return str(resource)
