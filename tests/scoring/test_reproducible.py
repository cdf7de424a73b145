"""Same input, same versions: same bytes, on any Python, machine, number of threads, time zone and language, and in any order of rows."""

from __future__ import annotations

import csv
import json
import os
import random
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from ecid.bootstrap import Platform
from ecid.reports.report import document_of, pieces_of
from ecid.services.scan_files import Period, Questions, scan_files
from ecid.services.write_report import report_of
from ecid.settings import CHECKOUT, Settings
from tests.pack_index import pack_home
from tests.scoring.golden.cases import CASES, EXPECTED, HARBORLIGHT, NOW, TODAY, Hashes, differences, hashes_of

ENVIRONMENTS: tuple[Mapping[str, str], ...] = (
    {"PYTHONHASHSEED": "0", "TZ": "Pacific/Auckland", "LC_ALL": "C", "POLARS_MAX_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "OPENBLAS_CORETYPE": "Haswell"},
    {"PYTHONHASHSEED": "1", "TZ": "America/New_York", "LC_ALL": "zh_CN.GB18030", "POLARS_MAX_THREADS": "3", "OPENBLAS_NUM_THREADS": "2"},
)

TELLING = ("messy", "placing", "feed")
"""What is tried in each of them: the others go the same ways."""


@pytest.fixture(scope="module")
def platform() -> Platform:
    return Platform(Settings(home=pack_home()))


@pytest.fixture(scope="module")
def here(platform: Platform) -> Hashes:
    return hashes_of(platform)


@pytest.mark.parametrize("case", CASES)
def test_golden(case: str, here: Hashes) -> None:
    expected = json.loads(EXPECTED.read_text("utf-8"))
    differing = differences({case: expected.get(case, {})}, {case: here[case]})
    assert not differing, "\n".join([*differing, "where that is meant: `make golden`; the parts themselves: python -m tests.scoring.golden --keep FOLDER"])


def test_any_environment(here: Hashes) -> None:
    command = [sys.executable, "-m", "tests.scoring.golden", *TELLING, "--home", str(pack_home())]
    path = os.pathsep.join([str(CHECKOUT / "layers" / "core" / "python"), str(CHECKOUT)])
    runs = [
        subprocess.Popen(command, cwd=CHECKOUT, env={**os.environ, "PYTHONPATH": path, **environment}, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for environment in ENVIRONMENTS
    ]
    for environment, run in zip(ENVIRONMENTS, runs, strict=True):
        out, complaint = run.communicate(timeout=300)
        assert run.returncode == 0, complaint.decode()[-2000:]
        assert not differences({case: here[case] for case in TELLING}, json.loads(out)), environment


@pytest.mark.parametrize("seed", [1, 2])
def test_any_order_of_rows(seed: int, tmp_path: Path, platform: Platform) -> None:
    with HARBORLIGHT.open(encoding="utf-8", newline="") as file:
        heading, *rows = csv.reader(file)
    documents = []
    for shuffled in (rows, random.Random(seed).sample(rows, len(rows))):  # noqa: S311 - an order of rows
        path = tmp_path / "lines.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([heading, *shuffled])
        scan = scan_files([path], platform.reference, NOW, Period(TODAY), target=90, questions=Questions(forecast=True))
        documents.append("".join(pieces_of(document_of(report_of(scan, [path], "zh")))))
    assert documents[0] == documents[1]


def test_differences_name_the_part() -> None:
    assert differences({"a": {"x": "1", "y": "2"}}, {"a": {"x": "1", "y": "3"}, "b": {"z": "4"}}) == ["a: y", "b: z"]
