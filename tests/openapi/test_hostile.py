"""What no honest client sends: each gets the documented answer, in both languages, over the real gateway; nothing breaks, nothing is echoed raw."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ecid import bootstrap
from ecid.identity.domains import _data as domain_data
from ecid.services.verify_domain import BATCH_LIMIT
from functions.verify_domain import app
from tests.openapi.conftest import Talking
from tests.openapi.description import DESCRIPTION, codes_of, conforms, documented, operation_at
from tests.verification.cases import DOMAIN, facts_of_case, load_cases, record_of
from tests.verification.stores import Records, verification

CASES: dict[str, list[dict[str, Any]]] = yaml.safe_load(Path(__file__).with_name("hostile.yaml").read_text("utf-8"))
REASONS = domain_data()["reasons"]
WAYS = ["path", "query", "batch"]


def text_of(value: str | Mapping[str, Any], suffix: str = "") -> str:
    written = value["repeat"][0] * value["repeat"][1] if isinstance(value, Mapping) else value
    return str(written) + suffix


def named(case: Mapping[str, Any]) -> str:
    return ascii(text_of(case["typed"], case.get("suffix", ""))[:30])


def send(address: str, target: str, *, method: str = "GET", body: str | None = None, **headers: str) -> Any:
    """One request, its target sent as it is written. `json` is the body if it is JSON."""
    with closing(http.client.HTTPConnection(address.removeprefix("http://"), timeout=20)) as connection:
        connection.request(method, target, None if body is None else body.encode(), {name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        text = answer.read().decode()
    kind = (answer.headers["content-type"] or "").partition(";")[0]
    found = json.loads(text) if text and kind.endswith("json") else None
    return SimpleNamespace(status=answer.status, headers=answer.headers, kind=kind, text=text, json=found)


def ask_for(domain: str, way: str, lang: str, address: str) -> Any:
    """The record of `domain` or the problem with it, as each way of asking gives it."""
    encoded = quote(domain, safe="")
    if way == "path":
        return send(address, f"/v1/domains/{encoded}?lang={lang}").json
    if way == "query":
        return send(address, f"/verify?domain={encoded}&lang={lang}", accept="application/json").json
    (entry,) = send(address, f"/v1/domains/batch?lang={lang}", method="POST", body=json.dumps({"domains": [domain]})).json["results"]
    assert entry["input"] == domain
    return entry.get("record") or entry["problem"]


def check(found: Mapping[str, Any], case: Mapping[str, Any], lang: str) -> None:
    if "domain" in case:
        assert found["domain"] == case["domain"]
    else:
        assert found["code"] == "invalid_domain"
        assert found["detail"].endswith(REASONS[case["reason"]][lang])


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("case", CASES["domains"], ids=named)
def test_domain(case: Mapping[str, Any], way: str, address: str) -> None:
    typed = text_of(case["typed"], case.get("suffix", ""))
    if way == "path" and not typed:
        return
    for lang in ("zh", "en"):
        if way == "batch" and len(json.dumps(typed)) > 256 * 1024 - 100:
            answer = send(address, "/v1/domains/batch", method="POST", body=json.dumps({"domains": [typed]}))
            assert answer.json["code"] == "payload_too_large"
        else:
            check(ask_for(typed, way, lang, address), case, lang)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("case", CASES["addresses"], ids=named)
def test_address(case: Mapping[str, Any], way: str, address: str) -> None:
    found = ask_for(case["typed"], way, "en", address)
    if way == "path" and "/" in case["typed"]:
        assert found["code"] == "not_found"
    else:
        check(found, case, "en")


@pytest.mark.parametrize("case", CASES["domains"] + CASES["addresses"], ids=named)
def test_page_never_repeats_markup(case: Mapping[str, Any], address: str) -> None:
    typed = text_of(case["typed"])
    encoded = quote(typed, safe="")
    answer = send(address, f"/verify?domain={encoded}&market={encoded}", accept="text/html")
    assert answer.kind == "text/html"
    assert len(answer.text) < 20_000
    for raw in ("<img", "<x>", "<script", "49.com", "\r\nX", "\u202e", "\0"):
        assert raw not in answer.text


@pytest.mark.parametrize("case", CASES["requests"], ids=lambda case: f"{case.get('method', 'GET')} {case['target'][:40]} {case['status']}")
def test_request(case: Mapping[str, Any], talking: Talking, request: pytest.FixtureRequest) -> None:
    address = request.getfixturevalue(case.get("at", "address"))
    target = case["target"]
    for name, conversation in talking.named.items():
        target = target.replace(f"{{{name}}}", conversation)
    method, body = case.get("method", "GET"), text_of(case["body"]) if "body" in case else None
    headers = {"accept": case.get("accept", "application/json")} | {
        name: case[name] for name in ("if_none_match", "content_type", "last_event_id") if name in case
    }
    if case.get("signed"):
        headers["authorization"] = talking.authorization
    told = {}
    for lang in ("zh", "en"):
        answer = send(address, target, method=method, body=body, accept_language=lang, **headers)
        assert answer.status == case["status"]
        assert [raw for raw in ("<script", "\u202e", "\0") if raw in answer.text] == []
        assert case.get("code", "") in answer.text
        operation = operation_at(method, target)
        if operation and documented(operation, answer.status):
            conforms(operation, answer.status, answer.kind, answer.json)
        told[lang] = answer.json["detail"] if answer.kind == "application/problem+json" else lang
    assert told["zh"] != told["en"]


def test_every_documented_answer_is_among_them() -> None:
    asked = ((operation_at(case.get("method", "GET"), case["target"]), case["status"], case.get("code")) for case in CASES["requests"])
    described = {
        (operation["operationId"], int(status), code)
        for path in DESCRIPTION["paths"].values()
        for operation in path.values()
        for status, response in operation["responses"].items()
        for code in codes_of(response.get("content", {}).get("application/problem+json", {}).get("schema", {})) or (None,)
    }
    assert {one for one in asked if one[0] and documented(one[0], one[1])} == {one for one in described if one[2] != "internal_error"}


def test_entries_of_a_batch_fail_alone(address: str) -> None:
    body = json.dumps({"domains": [DOMAIN, "localhost", "down.example"]})
    results = send(address, "/v1/domains/batch", method="POST", body=body).json["results"]
    assert results[0]["record"]["domain"] == DOMAIN
    codes = [entry["problem"]["code"] for entry in results[1:]]
    assert codes == ["invalid_domain", "source_unavailable"]
    assert set(codes) == codes_of(DESCRIPTION["components"]["schemas"]["BatchEntry"]["properties"]["problem"])


def test_a_batch_of_too_many(address: str) -> None:
    entries = [DOMAIN] * (BATCH_LIMIT + 1)
    refused = send(address, "/v1/domains/batch?lang=zh", method="POST", body=json.dumps({"domains": entries}))
    assert (refused.status, refused.json["code"]) == (413, "payload_too_large")
    assert str(BATCH_LIMIT) in refused.json["detail"]
    taken = send(address, "/v1/domains/batch", method="POST", body=json.dumps({"domains": entries[1:]}))
    assert [entry["input"] for entry in taken.json["results"]] == entries[1:]


def test_headers_that_are_too_much(address: str) -> None:
    for value in ("zh," * 100_000, "q=" * 100_000, "zh;q=" + "9" * 100_000, "\xff" * 100_000, "*;" * 100_000, ";" * 100_000):
        answer = send(address, "/v1/domains/localhost", accept_language=value, accept=value, if_none_match=value)
        assert (answer.status, answer.json["code"]) == (400, "invalid_domain")


@pytest.fixture
def local(monkeypatch: pytest.MonkeyPatch) -> Records:
    case = load_cases()["full record"]
    store = Records({DOMAIN: record_of(facts_of_case(case))}, case["synced"])
    monkeypatch.setattr(bootstrap, "verification", lambda: verification(store))
    return store


def ask(path: str, *, method: str = "GET", query: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None, body: str | None = None) -> Any:
    """The function's own answer to an event, as large and odd as an event can be."""
    event = {
        "version": "2.0",
        "rawPath": path,
        "headers": headers or {},
        "queryStringParameters": query or {},
        "requestContext": {"requestId": "r", "stage": "$default", "http": {"method": method, "path": path, "sourceIp": "192.0.2.1"}},
        "body": body,
    }
    answer = app.handler(event, SimpleNamespace())
    kind = answer["headers"]["Content-Type"].partition(";")[0]
    answer["body"].encode()
    found = json.loads(answer["body"]) if answer["body"] and kind.endswith("json") else None
    return SimpleNamespace(status=answer["statusCode"], kind=kind, json=found, headers=answer["headers"], text=answer["body"])


