"""Properties that are made once in a process, also where several threads ask for them at the same time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cached_property
from typing import Any, Self, TypeVar, overload

Made = TypeVar("Made")


class once(cached_property[Made]):  # noqa: N801 - a decorator, like its parent
    """`functools.cached_property`, which since Python 3.12 would make things twice. What raises is tried again when asked again."""

    def __init__(self, make: Callable[[Any], Made]) -> None:
        super().__init__(make)
        self._making = threading.RLock()

    @overload
    def __get__(self, instance: None, owner: type[Any] | None = None) -> Self: ...

    @overload
    def __get__(self, instance: object, owner: type[Any] | None = None) -> Made: ...

    def __get__(self, instance: object, owner: type[Any] | None = None) -> Any:
        """Wait for whoever makes it."""
        with self._making:
            return super().__get__(instance, owner)
