"""The phrases that say what would settle a finding. Data: `wording.toml`."""

from __future__ import annotations

from ecid.scoring.elements.kinds import label_of
from ecid.scoring.elements.text import table
from ecid.scoring.goods import Slot
from ecid.scoring.rule import Failure


def failure(slot: Slot, key: str, **facts: str) -> Failure:
    """A failure at `slot` with the phrases of `key`, filled in with `facts` and the bare label."""
    words = table("wording")[key]
    facts.setdefault("label", label_of(slot.label).base)
    return Failure(slot.position, slot.label, slot.value, words["zh"].format_map(facts), words["en"].format_map(facts))
