"""Drafts checked over HTTP, from API Gateway event to response, on a small installation; and what nobody honest sends."""

from __future__ import annotations

import base64
import io
import json
import logging
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ecid.declarations.given import FIELDS
from ecid.services import check_draft
from functions.check_declarations import app
from tests.declarations.xlsx import sheet_xml, write_parts
from tests.openapi.description import DESCRIPTION, conforms
from tests.small_home import SmallPlatform, answering

ROOT = Path(__file__).parents[2]
CASES: dict[str, list[dict[str, Any]]] = yaml.safe_load(Path(__file__).with_name("check_declarations.yaml").read_text("utf-8"))
PATH = "/v1/declarations/check"
MISSING = {"code": "8507600090", "name": "锂离子电池", "specification": "1|0|电动工具用|锂离子|190Wh/kg|甬光牌||2.6Ah|不含汞|3.6V"}
CLEAN = MISSING | {"specification": MISSING["specification"].replace("||", "|YG-18650|")}
HEADINGS = ("商品编码", "商品名称", "规格型号")
ROWS = [HEADINGS, *(tuple(line.values()) for line in (CLEAN, MISSING))]


@pytest.fixture(autouse=True)
def _small(small: SmallPlatform, monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, small)


def ask(body: bytes | str, kind: str, query: Mapping[str, str] | None = None, *, method: str = "POST") -> Any:
    """The answer, which is as the description of the API says; bytes are sent as the gateway sends what is not text."""
    event = {
        "version": "2.0",
        "rawPath": PATH,
        "headers": {"Content-Type": kind} if kind else {},
        "queryStringParameters": dict(query) if query else None,
        "requestContext": {"requestId": "r-42", "stage": "$default", "http": {"method": method, "path": PATH, "sourceIp": "192.0.2.1"}},
        "body": base64.b64encode(body).decode() if isinstance(body, bytes) else body,
        "isBase64Encoded": isinstance(body, bytes),
    }
    answer = app.handler(event, SimpleNamespace())
    answer["body"].encode()
    found = json.loads(answer["body"])
    headers = {name.lower(): value for name, value in answer["headers"].items()}
    if answer["statusCode"] != 405:
        conforms("check_declarations", answer["statusCode"], headers["content-type"], found)
    return SimpleNamespace(status=answer["statusCode"], headers=headers, text=answer["body"], json=found)


def ask_lines(*lines: Mapping[str, str], **beside: Any) -> Any:
    return ask(json.dumps({"lines": lines, **beside}), "application/json", {"lang": "en"})


def workbook(folder: Path) -> bytes:
    return write_parts(folder / "draft.xlsx", {"草稿": sheet_xml(ROWS)}).read_bytes()


def csv() -> str:
    return "".join(",".join(row) + "\n" for row in ROWS)


