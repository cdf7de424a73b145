"""`docs/score.md` says what the program does: its figures are the program's, both languages have the same, and reckoning by its words gives them again."""

from __future__ import annotations

import csv
import difflib
import json
import re
from collections import Counter
from fractions import Fraction
from pathlib import Path

import pytest
from click.testing import CliRunner

from ecid import bootstrap
from ecid.bootstrap import Platform
from ecid.cli import main as cli
from ecid.scoring.policy import load_policy
from ecid.settings import Settings
from tests.pack_index import lend, pack_home
from tools.write_score_page import AS_OF, EXAMPLE, PAGE, page

PAGE_NOW = PAGE.read_text("utf-8")
ZH, EN = PAGE_NOW.split("\n## English\n")
SHOWN = re.search(r"100 − (\d+)\.(\d{6}) = \*\*(\d+)\.(\d{6})\*\*", EN)
HALF = Fraction(1, 2)


def test_page_is_what_the_program_says() -> None:
    written = page(Platform(Settings(home=pack_home())))
    changed = list(difflib.unified_diff(PAGE_NOW.splitlines(), written.splitlines(), "docs/score.md", "as the program has it", n=0, lineterm=""))
    assert not changed, "\n".join(["`make score-page` writes it anew:", *changed])


def test_both_languages_have_the_same_figures() -> None:
    exact = r"\d+\.\d{6}|\d+(?:\.\d+)? %"
    assert Counter(re.findall(exact, ZH)) == Counter(re.findall(exact, EN))
    assert len(re.findall(r"^#{2,3} ", ZH, re.MULTILINE)) == len(re.findall(r"^#{2,3} ", "## English\n" + EN, re.MULTILINE))


def test_reckoning_by_the_words_of_the_page_gives_its_score() -> None:
    with EXAMPLE.open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    cells = [(line["商品编号"][:8], line["申报日期"][:7]) for line in lines]
    total, in_cell = sum(Fraction(line["总价"]) for line in lines), Counter(cells)
    weights = [HALF * Fraction(line["总价"]) / total + HALF / len(in_cell) / in_cell[cell] for line, cell in zip(lines, cells, strict=True)]
    assert sum(weights) == 1

    def defects(line: dict[str, str]) -> dict[int, Fraction]:
        """What the page says is the matter with a line, read off the line itself."""
        goods, specification = line["商品名称"], line["规格型号"]
        return {
            2: HALF + HALF / 7 if goods == "食品搅拌机" and specification.endswith("|") else Fraction(0),
            3: HALF + HALF / 6 if "详见附件" in specification else Fraction(0),
            4: Fraction(goods == "电热水壶"),
            5: Fraction(goods == "LED球泡灯" and line["商品编号"].startswith("853951")),
            7: Fraction(line["法定第一单位"] == "箱"),
            8: Fraction(line["单价"] == "1000.00"),
            9: Fraction(goods == "不锈钢旅行杯"),
        }

    no_part = {6, 10}
    policy = {dimension.number: dimension for dimension in load_policy().dimensions}
    scale = Fraction(100, sum(dimension.weight for number, dimension in policy.items() if number not in no_part))
    found = [defects(line) for line in lines]
    lost = Fraction(0)
    for number, dimension in policy.items():
        share = sum((weight * by_line.get(number, 0) for weight, by_line in zip(weights, found, strict=True)), start=Fraction(0))
        lost += scale * dimension.weight * min(Fraction(1), share * 1_000_000 / dimension.full_ppm)
    # Weights are parts of 10¹² and defects parts of 10⁶, each floored, so that a few millionths of a point may be between.
    assert SHOWN is not None
    missing, score = (int(SHOWN[place]) * 1_000_000 + int(SHOWN[place + 1]) for place in (1, 3))
    assert missing + score == 100_000_000
    assert abs(lost * 1_000_000 - missing) < 10


def test_scanning_the_example_gives_the_score(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECID_HOME", str(lend(tmp_path / "home")))
    monkeypatch.delenv("ECID_DATA_DIR", raising=False)
    bootstrap.platform.cache_clear()
    scanned = CliRunner().invoke(cli.program, ["scan", str(EXAMPLE), "--as-of", AS_OF.isoformat(), "--json"])
    assert scanned.exit_code == 0, scanned.output
    assert SHOWN is not None
    assert json.loads(scanned.stdout)["score_exact_micro"] == int(SHOWN[3] + SHOWN[4])