ANY = st.text(st.characters(exclude_categories=[]), max_size=60)
PATHS = st.sampled_from(["/", "/verify", "/v1/domains/batch", "/v1/health", "/openapi.json", "/v1/domains/"]).flatmap(
    lambda path: ANY.map(lambda end: path + end)
)
JSON = st.recursive(st.none() | st.booleans() | st.floats() | st.integers() | ANY, lambda inner: st.lists(inner) | st.dictionaries(ANY, inner), max_leaves=8)


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(["GET", "HEAD", "POST", "OPTIONS"]) | ANY,
    PATHS | ANY,
    st.dictionaries(st.sampled_from(["domain", "market", "lang"]) | ANY, ANY, max_size=4),
    st.dictionaries(st.sampled_from(["accept", "accept-language", "if-none-match"]) | ANY, ANY, max_size=4),
    st.none() | ANY | JSON.map(json.dumps) | st.lists(ANY).map(lambda domains: json.dumps({"domains": domains})),
)
def test_any_event_is_answered_as_documented(method: str, path: str, query: dict[str, str], headers: dict[str, str], body: str | None) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bootstrap, "verification", lambda: verification(Records({})))
        answer = ask(path, method=method, query=query, headers=headers, body=body)
    assert answer.status < 500
    assert all(value.isascii() and value.isprintable() for value in answer.headers.values())
    operation = operation_at("GET" if method == "HEAD" else method, quote(path, errors="replace"))
    if operation and documented(operation, answer.status):
        conforms(operation, answer.status, answer.kind, answer.json)