def test_lines_as_json() -> None:
    answer = ask_lines(CLEAN, MISSING | {"total": "1,200.50", "currency": "美元", "destination": "德国", "item": "2"})
    assert (answer.status, answer.headers["cache-control"]) == (200, "no-store")
    assert "access-control-allow-origin" not in answer.headers
    assert (answer.json["as_of"], answer.json["summary"]) == ("2026-05-17", {"lines": 2, "findings": 1, "clear": 1, "not_judged": 0})
    clear, missing = answer.json["lines"]
    assert (clear["line"], clear["row"], clear["specification"]["complete"], missing["missing"]) == ("row-1", 1, True, ["型号"])
    assert missing["candidates"][0]["code"] == "850760"
    assert missing["specification"]["ready"] == "1|0|电动工具用|锂离子|190Wh/kg|甬光牌|〔型号？〕|2.6Ah|不含汞|3.6V"


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("form", ["text", "GB18030", "workbook", "JSON"])
def test_every_form_of_a_draft_gives_the_same_answer(form: str, lang: str, tmp_path: Path) -> None:
    forms: dict[str, tuple[bytes | str, str]] = {
        "text": (csv(), "text/csv"),
        "GB18030": (csv().encode("gb18030"), "application/octet-stream"),
        "workbook": (workbook(tmp_path), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        "JSON": (json.dumps({"lines": [CLEAN, MISSING]}), "Application/JSON; charset=utf-8"),
    }
    answer = ask(*forms[form], {"lang": lang}).json
    expected = ask(json.dumps({"lines": [CLEAN, MISSING]}), "application/json", {"lang": lang}).json
    for line in answer["lines"]:  # the first row of a sheet is that of the headings
        line["row"] -= form != "JSON"
        line["line"] = f"row-{line['row']}"
    assert answer["lines"] == expected["lines"]
    assert answer["reading"]["heading_rows"] == (form != "JSON")


def test_a_line_that_is_none_is_told_by_its_number() -> None:
    answer = ask_lines(CLEAN, {"code": "八五"}, {"name": "没有编码"}).json
    assert [(row["row"], row["code"], row["file"]) for row in answer["rejected_rows"]] == [(2, "invalid_code", ""), (3, "missing_code", "")]
    assert answer["summary"]["lines"] == 1
    assert ask_lines({"code": "x"}).json["summary"]["lines"] == 0


def test_what_was_assumed_is_told() -> None:
    assert ask_lines(CLEAN | {"currency": "$"}).json["lines"][0]["assumed"]


def test_the_day_is_that_of_the_body_or_of_the_address_or_today() -> None:
    assert ask_lines(CLEAN, as_of="2025-06-02").json["as_of"] == "2025-06-02"
    assert ask(csv(), "text/csv", {"as_of": "2025-06-02"}).json["as_of"] == "2025-06-02"
    both = ask(json.dumps({"lines": [CLEAN], "as_of": "2025-06-02"}), "application/json", {"as_of": "2024-06-02"})
    assert both.json["as_of"] == "2025-06-02"
    assert ask(csv(), "text/csv").json["as_of"] == "2026-05-17"


@pytest.mark.parametrize("case", CASES["refused"], ids=lambda case: f"{case['status']} {case['kind'][:20]} {ascii(case['body'])[:40]}")
def test_what_cannot_be_worked_with_says_so_in_both_languages(case: Mapping[str, Any]) -> None:
    body = case["body"]
    if isinstance(body, Mapping):
        body = body.get("head", "") + body["repeat"][0] * body["repeat"][1]
    told = {}
    for lang in ("zh", "en"):
        answer = ask(body, case["kind"], {**case.get("query", {}), "lang": lang})
        assert (answer.status, answer.json["code"]) == (case["status"], case["code"])
        assert lang == "zh" or case["says"] in answer.json["detail"]
        assert len(answer.text) < 1200
        told[lang] = answer.json["detail"]
    assert told["zh"] != told["en"]


def bombs() -> Iterator[tuple[str, bytes]]:
    """Archives and markup that are small and grow."""
    part = "xl/workbook.xml"
    for name, content in (("one part that unpacks to 100 MiB", b" " * 100 * 2**20), ("one that unpacks to 30 MiB, ill compressed", b"0" * 30 * 2**20)):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(part, content)
        yield name, buffer.getvalue()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number in range(600):
            archive.writestr(part if not number else f"xl/{number}.xml", b"")
    yield "six hundred parts", buffer.getvalue()
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "x" * 10}">' for n in range(9))
    yield "entities in entities", f"<!DOCTYPE a [{entities}]><DecMessage>&e8;</DecMessage>".encode()
    yield "a thousand tables", b"<table>" * 1000


@pytest.mark.parametrize("body", [pytest.param(content, id=name) for name, content in bombs()])
def test_what_grows_is_refused(body: bytes) -> None:
    answer = ask(body, "application/octet-stream")
    assert (answer.status, answer.json["code"]) in {(413, "payload_too_large"), (422, "unreadable_file")}


def test_a_workbook_that_needs_too_much_is_refused_by_the_process_that_parses_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ample = check_draft.sent_limits
    monkeypatch.setattr(app, "sent_limits", lambda given: replace(ample(given), parser_bytes=2**20))
    large = write_parts(tmp_path / "large.xlsx", {"草稿": sheet_xml([HEADINGS, *[(f"850760{number:04}", "x" * 200, "") for number in range(5_000)]])})
    answer = ask(large.read_bytes(), "application/octet-stream")
    assert (answer.status, answer.json["code"]) == (422, "unreadable_file")


