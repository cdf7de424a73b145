"""`ecid explain`: the ledger of a saved result and each of its findings, in both languages; hostile files."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecid import bootstrap
from ecid.cli import explain
from ecid.cli import main as cli
from ecid.errors import EcidError
from tests.pack_index import lend

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "knowledge" / "samples" / "harborlight" / "declarations.csv"


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A result as a person saves it, written in Chinese."""
    folder = tmp_path_factory.mktemp("explain")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ECID_HOME", str(lend(folder / "home")))
        patch.delenv("ECID_DATA_DIR", raising=False)
        bootstrap.platform.cache_clear()
        done = CliRunner().invoke(cli.program, ["scan", str(SAMPLE), "--json", "--lang", "zh", "--as-of", "2026-11-23"])
        bootstrap.platform.cache_clear()
    assert done.exit_code == 0, done.output
    path = folder / "result.json"
    path.write_text(done.stdout, "utf-8")
    return path


@pytest.fixture
def document(saved: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(saved.read_text("utf-8"))
    return found


def told(*arguments: object, status: int = 0) -> Result:
    result = CliRunner(env={"COLUMNS": "200"}).invoke(cli.program, ["explain", *map(str, arguments)])
    assert result.exit_code == status, result.output
    return result


def as_json(*arguments: object) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(told(*arguments, "--json").stdout)
    return found


def error(*arguments: object) -> EcidError:
    fault = CliRunner().invoke(cli.program, ["explain", *map(str, arguments)]).exception
    assert isinstance(fault, EcidError)
    return fault


def written(path: Path, document: object) -> Path:
    path.write_text(json.dumps(document), "utf-8")
    return path


def test_the_ledger_adds_up_and_has_the_documented_keys(saved: Path) -> None:
    found = as_json(saved)
    section = (ROOT / "docs" / "cli.md").read_text("utf-8").partition("## `ecid explain")[2].partition("\n## ")[0]
    assert set(found) == set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE))
    missing = 100_000_000 - found["score_exact_micro"]
    assert found["missing_micro"] == missing
    for part in ("findings", "dimensions"):
        own = "points_micro" if part == "findings" else "lost_micro"
        assert sum(item[own] or 0 for item in found[part]) + sum(cap["points_micro"] for cap in found["caps"]) == missing
        # What is shown in tenths of a point adds up as well.
        assert sum(item["shown_tenths"] or 0 for item in [*found[part], *found["caps"]]) == 1_000 - found["score_exact_micro"] // 100_000


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("zh", ("归类一致性得分: {score}   失分: {missing}", "同货同码", "同一货物用了多个编码", "未计入", "不构成核验结论")),
        (
            "en",
            (
                "Classification consistency score: {score}   missing: {missing}",
                "Same goods, same code",
                "One product under several codes",
                "left out",
                "not a verification",
            ),
        ),
    ],
)
def test_the_ledger_in_both_languages(lang: str, words: Sequence[str], saved: Path, document: dict[str, Any]) -> None:
    tenths = document["score_exact_micro"] // 100_000
    shown = {"score": f"{tenths / 10:.1f}", "missing": f"{(1_000 - tenths) / 10:.1f}"}
    output = told(saved, "--lang", lang).output
    assert not [word for word in words if word.format_map(shown) not in output]


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("zh", ("同一货物用了多个编码", "须核实: 几个编码之间", "建议: 确定该货物的编码", "更正途径", "主动披露", "可考虑的编码: {suggested}")),
        (
            "en",
            (
                "One product under several codes",
                "Question: Which fact decides",
                "Advice: Settle",
                "Ways to correct",
                "Voluntary disclosure",
                "the evidence is in the language",
            ),
        ),
    ],
)
def test_a_finding_in_both_languages(lang: str, words: Sequence[str], saved: Path, document: dict[str, Any]) -> None:
    finding = next(finding for finding in document["findings"] if finding["rule"] == "SAME_GOODS_SPLIT")
    output = told(saved, finding["id"], "--lang", lang).output
    expected = [word.format(suggested=finding["suggested_codes"][0]) for word in words]
    assert not [word for word in (*expected, finding["lines"][0], finding["code"]) if word not in output]


