"""The gateway: the routes that the handlers answer and no others, throttled, over a current TLS, with a log that says nothing of people."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from functions.assist.app import app as assist
from functions.check_declarations.app import app as check
from functions.describe_scoring.app import app as describe
from functions.search_clauses.app import app as search
from functions.verify_domain.app import app as verify
from tests.translated_template import ROOT, evaluated, of_type, resources

THROTTLE: dict[str, Any] = tomllib.loads((Path(__file__).parent / "bounds.toml").read_text("utf-8"))["throttle"]
FROM_LOGS = {"requestId", "requestTimeEpoch", "routeKey", "status", "responseLatency", "integrationStatus", "error.responseType", "responseLength"}
"""What the access log may say of a request: nothing of who asked, and nothing of whom they asked about (the path would tell)."""
BESIDE = {
    operation.path: name
    for name, operations in (
        ("SearchClauses", search.operations),
        ("DescribeScoring", describe.operations),
        ("CheckDeclarations", check.operations),
        ("Assist", assist.operations),
    )
    for operation in operations
}
"""The routes of the functions beside the page, and whose they are."""
HOST = {"PublicUrl": "https://verify.example.org", "CertificateArn": "arn:aws:acm:eu-central-1:000000000000:certificate/1"}


def paths() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = resources()["HttpApi"]["Properties"]["Body"]["paths"]
    return found


def stage() -> dict[str, Any]:
    (found,) = of_type("AWS::ApiGatewayV2::Stage").values()
    return found


def test_every_route_of_the_handlers_is_in_the_template_and_no_other() -> None:
    declared = {(operation.method, operation.path) for operation in verify.operations}
    # Their routes take any method: the default route leads to the page, which knows nothing of them.
    declared |= {("X-AMAZON-APIGATEWAY-ANY-METHOD", path) for path in BESIDE}
    routed = {(method.upper(), path) for path, methods in paths().items() if path != "/$default" for method in methods}
    assert routed == declared


def test_whatever_else_is_asked_comes_to_the_handler_too() -> None:
    (default,) = paths()["/$default"].items()
    assert (default[0], default[1]["isDefaultRoute"]) == ("x-amazon-apigateway-any-method", True)


def test_every_route_leads_to_its_function_the_page_to_its_snapshot_in_the_form_that_they_read() -> None:
    for path, methods in paths().items():
        for method, operation in methods.items():
            integration = operation["x-amazon-apigateway-integration"]
            function = f"${{{BESIDE[path]}.Arn}}" if path in BESIDE else "${VerifyDomainAliaslive}"
            assert function in integration["uri"]["Fn::Sub"], (method, path)
            assert (integration["type"], integration["payloadFormatVersion"]) == ("aws_proxy", "2.0"), (method, path)
            assert "security" not in operation, "the function looks at the token itself, as it does at its own address"


def test_there_is_one_api_and_it_fails_on_what_it_does_not_understand() -> None:
    (api,) = of_type("AWS::ApiGatewayV2::Api").values()
    assert api["FailOnWarnings"] is True
    assert "x-amazon-apigateway-cors" not in api["Body"], "the function answers for itself; the gateway's own headers would come on top"
    assert (stage()["ApiId"], stage()["StageName"]) == ({"Ref": "HttpApi"}, "$default")


def test_the_throttle_is_within_its_bounds_and_what_the_documentation_says() -> None:
    settings = stage()["DefaultRouteSettings"]
    rate, burst = settings["ThrottlingRateLimit"], settings["ThrottlingBurstLimit"]
    assert THROTTLE["rate"][0] <= rate <= THROTTLE["rate"][1], THROTTLE["why_rate"]
    assert THROTTLE["burst"][0] <= burst <= min(THROTTLE["burst"][1], 2 * rate), THROTTLE["why_burst"]
    own = dict(stage()["RouteSettings"])
    checks, some = _within(own.pop("ANY /v1/declarations/check"), "check")
    assert own.keys() == {f"ANY {operation.path}" for operation in assist.operations}, "another route would be without this throttle"
    ((turns, few),) = {_within(settings, "assist") for settings in own.values()}
    text = (ROOT / "docs" / "deploy.md").read_text("utf-8")
    assert f"is {rate} requests a second, bursts of {burst}," in text
    assert f"of checks of drafts {checks} and {some}, of questions to the assistant {turns} and {few}," in text


def _within(settings: Mapping[str, int], kind: str) -> tuple[int, int]:
    rate, burst = settings["ThrottlingRateLimit"], settings["ThrottlingBurstLimit"]
    assert THROTTLE[f"{kind}_rate"][0] <= rate <= THROTTLE[f"{kind}_rate"][1], THROTTLE[f"why_{kind}"]
    assert THROTTLE[f"{kind}_burst"][0] <= burst <= THROTTLE[f"{kind}_burst"][1], THROTTLE[f"why_{kind}"]
    return rate, burst


def test_a_host_of_ones_own_has_a_current_tls_and_is_the_only_way_in() -> None:
    host = resources()["ApiHost"]
    assert evaluated(host["Properties"]["DomainName"], HOST) == "verify.example.org"
    (configuration,) = host["Properties"]["DomainNameConfigurations"]
    assert configuration["CertificateArn"] == {"Ref": "CertificateArn"}
    version = re.fullmatch(r"TLS_(\d)_(\d)", configuration["SecurityPolicy"])
    assert version is not None
    assert (int(version[1]), int(version[2])) >= (1, 2), "RFC 8996"
    mapping = resources()["ApiHostMapping"]
    assert (mapping["Properties"]["ApiId"], mapping["Properties"]["DomainName"]) == ({"Ref": "HttpApi"}, {"Ref": "ApiHost"})
    assert mapping["Properties"]["Stage"] == {"Ref": "HttpApiApiGatewayDefaultStage"}
    assert host["Condition"] == mapping["Condition"] == "HasCertificate"


@pytest.mark.parametrize(("given", "switched_off"), [({}, False), ({"PublicUrl": HOST["PublicUrl"]}, False), (HOST, True)])
def test_the_address_of_the_api_itself_is_there_until_a_host_is(given: dict[str, str], switched_off: bool) -> None:
    (server,) = resources()["HttpApi"]["Properties"]["Body"]["servers"]
    assert evaluated(server["x-amazon-apigateway-endpoint-configuration"]["disableExecuteApiEndpoint"], given) is switched_off


def test_the_access_log_says_nothing_of_people() -> None:
    settings = stage()["AccessLogSettings"]
    assert settings["DestinationArn"] == {"Fn::GetAtt": ["ApiLogs", "Arn"]}
    line = settings["Format"]
    assert set(re.findall(r"\$context\.([A-Za-z.]+)", line)) == FROM_LOGS
    assert json.loads(re.sub(r"\$context\.[A-Za-z.]+", "0", line))
