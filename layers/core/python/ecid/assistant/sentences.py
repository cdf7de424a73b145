"""Reviewed sentences, which may say what prose may not (`sentences/*.toml`): refusals, hypotheses, verdicts, each only where the facts are such.

A file holds `[say.NAME]` tables of `zh`, `en` and, where it depends on facts, `when`: values by name of a fact.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

from ecid.assistant.results import Fact, Value
from ecid.errors import Language


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence by language, with slots of facts, and what facts have to be for it to be said."""

    text: Mapping[Language, str]
    when: Mapping[str, Value] = field(default_factory=dict)

    def holds(self, facts: Mapping[str, Fact]) -> bool:
        """Whether the facts of the conversation let it be said."""
        return all(name in facts and facts[name].value == value for name, value in self.when.items())


@cache
def sentences() -> Mapping[str, Sentence]:
    """All of them by name. Raises ValueError where a name stands in two files."""
    found: dict[str, Sentence] = {}
    for path in sorted((path for path in files(__package__).joinpath("sentences").iterdir() if path.name.endswith(".toml")), key=lambda path: path.name):
        for name, entry in tomllib.loads(path.read_text("utf-8"))["say"].items():
            if name in found:
                raise ValueError(f"{path.name}: {name}")
            found[name] = Sentence({"zh": entry["zh"], "en": entry["en"]}, entry.get("when", {}))
    return found
