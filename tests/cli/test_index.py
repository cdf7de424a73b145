"""Before a command scores it makes the index, once, and says so; where it cannot, it says why and scores without dimensions 4 and 9."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from ecid import bootstrap
from ecid.cli import main as cli
from tests.small_home import copy_pack

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "knowledge" / "samples" / "harborlight" / "declarations.csv"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The state directory of an installation with a small pack, and without an index."""
    copy_pack(tmp_path / "pack")
    monkeypatch.setenv("ECID_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ECID_PACK_DIR", str(tmp_path / "pack"))
    monkeypatch.delenv("ECID_DATA_DIR", raising=False)
    return tmp_path / "home"


def scan(lang: str = "en") -> tuple[Result, dict[int, str]]:
    """The result of the command, and the state of each dimension."""
    bootstrap.platform.cache_clear()
    done = CliRunner().invoke(cli.program, ["scan", str(SAMPLE), "--json", "--as-of", "2026-11-23", "--lang", lang])
    bootstrap.platform.cache_clear()
    assert done.exit_code == 0, done.output
    document: dict[str, Any] = json.loads(done.stdout)
    return done, {entry["dimension"]: entry["state"] for entry in document["dimensions"]}


def test_a_file_that_is_refused_makes_no_index(home: Path, tmp_path: Path) -> None:
    refused = tmp_path / "refused.csv"
    refused.write_bytes(b"%PDF-1.7 no table")
    bootstrap.platform.cache_clear()
    for command in ("scan", "check"):
        done = CliRunner().invoke(cli.program, [command, str(refused), "--lang", "en"])
        assert done.exit_code != 0
        assert "Preparing" not in done.stderr
    bootstrap.platform.cache_clear()
    assert not (home / "index").exists()


def test_the_index_is_made_once(home: Path) -> None:
    first, states = scan()
    assert "Preparing the search index" in first.stderr
    assert (states[4], states[9]) == ("judged", "judged")
    made = (home / "index" / "manifest.json").stat().st_mtime_ns
    again, _ = scan()
    assert again.stderr == ""
    assert again.stdout == first.stdout
    assert (home / "index" / "manifest.json").stat().st_mtime_ns == made


@pytest.mark.parametrize(("lang", "words"), [("zh", "第4、第9维度不评"), ("en", "dimensions 4 and 9 are not judged")])
def test_where_it_cannot_be_made_the_reason_is_told(lang: str, words: str, home: Path) -> None:
    home.mkdir()
    (home / "index.lock").mkdir()  # what no file can be opened as
    done, states = scan(lang)
    assert words in done.stderr
    assert "index.lock" in done.stderr
    assert (states[4], states[9]) == ("reference_missing", "reference_missing")


def test_who_scores_nothing_opens_no_index(home: Path) -> None:
    """In a process of its own: neither the page nor the tariff waits for what the score needs."""
    program = """
import sys
from ecid.cli.main import main
try:
    main()
except SystemExit:
    pass
print([name for name in ("ecid.services.place_goods", "ecid.adapters.index_sources", "ecid.knowledge.candidates.index_files") if name in sys.modules])
"""
    for arguments in (["tariff", "85076000", "--as-of", "2025-05-01"], ["verify", "nobody.example", "--server", "http://127.0.0.1:9"]):
        done = subprocess.run([sys.executable, "-c", program, *arguments], env=dict(os.environ), capture_output=True, text=True, check=False, timeout=60)
        assert done.stdout.splitlines()[-1] == "[]", done.stderr
    assert not (home / "index").exists()
