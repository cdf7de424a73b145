"""The policy and the quarterly list, from API Gateway event to response."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ecid import bootstrap
from ecid.services.published_list import LIST
from functions.describe_scoring import app
from tests.openapi.description import DESCRIPTION, conforms, operation_at
from tests.verification.stores import Records

ROOT = Path(__file__).parents[2]
PATHS = ("/v1/policy", "/v1/misclassified")
CODES = DESCRIPTION["components"]["examples"]["MisclassifiedCodes"]["value"]["codes"]


@pytest.fixture(autouse=True)
def records(monkeypatch: pytest.MonkeyPatch) -> Records:
    store = Records({LIST: {"as_of": "2026-03-31", "codes": {"zh": [{**CODES[0], "deciding_fact": "能否反复充电"}], "en": CODES}}})
    monkeypatch.setattr(bootstrap, "record_store", lambda: store)
    return store


def ask(path: str, query: Mapping[str, str] | None = None, *, method: str = "GET", headers: Mapping[str, str] | None = None) -> Any:
    event = {
        "version": "2.0",
        "rawPath": path,
        "headers": dict(headers or {}),
        "queryStringParameters": dict(query) if query else None,
        "requestContext": {"requestId": "r-42", "stage": "$default", "http": {"method": method, "path": path, "sourceIp": "192.0.2.1"}},
    }
    answer = app.handler(event, SimpleNamespace())
    headers = {name.lower(): value for name, value in answer["headers"].items()}
    found = json.loads(answer["body"] or "null")
    operation = operation_at(method, path)
    if operation and found:
        conforms(operation, answer["statusCode"], headers["content-type"], found)
    return SimpleNamespace(status=answer["statusCode"], headers=headers, text=answer["body"], json=found)


@pytest.mark.parametrize(("lang", "name"), [("zh", "编码当日有效"), ("en", "Code valid on the day")])
def test_the_policy_is_that_of_its_file(lang: str, name: str) -> None:
    file = tomllib.loads(files("ecid.scoring").joinpath("policy-2026-05.toml").read_text("utf-8"))
    told = ask("/v1/policy", {"lang": lang}).json
    assert told.keys() - {"dimensions"} == file.keys() - {"dimension"}
    assert (told["id"], told["valid_from"], told["dimensions"][0]["name"]) == ("2026-05", "2026-05-17", name)
    assert [one["weight"] for one in told["dimensions"]] == [one["weight"] for one in file["dimension"]]
    assert sum(one["weight"] for one in told["dimensions"]) == 100
    assert {key: told[key] for key in told.keys() - {"valid_from", "dimensions"}} == {key: file[key] for key in file.keys() - {"valid_from", "dimension"}}


def test_the_docs_and_the_description_name_every_group_of_the_policy() -> None:
    told = set(ask("/v1/policy").json)
    text = (ROOT / "docs" / "api.md").read_text("utf-8").partition("`GET /v1/policy`: ")[2].partition("`GET /v1/misclassified`: ")[0]
    assert told == set(DESCRIPTION["components"]["schemas"]["Policy"]["properties"]) == set(DESCRIPTION["components"]["schemas"]["Policy"]["required"])
    assert [name for name in told if f"`{name}`" not in text] == []


@pytest.mark.parametrize(("lang", "fact"), [("zh", "能否反复充电"), ("en", "whether it can be recharged")])
def test_the_list_of_a_quarter(lang: str, fact: str, records: Records) -> None:
    told = ask("/v1/misclassified", {"lang": lang}).json
    assert (told["quarter"], told["as_of"], told["reason"]) == ("2026-Q1", "2026-03-31", None)
    assert (told["codes"][0]["code"], told["codes"][0]["deciding_fact"]) == ("85065000", fact)
    assert records.reads == 1


@pytest.mark.parametrize(
    ("stored", "quarter", "reason"),
    [({}, None, "not_yet_published"), ({LIST: {"as_of": "2026-06-30", "codes": {"zh": [], "en": []}}}, "2026-Q2", "too_few_enterprises")],
)
def test_an_empty_list_says_why(stored: Mapping[str, Any], quarter: str | None, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "record_store", lambda: Records(stored))
    told = {lang: ask("/v1/misclassified", {"lang": lang}).json for lang in ("zh", "en")}
    assert all((one["quarter"], one["codes"], one["reason"]["code"]) == (quarter, [], reason) for one in told.values())
    assert told["zh"]["reason"]["text"] != told["en"]["reason"]["text"]


def test_where_the_store_cannot_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "record_store", lambda: Records({}, down=frozenset({LIST})))
    answer = ask("/v1/misclassified")
    assert (answer.status, answer.json["code"], answer.headers["retry-after"]) == (503, "source_unavailable", "60")


@pytest.mark.parametrize("path", PATHS)
def test_answers_may_be_kept_and_read_by_any_website(path: str) -> None:
    first = ask(path)
    assert (first.status, first.headers["cache-control"], first.headers["access-control-allow-origin"]) == (200, "public, max-age=60", "*")
    again = ask(path, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status, again.text) == (304, "")
    head = ask(path, method="HEAD")
    assert (head.status, head.headers) == (first.status, first.headers)


@pytest.mark.parametrize("path", PATHS)
def test_other_methods(path: str) -> None:
    answer = ask(path, method="POST")
    assert (answer.status, answer.headers["allow"], answer.json["code"]) == (405, "GET, HEAD", "method_not_allowed")


def test_a_cold_start_loads_nothing_heavy() -> None:
    heavy = ("pydantic", "polars", "numpy", "chromadb", "jinja2", "boto3")
    program = f"import sys; from functions.describe_scoring import app; app.parameters('en'); print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
