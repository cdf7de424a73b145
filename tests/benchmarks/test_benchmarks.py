"""The benchmarks run and say what the page needs; at small sizes, and without a word on how long they take."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks import cold_import, report
from tests.pack_index import pack_home

CHECKOUT = Path(__file__).parents[2]
BARE = {"read_and_group_s": 0.1, "peak_mb": 100.0, "described": 1, "placed_s": 0.5}
SEARCHED: dict[str, object] = {
    **dict.fromkeys(("passages", "records", "questions"), 1),
    **dict.fromkeys(("files_ms", "clauses_50", "clauses_95", "candidates_50", "candidates_95", "product_50", "product_95"), 20.0),
    **dict.fromkeys(("clauses_ms", "candidates_ms"), 200.0),
    "source": "the pack alone",
}
ASSISTED: dict[str, object] = {
    **dict.fromkeys(("rounds", "at_once"), 1),
    **dict.fromkeys(("first_50", "first_95", "answer_50", "answer_95", "bare_50", "cold_first", "cold_answer", "cold_boto3"), 90.0),
    **dict.fromkeys(("alone_50", "together_50", "together_95", "together_s", "verified_95"), 9.0),
    "errors": 0,
}


def run(module: str, *arguments: object) -> dict[str, object]:
    environment = {name: value for name, value in os.environ.items() if name != "ECID_DATA_DIR"}
    done = subprocess.run(
        [sys.executable, "-m", f"tests.benchmarks.{module}", *map(str, arguments)], check=True, stdout=subprocess.PIPE, text=True, cwd=CHECKOUT, env=environment
    )
    answer: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return answer


def test_a_verification_is_one_request_of_at_most_two_keys(tmp_path: Path) -> None:
    warm = run("warm_verify", 5, tmp_path)
    assert (warm["operation"], warm["requests"], warm["keys"]) == ("BatchGetItem", 1, 2)


def test_the_page_tells_every_figure(tmp_path: Path) -> None:
    scored = run("score_lines", 2_000, 100, "own_models", tmp_path, pack_home())
    fillers = run("score_lines", 2_000, 100, "one_model", tmp_path, pack_home())
    scanned = run("scan_csv", 200_000, tmp_path)
    searched = run("search_index", 300, 6, tmp_path / "search", 1)
    assisted = run("assistant", 1, 1, 4, tmp_path / "talking")
    cold = cold_import.measure(1)
    assert assisted["errors"] == 0
    assert (searched["source"], 200 < int(str(searched["passages"])) <= 300) == ("the pack alone", True)
    assert scored["findings"]
    assert {1, 2, 3, 4, 5, 7, 8, 9} <= set(scored["judged"])  # type: ignore[call-overload]
    assert scanned["judged"] == scanned["lines"] - scanned["refused"]  # type: ignore[operator]
    warm = {"handler_ms": 2.0, "bare_ms": 1.5, "requests": 1, "keys": 2, "operation": "BatchGetItem", "rounds": 5}
    page = report.page(cold, warm, [scored, fillers], scanned, searched, assisted)
    assert {path.parent.name for path in CHECKOUT.glob("functions/*/app.py")} <= {cell.strip(" `") for cell in page.split("|")}
    assert 95 <= int(str(scored["described"])) <= 100
    assert "| 2,000 | 100 | each its own | the pack |" in page
    assert "| 2,000 | 100 | one filler for all |" in page


@pytest.mark.parametrize(("seconds", "verdict"), [(11.0, "Met"), (11.5, "Met"), (21.0, "Not met")])
def test_costs_that_grow_faster_than_lines_are_said(seconds: float, verdict: str) -> None:
    taken = {10_000: 0.5, 100_000: 1.4, 1_000_000: seconds}
    rows = [{"lines": n, "goods": n // 50, "naming": "own_models", "judged": [1], "score_s": s} | BARE for n, s in taken.items()]
    warm = {"handler_ms": 2.0, "bare_ms": 1.5, "requests": 1, "keys": 2, "operation": "BatchGetItem", "rounds": 5}
    cold = {cold_import.EMPTY: 1.0, cold_import.YARDSTICK: 10.0, "verify_domain": 12.0}
    scanned = {"bytes": 1, "lines": 1, "scan_s": 1.0, "polars_s": 1.0, "scan_mb": 1.0, "read_mb": 1.0}
    said = report.page(cold, warm, rows, scanned, SEARCHED, ASSISTED).partition("Linear: ")[2].partition("\n")[0]
    assert f"**{verdict}" in said


@pytest.mark.parametrize(("handler_ms", "requests", "verdict"), [(2.0, 1, "Met"), (2.6, 1, "Not met"), (2.0, 2, "Not met")])
def test_a_missed_limit_is_said(handler_ms: float, requests: int, verdict: str) -> None:
    warm = {"handler_ms": handler_ms, "bare_ms": 1.5, "requests": requests, "keys": 2, "operation": "BatchGetItem", "rounds": 5}
    cold = {cold_import.EMPTY: 1.0, cold_import.YARDSTICK: 10.0, "verify_domain": 12.0}
    scored = {"lines": 1_000_000, "goods": 1, "naming": "own_models", "judged": [1], "score_s": 1.0} | BARE
    scanned = {"bytes": 1, "lines": 1, "scan_s": 1.0, "polars_s": 1.0, "scan_mb": 1.0, "read_mb": 1.0}
    section = report.page(cold, warm, [scored], scanned, SEARCHED, ASSISTED).partition("## Warm verification")[2].partition("## ")[0]
    assert f"**{verdict}" in section


@pytest.mark.parametrize(("name", "most"), [("clauses_ms", 300.0), ("candidates_ms", 300.0), ("clauses_95", 30.0), ("candidates_95", 80.0)])
def test_a_slow_search_is_said(name: str, most: float) -> None:
    assert "**Met.**" in report._searched(SEARCHED | {name: most})
    assert "**Not met" in report._searched(SEARCHED | {name: most + 1})


@pytest.mark.parametrize(("name", "value"), [("answer_95", 300.0), ("first_95", 100.0), ("errors", 0)])
def test_a_slow_or_failing_assistant_is_said(name: str, value: float) -> None:
    assert report.assistant(ASSISTED | {name: value}).count("**Met.**") == 2
    assert report.assistant(ASSISTED | {name: value + 1}).count("**Not met") == 1


def test_one_section_is_renewed_and_the_others_stay() -> None:
    written = "# Page\n\nHead.\n\n## One\n\n1\n\n## Two\n\n2\n"
    assert report.with_section(written, "## One\n\nnew") == "# Page\n\nHead.\n\n## One\n\nnew\n\n## Two\n\n2\n"
    assert report.with_section(written, "## Three\n\n3") == written + "\n## Three\n\n3\n"
