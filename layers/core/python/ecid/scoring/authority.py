"""What customs itself has said of an enterprise's goods: advance rulings, published decisions, national subheading notes, and what became of lines.

Plain dated values; `Authority` gathers those of one enterprise for one run, `Reference` holds what is published for everybody.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date

from ecid.clearance.records import AnomalyRecord


@dataclass(frozen=True, slots=True)
class Ruling:
    """An advance ruling on classification (预裁定, Order 236) of the enterprise's own goods.

    In force from `valid_from` to `valid_until`, both inclusive, and not from `ended_on` on, where it ended early. `brand`, `model` and `sku` tell which
    goods, as they stand in declarations. `words` are those of the ruling (the goods as it describes them).
    """

    number: str
    code: str
    goods_name: str
    valid_from: date
    valid_until: date
    brand: str = ""
    model: str = ""
    sku: str = ""
    words: str = ""
    ended_on: date | None = None

    def in_force(self, day: date) -> bool:
        """Whether it binds on `day`."""
        return self.valid_from <= day <= self.valid_until and (self.ended_on is None or day < self.ended_on)


@dataclass(frozen=True, slots=True)
class Decision:
    """A published classification decision (归类决定): a `code` of six, eight or ten digits for goods of these names.

    `words` describe the goods, empty where only the names are known. In force from `valid_from` to `valid_to`, both inclusive (None: still).
    """

    number: str
    code: str
    names: tuple[str, ...]
    source: str
    valid_from: date
    valid_to: date | None = None
    words: str = ""

    def in_force(self, day: date) -> bool:
        """Whether it has effect on `day`: a lapsed one never counts on a later day."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True, slots=True)
class NationalNote:
    """A note to China's own subheadings (本国子目注释) on eight-digit `codes`. Only what its words bound in figures is held against declared elements."""

    id: str
    codes: tuple[str, ...]
    words: str
    source: str
    valid_from: date
    valid_to: date | None = None

    def in_force(self, day: date) -> bool:
        """Whether it has effect on `day`."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True, slots=True)
class Authority:
    """What customs said and did in the matter of one enterprise. None: not loaded, which is not the same as "there is none".

    `decisions` are those that came as events; of one number they stand before what the reference holds. `advanced`: from which day on the enterprise is an
    advanced certified one in good standing, or is not, in order; it opens routes and moves no points.
    """

    rulings: tuple[Ruling, ...] | None = None
    decisions: tuple[Decision, ...] | None = None
    outcomes: tuple[AnomalyRecord, ...] | None = None
    advanced: tuple[tuple[date, bool], ...] = ()

    def is_advanced(self, day: date) -> bool:
        """Whether it is an advanced certified enterprise on `day`, as far as is known."""
        return next((standing for since, standing in reversed(self.advanced) if since <= day), False)

    def versions(self) -> dict[str, str]:
        """SHA-256 of each part that is loaded, by name; order does not matter."""
        parts = {"rulings": self.rulings, "decisions": self.decisions, "outcomes": self.outcomes}
        return {name: _digest(part) for name, part in parts.items() if part is not None}


def merged_decisions(published: Iterable[Decision], told: Iterable[Decision]) -> tuple[Decision, ...]:
    """All decisions by number. One that was told by an event stands before the published record, which lends it its words where the codes agree."""
    found = {decision.number: decision for decision in published}
    for decision in told:
        before = found.get(decision.number)
        words = before.words if before and not decision.words and before.code[:6] == decision.code[:6] else decision.words
        found[decision.number] = replace(decision, words=words)
    return tuple(found[number] for number in sorted(found))


def quoted(words: str) -> Mapping[str, str]:
    """Words as evidence carries them: the text and its SHA-256."""
    return {"text": words, "sha256": hashlib.sha256(words.encode()).hexdigest()}


def _digest(part: Iterable[Ruling | Decision | AnomalyRecord]) -> str:
    said = sorted(json.dumps(asdict(item), ensure_ascii=False, sort_keys=True, default=str) for item in part)
    return hashlib.sha256("\n".join(said).encode()).hexdigest()
