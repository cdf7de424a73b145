"""`ecid scan`: the documented shape, exit statuses, both languages, ugly and hostile files."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from ecid import bootstrap
from ecid.cli import main as cli
from ecid.errors import EcidError
from tests.pack_index import lend

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "knowledge" / "samples"
UGLY = ROOT / "tests" / "declarations" / "cases" / "ugly.csv"


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECID_HOME", str(lend(tmp_path / "home")))
    monkeypatch.delenv("ECID_DATA_DIR", raising=False)
    bootstrap.platform.cache_clear()


def scan(*arguments: str) -> Result:
    return CliRunner().invoke(cli.program, ["scan", *arguments])


def document(*arguments: str) -> dict[str, Any]:
    result = scan(*arguments, "--json")
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_json_has_the_documented_keys_and_adds_up() -> None:
    found = document(str(SAMPLES / "harborlight" / "declarations.csv"), "--as-of", "2026-11-23")
    section = (ROOT / "docs" / "cli.md").read_text("utf-8").partition("## `ecid scan")[2].partition("\n## ")[0]
    documented = set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE))
    assert set(found) == documented
    assert found["score"] == found["score_exact_micro"] // 1_000_000 == 82
    assert (found["provenance"], found["band"], found["insufficient_data"]) == ("file", None, None)
    total = sum(finding["points_micro"] for finding in found["findings"]) + sum(cap["points_micro"] for cap in found["caps"])
    assert total == 100_000_000 - found["score_exact_micro"]
    for finding in found["findings"]:
        assert {"id", "rule", "dimension", "points_micro", "code", "product_key", "lines", "suggested_codes", "question", "evidence", "routes"} <= set(finding)
        assert all(re.fullmatch(r"\d{18}-\d+", line) for line in finding["lines"])
        assert finding["routes"]


def test_same_input_same_bytes() -> None:
    path = str(SAMPLES / "harborlight" / "declarations.csv")
    assert scan(path, "--json", "--as-of", "2026-11-23").stdout == scan(path, "--json", "--as-of", "2026-11-23").stdout


def test_ugly_file_says_what_it_could_not_read() -> None:
    found = document(str(UGLY))
    assert found["insufficient_data"] == "too_few"
    assert {row["code"] for row in found["rejected_rows"]} >= {"missing_code", "invalid_code", "missing_name"}
    assert all(set(row) >= {"row", "code", "reason"} for row in found["rejected_rows"])
    assert found["reading"]["totals_rows"] >= 1


@pytest.mark.parametrize(("threshold", "sample", "status"), [("82", "harborlight", 0), ("83", "harborlight", 1), ("85", "brightcell", 0), ("1", "newleaf", 1)])
def test_fail_under(threshold: str, sample: str, status: int) -> None:
    assert scan(str(SAMPLES / sample / "declarations.csv"), "--fail-under", threshold, "--as-of", "2026-11-23").exit_code == status


@pytest.mark.parametrize(
    ("lang", "words"),
    [("zh", ("归类一致性得分", "同一货物用了多个编码", "不构成核验结论")), ("en", ("Classification consistency score", "not a verification"))],
)
def test_human_output_in_both_languages(lang: str, words: tuple[str, ...]) -> None:
    result = scan(str(SAMPLES / "harborlight" / "declarations.csv"), "--lang", lang)
    assert result.exit_code == 0
    for word in words:
        assert word in result.output


def test_period() -> None:
    path = SAMPLES / "harborlight" / "declarations.csv"
    found = document(str(path), "--from", "2025-03-01", "--to", "2025-06-30")
    assert found["period"]["from"] == "2025-03-01"
    assert found["period"]["lines_outside"] > 100
    assert found["lines"]["judged"] + found["period"]["lines_outside"] == len(path.read_text("utf-8").splitlines()) - 1


@pytest.mark.parametrize(
    ("content", "error"),
    [(b"", "unreadable_file"), (b"PK\x03\x04 truncated", "unreadable_file"), (b"a,b\n1,2\n", "unreadable_file"), (b"%PDF-1.7 x", "unsupported_format")],
)
def test_bad_files_get_a_sentence_and_exit_two(
    content: bytes, error: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "file.csv"
    path.write_bytes(content)
    outcome = scan(str(path))
    assert isinstance(outcome.exception, EcidError)
    assert outcome.exception.code == error
    monkeypatch.setattr("sys.argv", ["ecid", "scan", str(path)])
    with pytest.raises(SystemExit) as left:
        cli.main()
    assert left.value.code == 2
    assert capsys.readouterr().err.startswith(f"{error}: ")


def test_a_missing_file_is_a_usage_error(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.argv", ["ecid", "scan", "nowhere.csv"])
    with pytest.raises(SystemExit) as left:
        cli.main()
    assert left.value.code == 2
    assert "nowhere.csv" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [["--fail-under", "nan"], ["--fail-under", "101"], ["--as-of", "0001-01-01"], ["--as-of", "2025-13-01"], ["--from", "2025-05-01", "--to", "2025-01-01"]],
)
def test_senseless_options_are_refused(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["ecid", "scan", str(SAMPLES / "newleaf" / "declarations.csv"), *arguments])
    with pytest.raises(SystemExit) as left:
        cli.main()
    assert left.value.code == 2


@pytest.mark.parametrize(
    ("arguments", "zh", "en"),
    [
        (("--from", "2025-12-31", "--to", "2025-01-01"), "起始日 2025-12-31 晚于截止日 2025-01-01", "begin on 2025-12-31, after its end on 2025-01-01"),
        (("--from", "2026-01-02", "--as-of", "2026-01-01"), "晚于评分日 2026-01-01", "after 2026-01-01, the day of the score"),
        (("--from", "2026-01-02", "--to", "2026-02-01", "--as-of", "2026-01-01"), "晚于评分日 2026-01-01", "after 2026-01-01, the day of the score"),
    ],
)
def test_a_period_that_ends_before_it_begins(arguments: tuple[str, ...], zh: str, en: str) -> None:
    fault = scan(str(SAMPLES / "newleaf" / "declarations.csv"), *arguments).exception
    assert isinstance(fault, EcidError)
    assert zh in fault.sentence("zh")
    assert en in fault.sentence("en")


@pytest.mark.parametrize(("lang", "sentence"), [("zh", "无法读取文件"), ("en", "Cannot read the file")])
def test_errors_come_in_the_language_asked_for(
    lang: str, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty.csv").write_bytes(b"")
    monkeypatch.setattr("sys.argv", ["ecid", "scan", str(tmp_path / "empty.csv"), "--lang", lang])
    with pytest.raises(SystemExit):
        cli.main()
    assert sentence in capsys.readouterr().err


def test_a_home_that_is_no_folder_is_no_traceback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ECID_HOME", str(tmp_path / "file"))
    bootstrap.platform.cache_clear()
    monkeypatch.setattr("sys.argv", ["ecid", "verify", "example.com"])
    with pytest.raises(SystemExit) as left:
        cli.main()
    assert left.value.code == 3
    assert "file" in capsys.readouterr().err


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr("sys.argv", ["ecid", "scan", *arguments])
    with pytest.raises(SystemExit) as left:
        cli.main()
    assert isinstance(left.value.code, int)
    return left.value.code


TABLE = "商品编号,商品名称,规格型号\n8507600090,锂离子蓄电池,1|0|手电筒用\n"
NO_HEADINGS = "甲,乙\n1,2\n"


@pytest.mark.parametrize("as_json", [[], ["--json"]])
@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize(
    ("content", "error"),
    [
        (NO_HEADINGS.encode(), "unreadable_file"),
        (b"\0\0\0", "unsupported_format"),
        (b"PK\x03\x04" + b"\0" * 100, "unreadable_file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "unreadable_file"),
        (b"<html><table><tr><td " + b"x" * 100_000, "unreadable_file"),
        (b'<?xml version="1.0"?><!DOCTYPE a><DecMessage/>', "unreadable_file"),
        ((TABLE + TABLE.splitlines()[1] + "\n").encode(), "payload_too_large"),
    ],
)
def test_a_refused_file_gives_one_sentence_and_nothing_else(
    content: bytes, error: str, lang: str, as_json: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file.csv").write_bytes(content)
    assert run(monkeypatch, str(tmp_path / "file.csv"), "--lang", lang, "--max-lines", "1", *as_json) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith(f"{error}: ")
    assert told.err.count("\n") == 1
    assert any("\u4e00" <= char <= "\u9fff" for char in told.err.replace("商品", "")) or lang == "en"


@pytest.mark.parametrize("name", [".", "pipe"])
def test_folders_and_pipes_are_bad_input(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert run(monkeypatch, str(tmp_path / name)) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_max_lines_must_be_a_number_above_0(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(monkeypatch, str(UGLY), "--max-lines", "0") == 2


def test_every_row_of_the_file_is_in_the_document(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("样例公司\n\n" + TABLE + 'x,y,z\n\n8507600090,"a\n合计,,\n商品编号,商品名称,规格型号\n,无编码,x\n', "utf-8")
    found = document(str(path))
    reading = found["reading"]
    counted = sum(reading[name] for name in ("totals_rows", "blank_rows", "heading_rows", "title_rows"))
    assert found["lines"]["judged"] + len(found["rejected_rows"]) + counted == 10
    assert [(row["row"], row["code"]) for row in found["rejected_rows"]] == [(5, "invalid_code"), (7, "unbalanced_quote"), (10, "missing_code")]


def test_the_document_is_written_as_json_writes_it(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(TABLE.replace("8507600090", "８５０７６０００９０") + "703201000,大蒜,\n坏,b,c\n,d,e\n", "utf-8")
    for source in (str(path), str(SAMPLES / "harborlight" / "declarations.csv")):
        text = scan(source, "--json", "--lang", "zh").stdout
        assert text == json.dumps(json.loads(text), ensure_ascii=False, indent=2) + "\n"


def test_nothing_that_steers_a_terminal_is_shown(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("商品编号,商品名称,规格型号\n9999999999,\x1b[2J\u202e电\x9b池[bold],1|0|x\n\x1b]0;x\x07,b,c\n", "utf-8")
    result = scan(str(path))
    assert result.exit_code == 0
    assert "(invalid_code)" in result.output
    assert not set(result.output) & set("\x1b\x07\x9b\u202e")


def test_no_bar_where_there_is_no_terminal() -> None:
    assert scan(str(UGLY), "--json").stderr == ""


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_reports_and_a_work_list_are_written(lang: str, tmp_path: Path) -> None:
    places = [tmp_path / name for name in ("out.html", "out.pdf", "out.xlsx", "out.json")]
    work = tmp_path / "work.xlsx"
    asked = [part for place in places for part in ("--report", str(place))]
    sample = str(SAMPLES / "harborlight" / "declarations.csv")
    result = scan(sample, "--as-of", "2026-11-23", "--lang", lang, "--json", *asked, "--work-list", str(work))
    assert result.exit_code == 0
    assert [place.read_bytes()[:4] for place in (*places, work)] == [b"<!do", b"%PDF", b"PK\x03\x04", b"{\n  ", b"PK\x03\x04"]
    assert json.loads(places[-1].read_text("utf-8")) == json.loads(result.stdout)
    assert {path.name for path in tmp_path.iterdir()} == {*(place.name for place in places), "work.xlsx", "home"}


@pytest.mark.parametrize(("lang", "sentence"), [("zh", "写不出来"), ("en", "cannot be written")])
@pytest.mark.parametrize("option", ["--report", "--work-list"])
def test_a_format_that_is_none_is_refused_before_anything_is_read(
    option: str, lang: str, sentence: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, str(UGLY), option, "out.docx", "--lang", lang) == 2
    told = capsys.readouterr()
    assert (told.out, told.err.startswith("bad_input: "), sentence in told.err) == ("", True, True)


def test_marks_show_and_points_stay(tmp_path: Path) -> None:
    sample = str(SAMPLES / "harborlight" / "declarations.csv")
    before = document(sample, "--as-of", "2026-11-23")
    marks, first = tmp_path / "marks.jsonl", before["findings"][0]["id"]
    told = [{"finding": name, "because": "<b>按样品核对</b>", "by": "张三", "on": "2026-11-01"} for name in (first, "0" * 16)]
    marks.write_text("".join(json.dumps(mark) + "\n" for mark in told), "utf-8")
    after = document(sample, "--as-of", "2026-11-23", "--reviews", str(marks))
    assert after["findings"][0]["review"] == {"because": "<b>按样品核对</b>", "by": "张三", "on": "2026-11-01"}
    assert after["reviews_unmatched"] == ["0" * 16]
    assert after["score_exact_micro"] == before["score_exact_micro"]


def test_a_forecast_is_made_where_it_is_asked_for() -> None:
    sample = str(SAMPLES / "harborlight" / "declarations.csv")
    assert document(sample, "--as-of", "2026-11-23")["forecast"] is None
    found = document(sample, "--as-of", "2026-11-23", "--forecast")
    assert found["forecast"]["moved"]["months"][0]["score_exact_micro"] == found["score_exact_micro"]
    assert document(sample, "--as-of", "2026-11-23", "--forecast", "--from", "2025-01-01")["forecast"] is None
