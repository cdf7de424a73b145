"""Conversations with the assistant: opened, asked, resumed, closed (docs/assistant.md, "Conversations").

A conversation belongs to one person, one enterprise and one result, and has the rights of its opening. A turn is answered by a thread of its own and stored
with its events before any of what it says leaves, so whoever loses the connection reads the very same events again, and a question sent twice is answered once.
"""

from __future__ import annotations

import json
import logging
import re
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from queue import SimpleQueue
from typing import Any

from ecid.assistant import blocks
from ecid.assistant.caller import Caller
from ecid.assistant.conversation import CONTENT_FROM, Conversation, Event, Turn
from ecid.assistant.results import to_json
from ecid.assistant.sentences import sentences
from ecid.assistant.status import Status, suggested
from ecid.assistant.tallies import Tallies
from ecid.assistant.watch import Limits
from ecid.errors import BadInput, ConversationBusy, EcidError, Language, NotFound, told
from ecid.feed.facts import Fact, enterprise_subject
from ecid.identity.domains import normalise
from ecid.ports import ConversationStore
from ecid.services.assistant_turn import PLANNER, Answered, Answering, Asked, Models
from ecid.services.conversation_sources import AboutOneResult, ConversationSources, website_of
from ecid.services.score_questions import newest_of

QUESTION = 2_000
"""Characters of a question."""
_AT_ONCE = 64
"""Turns answered at the same time in one process; who asks meanwhile waits."""
_LEASE_BEYOND = 40.0
"""Seconds beyond the total of a model after which a turn that has not ended counts as broken off: the planner's, on a cold start."""
_POLL = (0.05, 0.5)
"""Seconds between two looks at a turn that another process answers, at first and at last."""
_MESSAGE = re.compile(r"[A-Za-z0-9_-]{1,64}")
_ID = re.compile(r"[A-Za-z0-9_-]{32}")
_BYTES_OF_ID = 24
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Lasting:
    """How long conversations last: after their last turn, and at most."""

    idle: timedelta = timedelta(hours=24)
    longest: timedelta = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Opened:
    """A new conversation: when it ends unless something is asked, and what could be asked first."""

    id: str
    expires_at: datetime
    suggestions: tuple[str, ...]


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(eq=False)
class Conversing:
    """Conversations over the stores. `clock`: aware, UTC. Whatever the stores cannot answer is SourceUnavailable. Safe to use from many threads."""

    sources: ConversationSources
    store: ConversationStore
    models: Models
    clock: Callable[[], datetime] = _utc_now
    limits: Limits = field(default_factory=Limits)
    lasting: Lasting = field(default_factory=Lasting)
    tallies: Tallies = field(default_factory=Tallies)

    def __post_init__(self) -> None:
        self._answering = Answering(self.models, self.limits, self.tallies.add)
        self._room = threading.BoundedSemaphore(_AT_ONCE)

    def warm(self) -> None:
        """Load what the first question would wait for. Raises EcidError where the chosen model cannot be used."""
        self._answering.warm()

    def open(self, caller: Caller, lang: Language, domain: str | None = None) -> Opened:
        """A new conversation of this caller, about the newest result of the enterprise. `domain`: the website whose record is looked at while it is opened,
        which is meant until another one is named. Raises InvalidDomain."""
        looked_at = normalise(domain, self.sources.verification().settings.reserved_suffixes).registrable if domain else None
        now = self.clock()
        name = secrets.token_urlsafe(_BYTES_OF_ID)
        ends = now + self.lasting.longest
        result = newest_of(self._facts(caller)) if caller.sees_ledger else None
        opened = Conversation(name, caller, lang, now, min(now + self.lasting.idle, ends), ends, result, looked_at)
        self.store.open(opened)
        offered = tuple(sentences()[f"suggest_{intent}"].text[lang] for intent in suggested(caller))
        return Opened(name, opened.expires_at, offered)

    def ask(self, caller: Caller, conversation: str, question: str, lang: Language | None = None, message: str | None = None) -> Iterator[Event]:
        """The events of the answer. `message` is the client's name of the turn: asked again under the same name it is read again, not answered again.

        Raises, before anything is answered, NotFound for a conversation that is not this caller's, or is not any more; BadInput; ConversationBusy.
        """
        own, text, name = self._own(caller, conversation), _question(question), _message(message)
        turn = self._to_run(Turn(name, text, lang or own.lang, "", self.clock()))
        stored = self.store.turn(own.id, name)
        if stored is None and self.store.begin(own.id, turn):
            return self._started(own, turn, 0)
        stored = stored or self.store.turn(own.id, name)
        if stored is None:
            raise ConversationBusy
        if stored.question != text:
            raise BadInput(detail={"zh": "该 message 已用于另一个问题", "en": "this `message` was used for another question"})
        return self._again(own, stored, 0)

    def resume(self, caller: Caller, conversation: str, message: str, after: int) -> Iterator[Event]:
        """The events of a turn with an id beyond `after`: at once where it is answered, else as soon as it is. Raises NotFound, BadInput."""
        own = self._own(caller, conversation)
        stored = self.store.turn(own.id, _message(message))
        if stored is None:
            raise _not_found()
        return self._again(own, stored, after)

    def close(self, person: str, enterprise: str | None) -> None:
        """End all conversations of a grant: whatever was said in them is out of reach from now on."""
        self.store.close(person, enterprise)

    def _own(self, caller: Caller, name: str) -> Conversation:
        """The caller's conversation, with the rights of its opening. Raises NotFound, which never tells why."""
        found = self.store.get(name) if _ID.fullmatch(name) else None
        if found is None or not found.is_of(caller) or found.expires_at <= self.clock():
            raise _not_found()
        return found

    def _facts(self, caller: Caller) -> tuple[Fact, ...]:
        return self.sources.store.facts(enterprise_subject(caller.enterprise)).facts if caller.enterprise else ()

    def _to_run(self, turn: Turn) -> Turn:
        """The turn as one more run of it, which has it to itself for a while."""
        return replace(turn, token=secrets.token_hex(16), lease=self.clock() + timedelta(seconds=self.limits.total + _LEASE_BEYOND))

    def _again(self, own: Conversation, stored: Turn, after: int) -> Iterator[Event]:
        if stored.done:
            return iter([event for event in stored.events if event.id > after])
        return self._awaited(own, stored, after)

    def _awaited(self, own: Conversation, stored: Turn, after: int) -> Iterator[Event]:
        """The events of a turn that another run answers; where that broke off, those of a run of our own."""
        yield Event(after, "status", Status("reading").to_json(stored.lang))
        pause, longest = _POLL
        while not stored.done:
            if stored.lease <= self.clock():
                turn = self._to_run(stored)
                if self.store.begin(own.id, turn):
                    yield from self._started(own, turn, after)
                    return
            time.sleep(pause)
            pause = min(2 * pause, longest)
            found = self.store.turn(own.id, stored.message)
            if found is None:
                raise _not_found()
            stored = found
        yield from (event for event in stored.events if event.id > after)

    def _started(self, own: Conversation, turn: Turn, after: int) -> Iterator[Event]:
        """Have the turn answered; it is, whether or not somebody reads on."""
        run = _Run(turn)
        run.tell(Status("reading"), turn.lang)
        self._room.acquire()
        # At the end of the process nobody waits for a turn that nobody reads: its lease ends.
        threading.Thread(target=self._answer, args=(own, turn, run), name="conversation", daemon=True).start()
        return self._read(own, turn, run, after)

    def _read(self, own: Conversation, turn: Turn, run: _Run, after: int) -> Iterator[Event]:
        last = after
        while (event := run.out.get()) is not None:
            last = max(last, event.id)
            if event.id > after:
                yield event
        if run.taken_over and (stored := self.store.turn(own.id, turn.message)):
            yield from self._awaited(own, stored, last)

    def _answer(self, own: Conversation, turn: Turn, run: _Run) -> None:
        """Answer a turn, store it, and only then let out what it says."""
        try:
            after, content = self._answered(own, turn, run)
            done = replace(turn, done=True, events=(*run.told, *content))
            run.taken_over = not self.store.finish(self._put_off(after), done)
            for event in () if run.taken_over else content:
                run.out.put(event)
        except Exception as error:  # noqa: BLE001 - the thread has nobody else to tell
            run.out.put(self._failure(error, turn.lang))
        finally:
            self._room.release()
            run.out.put(None)

    def _answered(self, own: Conversation, turn: Turn, run: _Run) -> tuple[Conversation, tuple[Event, ...]]:
        """The conversation after the turn, and what the turn says."""
        self.tallies.add("turns")
        try:
            facts = self._facts(own.caller)
            newest = newest_of(facts) if own.caller.sees_ledger else None
            own = own if own.result else replace(own, result=newest)
            if own.result and newest and newest != own.result:
                run.tell(Status("reading", reason="newer_result"), turn.lang)
            sources = AboutOneResult(self.sources, own)
            answered = self._answering.answer(Asked(sources, own.caller, turn.question, turn.lang, own.memory, own.domain or website_of(facts)), run.tell)
        except Exception as error:  # noqa: BLE001 - a turn that fails is answered with an error, and the conversation goes on
            return own, (self._failure(error, turn.lang),)
        text = blocks.plain(answered.blocks, answered.lang)
        return replace(own, memory=own.remembers(turn.question, text)), tuple(_content(own.id, turn.message, answered, text))

    def _put_off(self, own: Conversation) -> Conversation:
        return replace(own, expires_at=min(self.clock() + self.lasting.idle, own.ends_at))

    def _failure(self, error: Exception, lang: Language) -> Event:
        """What goes wrong is told by its code; the log has nothing of what was said."""
        self.tallies.add("errors")
        known = error if isinstance(error, EcidError) else EcidError()
        _log.error("a turn failed: %s", told(error))
        return Event(CONTENT_FROM, "error", {"code": known.code, "detail": known.sentence(lang)})


