"""A chat model at work on one question, be it the planner or a language model: LangChain's agent with the tools of a caller, up to the draft handed in."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from langchain.agents import create_agent
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langchain_core.outputs import ChatGenerationChunk, GenerationChunk, LLMResult
from langchain_core.runnables import RunnableConfig
from langgraph.errors import GraphRecursionError
from langsmith.run_helpers import tracing_context

from ecid.assistant.conversation import Said
from ecid.assistant.langchain_tools import ANSWER, langchain_tools
from ecid.assistant.planner.model import result_of
from ecid.assistant.results import ToolResult
from ecid.assistant.toolbox import Tool, Toolbox
from ecid.assistant.watch import Overrun, Watch
from ecid.errors import Language

ChatModel = BaseChatModel
Message = BaseMessage
logging.getLogger("langchain_core.callbacks.manager").addFilter(lambda record: "_Listener" not in record.getMessage())
"""What the listener raises ends a stream on purpose; it is no error for the log."""
_ROUNDS = 16
"""Of asking the model: those that call a tool, and as many again as calls of tools that there are not."""
_NOT_RUN = "not run"
_FAULTS_TOLD = 20


@dataclass(frozen=True, slots=True)
class Found:
    """What a model came to: the `draft` that it handed in as it stands, None where it handed in none; the results of its tools in the order of its calls; the
    messages it may go on from; and what the planner understood."""

    draft: Any
    results: tuple[ToolResult, ...]
    messages: tuple[BaseMessage, ...]
    understood: Mapping[str, Any]


def messages_of(memory: Sequence[Said], question: str) -> tuple[BaseMessage, ...]:
    """A conversation as a model reads it: earlier questions with the beginning of their answers, and the question. No result of an earlier turn is handed on:
    a figure that is told now is asked for now."""
    earlier = [message for said in memory for message in (HumanMessage(said.question), AIMessage(said.answer))]
    return (*earlier, HumanMessage(question))


def to_repair(found: Found, faults: Sequence[str]) -> tuple[BaseMessage, ...]:
    """What a model is told of a draft that cannot be taken."""
    told = "\n".join(f"- {fault}" for fault in faults[:_FAULTS_TOLD])
    return (*found.messages, HumanMessage(f"That draft cannot be taken:\n{told}\nHand in one without these with the tool `{ANSWER}`."))


def run(model: BaseChatModel, toolbox: Toolbox, lang: Language, messages: Sequence[BaseMessage], watch: Watch[Any], system: str | None = None) -> Found:
    """Let a model work until it hands in a draft, or says something else. Raises Stopped and Overrun of the watch, and whatever the model raises."""
    graph = create_agent(model, langchain_tools(_Watched(toolbox, watch), lang), system_prompt=system)
    said: list[BaseMessage] = []
    given: Any = {"messages": list(messages)}
    listener = _Listener(watch)
    config: RunnableConfig = {"recursion_limit": 2 * _ROUNDS, "callbacks": [listener]}
    with tracing_context(enabled=False):
        asked = graph.stream(given, config, stream_mode=["updates"] if system is None else ["updates", "messages"])
        try:
            for message in _messages(asked):
                said.append(message)
                listener.handed_in |= isinstance(message, ToolMessage) and message.name == ANSWER
        except GraphRecursionError as error:
            raise Overrun from error
        except _HandedIn:
            pass
    return _found(said, messages)


def _messages(stream: Iterator[Any]) -> Iterator[BaseMessage]:
    """The messages that the agent adds, whole."""
    for mode, update in stream:
        if mode == "updates":
            for told in update.values():
                yield from (told or {}).get("messages", ())


def _found(said: Sequence[BaseMessage], before: Sequence[BaseMessage]) -> Found:
    tools = [message for message in said if isinstance(message, ToolMessage)]
    draft = next((message.artifact for message in tools if message.name == ANSWER), None)
    results = tuple(result for message in tools if (result := result_of(message)))
    last = next((message for message in reversed(said) if isinstance(message, AIMessage)), None)
    return Found(draft, results, (*before, *_whole(said)), last.response_metadata if last else {})


def _whole(said: Sequence[BaseMessage]) -> Iterator[BaseMessage]:
    """The messages as a model takes them back: every call with an answer, and nothing said that holds neither words nor calls."""
    answered = {message.tool_call_id for message in said if isinstance(message, ToolMessage)}
    for place, message in enumerate(said):
        if not isinstance(message, AIMessage):
            yield message
        elif message.tool_calls or message.text:
            yield AIMessage(message.text, tool_calls=message.tool_calls)
            if not any(isinstance(later, AIMessage) for later in said[place + 1 :]):
                yield from (ToolMessage(_NOT_RUN, tool_call_id=call["id"] or "") for call in message.tool_calls if call["id"] not in answered)


class _Watched:
    """A toolbox whose every call the watch hears of."""

    def __init__(self, toolbox: Toolbox, watch: Watch[Any]) -> None:
        self._toolbox, self._watch = toolbox, watch

    @property
    def tools(self) -> tuple[Tool, ...]:
        """Those of the toolbox."""
        return self._toolbox.tools

    def call(self, name: str, arguments: Mapping[str, Any]) -> ToolResult:
        """As the toolbox answers. Raises Stopped and Overrun, which end the agent."""
        self._watch.calling(name)
        return self._toolbox.call(name, arguments)


class _HandedIn(Exception):
    """A draft was handed in together with other calls, whose results the agent would ask the model about."""


class _Listener(BaseCallbackHandler):
    """Tells the watch when the model is asked and whenever it says something; what is raised here ends the model's stream."""

    raise_error = True
    run_inline = True

    def __init__(self, watch: Watch[Any]) -> None:
        self._watch = watch
        self.handed_in = False

    def on_chat_model_start(self, serialized: dict[str, Any], messages: list[list[BaseMessage]], *, run_id: UUID, **kwargs: Any) -> None:
        if self.handed_in:
            raise _HandedIn
        self._watch.asked()

    def on_llm_new_token(self, token: str | list[Any], *, chunk: GenerationChunk | ChatGenerationChunk | None = None, run_id: UUID, **kwargs: Any) -> None:
        self._watch.heard(_size(token, chunk))

    def on_llm_end(self, response: LLMResult, *, run_id: UUID, **kwargs: Any) -> None:
        self._watch.answered()


def _size(token: str | list[Any], chunk: GenerationChunk | ChatGenerationChunk | None) -> int:
    calls = getattr(getattr(chunk, "message", None), "tool_call_chunks", ())
    return len(str(token)) + sum(len(call.get("args") or "") for call in calls)
