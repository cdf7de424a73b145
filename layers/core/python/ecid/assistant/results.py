"""What a tool gives back: data for a model to read, facts that an answer may use, ready-made blocks, and citations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import TypeAdapter

from ecid.assistant.blocks import Block, Citation
from ecid.errors import Language

Value = str | int | bool | None
Kind = Literal["points", "score", "count", "date", "code", "name", "id", "quote", "text", "share", "number", "state"]
State = Literal["ok", "nothing", "refused", "failed"]
"""`nothing`: there is none, or none that this caller may know of. `refused`: the arguments cannot be used. `failed`: a source could not be asked."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that a tool found: `value` as a program compares it (points in micropoints, dates ISO), `shown` as an answer writes it, by language.

    `quoted` says that the words came from outside (goods names, reasons of the owner, a website): they are data, bounded and printable, and an answer
    sets them in quotation marks.
    """

    value: Value
    shown: Mapping[Language, str]
    kind: Kind
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class ToolResult:
    """The answer of one call. `facts` by dotted name (docs/assistant.md); `parts` are blocks ready to be put into an answer, by the ref that a draft uses and
    language. `reason` is a stable code where `state` is not `ok`."""

    tool: str
    arguments: Mapping[str, Any]
    state: State = "ok"
    reason: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, Fact] = field(default_factory=dict)
    parts: Mapping[str, Mapping[Language, Block]] = field(default_factory=dict)
    citations: tuple[Citation, ...] = ()


_RESULT: TypeAdapter[ToolResult] = TypeAdapter(ToolResult)


def to_json(result: ToolResult) -> dict[str, Any]:
    """A result as a conversation keeps it."""
    told: dict[str, Any] = _RESULT.dump_python(result, mode="json")
    return told


def from_json(data: Mapping[str, Any]) -> ToolResult:
    """What `to_json` wrote. Raises pydantic.ValidationError for other shapes."""
    return _RESULT.validate_python(data)


def facts_of(results: Iterable[ToolResult]) -> dict[str, Fact]:
    """All facts of a conversation by name; of two results that say the same thing the later one counts."""
    return {name: fact for result in results for name, fact in result.facts.items()}


def citations_of(results: Sequence[ToolResult]) -> dict[str, Citation]:
    """All that may be cited, by id of the record; the later result counts."""
    return {one.id: one for result in results for one in result.citations}


def parts_of(results: Iterable[ToolResult], lang: Language) -> dict[str, Block]:
    """All ready-made blocks by ref, in a language."""
    return {ref: told[lang] for result in results for ref, told in result.parts.items()}
