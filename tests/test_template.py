"""The stack and the program agree, and the stack keeps what it promises: least privilege, encryption, restoring, alarms, stages."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from ecid.adapters.dynamodb import _EXPIRY, KEYS
from ecid.adapters.local_gateway import _TemplateLoader
from ecid.settings import Settings
from tests.translated_template import allowed, resources, statements

ROOT = Path(__file__).parents[1]
TEMPLATE = yaml.load((ROOT / "template.yaml").read_text("utf-8"), Loader=_TemplateLoader)  # noqa: S506 - a SafeLoader
RESOURCES: dict[str, dict[str, Any]] = TEMPLATE["Resources"]
REVIEWED: dict[str, Any] = tomllib.loads((Path(__file__).parent / "iam.toml").read_text("utf-8"))
LOCAL_ONLY = REVIEWED.pop("local_only")
ADAPTERS = ROOT / "layers" / "core" / "python" / "ecid" / "adapters"
STAGES = ("dev", "staging", "prod")
FROM_LOGS = {"requestId", "requestTimeEpoch", "routeKey", "status", "responseLatency", "integrationStatus", "error.responseType", "responseLength"}
"""What the access log may say of a request: nothing of who asked, and nothing of whom they asked about (the path would tell)."""


def of_type(kind: str) -> dict[str, dict[str, Any]]:
    return {name: resource["Properties"] for name, resource in RESOURCES.items() if resource["Type"] == kind}


FUNCTIONS = of_type("AWS::Serverless::Function")
QUEUES = of_type("AWS::SQS::Queue")
ALARMS = of_type("AWS::CloudWatch::Alarm")


@pytest.mark.parametrize("table", KEYS)
def test_tables_have_the_keys_that_the_program_uses(table: str) -> None:
    schema = RESOURCES[f"{table.capitalize()}Table"]["Properties"]["KeySchema"]
    assert tuple(key["AttributeName"] for key in schema) == KEYS[table]


def test_every_function_folder_is_deployed() -> None:
    assert {properties["CodeUri"].rstrip("/") for properties in FUNCTIONS.values()} == {
        f"functions/{app.parent.name}" for app in (ROOT / "functions").glob("*/app.py")
    }


def test_environment_names_settings() -> None:
    fields = {f"ECID_{name.upper()}" for name in Settings.__dataclass_fields__}
    named = set(TEMPLATE["Globals"]["Function"]["Environment"]["Variables"])
    for properties in FUNCTIONS.values():
        named |= set(properties.get("Environment", {}).get("Variables", {}))
    assert named <= fields


def test_every_wildcard_has_a_reason_and_every_reason_a_wildcard() -> None:
    given: dict[tuple[str, str], str] = {}
    needed: set[tuple[str, str]] = set()
    for name, resource in resources().items():
        given |= {(name, sid): reason for sid, reason in resource.get("Metadata", {}).get("Wildcards", {}).items()}
        for statement in statements(resource):
            assert not {"NotAction", "NotResource", "NotPrincipal"} & statement.keys(), name
            assert statement["Effect"] == "Deny" or statement.get("Principal") not in ("*", {"AWS": "*"}), name
            if "*" in json.dumps([statement["Action"], statement.get("Resource", "")]):
                needed.add((name, statement.get("Sid", "without a Sid")))
    assert given.keys() == needed
    assert all(len(reason.split()) >= 8 for reason in given.values())


def test_each_function_has_a_role_of_its_own_and_each_role_is_reviewed() -> None:
    roles = {name.removesuffix("Role"): resource for name, resource in resources().items() if resource["Type"] == "AWS::IAM::Role"}
    assert roles.keys() == REVIEWED.keys()
    assert not [name for name, role in roles.items() if "ManagedPolicyArns" in role["Properties"]]
    assert not [name for name, resource in resources().items() if resource["Type"] in ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy")]
    for name in FUNCTIONS:
        assert resources()[name]["Properties"]["Role"] == {"Fn::GetAtt": [f"{name}Role", "Arn"]}


@pytest.mark.parametrize("name", REVIEWED)
def test_roles_allow_what_was_reviewed_and_no_more(name: str) -> None:
    assert allowed(resources()[f"{name}Role"]) == {(entry["action"], entry["on"]) for entry in REVIEWED[name]}


def test_the_review_names_the_calls_that_the_adapters_make() -> None:
    text = "\n".join(path.read_text("utf-8") for path in ADAPTERS.glob("*.py"))
    made = set(re.findall(r"\bclient\.([a-z0-9_]+)\(", text)) - {"get_paginator"} | set(re.findall(r'get_paginator\("(\w+)"\)', text))
    reviewed = {entry["call"] for entries in REVIEWED.values() for entry in entries if "call" in entry}
    assert made == reviewed | set(LOCAL_ONLY)
    for entries in REVIEWED.values():
        assert all(("call" in entry) != ("by" in entry) for entry in entries)


@pytest.mark.parametrize("name", of_type("AWS::DynamoDB::Table"))
def test_tables_can_be_restored_are_encrypted_and_outlive_the_stack(name: str) -> None:
    table = RESOURCES[name]
    properties = table["Properties"]
    assert (table["DeletionPolicy"], table["UpdateReplacePolicy"]) == ("Retain", "Retain")
    assert properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True
    assert properties["SSESpecification"]["SSEEnabled"] is True
    assert resources()[name]["Properties"]["DeletionProtectionEnabled"] == {"Fn::If": ["IsProd", True, False]}


def test_facts_may_expire() -> None:
    assert RESOURCES["FactsTable"]["Properties"]["TimeToLiveSpecification"] == {"AttributeName": _EXPIRY, "Enabled": True}


def test_the_bucket_keeps_what_was_superseded_as_long_as_the_tables_can_be_restored() -> None:
    bucket = RESOURCES["Objects"]
    assert (bucket["DeletionPolicy"], bucket["UpdateReplacePolicy"]) == ("Retain", "Retain")
    properties = bucket["Properties"]
    assert properties["VersioningConfiguration"]["Status"] == "Enabled"
    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
    assert "BucketEncryption" in properties
    rules = properties["LifecycleConfiguration"]["Rules"]
    assert {rule["Status"] for rule in rules} == {"Enabled"}
    assert [rule["NoncurrentVersionExpiration"]["NoncurrentDays"] for rule in rules if "NoncurrentVersionExpiration" in rule] == [35]
    assert not [rule for rule in rules if "Expiration" in rule or "ExpirationInDays" in rule]
    assert [rule for rule in rules if "AbortIncompleteMultipartUpload" in rule]


@pytest.mark.parametrize("name", ["ObjectsPolicy", "QueuesPolicy", "AlarmTopicPolicy"])
def test_nothing_is_reached_unencrypted(name: str) -> None:
    denied = [statement for statement in statements(RESOURCES[name]) if statement["Effect"] == "Deny"]
    assert [(statement["Principal"], statement["Condition"]) for statement in denied] == [("*", {"Bool": {"aws:SecureTransport": "false"}})]


def test_queues_are_encrypted_and_have_dead_letters() -> None:
    assert set(RESOURCES["QueuesPolicy"]["Properties"]["Queues"]) == set(QUEUES)
    for name, properties in QUEUES.items():
        assert properties["SqsManagedSseEnabled"] is True
        assert properties["MessageRetentionPeriod"] == 14 * 24 * 3600
        assert name.endswith("DeadLetters") or properties["RedrivePolicy"]["maxReceiveCount"] == 3


def test_the_schedule_has_dead_letters_for_a_run_not_started_and_for_one_that_failed() -> None:
    scorer = FUNCTIONS["ScoreEnterprise"]
    assert scorer["Events"]["Daily"]["Properties"]["DeadLetterConfig"]["Arn"] == "DailyDeadLetters.Arn"
    assert scorer["EventInvokeConfig"]["DestinationConfig"]["OnFailure"] == {"Type": "SQS", "Destination": "DailyDeadLetters.Arn"}


@pytest.mark.parametrize("queue", ["Feed", "Score"])
def test_a_queue_waits_longer_than_its_function_may_take(queue: str) -> None:
    function, event = {"Feed": ("IngestEvents", "Feed"), "Score": ("ScoreEnterprise", "Requests")}[queue]
    mapping = FUNCTIONS[function]["Events"][event]["Properties"]
    assert (mapping["BatchSize"], mapping["ScalingConfig"]) == (10, {"MaximumConcurrency": 10})
    window = mapping.get("MaximumBatchingWindowInSeconds", 0)
    assert QUEUES[f"{queue}Queue"]["VisibilityTimeout"] >= 6 * FUNCTIONS[function]["Timeout"] + window


def test_requests_for_scores_come_together() -> None:
    assert QUEUES["ScoreQueue"]["DelaySeconds"] > 0


def _alarms(metric: str) -> dict[str, dict[str, Any]]:
    """Alarms of a metric, by the value of their first dimension, which stands for what they watch."""
    return {properties["Dimensions"][0]["Value"]: properties for properties in ALARMS.values() if properties["MetricName"] == metric}


def test_alarms_tell_somebody_what_to_do() -> None:
    for name, properties in ALARMS.items():
        assert properties["AlarmActions"] == properties["OKActions"] == ["AlarmTopic"], name
        assert len(properties["AlarmDescription"].split()) >= 4, name
        assert properties["EvaluationPeriods"] * properties["Period"] <= 24 * 3600, name
    assert RESOURCES["AlarmTopic"]["Properties"]["KmsMasterKeyId"] == "AlarmKey"
    assert RESOURCES["AlarmMail"]["Condition"] == "HasAlarmEmail"


def test_every_function_is_watched() -> None:
    assert _alarms("Errors").keys() == _alarms("Throttles").keys() == _alarms("Duration").keys() == FUNCTIONS.keys()
    for name, alarm in _alarms("Duration").items():
        timeout = FUNCTIONS[name].get("Timeout", TEMPLATE["Globals"]["Function"]["Timeout"])
        assert alarm["Threshold"] <= 0.8 * 1000 * timeout


def test_every_queue_is_watched() -> None:
    dead = {f"{name}.QueueName" for name in QUEUES if name.endswith("DeadLetters")}
    assert _alarms("ApproximateNumberOfMessagesVisible").keys() == dead
    ages = _alarms("ApproximateAgeOfOldestMessage")
    assert ages.keys() == {f"{name}.QueueName" for name in QUEUES}
    assert all(ages[name]["Threshold"] < 14 * 24 * 3600 for name in dead)
    assert _alarms("NumberOfMessagesSent")["FeedQueue.QueueName"]["TreatMissingData"] == "breaching"


def test_the_api_is_watched() -> None:
    assert [_alarms(metric).keys() for metric in ("5xx", "Latency")] == [{"HttpApi"}] * 2


def test_the_api_is_throttled_and_its_log_says_nothing_of_people() -> None:
    api = RESOURCES["HttpApi"]["Properties"]
    assert {"ThrottlingBurstLimit", "ThrottlingRateLimit"} <= api["DefaultRouteSettings"].keys()
    line = api["AccessLogSettings"]["Format"]
    assert set(re.findall(r"\$context\.([A-Za-z.]+)", line)) == FROM_LOGS
    assert json.loads(re.sub(r"\$context\.[A-Za-z.]+", "0", line))


def test_logs_end_when_the_operator_says() -> None:
    groups = of_type("AWS::Logs::LogGroup")
    assert groups.keys() == {f"{name}Logs" for name in FUNCTIONS} | {"ApiLogs"}
    assert {properties["RetentionInDays"] for properties in groups.values()} == {"LogDays"}
    for name in FUNCTIONS:
        assert resources()[name]["Properties"]["LoggingConfig"] == {
            "LogFormat": "JSON",
            "ApplicationLogLevel": "INFO",
            "SystemLogLevel": "INFO",
            "LogGroup": {"Ref": f"{name}Logs"},
        }


def test_the_page_is_served_from_a_snapshot_and_every_release_makes_one() -> None:
    properties = resources()["VerifyDomain"]["Properties"]
    assert (properties["SnapStart"], properties["Runtime"]) == ({"ApplyOn": "PublishedVersions"}, "python3.13")
    assert "VerifyDomainAliaslive" in json.dumps(resources()["HttpApi"])

    def versions(release: str) -> set[str]:
        return {name for name, resource in resources(release).items() if resource["Type"] == "AWS::Lambda::Version"}

    assert len(versions("1790000000") | versions("1790000001")) == 2
    pattern = TEMPLATE["Parameters"]["Release"]["AllowedPattern"]
    assert re.fullmatch(pattern, "1790000000")
    assert not re.fullmatch(pattern, "20261123T134500Z"), "SAM looks at ten characters only"


def test_how_anomalies_are_published_is_a_parameter() -> None:
    assert TEMPLATE["Parameters"]["PublicAnomalies"]["AllowedValues"] == ["records", "counts"]
    assert TEMPLATE["Globals"]["Function"]["Environment"]["Variables"]["ECID_PUBLIC_ANOMALIES"] == "PublicAnomalies"


@pytest.mark.parametrize("name", TEMPLATE["Parameters"])
def test_parameters_say_what_they_are_and_have_defaults(name: str) -> None:
    parameter = TEMPLATE["Parameters"][name]
    assert len(parameter["Description"].split()) >= 4
    assert "Default" in parameter


@pytest.mark.parametrize("stage", STAGES)
def test_stages_are_apart_and_set_parameters_that_exist(stage: str) -> None:
    config = tomllib.loads((ROOT / "samconfig.toml").read_text("utf-8"))
    assert config.keys() - {"version", "default"} == set(STAGES)
    assert "deploy" not in config["default"], "a stage is always named"
    deploy = config[stage]["deploy"]["parameters"]
    assert (deploy["stack_name"], deploy["confirm_changeset"], deploy["capabilities"]) == (f"ecid-{stage}", True, "CAPABILITY_IAM")
    overrides = dict(override.split("=", 1) for override in deploy["parameter_overrides"])
    assert overrides["Stage"] == stage
    for name, value in overrides.items():
        parameter = TEMPLATE["Parameters"][name]
        assert value in [str(choice) for choice in parameter.get("AllowedValues", [value])]
    assert not {"Operator", "PublicUrl", "CertificateArn", "AlarmEmail", "Release"} & overrides.keys(), "these are the operator's to say"
