"""The process that parses a workbook finds what its parent has found, wherever that is, and is told no secrets."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from ecid.declarations.readers import Limits, workbook_child
from ecid.declarations.readers.workbook import workbook_rows
from ecid.settings import CHECKOUT
from tests.declarations.xlsx import sheet_xml, write_parts

READS = """
import json, sys
sys.path[:0] = json.loads(sys.argv[2])
from datetime import date
from pathlib import Path
from ecid.declarations.readers import read_file
print(read_file(Path(sys.argv[1]), date(2026, 5, 17)).lines["name"].to_list())
"""


@pytest.fixture
def workbook(tmp_path: Path) -> Path:
    return write_parts(tmp_path / "draft.xlsx", {"草稿": sheet_xml([["商品编码", "商品名称"], ["8507600090", "锂离子电池"]])})


def test_a_function_whose_modules_are_in_folders_of_its_own_reads_workbooks(workbook: Path) -> None:
    """As in Lambda: an interpreter that knows none of them by itself."""
    folders = [str(CHECKOUT / "layers" / "core" / "python"), sysconfig.get_path("purelib")]
    bare = os.path.realpath(sys.executable)
    done = subprocess.run([bare, "-I", "-S", "-B", "-c", READS, workbook, json.dumps(folders)], capture_output=True, encoding="utf-8", check=False, timeout=60)
    assert done.stdout.strip() == "['锂离子电池']", done.stderr


def test_it_is_told_no_secrets(workbook: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spy = tmp_path / "spy.py"
    spy.write_text("import json, os; print(json.dumps(['seen'])); print(json.dumps(['0', '1', *os.environ]))")
    monkeypatch.setattr(workbook_child, "__file__", str(spy))
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "planted")
    with workbook_rows(workbook, "draft", Limits()) as sheets:
        ((_, rows),) = ((sheet, list(rows)) for sheet, rows in sheets)
    (told,) = (cells for _, cells in rows)
    assert told
    assert "PATH" in told
    assert not [name for name in told if name.startswith("AWS")]
