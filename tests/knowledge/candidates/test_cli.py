"""`ecid candidates` as typed, on the reviewed pack alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ecid.bootstrap import Platform
from ecid.cli.candidates import candidates_command
from ecid.errors import BadInput
from ecid.settings import Settings

TERMS = """[[term]]
hs = "850760"
zh = ["充电宝", "锂离子电池"]
en = ["power bank", "lithium-ion battery"]

[[term]]
hs = "850440"
zh = ["充电器"]
en = ["charger"]

[[term]]
hs = "420222"
zh = ["帆布手提包"]
en = ["canvas handbag"]
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    pack = tmp_path / "pack"
    (pack / "glossary").mkdir(parents=True)
    (pack / "glossary" / "ch85.toml").write_text(TERMS, "utf-8")
    return Settings(home=tmp_path / "home", pack_dir=pack)


def _run(settings: Settings, *arguments: str) -> Result:
    return CliRunner().invoke(candidates_command, arguments, obj=Platform(settings))


def test_a_description_as_json(settings: Settings) -> None:
    result = _run(settings, "充电宝；用途：手机充电", "--json", "--top", "2", "--declared", "8504.40")
    found = json.loads(result.stdout)
    assert set(found) == {"name", "decided", "candidates", "suspicion"}
    assert [one["code"] for one in found["candidates"]] == ["850760", "850440"]
    assert set(found["candidates"][0]) == {"code", "score", "heading_score", "titles", "evidence"}
    assert found["candidates"][0]["evidence"][0]["speaks"] == "for"
    assert found["suspicion"] > 0.5


@pytest.mark.parametrize(("lang", "word"), [("zh", "把握"), ("en", "Confidence")])
def test_a_description_for_people(settings: Settings, lang: str, word: str) -> None:
    result = _run(settings, "power bank", "--lang", lang, "--declared", "420222")
    assert result.exit_code == 0
    assert word in result.stdout
    assert "8507.60" in result.stdout
    assert "420222" in result.stdout


def test_a_file_of_queries(settings: Settings, tmp_path: Path) -> None:
    queries, out = tmp_path / "queries.jsonl", tmp_path / "predictions.jsonl"
    rows = [{"id": "a", "text": "充电宝", "lang": "zh"}, {"id": 7, "text": "canvas handbag", "declared": "850760"}]
    queries.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    assert _run(settings, "--file", str(queries), "--out", str(out)).exit_code == 0
    first, second = (json.loads(line) for line in out.read_text("utf-8").splitlines())
    assert set(first) == {"id", "candidates"}
    assert (first["id"], first["candidates"][0]["code"]) == ("a", "850760")
    assert (second["id"], second["candidates"][0]["code"]) == ("7", "420222")
    assert second["suspicion"] > 0.5
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.parametrize(
    "content",
    [
        b"not json\n",
        b"[1]\n",
        b'{"id": "a"}\n',
        b'{"id": "a", "text": 3}\n',
        b'{"id": "a", "text": "x", "lang": "fr"}\n',
        b'{"id": "a", "text": "x", "declared": "85"}\n',
        b"\xff\xfe",
    ],
)
def test_queries_that_cannot_be_read_are_refused(settings: Settings, tmp_path: Path, content: bytes) -> None:
    queries, out = tmp_path / "queries.jsonl", tmp_path / "predictions.jsonl"
    queries.write_bytes(content)
    assert isinstance(_run(settings, "--file", str(queries), "--out", str(out)).exception, BadInput)
    assert not out.exists()


@pytest.mark.parametrize("arguments", [(), ("text", "--out", "x"), ("--file", __file__)])
def test_what_makes_no_question_is_refused(settings: Settings, arguments: tuple[str, ...]) -> None:
    assert _run(settings, *arguments).exit_code == 2
