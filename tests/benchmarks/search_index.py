"""Opening the search index and asking it, beside reading its files and one product of all its vectors with one.

`python -m tests.benchmarks.search_index PASSAGES QUESTIONS FOLDER OPENINGS` prints medians as JSON. The index is made from real records, those of the pack
and, where ECID_DATA_DIR is set, of what it holds: spread evenly over all, as many as have PASSAGES together. One thread.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import accumulate
from pathlib import Path
from time import perf_counter
from typing import Any

import chromadb.api.rust  # noqa: F401 – Chroma imports it as it opens, and imports are not counted
import numpy as np

from ecid.adapters.candidate_index import INDEX, open_candidates
from ecid.adapters.chroma import ChromaFolder
from ecid.adapters.clause_index import open_clauses
from ecid.errors import Language
from ecid.knowledge.records import Record
from ecid.knowledge.retrieval.index_files import read_manifest
from ecid.knowledge.retrieval.passages import LANGUAGES, passages
from ecid.services.search_clauses import Request
from ecid.settings import Settings, settings_from

_NOW = datetime(2026, 5, 17, 4, 0, tzinfo=UTC)
_DIMENSIONS = 256


def make(count: int, folder: Path) -> tuple[int, int]:
    """Make an index of about `count` passages in `folder`; their number, and that of the records."""
    from ecid.services.build_index import build_index, searchable  # noqa: PLC0415 – what builds is not to be in the process that is measured
    from ecid.services.import_knowledge import build, loaded  # noqa: PLC0415

    settings = settings_from(os.environ)
    build(settings.data_dir, folder)
    datasets = loaded(folder, settings.pack_dir)
    records = _thinned(searchable(settings.pack_dir, datasets), count)
    manifest = build_index(folder / INDEX, records, ChromaFolder, datasets)
    return sum(manifest.passages.values()), manifest.records


def _thinned(records: Sequence[Record], count: int) -> list[Record]:
    """Records spread evenly over all, as many as have `count` passages together."""
    step = 0.6180339887498949
    spread = [records[at] for at in sorted(range(len(records)), key=lambda at: at * step % 1)]
    sizes = accumulate(sum(len(passages(record, lang)) for lang in LANGUAGES) for record in spread)
    kept = {record.id for record, size in zip(spread, sizes, strict=True) if size <= count}
    return [record for record in records if record.id in kept]


def opened(folder: Path) -> dict[str, float]:
    """Milliseconds of one opening of each index in this process, which has done nothing but import, and of reading the bytes that clause search reads."""
    settings = Settings(home=folder)
    taken = {"files_ms": _milliseconds(lambda: [path.read_bytes() for path in _read_whole(folder / INDEX)])}
    taken["clauses_ms"] = _milliseconds(lambda: open_clauses(settings, lambda: _NOW))
    taken["candidates_ms"] = _milliseconds(lambda: open_candidates(settings, lambda: _NOW))
    return taken


def _read_whole(index: Path) -> list[Path]:
    return [path for path in index.rglob("*") if path.is_file() and index / "candidates" not in path.parents]


def asked(folder: Path, questions: int) -> dict[str, float]:
    """Milliseconds of questions, in the middle and of the slowest twentieth: titles of records, in both languages in turn."""
    settings = Settings(home=folder)
    clauses, finding = open_clauses(settings, lambda: _NOW), open_candidates(settings, lambda: _NOW)
    texts = _titles(folder / INDEX / "records.jsonl", questions)
    rows = sum(read_manifest(folder / INDEX).passages.values())
    vectors = np.random.default_rng(1).standard_normal((rows, _DIMENSIONS), dtype=np.float32)
    tasks: dict[str, Callable[[str, Language], object]] = {
        "clauses": lambda text, lang: clauses.search(Request(text, lang=lang)),
        "candidates": lambda text, lang: finding.find(text, lang=lang),
        "product": lambda text, lang: vectors @ vectors[len(text)],
    }
    found: dict[str, list[float]] = {name: [] for name in tasks}
    for text, lang in [*texts[:10], *texts]:
        for name, task in tasks.items():
            found[name].append(_milliseconds(lambda task=task, text=text, lang=lang: task(text, lang)))  # type: ignore[misc]
    kept = {name: sorted(taken[10:]) for name, taken in found.items()}
    return {f"{name}_{share}": _share(taken, share) for name, taken in kept.items() for share in (50, 95)}


def _titles(path: Path, count: int) -> list[tuple[str, Language]]:
    rows = [json.loads(line)["title"] for line in path.read_text("utf-8").split("\n") if line]
    named: list[tuple[str, Language]] = [(row[lang][:200], lang) for row in rows for lang in LANGUAGES if row.get(lang, "").strip()]
    return named[:: max(1, len(named) // count)][:count]


def _share(taken: Sequence[float], share: int) -> float:
    return taken[min(len(taken) - 1, len(taken) * share // 100)]


def _milliseconds(task: Callable[[], object]) -> float:
    started = perf_counter()
    kept = task()  # so that letting go of it is not counted
    seconds = perf_counter() - started
    del kept
    return seconds * 1000


def measure(count: int, questions: int, folder: Path, openings: int) -> dict[str, Any]:
    """All of it; each opening in a process of its own."""
    passages_made, records = make(count, folder)
    taken = [_child("open", folder, 0) for _ in range(openings)]
    median = {name: statistics.median(opening[name] for opening in taken) for name in taken[0]}
    source = "the pack and imported data" if os.environ.get("ECID_DATA_DIR") else "the pack alone"
    own = {"passages": passages_made, "records": records, "source": source, "questions": questions}
    return own | median | _child("ask", folder, questions)


def _child(what: str, folder: Path, questions: int) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.benchmarks.search_index", what, str(questions), str(folder)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"})
    answer: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return answer


def main(arguments: list[str]) -> None:
    """The command line of this module."""
    what, questions, folder = arguments[0], int(arguments[1]), Path(arguments[2])
    answer = opened(folder) if what == "open" else asked(folder, questions) if what == "ask" else measure(int(what), questions, folder, int(arguments[3]))
    print(json.dumps(answer))


if __name__ == "__main__":
    main(sys.argv[1:])
