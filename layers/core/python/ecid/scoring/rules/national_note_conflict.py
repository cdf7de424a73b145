"""`NATIONAL_NOTE_CONFLICT`: a declared quantity lies outside what a national subheading note (本国子目注释) demands of goods of the code.

Only figures are mechanical: the note's words are read for bounds as the text of a code is. What else a note says is for people.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from ecid.scoring.authority import NationalNote, quoted
from ecid.scoring.elements.bounds import bounds, outside
from ecid.scoring.goods import Goods
from ecid.scoring.rule import Case, Evidence, LineVerdict, SourceRule

_SHOWN = ("id", "label", "seen", "expected", "words", "source", "valid_from", "valid_to")


def _failures(goods: Goods, note: NationalNote) -> list[tuple[str, str, str]]:
    """Label, value and the bound missed, of each declared quantity."""
    stated = [slot for slot in goods.elements if slot.value]
    missed = [(slot, outside(slot.label, slot.value, goods.code, note.words, ())) for slot in stated]
    return [(slot.label, slot.value, bound.text) for slot, bound in missed if bound]


def _check(case: Case) -> LineVerdict:
    lines = case.judgements.lines
    notes = [note for note in case.reference.notes or () if any(bounds(code, note.words, ()) for code in note.codes)]
    rows: list[tuple[str | None, ...]] = []
    concerned: list[tuple[int, object, object, int | None]] = []
    for index, item in enumerate(case.judgements.goods) if notes else ():
        for note in notes:
            if item.goods.code in note.codes:
                failed = _failures(item.goods, note)
                concerned.append((index, note.valid_from, note.valid_to, len(rows) if failed else None))
                ends = note.valid_to.isoformat() if note.valid_to else None
                rows += [(note.id, *failed[0], note.words, note.source, note.valid_from.isoformat(), ends)] if failed else []
    schema = pl.Schema({"goods": lines.schema["goods"], "since": pl.Date(), "until": pl.Date(), "fact": pl.UInt32()})
    found = lines.filter(pl.col("state") == "valid").select("at", "day", "goods").join(pl.DataFrame(concerned, schema=schema, orient="row"), on="goods")
    in_force = (pl.col("day") >= pl.col("since")) & (pl.col("until").is_null() | (pl.col("day") <= pl.col("until")))
    found = found.filter(in_force).sort("at", "fact", nulls_last=True)
    failing = found.filter(pl.col("fact").is_not_null()).unique("at", keep="first", maintain_order=True).select("at", "fact")
    judged = found["at"].unique().sort()
    return LineVerdict(failing, pl.DataFrame(rows, schema=dict.fromkeys(_SHOWN, pl.String), orient="row"), judged, judged)


def _evidence(row: Mapping[str, Any]) -> Sequence[Evidence]:
    named = {name: row[name] for name in ("id", "label", "seen", "expected", "source", "valid_from", "valid_to")}
    return [{"kind": "national_note", **quoted(row["words"]), **named}]


RULE = SourceRule("NATIONAL_NOTE_CONFLICT", 6, _check, _evidence)
