"""The tools of a caller as LangChain tools, and the tool by which a model hands in its answer.

Arguments pass as they come: the toolbox checks them, so that a model's mistake is a result like any other and not an exception of the agent.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from langchain_core.tools import BaseTool, StructuredTool

from ecid.assistant.drafts import DraftAnswer
from ecid.assistant.results import ToolResult
from ecid.assistant.toolbox import Toolbox
from ecid.errors import Language

ANSWER = "answer"
_ABOUT = (
    "Hand in the answer: its blocks in order, with slots such as {score.shown} wherever a figure, date, code or name stands, "
    "and the ids of the records that it rests on."
)


def langchain_tools(toolbox: Toolbox, lang: Language) -> list[BaseTool]:
    """The tools of a caller and `answer`, which ends the turn. The message of a call carries its `ToolResult` as the artifact."""
    made = [_tool(one.name, one.description, one.schema, _calling(toolbox, one.name, lang)) for one in toolbox.tools]
    return [*made, _tool(ANSWER, _ABOUT, dict(_draft_schema()), _handed_in, last=True)]


@cache
def _draft_schema() -> Mapping[str, Any]:
    return DraftAnswer.model_json_schema()


def _tool(name: str, about: str, schema: dict[str, Any], call: Callable[..., tuple[str, Any]], *, last: bool = False) -> BaseTool:
    return StructuredTool(name=name, description=about, args_schema=schema, func=call, response_format="content_and_artifact", return_direct=last)


def told(result: ToolResult, lang: Language) -> str:
    """A result as a model reads it: state, data, facts as they are shown, blocks that are ready, records that may be cited."""
    said = {
        "state": result.state,
        "reason": result.reason,
        "data": result.data,
        "facts": {name: fact.shown[lang] for name, fact in result.facts.items()},
        "parts": sorted(result.parts),
        "citations": [{"id": one.id, "title": one.title} for one in result.citations],
    }
    return json.dumps({name: value for name, value in said.items() if value}, ensure_ascii=False)


def _calling(toolbox: Toolbox, name: str, lang: Language) -> Callable[..., tuple[str, ToolResult]]:
    def call(**arguments: Any) -> tuple[str, ToolResult]:
        result = toolbox.call(name, arguments)
        return told(result, lang), result

    return call


def _handed_in(**draft: Any) -> tuple[str, dict[str, Any]]:
    return "handed in", draft