class _Run:
    """A turn being answered: what it told so far, and the queue of who reads."""

    def __init__(self, turn: Turn) -> None:
        self.told: list[Event] = []
        self.out: SimpleQueue[Event | None] = SimpleQueue()
        self.taken_over = False

    def tell(self, status: Status, lang: Language) -> None:
        """A step."""
        if len(self.told) < CONTENT_FROM - 1:
            self.told.append(Event(len(self.told) + 1, "status", status.to_json(lang)))
            self.out.put(self.told[-1])


def _content(conversation: str, message: str, answered: Answered, text: str) -> Iterator[Event]:
    """Blocks, each record cited once, and the end."""
    shown = json.loads(json.dumps([blocks.to_json(block) for block in answered.blocks]))  # lists, as they are read again
    cited = {one.id: asdict(one) | {"url": one.url} for block in answered.blocks if isinstance(block, blocks.Citations) for one in block.items}
    done: dict[str, Any] = {"conversation": conversation, "message": message, "text": text, "lang": answered.lang}
    done |= {"model": answered.model, "fallback": answered.fallback, "results": [to_json(result) for result in answered.results]}
    if answered.model == PLANNER:
        done |= {name: answered.understood.get(name) for name in ("intents", "refused")}
    for place, (name, data) in enumerate([*(("block", one) for one in shown), *(("citation", one) for one in cited.values()), ("done", done)]):
        yield Event(CONTENT_FROM + place, name, data)  # type: ignore[arg-type]


def _question(question: str) -> str:
    text = question.strip()
    if not text or len(text) > QUESTION:
        raise BadInput(detail={"zh": f"问题须为 1–{QUESTION} 个字符", "en": f"a question has 1–{QUESTION} characters"})
    try:
        text.encode()
    except UnicodeEncodeError:
        raise BadInput(detail={"zh": "问题须为有效的 UTF-8 文本", "en": "a question is text in UTF-8"}) from None
    return text


def _message(message: str | None) -> str:
    if message is None:
        return secrets.token_urlsafe(12)
    if not _MESSAGE.fullmatch(message):
        raise BadInput(detail={"zh": "message 须为 1–64 个字母、数字、“-”或“_”", "en": "`message` has 1–64 letters, digits, `-` or `_`"})
    return message


def _not_found() -> NotFound:
    return NotFound(what={"zh": "对话", "en": "conversation"})
