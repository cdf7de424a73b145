"""Properties that several threads ask for at the same time."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from ecid.bootstrap.once import once

AT_ONCE = 8


def test_made_once() -> None:
    made: list[object] = []
    together = threading.Barrier(AT_ONCE)

    class House:
        @once
        def roof(self) -> object:
            made.append(object())
            threading.Event().wait(0.01)
            return made[-1]

    house, other = House(), House()

    def ask(_: int) -> object:
        together.wait(10)
        return house.roof

    with ThreadPoolExecutor(AT_ONCE) as pool:
        assert set(pool.map(ask, range(AT_ONCE))) == {made[0]}
    assert other.roof is made[1]
    assert len(made) == 2


def test_what_fails_is_tried_again() -> None:
    class House:
        tried = 0

        @once
        def roof(self) -> str:
            self.tried += 1
            if self.tried == 1:
                raise ZeroDivisionError
            return "slate"

    house = House()
    with pytest.raises(ZeroDivisionError):
        _ = house.roof
    assert house.roof == "slate"
