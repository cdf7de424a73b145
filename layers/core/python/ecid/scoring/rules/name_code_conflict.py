"""`NAME_CODE_CONFLICT`: the declared heading is implausible for name and elements, and another is clearly better (score.md, dimension 4).

It abstains below the margin of the policy; where the name names nothing; where goods of that name are known under the declared heading; and where a note
or a confusable pair says more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ecid.scoring.authority import quoted
from ecid.scoring.placement import Likely, Placed
from ecid.scoring.policy import PPM, Placing
from ecid.scoring.rule import Case, Evidence, LineVerdict, SourceRule
from ecid.scoring.rules.placed import Stated, judged_by_placing
from ecid.scoring.rules.too_vague import names_nothing

if TYPE_CHECKING:
    from ecid.scoring.judging import JudgedGoods


def _judge(goods: JudgedGoods, placed: Placed, bounds: Placing) -> Stated | None:
    rival = placed.rival
    if rival is None or placed.own_ppm is None or placed.excluded or placed.supported:
        return None
    if placed.own_ppm > bounds.implausible_ppm or rival.ppm < bounds.better_ppm or names_nothing(goods.goods.name):
        return None
    return likely(rival) | {"own_ppm": placed.own_ppm}


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
