"""Clauses, tariff and candidates, from API Gateway event to response, on a small installation."""

from __future__ import annotations

import json
import logging
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.search_clauses import app
from tests.openapi.description import conforms, operation_at
from tests.small_home import SmallPlatform, answering

ROOT = Path(__file__).parents[2]
CASES: dict[str, list[dict[str, Any]]] = yaml.safe_load(Path(__file__).with_name("search_clauses.yaml").read_text("utf-8"))
PATHS = ("/v1/clauses", "/v1/clauses/gri-3-b", "/v1/tariff/85076000", "/v1/candidates")


@pytest.fixture(autouse=True)
def _small(small: SmallPlatform, monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, small)


def ask(path: str, query: Mapping[str, str] | None = None, *, method: str = "GET", headers: Mapping[str, str] | None = None) -> Any:
    event = {
        "version": "2.0",
        "rawPath": path,
        "headers": dict(headers or {}),
        "queryStringParameters": dict(query) if query else None,
        "requestContext": {"requestId": "r-42", "stage": "$default", "http": {"method": method, "path": path, "sourceIp": "192.0.2.1"}},
    }
    answer = app.handler(event, SimpleNamespace())
    answer["body"].encode()
    headers = {name.lower(): value for name, value in answer["headers"].items()}
    return SimpleNamespace(status=answer["statusCode"], headers=headers, text=answer["body"], json=json.loads(answer["body"] or "null"))


def checked(path: str, query: Mapping[str, str] | None = None) -> Any:
    """The answer, which is as the description of the API says."""
    answer = ask(path, query)
    operation = operation_at("GET", quote(path))
    assert operation
    conforms(operation, answer.status, answer.headers["content-type"], answer.json)
    return answer


def test_a_question_finds_the_clause_that_answers_it() -> None:
    answer = checked("/v1/clauses", {"q": "充电宝归入哪个税号", "lang": "zh", "top": "5"})
    assert answer.status == 200
    assert len(answer.json["results"]) <= 5
    assert any("850760" in one["codes"] for one in answer.json["results"])
    assert {one["lang"] for one in answer.json["results"]} == {"zh"}
    assert answer.json["versions"]["knowledge"]


def test_filters_keep_what_they_say() -> None:
    kinds = {one["kind"] for one in checked("/v1/clauses", {"code": "8507", "kind": "confusion"}).json["results"]}
    assert kinds == {"confusion"}
    assert checked("/v1/clauses", {"q": "power bank", "kind": "line", "as_of": "1991-01-01"}).json["results"] == []


def test_what_the_sources_do_not_hold_is_declined() -> None:
    answer = checked("/v1/clauses", {"q": "weather in Qingdao tomorrow", "lang": "en"})
    assert (answer.status, answer.json["results"], answer.json["declined"]) == (200, [], True)
    assert answer.json["reason"] == "The weather is not among the sources."


def test_a_clause_that_was_found_can_be_read() -> None:
    for one in checked("/v1/clauses", {"q": "essential character of a set"}).json["results"]:
        whole = checked(f"/v1/clauses/{one['id']}").json
        assert (whole["id"], whole["title"], whole["text"]) == (one["id"], one["title"], one["text"])
    assert checked("/v1/clauses/gri-3-b", {"lang": "zh"}).json["title"] == "总规则三（二）：基本特征"


def test_a_clause_is_in_force_on_the_day_asked_for() -> None:
    states = {day: checked("/v1/clauses/gri-3-b", {"as_of": day}).json["in_force"] for day in ("1990-01-01", "2026-05-17")}
    assert states == {"1990-01-01": False, "2026-05-17": True}


@pytest.mark.parametrize("code", ["85076000", "8507.6000", "8507.60.00", "8507600090", "８５０７６０００"])
def test_a_tariff_line(code: str) -> None:
    answer = checked(f"/v1/tariff/{code}", {"as_of": "2025-05-01"}).json
    assert (answer["state"], answer["as_of"], answer["line"]["code"]) == ("valid", "2025-05-01", "85076000")
    assert answer["line"]["elements"][0]["label"] == "用途"


def test_today_is_that_of_beijing_and_an_unknown_code_is_an_answer() -> None:
    answer = checked("/v1/tariff/99999999")
    assert (answer.status, answer.json["as_of"], answer.json["line"]) == (200, "2026-05-17", None)
    assert answer.json["state"] != "valid"


@pytest.mark.parametrize(("text", "lang"), [("充电宝，锂离子电芯", "en"), ("power bank with lithium-ion cells", "zh")])
def test_candidates_understand_either_language_whatever_the_answers(text: str, lang: str) -> None:
    answer = checked("/v1/candidates", {"text": text, "lang": lang, "top": "3"}).json
    assert answer["candidates"][0]["code"] == "850760"
    assert len(answer["candidates"]) == 3
    assert "suspicion" not in answer


def test_a_declared_code_is_doubted_by_its_goods() -> None:
    doubts = [checked("/v1/candidates", {"text": "充电宝", "declared": code}).json["suspicion"] for code in ("8507.6000", "96170011")]
    assert doubts[0] < doubts[1]


