"""Every function is deployed as it was written and tried: its code, its layers, its size, its settings, its log."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from ecid.errors import EcidError
from ecid.identity.domains import _data, normalise
from ecid.settings import Settings, settings_from
from tests.laid_out_image import FUNCTIONS
from tests.translated_template import ROOT, environment, evaluated, of_type, resources, translated

HERE = Path(__file__).parent
SETTINGS: dict[str, Any] = tomllib.loads((HERE / "settings.toml").read_text("utf-8"))
BOUNDS: list[dict[str, Any]] = tomllib.loads((HERE / "bounds.toml").read_text("utf-8"))["function"]
ROLES: dict[str, Any] = tomllib.loads((ROOT / "tests" / "iam.toml").read_text("utf-8"))
GIVEN: dict[str, dict[str, str]] = SETTINGS["given"]
IMAGES = tuple(FUNCTIONS)
"""What is deployed as a container image; the others are zips with layers."""


def variable(setting: str) -> str:
    return f"ECID_{setting.upper()}"


def words(function: str) -> list[str]:
    """`VerifyDomain` as its folder and its log are called."""
    return [word.lower() for word in re.findall("[A-Z][a-z]+", function)]


def test_every_function_folder_is_deployed_and_reviewed() -> None:
    folders = {"".join(part.capitalize() for part in app.parent.name.split("_")) for app in (ROOT / "functions").glob("*/app.py")}
    assert of_type("AWS::Lambda::Function").keys() == folders == GIVEN.keys() == {bound["name"] for bound in BOUNDS}
    text = (ROOT / "template.yaml").read_text("utf-8")
    for folder in folders:
        code = f"functions/{'_'.join(words(folder))}/"
        named = rf"ImageConfig: {{ .*Command: \[{code}app\.handler\] }}" if folder in IMAGES else f"CodeUri: {code}"
        assert re.search(rf"^  {folder}:\n(?:    .*\n)*?      {named}$", text, re.MULTILINE)


def test_the_handler_of_a_function_is_found_where_it_was_tried() -> None:
    functions = of_type("AWS::Lambda::Function")
    assert [name for name, function in functions.items() if function.get("PackageType") == "Image"] == list(IMAGES)
    for name, function in functions.items():
        assert function["Architectures"] == ["arm64"], name
        if name not in IMAGES:
            assert (function["Handler"], function["Runtime"]) == ("app.handler", "python3.13"), name
    for layer in of_type("AWS::Lambda::LayerVersion").values():
        assert layer["CompatibleRuntimes"] == ["python3.13"]


def test_the_function_that_streams_has_a_runtime_that_does_and_the_others_lambdas_own() -> None:
    entries = {name: function["ImageConfig"].get("EntryPoint") for name, function in of_type("AWS::Lambda::Function").items() if name in IMAGES}
    assert {name: entry for name, entry in entries.items() if entry} == {"Assist": ["python", "-m", "ecid.adapters.lambda_runtime"]}
    assert of_type("AWS::Lambda::Url")["AssistUrl"]["InvokeMode"] == "RESPONSE_STREAM"


@pytest.mark.parametrize(
    ("function", "layers"),
    [
        ("VerifyDomain", ["CoreLayer", "DepsLayer"]),
        ("DescribeScoring", ["CoreLayer", "DepsLayer"]),
        ("IngestEvents", ["CoreLayer", "DepsLayer", "WorkerDepsLayer"]),
    ],
)
def test_a_function_has_the_layers_it_needs_and_a_page_carries_no_weight_of_the_workers(function: str, layers: list[str]) -> None:
    found = [reference["Ref"] for reference in resources()[function]["Properties"]["Layers"]]
    assert [re.sub("[0-9a-f]{10}$", "", name) for name in found] == layers
    assert set(found) <= of_type("AWS::Lambda::LayerVersion").keys()


@pytest.mark.parametrize("bound", BOUNDS, ids=lambda bound: bound["name"])
def test_memory_and_time_stay_within_their_bounds(bound: Mapping[str, Any]) -> None:
    function = resources()[bound["name"]]["Properties"]
    assert bound["memory_mb"][0] <= function["MemorySize"] <= bound["memory_mb"][1], bound["why_memory"]
    assert bound["timeout_s"][0] <= function["Timeout"] <= bound["timeout_s"][1], bound["why_timeout"]
    assert ("tmp_mb" in bound) == ("EphemeralStorage" in function)
    if "tmp_mb" in bound:
        assert bound["tmp_mb"][0] <= function["EphemeralStorage"]["Size"] <= bound["tmp_mb"][1], bound["why_tmp"]


def test_the_review_of_settings_is_complete() -> None:
    fields = set(Settings.__dataclass_fields__)
    given = {setting for settings in GIVEN.values() for setting in settings}
    assert fields == given | SETTINGS["everywhere"].keys() | SETTINGS["no_function"].keys()
    assert not given & (SETTINGS["everywhere"].keys() | SETTINGS["no_function"].keys())
    for function, settings in GIVEN.items():
        asked = {entry["on"].partition("/")[0] for entry in ROLES[function] if "call" in entry}
        named = {SETTINGS["resources"][setting] for setting in settings.keys() & SETTINGS["resources"].keys()}
        assert named == asked, f"{function}: what its role lets it ask, and what its settings name, are not the same"


@pytest.mark.parametrize("function", GIVEN)
def test_a_function_is_given_the_settings_it_needs_and_no_others(function: str) -> None:
    wanted = {variable(setting) for setting in (*GIVEN[function], *SETTINGS["everywhere"])}
    assert environment(function).keys() == wanted


@pytest.mark.parametrize(
    ("function", "setting"), [(function, setting) for function, given in GIVEN.items() for setting in given if setting in SETTINGS["resources"]]
)
def test_a_setting_names_its_own_resource(function: str, setting: str) -> None:
    assert environment(function)[variable(setting)] == {"Ref": SETTINGS["resources"][setting]}


def test_the_program_reads_what_the_page_is_given() -> None:
    given = {
        name: evaluated(value, {"Operator": "Example Trade Data", "PublicUrl": "https://verify.example.org", "PublicAnomalies": "counts"})
        for name, value in environment("VerifyDomain").items()
    }
    settings = settings_from({name: value for name, value in given.items() if isinstance(value, str)})
    assert (settings.operator, settings.public_url, settings.public_anomalies) == ("Example Trade Data", "https://verify.example.org", "counts")
    own = evaluated(environment("VerifyDomain")["ECID_PUBLIC_URL"], {})
    assert own == {"Fn::Sub": "https://${HttpApi}.execute-api.${AWS::Region}.${AWS::URLSuffix}"} == translated()["Outputs"]["ApiUrl"]["Value"]


@pytest.mark.parametrize("function", GIVEN)
@pytest.mark.parametrize("suffix", _data()["reserved"]["suffixes"])
def test_samples_are_no_domains_in_aws(function: str, suffix: str) -> None:
    accepted = settings_from({"ECID_SAMPLE_SUFFIXES": environment(function)["ECID_SAMPLE_SUFFIXES"]}).reserved_suffixes
    assert accepted, "an empty setting would mean the default"
    with pytest.raises(EcidError):
        normalise(f"harborlight.{suffix}", accepted)


def test_a_function_writes_its_own_log_in_a_form_that_can_be_searched() -> None:
    groups = of_type("AWS::Logs::LogGroup")
    assert groups.keys() == {f"{name}Logs" for name in GIVEN} | {"ApiLogs"}
    assert [group["RetentionInDays"] for group in groups.values()] == [{"Ref": "LogDays"}] * len(groups)
    for name in GIVEN:
        told = resources()[name]["Properties"]["LoggingConfig"]
        assert groups[f"{name}Logs"]["LogGroupName"] == {"Fn::Sub": f"/aws/lambda/${{AWS::StackName}}-{'-'.join(words(name))}"}
        assert told == {"LogFormat": "JSON", "ApplicationLogLevel": "INFO", "SystemLogLevel": "INFO", "LogGroup": {"Ref": f"{name}Logs"}}


def test_the_page_is_served_from_a_snapshot_and_every_release_makes_one() -> None:
    properties = resources()["VerifyDomain"]["Properties"]
    assert (properties["SnapStart"], properties["Runtime"]) == ({"ApplyOn": "PublishedVersions"}, "python3.13")
    assert "VerifyDomainAliaslive" in json.dumps(resources()["HttpApi"])

    def versions(release: str) -> set[str]:
        return {name for name, resource in resources(release).items() if resource["Type"] == "AWS::Lambda::Version"}

    assert len(versions("1790000000") | versions("1790000001")) == 2
    pattern = translated()["Parameters"]["Release"]["AllowedPattern"]
    assert re.fullmatch(pattern, "1790000000")
    assert not re.fullmatch(pattern, "20261123T134500Z"), "SAM looks at ten characters only"
