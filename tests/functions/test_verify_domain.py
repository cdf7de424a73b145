"""The public function, from API Gateway event to response."""

from __future__ import annotations

import base64
import gzip
import json
import logging
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ecid import bootstrap
from functions.verify_domain import app
from tests.verification.cases import DOMAIN, facts_of_case, load_cases, record_of
from tests.verification.stores import Records, verification

ROOT = Path(__file__).parents[2]
CASE = load_cases()["full record"]
DOWN = "down.example"


@pytest.fixture
def records(monkeypatch: pytest.MonkeyPatch) -> Records:
    store = Records({DOMAIN: record_of(facts_of_case(CASE))}, CASE["synced"], frozenset({DOWN}))
    monkeypatch.setattr(bootstrap, "verification", lambda: verification(store))
    return store


def ask(
    path: str,
    *,
    method: str = "GET",
    query: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    body: str | None = None,
    encoded: bool = False,
) -> Any:
    event = {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": "",
        "headers": dict(headers or {}),
        "queryStringParameters": dict(query) if query else None,
        "requestContext": {"requestId": "r-42", "stage": "$default", "http": {"method": method, "path": path, "sourceIp": "192.0.2.1"}},
        "body": body,
        "isBase64Encoded": encoded,
    }
    response = app.handler(event, SimpleNamespace())
    headers = {name.lower(): value for name, value in response["headers"].items()}
    kind = headers["content-type"].split(";")[0]
    return SimpleNamespace(
        status=response["statusCode"],
        headers=headers,
        kind=kind,
        text=response["body"],
        json=json.loads(response["body"] or "null") if kind.endswith("json") else None,
    )


@pytest.mark.usefixtures("records")
def test_page() -> None:
    answer = ask("/verify", query={"domain": f"https://www.{DOMAIN.upper()}/about", "market": "de"}, headers={"Accept": "text/html", "Accept-Language": "en"})
    assert (answer.status, answer.kind) == (200, "text/html")
    assert "Ningbo Huarui Tools" in answer.text
    assert re.search(r"DE\W+Recognised", answer.text)
    assert answer.headers["cache-control"] == "public, max-age=60"
    assert answer.headers["content-language"] == "en"
    assert "script" not in answer.headers["content-security-policy"]
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha256-")


def test_page_without_domain_asks_no_store(records: Records) -> None:
    answer = ask("/verify", query={"lang": "zh"})
    assert (answer.status, answer.headers["content-language"]) == (200, "zh")
    assert records.reads == 0


@pytest.mark.usefixtures("records")
def test_home() -> None:
    event = {"version": "2.0", "rawPath": "/", "headers": {}, "requestContext": {"requestId": "r", "stage": "$default", "http": {"method": "GET", "path": "/"}}}
    response = app.handler(event, SimpleNamespace())
    assert (response["statusCode"], response["headers"]["Location"]) == (302, "/verify")


@pytest.mark.parametrize("typed", [DOMAIN, DOMAIN.upper(), DOMAIN.replace(".", "\u3002"), f" www.{DOMAIN}", f"“{DOMAIN}”"])
def test_record(records: Records, typed: str) -> None:
    answer = ask(f"/v1/domains/{typed}", query={"market": "DE"})
    assert (answer.status, answer.kind, answer.headers["cache-control"]) == (200, "application/json", "public, max-age=60")
    assert answer.json["enterprise"]["uscc"] == "91330282MA2H7K4W68"
    assert answer.json["aeo"]["value"]["mutual_recognition"]["state"] == "recognised"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert records.reads == 1


def test_the_page_as_json_is_the_record(records: Records) -> None:
    assert ask("/verify", query={"domain": DOMAIN}, headers={"accept": "application/json"}).json == ask(f"/v1/domains/{DOMAIN}").json
    assert records.reads == 2


@pytest.mark.usefixtures("records")
@pytest.mark.parametrize(
    ("domain", "status", "code"), [("192.168.0.1", 400, "invalid_domain"), ("<img onerror=x>", 400, "invalid_domain"), (DOWN, 503, "source_unavailable")]
)
def test_errors_are_pages_for_people_and_problems_for_programs(domain: str, status: int, code: str) -> None:
    page = ask("/verify", query={"domain": domain, "lang": "zh"}, headers={"accept": "text/html"})
    assert (page.status, page.kind, page.headers["cache-control"]) == (status, "text/html", "no-store")
    assert code in page.text
    assert "<img" not in page.text
    problem = ask("/verify", query={"domain": domain}, headers={"accept": "application/json"})
    assert (problem.status, problem.kind, problem.json["code"]) == (status, "application/problem+json", code)
    assert {"retry-after" in answer.headers for answer in (page, problem)} == {status == 503}
    assert problem.json["instance"] == "urn:ecid:request:r-42"


