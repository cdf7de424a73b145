"""`ecid candidates` as typed, on a pack of three terms and the index that `ecid knowledge build` makes of it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from click.testing import CliRunner, Result

from ecid.bootstrap import Platform
from ecid.cli.candidates import candidates_command
from ecid.cli.remote import ServerUnavailable
from ecid.errors import BadInput, UnreadableFile
from ecid.settings import Settings
from tests.answering import answering

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


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("candidates")
    (folder / "pack" / "glossary").mkdir(parents=True)
    (folder / "pack" / "glossary" / "ch85.toml").write_text(TERMS, "utf-8")
    made = Settings(home=folder / "home", pack_dir=folder / "pack")
    Platform(made).make_index()
    return made


def _run(settings: Settings, *arguments: str) -> Result:
    return CliRunner().invoke(candidates_command, arguments, obj=Platform(settings))


def test_a_description_as_json(settings: Settings) -> None:
    result = _run(settings, "充电宝；用途：手机充电", "--json", "--top", "2", "--declared", "8504.40")
    found = json.loads(result.stdout)
    assert set(found) == {"name", "decided", "candidates", "suspicion", "versions"}
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
    assert len(first["candidates"]) == 3
    assert set(first) == {"id", "candidates"}
    assert (first["id"], first["candidates"][0]["code"]) == ("a", "850760")
    assert (second["id"], second["candidates"][0]["code"]) == (7, "420222")
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
        b'{"id": true, "text": "x"}\n',
        b'{"id": ["a"], "text": "x"}\n',
        b"\xff\xfe",
    ],
)
def test_queries_that_cannot_be_read_are_refused(settings: Settings, tmp_path: Path, content: bytes) -> None:
    queries, out = tmp_path / "queries.jsonl", tmp_path / "predictions.jsonl"
    queries.write_bytes(content)
    assert isinstance(_run(settings, "--file", str(queries), "--out", str(out)).exception, BadInput)
    assert not out.exists()


def test_a_place_that_is_not_there_is_said_before_the_work(settings: Settings, tmp_path: Path) -> None:
    result = _run(settings, "--file", __file__, "--out", str(tmp_path / "nowhere" / "out.jsonl"))
    assert result.exit_code == 2
    assert "nowhere" in result.output


def test_a_file_with_less_of_each(settings: Settings, tmp_path: Path) -> None:
    queries, out = tmp_path / "queries.jsonl", tmp_path / "predictions.jsonl"
    queries.write_text(json.dumps({"id": "a", "text": "充电宝"}), "utf-8")
    assert _run(settings, "--file", str(queries), "--out", str(out), "--top", "1").exit_code == 0
    assert len(json.loads(out.read_text("utf-8"))["candidates"]) == 1


def test_of_a_server(settings: Settings) -> None:
    document = _run(settings, "充电宝", "--json", "--declared", "8504").stdout
    with answering(document) as (url, asked):
        arguments = ("充电宝", "--server", url, "--declared", "8504", "--top", "3", "--as-of", "2025-05-01", "--lang", "zh")
        shown, told = _run(settings, *arguments), _run(settings, *arguments, "--json")
    assert parse_qs(urlsplit(asked[0]).query) == {"text": ["充电宝"], "declared": ["8504"], "top": ["3"], "as_of": ["2025-05-01"], "lang": ["zh"]}
    assert urlsplit(asked[0]).path == "/v1/candidates"
    assert "8507.60" in shown.stdout
    assert "8504" in shown.stdout
    assert json.loads(told.stdout) == json.loads(document)


def test_a_server_of_another_version(settings: Settings) -> None:
    with answering(json.dumps({"name": "x", "decided": True, "candidates": [{"code": "850760"}]})) as (url, _):
        assert isinstance(_run(settings, "充电宝", "--server", url).exception, ServerUnavailable)
        assert _run(settings, "充电宝", "--server", url, "--json").exit_code == 0


def test_what_a_server_says_does_not_steer_the_terminal(settings: Settings) -> None:
    document = json.loads(_run(settings, "充电宝", "--json").stdout)
    document["candidates"][0]["titles"] = {"zh": "锂\x1b[31m电池 [bold]x", "en": "\x1b[2Jlithium"}
    with answering(json.dumps(document)) as (url, _):
        shown = _run(settings, "充电宝", "--server", url, "--lang", "zh").stdout
    assert "\x1b" not in shown
    assert "[bold]" in shown


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_without_an_index(settings: Settings, tmp_path: Path, lang: str) -> None:
    error = _run(Settings(home=tmp_path, pack_dir=settings.pack_dir), "充电宝", "--lang", lang).exception
    assert isinstance(error, UnreadableFile)
    assert "ecid knowledge build" in error.sentence("zh" if lang == "zh" else "en")


def test_it_is_built_with_that_of_clauses_and_again_when_damaged(settings: Settings, tmp_path: Path) -> None:
    home = shutil.copytree(settings.home, tmp_path / "home")
    moved = Platform(Settings(home=home, pack_dir=settings.pack_dir))
    files = [name for name in moved.make_index().files if name.startswith("candidates/")]
    assert "candidates/periods.json" in files
    for name in files:
        before = (home / "index" / name).read_bytes()
        (home / "index" / name).write_bytes(b"damaged")
        moved.make_index()
        assert (home / "index" / name).read_bytes() == before


@pytest.mark.parametrize("arguments", [(), ("text", "--out", "x"), ("--file", __file__), ("--file", __file__, "--out", "x", "--declared", "8507")])
def test_what_makes_no_question_is_refused(settings: Settings, arguments: tuple[str, ...]) -> None:
    assert _run(settings, *arguments).exit_code == 2
