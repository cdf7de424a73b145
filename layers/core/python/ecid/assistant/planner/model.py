"""The planner as a chat model, so that the same agent runs it and a language model (docs/assistant.md). No key, no network, the same answer every time.

It keeps nothing between calls: the conversation is in the messages. Earlier questions are read again to know what was spoken of, a millisecond each.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import LanguageModelInput
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage, ToolMessage
from langchain_core.messages.tool import tool_call, tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from pydantic import ConfigDict, ValidationError

from ecid.assistant.caller import Caller
from ecid.assistant.planner.memory import Asked, Memory
from ecid.assistant.planner.phrasing import draft_of, to_arguments
from ecid.assistant.planner.reading import read
from ecid.assistant.planner.records import intents
from ecid.assistant.planner.steps import Call, next_calls
from ecid.assistant.results import ToolResult, from_json
from ecid.errors import Language

_read = lru_cache(maxsize=1024)(read)
"""A turn reads the questions before it at every call of the model: the same ones, always alike."""
ANSWER = "answer"
"""The tool whose argument is the draft of an answer."""


class PlannerModel(BaseChatModel):
    """Reads the last question, calls tools until nothing is left to ask, then calls `answer`.

    `lang` is that of the conversation, for questions in no language; `domain` the website of the caller's own enterprise, where it is known, for questions such
    as "why does my website say …".
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    caller: Caller
    lang: Language = "zh"
    domain: str | None = None

    @property
    def _llm_type(self) -> str:
        return "ecid-planner"

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """The planner with the names of the tools it may call."""
        return self.bind(tools=sorted(_name(one) for one in tools), **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=self.next_message(messages, kwargs.get("tools")))])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        message = self.next_message(messages, kwargs.get("tools"))
        chunks = [
            tool_call_chunk(name=call["name"], args=json.dumps(call["args"], ensure_ascii=False), id=call["id"], index=place)
            for place, call in enumerate(message.tool_calls)
        ]
        yield ChatGenerationChunk(
            message=AIMessageChunk(content="", id=message.id, tool_call_chunks=chunks, response_metadata=message.response_metadata, chunk_position="last")
        )

    def next_message(self, messages: Sequence[BaseMessage], tools: Sequence[str] | None = None) -> AIMessage:
        """What the planner says next: calls of tools, or of `answer`. `tools`: the names of those bound, None for any."""
        places = [place for place, message in enumerate(messages) if isinstance(message, HumanMessage)]
        asked = self.read(messages)
        turn = messages[places[-1] + 1 :]
        made = [Call(one["name"], one["args"]) for message in turn if isinstance(message, AIMessage) for one in message.tool_calls]
        results = [result for message in turn if isinstance(message, ToolMessage) and (result := result_of(message))]
        calls = [call for call in next_calls(asked, self.caller, results, made) if tools is None or call.tool in tools]
        named = f"{len(places)}-{len(made)}"
        if not calls:
            calls = [Call(ANSWER, to_arguments(draft_of(asked, self.caller, results)))]
        own = [tool_call(name=call.tool, args=dict(call.arguments), id=f"call-{named}-{place}") for place, call in enumerate(calls)]
        return AIMessage(content="", id=f"planner-{named}", tool_calls=own, response_metadata=_understood(asked))

    def read(self, messages: Sequence[BaseMessage]) -> Asked:
        """The last question of a conversation as it is read. Raises ValueError where there is none."""
        questions = [_text(message) for message in messages if isinstance(message, HumanMessage)]
        if not questions:
            raise ValueError("there is no question")
        memory = Memory(own=self.domain)
        for question in questions[:-1]:
            memory = memory.after(_read(question, memory, self.caller, self.lang))
        return _read(questions[-1], memory, self.caller, self.lang)


def _understood(asked: Asked) -> dict[str, Any]:
    """How a question was read: intents, the refusal among them or None, language."""
    refused = next((name for name in asked.intents if intents()[name].kind == "refusal"), None)
    return {"intents": list(asked.intents), "refused": refused, "lang": asked.lang}


def result_of(message: ToolMessage) -> ToolResult | None:
    """What a tool gave back, as its message carries it; None where it carries none (a call that the agent itself turned down)."""
    if isinstance(message.artifact, ToolResult):
        return message.artifact
    try:
        return from_json(message.artifact) if isinstance(message.artifact, Mapping) else None
    except ValidationError:
        return None


def _text(message: BaseMessage) -> str:
    return str(message.text)


def _name(tool: Any) -> str:
    if isinstance(tool, Mapping):
        return str(tool.get("name") or tool.get("function", {}).get("name") or "")
    return str(getattr(tool, "name", getattr(tool, "__name__", "")))
