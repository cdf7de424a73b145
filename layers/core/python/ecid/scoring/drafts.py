"""A draft before it is lodged: line by line what the rules find, what to ask, and the specification string (规格型号) as it should be pasted.

Nothing is invented: a known value stands at its place, one that needs review or is missing stands there as a question, `〔型号？〕`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import polars as pl

from ecid.declarations.element_string import compose
from ecid.declarations.flags import NAME_BEFORE_CODES
from ecid.scoring.engine import Run
from ecid.scoring.goods import Goods, Slot, goods_of
from ecid.scoring.rule import Evidence, Failure
from ecid.scoring.rules import GOODS_RULES
from ecid.scoring.wording import rule_wording
from ecid.tariff.reference import CodeJudgement

LONGEST = 255
"""Characters that the form holds (domain.md §6, M14)."""
Outcome = Literal["findings", "clear", "not_judged"]
Text = Mapping[str, str]
_REMARK = re.compile(r"\s*[（(［\[].*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class DraftFinding:
    """What one rule found on one line."""

    rule: str
    suggested_codes: tuple[str, ...]
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """What to ask whoever knows the goods: about an element, or (`label` None) about the goods."""

    label: str | None
    text: Text


@dataclass(frozen=True, slots=True)
class Specification:
    """`ready` is the string to paste, with `open` questions in it (0: complete); `left_over` are values without a place. `moved`: the goods name stood before
    the two codes, and everything after it one place late."""

    ready: str
    open: int
    left_over: tuple[str, ...]
    moved: bool

    @property
    def too_long(self) -> bool:
        """Whether the form cuts it: what is beyond belongs into the remarks."""
        return len(self.ready) > LONGEST


@dataclass(frozen=True, slots=True)
class DraftLine:
    """One line of the draft. `described` says what the goods are, for whoever looks for their heading; `specification` is None where the elements that the
    code asks for are not known."""

    line_id: str
    code: str
    name: str
    outcome: Outcome
    judgement: CodeJudgement
    findings: tuple[DraftFinding, ...]
    missing: tuple[str, ...]
    questions: tuple[Question, ...]
    specification: Specification | None
    described: str


def draft_lines(run: Run, ids: Sequence[str]) -> tuple[DraftLine, ...]:
    """The lines as the run judged them, in the order in which they were handed to it: that of `ids`. All are of one day."""
    frame, found = run.judgements.lines.select("line_id", "code", "name", "verdict", "goods"), _findings(run)
    places = sorted(range(len(ids)), key=ids.__getitem__)  # the run has them by id, equal ones as they came
    lines = [
        (place, _line((line_id, code, name), run.judgements.codes[verdict], run.judgements.goods[goods].goods, found.get(at, ())))
        for at, (place, (line_id, code, name, verdict, goods)) in enumerate(zip(places, frame.iter_rows(), strict=True))
    ]
    return tuple(line for _, line in sorted(lines, key=lambda pair: pair[0]))


def specification_of(goods: Goods) -> Specification | None:
    """The specification of one goods as it should be pasted; None where the elements that the code asks for are not known."""
    goods, failures, moved = _laid(goods)
    return _specification(goods, failures, moved) if goods.slots else None


def _findings(run: Run) -> dict[int, tuple[DraftFinding, ...]]:
    """The findings of each line, in the order of dimensions and rules; a rule that is charged in several dimensions once."""
    rows = run.defects.rows.select("at", pl.col("rule").cast(pl.String), "fact").unique(["at", "rule"], keep="first", maintain_order=True)
    found: dict[int, list[DraftFinding]] = {}
    for at, rule, fact in rows.iter_rows():
        suggested, evidence = run.defects.grounds[rule]({fact: 1})
        found.setdefault(at, []).append(DraftFinding(rule, suggested, evidence))
    return {at: tuple(findings) for at, findings in found.items()}


def _line(told: tuple[str, str, str], judgement: CodeJudgement, goods: Goods, findings: tuple[DraftFinding, ...]) -> DraftLine:
    goods, failures, moved = _laid(goods)
    known = judgement.state == "valid" and bool(goods.slots)
    return DraftLine(
        *told,
        outcome="findings" if findings else "clear" if known else "not_judged",
        judgement=judgement,
        findings=findings,
        missing=tuple(slot.label for slot in goods.slots if slot.mandatory and not slot.value),
        questions=tuple(_questions(failures, findings)),
        specification=_specification(goods, failures, moved) if goods.slots else None,
        described=_described(goods, failures),
    )


def _laid(goods: Goods) -> tuple[Goods, list[Failure], bool]:
    """The goods with their values in place, what of them needs review, and whether they had to be moved."""
    moved = NAME_BEFORE_CODES in goods.flags and bool(goods.slots)
    goods = _in_place(goods) if moved else goods
    return goods, [failure for rule in GOODS_RULES for failure in rule.check(goods)] if goods.slots else [], moved


def _in_place(goods: Goods) -> Goods:
    """The goods with their values one place earlier; the goods name that stood before them has a field of its own, another text is left over."""
    first, *values = [*(slot.value for slot in goods.slots), *goods.surplus]
    moved = goods_of(goods.code, goods.name, compose(values), goods.destination, goods.line, goods.partings)
    return moved if first == goods.name else replace(moved, surplus=(first, *moved.surplus))


def _questions(failures: Iterable[Failure], findings: Iterable[DraftFinding]) -> Iterator[Question]:
    """One for each element that is missing or needs review, then those of the other rules, each once."""
    asked: dict[tuple[str | None, str], Question] = {}
    for failure in failures:
        text = {"zh": failure.expected_zh, "en": failure.expected_en}
        asked.setdefault((failure.label, failure.expected_zh), Question(failure.label, text))
    of_goods = {rule.code for rule in GOODS_RULES}
    for finding in findings:
        if finding.rule not in of_goods:
            question = rule_wording(finding.rule).question
            asked.setdefault((None, question["zh"]), Question(None, question))
    yield from asked.values()


def _specification(goods: Goods, failures: Iterable[Failure], moved: bool) -> Specification:
    doubtful = {failure.position for failure in failures}
    values = [_shown(slot, slot.position in doubtful) for slot in goods.slots]
    while values and not values[-1]:
        values.pop()
    asked = sum(1 for slot in goods.slots if _is_open(slot, slot.position in doubtful))
    return Specification(compose(values), asked, goods.surplus, moved)


def _is_open(slot: Slot, doubtful: bool) -> bool:
    return doubtful or (slot.mandatory and not slot.value)


def _shown(slot: Slot, doubtful: bool) -> str:
    return f"〔{_bare(slot.label)}？{slot.value}〕" if _is_open(slot, doubtful) else slot.value


def _bare(label: str) -> str:
    """A label without the remarks that follow it in brackets."""
    return _REMARK.sub("", label).replace("|", "/") or label


def _described(goods: Goods, failures: Iterable[Failure]) -> str:
    doubtful = {failure.position for failure in failures}
    stated = (slot for slot in goods.elements if slot.value and slot.position not in doubtful)
    return "；".join([goods.name, *(f"{_bare(slot.label)}：{slot.value}" for slot in stated)])
