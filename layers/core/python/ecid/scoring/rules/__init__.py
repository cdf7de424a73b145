"""The registry: every rule that the engine knows, one file each."""

from ecid.scoring.rule import GoodsRule, LineRule, SourceRule
from ecid.scoring.rules.brand_mismatch import RULE as BRAND_MISMATCH
from ecid.scoring.rules.check_digit import RULE as CHECK_DIGIT
from ecid.scoring.rules.code_validity import CODE_NOT_IN_FORCE, CODE_UNKNOWN
from ecid.scoring.rules.deciding_fact_missing import RULE as DECIDING_FACT_MISSING
from ecid.scoring.rules.decision_conflict import RULE as DECISION_CONFLICT
from ecid.scoring.rules.element_bad_code import RULE as ELEMENT_BAD_CODE
from ecid.scoring.rules.element_contradicts import RULE as ELEMENT_CONTRADICTS
from ecid.scoring.rules.element_empty_talk import RULE as ELEMENT_EMPTY_TALK
from ecid.scoring.rules.element_missing import RULE as ELEMENT_MISSING
from ecid.scoring.rules.element_no_unit import RULE as ELEMENT_NO_UNIT
from ecid.scoring.rules.element_surplus import RULE as ELEMENT_SURPLUS
from ecid.scoring.rules.excluded_by_note import RULE as EXCLUDED_BY_NOTE
from ecid.scoring.rules.name_code_conflict import RULE as NAME_CODE_CONFLICT
from ecid.scoring.rules.national_note_conflict import RULE as NATIONAL_NOTE_CONFLICT
from ecid.scoring.rules.price_outlier import RULE as PRICE_OUTLIER
from ecid.scoring.rules.reclassified_by_customs import RULE as RECLASSIFIED_BY_CUSTOMS
from ecid.scoring.rules.ruling_conflict import RULE as RULING_CONFLICT
from ecid.scoring.rules.same_goods_split import CODE as SAME_GOODS_SPLIT
from ecid.scoring.rules.too_vague import RULE as TOO_VAGUE
from ecid.scoring.rules.unit_mismatch import RULE as UNIT_MISMATCH
from ecid.scoring.rules.unit_weight_implausible import RULE as UNIT_WEIGHT_IMPLAUSIBLE

GOODS_RULES: tuple[GoodsRule, ...] = (
    ELEMENT_MISSING,
    ELEMENT_SURPLUS,
    ELEMENT_BAD_CODE,
    BRAND_MISMATCH,
    ELEMENT_EMPTY_TALK,
    ELEMENT_NO_UNIT,
    ELEMENT_CONTRADICTS,
    CHECK_DIGIT,
)
"""Rules that look at one goods at a time, in the order in which their findings are listed."""

LINE_RULES: tuple[LineRule, ...] = (UNIT_MISMATCH, UNIT_WEIGHT_IMPLAUSIBLE, PRICE_OUTLIER)
"""Rules that look at the figures of all lines at once."""

SOURCE_RULES: tuple[SourceRule, ...] = (
    NAME_CODE_CONFLICT,
    EXCLUDED_BY_NOTE,
    TOO_VAGUE,
    DECIDING_FACT_MISSING,
    RULING_CONFLICT,
    DECISION_CONFLICT,
    NATIONAL_NOTE_CONFLICT,
    RECLASSIFIED_BY_CUSTOMS,
)
"""Rules that hold lines against what is known of such goods, and what customs said and did about them."""

RULE_DIMENSIONS: dict[str, int] = {
    CODE_UNKNOWN: 1,
    CODE_NOT_IN_FORCE: 1,
    **{rule.code: rule.dimension for rule in GOODS_RULES},
    SAME_GOODS_SPLIT: 5,
    **{rule.code: rule.dimension for rule in LINE_RULES},
    **{rule.code: rule.dimension for rule in SOURCE_RULES},
}
"""Every rule and the dimension it belongs to."""
