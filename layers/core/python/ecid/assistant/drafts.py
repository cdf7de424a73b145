"""An answer before it is filled: prose around slots, and refs to what tools made (docs/assistant.md, "Drafts"). Whoever wrote it is not trusted.

A slot is `{name}` with the name of a fact, or `{say.name}` with a reviewed sentence. Everything else about a draft is checked by `ecid.assistant.grounding`.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ecid.assistant.blocks import ActionKind
from ecid.errors import BadInput

SLOT = re.compile(r"\{([a-z][a-z_]*(?:\.[A-Za-z0-9_-]{1,80}){0,8})\}")
"""A slot; any other brace in a text is none, and is refused."""
SAY = "say."
"""What the name of a reviewed sentence begins with."""
_Text = Annotated[str, Field(min_length=1, max_length=2_000)]
_Cell = Annotated[str, Field(max_length=500)]
_Ref = Annotated[str, Field(pattern=r"^[a-z][a-z_]*(\.[A-Za-z0-9_-]{1,80}){0,8}$", max_length=200)]
_Row = Annotated[tuple[_Cell, ...], Field(min_length=1, max_length=8)]


class BadDraft(BadInput):
    """What a model wrote is no draft. Context: `detail`."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class TextDraft(_Part):
    """A paragraph, or a question to the caller."""

    kind: Literal["paragraph", "question"]
    text: _Text


class ListDraft(_Part):
    """A list."""

    kind: Literal["list"]
    items: Annotated[tuple[_Text, ...], Field(min_length=1, max_length=20)]


class TableDraft(_Part):
    """A table; every row is as long as its head."""

    kind: Literal["table"]
    head: _Row
    rows: Annotated[tuple[_Row, ...], Field(min_length=1, max_length=40)]
    title: _Cell = ""


class RefDraft(_Part):
    """A block that a tool made: `ref` is its name among the result's `parts`, such as `finding.1`, `score` or `plan.90`."""

    kind: Literal["finding", "score_bar", "plan"]
    ref: _Ref


class ActionDraft(_Part):
    """Something to do next; `ref` is the fact that says to what, such as `finding.1.id`. Its label is a reviewed one."""

    kind: Literal["action"]
    action: ActionKind
    ref: _Ref | None = None


BlockDraft = Annotated[TextDraft | ListDraft | TableDraft | RefDraft | ActionDraft, Field(discriminator="kind")]


class DraftAnswer(_Part):
    """An answer: its blocks, and the ids of the records that it rests on."""

    blocks: Annotated[tuple[BlockDraft, ...], Field(min_length=1, max_length=40)]
    citations: Annotated[tuple[Annotated[str, Field(max_length=100)], ...], Field(max_length=20)] = ()


def read_draft(data: Any) -> DraftAnswer:
    """The draft that a model wrote as JSON. Raises BadDraft."""
    try:
        return DraftAnswer.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        raise BadDraft(detail=f"{'.'.join(map(str, first['loc']))[:100]}: {first['msg']}") from None


def texts_of(draft: DraftAnswer) -> tuple[tuple[int, str], ...]:
    """Every text of a draft with the place of its block."""
    found: list[tuple[int, str]] = []
    for place, block in enumerate(draft.blocks):
        if isinstance(block, TextDraft):
            found.append((place, block.text))
        elif isinstance(block, ListDraft):
            found += [(place, item) for item in block.items]
        elif isinstance(block, TableDraft):
            found += [(place, cell) for cell in (block.title, *block.head, *(cell for row in block.rows for cell in row)) if cell]
    return tuple(found)
