"""What decides within a heading: the predominating fibre and the measures of goods, against the fibres and limits of codes."""

from __future__ import annotations

import numpy as np

from ecid.knowledge.candidates.composition import Composition, bit, composed
from ecid.knowledge.candidates.goods import Goods
from ecid.knowledge.candidates.likeness import Gathering, Row
from ecid.knowledge.candidates.limits import PARTS, SHARE, load_measures, stated

_UNSTATED = np.float32(0.5)
"""What a fibre counts that is named without its share."""


def measured(gathering: Gathering, goods: Goods) -> None:
    """`fibre` and `other_fibre`: 1, or half of it, where a code of Section XI is, or is not, for the predominating fibre; `within` and `beyond`: 1 where
    what is stated is within a code's limits, or beyond one."""
    made_of = composed(goods)
    _fibres(gathering, made_of)
    _limits(gathering, goods, made_of)


def _fibres(gathering: Gathering, made_of: Composition | None) -> None:
    fibres = gathering.index.fibres
    said = np.float32(0) if made_of is None else np.float32(1) if made_of.share else _UNSTATED
    own = np.zeros(len(fibres), dtype=np.bool_) if made_of is None else (fibres & bit(made_of.fibre)) > 0
    _put(gathering, "fibre", "other_fibre", own * said, ((fibres > 0) & ~own) * said)


def _limits(gathering: Gathering, goods: Goods, made_of: Composition | None) -> None:
    index = gathering.index
    within, beyond = np.zeros(len(index.codes), dtype=np.float32), np.zeros(len(index.codes), dtype=np.float32)
    values = stated(goods)
    codes, measures, low, high = index.limits.T
    for number, measure in enumerate(load_measures()):
        rows = measures == number
        if measure.name == SHARE and made_of is not None and made_of.share:
            value = made_of.share * PARTS // 100
            own = (index.fibres[codes] & bit(made_of.fibre)) > 0
            rows = rows & own
        elif measure.name in values:
            value = values[measure.name]
        else:
            continue
        fits = (low <= value) & (value <= high)
        within[codes[rows & fits]] = 1
        beyond[codes[rows & ~fits]] = 1
    _put(gathering, "within", "beyond", within * (beyond == 0), beyond)


def _put(gathering: Gathering, towards: str, against: str, fits: Row, fails: Row) -> None:
    """Against a heading speaks what is against all of its codes."""
    gathering.at_codes |= {towards: fits.astype(np.float32), against: fails.astype(np.float32)}
    least = np.minimum.reduceat(gathering.at_codes[against], gathering.index.starts)
    gathering.at_headings |= {towards: gathering.heads_of(gathering.at_codes[towards]), against: least}
