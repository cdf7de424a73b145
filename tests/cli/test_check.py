"""`ecid check`: the documented shape, exit statuses, both languages, hostile cells."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ecid.cli import main as cli
from ecid.errors import EcidError
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
    bare = SmallPlatform(type(small.settings)(home=tmp_path / "bare", pack_dir=small.settings.pack_dir))
    answering(monkeypatch, small)
    monkeypatch.setattr("ecid.bootstrap.platform", lambda: bare)
    shown = check(MISSING, "--lang", "en")
    assert shown.exit_code == 0, shown.output
    assert "no index of candidates" in shown.stdout
    assert "No list in force" in shown.stdout
