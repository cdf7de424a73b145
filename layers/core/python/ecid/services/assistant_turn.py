"""One question answered: by the planner, or by the language model that was chosen, with the planner's answer ready beside it (docs/assistant.md)."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import TYPE_CHECKING, Any, Protocol

from ecid.assistant import blocks
from ecid.assistant.caller import Caller
from ecid.assistant.conversation import Said
from ecid.assistant.drafts import BadDraft, read_draft
from ecid.assistant.grounding import Ungrounded, fill
from ecid.assistant.prompt import system_prompt
from ecid.assistant.results import ToolResult
from ecid.assistant.status import Reason, Status
from ecid.assistant.toolbox import Tool, Toolbox
from ecid.assistant.watch import Failed, Limits, Overrun, Stopped, Watch
from ecid.errors import EcidError, Language
from ecid.services.assistant_tools import Sources, toolbox

if TYPE_CHECKING:
    from ecid.assistant.agent import ChatModel, Found, Message
    from ecid.assistant.planner.model import PlannerModel

PLANNER = "planner"
MOST_AT_ONCE = 64
"""Language models at work at the same time in one process; a question beyond them is the planner's."""
_LONGEST = 200_000
"""Characters of an answer as JSON."""
_log = logging.getLogger(__name__)
Tell = Callable[[Status, Language], None]


class Models(Protocol):
    """The models there are."""

    @property
    def name(self) -> str:
        """The one that was chosen, as the settings have it."""

    def planner(self, caller: Caller, lang: Language, domain: str | None) -> PlannerModel:
        """The planner, for one turn."""

    def chosen(self) -> ChatModel | None:
        """The language model chosen, None where that is the planner. Raises EcidError where it cannot be used."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with all that it is answered from. `domain`: the website meant where none is named."""

    sources: Sources
    caller: Caller
    question: str
    lang: Language
    memory: tuple[Said, ...] = ()
    domain: str | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer that has been checked. `model`: who wrote it; `fallback`: why it was not the one chosen. `understood`: how the planner read the question."""

    blocks: tuple[blocks.Block, ...]
    lang: Language
    results: tuple[ToolResult, ...]
    understood: Mapping[str, Any]
    model: str = PLANNER
    fallback: Reason | None = None


class Faulty(Exception):
    """What a model handed in is no answer. `faults`: what it is told of them."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__(len(faults))
        self.faults = tuple(faults)


@dataclass(eq=False)
class Answering:
    """Answers questions. `count` hears of what is counted: `fallback.<reason>`, `repaired`, `violation.<kind>`; it is called from several threads."""

    models: Models
    limits: Limits
    count: Callable[[str], None]
    clock: Callable[[], float] = time.monotonic
    _room: threading.BoundedSemaphore = field(default_factory=lambda: threading.BoundedSemaphore(MOST_AT_ONCE))
    _rests: tuple[float, Reason] | None = None
    """Until when the chosen model is left alone, and why. Set whole, so it needs no lock."""

    def warm(self) -> None:
        """Load what the first question would wait for. Raises EcidError where the chosen model cannot be used."""
        _agent()
        self.models.chosen()
        self.models.planner(Caller.buyer(""), "en", None).read(_agent().messages_of((), "?"))

    def answer(self, asked: Asked, tell: Tell) -> Answered:
        """The answer. Raises EcidError where there can be none."""
        messages = _agent().messages_of(asked.memory, asked.question)
        planner = self.models.planner(asked.caller, asked.lang, asked.domain)
        lang = planner.read(messages).lang
        turn = _Turn(planner, messages, _OnceATurn(toolbox(asked.sources, asked.caller, lang)), lang)
        model, reason = self._model()
        if model is None:
            return self._planned(turn, lambda status: tell(status, lang), reason)
        watch: Watch[Answered] = Watch(lambda status: tell(status, lang), self.limits, self.clock)
        if not self._start(lambda: self._modelled(turn, model, system_prompt(asked.caller, lang, asked.domain), watch), watch):
            return self._planned(turn, lambda status: tell(status, lang), "model_slow")
        planned = _attempt(lambda: self._planned(turn, lambda status: None, None))
        try:
            return watch.result()
        except Failed as failure:
            self._failed(failure.reason)
            tell(Status("planner", reason=failure.reason), lang)
            return self._instead(planned, failure.reason)

    def _model(self) -> tuple[ChatModel | None, Reason | None]:
        """The model to ask, or why the chosen one is not."""
        if self._rests and self.clock() < self._rests[0]:
            return None, self._rests[1]
        try:
            return self.models.chosen(), None
        except EcidError as error:
            _log.error("the language model cannot be used: %s", error.code)
            return None, "model_down"

    def _planned(self, turn: _Turn, tell: Callable[[Status], None], reason: Reason | None) -> Answered:
        """The planner's answer. `reason`: why it is not that of the model chosen."""
        if reason:
            self.count(f"fallback.{reason}")
            tell(Status("planner", reason=reason))
        watch: Watch[Answered] = Watch(tell, _OF_THE_PLANNER, self.clock)
        found = _agent().run(turn.planner, turn.toolbox, turn.lang, turn.messages, watch)
        tell(Status("checking"))
        return Answered(_written(found, turn.lang), turn.lang, found.results, found.understood, fallback=reason)

    def _instead(self, planned: Answered | Exception, reason: Reason) -> Answered:
        if isinstance(planned, Exception):
            raise planned
        return Answered(planned.blocks, planned.lang, planned.results, planned.understood, fallback=reason)

    def _failed(self, reason: Reason) -> None:
        """Count it, and leave a model alone that is down, slow or over its quota, so that the next question does not wait for it."""
        self.count(f"fallback.{reason}")
        if reason in ("model_down", "model_slow", "model_throttled"):
            self._rests = (self.clock() + self.limits.rest, reason)

    def _start(self, work: Callable[[], None], watch: Watch[Answered]) -> bool:
        """Let a language model work in a thread of its own, which nobody waits for at the end; False where too many do."""
        if not self._room.acquire(blocking=False):
            return False

        def at_work() -> None:
            try:
                work()
            except Overrun:
                watch.fail("model_overrun")
            except Faulty:
                watch.fail("ungrounded")
            except Stopped:
                pass
            except Exception as error:  # noqa: BLE001 - whatever a model's client raises, the planner answers
                reason = reason_of(error)
                _log.warning("the language model failed: %s: %s", reason, type(error).__name__)
                watch.fail(reason)
            finally:
                self._room.release()

        threading.Thread(target=at_work, name="language-model", daemon=True).start()
        return True

    def _modelled(self, turn: _Turn, model: ChatModel, system: str, watch: Watch[Answered]) -> None:
        """The model's answer, repaired once."""
        agent = _agent()
        watch.step(Status("asking"))
        found = agent.run(model, turn.toolbox, turn.lang, turn.messages, watch, system)
        watch.step(Status("checking"))
        results = found.results
        try:
            written = _written(found, turn.lang)
        except Faulty as faulty:
            self.count("repaired")
            watch.step(Status("repairing"))
            found = agent.run(model, turn.toolbox, turn.lang, agent.to_repair(found, faulty.faults), watch, system)
            results = (*results, *found.results)
            watch.step(Status("checking"))
            written = _written(found, turn.lang, results)
        watch.end(Answered(written, turn.lang, results, {}, self.models.name))