@pytest.mark.usefixtures("records")
def test_the_api_never_answers_html() -> None:
    answer = ask("/v1/domains/localhost", headers={"accept": "text/html"}, query={"lang": "zh"})
    assert (answer.status, answer.kind) == (400, "application/problem+json")
    assert answer.json["detail"].startswith("这不是可查询的网站域名")


@pytest.mark.usefixtures("records")
@pytest.mark.parametrize(("method", "path"), [("GET", "/nowhere"), ("POST", "/verify/x"), ("GET", "/v1/domains"), ("GET", "//verify"), ("GET", "/x" * 10**6)])
def test_unknown_routes(method: str, path: str) -> None:
    answer = ask(path, method=method, headers={"accept": "application/json"})
    assert (answer.status, answer.json["code"]) == (404, "not_found")
    assert len(answer.text) < 400


@pytest.mark.usefixtures("records")
@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/verify", "GET, HEAD"),
        ("DELETE", f"/v1/domains/{DOMAIN}", "GET, HEAD"),
        ("OPTIONS", "/v1/domains/batch", "POST"),
        ("BREW", "/v1/health", "GET, HEAD"),
    ],
)
@pytest.mark.parametrize("accept", ["application/json", "text/html"])
def test_other_methods(method: str, path: str, allowed: str, accept: str) -> None:
    answer = ask(path, method=method, headers={"accept": accept})
    assert (answer.status, answer.headers["allow"]) == (405, allowed)
    assert "method_not_allowed" in answer.text
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.usefixtures("records")
@pytest.mark.parametrize("path", ["/", "/verify", f"/v1/domains/{DOMAIN}", "/v1/domains/localhost", "/v1/health", "/openapi.json"])
def test_head_is_answered_like_get(path: str) -> None:
    got, head = ask(path), ask(path, method="HEAD")
    assert (head.status, head.headers) == (got.status, got.headers)


@pytest.mark.usefixtures("records")
@pytest.mark.parametrize("path", ["/verify", f"/v1/domains/{DOMAIN}", "/openapi.json"])
def test_what_is_held_is_not_sent_again(path: str) -> None:
    first = ask(path)
    tag = first.headers["etag"]
    for held in (tag, f'"other", W/{tag}', "*"):
        again = ask(path, headers={"If-None-Match": held})
        assert (again.status, again.text, again.headers["etag"], again.headers["cache-control"]) == (304, "", tag, "public, max-age=60")
    assert ask(path, headers={"if-none-match": tag[:-2] + '"'}).text == first.text
    assert ask("/verify", query={"lang": "zh"}).headers["etag"] != ask("/verify", query={"lang": "en"}).headers["etag"]


@pytest.mark.usefixtures("records")
def test_any_website_may_read_the_json_of_a_get() -> None:
    assert ask(f"/v1/domains/{DOMAIN}").headers["access-control-allow-origin"] == "*"
    assert ask("/v1/domains/localhost").headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-origin" not in ask("/verify").headers
    assert "access-control-allow-origin" not in ask("/v1/domains/batch", method="POST", body='{"domains": []}').headers
    assert "etag" not in ask("/v1/domains/localhost").headers


@pytest.mark.usefixtures("records")
def test_the_description_is_that_of_this_installation() -> None:
    described = ask("/openapi.json").json
    assert described["servers"] == [{"url": "https://verify.example.com"}]
    assert described["info"]["contact"] == {"name": "Nordwind Data", "url": "https://verify.example.com"}
    assert "not a service of any customs administration" in described["info"]["description"]


def test_batch_answers_every_entry_in_order(records: Records) -> None:
    entries = [DOMAIN, "nobody.example", "not a domain", DOWN, f"www.{DOMAIN}", DOMAIN]
    answer = ask("/v1/domains/batch", method="POST", body=json.dumps({"domains": entries}))
    assert (answer.status, answer.headers["cache-control"]) == (200, "no-store")
    assert [result["input"] for result in answer.json["results"]] == entries
    told = [result["record"]["status"] if "record" in result else result["problem"]["code"] for result in answer.json["results"]]
    assert told == ["registered", "unknown", "invalid_domain", "source_unavailable", "registered", "registered"]
    assert records.reads == 3


