"""The planner as a chat model under LangChain's own agent."""

from __future__ import annotations

from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage

from ecid.assistant.caller import Caller
from ecid.assistant.drafts import read_draft
from ecid.assistant.grounding import check
from ecid.assistant.langchain_tools import langchain_tools
from ecid.assistant.planner.model import ANSWER, PlannerModel, result_of
from ecid.assistant.results import to_json
from ecid.services.assistant_tools import toolbox
from tests.assistant.sample_sources import HARBORLIGHT, SampleSources

SUPPLIER = Caller.supplier("s", HARBORLIGHT)


def agent(sources: SampleSources, caller: Caller) -> Any:
    return create_agent(PlannerModel(caller=caller, lang="en", domain="harborlight.example"), langchain_tools(toolbox(sources, caller, "en"), "en"))


def said(messages: list[BaseMessage]) -> list[tuple[str | None, list[Any]]]:
    return [(message.id, message.tool_calls) for message in messages if isinstance(message, AIMessage)]


def test_the_agent_ends_with_a_grounded_answer_and_goes_on_from_it(fed: tuple[SampleSources, dict[str, str]]) -> None:
    running = agent(fed[0], SUPPLIER)
    messages: list[BaseMessage] = []
    for question, wanted in (("why is my score 82?", "finding.1"), ("and the second one?", "finding.2")):
        messages = running.invoke({"messages": [*messages, HumanMessage(question)]})["messages"]
        assert isinstance(messages[-1], ToolMessage)
        assert messages[-1].name == ANSWER
        draft = read_draft(messages[-1].artifact)
        results = [result for message in messages if isinstance(message, ToolMessage) and (result := result_of(message))]
        assert check(draft, results, "en") == ()
        assert wanted in str(draft)


def test_the_same_conversation_gives_the_same_messages(fed: tuple[SampleSources, dict[str, str]]) -> None:
    first, again = (agent(fed[0], SUPPLIER).invoke({"messages": [HumanMessage("how do I get to 90?")]})["messages"] for _ in range(2))
    assert said(first) == said(again)
    assert len({name for name, _ in said(first)}) == len(said(first))


def test_streamed_messages_are_the_invoked_ones(fed: tuple[SampleSources, dict[str, str]]) -> None:
    model = PlannerModel(caller=SUPPLIER, lang="en")
    question = [HumanMessage("what decides between 8539 and 9405?")]
    whole = model.invoke(question)
    parts = list(model.stream(question))
    joined = parts[0]
    for part in parts[1:]:
        joined += part
    assert joined.tool_calls == whole.tool_calls
    assert joined.id == whole.id


def test_it_calls_only_tools_that_are_bound() -> None:
    bound = PlannerModel(caller=SUPPLIER, lang="en").bind_tools([{"name": ANSWER}])
    assert [call["name"] for call in bound.invoke([HumanMessage("why is my score 82?")]).tool_calls] == [ANSWER]


def test_results_kept_as_json_are_read_again(fed: tuple[SampleSources, dict[str, str]]) -> None:
    result = toolbox(fed[0], SUPPLIER, "en").call("explain_score", {})
    kept = ToolMessage("…", tool_call_id="1", artifact=to_json(result))
    assert result_of(kept) == result
    assert result_of(ToolMessage("…", tool_call_id="1", artifact={"tool": 1})) is None
    assert result_of(ToolMessage("…", tool_call_id="1")) is None


def test_without_a_question_there_is_no_answer() -> None:
    with pytest.raises(ValueError, match="no question"):
        PlannerModel(caller=SUPPLIER).next_message([])
