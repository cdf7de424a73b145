"""`ecid check`: the documented shape, exit statuses, both languages, hostile cells."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ecid.bootstrap import LocalPlatform, Platform
from ecid.cli import main as cli
from ecid.cli.check import check_command
from ecid.cli.remote import ServerUnavailable
from ecid.errors import BadInput, EcidError
from ecid.settings import Settings
from tests.answering import answering as canned
from tests.gateways import running
from tests.small_home import SmallPlatform, answering

ROOT = Path(__file__).parents[2]
HEADING = "商品编码,商品名称,规格型号,申报日期\n"
CLEAN = "8507600090,锂离子电池,1|0|电动工具用|锂离子|190Wh/kg|甬光牌|YG-18650|2.6Ah|不含汞|3.6V,2031-01-02\n"
MISSING = "8507600090,锂离子电池,1|0|电动工具用|锂离子|190Wh/kg|甬光牌||2.6Ah|不含汞|3.6V,\n"
Check = Callable[..., Result]


@pytest.fixture
def check(small: SmallPlatform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Check:
    answering(monkeypatch, small)

    def run(rows: str, *arguments: str) -> Result:
        draft = tmp_path / "draft.csv"
        draft.write_text(HEADING + rows, "utf-8")
        return CliRunner().invoke(cli.program, ["check", str(draft), *arguments])

    return run


def test_json_has_the_documented_keys(check: Check) -> None:
    result = check(CLEAN + MISSING, "--json")
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    section = (ROOT / "docs" / "cli.md").read_text("utf-8").partition("## `ecid check")[2].partition("\n## ")[0]
    assert set(document) == set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE))
    told = next(row for row in section.split("\n") if row.startswith("| `lines` |"))
    assert all(set(line) <= set(re.findall(r"`(\w+)`", told)) for line in document["lines"])
    assert (document["as_of"], document["summary"]) == ("2026-05-17", {"lines": 2, "findings": 1, "clear": 1, "not_judged": 0})
    assert [line["specification"]["complete"] for line in document["lines"]] == [True, False]
    assert all(line["candidates"] for line in document["lines"])


@pytest.mark.parametrize(
    ("rows", "arguments", "status"),
    [
        (CLEAN, (), 0),
        (CLEAN, ("--fail-on-findings",), 0),
        (MISSING, (), 0),
        (MISSING, ("--fail-on-findings",), 1),
        (CLEAN + ",没有编码的行,1|0|x,\n", ("--fail-on-findings",), 1),
        (CLEAN + MISSING, ("--max-lines", "1"), 2),
        (CLEAN, ("--as-of", "yesterday"), 2),
    ],
)
def test_exit_status(check: Check, rows: str, arguments: tuple[str, ...], status: int) -> None:
    result = check(rows, *arguments)
    assert (2 if isinstance(result.exception, EcidError) else result.exit_code) == status, result.output


@pytest.mark.parametrize(("lang", "words"), [("zh", ("待核 1", "请确认", "可粘贴")), ("en", ("1 need review", "Ask:", "ready to paste"))])
def test_what_a_person_reads(check: Check, lang: str, words: tuple[str, ...]) -> None:
    shown = check(CLEAN + MISSING, "--lang", lang).stdout
    assert "1|0|电动工具用|锂离子|190Wh/kg|甬光牌|〔型号？〕|2.6Ah|不含汞|3.6V" in shown
    assert all(word in shown for word in words)
    assert "ELEMENT_MISSING" in shown


def test_hostile_cells_are_shown_plainly(check: Check) -> None:
    rows = '8507600090,"[red]锂离子电池[/red]\u202e",1|0|\x1b[31m机器用|[bold]锂离子[/bold]|190Wh/kg|甬光牌|X1|2.6Ah|不含汞|3.6V,\n'
    shown = check(rows)
    assert shown.exit_code == 0, shown.output
    assert "\x1b" not in shown.stdout
    assert "\u202e" not in shown.stdout
    assert "[red]" in shown.stdout
    assert "[bold]锂离子" in shown.stdout


def test_without_an_index_or_a_list_it_says_so(check: Check, small: SmallPlatform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "bare"
    home.write_text("no folder, so no index can be made in it")
    bare = LocalPlatform(Settings(home=home, pack_dir=small.settings.pack_dir))
    answering(monkeypatch, small)
    monkeypatch.setattr("ecid.bootstrap.platform", lambda: bare)
    shown = check(MISSING, "--lang", "en", "--as-of", "2026-05-17")
    assert shown.exit_code == 0, shown.output
    assert "cannot be prepared" in shown.stderr
    assert "no index of candidates" in shown.stdout
    assert "No list in force" in shown.stdout


@pytest.fixture(scope="module")
def address(small: SmallPlatform) -> Iterator[str]:
    """A server that knows what `small` knows."""
    with pytest.MonkeyPatch.context() as patch:
        answering(patch, small)
        with running(ROOT) as served:
            yield served


@pytest.fixture
def send(tmp_path: Path) -> Check:
    """`ecid check` on a machine that knows nothing."""
    nothing = Platform(Settings(home=tmp_path, pack_dir=tmp_path))

    def run(rows: str, *arguments: str) -> Result:
        draft = tmp_path / "draft.csv"
        draft.write_text(HEADING + rows, "gb18030")
        return CliRunner().invoke(check_command, [str(draft), *arguments], obj=nothing)

    return run


@pytest.mark.parametrize("arguments", [("--json",), (), ("--as-of", "2025-06-02"), ("--fail-on-findings",)], ids=" ".join)
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_server_answers_as_this_machine_does(lang: str, arguments: tuple[str, ...], address: str, check: Check, send: Check) -> None:
    here = check(CLEAN + MISSING + ",没有编码的行,1|0|x,\n", "--lang", lang, *arguments)
    there = send(CLEAN + MISSING + ",没有编码的行,1|0|x,\n", "--lang", lang, *arguments, "--server", address)
    told = [shown.stdout.replace("draft.csv", "draft") for shown in (here, there)]
    assert (there.exit_code, told[1]) == (here.exit_code, told[0])
    assert here.stdout.strip()


def test_what_a_server_refuses_is_told_in_its_words(address: str, send: Check) -> None:
    refused = send(CLEAN * 201, "--lang", "zh", "--server", address)
    assert refused.exit_code == 2
    assert "payload_too_large: 一次最多核对 200 行" in refused.output


def test_one_file_at_a_time_goes_to_a_server(address: str, send: Check, tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_text(HEADING)
    assert isinstance(send(CLEAN, str(tmp_path / "other.csv"), "--server", address).exception, BadInput)


@pytest.mark.parametrize("answer", ["{}", '{"as_of": 1, "summary": [], "lines": 1, "rejected_rows": 1}'])
def test_what_is_no_such_answer(answer: str, send: Check) -> None:
    with canned(answer) as (server, _):
        assert isinstance(send(CLEAN, "--server", server).exception, ServerUnavailable)
