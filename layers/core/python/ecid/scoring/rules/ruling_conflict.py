"""`RULING_CONFLICT`: the code is not that of the enterprise's own advance ruling in force on the day (score.md, dimension 6).

Compared at eight digits: the supervision digits behind them change without a new ruling. A ruling whose code the tariff of the day does not have has lapsed
with it, and is held against nobody.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import polars as pl

from ecid.scoring.authority import Ruling, quoted
from ecid.scoring.rule import Case, Evidence, LineVerdict, SourceRule
from ecid.scoring.rules.held_against import held_against, nothing_loaded
from ecid.scoring.same_goods import Rulings

CODE = "RULING_CONFLICT"
_ITEM = "sku:"
_SHOWN = ("number", "code", "words", "valid_from", "valid_to", "ended_on")


def subjects_of_rulings(case: Case) -> pl.DataFrame:
    """`at` and `place` of each line and ruling that is about its goods, whatever the days."""
    rulings, lines = Rulings(case.authority.rulings or ()), case.judgements.lines
    by_goods = [(index, place) for index, item in enumerate(case.judgements.goods) for place in rulings.about(item.goods)] if rulings.all else []
    goods = pl.DataFrame(by_goods, schema={"goods": lines.schema["goods"], "place": pl.UInt32}, orient="row")
    found = lines.select("at", "goods").join(goods, on="goods", how="inner").select("at", "place")
    items = _by_item(rulings.all, lines["key"])
    if items.is_empty():
        return found
    own = lines.select("at", pl.col("key").cast(pl.String)).join(items, on="key", how="inner").select("at", "place")
    return pl.concat([found, own]).unique(maintain_order=True)


def _by_item(rulings: Sequence[Ruling], keys: pl.Series) -> pl.DataFrame:
    """`key` and `place` of each product key whose item number is a ruling's, however either is written (r, Ｒ)."""
    places: dict[str, list[int]] = defaultdict(list)
    for place, ruling in enumerate(rulings):
        if ruling.sku.strip():
            places[_as_compared(ruling.sku)].append(place)
    known = keys.cast(pl.String).unique(maintain_order=True).drop_nulls() if places else ()
    found = [(key, place) for key in known if key.startswith(_ITEM) for place in places.get(_as_compared(key.removeprefix(_ITEM)), ())]
    return pl.DataFrame(found, schema={"key": pl.String, "place": pl.UInt32}, orient="row")


def _as_compared(item_number: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", item_number).casefold()).strip()


def _check(case: Case) -> LineVerdict:
    if nothing_loaded(case):
        every = case.judgements.lines["at"]
        return LineVerdict(pl.DataFrame(schema={"at": every.dtype, "fact": pl.UInt32}), pl.DataFrame(), every, every.clear())
    rulings = case.authority.rulings or ()
    judged, failed = held_against(case, subjects_of_rulings(case), rulings, doubtful=True)
    said = [(item.number, item.code, item.words or item.goods_name, *map(_told, (item.valid_from, item.valid_until, item.ended_on))) for item in rulings]
    facts = pl.DataFrame(said, schema=dict.fromkeys(_SHOWN, pl.String), orient="row")
    return LineVerdict(failed, facts, judged, judged)


def _told(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _evidence(row: Mapping[str, Any]) -> Sequence[Evidence]:
    named = {name: row[name] for name in ("code", "valid_from", "valid_to", "ended_on")}
    return [{"kind": "ruling", "id": f"ruling-{row['number']}", **quoted(row["words"]), **named}]


RULE = SourceRule(CODE, 6, _check, _evidence, lambda row: (row["code"],))
