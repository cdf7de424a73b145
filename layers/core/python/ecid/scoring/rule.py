"""What a rule is: a code, the dimension it belongs to, and a pure check of goods. The registry (`ecid.scoring.rules`) names them all."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ecid.scoring.goods import Goods


@dataclass(frozen=True, slots=True)
class Failure:
    """One thing that needs review. `position` is the place in the element string (None: the goods as a whole), `label` what is asked there, `seen`
    what stands there, `expected_zh`/`expected_en` what would settle it, as a phrase."""

    position: int | None
    label: str
    seen: str
    expected_zh: str
    expected_en: str


@dataclass(frozen=True, slots=True)
class GoodsRule:
    """A rule that looks at one goods at a time. `check` yields nothing where the goods pass or the rule does not apply."""

    code: str
    dimension: int
    check: Callable[[Goods], Iterable[Failure]]
