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
NO_VALUE = {"Ref": "AWS::NoValue"}
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
    if resource["Properties"].get("PackageType") == "Image":
        resource["Properties"]["ImageUri"] = f"000000000000.dkr.ecr.eu-central-1.amazonaws.com/{name.lower()}:1"
json.dump(transform(template, {"Release": sys.argv[1]}, NoManagedPolicies()), sys.stdout)
"""


def translated(release: str = "1790000000") -> dict[str, Any]:
    """The whole template, functions of CloudFormation in their long form (`{"Ref": …}`). Skips where SAM is not installed."""
    return _translated(release)


@cache
def _translated(release: str) -> dict[str, Any]:
    if not (SAM / "python").exists():
        pytest.skip("SAM is not installed (make .stamp-sam)")
    done = subprocess.run(
        [SAM / "python", "-c", _TRANSLATE, release],
        input=(ROOT / "template.yaml").read_text("utf-8"),
        env={**os.environ, "AWS_DEFAULT_REGION": "eu-central-1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def resources(release: str = "1790000000") -> dict[str, Any]:
    """The resources by logical id."""
    found: dict[str, Any] = translated(release)["Resources"]
    return found


def of_type(kind: str) -> dict[str, dict[str, Any]]:
    """The properties of every resource of a type (`AWS::SQS::Queue`), by logical id."""
    return {name: resource.get("Properties", {}) for name, resource in resources().items() if resource["Type"] == kind}


def evaluated(value: Any, parameters: Mapping[str, str]) -> Any:
    """A value as CloudFormation works it out when these parameters are given and all others keep their defaults.

    References to resources stay as they are, so does `Fn::Sub`.
    """
    if isinstance(value, list):
        return [evaluated(one, parameters) for one in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        ((function, given),) = value.items()
        if function == "Ref" and given in translated()["Parameters"]:
            return parameters.get(given, str(translated()["Parameters"][given]["Default"]))
        if function == "Fn::If":
            condition, yes, no = given
            return evaluated(yes if evaluated(translated()["Conditions"][condition], parameters) else no, parameters)
        if function in _FUNCTIONS:
            return _FUNCTIONS[function](evaluated(given, parameters))
    return {key: evaluated(one, parameters) for key, one in value.items()}


_FUNCTIONS: Mapping[str, Any] = {
    "Fn::Equals": lambda pair: str(pair[0]) == str(pair[1]),
    "Fn::Not": lambda one: not one[0],
    "Fn::Split": lambda pair: pair[1].split(pair[0]),
    "Fn::Select": lambda pair: pair[1][int(pair[0])],
}


def environment(function: str) -> dict[str, Any]:
    """The environment variables of a function, those for all functions among them."""
    found: dict[str, Any] = resources()[function]["Properties"]["Environment"]["Variables"]
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
    if isinstance(resource, dict) and "Fn::Split" in resource:
        assert resource["Fn::Split"][0] == ","
        return str(resource["Fn::Split"][1]["Ref"])
    if isinstance(resource, dict) and "Fn::Sub" in resource:
        return str(resource["Fn::Sub"]).replace("${", "").replace(".Arn}", "")
    return str(resource)