@dataclass(frozen=True)
class _Turn:
    """What planner and language model share of a turn."""

    planner: PlannerModel
    messages: tuple[Message, ...]
    toolbox: Toolbox
    lang: Language


class _OnceATurn:
    """A toolbox that answers the same call once, whoever asks; one call at a time, for what it rests on is made when it is first needed."""

    def __init__(self, inner: Toolbox) -> None:
        self._inner, self._known = inner, dict[str, ToolResult]()
        self._lock = threading.Lock()

    @property
    def tools(self) -> tuple[Tool, ...]:
        """Those of the toolbox."""
        return self._inner.tools

    def call(self, name: str, arguments: Mapping[str, Any]) -> ToolResult:
        """See `Toolbox`."""
        try:
            key = json.dumps([name, arguments], sort_keys=True)
        except (TypeError, ValueError):  # no arguments of JSON: the toolbox refuses them
            return self._inner.call(name, arguments)
        with self._lock:
            if key not in self._known:
                self._known[key] = self._inner.call(name, arguments)
            return self._known[key]


_OF_THE_PLANNER = Limits(silence=float("inf"), total=float("inf"))


def reason_of(error: BaseException) -> Reason:
    """What an error of a model's client means, by what such clients say: a status 429 or a code of throttling, a timeout, or anything else."""
    seen: BaseException | None = error
    for _ in range(5):
        if seen is None:
            break
        response = getattr(seen, "response", None)
        said: Mapping[str, Any] = response.get("Error", {}) if isinstance(response, Mapping) else {}
        status = getattr(seen, "status_code", None) or getattr(response, "status_code", None)
        code = (str(said.get("Code", "")) + type(seen).__name__).lower()
        if status == 429 or any(word in code for word in ("throttl", "toomanyrequests", "ratelimit", "servicequota")):
            return "model_throttled"
        if isinstance(seen, TimeoutError) or "timeout" in code:
            return "model_slow"
        seen = seen.__cause__ or seen.__context__
    return "model_down"


def _agent() -> ModuleType:
    """LangChain's agent, which takes a second to import: a conversation begins without it."""
    from ecid.assistant import agent  # noqa: PLC0415

    return agent


def _written(found: Found, lang: Language, results: Sequence[ToolResult] | None = None) -> tuple[blocks.Block, ...]:
    """The answer that a draft makes. Raises Faulty."""
    if found.draft is None:
        raise Faulty(["the answer was not handed in with the tool `answer`"])
    try:
        written = fill(read_draft(found.draft), found.results if results is None else results, lang)
    except BadDraft as error:
        raise Faulty([str(error)]) from None
    except Ungrounded as error:
        raise Faulty([f"{one.kind} in block {one.place}: {one.text}" for one in error.context["violations"]]) from None  # type: ignore[attr-defined]
    if len(json.dumps([blocks.to_json(block) for block in written], ensure_ascii=False)) > _LONGEST:
        raise Faulty(["the answer is too long"])
    return written


def _attempt(work: Callable[[], Answered]) -> Answered | Exception:
    try:
        return work()
    except Exception as error:  # noqa: BLE001 - raised again where this answer is needed
        return error
