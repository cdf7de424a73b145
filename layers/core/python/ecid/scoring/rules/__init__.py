"""The registry: every rule that the engine knows, one file each."""

from ecid.scoring.rule import GoodsRule
from ecid.scoring.rules import (
    brand_mismatch,
    check_digit,
    element_bad_code,
    element_contradicts,
    element_empty_talk,
    element_missing,
    element_no_unit,
    element_surplus,
)
from ecid.scoring.rules.code_validity import CODE_NOT_IN_FORCE, CODE_UNKNOWN
from ecid.scoring.rules.same_goods_split import CODE as SAME_GOODS_SPLIT

GOODS_RULES: tuple[GoodsRule, ...] = (
    element_missing.RULE,
    element_surplus.RULE,
    element_bad_code.RULE,
    brand_mismatch.RULE,
    element_empty_talk.RULE,
    element_no_unit.RULE,
    element_contradicts.RULE,
    check_digit.RULE,
)
"""Rules that look at one goods at a time, in the order in which their findings are listed."""

RULE_DIMENSIONS: dict[str, int] = {
    CODE_UNKNOWN: 1,
    CODE_NOT_IN_FORCE: 1,
    **{rule.code: rule.dimension for rule in GOODS_RULES},
    SAME_GOODS_SPLIT: 5,
}
"""Every rule and the dimension it belongs to."""
