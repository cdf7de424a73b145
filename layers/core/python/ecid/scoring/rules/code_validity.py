"""`CODE_UNKNOWN` and `CODE_NOT_IN_FORCE`: the code against the tariff of the declaration day (score.md, dimension 1 and "Editions").

A code that the nearest loaded edition lacks, while its six digits were in force on the day, may have existed then: it is shown as unknown, but not charged.
"""

from __future__ import annotations

from ecid.tariff.reference import CodeJudgement

CODE_UNKNOWN = "CODE_UNKNOWN"
CODE_NOT_IN_FORCE = "CODE_NOT_IN_FORCE"

_RULE_OF_STATE = {"unknown": CODE_UNKNOWN, "unproven": CODE_UNKNOWN, "not_in_force": CODE_NOT_IN_FORCE}


def rule_for(judgement: CodeJudgement) -> str | None:
    """The rule that a judged code fails, None where it is valid or could not be judged."""
    return _RULE_OF_STATE.get(judgement.state)


def dimensions_charged(judgement: CodeJudgement) -> tuple[int, ...]:
    """The dimensions in which the line counts as wholly defective: an unknown code cannot be judged any further."""
    return {"unknown": (1, 2, 3, 4), "not_in_force": (1,)}.get(judgement.state, ())
