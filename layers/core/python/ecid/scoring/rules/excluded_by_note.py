"""`EXCLUDED_BY_NOTE`: a section or chapter note sends goods that are called so elsewhere, and their description places them there (score.md, dimension 4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from ecid.scoring.authority import quoted
from ecid.scoring.placement import Placed
from ecid.scoring.policy import PPM, Placing
from ecid.scoring.rule import Case, Evidence, LineVerdict, SourceRule
from ecid.scoring.rules.placed import Stated, judged_by_placing

if TYPE_CHECKING:
    from ecid.scoring.judging import JudgedGoods


def is_excluded(placed: Placed, bounds: Placing) -> bool:
    """Whether a note sends the goods elsewhere, and their description places them there."""
    note, rival = placed.excluded, placed.rival
    if note is None or rival is None or placed.own_ppm is None or placed.own_ppm > bounds.excluded_ppm:
        return False
    # Where sides of a confusable pair share the name, the word does not tell them apart (dimension 9).
    if placed.open_fact and placed.open_fact.shared:
        return False
    # A note knows goods by a word. Where the rest of the description speaks for a third heading, the word alone proves nothing.
    return rival.code.startswith(note.towards)


def _judge(_: JudgedGoods, placed: Placed, bounds: Placing, _day: date) -> Stated | None:
    note, rival = placed.excluded, placed.rival
    if note is None or rival is None or not is_excluded(placed, bounds):
        return None
    return {"code": " ".join(note.towards), "record": note.record, "words": note.words, "said": note.said, "own_ppm": placed.own_ppm, "ppm": rival.ppm}


def _evidence(row: Mapping[str, Any]) -> Sequence[Evidence]:
    towards = row["code"].split()
    return [
        {
            "kind": "note",
            "id": row["record"],
            "said": row["said"],
            "towards": towards,
            "confidence_ppm": row["ppm"],
            "declared_ppm": row["own_ppm"],
            **quoted(row["words"]),
        }
    ]


def _check(case: Case) -> LineVerdict:
    return judged_by_placing(case, _judge, PPM)


RULE = SourceRule("EXCLUDED_BY_NOTE", 4, _check, _evidence, lambda row: tuple(row["code"].split()))
