"""Other words for what records say: read from the pack, put into the index, and apart from the questions that measure it."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from ecid.errors import UnreadableFile
from ecid.knowledge.pack_records import read_records
from ecid.knowledge.retrieval.passages import LANGUAGES, passages
from ecid.knowledge.retrieval.wordings import FOLDER, worded
from tests.knowledge.retrieval.small_corpus import PACK, corpus

ROOT = PACK.parent
ASKED = tomllib.loads((PACK / FOLDER / "asked.toml").read_text("utf-8"))
GLOSSES = tomllib.loads((PACK / FOLDER / "decisions.toml").read_text("utf-8"))


def plain(text: str) -> str:
    return re.sub(r"\W+", "", text.lower())


def examples() -> Iterator[str]:
    """Every example that the judgement of scope learns from, and every wording."""
    for path in (ROOT / "tools/scope").glob("*.txt"):
        for line in path.read_text("utf-8").splitlines():
            yield from line.removeprefix("words:").split(",") if line.startswith("words:") else [line]
    for wordings in ASKED.values():
        for lang in LANGUAGES:
            yield from wordings[lang]


def test_wordings_are_of_records_in_both_languages() -> None:
    assert set(ASKED) <= {record.id for record in read_records(PACK)}
    assert all(wordings.keys() == set(LANGUAGES) and all(wordings.values()) for wordings in ASKED.values())
    assert all(re.fullmatch(r"[WJZ]\d{4}-\d+", number) and gloss.isascii() for number, gloss in GLOSSES.items())


def test_no_question_that_measures_search_was_learnt_from() -> None:
    questions = [json.loads(line) for name in ("questions", "questions_unseen") for line in (PACK / f"evaluation/{name}.jsonl").read_text("utf-8").splitlines()]
    assert {plain(question["text"]) for question in questions} & {plain(example) for example in examples()} == set()


def test_a_wording_is_a_passage_of_its_own() -> None:
    record = next(record for record in worded(corpus(), PACK) if record.id == "proc-retention")
    for lang in LANGUAGES:
        assert passages(record, lang)[-1].split("\n")[1:] == ASKED["proc-retention"][lang]


def test_a_decision_without_english_gets_its_gloss(tmp_path: Path) -> None:
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / "decisions.toml").write_text('"Z2023-0003" = "Household box"\n', "utf-8")
    titles = {record.id: record.title.get("en") for record in worded(corpus(), tmp_path)}
    assert titles["decision-Z2023-0003"] == "Household box"
    assert titles["decision-J2020-0002"] is None


def test_a_pack_may_lack_wordings_but_not_hold_broken_ones(tmp_path: Path) -> None:
    assert list(worded(corpus(), tmp_path)) == corpus()
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / "asked.toml").write_text("= broken", "utf-8")
    with pytest.raises(UnreadableFile, match="asked"):
        list(worded(corpus(), tmp_path))