def test_how_much_is_taken_is_a_setting(small: SmallPlatform, monkeypatch: pytest.MonkeyPatch) -> None:
    frugal = SmallPlatform(replace(small.settings, check_lines=1, check_bytes=3000))
    answering(monkeypatch, frugal)
    assert ask_lines(CLEAN).status == 200
    assert ask_lines(CLEAN, CLEAN).json["detail"].startswith("Too large") is False
    assert (ask_lines(CLEAN, CLEAN).status, ask("x" * 3001, "text/csv").status) == (413, 413)


def test_nothing_that_was_sent_is_kept_or_logged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    planted = csv().replace("甬光牌", "planted-brand")

    def broken(*_: object) -> dict[str, Any]:
        raise RuntimeError("planted-brand")

    with caplog.at_level(logging.DEBUG):
        ask(planted, "text/csv")
        ask(planted.replace("商品编码", "x"), "text/csv")
        ask(json.dumps({"lines": [{"planted-brand": "x"}]}), "application/json")
        monkeypatch.setattr(app, "draft_document", broken)
        failed = ask_lines(CLEAN)
    assert failed.status == 500
    assert list(tmp_path.iterdir()) == []
    assert "planted" not in caplog.text + failed.text
    assert "r-42" in caplog.text


def test_a_damaged_reference_is_the_operators_matter(small: SmallPlatform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pack = shutil.copytree(small.settings.pack_dir, tmp_path / "pack")
    (pack / "tariff" / "85.toml").write_text("[[")
    answering(monkeypatch, SmallPlatform(replace(small.settings, pack_dir=pack)))
    answer = ask_lines(CLEAN)
    assert (answer.status, answer.json["code"]) == (503, "source_unavailable")


@pytest.mark.parametrize("method", ["GET", "PUT", "OPTIONS"])
def test_other_methods(method: str) -> None:
    answer = ask("", "text/csv", method=method)
    assert (answer.status, answer.headers["allow"], answer.json["code"]) == (405, "POST", "method_not_allowed")


def test_the_description_names_what_is_taken() -> None:
    operation = DESCRIPTION["paths"][PATH]["post"]
    assert list(operation["requestBody"]["content"]) == ["application/json", *app.FILES]
    assert set(DESCRIPTION["components"]["schemas"]["DraftLine"]["properties"]) == set(FIELDS)
    text = (ROOT / "docs" / "api.md").read_text("utf-8").partition("## Checking a draft")[2].partition("\n## ")[0]
    assert [name for name in FIELDS if f"`{name}`" not in text] == []


TEXT = st.text(st.characters(exclude_categories=[]), max_size=40)
VALUES = TEXT | st.sampled_from(["8507600090", "锂离子电池", "1|0|x", "1,200.5", "美元", "0110", "530420260042000017", "99999999999999999999", "1e400"])
LINES = st.lists(st.dictionaries(st.sampled_from(list(FIELDS)), VALUES, max_size=6), max_size=4)


@settings(max_examples=150, deadline=None)
@given(LINES.map(lambda lines: json.dumps({"lines": lines})) | TEXT, st.sampled_from(["application/json", "text/csv", "application/octet-stream"]) | TEXT, TEXT)
def test_any_event_is_answered_as_documented(body: str, kind: str, day: str) -> None:
    answer = ask(body, kind, {"as_of": day} if len(day) > 30 else {})
    assert answer.status < 500
    assert all(value.isascii() and value.isprintable() for value in answer.headers.values())


@settings(max_examples=25, deadline=None)
@given(st.binary(max_size=300) | st.binary(max_size=60).map(lambda tail: csv().encode("gb18030") + tail))
def test_any_bytes_are_answered_as_documented(body: bytes) -> None:
    assert ask(body, "application/octet-stream").status < 500


def test_a_cold_start_needs_no_client_of_aws() -> None:
    program = "import sys, functions.check_declarations.app; print([name for name in ('boto3', 'chromadb', 'pypdfium2', 'sklearn') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