SIZED: dict[str, Callable[[int], Any]] = {
    "path": lambda size: ask("/v1/domains/" + "a" * size),
    "dotted path": lambda size: ask("/v1/domains/" + "a." * (size // 2)),
    "unknown path": lambda size: ask("/" + "a/" * (size // 2)),
    "encoded path": lambda size: ask("/v1/domains/" + "%" * size),
    "query": lambda size: ask("/verify", query={"domain": "xn--" * (size // 4)}),
    "market": lambda size: ask(f"/v1/domains/{DOMAIN}", query={"market": "ß" * size}),
    "accept": lambda size: ask("/verify", headers={"accept": "a/b;q=0.1," * (size // 10), "accept-language": "zh;" * (size // 3)}),
    "tags": lambda size: ask("/verify", headers={"if-none-match": '"a", ' * (size // 5)}),
    "body": lambda size: ask("/v1/domains/batch", method="POST", body='{"domains": ["' + "\\u00fc" * (size // 6) + '"]}'),
    "keys": lambda size: ask("/v1/domains/batch", method="POST", body="{" + ",".join(f'"{n}":1' for n in range(size // 8)) + "}"),
    "depth": lambda size: ask("/v1/domains/batch", method="POST", body='{"a":' * (size // 5)),
}
"""Requests by size."""


@pytest.mark.usefixtures("local")
@pytest.mark.parametrize("name", SIZED)
def test_work_grows_no_faster_than_the_request(name: str) -> None:
    def cost(size: int) -> int:
        """The processor time of the cheapest of some runs, ns."""
        runs = []
        for _ in range(4):
            start = time.process_time_ns()
            SIZED[name](size)
            runs.append(time.process_time_ns() - start)
        return min(runs)

    # Eight times the size: linear work costs at most eight times as much, quadratic work 64 times.
    assert cost(240_000) < 24 * cost(30_000)
