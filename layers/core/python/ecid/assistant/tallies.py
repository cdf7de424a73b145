"""What is counted while conversations go on, for the metrics of whoever runs them."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping


class Tallies:
    """What has been counted since it was last taken: `turns`, `errors`, `repaired`, `fallback.<reason>`. Never anything of what was said."""

    def __init__(self) -> None:
        self._lock, self._counted = threading.Lock(), Counter[str]()

    def add(self, name: str) -> None:
        """One more."""
        with self._lock:
            self._counted[name] += 1

    def take(self) -> Mapping[str, int]:
        """The counts, which begin anew."""
        with self._lock:
            taken, self._counted = self._counted, Counter()
        return taken
