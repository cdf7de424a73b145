"""`ecid clauses` and `ecid tariff` as typed, on a pack of three files and the index that `ecid knowledge build` makes of it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from ecid.bootstrap import Platform
from ecid.cli.clauses import clauses_command, tariff_command
from ecid.cli.knowledge import knowledge_group
from ecid.errors import BadInput, UnreadableFile
from ecid.settings import Settings
from tests.knowledge.retrieval.small_corpus import PACK


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home with an index."""
    pack = tmp_path_factory.mktemp("pack")
    (pack / "tariff").mkdir()
    for name in ("gri.toml", "confusions.toml", "tariff/85.toml"):
        shutil.copy(PACK / name, pack / name)
    made = Settings(home=tmp_path_factory.mktemp("home"), pack_dir=pack)
    assert CliRunner().invoke(knowledge_group, ["build", "--lang", "en"], obj=Platform(made), catch_exceptions=False).exit_code == 0
    return made


def _run(settings: Settings, command: click.Command, *arguments: str) -> Result:
    return CliRunner().invoke(command, arguments, obj=Platform(settings), catch_exceptions=False)


def _json(settings: Settings, command: click.Command, *arguments: str) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(_run(settings, command, *arguments, "--json").stdout)
    return answer


def test_clauses_as_json(settings: Settings) -> None:
    answer = _json(settings, clauses_command, "锂离子蓄电池 充电宝", "--code", "8507")
    assert {"id", "kind", "code", "title", "text", "valid_from", "valid_to", "score"} <= answer["results"][0].keys()
    assert any(result["code"] == "85076000" for result in answer["results"])
    scores = [result["score"] for result in answer["results"]]
    assert answer["ranked_by"] == "words_and_vectors"
    assert scores[0] > 0


def test_clauses_for_people(settings: Settings) -> None:
    shown = _run(settings, clauses_command, "power bank", "--lang", "en", "--top", "3").stdout
    assert "Power banks and chargers" in shown
    assert "2022-01-01 – still" in shown


def test_a_day_before_everything(settings: Settings) -> None:
    assert _json(settings, clauses_command, "充电宝", "--kind", "line", "--as-of", "1991-01-01")["results"] == []


def test_what_is_not_answered_says_so(settings: Settings) -> None:
    result = _run(settings, clauses_command, "weather in Qingdao tomorrow", "--lang", "en")
    assert result.exit_code == 0
    assert result.stdout.strip() == "The weather is not among the sources."


@pytest.mark.parametrize("arguments", [["--kind", "nonsense", "x"], ["--top", "0", "x"], ["--as-of", "yesterday", "x"]])
def test_senseless_options(settings: Settings, arguments: list[str]) -> None:
    assert _run(settings, clauses_command, *arguments).exit_code == 2


def test_an_empty_question(settings: Settings) -> None:
    with pytest.raises(BadInput):
        _run(settings, clauses_command, "")


def test_without_an_index(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="ecid knowledge build"):
        _run(Settings(home=tmp_path), clauses_command, "充电宝")


def test_damaged_vectors_leave_the_words(settings: Settings, tmp_path: Path) -> None:
    home = shutil.copytree(settings.home, tmp_path / "home")
    (home / "index" / "vectors" / "chroma.sqlite3").write_bytes(b"no database")
    answer = _json(Settings(home=home, pack_dir=settings.pack_dir), clauses_command, "充电宝")
    assert answer["ranked_by"] == "words"
    assert answer["results"]


def test_building_again_keeps_what_is_the_same(settings: Settings) -> None:
    manifest = settings.home / "index" / "manifest.json"
    before = manifest.stat().st_mtime_ns
    assert _run(settings, knowledge_group, "build").exit_code == 0
    assert manifest.stat().st_mtime_ns == before


def test_tariff(settings: Settings) -> None:
    answer = _json(settings, tariff_command, "8507.6000", "--as-of", "2025-05-01")
    assert (answer["code"], answer["state"], answer["substituted"]) == ("85076000", "valid", False)
    assert answer["line"]["elements"][0]["label"] == "用途"
    assert "85076000" in _run(settings, tariff_command, "85076000", "--lang", "zh").stdout


def test_tariff_of_no_code(settings: Settings) -> None:
    with pytest.raises(BadInput):
        _run(settings, tariff_command, "8507")