def test_every_finding_can_be_told(saved: Path, document: dict[str, Any]) -> None:
    for finding in document["findings"]:
        found = as_json(saved, finding["id"], "--lang", "zh")
        assert {name: found[name] for name in finding if name in found} == {name: finding[name] for name in finding if name in found}
        assert len(found["lines"]) == len(finding["lines"])
        assert found["language"] == "zh"
        assert as_json(saved, finding["id"], "--lang", "en")["routes"][0]["name"].isascii()
        for lang in ("zh", "en"):
            assert finding["rule"] in told(saved, finding["id"], "--lang", lang).output


def test_the_beginning_of_an_id_will_do(saved: Path, document: dict[str, Any]) -> None:
    name = document["findings"][0]["id"]
    assert as_json(saved, name[:6].upper()) == as_json(saved, name)


@pytest.mark.parametrize("name", ["ffff", "", "97", "[red]x", "\x1b[31m"])
def test_a_finding_that_is_not_there(name: str, saved: Path) -> None:
    fault = error(saved, name)
    assert fault.code == "not_found"
    assert fault.sentence("zh").startswith("没有编号以")
    assert fault.sentence("en").startswith("No finding has an id that begins with")
    assert "\x1b" not in fault.sentence("en")


def test_two_findings_of_one_beginning(saved: Path, document: dict[str, Any], tmp_path: Path) -> None:
    document["findings"][0]["id"], document["findings"][1]["id"] = "abcd" + "0" * 12, "abcd" + "1" * 12
    assert error(written(tmp_path / "two.json", document), "abcd").sentence("en") == "2 findings have an id that begins with abcd; give more of it."


@pytest.mark.parametrize(("axis", "columns"), [("month", 5), ("code", 5), ("product", 6), ("dimension", 6), ("code_by_value", 5)])
def test_a_table_has_no_column_without_a_name(axis: str, columns: int, saved: Path) -> None:
    head = next(line for line in told(saved, "--by", axis, "--lang", "zh").output.splitlines() if "RMB" in line)
    cells = [cell.strip() for cell in head.strip("┃ ").split("┃")]
    assert len(cells) == columns
    assert all(cells)


@pytest.mark.parametrize(("lang", "words"), [("zh", ("与 2026-05-23 的结果相比", "申报事实")), ("en", ("beside the result of 2026-05-23", "by facts"))])
def test_against_an_earlier_result(lang: str, words: Sequence[str], saved: Path, document: dict[str, Any], tmp_path: Path) -> None:
    gone = document["findings"].pop(1)
    document["score_exact_micro"] += gone["points_micro"]
    document["score"] = document["score_exact_micro"] // 1_000_000
    document["versions"] |= {"as_of": "2026-05-23", "input_sha256": "0" * 64}
    earlier = written(tmp_path / "earlier.json", document)
    found = as_json(saved, "--against", earlier)
    assert (found["difference_micro"], found["by_facts_micro"], found["changed"]) == (-gone["points_micro"], -gone["points_micro"], ["as_of", "input_sha256"])
    assert [(move["finding"], move["kind"]) for move in found["moves"]] == [(gone["id"], "appeared")]
    output = told(saved, "--against", earlier, "--lang", lang).output
    assert not [word for word in (*words, gone["id"]) if word not in output]


def test_by_an_axis(saved: Path, document: dict[str, Any], tmp_path: Path) -> None:
    entry = {"value": "甲厂", "label": "", "points_micro": 5, "lines": 2, "concerned": 1, "value_fen": 12_345}
    rest = entry | {"value": "", "points_micro": 7}
    axis = {"entries": [entry], "rest": rest, "others": 3, "caps_micro": 0}
    path = written(tmp_path / "with.json", document | {"breakdown": {"manufacturer": axis}})
    assert as_json(path, "--by", "manufacturer") == {"axis": "manufacturer", **axis}
    output = told(path, "--by", "manufacturer", "--lang", "en").output
    assert not [word for word in ("甲厂", "123.45", "all others (3)") if word not in output]
    fault = error(path, "--by", "hope")
    assert (fault.code, "hope" in fault.sentence("zh")) == ("bad_input", True)


