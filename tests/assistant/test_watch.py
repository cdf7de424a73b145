"""What a model at work may take, and a model that fails, on a clock that is set by hand."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import pytest
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGenerationChunk, ChatResult

from ecid.assistant.caller import Caller
from ecid.assistant.planner.model import PlannerModel
from ecid.assistant.status import Status
from ecid.assistant.watch import Failed, Limits, Overrun, Stopped, Watch
from ecid.errors import BadInput, Language
from ecid.services import assistant_turn
from ecid.services.assistant_turn import Answered, Answering, Asked, reason_of
from tests.assistant.sample_sources import HARBORLIGHT, SampleSources

SUPPLIER = Caller.supplier("s", HARBORLIGHT)
GOOD = ("answer", {"blocks": [{"kind": "paragraph", "text": "Your score is {score.shown}."}]})
FREE = ("answer", {"blocks": [{"kind": "paragraph", "text": "Your score is 99."}]})
LEDGER = ("explain_score", {})
Step = str | Exception | Sequence[tuple[str, Any]] | threading.Event


@dataclass
class Clock:
    now: float = 1_000.0

    def __call__(self) -> float:
        return self.now


class Scripted(BaseChatModel):
    """Says one step after the other, the last for ever: words, calls of tools, an error; an event is waited for."""

    steps: list[Any]
    asked: list[list[BaseMessage]]

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
        return self

    def _generate(self, messages: list[BaseMessage], stop: list[str] | None = None, run_manager: Any = None, **kwargs: Any) -> ChatResult:
        raise NotImplementedError

    def _stream(
        self, messages: list[BaseMessage], stop: list[str] | None = None, run_manager: CallbackManagerForLLMRun | None = None, **kwargs: Any
    ) -> Iterator[ChatGenerationChunk]:
        self.asked.append(messages)
        step = self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]
        if isinstance(step, Exception):
            raise step
        if isinstance(step, threading.Event):
            step.wait(10)
            step = [GOOD]
        if isinstance(step, str):
            yield ChatGenerationChunk(message=AIMessageChunk(step))
            return
        chunks = [tool_call_chunk(name=name, args=to_text(given), id=f"{len(self.asked)}-{place}", index=place) for place, (name, given) in enumerate(step)]
        yield ChatGenerationChunk(message=AIMessageChunk("", tool_call_chunks=chunks))


def to_text(given: Any) -> str:
    return given if isinstance(given, str) else json.dumps(given)


class Chosen:
    name = "test:scripted"

    def __init__(self, *steps: Step) -> None:
        self.model = Scripted(steps=list(steps), asked=[])

    def planner(self, caller: Caller, lang: Language, domain: str | None) -> PlannerModel:
        return PlannerModel(caller=caller, lang=lang, domain=domain)

    def chosen(self) -> Scripted:
        return self.model


def asked(sources: SampleSources, question: str = "why is my score 82?") -> Asked:
    return Asked(sources, SUPPLIER, question, "en")


def answered(models: Any, sources: SampleSources, limits: Limits | None = None) -> tuple[Answered, list[Status], list[str]]:
    told: list[Status] = []
    counted: list[str] = []
    answer = Answering(models, limits or Limits(silence=30, total=30), counted.append).answer(asked(sources), lambda status, lang: told.append(status))
    return answer, told, counted


CASES: dict[str, tuple[list[Step], str | None]] = {
    "good": ([[LEDGER], [GOOD]], None),
    "draft beside another call": ([[LEDGER, GOOD]], None),
    "words first, then the draft": ([[LEDGER], "Let me see", [GOOD]], None),
    "repaired": ([[LEDGER], [FREE], [GOOD]], None),
    "repaired with a tool": ([[FREE], [LEDGER], [GOOD]], None),
    "not repaired": ([[LEDGER], [FREE]], "ungrounded"),
    "words only": (["Your score is 99."], "ungrounded"),
    "nothing": ([""], "ungrounded"),
    "arguments that are no JSON": ([[("answer", '{"blocks": [')]], "ungrounded"),
    "arguments of another shape": ([[("answer", {"blocks": "99"})]], "ungrounded"),
    "for ever": ([[LEDGER]], "model_overrun"),
    "many at once": ([[LEDGER] * 13], "model_overrun"),
    "tools there are not, for ever": ([[("drop_table", {})]], "model_overrun"),
    "too much": (["x" * 200_001], "model_overrun"),
    "refused": ([ConnectionError("the secret")], "model_down"),
    "timeout": ([TimeoutError("the secret")], "model_slow"),
}


@pytest.mark.parametrize(("steps", "fallback"), CASES.values(), ids=CASES)
def test_models_good_and_bad(steps: list[Step], fallback: str | None, fed: tuple[SampleSources, dict[str, str]], caplog: pytest.LogCaptureFixture) -> None:
    models = Chosen(*steps)
    answer, told, counted = answered(models, fed[0])
    assert (answer.fallback, answer.model) == (fallback, "planner" if fallback else "test:scripted")
    assert [status.reason for status in told if status.step == "planner"] == ([fallback] if fallback else [])
    assert counted.count(f"fallback.{fallback}") == (1 if fallback else 0)
    text = "".join(str(block) for block in answer.blocks)
    assert "82" in text
    assert "is 99" not in text
    assert "secret" not in caplog.text
    assert sum(status.tool is not None for status in told) <= Limits().calls


def test_what_is_told_of_a_bad_draft(fed: tuple[SampleSources, dict[str, str]]) -> None:
    models = Chosen([LEDGER], [FREE], [GOOD])
    answered(models, fed[0])
    last = models.model.asked[-1][-1]
    assert isinstance(last, HumanMessage)
    assert "digit in block 0: 9" in str(last.content)
    calls = [call["id"] for message in models.model.asked[-1] if isinstance(message, AIMessage) for call in message.tool_calls]
    replies = [message.tool_call_id for message in models.model.asked[-1] if message.type == "tool"]  # type: ignore[attr-defined]
    assert calls == replies, "every call has its reply, or a provider refuses the conversation"


def test_a_model_that_failed_is_left_alone_for_a_while(fed: tuple[SampleSources, dict[str, str]]) -> None:
    models, clock = Chosen(ConnectionError("x")), Clock()
    answering = Answering(models, Limits(silence=30, total=30, rest=30), lambda name: None, clock)
    reasons = [answering.answer(asked(fed[0], "thanks"), lambda status, lang: None).fallback for _ in range(3)]
    assert reasons == ["model_down"] * 3
    assert len(models.model.asked) == 1
    clock.now += 31
    models.model.steps = [[("answer", {"blocks": [{"kind": "paragraph", "text": "You are welcome."}]})]]
    assert answering.answer(asked(fed[0], "thanks"), lambda status, lang: None).model == "test:scripted"


def test_an_answer_that_comes_too_late_is_dropped(fed: tuple[SampleSources, dict[str, str]]) -> None:
    """A model that is silent until after the planner has answered; its thread then ends without a word."""
    hold = threading.Event()
    answer, told, _ = answered(Chosen(hold), fed[0], Limits(silence=0.01, total=30))
    before = list(told)
    hold.set()
    for thread in threading.enumerate():
        if thread.name == "language-model":
            thread.join(10)
    assert answer.fallback == "model_slow"
    assert told == before


def test_no_more_models_at_work_than_there_is_room_for(fed: tuple[SampleSources, dict[str, str]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assistant_turn, "MOST_AT_ONCE", 1)
    hold = threading.Event()
    models, counted = Chosen(hold), list[str]()
    answering = Answering(models, Limits(silence=0.01, total=30, rest=0), counted.append)
    first, second = (answering.answer(asked(fed[0], "thanks"), lambda status, lang: None) for _ in range(2))
    hold.set()
    assert (first.fallback, second.fallback) == ("model_slow", "model_slow")
    assert len(models.model.asked) == 1


def test_a_model_that_cannot_be_used_is_the_planners_matter(fed: tuple[SampleSources, dict[str, str]]) -> None:
    class Unusable(Chosen):
        def chosen(self) -> Scripted:
            raise BadInput(detail="ECID_MODEL")

    answer, told, counted = answered(Unusable("x"), fed[0])
    assert (answer.fallback, counted) == ("model_down", ["fallback.model_down"])
    assert told[0] == Status("planner", reason="model_down")


class Throttled(Exception):
    status_code = 429


class OfBoto(Exception):
    response: ClassVar[Any] = {"Error": {"Code": "ThrottlingException"}}


def chained(cause: Exception) -> Exception:
    error = ValueError("x")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (Throttled(), "model_throttled"),
        (OfBoto(), "model_throttled"),
        (chained(OfBoto()), "model_throttled"),
        (type("RateLimitError", (Exception,), {})(), "model_throttled"),
        (type("ReadTimeoutError", (Exception,), {})(), "model_slow"),
        (chained(TimeoutError()), "model_slow"),
        (ConnectionResetError(), "model_down"),
        (ValueError("429"), "model_down"),
    ],
    ids=repr,
)
def test_what_an_error_of_a_models_client_means(error: Exception, reason: str) -> None:
    assert reason_of(error) == reason


def watch(clock: Clock, told: list[Status] | None = None) -> Watch[str]:
    return Watch((told if told is not None else []).append, Limits(silence=1.5, total=20, calls=2, text=10), clock)


def test_silence_counts_only_while_the_model_is_asked() -> None:
    clock = Clock()
    one = watch(clock)
    one.asked()
    one.answered()
    clock.now += 15
    one.end("late enough")
    assert one.result() == "late enough"
    silent = watch(clock)
    silent.asked()
    clock.now += 1.4
    silent.heard(1)
    clock.now += 1.5
    with pytest.raises(Failed) as failed:
        silent.result()
    assert failed.value.reason == "model_slow"


def test_the_whole_has_a_limit_however_often_it_speaks() -> None:
    clock = Clock()
    one = watch(clock)
    for _ in range(10):
        one.heard(0)
        clock.now += 2
    with pytest.raises(Failed):
        one.result()


def test_who_is_not_waited_for_is_told_to_stop() -> None:
    clock, told = Clock(), list[Status]()
    one = watch(clock, told)
    one.fail("model_down")
    with pytest.raises(Failed):
        one.result()
    for late in (one.asked, one.answered, lambda: one.heard(1), lambda: one.calling("plan"), lambda: one.step(Status("checking"))):
        with pytest.raises(Stopped):
            late()
    assert told == []


def test_calls_and_text_are_counted() -> None:
    one = watch(Clock())
    one.calling("plan")
    one.calling("plan")
    with pytest.raises(Overrun):
        one.calling("plan")
    one.heard(10)
    with pytest.raises(Overrun):
        one.heard(1)


def test_the_same_call_is_answered_once_a_turn(fed: tuple[SampleSources, dict[str, str]]) -> None:
    """Planner and language model ask the ledger in the same turn: it is read once."""
    models = Chosen([LEDGER], [GOOD])
    read: list[str] = []
    sources: Any = fed[0]
    questions = sources.questions()

    class Counting(type(questions)):  # type: ignore[misc]
        def newest(self, uscc: str) -> Any:
            read.append(uscc)
            return super().newest(uscc)

    class Sources:
        def __getattr__(self, name: str) -> Any:
            return getattr(sources, name)

        def questions(self) -> Any:
            return Counting(questions.store, questions.objects)

    answering = Answering(models, Limits(silence=30, total=30), lambda name: None)
    answering.answer(replace(asked(fed[0]), sources=Sources()), lambda status, lang: None)  # type: ignore[arg-type]
    assert read == [HARBORLIGHT]
