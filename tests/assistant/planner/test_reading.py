"""How questions are read, in conversations of both languages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ecid.assistant.caller import LEDGER, Caller
from ecid.assistant.planner.memory import Memory
from ecid.assistant.planner.reading import read

USCC = "91330282MA2H7K4W68"
CALLERS = {"supplier": Caller.supplier("s", USCC), "buyer": Caller.buyer("b"), "consultant": Caller.consultant("c", USCC, [LEDGER])}
CASES: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "reading.yaml").read_text("utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["turns"][0]["ask"])[:40])
def test_conversations_are_read(case: dict[str, Any]) -> None:
    role = case.get("as", "supplier")
    memory = Memory(own=None if role == "buyer" else "own.example")
    for turn in case["turns"]:
        asked = read(turn["ask"], memory, CALLERS[role], "zh")
        for name, wanted in turn.items():
            if name != "ask":
                found = getattr(asked, name)
                assert (list(found) if isinstance(found, tuple) else found) == wanted, f"{turn['ask']}: {name}"
        memory = memory.after(asked)


def test_there_are_cases_enough() -> None:
    turns = [turn for case in CASES for turn in case["turns"]]
    follows = sum(len(case["turns"]) - 1 for case in CASES)
    chinese = sum(any(char > "\u3400" for char in turn["ask"]) for turn in turns)
    assert len(turns) >= 120
    assert follows >= 40
    assert chinese >= len(turns) * 0.4
