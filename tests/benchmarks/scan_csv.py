"""`ecid scan` on a large generated CSV file: `python -m tests.benchmarks.scan_csv BYTES FOLDER` prints seconds and peak memory as JSON."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from time import perf_counter
from typing import Any

from tests.benchmarks.big_csv import write_csv
from tests.pack_index import lend

_READ = """
import sys
from datetime import date
from pathlib import Path
from ecid.declarations.readers import read_files
read_files([Path(sys.argv[1])], date(2026, 5, 22))
"""


_PARSED = "import sys, polars; polars.read_csv(sys.argv[1], infer_schema=False)"


def measure(size: int, folder: Path) -> dict[str, Any]:
    """Seconds and peak memory (MB) of the whole scan and of reading alone, each a process of its own, beside polars reading the file."""
    path = folder / "export.csv"
    count = write_csv(path, size)
    program = Path(sys.executable).with_name("ecid")
    home = os.environ | {"ECID_HOME": str(lend(folder / "home"))}
    with (folder / "scan.json").open("wb") as answer:
        scan_s, scan_mb = _run([str(program), "scan", str(path), "--json", "--as-of", "2026-05-22"], answer.fileno(), home)
    _, read_mb = _run([sys.executable, "-c", _READ, str(path)], subprocess.DEVNULL, home)
    # Each in a process of its own, and this one stays small: a child begins with the peak of its parent.
    polars_s, _ = _run([sys.executable, "-c", _PARSED, str(path)], subprocess.DEVNULL, home)
    found = json.loads((folder / "scan.json").read_text("utf-8"))
    size = path.stat().st_size
    path.unlink()
    return {
        "bytes": size,
        "lines": count,
        "judged": found["lines"]["judged"],
        "refused": len(found["rejected_rows"]),
        "scan_s": scan_s,
        "scan_mb": scan_mb,
        "read_mb": read_mb,
        "polars_s": polars_s,
    }


def _run(command: list[str], answer: int, environment: dict[str, str]) -> tuple[float, float]:
    """Seconds and peak memory in MB of one process."""
    started = perf_counter()
    child = subprocess.Popen(command, stdout=answer, stderr=subprocess.DEVNULL, env=environment)
    _, status, used = os.wait4(child.pid, 0)
    if os.waitstatus_to_exitcode(status):
        raise RuntimeError(f"exit status {os.waitstatus_to_exitcode(status)}")
    return perf_counter() - started, used.ru_maxrss / 1024


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]), Path(sys.argv[2]))))