def test_a_capped_result_and_one_without_a_score(saved: Path, document: dict[str, Any], tmp_path: Path) -> None:
    lower = document["score_exact_micro"] - 2_000_000
    capped = document | {"score_exact_micro": lower, "caps": [{"rule": "RULING_CONFLICT", "points_micro": 2_000_000}]}
    assert "封顶" in told(written(tmp_path / "capped.json", capped), "--lang", "zh").output
    for part in (document["findings"], document["dimensions"]):
        for item in part:
            item |= {"points_micro": None, "lost_micro": None}
    none = document | {"score": None, "score_exact_micro": None, "insufficient_data": "too_few"}
    path = written(tmp_path / "none.json", none)
    assert "insufficient data, no score (too_few)" in told(path, "--lang", "en").output
    found = as_json(path)
    assert {item["shown_tenths"] for item in (*found["findings"], *found["dimensions"])} == {None}
    assert "too_few" in told(path, "--lang", "zh").output
    assert "→" in told(path, "--against", saved, "--lang", "en").output


HOSTILE = {
    "empty": b"",
    "no JSON": b"score: 82",
    "another document": b'{"hello": 1}',
    "a list": b"[1, 2]",
    "deep": b'{"findings":' * 50_000,
    "no text": bytes(range(256)),
    "not a number": b'{"score_exact_micro": NaN}',
    "a huge number": b'{"score_exact_micro": ' + b"9" * 5_000 + b"}",
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_files_that_are_no_result(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "hostile.json"
    path.write_bytes(content)
    fault = error(path)
    assert fault.code == "unreadable_file"
    assert "hostile.json" in fault.sentence("zh")
    assert "hostile.json" in fault.sentence("en")


def test_points_that_do_not_add_up_are_refused(document: dict[str, Any], tmp_path: Path) -> None:
    document["findings"][0]["points_micro"] += 1
    assert "add up" in error(written(tmp_path / "off.json", document)).sentence("en")


def test_nothing_in_a_file_steers_the_terminal(document: dict[str, Any], tmp_path: Path) -> None:
    bell = "\x1b]0;x\x07[bold red]\u202e"
    finding = document["findings"][0]
    finding |= {"goods_name": bell, "code": bell, "rule": "A_RULE", "title": bell, "question": bell, "lines": [bell]}
    finding |= {"evidence": [{"kind": "x", bell: {bell: [bell]}}, {"seen": [bell], "expected": {"a": bell}}], "routes": [{"name": bell, bell: bell}]}
    finding["review"] = {"because": bell, "by": None}
    path = written(tmp_path / "bell.json", document)
    for arguments in ((), (finding["id"],), ("--against", path)):
        output = told(path, *arguments).output
        assert not set(output) & set("\x1b\x07\u202e")
    assert "[bold red]" in told(path, finding["id"]).output


_VALUES = st.one_of(st.none(), st.booleans(), st.integers(-5, 10**20), st.floats(allow_nan=False), st.text(max_size=8), st.just([]), st.just({}), st.just([{}]))


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True, deadline=None)
@given(data=st.data())
def test_whatever_stands_anywhere_it_is_told_or_refused(data: st.DataObject, saved: Path, tmp_path: Path) -> None:
    document = json.loads(saved.read_text("utf-8"))
    finding = document["findings"][0]["id"]
    place: Any = document
    while True:
        key = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
        if not (isinstance(place[key], dict | list) and place[key] and data.draw(st.booleans())):
            break
        place = place[key]
    place[key] = data.draw(_VALUES)
    path = written(tmp_path / "fuzzed.json", document)
    for arguments in ([], [finding], ["--against", str(saved)], ["--json"]):
        done = CliRunner().invoke(cli.program, ["explain", str(path), *arguments])
        assert done.exit_code == 0 or isinstance(done.exception, EcidError), repr(done.exception)


def test_a_file_too_large_is_not_read(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explain, "MAX_BYTES", 1_000)
    assert error(saved).code == "payload_too_large"


def test_one_question_at_a_time(saved: Path) -> None:
    told(saved, "abcd", "--by", "code", status=2)


def test_same_input_same_bytes(saved: Path) -> None:
    assert told(saved, "--json").stdout == told(saved, "--json").stdout
