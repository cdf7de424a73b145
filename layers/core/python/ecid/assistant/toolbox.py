"""The tools that a caller has: what each is called, takes and gives (docs/assistant.md, "Tools"). Implemented in `ecid.services.assistant_tools`.

Nothing here knows of language models; what they are told of a tool is reviewed data (`toolbox.toml`).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field

from ecid.assistant.results import ToolResult
from ecid.knowledge.records import Kind

Topic = Literal["dimensions", "window", "cap", "bands", "sufficiency", "all"]
_Name = Annotated[str, Field(min_length=1, max_length=40)]
_Code = Annotated[str, Field(min_length=2, max_length=40)]


class _Arguments(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True, hide_input_in_errors=True)


class Nothing(_Arguments):
    """No argument."""


class RecordOf(_Arguments):
    """A domain, and the buyer's market."""

    domain: Annotated[str, Field(min_length=1, max_length=500)]
    market: Annotated[str, Field(max_length=60)] | None = None


class FindingOf(_Arguments):
    """A finding by number or id."""

    finding: _Name


class Corrected(_Arguments):
    """Findings or causes."""

    findings: Annotated[tuple[_Name, ...], Field(min_length=1, max_length=100)]


class Target(_Arguments):
    """Points to reach."""

    target: Annotated[int, Field(ge=1, le=100)]


class Between(_Arguments):
    """Two days."""

    since: date | None = None
    until: date | None = None


class Last(_Arguments):
    """So many results."""

    count: Annotated[int, Field(ge=1, le=30)] = 12


class ClausesAbout(_Arguments):
    """A search."""

    query: Annotated[str, Field(max_length=500)] = ""
    code: _Code | None = None
    as_of: date | None = None
    kind: Kind | None = None


class ClauseOf(_Arguments):
    """A record by its id."""

    id: Annotated[str, Field(min_length=1, max_length=100)]
    as_of: date | None = None


class CodeOn(_Arguments):
    """A code on a day."""

    code: _Code
    as_of: date | None = None


class Goods(_Arguments):
    """Goods as described, and the code declared for them."""

    text: Annotated[str, Field(min_length=1, max_length=2_000)]
    declared: _Code | None = None


class About(_Arguments):
    """A part of the method."""

    topic: Topic = "all"


ARGUMENTS: Mapping[str, type[_Arguments]] = {
    "get_record": RecordOf,
    "explain_score": Nothing,
    "get_finding": FindingOf,
    "simulate": Corrected,
    "plan": Target,
    "forecast": Nothing,
    "compare": Between,
    "trend": Last,
    "misclassified": Nothing,
    "search_clauses": ClausesAbout,
    "get_clause": ClauseOf,
    "get_tariff_line": CodeOn,
    "find_candidates": Goods,
    "score_method": About,
}
"""Every tool that there is, in the order in which a model sees them."""
OF_THE_LEDGER = frozenset({"explain_score", "get_finding", "simulate", "plan", "forecast", "compare", "trend", "misclassified"})
"""Those that read the ledger of the caller's enterprise: whoever may not see it has none of them."""


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool as a caller has it: `description` is what a model is told, `schema` the JSON Schema of its arguments with a word on each."""

    name: str
    description: str
    arguments: type[BaseModel]

    @property
    def schema(self) -> dict[str, Any]:
        """JSON Schema of the arguments."""
        return dict(_schema(self.name))


class Toolbox(Protocol):
    """The tools of one caller in one conversation."""

    @property
    def tools(self) -> tuple[Tool, ...]:
        """Those that this caller has."""

    def call(self, name: str, arguments: Mapping[str, Any]) -> ToolResult:
        """The result of a call; never raises. A tool that the caller lacks, or arguments that cannot be used: `refused`; nothing of that name for this
        caller: `nothing`; a source that cannot be asked: `failed`."""


def tool(name: str) -> Tool:
    """A tool by its name. Raises KeyError."""
    return Tool(name, _data()[name]["about"], ARGUMENTS[name])


@cache
def _schema(name: str) -> Mapping[str, Any]:
    """The schema of a tool's arguments: the same for every caller, and dear to make."""
    told = ARGUMENTS[name].model_json_schema()
    words: Mapping[str, str] = _data()[name]["arguments"]
    return told | {"properties": {key: shape | {"description": words[key]} for key, shape in told.get("properties", {}).items()}}


@cache
def _data() -> dict[str, Any]:
    told: dict[str, Any] = tomllib.loads(files(__package__).joinpath("toolbox.toml").read_text("utf-8"))["tool"]
    return told
