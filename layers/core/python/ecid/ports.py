"""What the services need from outside, as protocols. A port exists where a second real implementation exists (architecture principle 7)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ecid.assistant.conversation import Conversation, Turn
from ecid.feed.facts import Fact


@dataclass(frozen=True, slots=True)
class FactSet:
    """All facts of one subject that have not expired and the revision they were read at; a record made from them is stored under that revision."""

    revision: int
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """What one verification reads: the record made for the domain, or None, and when each source last said that it is up to date (ISO, UTC)."""

    record: Mapping[str, Any] | None
    synced: Mapping[str, str]


class FactStore(Protocol):
    """Source events and the facts that follow from them (DynamoDB: AWS, the embedded engine, moto)."""

    def append(self, event_id: str, body: str, enterprise: str | None, facts: Sequence[Fact]) -> bool:
        """Store the event and its facts in one transaction; False when this very event was stored before, by an earlier call. An older fact never
        replaces a newer one. Raises EventConflict when the id was used by a different event."""

    def facts(self, subject: str) -> FactSet:
        """All facts of a subject that have not expired by the store's clock, strongly consistent."""

    def put_record(self, domain: str, record: Mapping[str, Any], revision: int) -> bool:
        """Store the record ready to serve; False when a record of a later revision is already there."""

    def get_record(self, domain: str) -> StoredRecord:
        """One request for two keys: the domain's record and the sources' state."""

    def mark_synced(self, source: str, at: str) -> None:
        """The source says that it was up to date at `at` (ISO, UTC); an earlier time never replaces a later one."""

    def put_lookalikes(self, domain: str, keys: Collection[str]) -> None:
        """Enter the domain under its look-alike keys. An entry is never taken back: whether the domain is still registered, its record says."""

    def get_lookalikes(self, keys: Collection[str]) -> frozenset[str]:
        """The domains ever entered under one of these look-alike keys."""

    def put_fact(self, fact: Fact) -> None:
        """Store one fact that comes from our own computation (a score run), under the same rule."""


class ObjectStore(Protocol):
    """Files by key: S3, or a folder."""

    def put(self, key: str, data: bytes) -> None:
        """Write whole; a reader never sees half an object."""

    def get(self, key: str) -> bytes:
        """Read whole. Raises NotFound."""

    def delete(self, key: str) -> None:
        """Take the object away; nothing happens when there is none."""

    def keys(self, prefix: str) -> Iterator[str]:
        """All keys that start with `prefix`, sorted."""


class Queue(Protocol):
    """Work for another function: SQS, or the in-process queue of `ecid serve`."""

    def send(self, body: Mapping[str, Any]) -> None:
        """Hand over one message, delivered at least once."""


class ConversationStore(Protocol):
    """Conversations and their turns (DynamoDB: AWS, the embedded engine, moto). What has expired by the store's clock, or was closed, is not there."""

    def open(self, conversation: Conversation) -> None:
        """Store a new conversation."""

    def get(self, name: str) -> Conversation | None:
        """A conversation by its id, strongly consistent."""

    def turn(self, name: str, message: str) -> Turn | None:
        """A turn of a conversation by its message, strongly consistent."""

    def begin(self, name: str, turn: Turn) -> bool:
        """Store a turn that is to be answered, and hold the conversation until its lease; False while another run holds it, or where this turn is done."""

    def finish(self, conversation: Conversation, turn: Turn) -> bool:
        """Store the answered turn and the conversation after it, and let go of it, in one transaction; False where another run has taken the turn over."""

    def close(self, person: str, enterprise: str | None) -> None:
        """End every conversation that a person opened up to now about an enterprise (None: as a buyer)."""
