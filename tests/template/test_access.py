"""Least privilege: who may take on a role, what it may do, on which resource; nothing is reached unencrypted."""

from __future__ import annotations

import json
import re
import tomllib
from typing import Any

import pytest

from ecid.bootstrap import Platform
from ecid.errors import NotAuthorized
from ecid.settings import settings_from
from tests.translated_template import ROOT, allowed, environment, evaluated, listed, of_type, resources, statements

REVIEWED: dict[str, Any] = tomllib.loads((ROOT / "tests" / "iam.toml").read_text("utf-8"))
LOCAL_ONLY = REVIEWED.pop("local_only")
ADAPTERS = ROOT / "layers" / "core" / "python" / "ecid" / "adapters"
SAME_ACCOUNT = {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
UNENCRYPTED = {"Bool": {"aws:SecureTransport": "false"}}


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


def test_each_function_and_the_schedule_have_a_role_of_their_own_and_each_role_is_reviewed() -> None:
    roles = of_type("AWS::IAM::Role")
    assert roles.keys() == {f"{name}Role" for name in REVIEWED}
    assert not [name for name, role in roles.items() if "ManagedPolicyArns" in role]
    assert not [name for name, resource in resources().items() if resource["Type"] in ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy")]
    for name, function in of_type("AWS::Lambda::Function").items():
        assert function["Role"] == {"Fn::GetAtt": [f"{name}Role", "Arn"]}
    for name, schedule in of_type("AWS::Scheduler::Schedule").items():
        assert schedule["Target"]["RoleArn"] == {"Fn::GetAtt": [f"{name}Role", "Arn"]}


def test_only_the_service_that_works_with_a_role_may_take_it_on() -> None:
    functions = of_type("AWS::Lambda::Function")
    for name, role in of_type("AWS::IAM::Role").items():
        (trust,) = listed(role["AssumeRolePolicyDocument"]["Statement"])
        assert (trust["Effect"], listed(trust["Action"]), trust["Principal"].keys()) == ("Allow", ["sts:AssumeRole"], {"Service"}), name
        if name.removesuffix("Role") in functions:
            # Lambda takes on roles of its function's own account only (iam:PassRole), and documents no condition key for it.
            assert (listed(trust["Principal"]["Service"]), trust.get("Condition")) == (["lambda.amazonaws.com"], None), name
        else:
            assert (listed(trust["Principal"]["Service"]), trust.get("Condition")) == (["scheduler.amazonaws.com"], SAME_ACCOUNT), name


@pytest.mark.parametrize("name", REVIEWED)
def test_roles_allow_what_was_reviewed_and_no_more(name: str) -> None:
    assert allowed(resources()[f"{name}Role"]) == {(entry["action"], entry["on"]) for entry in REVIEWED[name]}


def test_the_review_names_the_calls_that_the_adapters_make_to_aws() -> None:
    sources = [path.read_text("utf-8") for path in ADAPTERS.glob("*.py")]
    text = "\n".join(source for source in sources if re.search(r"^\s*(import|from) boto", source, re.MULTILINE))
    made = set(re.findall(r"\bclient\.([a-z0-9_]+)\(", text)) - {"get_paginator"} | set(re.findall(r'get_paginator\("(\w+)"\)', text))
    reviewed = {entry["call"] for entries in REVIEWED.values() for entry in entries if "call" in entry}
    assert made == reviewed | set(LOCAL_ONLY)
    for entries in REVIEWED.values():
        assert all(("call" in entry) != ("by" in entry) for entry in entries)


def test_only_the_gateway_may_call_a_function_and_only_this_one_but_for_the_address_that_is_open() -> None:
    permissions = of_type("AWS::Lambda::Permission")
    by_anybody = {name: permissions.pop(name) for name in [name for name, given in permissions.items() if given["Principal"] == "*"]}
    assert {name: (given["FunctionName"], given["Action"]) for name, given in by_anybody.items()} == {
        "AssistUrlPublicPermissions": ({"Ref": "Assist"}, "lambda:InvokeFunctionUrl"),
        "AssistURLInvokeAllowPublicAccess": ({"Ref": "Assist"}, "lambda:InvokeFunction"),
    }
    assert by_anybody["AssistUrlPublicPermissions"]["FunctionUrlAuthType"] == "NONE"
    assert by_anybody["AssistURLInvokeAllowPublicAccess"]["InvokedViaFunctionUrl"] is True, "by way of its address alone"
    for name, permission in permissions.items():
        source, parts = permission["SourceArn"]["Fn::Sub"]
        assert (permission["Action"], permission["Principal"]) == ("lambda:InvokeFunction", "apigateway.amazonaws.com"), name
        assert "${__ApiId__}" in source, name
        assert parts["__ApiId__"] == {"Ref": "HttpApi"}, name


@pytest.mark.parametrize(
    ("policy", "named", "guarded", "actions", "whole"),
    [
        ("ObjectsPolicy", "Bucket", "AWS::S3::Bucket", "s3:*", [{"Fn::GetAtt": ["Objects", "Arn"]}, {"Fn::Sub": "${Objects.Arn}/*"}]),
        ("QueuesPolicy", "Queues", "AWS::SQS::Queue", "sqs:*", ["*"]),
        ("AlarmTopicPolicy", "Topics", "AWS::SNS::Topic", "sns:Publish", [{"Ref": "AlarmTopic"}]),
    ],
)
def test_nothing_is_reached_unencrypted(policy: str, named: str, guarded: str, actions: str, whole: list[Any]) -> None:
    properties = resources()[policy]["Properties"]
    assert sorted(reference["Ref"] for reference in listed(properties[named])) == sorted(of_type(guarded))
    (denied,) = [statement for statement in statements(resources()[policy]) if statement["Effect"] == "Deny"]
    assert (denied["Principal"], denied["Action"], denied["Condition"]) == ("*", actions, UNENCRYPTED)
    assert listed(denied["Resource"]) == whole


def test_cloudwatch_alone_may_send_alarms_and_only_those_of_this_account() -> None:
    (publish,) = [statement for statement in statements(resources()["AlarmTopicPolicy"]) if statement["Effect"] == "Allow"]
    assert (publish["Principal"], publish["Action"]) == ({"Service": "cloudwatch.amazonaws.com"}, "sns:Publish")
    key = {statement["Sid"]: statement for statement in statements(resources()["AlarmKey"])}
    assert key.keys() == {"Account", "Alarms"}
    assert key["Account"]["Principal"] == {"AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}}
    assert (key["Alarms"]["Principal"], key["Alarms"]["Action"]) == ({"Service": "cloudwatch.amazonaws.com"}, ["kms:Decrypt", "kms:GenerateDataKey*"])
    assert publish["Condition"] == key["Alarms"]["Condition"] == SAME_ACCOUNT
    assert resources()["AlarmKey"]["Properties"]["EnableKeyRotation"] is True


def test_one_function_has_an_address_of_its_own_which_streams() -> None:
    (address,) = of_type("AWS::Lambda::Url").values()
    assert address == {"TargetFunctionArn": {"Ref": "Assist"}, "AuthType": "NONE", "InvokeMode": "RESPONSE_STREAM"}


@pytest.mark.parametrize("model", ["", "example.model-1"])
def test_a_model_may_be_asked_where_one_is_chosen_and_no_other(model: str) -> None:
    arns = "arn:aws:bedrock:eu-central-1::foundation-model/example.model-1,arn:aws:bedrock:eu-central-1:000000000000:inference-profile/eu.example.model-1"
    given = {"BedrockModel": model, "BedrockModelArns": arns if model else ""}
    granted = [one for one in statements({"Properties": evaluated(resources()["AssistRole"]["Properties"], given)}) if "bedrock" in str(one["Action"])]
    assert [one["Resource"] for one in granted] == ([arns.split(",")] if model else [])
    named = evaluated(environment("Assist")["ECID_MODEL"], given)
    assert named == ({"Fn::Sub": "bedrock_converse:${BedrockModel}"} if model else "planner")


@pytest.mark.parametrize(
    ("given", "keys"), [({}, ""), ({"Issuer": "https://issuer.example/pool", "IssuerKeys": "https://issuer.example/keys"}, "https://issuer.example/keys")]
)
def test_nobody_signs_in_until_an_issuer_is_named(given: dict[str, str], keys: str) -> None:
    told = {name: evaluated(environment("Assist")[name], given) for name in ("ECID_ISSUER", "ECID_ISSUER_KEYS")}
    settings = settings_from({name: value for name, value in told.items() if value})
    assert (settings.issuer, settings.issuer_keys) == (given.get("Issuer", "urn:ecid:nobody"), keys)
    if not keys:
        with pytest.raises(NotAuthorized):
            Platform(settings).callers.caller("a.b.c")
