"""`NAME_CODE_CONFLICT`: the declared heading is implausible for name and elements, and another is clearly better (score.md, dimension 4).

It abstains below the margin of the policy; where the name names nothing; where goods of that name are known under the declared heading, or named by the text
of the code; where a note says more; and where confusable codes share the name, and what settles it is not stated (dimension 9).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from ecid.scoring.authority import quoted
from ecid.scoring.placement import Likely, Placed
from ecid.scoring.policy import PPM, Placing
from ecid.scoring.product_key import normal
from ecid.scoring.rule import Case, Evidence, LineVerdict, SourceRule
from ecid.scoring.rules.placed import Stated, judged_by_placing
from ecid.scoring.rules.too_vague import marks_of, names_nothing

if TYPE_CHECKING:
    from ecid.scoring.judging import JudgedGoods

_BRACKETED = re.compile(r"[（(\[【][^（()）\[\]【】]*[）)\]】]")
_NAMING = 3
"""Characters from which on a name in the text of a code is no mere word of it."""


def is_conflict(goods: JudgedGoods, placed: Placed, bounds: Placing) -> bool:
    """Whether the placing speaks clearly against the declared heading."""
    rival = placed.rival
    if rival is None or placed.own_ppm is None or placed.excluded or placed.supported:
        return False
    if (placed.open_fact and placed.open_fact.shared) or _is_named(goods):
        return False
    implausible = bounds.called_ppm if placed.called_rival else bounds.implausible_ppm
    return placed.own_ppm <= implausible and rival.ppm >= bounds.better_ppm and not names_nothing(goods.goods.name, marks_of(goods.goods))


def _is_named(goods: JudgedGoods) -> bool:
    """Whether the text of the code itself ends in the goods' name (制动摩擦片 under 装在蹄片上的制动摩擦片)."""
    line, name = goods.goods.line, normal(_BRACKETED.sub("", goods.goods.name))
    return line is not None and len(name) >= _NAMING and normal(line.name).endswith(name)


def _judge(goods: JudgedGoods, placed: Placed, bounds: Placing, _day: date) -> Stated | None:
    return likely(placed.rival) | {"own_ppm": placed.own_ppm} if placed.rival and is_conflict(goods, placed, bounds) else None


def likely(code: Likely) -> dict[str, str | int | None]:
    """A code that the description speaks for, as facts."""
    title = {lang: code.title.get(lang) or next(iter(code.title.values()), "") for lang in ("zh", "en")}
    return {"code": code.code, "title_zh": title["zh"], "title_en": title["en"], "ppm": code.ppm, "record": code.record, "words": code.words}


def runner_up(row: Mapping[str, Any]) -> Evidence:
    """The code that the description speaks for, as evidence, with the probability of what was declared."""
    shown = {"code": row["code"], "title": {"zh": row["title_zh"], "en": row["title_en"]}, "confidence_ppm": row["ppm"], "declared_ppm": row["own_ppm"]}
    return {"kind": "rival", **shown, "id": row["record"] or None, **quoted(row["words"] or row["title_zh"])}


def _evidence(row: Mapping[str, Any]) -> Sequence[Evidence]:
    return [runner_up(row)]


def _check(case: Case) -> LineVerdict:
    return judged_by_placing(case, _judge, PPM)


RULE = SourceRule("NAME_CODE_CONFLICT", 4, _check, _evidence, lambda row: (row["code"],))