@pytest.mark.parametrize("case", CASES["refused"], ids=lambda case: f"{case['path'][:30]} {ascii(case.get('query', ''))[:60]}")
def test_what_cannot_be_worked_with_says_so_in_both_languages(case: Mapping[str, Any]) -> None:
    query = {name: value["repeat"][0] * value["repeat"][1] if isinstance(value, Mapping) else value for name, value in case.get("query", {}).items()}
    told = {}
    for lang in ("zh", "en"):
        answer = ask(case["path"], {**query, "lang": lang})
        assert (answer.status, answer.json["code"]) == (case["status"], case["code"])
        assert lang == "zh" or case.get("says", "") in answer.json["detail"]
        assert len(answer.text) < 700
        assert answer.json["detail"].isprintable()
        assert answer.headers["cache-control"] == "no-store"
        told[lang] = answer.json["detail"]
    assert told["zh"] != told["en"]


@pytest.mark.parametrize("query", CASES["odd"], ids=lambda query: ascii(query)[:60])
def test_odd_words_are_only_words(query: Mapping[str, str]) -> None:
    for path, name in (("/v1/clauses", "q"), ("/v1/candidates", "text")):
        assert checked(path, {name: query["text"]}).status == 200


@pytest.mark.parametrize("path", PATHS)
def test_answers_may_be_kept_and_read_by_any_website(path: str) -> None:
    query = {"q": "power bank", "text": "power bank"}
    first = ask(path, query)
    assert (first.status, first.headers["cache-control"], first.headers["access-control-allow-origin"]) == (200, "public, max-age=60", "*")
    again = ask(path, query, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status, again.text) == (304, "")
    head = ask(path, query, method="HEAD")
    assert (head.status, head.headers) == (first.status, first.headers)


@pytest.mark.parametrize("path", PATHS)
def test_other_methods(path: str) -> None:
    answer = ask(path, method="POST")
    assert (answer.status, answer.headers["allow"], answer.json["code"]) == (405, "GET, HEAD", "method_not_allowed")


@pytest.mark.parametrize("path", PATHS)
def test_without_an_index_nobody_can_be_told(
    path: str, small: SmallPlatform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    answering(monkeypatch, SmallPlatform(replace(small.settings, home=tmp_path)))
    with caplog.at_level(logging.ERROR):
        answer = checked(path, {"q": "power bank", "text": "power bank"})
    if path.startswith("/v1/tariff"):
        assert answer.status == 200, "the tariff needs no index"
        return
    assert (answer.status, answer.json["code"], answer.headers["retry-after"]) == (503, "source_unavailable", "60")
    assert str(tmp_path) not in answer.text
    assert "ecid knowledge build" in caplog.text


def test_an_index_that_is_damaged_later_is_the_operators_matter(small: SmallPlatform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = shutil.copytree(small.settings.home, tmp_path / "home")
    damaged = SmallPlatform(replace(small.settings, home=home))
    assert damaged.candidates.versions
    with (home / "index" / "candidates" / "0001-01-01.arrays").open("r+b") as file:
        file.write(bytes(1000))
    answering(monkeypatch, damaged)
    assert checked("/v1/candidates", {"text": "power bank"}).status == 200, "of other days"
    assert checked("/v1/candidates", {"text": "power bank", "as_of": "1995-01-01"}).json["code"] == "source_unavailable"


def test_a_damaged_tariff_is_the_operators_matter(small: SmallPlatform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pack = shutil.copytree(small.settings.pack_dir, tmp_path / "pack")
    (pack / "tariff" / "85.toml").write_text("[[")
    answering(monkeypatch, SmallPlatform(replace(small.settings, pack_dir=pack)))
    assert checked("/v1/tariff/85076000").status == 503


ANY = st.text(st.characters(exclude_categories=[]), max_size=60)
NAMES = st.sampled_from(["q", "code", "kind", "as_of", "top", "lang", "text", "declared"])


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([*PATHS, "/v1/clauses/", "/v1/tariff/"]), ANY, st.dictionaries(NAMES, ANY | st.sampled_from(["8507", "3", "zh", "充电宝"]), max_size=4))
def test_any_event_is_answered_as_documented(path: str, end: str, query: dict[str, str]) -> None:
    answer = ask(path + end, query)
    assert answer.status < 500
    assert all(value.isascii() and value.isprintable() for value in answer.headers.values())
    operation = operation_at("GET", quote(path + end, errors="replace"))
    if operation and answer.status != 404:
        conforms(operation, answer.status, answer.headers["content-type"], answer.json)


def test_opening_loads_nothing_that_reads_official_files(small: SmallPlatform) -> None:
    """The image has none of it."""
    never = ("boto3", "polars", "pypdfium2", "python_calamine", "olefile", "sklearn", "starlette", "uvicorn")
    program = f"""
import sys
from functions.search_clauses import app
from ecid import bootstrap
bootstrap.clauses(), bootstrap.candidates(), bootstrap.tariff()
print([name for name in {never} if name in sys.modules])
"""
    environment = {"ECID_HOME": str(small.settings.home), "ECID_PACK_DIR": str(small.settings.pack_dir)}
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
