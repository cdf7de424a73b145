"""`make bench`: run every benchmark and write `docs/benchmarks.md`. Takes a few minutes and about 3 GB of disk for a while."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.benchmarks import cold_import, report

SCORED = (
    *((10_000, 200, "own_models"), (100_000, 2_000, "own_models"), (1_000_000, 20_000, "own_models"), (1_000_000, 100_000, "own_models")),
    *((100_000, 10_000, "one_model"), (1_000_000, 100_000, "one_model")),
)
"""Lines, distinct goods and their naming of each score run."""
VERIFICATIONS = 2_000
IMPORTS = 15
PASSAGES, QUESTIONS, OPENINGS = 20_000, 300, 7
CSV_BYTES = 1_000_000_000


def main() -> None:
    """Measure one after the other, never two at once, and write the page."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _say("cold imports")
        cold = cold_import.measure(IMPORTS)
        _say("warm verification")
        warm = _child("warm_verify", str(VERIFICATIONS), str(folder / "home"))
        scored = []
        for count, goods, naming in SCORED:
            _say(f"score of {count:,} lines, {goods:,} distinct goods, {naming}")
            scored.append(_child("score_lines", str(count), str(goods), naming, str(folder)))
        _say(f"search of {PASSAGES:,} passages")
        (folder / "search").mkdir()
        searched = _child("search_index", str(PASSAGES), str(QUESTIONS), str(folder / "search"), str(OPENINGS))
        _say(f"scan of a CSV file of {CSV_BYTES:,} bytes")
        scanned = _child("scan_csv", str(CSV_BYTES), str(folder))
    path = Path(__file__).parents[2] / "docs" / "benchmarks.md"
    path.write_text(report.page(cold, warm, scored, scanned, searched), "utf-8")
    _say(f"written: docs/{path.name}")


def _child(module: str, *arguments: str) -> dict[str, Any]:
    """What a benchmark prints as its last line, in a process of its own."""
    done = subprocess.run([sys.executable, "-m", f"tests.benchmarks.{module}", *arguments], check=True, stdout=subprocess.PIPE, text=True)
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
