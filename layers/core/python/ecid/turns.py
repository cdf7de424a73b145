"""The events of a turn on their way to who asked: as an event stream (Server-Sent Events, WHATWG HTML §9.2) that can be resumed, or as one document.

Each turn is listened to in a thread of its own, to its end, so that its silence can be told from its end; whether anybody reads on is no matter of the turn.
"""

from __future__ import annotations

import queue
import re
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

from ecid import api
from ecid.errors import BadInput, EcidError, Language

HEARTBEAT = 10.0
"""Seconds without an event after which a comment is sent, so that nothing on the way takes the connection for dead."""
MOST = 128
"""Turns that are listened to in one process; more wait."""
_LAST = re.compile(r"([A-Za-z0-9_-]{1,64})\.([0-9]{1,6})")
_pool = ThreadPoolExecutor(MOST, "turn")


class Event(Protocol):
    """An event of a turn, as `services.converse` tells it: `id` grows in the turn, `sent` is what may leave."""

    @property
    def id(self) -> int: ...
    @property
    def name(self) -> str: ...
    @property
    def sent(self) -> Mapping[str, Any]: ...


class _End:
    """No more events; `fault`: why, where it is not that all was said."""

    def __init__(self, fault: BaseException | None = None) -> None:
        self.fault = fault


class Turn:
    """A turn that is under way. Raises, when it is made, what keeps it from beginning: then it can still be told by a status."""

    def __init__(self, events: Iterator[Event], heartbeat: float = HEARTBEAT) -> None:
        self._told: queue.SimpleQueue[Event | _End] = queue.SimpleQueue()
        self._heartbeat = heartbeat
        _pool.submit(self._follow, events)
        self._first = self._told.get()
        if isinstance(self._first, _End) and self._first.fault:
            raise self._first.fault

    def __iter__(self) -> Iterator[Event | None]:
        """The events; None where there is none for a while. Raises what broke the turn off."""
        told: Event | _End = self._first
        while not isinstance(told, _End):
            yield told
            while True:
                try:
                    told = self._told.get(timeout=self._heartbeat)
                    break
                except queue.Empty:
                    yield None
        if told.fault:
            raise told.fault

    def _follow(self, events: Iterator[Event]) -> None:
        try:
            for event in events:
                self._told.put(event)
        except BaseException as fault:  # noqa: BLE001 - it is raised where the turn is read
            self._told.put(_End(fault))
        else:
            self._told.put(_End())


def frames(turn: Turn, message: str, lang: Language, request: str) -> Iterator[bytes]:
    """The turn as an event stream. What breaks it off is an `error` event, without an id: a client that resumes gets what comes next all the same.

    `request` names it in the log.
    """
    try:
        for event in turn:
            yield b": waiting\n\n" if event is None else _frame(event.name, event.sent, f"{message}.{event.id}")
    except EcidError as error:
        yield _frame("error", _problem(error, lang))
    except Exception as error:  # noqa: BLE001 - the stream has begun; its end has to be told in it
        api.log_unexpected(error, request)
        yield _frame("error", _problem(EcidError(), lang))


def gathered(turn: Turn) -> dict[str, Any]:
    """The turn as one document: `blocks`, `citations`, and what `done` says. Raises what an `error` event tells."""
    told: dict[str, Any] = {"blocks": [], "citations": []}
    for event in turn:
        if event is None:
            continue
        if event.name == "error":
            raise _Told(event.sent)
        if event.name in ("block", "citation"):
            told[f"{event.name}s"].append(event.sent)
        elif event.name == "done":
            told |= event.sent
    if "text" not in told:
        raise EcidError
    return told


def prefers_document(accept: str) -> bool:
    """Whether JSON is asked for, by name and no less than the event stream, which is what everybody else gets."""
    liked = api.weights(accept)
    return liked.get(api.JSON, 0.0) > liked.get("text/event-stream", 0.0)


def last_event(header: str) -> tuple[str, int] | None:
    """`Last-Event-ID` as message and number; None where there is none. Raises BadInput."""
    if not header:
        return None
    found = _LAST.fullmatch(header)
    if not found:
        raise BadInput(detail={"zh": "Last-Event-ID 须为收到的最后一个事件的 id", "en": "Last-Event-ID must be the id of the last event received"})
    return found[1], int(found[2])


class _Told(EcidError):
    """An error that the turn told as an event: its own code, and its own sentence in whichever language it has."""

    zh = en = "{detail}"

    def __init__(self, data: Mapping[str, Any]) -> None:
        known = next((one for one in _kinds(EcidError) if one.code == data["code"]), EcidError)
        self.code, self.status = known.code, known.status  # type: ignore[misc]
        super().__init__(detail=str(data["detail"]))


def _kinds(root: type[EcidError]) -> Iterator[type[EcidError]]:
    yield root
    for child in root.__subclasses__():
        yield from _kinds(child)


def _problem(error: EcidError, lang: Language) -> dict[str, str]:
    return {"code": error.code, "detail": error.sentence(lang)}


def _frame(name: str, data: Mapping[str, Any], event_id: str = "") -> bytes:
    # JSON on one line: a break in a text is \n in it and ends no frame.
    named = f"id: {event_id}\n" if event_id else ""
    return f"{named}event: {name}\ndata: {api.dumps(data)}\n\n".encode()
