"""The contract of `ecid.ports.ConversationStore`, on every engine."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from ecid.adapters.conversations import DynamoConversations
from ecid.adapters.dynamodb import DynamoFactStore
from ecid.assistant.caller import LEDGER, Caller
from ecid.assistant.conversation import REMEMBERED, Conversation, Event, ResultName, Turn
from ecid.errors import SourceUnavailable
from tests.adapters.engines import fact_store

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
CONSULTANT = Caller.consultant("张三", "91330282MA2H7K4W68", {LEDGER, "reports"})
OPENED = Conversation(
    "c-1", CONSULTANT, "zh", NOW, NOW + timedelta(hours=24), NOW + timedelta(days=7), ResultName("r-1", date(2026, 11, 22), "2026-11-22T01:00:00Z")
)
TURN = Turn("m-1", "为什么是82分？", "zh", "run-1", NOW + timedelta(seconds=30))
EVENTS = (Event(1, "status", {"step": "reading", "text": "正在理解问题"}), Event(100, "done", {"text": "评分82.3", "fallback": None}))


@pytest.fixture
def conversations(store: DynamoFactStore) -> DynamoConversations:
    return DynamoConversations(store.client, store.settings, clock=NOW.timestamp)


def at(store: DynamoConversations, moment: datetime) -> DynamoConversations:
    """The same store, later."""
    return replace(store, clock=moment.timestamp)


def test_a_conversation_is_read_as_it_was_stored(conversations: DynamoConversations) -> None:
    conversations.open(OPENED)
    buyer = replace(OPENED, id="c-2", caller=Caller.buyer("b"), result=None, lang="en", domain="harborlight.example")
    conversations.open(buyer)
    assert conversations.get("c-1") == OPENED
    assert conversations.get("c-2") == buyer
    assert conversations.get("c-3") is None


def test_it_is_gone_when_it_expires(conversations: DynamoConversations) -> None:
    conversations.open(OPENED)
    assert at(conversations, OPENED.expires_at - timedelta(milliseconds=1)).get("c-1") == OPENED
    assert at(conversations, OPENED.expires_at).get("c-1") is None


def test_a_turn_is_held_by_one_run(conversations: DynamoConversations) -> None:
    conversations.open(OPENED)
    assert conversations.begin("c-1", TURN)
    assert conversations.begin("c-1", TURN), "the same run again, whose answer was lost on the way"
    assert not conversations.begin("c-1", replace(TURN, token="run-2"))
    assert not conversations.begin("c-1", replace(TURN, message="m-2", token="run-2"))
    assert conversations.turn("c-1", "m-1") == TURN
    assert conversations.turn("c-1", "m-2") is None
    later = at(conversations, TURN.lease)
    second = replace(TURN, token="run-2", lease=TURN.lease + timedelta(seconds=30))
    assert later.begin("c-1", second)
    assert not later.finish(OPENED, replace(TURN, done=True, events=EVENTS)), "the turn was taken over"
    assert later.finish(OPENED, replace(second, done=True, events=EVENTS))


def test_no_turn_without_a_conversation(conversations: DynamoConversations) -> None:
    assert not conversations.begin("c-1", TURN)
    assert conversations.turn("c-1", "m-1") is None


def test_a_turn_that_is_done_stays_as_it_is(conversations: DynamoConversations) -> None:
    conversations.open(OPENED)
    conversations.begin("c-1", TURN)
    after = replace(OPENED, memory=OPENED.remembers("为什么", "因为"), expires_at=NOW + timedelta(hours=25))
    done = replace(TURN, done=True, events=EVENTS)
    assert conversations.finish(after, done)
    assert conversations.finish(after, done), "once more, the answer was lost on the way"
    assert conversations.get("c-1") == after
    assert conversations.turn("c-1", "m-1") == done
    later = at(conversations, TURN.lease + timedelta(hours=1))
    assert not later.begin("c-1", replace(TURN, token="run-2", lease=TURN.lease + timedelta(hours=2)))
    assert conversations.begin("c-1", replace(TURN, message="m-2", token="run-3")), "the next one need not wait for the lease"


def test_what_is_said_in_process_only_is_not_stored(conversations: DynamoConversations) -> None:
    conversations.open(OPENED)
    conversations.begin("c-1", TURN)
    told = Event(100, "done", {"text": "x", "intents": ["why_score"], "refused": None, "results": [object()]})
    conversations.finish(OPENED, replace(TURN, done=True, events=(told,)))
    stored = conversations.turn("c-1", "m-1")
    assert stored
    assert stored.events == (Event(100, "done", {"text": "x"}),)


def test_long_answers_and_memories_fit(conversations: DynamoConversations) -> None:
    """As much as a turn may say, and as a conversation may remember, in characters that hardly compress."""
    noise = "".join(chr(0x4E00 + number * 7919 % 20_000) for number in range(200_000))
    memory = OPENED
    for number in range(REMEMBERED + 5):
        memory = replace(memory, memory=memory.remembers(f"{number}{noise[number : number + 1_990]}", noise[:5_000]))
    assert len(memory.memory) == REMEMBERED
    conversations.open(memory)
    conversations.begin("c-1", TURN)
    told = (Event(100, "block", {"kind": "paragraph", "text": noise[:100_000]}),)
    assert conversations.finish(memory, replace(TURN, done=True, events=told))
    assert conversations.get("c-1") == memory


def test_closing_ends_what_was_opened_up_to_now_of_this_grant_alone(conversations: DynamoConversations) -> None:
    others = [
        replace(OPENED, id="c-2", caller=replace(CONSULTANT, person="李四")),
        replace(OPENED, id="c-3", caller=replace(CONSULTANT, enterprise="91310000MA1K35C39A")),
    ]
    later = replace(OPENED, id="c-4", opened_at=NOW + timedelta(seconds=1))
    for one in (OPENED, *others, later):
        conversations.open(one)
    conversations.close(CONSULTANT.person, CONSULTANT.enterprise)
    assert conversations.get("c-1") is None
    assert [conversations.get(one.id) for one in others] == others
    assert conversations.get("c-4") == later


def test_of_many_runs_at_once_one_gets_the_turn(tmp_path_factory: pytest.TempPathFactory) -> None:
    """On the embedded engine alone: the transactions of moto are not atomic between threads."""
    turns = [replace(TURN, message=f"m-{number % 4}", token=f"run-{number}") for number in range(16)]
    with fact_store("embedded", tmp_path_factory.getbasetemp()) as facts:
        conversations = DynamoConversations(facts.client, facts.settings, clock=NOW.timestamp)
        conversations.open(OPENED)

        def begun(turn: Turn) -> bool:
            try:
                return conversations.begin("c-1", turn)
            except SourceUnavailable:  # given up among so many writers, it has let none through
                return False

        with ThreadPoolExecutor(16) as pool:
            assert sum(pool.map(begun, turns)) == 1
