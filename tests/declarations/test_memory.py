"""Reading takes memory for what a file says, not for its bytes: processes of their own that read a file and one three times as large, and say their peak."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks.big_csv import write_csv

# The high-water mark of this program: `ru_maxrss` would be that of the one that started it, if larger.
PEAK = """
import re, sys
from datetime import date
from pathlib import Path
from ecid.declarations.readers import read_file
read = read_file(Path(sys.argv[1]), date(2026, 5, 17))
mark = re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())
print(int(mark[1]) // 1024, read.lines.height + len(read.rejected))
"""
HEAD = "商品编号,商品名称,规格型号\n8507600090,电池,1|0|x\n".encode()
WITHOUT_CODE = ",锂离子蓄电池,1|0|手电筒用|锂离子|不含汞|凯锐达牌\n".encode()
EQUAL = f"8507600090{WITHOUT_CODE.decode()}".encode()


@pytest.mark.skipif(sys.platform != "linux", reason="the high-water mark is read from /proc")
@pytest.mark.parametrize(
    ("repeated", "most"),
    [
        pytest.param(None, 2.5, id="lines"),
        pytest.param(WITHOUT_CODE, 2.5, id="no_code"),
        pytest.param(EQUAL, 2.5, id="equal"),
        pytest.param(b"x", 0.3, id="one_line"),
    ],
)
def test_memory_grows_less_than_stated(tmp_path: Path, repeated: bytes | None, most: float) -> None:
    """`most` mebibytes for each more of the file."""
    path = tmp_path / "a.csv"
    sizes, peaks, rows = [], [], []
    for size in (8 * 10**6, 24 * 10**6):
        if repeated is None:
            write_csv(path, size)
        else:
            path.write_bytes(HEAD + repeated * (size // len(repeated)))
        run = subprocess.run([sys.executable, "-c", PEAK, str(path)], check=True, capture_output=True, text=True)
        peak, count = map(int, run.stdout.split())
        sizes.append(path.stat().st_size / 2**20)
        peaks.append(peak)
        rows.append(count)
    assert rows[1] > 2 * rows[0] or rows == [2, 2]
    assert (peaks[1] - peaks[0]) / (sizes[1] - sizes[0]) < most
