"""What descriptions say goods are made of, and the like; that the table of it is sound."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ecid.knowledge.candidates.goods import read_goods
from ecid.knowledge.candidates.traits import fitting, load_traits
from ecid.settings import Settings

CASES = yaml.safe_load((Path(__file__).parent / "traits.yaml").read_text("utf-8"))


@pytest.mark.parametrize("case", CASES, ids=[case["text"] for case in CASES])
def test_what_is_said_speaks_for_and_against(case: dict[str, Any]) -> None:
    said = fitting(read_goods(case["text"], case["lang"]))
    assert [code for code in case["for"] if not code.startswith(said.towards)] == []
    assert [code for code in case["against"] if not code.startswith(said.against or ("none",))] == []
    assert [code for code in case["neither"] if code.startswith((*said.towards, *said.against))] == []
    assert [code for code in case["fallback"] if code not in said.fallback] == []


def test_nothing_said_speaks_for_nothing() -> None:
    said = fitting(read_goods("gizmo", "en"))
    assert (said.towards, said.against, said.fallback) == ((), (), ())


def test_the_table_is_sound() -> None:
    for trait in load_traits():
        assert trait.where
        assert all(words and len(set(words)) == len(words) for words in trait.words.values())
        assert all(code.isdigit() and 2 <= len(code) <= 6 for code in (*trait.where, *trait.fallback))
        assert all(len(code) == 4 for code in trait.fallback)
    words = [(trait.group, lang, word) for trait in load_traits() for lang, own in trait.words.items() for word in own]
    assert len(set(words)) == len(words)


def test_every_prefix_is_of_a_heading_of_the_pack() -> None:
    folder = Settings().pack_dir / "glossary"
    headings = {heading for path in folder.glob("ch*.toml") for heading in _headings(path)}
    prefixes = {code[:4] for trait in load_traits() for code in (*trait.where, *trait.fallback)}
    assert [prefix for prefix in prefixes if not any(heading.startswith(prefix) for heading in headings)] == []


def _headings(path: Path) -> set[str]:
    return {line.split('"')[1][:4] for line in path.read_text("utf-8").splitlines() if line.startswith("hs = ")}
