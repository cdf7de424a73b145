"""`ecid verify`, on the local store and against a server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

from ecid.cli.verify import verify_command
from ecid.errors import Language
from ecid.verification.shape import to_json
from tests.verification.cases import DOMAIN, facts_of_case, load_cases, record_of, view_of
from tests.verification.stores import Records, verification

CASES = load_cases()


def _platform(name: str = "full record") -> Any:
    facts = facts_of_case(CASES[name])
    records = Records({DOMAIN: record_of(facts)} if facts else {}, CASES[name].get("synced"))
    return SimpleNamespace(verification=lambda: verification(records))


def _run(*arguments: str, case: str = "full record") -> Any:
    return CliRunner().invoke(verify_command, list(arguments), obj=_platform(case), env={"COLUMNS": "120"})


def _program(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The command as a shell starts it."""
    ecid = Path(sys.executable).with_name("ecid")
    return subprocess.run([ecid, "verify", *arguments], capture_output=True, text=True, check=False, env=os.environ | {"LC_ALL": "C.UTF-8"})


def test_json_is_exactly_the_record() -> None:
    result = _run(DOMAIN, "--market", "DE", "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout) == json.loads(json.dumps(to_json(view_of(CASES["full record"]))))


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if "domain" not in case])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_state_can_be_read(name: str, lang: Language) -> None:
    result = _run(DOMAIN, "--lang", lang, "--market", "DE", case=name)
    assert (result.exit_code, result.exception) == (0, None)
    assert DOMAIN in result.stdout


def test_people_see_names_numbers_and_sources() -> None:
    text = _run(DOMAIN, "--lang", "en").stdout
    for told in ("Ningbo Huarui Tools Co., Ltd.", "Advanced certified enterprise", "2 on record", "93 out of 100", "Displayed", "Sample data", "Single Window"):
        assert told in text


class _Server(BaseHTTPRequestHandler):
    answer: tuple[int, str] = (200, "")
    asked = ""

    def do_GET(self) -> None:
        type(self).asked = self.path
        status, body = self.answer
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/elsewhere")
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: Any) -> None:
        """Silent."""


@pytest.fixture
def server() -> Iterator[str]:
    listening = ThreadingHTTPServer(("127.0.0.1", 0), _Server)
    thread = threading.Thread(target=listening.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{listening.server_port}"
    listening.shutdown()
    thread.join()
    listening.server_close()


def test_a_server_is_asked(server: str) -> None:
    record = json.loads(json.dumps(to_json(view_of(CASES["full record"]))))
    _Server.answer = (200, json.dumps(record))
    result = _run("https://例子.example/a?b", "--server", server, "--market", "DE", "--json")
    assert json.loads(result.stdout) == record
    assert _Server.asked.startswith("/v1/domains/https%3A%2F%2F%E4%BE%8B")
    assert "market=DE" in _Server.asked


@pytest.mark.parametrize(
    ("answer", "status", "told"),
    [
        ((400, '{"code": "invalid_domain", "detail": "no."}'), 2, "invalid_domain: no."),
        ((503, '{"code": "source_unavailable", "detail": "later."}'), 3, "source_unavailable: later."),
        ((502, "<html>"), 3, "HTTP 502"),
        ((302, ""), 2, "HTTP 302"),
        ((200, "<html>"), 3, "no such answer"),
        ((200, "[1]"), 3, "no such answer"),
        ((200, json.dumps(dict.fromkeys(("domain", "status", "aeo", "anomalies", "score", "website")))), 3, "record of another version"),
    ],
)
def test_what_a_server_may_answer(server: str, answer: tuple[int, str], status: int, told: str) -> None:
    _Server.answer = answer
    result = _program(DOMAIN, "--server", server)
    assert (result.returncode, result.stdout) == (status, "")
    assert told in result.stderr
    assert "Traceback" not in result.stderr


def test_names_from_a_server_cannot_steer_the_terminal(server: str) -> None:
    record = json.loads(json.dumps(to_json(view_of(CASES["full record"]))))
    record["enterprise"]["name_en"] = "Evil \x1b]0;title\x07\x1b[2J Ltd"
    _Server.answer = (200, json.dumps(record))
    output = _run(DOMAIN, "--server", server, "--lang", "en").stdout
    assert "Evil" in output
    assert "\x1b" not in output


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://x.example", "x.example", "http://"])
def test_only_web_addresses_are_servers(url: str) -> None:
    result = _program(DOMAIN, "--server", url)
    assert result.returncode == 2
    assert f"bad_input: The input cannot be used: --server {url}" in result.stderr


@pytest.mark.parametrize(("lang", "told"), [("zh", "没有给出可用的回答"), ("en", "gave no usable answer")])
def test_no_server_there(lang: str, told: str) -> None:
    result = _program(DOMAIN, "--server", "http://127.0.0.1:9", "--lang", lang)
    assert (result.returncode, result.stdout) == (3, "")
    assert told in result.stderr


@pytest.mark.parametrize(("lang", "told"), [("zh", "证书已过期 · 高级认证企业"), ("en", "Certificate expired · Advanced certified enterprise")])
def test_an_expired_certificate_comes_before_the_level(lang: Language, told: str) -> None:
    assert told in _run(DOMAIN, "--lang", lang, case="certificate on record expired").stdout