def test_batch_of_base64_and_of_nothing(records: Records) -> None:
    body = base64.b64encode(json.dumps({"domains": [DOMAIN]}).encode()).decode()
    assert ask("/v1/domains/batch", method="POST", body=body, encoded=True).json["results"][0]["record"]["domain"] == DOMAIN
    assert ask("/v1/domains/batch", method="POST", body='{"domains": []}').json == {"results": []}
    assert records.reads == 1


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (None, "invalid_body"),
        ("", "invalid_body"),
        ("[]", "invalid_body"),
        ("{", "invalid_body"),
        ("[" * 100_000, "invalid_body"),
        ('{"domains":' * 20_000, "invalid_body"),
        ("{}", "invalid_body"),
        ('{"domains": "a.example"}', "invalid_body"),
        ('{"domains": [1]}', "invalid_body"),
        ('{"domains": [1e999]}', "invalid_body"),
        ('{"domains": [NaN]}', "invalid_body"),
        ('{"domains": ' + "9" * 10_000 + "}", "invalid_body"),
        ('{"domains": ["a.example"], "domains": []}', "invalid_body"),
        ('{"domains": [], "market": "DE"}', "invalid_body"),
        ('{"domains": ["\ud800"]}', "invalid_body"),
        (json.dumps({"domains": [DOMAIN] * 101}), "payload_too_large"),
        ('{"domains": ["' + "a" * 300_000 + '"]}', "payload_too_large"),
        (" " * 10**6, "payload_too_large"),
    ],
)
def test_malformed_batches(records: Records, body: str | None, code: str) -> None:
    problem = ask("/v1/domains/batch", method="POST", body=body).json
    assert problem["code"] == code
    assert '{"domains": ["example.com", "…"]}' in problem["detail"] or code == "payload_too_large"
    assert records.reads == 0


@pytest.mark.parametrize(
    "data",
    [
        gzip.compress(b'{"domains": []}', mtime=0),
        '{"domains": ["é"]}'.encode("latin-1"),
        '{"domains": []}'.encode("utf-16"),
        b"\x00",
        b'{"domains": ["\xed\xa0\x80"]}',
    ],
)
def test_bytes_that_are_not_utf8(data: bytes) -> None:
    assert ask("/v1/domains/batch", method="POST", body=base64.b64encode(data).decode(), encoded=True).json["code"] == "invalid_body"
    assert ask("/v1/domains/batch", method="POST", body="****", encoded=True).json["code"] == "invalid_body"


@pytest.mark.usefixtures("records")
def test_a_lone_surrogate_comes_back_as_something_that_can_be_sent() -> None:
    answer = ask("/v1/domains/batch", method="POST", body='{"domains": ["\\ud800.example"]}')
    assert answer.json["results"][0]["problem"]["code"] == "invalid_domain"
    assert answer.text.encode()


def test_answers_that_are_more_than_a_function_can_hand_back(monkeypatch: pytest.MonkeyPatch) -> None:
    record = record_of(facts_of_case(CASE))
    many = {**record, "anomalies": record["anomalies"][:1] * 600}
    many["anomalies"] = [{**anomaly, "record_id": f"record-{number}", "case_id": None} for number, anomaly in enumerate(many["anomalies"])]
    monkeypatch.setattr(bootstrap, "verification", lambda: verification(Records({DOMAIN: many}, CASE["synced"])))
    assert len(ask(f"/v1/domains/{DOMAIN}").json["anomalies"]["value"]["records"]) == 600
    refused = ask("/v1/domains/batch", method="POST", body=json.dumps({"domains": [DOMAIN] * 100}))
    assert (refused.status, refused.json["code"]) == (413, "payload_too_large")
    assert "4 MiB" in refused.json["detail"]
    assert len(ask("/v1/domains/batch", method="POST", body=json.dumps({"domains": [DOMAIN] * 10})).json["results"]) == 10


def test_health_asks_no_store(records: Records) -> None:
    assert ask("/v1/health").json["status"] == "ok"
    assert records.reads == 0


def test_what_nobody_expected_is_our_fault_and_the_log_holds_no_input(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    class Broken(Records):
        def get_record(self, domain: str) -> Any:
            raise RuntimeError(f"cannot read {domain}")

    monkeypatch.setattr(bootstrap, "verification", lambda: verification(Broken({})))
    with caplog.at_level(logging.ERROR):
        answer = ask("/v1/domains/planted-name.example")
    assert (answer.status, answer.json["code"]) == (500, "internal_error")
    assert "planted-name" not in answer.text + caplog.text
    assert "RuntimeError" in caplog.text
    assert "r-42" in caplog.text
    page = ask("/verify", query={"domain": "planted-name.example"}, headers={"accept": "text/html"})
    assert (page.status, page.kind) == (500, "text/html")


def test_a_cold_start_loads_nothing_heavy() -> None:
    heavy = ("pydantic", "polars", "langchain", "jinja2", "chromadb", "boto3", "aws_xray_sdk")
    program = f"import sys, functions.verify_domain.app; print([name for name in {heavy} if name in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "[]"
