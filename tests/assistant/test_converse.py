"""Conversations over the real tools and stores, answered by the planner: whose they are, how they go on, and what is read again."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ecid.adapters.conversations import DynamoConversations
from ecid.adapters.embedded_engine import find_engine
from ecid.assistant.caller import LEDGER, Caller
from ecid.assistant.conversation import CONTENT_FROM, INSIDE, Event, Turn
from ecid.assistant.planner.model import PlannerModel
from ecid.assistant.sentences import sentences
from ecid.errors import BadInput, ConversationBusy, EcidError, InvalidDomain, Language, NotFound
from ecid.feed.facts import Fact
from ecid.ports import FactSet
from ecid.services.conversation_sources import website_of
from ecid.services.converse import QUESTION, Conversing
from tests.adapters.engines import engine_roots
from tests.assistant.sample_sources import HARBORLIGHT, NEWLEAF, SampleSources

SUPPLIER = Caller.supplier("王五", HARBORLIGHT)
CONSULTANT = Caller.consultant("李四", HARBORLIGHT, {LEDGER, "reports"})
Fed = tuple[SampleSources, dict[str, str]]


class Planner:
    """The planner alone; `wrong` is what asking for it raises."""

    name = "planner"

    def __init__(self, wrong: Exception | None = None) -> None:
        self.wrong = wrong

    def planner(self, caller: Caller, lang: Language, domain: str | None) -> PlannerModel:
        if self.wrong:
            raise self.wrong
        return PlannerModel(caller=caller, lang=lang, domain=domain)

    def chosen(self) -> None:
        return None


@dataclass
class Clock:
    """A clock that stands still."""

    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __call__(self) -> datetime:
        return self.now


def store_of(sources: SampleSources, clock: Callable[[], datetime]) -> DynamoConversations:
    facts: Any = sources.store
    return DynamoConversations(facts.client, facts.settings, clock=lambda: clock().timestamp())


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def conversing(fed: Fed, clock: Clock) -> Conversing:
    return Conversing(fed[0], store_of(fed[0], clock), Planner(), clock)


def statuses(events: list[Event]) -> list[tuple[str | None, ...]]:
    return [tuple(event.data.get(name) for name in ("step", "tool", "reason")) for event in events if event.name == "status"]


def test_the_events_of_a_turn(conversing: Conversing) -> None:
    opened = conversing.open(SUPPLIER, "en")
    events = list(conversing.ask(SUPPLIER, opened.id, "why is my score 82?"))
    assert [event.id for event in events] == sorted({event.id for event in events})
    assert statuses(events)[0] == ("reading", None, None)
    assert ("asking", "explain_score", None) in statuses(events)
    assert all((event.id < CONTENT_FROM) == (event.name == "status") for event in events)
    names = [event.name for event in events if event.name != "status"]
    assert names == sorted(names, key=["block", "citation", "done"].index)
    done = events[-1]
    assert (done.data["conversation"], done.data["lang"], done.data["model"], done.data["fallback"]) == (opened.id, "en", "planner", None)
    assert done.data["intents"] == ["why_score"]
    assert "82" in done.data["text"]
    assert not INSIDE & set(done.sent)
    cited = [event.data["id"] for event in events if event.name == "citation"]
    assert len(cited) == len(set(cited))
    listed = [one["id"] for event in events if event.name == "block" and event.data["kind"] == "citations" for one in event.data["items"]]
    assert cited == listed


def test_what_was_asked_before_is_remembered_by_another_process(conversing: Conversing, fed: Fed, clock: Clock) -> None:
    opened = conversing.open(SUPPLIER, "zh")
    list(conversing.ask(SUPPLIER, opened.id, "哪几项扣分最多？"))
    other = Conversing(fed[0], store_of(fed[0], clock), Planner(), clock)
    events = list(other.ask(SUPPLIER, opened.id, "那第二个呢？"))
    assert [event.data["number"] for event in events if event.name == "block" and event.data["kind"] == "finding"] == [2]


def test_a_message_is_answered_once_and_read_again(conversing: Conversing) -> None:
    opened = conversing.open(SUPPLIER, "en")
    first = [replace(event, data=event.sent) for event in conversing.ask(SUPPLIER, opened.id, "why is my score 82?", message="m-1")]
    assert list(conversing.ask(SUPPLIER, opened.id, "why is my score 82?", message="m-1")) == first
    assert conversing.tallies.take() == {"turns": 1}
    for after in (0, 1, CONTENT_FROM, first[-1].id):
        assert list(conversing.resume(SUPPLIER, opened.id, "m-1", after)) == [event for event in first if event.id > after]
    with pytest.raises(BadInput):
        conversing.ask(SUPPLIER, opened.id, "another question", message="m-1")


def test_a_turn_goes_on_when_nobody_reads_it(conversing: Conversing) -> None:
    opened = conversing.open(SUPPLIER, "en")
    reading = conversing.ask(SUPPLIER, opened.id, "which findings cost me most?", message="m-1")
    assert next(reading).data["step"] == "reading"
    reading.close()  # type: ignore[attr-defined]
    events = list(conversing.resume(SUPPLIER, opened.id, "m-1", 1))
    assert events[0].id in (1, 2)
    assert events[-1].name == "done"
    assert conversing.tallies.take() == {"turns": 1}


@pytest.mark.parametrize(
    "other",
    [
        replace(CONSULTANT, person="王五"),
        replace(CONSULTANT, enterprise=NEWLEAF),
        replace(CONSULTANT, scopes=frozenset({LEDGER})),
        replace(CONSULTANT, scopes=frozenset()),
        replace(SUPPLIER, person=CONSULTANT.person),
        Caller.buyer(CONSULTANT.person),
    ],
    ids=["person", "enterprise", "a scope less", "no scope", "role", "buyer"],
)
def test_it_is_only_the_callers(other: Caller, conversing: Conversing) -> None:
    opened = conversing.open(CONSULTANT, "en")
    list(conversing.ask(CONSULTANT, opened.id, "hello", message="m-1"))
    with pytest.raises(NotFound) as foreign:
        conversing.ask(other, opened.id, "hello")
    with pytest.raises(NotFound):
        conversing.resume(other, opened.id, "m-1", 0)
    with pytest.raises(NotFound) as missing:
        conversing.ask(other, "x" * 32, "hello")
    assert str(foreign.value) == str(missing.value)


def test_more_scopes_than_at_its_opening_open_no_more(conversing: Conversing) -> None:
    opened = conversing.open(replace(CONSULTANT, scopes=frozenset()), "en")
    events = list(conversing.ask(CONSULTANT, opened.id, "why is my score 82?"))
    assert not [event for event in events if event.name == "block" and event.data["kind"] == "score_bar"]
    assert ("asking", "explain_score", None) not in statuses(events)


@pytest.mark.parametrize("name", ["", "x", "../../etc", "#", "closed#" + "0" * 64, "x" * 5_000, "二" * 32])
def test_names_that_are_no_conversations(name: str, conversing: Conversing) -> None:
    with pytest.raises(NotFound):
        conversing.ask(SUPPLIER, name, "hello")


@pytest.mark.parametrize("question", ["", "  \n", "x" * (QUESTION + 1), "a\ud800b"])
def test_questions_that_cannot_be_asked(question: str, conversing: Conversing) -> None:
    opened = conversing.open(SUPPLIER, "en")
    with pytest.raises(BadInput):
        conversing.ask(SUPPLIER, opened.id, question)
    assert list(conversing.ask(SUPPLIER, opened.id, "x" * QUESTION))[-1].name == "done"


@pytest.mark.parametrize("message", ["", "a b", "x" * 65, "m#1", "消息"])
def test_messages_have_a_shape(message: str, conversing: Conversing) -> None:
    opened = conversing.open(SUPPLIER, "en")
    with pytest.raises(BadInput):
        conversing.ask(SUPPLIER, opened.id, "hello", message=message)


def test_it_expires_after_its_last_turn_and_at_the_latest_after_a_week(conversing: Conversing, clock: Clock) -> None:
    opened = conversing.open(SUPPLIER, "en")
    begun = clock.now
    assert opened.expires_at == begun + timedelta(hours=24)
    while clock.now + timedelta(hours=23) < begun + timedelta(days=7):
        clock.now += timedelta(hours=23)
        assert list(conversing.ask(SUPPLIER, opened.id, "thanks"))[-1].name == "done"
    clock.now = begun + timedelta(days=7)
    with pytest.raises(NotFound):
        conversing.ask(SUPPLIER, opened.id, "thanks")
    idle = conversing.open(SUPPLIER, "en")
    clock.now += timedelta(hours=24)
    with pytest.raises(NotFound):
        conversing.ask(SUPPLIER, idle.id, "thanks")


def test_closing_a_grant_ends_its_conversations(conversing: Conversing) -> None:
    ended, other = conversing.open(CONSULTANT, "en"), conversing.open(replace(CONSULTANT, person="another"), "en")
    list(conversing.ask(CONSULTANT, ended.id, "hello", message="m-1"))
    conversing.close(CONSULTANT.person, CONSULTANT.enterprise)
    with pytest.raises(NotFound):
        conversing.resume(CONSULTANT, ended.id, "m-1", 0)
    assert list(conversing.ask(replace(CONSULTANT, person="another"), other.id, "hello"))[-1].name == "done"


def held(conversing: Conversing, conversation: str, question: str = "thanks") -> Turn:
    """A turn that another process answers."""
    turn = Turn("m-1", question, "en", "another run", conversing.clock() + timedelta(seconds=60))
    assert conversing.store.begin(conversation, turn)
    return turn


def test_a_buyer_need_not_name_the_website_that_is_looked_at(conversing: Conversing) -> None:
    buyer = Caller.buyer("b")
    looking = conversing.open(buyer, "en", "https://www.Harborlight.example/about")
    named = conversing.open(buyer, "en")
    asked = list(conversing.ask(buyer, looking.id, "what is their AEO status?"))
    assert ("asking", "get_record", None) in statuses(asked)
    assert ("asking", "get_record", None) not in statuses(list(conversing.ask(buyer, named.id, "what is their AEO status?")))
    with pytest.raises(InvalidDomain):
        conversing.open(buyer, "en", "not a domain")


def test_one_question_at_a_time(conversing: Conversing) -> None:
    opened = conversing.open(SUPPLIER, "en")
    held(conversing, opened.id)
    with pytest.raises(ConversationBusy):
        conversing.ask(SUPPLIER, opened.id, "why is my score 82?")


def test_who_asks_again_waits_for_the_run_that_answers(conversing: Conversing) -> None:
    opened = conversing.open(SUPPLIER, "en")
    turn = held(conversing, opened.id)
    waiting = conversing.ask(SUPPLIER, opened.id, "thanks", message="m-1")
    assert next(waiting).id == 0
    told = (Event(1, "status", {"step": "reading"}), Event(CONTENT_FROM, "done", {"text": "from the other run"}))
    own = conversing.store.get(opened.id)
    assert own
    conversing.store.finish(own, replace(turn, done=True, events=told))
    assert list(waiting) == list(told)


def test_a_turn_that_broke_off_is_run_anew(conversing: Conversing, clock: Clock) -> None:
    """Whoever saw seven steps of the run that broke off misses nothing of what the new one says."""
    opened = conversing.open(SUPPLIER, "en")
    held(conversing, opened.id)
    clock.now += timedelta(seconds=61)
    events = list(conversing.resume(SUPPLIER, opened.id, "m-1", 7))
    assert [event.id for event in events][:2] == [7, CONTENT_FROM]
    assert events[-1].name == "done"
    assert list(conversing.ask(SUPPLIER, opened.id, "hello"))[-1].name == "done"


def test_an_answer_that_comes_after_its_lease_is_dropped_for_that_of_the_run_which_took_over(fed: Fed, clock: Clock) -> None:
    @dataclass(frozen=True)
    class TakenOver(DynamoConversations):
        def finish(self, conversation: Any, turn: Turn) -> bool:
            other = replace(turn, token="another run", events=(Event(CONTENT_FROM, "done", {"text": "by the other"}),))
            later = DynamoConversations(self.client, self.settings, clock=turn.lease.timestamp)
            assert later.begin(conversation.id, replace(other, done=False, events=()))
            assert later.finish(conversation, other)
            return DynamoConversations.finish(self, conversation, turn)

    real = store_of(fed[0], clock)
    conversing = Conversing(fed[0], TakenOver(real.client, real.settings, real.clock), Planner(), clock)
    events = list(conversing.ask(SUPPLIER, conversing.open(SUPPLIER, "en").id, "thanks"))
    assert [event.data.get("text") for event in events if event.name == "done"] == ["by the other"]


class NewerResult:
    """The facts of the samples, but harborlight has been scored again meanwhile."""

    def __init__(self, sources: SampleSources) -> None:
        self.inner = sources

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    @property
    def store(self) -> NewerResult:
        return self

    def facts(self, subject: str) -> FactSet:
        found = self.inner.store.facts(subject)
        newer = tuple(replace(one, body={**one.body, "result_id": "newer"}) if one.name == "score" else one for one in found.facts)
        return FactSet(found.revision, newer)


def test_it_stays_with_the_result_that_it_began_with(conversing: Conversing, clock: Clock) -> None:
    sources: Any = conversing.sources
    opened = conversing.open(SUPPLIER, "en")
    before = list(conversing.ask(SUPPLIER, opened.id, "why is my score 82?"))
    later = Conversing(NewerResult(sources), conversing.store, Planner(), clock)  # type: ignore[arg-type]
    after = list(later.ask(SUPPLIER, opened.id, "why is my score 82?"))
    assert after[-1].data["text"] == before[-1].data["text"]
    assert ("reading", None, "newer_result") in statuses(after)
    assert ("reading", None, "newer_result") not in statuses(before)


def test_a_turn_that_fails_says_so_and_lets_go(conversing: Conversing, caplog: pytest.LogCaptureFixture) -> None:
    opened = conversing.open(SUPPLIER, "zh")
    for wrong, code in ((ValueError("客户的秘密"), "internal_error"), (NotFound(what="x"), "not_found")):
        conversing.models.wrong = wrong  # type: ignore[attr-defined]
        events = list(conversing.ask(SUPPLIER, opened.id, "我的秘密问题", message=f"m-{code}"))
        assert (events[-1].name, events[-1].data["code"]) == ("error", code)
        known = wrong if isinstance(wrong, EcidError) else EcidError()
        assert events[-1].data["detail"] == known.sentence("zh")
        assert list(conversing.resume(SUPPLIER, opened.id, f"m-{code}", 1)) == events[1:]
    conversing.models.wrong = None  # type: ignore[attr-defined]
    assert list(conversing.ask(SUPPLIER, opened.id, "谢谢"))[-1].name == "done"
    assert "秘密" not in caplog.text
    assert conversing.tallies.take() == {"turns": 3, "errors": 2}


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_what_is_offered_at_the_beginning_can_be_asked(lang: Language, conversing: Conversing) -> None:
    for caller in (SUPPLIER, replace(CONSULTANT, scopes=frozenset()), Caller.buyer("b")):
        offered = conversing.open(caller, lang).suggestions
        assert len(set(offered)) == 4
        names = {name for name, sentence in sentences().items() if sentence.text[lang] in offered and name.startswith("suggest_")}
        assert len(names) == 4
        assert not any(sentences()[name].when or "{" in sentences()[name].text[lang] for name in names)


@pytest.mark.skipif(find_engine(engine_roots()) is None, reason="moto cannot be written to from several threads")
def test_many_conversations_at_once(conversing: Conversing) -> None:
    questions = ["why is my score 82?", "and the second one?", "怎样才能到90分？", "8539 和 9405 怎么区分？", "thanks"]
    callers = [SUPPLIER, CONSULTANT, Caller.buyer("b")]

    def talk(number: int) -> Iterator[str]:
        caller = callers[number % len(callers)]
        opened = conversing.open(caller, "en")
        for place in range(2):
            yield list(conversing.ask(caller, opened.id, questions[(number + place) % len(questions)]))[-1].name

    with ThreadPoolExecutor(50) as pool:
        assert set(pool.map(lambda number: tuple(talk(number)), range(50))) == {("done", "done")}


def test_a_conversation_begins_without_langchain() -> None:
    """It takes a second to import, in which the first event is long out; no other function imports it at all."""
    modules = "ecid.services.converse, ecid.bootstrap, ecid.bootstrap.assistant, ecid.adapters.conversations, ecid.api, ecid.cli.main"
    check = f"import sys, {modules}; print([name for name in sys.modules if name.startswith('lang')])"
    told = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


def test_facts_name_the_website_entered_last() -> None:
    entered = (Fact("e", "domain#b.example", "2026-01-02", {}), Fact("e", "domain#a.example", "2026-01-01", {}), Fact("e", "score", "2026-01-03", {}))
    assert website_of(entered) == "b.example"
    assert website_of(()) is None
