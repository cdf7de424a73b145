"""`make bench`: run every benchmark and write `docs/benchmarks.md`. Takes a few minutes and about 3 GB of disk for a while.

`python -m tests.benchmarks assistant` renews the section on the assistant alone: each has its own yardsticks.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.benchmarks import cold_import, report
from tests.benchmarks.known import homes

SCORED = (
    *((10_000, 200, "own_models"), (100_000, 2_000, "own_models"), (1_000_000, 20_000, "own_models"), (1_000_000, 100_000, "own_models")),
    *((100_000, 10_000, "one_model"), (1_000_000, 100_000, "one_model")),
)
"""Lines, distinct goods and their naming of each score run that knows the pack; the one of the most lines is run again with everything that there is."""
LARGE = 1_000_000
VERIFICATIONS = 2_000
IMPORTS = 15
PASSAGES, QUESTIONS, OPENINGS = 20_000, 300, 7
TALKS, FRESH, AT_ONCE = 20, 5, 50
CSV_BYTES = 1_000_000_000


PAGE = Path(__file__).parents[2] / "docs" / "benchmarks.md"


def main() -> None:
    """Measure one after the other, never two at once, and write the page."""
    if sys.argv[1:] == ["assistant"]:
        with tempfile.TemporaryDirectory() as name:
            PAGE.write_text(report.with_section(PAGE.read_text("utf-8"), report.assistant(_assistant(Path(name)))), "utf-8")
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _say("cold imports")
        cold = cold_import.measure(IMPORTS)
        _say("warm verification")
        warm = _child("warm_verify", str(VERIFICATIONS), str(folder / "home"))
        _say("indexes")
        known = homes()
        scored = []
        for count, goods, naming in SCORED:
            _say(f"score of {count:,} lines, {goods:,} distinct goods, {naming}")
            scored.append(_scored(count, goods, naming, folder, known["the pack"]))
        for more, home in known.items():
            if more != "the pack":
                _say(f"score of {LARGE:,} lines, {LARGE // 50:,} distinct goods, knowing {more}")
                scored.append(_scored(LARGE, LARGE // 50, "own_models", folder, home) | {"known": more})
        _say(f"search of {PASSAGES:,} passages")
        (folder / "search").mkdir()
        searched = _child("search_index", str(PASSAGES), str(QUESTIONS), str(folder / "search"), str(OPENINGS))
        assisted = _assistant(folder)
        _say(f"scan of a CSV file of {CSV_BYTES:,} bytes")
        scanned = _child("scan_csv", str(CSV_BYTES), str(folder))
    PAGE.write_text(report.page(cold, warm, scored, scanned, searched, assisted), "utf-8")
    _say(f"written: docs/{PAGE.name}")


def _assistant(folder: Path) -> dict[str, Any]:
    _say("the assistant")
    return _child("assistant", str(TALKS), str(FRESH), str(AT_ONCE), str(folder / "talking"))


def _scored(count: int, goods: int, naming: str, folder: Path, home: Path) -> dict[str, Any]:
    return _child("score_lines", str(count), str(goods), naming, str(folder), str(home))


def _child(module: str, *arguments: str) -> dict[str, Any]:
    """What a benchmark prints as its last line, in a process of its own."""
    done = subprocess.run([sys.executable, "-m", f"tests.benchmarks.{module}", *arguments], check=True, stdout=subprocess.PIPE, text=True)
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
