"""`TOO_VAGUE`: name and elements say too little to place the goods in any heading (score.md, dimension 4). Half a defect.

Either the name has no word that names goods (配件, 塑料制品) and the elements do not make up for it, or the whole description is short and no heading stands
out. A long description that no heading answers is left alone: that may be our ignorance.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from ecid.scoring.placement import Placed
from ecid.scoring.policy import PPM, Placing
from ecid.scoring.rule import Case, Evidence, LineVerdict, SourceRule
from ecid.scoring.rules.placed import Stated, judged_by_placing
from ecid.scoring.wording import phrase

if TYPE_CHECKING:
    from ecid.scoring.judging import JudgedGoods


def names_nothing(name: str) -> bool:
    """Whether a name is made of words alone that name no goods."""
    bare = re.sub(r"[\W\d_]+", "", name)
    return bool(bare) and _made_of_vague_words().fullmatch(bare) is not None


@cache
def _made_of_vague_words() -> re.Pattern[str]:
    words = tomllib.loads(files("ecid.scoring").joinpath("vague.toml").read_text("utf-8"))["words"]
    return re.compile(f"(?:{'|'.join(map(re.escape, words))})+")


def _judge(goods: JudgedGoods, placed: Placed, bounds: Placing) -> Stated | None:
    says_little = placed.terms <= bounds.vague_terms and placed.best_ppm < bounds.vague_ppm
    if says_little or (names_nothing(goods.goods.name) and placed.best_ppm < bounds.vague_name_ppm):
        return {"said": goods.goods.name, "ppm": placed.best_ppm}
    return None


def _evidence(row: Mapping[str, Any]) -> Sequence[Evidence]:
    return [{"kind": "vague", "seen": row["said"], "expected": phrase("vague_expected"), "confidence_ppm": row["ppm"]}]


def _check(case: Case) -> LineVerdict:
    return judged_by_placing(case, _judge, PPM // 2)


RULE = SourceRule("TOO_VAGUE", 4, _check, _evidence)
