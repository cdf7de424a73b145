"""One score run in a process of its own, with all dimensions: `python -m tests.benchmarks.score_lines LINES DISTINCT_GOODS NAMING FOLDER HOME` prints seconds
and peak memory as JSON.

NAMING: `own_models`, or `one_model` for goods that share one brand and model under unlike names. HOME: a state directory with an index of what it knows.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

import polars as pl

from ecid.adapters.candidate_index import open_knowledge
from ecid.adapters.knowledge_files import load_reference
from ecid.scoring.engine import Request, score
from ecid.scoring.placement import Described, Placed, Placement
from ecid.scoring.policy import load_policy
from ecid.settings import Settings
from tests.benchmarks.generated import AS_OF, lines


class Timed:
    """A `Placement` that counts what it is asked, and the seconds that it takes."""

    def __init__(self, placement: Placement) -> None:
        self._placement = placement
        self.version = placement.version
        self.seconds = 0.0
        self.asked: set[Described] = set()

    def place_all(self, goods: Sequence[Described]) -> Sequence[Placed]:
        """What the placement says."""
        self.asked.update(goods)
        started = perf_counter()
        placed = self._placement.place_all(goods)
        self.seconds += perf_counter() - started
        return placed


def measure(count: int, distinct: int, naming: str, folder: Path, home: Path) -> dict[str, Any]:
    """Generate the file in another process, so that its memory is not counted here, then read, group and score it."""
    path = folder / f"lines-{count}-{distinct}-{naming}.parquet"
    subprocess.run([sys.executable, "-m", "tests.benchmarks.score_lines", "generate", str(count), str(distinct), naming, str(path)], check=True)
    settings = Settings(home=home)
    placement = Timed(open_knowledge(settings))
    reference = replace(load_reference([settings.pack_dir, home / "knowledge"]), placement=placement)
    started = perf_counter()
    grouped = pl.read_parquet(path).group_by("code", pl.col("declared_on").dt.truncate("1mo")).agg(pl.col("total_e4").sum(), pl.len())
    yardstick = perf_counter() - started
    started = perf_counter()
    result = score(pl.read_parquet(path), reference, load_policy(), Request("benchmark", "file", AS_OF + timedelta(days=1)))
    seconds = perf_counter() - started
    path.unlink()
    return {
        "lines": count,
        "goods": distinct,
        "naming": naming,
        "cells": len(grouped),
        "read_and_group_s": yardstick,
        "score_s": seconds,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "score": result.score_exact_micro,
        "findings": len(result.findings),
        "described": len(placement.asked),
        "placed_s": placement.seconds,
        "judged": [dimension.number for dimension in result.dimensions if dimension.state == "judged"],
    }


def main(arguments: list[str]) -> None:
    """The command line of this module."""
    if arguments[0] == "generate":
        count, distinct, naming, path = arguments[1:]
        lines(int(count), int(distinct), load_reference([Settings().pack_dir]).tariff, one_model=naming == "one_model").write_parquet(path)
    else:
        count, distinct, naming, folder, home = arguments
        print(json.dumps(measure(int(count), int(distinct), naming, Path(folder), Path(home))))


if __name__ == "__main__":
    main(sys.argv[1:])
