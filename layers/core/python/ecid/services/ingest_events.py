"""Take in source events: store each with its facts, keep declarations as segments, rebuild the records, ask for score runs.

Every step can be repeated, so whatever fails midway is healed when the event is delivered again: a known event stores nothing, but its segment and
its records are written all the same. The segment follows the event and not the other way round, because rows of an event that is refused
(its id was used by another one) must not count.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Hashable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from ecid.errors import EcidError
from ecid.feed.declarations import month_of, rows_of, segment_key, segment_of
from ecid.feed.envelopes import ClearanceRecorded, DomainRegistered, RulingEnded, RulingIssued, SourceSynced
from ecid.feed.events import AuthorityEvent, DeclarationEvent, SourceEvent, canonical_body, check_time, parse_event
from ecid.feed.facts import PLATFORM_SUBJECT, enterprises_of, facts_of, instant
from ecid.identity.domains import lookalike_keys
from ecid.ports import FactStore, ObjectStore, Queue
from ecid.services.project_records import Project, project_enterprise

_log = logging.getLogger(__name__)

_AT_ONCE = 10
"""Messages under way when every enterprise is asked for: one after the other, a few thousand would outlast the function."""

Group = TypeVar("Group", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Batch:
    """What became of a batch: how many events were new, how many known already, and the error of each message that failed, by message id.

    A failed message may have been stored in part; delivered again it is completed. An error that is a `BadInput` will never pass, any other may.
    """

    taken: int
    known: int
    failed: Mapping[str, EcidError]


@dataclass(frozen=True, slots=True)
class Ingestion:
    """The use case, bound to its ports, to the projection of facts to a record and to a clock (aware); `reserved_suffixes` as in the settings."""

    store: FactStore
    objects: ObjectStore
    scores: Queue
    project: Project
    clock: Callable[[], datetime]
    reserved_suffixes: frozenset[str] = frozenset()

    def batch(self, messages: Sequence[tuple[str, bytes | str]]) -> Batch:
        """Take in messages `(message id, event)`. A poisonous one fails alone; what concerns a whole enterprise fails for its messages only."""
        failed: dict[str, EcidError] = {}
        events: dict[str, SourceEvent] = {}
        new: set[str] = set()
        now = self.clock()
        for message_id, body in messages:
            try:
                event = parse_event(body, self.reserved_suffixes)
                check_time(event, now)
                if self._append(event):
                    new.add(message_id)
            except Exception as error:  # noqa: BLE001 - whatever fails for one message is not the others'
                failed[message_id] = _told(error)
            else:
                events[message_id] = event
        declared = {message_id: event for message_id, event in events.items() if isinstance(event, DeclarationEvent)}
        self._keep_declarations(declared, failed)
        self._each(_grouped(events, lambda event: event.enterprise if facts_of(event) else None), self._rebuild, failed)
        self._ask_for_scores({message_id: event for message_id, event in events.items() if message_id not in failed}, failed)
        done = events.keys() - failed.keys()
        return Batch(len(done & new), len(done - new), failed)

    def _append(self, event: SourceEvent) -> bool:
        new = self.store.append(event.id, canonical_body(event), event.enterprise, facts_of(event))
        if isinstance(event, SourceSynced):
            self.store.mark_synced(event.source, instant(event.data.synced_at))
        if isinstance(event, DomainRegistered) and event.data.proof is not None:
            self.store.put_lookalikes(event.data.domain, lookalike_keys(event.data.domain))
        return new

    def _keep_declarations(self, declared: Mapping[str, DeclarationEvent], failed: dict[str, EcidError]) -> None:
        """One segment per enterprise and month, not per event: readers open every segment."""

        def keep(part: tuple[str, str], message_ids: Sequence[str]) -> None:
            segment = segment_of([row for message_id in message_ids for row in rows_of(declared[message_id])])
            self.objects.put(segment_key(*part, segment), segment)

        self._each(_grouped(declared, lambda event: (event.enterprise, month_of(event))), keep, failed)

    def _rebuild(self, enterprise: str, _: Sequence[str]) -> None:
        project_enterprise(enterprise, self.store, self.project)

    def _ask_for_scores(self, events: Mapping[str, SourceEvent], failed: dict[str, EcidError]) -> None:
        """What an enterprise declared or was told concerns its own score, what customs published for everybody every score."""

        def ask(enterprise: str, _: Sequence[str]) -> None:
            self.scores.send({"enterprise": enterprise})

        def ask_for_all(_: str, __: Sequence[str]) -> None:
            known = enterprises_of(self.store.facts(PLATFORM_SUBJECT).facts)
            with ThreadPoolExecutor(_AT_ONCE) as pool:
                list(pool.map(lambda enterprise: self.scores.send({"enterprise": enterprise}), known))

        concerned = DeclarationEvent | ClearanceRecorded | RulingIssued | RulingEnded
        self._each(_grouped(events, lambda event: event.enterprise if isinstance(event, concerned) else None), ask, failed)
        self._each(_grouped(events, lambda event: PLATFORM_SUBJECT if isinstance(event, AuthorityEvent) else None), ask_for_all, failed)

    @staticmethod
    def _each(groups: Mapping[Group, Sequence[str]], work: Callable[[Group, Sequence[str]], None], failed: dict[str, EcidError]) -> None:
        for group, message_ids in groups.items():
            try:
                work(group, message_ids)
            except Exception as error:  # noqa: BLE001 - whatever fails for one enterprise is not the others'
                failed.update(dict.fromkeys(message_ids, _told(error)))


def _told(error: Exception) -> EcidError:
    """Our own errors as they are; of others the log has type and places only, for their message may carry what an event said."""
    if isinstance(error, EcidError):
        return error
    _log.error("%s at %s", type(error).__name__, [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)])
    return EcidError()


def _grouped(events: Mapping[str, Any], key: Callable[[Any], Group | None]) -> dict[Group, list[str]]:
    """Message ids by `key` of their event; an event without a key is in no group."""
    groups: dict[Group, list[str]] = {}
    for message_id, event in events.items():
        group = key(event)
        if group is not None:
            groups.setdefault(group, []).append(message_id)
    return groups
