"""What is known of goods, as a table: by name, what `Placed` says; of other names that they are where they were declared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ecid.scoring.placement import Described, Exclusion, Likely, OpenFact, Placed

_RIGHT: Mapping[str, Any] = {
    "own_ppm": 990_000,
    "best_ppm": 990_000,
    "own_code_ppm": 980_000,
    "residual": False,
    "supported": True,
    "called_rival": False,
    "terms": 8,
}
_PARTS = {"rival": Likely, "finer": Likely, "excluded": Exclusion, "open_fact": OpenFact}


class Told:
    """A `Placement` that says what it is told to, and remembers what it was asked."""

    version = "told"

    def __init__(self, known: Mapping[str, Mapping[str, Any]]) -> None:
        self._known = known
        self.asked: list[Described] = []

    def place_all(self, goods: Sequence[Described]) -> list[Placed]:
        """What the table says of the names."""
        return [self._place(one) for one in goods]

    def _place(self, goods: Described) -> Placed:
        self.asked.append(goods)
        told = {**dict.fromkeys(_PARTS), **_RIGHT, **self._known.get(goods.name, {})}
        return Placed(**{name: _PARTS[name](**_tuples(value)) if value and name in _PARTS else value for name, value in told.items()})


def _tuples(value: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(item) if isinstance(item, list) else item for name, item in value.items()}
