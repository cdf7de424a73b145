"""A scan of files with planted defects: what is found, what is wrongly flagged, and whether the ledger adds up."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance import planted_files
from tests.pack_index import official_home

CASES = ((1, "list_gb18030"), (2, "list_2025"), (3, "own_columns"))


def _program() -> str:
    beside = Path(sys.executable).with_name("ecid")
    found = str(beside) if beside.exists() else shutil.which("ecid")
    if found is None:
        pytest.skip("the program ecid is not installed")
    return found


def _run(home: Path, *arguments: str) -> str:
    done = subprocess.run([_program(), *arguments], env={**os.environ, "ECID_HOME": str(home)}, capture_output=True, encoding="utf-8", timeout=600, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.fixture(scope="session")
def reference() -> Path:
    """The official catalogue, imported once."""
    data = os.environ.get("ECID_DATA_DIR")
    if not data:
        pytest.skip("ECID_DATA_DIR is not set: there is no official catalogue to judge against")
    if not (Path(data) / "cn-catalogue-2025").is_dir():
        pytest.skip("ECID_DATA_DIR holds no catalogue of declaration elements")
    return official_home(Path(data))


@pytest.fixture(scope="session", params=CASES, ids=lambda case: f"{case[1]}-{case[0]}")
def marks(request: pytest.FixtureRequest, reference: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    seed, form = request.param
    planted = planted_files.build(seed, form)
    file = tmp_path_factory.mktemp(form) / "declarations.csv"
    file.write_bytes(planted.content)
    scan = json.loads(_run(reference, "scan", str(file), "--json", "--as-of", "2025-12-31"))
    assert scan["lines"]["judged"] == len(planted.truth), scan["rejected_rows"]
    assert scan["rejected_rows"] == []
    assert scan["reading"]["totals_rows"] == 1
    return {"form": form, **planted_files.evaluate(scan, planted.truth)}


def _told(entries: list[dict[str, Any]]) -> str:
    return "\n".join(f"{entry['planted']} {entry['line_id']} {entry['content']} ({entry['note']}) {entry['rules']}" for entry in entries)


def test_planted_defects_are_found(marks: dict[str, Any]) -> None:
    assert marks["recall"] >= 0.95, _told(marks["missed"])


@pytest.mark.parametrize("kind", [
    "BRAND_MISMATCH", "CHECK_DIGIT", "CODE_NOT_IN_FORCE", "CODE_UNKNOWN", "ELEMENT_BAD_CODE", "ELEMENT_CONTRADICTS",
    "ELEMENT_EMPTY_TALK", "ELEMENT_MISSING", "ELEMENT_NO_UNIT", "PRICE_OUTLIER", "SAME_GOODS_SPLIT", "UNIT_MISMATCH", "UNIT_WEIGHT_IMPLAUSIBLE",
])  # fmt: skip
def test_every_kind_is_found(marks: dict[str, Any], kind: str) -> None:
    if marks["form"] == "list_2025" and kind.startswith("UNIT_"):
        assert kind not in marks["planted_per_kind"]  # a list without legal quantities
        return
    assert marks["planted_per_kind"][kind] >= 25
    assert marks["recall_per_kind"][kind] >= 0.9, _told([entry for entry in marks["missed"] if entry["planted"] == kind])


def test_clean_lines_are_left_alone(marks: dict[str, Any]) -> None:
    assert marks["clean_flagged_share"] <= 0.01, _told(marks["false_alarms"])
    assert marks["strange_lines"] == []


def test_points_add_up(marks: dict[str, Any]) -> None:
    assert marks["ledger_holds"]


def test_generator_is_deterministic_and_honest() -> None:
    for seed, form in CASES:
        first, second = planted_files.build(seed, form), planted_files.build(seed, form)
        assert first.content == second.content
        assert first.truth == second.truth
        assert len({entry["line_id"] for entry in first.truth}) == len(first.truth)
    goods = planted_files.products()
    assert len(goods) >= 60
    assert len({product.code[:8] for product in goods.values()}) >= 60
    assert len({product.code[:2] for product in goods.values()}) >= 25
    for product in goods.values():
        for label, value in product.elements:
            assert not value or "CAS" not in label or planted_files.cas_valid(value), product
            assert not value or "GTIN" not in label or planted_files.gtin_digit(value[:-1]) == int(value[-1]), product
