"""`ecid scan --suppose`: lines as they might have been declared, from a table; what cannot be supposed is told."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from ecid import bootstrap
from ecid.cli import main as cli
from ecid.errors import EcidError, UnreadableFile
from ecid.services.supposed_changes import read_changes
from tests.pack_index import lend

FILE = Path(__file__).parents[2] / "knowledge" / "samples" / "harborlight" / "declarations.csv"


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECID_HOME", str(lend(tmp_path / "home")))
    monkeypatch.delenv("ECID_DATA_DIR", raising=False)
    bootstrap.platform.cache_clear()


def scan(*arguments: str) -> Result:
    result = CliRunner().invoke(cli.program, ["scan", str(FILE), "--as-of", "2026-11-23", *arguments])
    assert result.exit_code == 0, result.output
    return result


def document(*arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(scan(*arguments, "--json").stdout)
    return found


def table(path: Path, rows: list[list[str]], encoding: str = "utf-8-sig") -> Path:
    with path.open("w", newline="", encoding=encoding) as out:
        csv.writer(out).writerows(rows)
    return path


def test_the_score_of_a_code_that_might_have_been_declared(tmp_path: Path) -> None:
    plain = document()
    assert plain["supposed"] is None
    split = next(finding for finding in plain["findings"] if finding["rule"] == "SAME_GOODS_SPLIT")
    rows = [["line", "code", "specification", "name"], *([line, split["suggested_codes"][0], "", ""] for line in split["lines"])]
    changes = table(tmp_path / "changes.csv", [*rows, ["nowhere-1", "8507600090", "", ""], [split["lines"][0], "85076000", "", ""], ["x", "85", "", ""]])
    told = document("--suppose", str(changes))
    supposed = told.pop("supposed")
    assert told == {name: value for name, value in plain.items() if name != "supposed"}
    assert supposed["hypothesis"].startswith("This is a hypothesis")
    assert (supposed["lines"], supposed["unknown_lines"]) == (sorted(split["lines"]), ["nowhere-1"])
    assert [(row["row"], row["code"]) for row in supposed["refused_rows"]] == [(len(rows) + 2, "repeated_line"), (len(rows) + 3, "invalid_code")]
    assert supposed["before_micro"] == plain["score_exact_micro"]
    assert supposed["gained_micro"] == supposed["score_exact_micro"] - supposed["before_micro"] > 0
    lost = sum(one["lost_micro"] or 0 for one in supposed["dimensions"]) + sum(cap["points_micro"] for cap in supposed["caps"])
    assert lost == 100_000_000 - supposed["score_exact_micro"]
    assert split["id"] in {finding["id"] for finding in supposed["ended"]}

    # As a file with these codes is scanned.
    with FILE.open(encoding="utf-8-sig", newline="") as file:
        declared = list(csv.reader(file))
    head = declared[0]
    number, item, code = (head.index(name) for name in ("海关编号", "项号", "商品编号"))
    for row in declared[1:]:
        if f"{row[number]}-{int(row[item])}" in split["lines"]:
            row[code] = split["suggested_codes"][0]
    other = CliRunner().invoke(cli.program, ["scan", str(table(tmp_path / "other.csv", declared)), "--as-of", "2026-11-23", "--json"])
    assert json.loads(other.stdout)["score_exact_micro"] == supposed["score_exact_micro"]


@pytest.mark.parametrize(("lang", "words"), [("zh", ("假设的得分", "没有这样的申报行")), ("en", ("Score as supposed", "no such line", "changes not taken"))])
def test_shown_to_a_person(tmp_path: Path, lang: str, words: tuple[str, ...]) -> None:
    changes = table(tmp_path / "changes.csv", [["申报行", "商品编号"], ["nowhere[bold]\x1b[31m", "8507600090"], ["", "8507600090"]], "gb18030")
    told = scan("--suppose", str(changes), "--lang", lang).stdout
    assert all(word in told for word in words)
    assert "nowhere[bold]" in told
    assert "\x1b" not in told


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (["", "8507600090", "", ""], "missing_line"),
        (["a", "8507", "", ""], "invalid_code"),
        (["a", "eight", "", ""], "invalid_code"),
        (["a", "", "", ""], "nothing_supposed"),
        (["a", "", "x" * 4_001, ""], "too_long"),
        (["a", "8507600090", "", "", "more"], "surplus_cells"),
    ],
)
def test_rows_that_are_refused(tmp_path: Path, row: list[str], code: str) -> None:
    found = read_changes(table(tmp_path / "changes.csv", [["line", "code", "specification", "name"], row, [], ["b", "8507.60.00", "1|0|x", "电池"]]))
    assert [(one.row, one.code) for one in found.refused] == [(2, code)]
    assert [(name, edit.code, edit.specification, edit.name) for name, edit in found.edits.items()] == [("b", "85076000", "1|0|x", "电池")]
    told = found.refused[0].to_json("en")
    assert told["reason"] != found.refused[0].to_json("zh")["reason"]


@pytest.mark.parametrize("content", [b"", b"code,name\n85076000,x\n", b"line\n1\n", b"line,code,code\n", b"line,code\n" + b"x" * 200_000])
def test_no_table_of_changes(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "changes.csv"
    path.write_bytes(content)
    with pytest.raises(UnreadableFile):
        read_changes(path)


def test_binary_content_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "changes.csv"
    path.write_bytes(b"PK\x03\x04\0\0\xff\xfe\0")
    with pytest.raises(EcidError):
        read_changes(path)
