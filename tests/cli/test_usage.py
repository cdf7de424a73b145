"""Commands that were written wrongly, and faults that nobody foresaw: a sentence in the language asked for, an exit status, never a traceback."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import click.core
import click.exceptions
import click.parser
import click.types
import pytest

import ecid.cli
from ecid import bootstrap
from ecid.cli import main as cli
from ecid.cli.usage import in_chinese, language_asked

_NO_ERRORS = re.compile(
    r"Error: |Try '|Aborted|deprecated|DeprecationWarning|Missing parameter|Missing \{"
    r"|^(Options|Commands|Positional|Choice\(|env var|default: |file$|path$|directory$|\(dynamic)"
)
"""What click says elsewhere: in help, in warnings, around an error."""
_FOR_PROGRAMMERS = re.compile(r"defined twice|Boolean option|Could not determine|No options defined|Arguments take exactly")
_PART = re.compile(r"\{(\w+)(!r)?\}")
_ASSEMBLED = {"Missing argument": "Missing argument 'X'.", "Missing option": "Missing option '--x'. Choose from:\n\ta, b"}
_ASSEMBLED |= {
    "Did you mean {possibility}?": "No such option '--frm'. Did you mean '--from'?",
    "(Did you mean one of: {possibilities}?)": "No such option '--frm'. (Did you mean one of: '--from', '--form'?)",
}
_CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECID_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("ECID_DATA_DIR", raising=False)
    monkeypatch.delenv("ECID_DEBUG", raising=False)
    bootstrap.platform.cache_clear()


def ended(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int | str | None:
    monkeypatch.setattr("sys.argv", ["ecid", *arguments])
    with pytest.raises(SystemExit) as left:
        cli.main()
    return left.value.code


def texts_of(source: str, functions: frozenset[str]) -> Iterator[str]:
    """The first text, or texts, given to these functions."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and (getattr(node.func, "attr", None) or getattr(node.func, "id", None)) in functions:
            for given in node.args[:2]:
                if isinstance(given, ast.Constant) and isinstance(given.value, str):
                    yield given.value
                elif isinstance(given, ast.JoinedStr):
                    yield "".join(str(part.value) if isinstance(part, ast.Constant) else "{part!r}" if _is_repr(part) else "{part}" for part in given.values)


def _is_repr(part: ast.expr) -> bool:
    return isinstance(part, ast.FormattedValue) and part.conversion == ord("r")


def of_click() -> list[str]:
    modules = (click.exceptions, click.core, click.parser, click.types)
    told = {text for module in modules for text in texts_of(inspect.getsource(module), frozenset({"_", "ngettext"}))}
    return sorted(text for text in told if not _NO_ERRORS.search(text) and not _FOR_PROGRAMMERS.search(text))


def of_ours() -> list[str]:
    sources = (path.read_text("utf-8") for path in Path(ecid.cli.__path__[0]).glob("*.py"))
    return sorted({text for source in sources for text in texts_of(source, frozenset({"UsageError", "BadParameter", "fail"}))})


@pytest.mark.parametrize("template", [*of_click(), *of_ours()])
def test_every_sentence_has_its_chinese(template: str) -> None:
    said = _ASSEMBLED.get(template) or _PART.sub(lambda part: f"'V-{part[1]}'" if part[2] else f"v-{part[1]}", template)
    chinese = in_chinese(said)
    assert _CHINESE.search(chinese)
    repeated = [part for part in re.findall(r"'?[vV]-\w+'?", said) if part.strip("'") != "v-name"]
    assert all(part in chinese for part in repeated)


def test_click_was_read() -> None:
    assert len(of_click()) > 25
    assert len(of_ours()) >= 7


@pytest.mark.parametrize(
    ("arguments", "zh", "en"),
    [
        (("scan",), "缺少参数 'FILE...'。", "Missing argument 'FILE...'."),
        (("scan", "nowhere.csv"), "'FILE...' 的值有误：文件 'nowhere.csv' 不存在。", "Invalid value for 'FILE...': File 'nowhere.csv' does not exist."),
        (("scan", __file__, "--fail-under", "101"), "'--fail-under' 的值有误：101.0 不在范围 0<=x<=100 之内。", "101.0 is not in the range 0<=x<=100."),
        (("scan", __file__, "--fail-under", "nan"), "'--fail-under' 的值有误：不是数字", "Invalid value for '--fail-under': not a number"),
        (("scan", __file__, "--plan", "x"), "'--plan' 的值有误：'x' 不是整数。", "'x' is not a valid integer range."),
        (("scan", __file__, "--as-of", "2025-02-30"), "'--as-of' 的值有误：'2025-02-30' 不是日期；请写成 2026-05-17", "'2025-02-30' is not a date"),
        (("scan", __file__, "--frm", "x"), "没有选项 '--frm'。是否想写 '--from'？", "No such option '--frm'. Did you mean '--from'?"),
        (("scna",), "没有命令 'scna'。", "No such command 'scna'."),
        (("clauses", "a", "b", "c"), "多余的参数：b c", "Got unexpected extra arguments (b c)"),
        (("explain", __file__, "abcd", "--by", "code"), "FINDING、--by、--against 只能给出一个", "give one of FINDING, --by and --against"),
        (("candidates",), "请给出 TEXT，或在本机使用 --file 与 --out", "give either TEXT, or --file with --out, of this machine"),
    ],
)
def test_a_wrong_call_is_answered_in_its_language(
    arguments: tuple[str, ...], zh: str, en: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended(monkeypatch, *arguments, "--lang", "zh") == 2
    told = capsys.readouterr()
    assert told.err.splitlines()[0].startswith("用法：ecid")
    assert told.err.endswith(f"错误：{zh}\n")
    assert not told.out
    assert ended(monkeypatch, *arguments, "--lang=en") == 2
    told = capsys.readouterr()
    assert told.err.startswith("Usage: ecid")
    assert en in told.err
    assert not _CHINESE.search(told.err)


@pytest.mark.parametrize(("arguments", "lang"), [(["scan", "--lang", "zh"], "zh"), (["--lang=en", "x"], "en"), (["x"], "zh"), (["x", "--lang", "fr"], "zh")])
def test_the_language_of_a_call_that_makes_no_sense(arguments: list[str], lang: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert language_asked(arguments) == lang


@pytest.mark.parametrize(("lang", "sentence"), [("zh", "系统内部出错"), ("en", "Something went wrong on our side")])
def test_a_fault_that_nobody_foresaw(lang: str, sentence: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def broken() -> None:
        raise ZeroDivisionError("锂离子蓄电池")

    monkeypatch.setattr(bootstrap, "platform", broken)
    assert ended(monkeypatch, "verify", "example.com", "--lang", lang) == 3
    told = capsys.readouterr().err
    assert told.startswith(f"internal_error: {sentence}")
    assert "ZeroDivisionError" in told
    assert "Traceback" not in told
    assert "锂离子" not in told
    monkeypatch.setenv("ECID_DEBUG", "1")
    monkeypatch.setattr("sys.argv", ["ecid", "verify", "example.com"])
    with pytest.raises(ZeroDivisionError):
        cli.main()


def test_an_interrupted_command_is_no_traceback(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(bootstrap, "platform", interrupted)
    assert ended(monkeypatch, "verify", "example.com") == 130
    assert not capsys.readouterr().err
