"""Keeping an eye on a model that is at work: how long it is silent, how much it says and asks, and whether anybody still waits for it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from ecid.assistant.status import Reason, Status

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Limits:
    """What a model may take: seconds without a word, and for a whole answer; calls of tools, and characters that it says. `rest`: seconds for which a model
    that failed is left alone."""

    silence: float = 1.5
    total: float = 20.0
    calls: int = 12
    text: int = 200_000
    rest: float = 30.0


class Stopped(Exception):
    """Nobody waits for this answer any more."""


class Overrun(Exception):
    """More calls, or more text, than a model may take."""


class Failed(Exception):
    """A model gave no answer. `reason`: why."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


class Watch(Generic[Answer]):
    """One answer of one model, at work in one thread and waited for in another. `tell` hears of its steps for as long as it is waited for.

    The model is silent only while it is asked: the time of tools, and of checking, is not its own, but it counts towards the total.
    """

    def __init__(self, tell: Callable[[Status], None], limits: Limits, clock: Callable[[], float]) -> None:
        self._tell, self._limits, self._clock = tell, limits, clock
        self._changed = threading.Condition()
        self._begun = self._heard = clock()
        self._asked = self._stopped = False
        self._calls = self._text = 0
        self._answer: Answer | None = None
        self._reason: Reason | None = None

    def asked(self) -> None:
        """The model is asked. Raises Stopped."""
        self._note(asked=True)

    def heard(self, size: int) -> None:
        """It said so many characters. Raises Stopped, Overrun."""
        self._note(asked=True)
        self._text += size
        if self._text > self._limits.text:
            raise Overrun

    def answered(self) -> None:
        """It has said what it had to say."""
        self._note(asked=False)

    def calling(self, tool: str) -> None:
        """It calls a tool. Raises Stopped, Overrun."""
        with self._changed:
            self._calls += 1
            over = self._calls > self._limits.calls
        if over:
            raise Overrun
        self.step(Status("asking", tool))

    def step(self, status: Status) -> None:
        """Something is done that is none of the model's doing. Raises Stopped."""
        with self._changed:
            if self._stopped:
                raise Stopped
            self._tell(status)

    def end(self, answer: Answer) -> None:
        """This is the answer; one that comes too late is dropped."""
        with self._changed:
            self._answer = answer
            self._changed.notify_all()

    def fail(self, reason: Reason) -> None:
        """There will be none."""
        with self._changed:
            self._reason = reason
            self._changed.notify_all()

    def result(self) -> Answer:
        """The answer, as soon as it is there. Raises Failed; from then on the model is not waited for."""
        with self._changed:
            while self._answer is None and self._reason is None:
                now, due = self._clock(), self._begun + self._limits.total
                if self._asked:
                    due = min(due, self._heard + self._limits.silence)
                if now >= due:
                    self._reason = "model_slow"
                    break
                self._changed.wait(due - now)
            self._stopped = True
            if self._answer is None:
                raise Failed(self._reason or "model_down")
            return self._answer

    def _note(self, *, asked: bool) -> None:
        with self._changed:
            if self._stopped:
                raise Stopped
            self._asked, self._heard = asked, self._clock()
            self._changed.notify_all()
