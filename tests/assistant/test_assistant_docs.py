"""The page on the assistant names every block, tool, fact and violation that there is."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path
from typing import get_args

import pytest

from ecid.assistant import blocks
from ecid.assistant.prose import Kind
from ecid.assistant.toolbox import ARGUMENTS
from tests.assistant.test_tools import EVERY, Fed, supplier

PAGE = (Path(__file__).parents[2] / "docs" / "assistant.md").read_text("utf-8")
_NUMBER, _ANY = r"\d+", r"[A-Za-z0-9_-]+"
_PLACES = {"N": _NUMBER, "K": _NUMBER, "J": _NUMBER, "T": _NUMBER, "C": _NUMBER, "X": _ANY}


def _section(title: str) -> str:
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def _patterns() -> list[re.Pattern[str]]:
    rows = [row for row in _section("Tools").splitlines() if row.startswith("| `") and "(" in row.split("|")[1]]
    names = [name for row in rows for name in re.findall(r"`([a-z_]+(?:\.[A-Za-z0-9_]+)+)`", row)]
    return [re.compile(r"\.".join(_PLACES.get(part, re.escape(part)) for part in name.split("."))) for name in names]


@pytest.mark.parametrize(("name", "arguments"), EVERY, ids=[f"{name}-{number}" for number, (name, _) in enumerate(EVERY)])
def test_every_fact_is_documented(fed: Fed, name: str, arguments: dict[str, object]) -> None:
    patterns = _patterns()
    told = supplier(fed).call(name, arguments).facts
    assert [fact for fact in told if not any(pattern.fullmatch(fact) for pattern in patterns)] == []


def test_every_tool_block_and_violation_is_documented() -> None:
    assert set(re.findall(r"`([a-z_]+)\(", _section("Tools").partition("| tool |")[2])) == set(ARGUMENTS)
    for block in get_args(blocks.Block):
        kind = block.__dataclass_fields__["kind"].default
        (row,) = (row for row in _section("Blocks").splitlines() if row.startswith("| ") and f"`{kind}`" in row.split("|")[1])
        assert {field.name for field in fields(block)} - {"kind"} <= set(re.findall(r"`(\w+)`", row)), kind
    documented = {kind for row in _section("Grounding").splitlines() if row.startswith("| `") for kind in re.findall(r"`(\w+)`", row.split("|")[1])}
    assert documented == set(get_args(Kind))
