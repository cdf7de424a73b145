"""`ecid clauses` and `ecid tariff` of a running server say what they say of this machine; whatever else answers is told apart."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from ecid.bootstrap import Platform
from ecid.cli.clauses import clauses_command, tariff_command
from ecid.cli.remote import ServerUnavailable
from ecid.settings import Settings
from tests import small_home
from tests.answering import answering
from tests.gateways import running
from tests.small_home import SmallPlatform

ROOT = Path(__file__).parents[2]
ASKED: list[tuple[click.Command, list[str]]] = [
    (clauses_command, ["充电宝", "--code", "8507", "--kind", "line", "--as-of", "2025-05-01", "--top", "3"]),
    (clauses_command, ["weather in Qingdao tomorrow"]),
    (clauses_command, ["--code", "96.17"]),
    (tariff_command, ["8507.6000", "--as-of", "2025-05-01"]),
    (tariff_command, ["99999999"]),
]


@pytest.fixture(scope="module")
def address(small: SmallPlatform) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        small_home.answering(patch, small)
        with running(ROOT) as served:
            yield served


def _run(platform: Platform, command: click.Command, *arguments: str) -> Result:
    return CliRunner().invoke(command, arguments, obj=platform)


@pytest.fixture
def nothing(tmp_path: Path) -> Platform:
    """A machine that knows nothing."""
    return Platform(Settings(home=tmp_path, pack_dir=tmp_path))


@pytest.mark.parametrize(("command", "arguments"), ASKED, ids=lambda value: " ".join(value) if isinstance(value, list) else value.name)
@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("json_too", [["--json"], []])
def test_a_server_answers_as_this_machine_does(
    command: click.Command, arguments: list[str], lang: str, json_too: list[str], address: str, small: SmallPlatform, nothing: Platform
) -> None:
    here = _run(small, command, *arguments, *json_too, "--lang", lang)
    there = _run(nothing, command, *arguments, *json_too, "--lang", lang, "--server", address)
    assert (there.exit_code, there.stdout) == (0, here.stdout)
    assert here.stdout.strip()


@pytest.mark.parametrize("command", [clauses_command, tariff_command], ids=["clauses", "tariff"])
def test_what_a_server_refuses_is_told_in_its_words(command: click.Command, address: str, nothing: Platform) -> None:
    refused = _run(nothing, command, "8" if command is tariff_command else "", "--lang", "zh", "--server", address)
    assert refused.exit_code == 2
    assert "bad_input: 输入有误" in refused.output


@pytest.mark.parametrize("command", [clauses_command, tariff_command], ids=["clauses", "tariff"])
@pytest.mark.parametrize("body", ["<html>", "[]", '{"results": 1}', "[" * 100_000])
def test_what_is_no_such_answer(command: click.Command, body: str, nothing: Platform) -> None:
    with answering(body) as (server, _):
        assert isinstance(_run(nothing, command, "85076000", "--server", server).exception, ServerUnavailable)


@pytest.mark.parametrize(
    ("command", "answer"),
    [(clauses_command, {"results": [{"id": "x"}], "ranked_by": "words"}), (tariff_command, {"code": "1", "state": "new", "line": None})],
    ids=["clauses", "tariff"],
)
def test_an_answer_of_another_version_can_be_had_as_json(command: click.Command, answer: dict[str, object], nothing: Platform) -> None:
    with answering(json.dumps(answer)) as (server, _):
        assert isinstance(_run(nothing, command, "85076000", "--server", server).exception, ServerUnavailable)
        assert json.loads(_run(nothing, command, "85076000", "--server", server, "--json").stdout) == answer


@pytest.mark.parametrize("command", [clauses_command, tariff_command], ids=["clauses", "tariff"])
def test_bytes_that_are_no_text_are_asked_for_all_the_same(command: click.Command, nothing: Platform) -> None:
    with answering("{}") as (server, paths):
        assert isinstance(_run(nothing, command, "bat\udcff", "--server", server).exception, ServerUnavailable)
    assert "bat" in paths[0]


def test_texts_of_a_server_cannot_steer_the_terminal(small: SmallPlatform, nothing: Platform) -> None:
    told = json.loads(_run(small, clauses_command, "充电宝", "--json", "--lang", "zh").stdout)
    told["results"][0]["title"] = told["results"][0]["text"] = "a\x1b]0;title\x07\x1b[2J\u202eb"
    with answering(json.dumps(told)) as (server, paths):
        shown = _run(nothing, clauses_command, "充电宝", "--lang", "zh", "--server", server).stdout
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert paths == ["/v1/clauses?q=%E5%85%85%E7%94%B5%E5%AE%9D&lang=zh&top=10"]
