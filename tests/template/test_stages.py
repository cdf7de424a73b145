"""Stages: what `samconfig.toml` sets, what docs/deploy.md says of it, and that stages stand beside each other."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from ecid.adapters.local_gateway import _TemplateLoader
from tests.translated_template import NO_VALUE, ROOT, evaluated, of_type, resources, translated

CONFIG: dict[str, Any] = tomllib.loads((ROOT / "samconfig.toml").read_text("utf-8"))
STAGES = ("dev", "staging", "prod")
PARAMETERS: dict[str, Any] = yaml.load((ROOT / "template.yaml").read_text("utf-8"), Loader=_TemplateLoader)["Parameters"]  # noqa: S506 - a SafeLoader
OPERATORS_OWN = {
    "Operator",
    "PublicUrl",
    "CertificateArn",
    "AlarmEmail",
    "PublicAnomalies",
    "ChromaUrl",
    "BedrockModel",
    "BedrockModelArns",
    "Issuer",
    "IssuerKeys",
}
AT_DEPLOYMENT = {"Release"}


def overrides(stage: str) -> dict[str, str]:
    return dict(override.split("=", 1) for override in CONFIG[stage]["deploy"]["parameters"]["parameter_overrides"])


def documented() -> Iterator[tuple[str, dict[str, str]]]:
    """Of the table of parameters in docs/deploy.md, what it says of each stage; the dash is what is left at its default."""
    _, _, table = (ROOT / "docs" / "deploy.md").read_text("utf-8").partition("| parameter | dev | staging | prod | |\n")
    for line in table.partition("\n\n")[0].splitlines()[1:]:
        names, *cells = [cell.strip() for cell in line.strip("|").split("|")]
        for name in re.findall(r"\w+", names):
            yield name, dict(zip(STAGES, cells, strict=False))


@pytest.mark.parametrize("name", PARAMETERS)
def test_parameters_say_what_they_are_and_have_defaults(name: str) -> None:
    assert len(PARAMETERS[name]["Description"].split()) >= 4
    assert "Default" in PARAMETERS[name]
    assert PARAMETERS[name]["Default"] in PARAMETERS[name].get("AllowedValues", [PARAMETERS[name]["Default"]])


def test_how_anomalies_are_published_is_a_parameter() -> None:
    assert PARAMETERS["PublicAnomalies"]["AllowedValues"] == ["records", "counts"]


def test_there_are_these_stages_and_one_is_always_named() -> None:
    assert CONFIG.keys() - {"version", "default"} == set(STAGES) == set(PARAMETERS["Stage"]["AllowedValues"])
    assert "deploy" not in CONFIG["default"]


@pytest.mark.parametrize("stage", STAGES)
def test_stages_are_apart_and_a_person_confirms_each_change(stage: str) -> None:
    deploy = CONFIG[stage]["deploy"]["parameters"]
    assert (deploy["stack_name"], deploy["s3_prefix"]) == (f"ecid-{stage}", f"ecid-{stage}")
    assert (deploy["confirm_changeset"], deploy["capabilities"]) == (True, "CAPABILITY_IAM")
    assert deploy["resolve_s3"] is deploy["resolve_image_repos"] is True
    assert deploy["tags"] == f"application=ecid stage={stage}"
    assert not {"disable_rollback", "fail_on_empty_changeset", "on_failure"} & deploy.keys()


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_sets_parameters_to_what_they_allow_and_leaves_the_operators_alone(stage: str) -> None:
    given = overrides(stage)
    assert given["Stage"] == stage
    assert not (OPERATORS_OWN | AT_DEPLOYMENT) & given.keys()
    for name, value in given.items():
        assert value in [str(choice) for choice in PARAMETERS[name].get("AllowedValues", [value])]
        assert PARAMETERS[name]["Type"] == "String" or value.isdigit()


def test_the_documentation_says_what_each_stage_sets() -> None:
    table = dict(documented())
    assert table.keys() == PARAMETERS.keys()
    for stage in STAGES:
        told = {name: cells[stage] for name, cells in table.items() if name not in OPERATORS_OWN | AT_DEPLOYMENT and cells[stage] != "–"}
        assert told == overrides(stage)


def test_in_prod_the_page_has_executions_for_every_request_that_the_throttle_lets_through_at_once() -> None:
    reserved = {stage: evaluated(resources()["VerifyDomain"]["Properties"]["ReservedConcurrentExecutions"], overrides(stage)) for stage in STAGES}
    (gateway,) = of_type("AWS::ApiGatewayV2::Stage").values()
    assert reserved["dev"] == reserved["staging"] == NO_VALUE
    assert int(reserved["prod"]) >= gateway["DefaultRouteSettings"]["ThrottlingBurstLimit"]


def test_the_address_that_is_open_has_a_limit_in_prod() -> None:
    """Its throttle: nothing stands before a Function URL."""
    reserved = {stage: evaluated(resources()["Assist"]["Properties"]["ReservedConcurrentExecutions"], overrides(stage)) for stage in STAGES}
    assert reserved["dev"] == reserved["staging"] == NO_VALUE
    assert 10 <= int(reserved["prod"]) <= 100


def test_no_other_function_has_its_executions_set_aside_or_cut_off() -> None:
    """What reads a queue is limited by its event source; a limit on the function as well would send messages to the dead letters untried."""
    limited = [name for name, function in of_type("AWS::Lambda::Function").items() if "ReservedConcurrentExecutions" in function]
    assert sorted(limited) == ["Assist", "VerifyDomain"]


def test_logs_are_kept_longest_in_prod() -> None:
    days = [int(overrides(stage)["LogDays"]) for stage in STAGES]
    assert days == sorted(days)


@pytest.mark.parametrize(
    ("given", "deployable"),
    [
        ({}, True),
        ({"PublicUrl": "https://verify.example.org"}, True),
        ({"PublicUrl": "https://verify.example.org", "CertificateArn": "arn"}, True),
        ({"CertificateArn": "arn"}, False),
    ],
)
def test_a_certificate_needs_its_host(given: dict[str, str], deployable: bool) -> None:
    assert _deployable(given) is deployable


@pytest.mark.parametrize(
    ("given", "deployable"),
    [
        ({"BedrockModel": "example.model-1"}, False),
        ({"BedrockModel": "example.model-1", "BedrockModelArns": "arn:aws:bedrock:eu-central-1::foundation-model/example.model-1"}, True),
        ({"Issuer": "https://issuer.example"}, False),
        ({"Issuer": "https://issuer.example", "IssuerKeys": "https://issuer.example/keys"}, True),
    ],
)
def test_a_model_needs_its_arns_and_an_issuer_its_keys(given: dict[str, str], deployable: bool) -> None:
    assert _deployable(given) is deployable


def _deployable(given: dict[str, str]) -> bool:
    """Whether every rule of the template lets these parameters pass."""
    rules = translated()["Rules"].values()
    applying = [rule for rule in rules if evaluated(rule["RuleCondition"], given)]
    return all(evaluated(one["Assert"], given) for rule in applying for one in rule["Assertions"])


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("PublicUrl", ["", "https://verify.example.org"], ["http://verify.example.org", "https://verify.example.org/", "https://a b"]),
        ("ChromaUrl", ["", "https://chroma.example.org", "http://10.0.0.7:8000"], ["chroma.example.org", "https://chroma.example.org/", "ftp://a.example"]),
        (
            "BedrockModelArns",
            [
                "",
                "arn:aws:bedrock:eu-central-1::foundation-model/a.b-1:0",
                "arn:aws-cn:bedrock:x-1::foundation-model/a,arn:aws:bedrock:x-1:000000000000:inference-profile/eu.a",
            ],
            [
                "*",
                "arn:aws:bedrock:*::foundation-model/*",
                "arn:aws:bedrock:x-1::foundation-model/a,",
                "arn:aws:s3:::bucket",
                "arn:aws:bedrock:x-1::foundation-model/a,b",
            ],
        ),
        ("BedrockModel", ["", "example.model-1:0", "eu.example.model"], ["a b", "*", "${AWS::Region}"]),
        ("Issuer", ["", "https://issuer.example/pool_1"], ["http://issuer.example", "issuer.example", "https://a b"]),
        ("IssuerKeys", ["", "https://issuer.example/.well-known/jwks.json"], ["http://issuer.example/keys", "https://a?b"]),
        ("Release", ["", "1790000000"], ["179", "17900000001", "2026-11-23"]),
    ],
)
def test_parameters_refuse_what_would_not_work(name: str, good: list[str], bad: list[str]) -> None:
    pattern = PARAMETERS[name]["AllowedPattern"]
    assert all(re.fullmatch(pattern, value) for value in good)
    assert not any(re.fullmatch(pattern, value) for value in bad)


def test_the_stack_tells_where_its_things_are() -> None:
    """Each output by its name: who is told the wrong queue sends events to where nobody reads them."""
    told = {
        "AssistUrl": {"Fn::GetAtt": ["AssistUrl", "FunctionUrl"]},
        "FeedQueueUrl": {"Ref": "FeedQueue"},
        "FeedQueueArn": {"Fn::GetAtt": ["FeedQueue", "Arn"]},
        "FeedDeadLettersUrl": {"Ref": "FeedDeadLetters"},
        "ObjectsBucket": {"Ref": "Objects"},
        "EventsTableName": {"Ref": "EventsTable"},
        "AlarmTopicArn": {"Ref": "AlarmTopic"},
        "ApiUrl": {"Fn::Sub": "https://${HttpApi}.execute-api.${AWS::Region}.${AWS::URLSuffix}"},
        "ApiHostTarget": {"Fn::GetAtt": ["ApiHost", "RegionalDomainName"]},
    }
    outputs = translated()["Outputs"]
    assert {name: output["Value"] for name, output in outputs.items()} == told
    assert {name for name, output in outputs.items() if "Condition" in output} == {"ApiHostTarget"}
    assert outputs["ApiHostTarget"]["Condition"] == resources()["ApiHost"]["Condition"]


def test_two_stages_fit_into_one_account() -> None:
    """A resource with a name of its own can be there once only in an account and region; CloudFormation makes names up, or the stack is in them."""
    keys = {"TableName", "BucketName", "QueueName", "FunctionName", "RoleName", "TopicName", "AlarmName", "LogGroupName", "PolicyName"}
    for name, resource in resources().items():
        properties = resource.get("Properties", {})
        own = {key: properties[key] for key in keys & properties.keys() if resource["Type"] not in ("AWS::Lambda::Version", "AWS::Lambda::Alias")}
        if resource["Type"] in ("AWS::Lambda::EventSourceMapping", "AWS::Lambda::EventInvokeConfig", "AWS::Lambda::Permission"):
            own.pop("FunctionName", None)
        if resource["Type"] in ("AWS::Scheduler::Schedule", "AWS::KMS::Alias"):
            own |= {key: properties[key] for key in ("Name", "AliasName") if key in properties}
        assert all("${AWS::StackName}" in str(value) for value in own.values()), (name, own)
