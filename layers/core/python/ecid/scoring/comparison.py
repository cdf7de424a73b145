"""Two results beside each other: what was gained and lost, by which findings, and how much of it rules, editions and policy did rather than facts
(score.md, "compare" and "trend").

Points of a finding are compared under its id. Since each ledger adds up to what is missing, the moves add up to the difference, exactly.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any, Literal

from ecid.errors import Language
from ecid.scoring.saved import SavedResult

RULES_OF_THE_SCORE = ("engine", "policy", "rates", "reference")
"""Versions that say how a result was judged."""
FACTS_OF_THE_SCORE = ("as_of", "authority", "input_sha256")
"""Versions that say what was judged: the declarations, the day, and what customs said in the matter of the enterprise."""
Kind = Literal["appeared", "gone", "costs_more", "costs_less", "same_cost"]


@dataclass(frozen=True, slots=True)
class Move:
    """What one finding, or one cap (`finding` is empty), does to the difference: points gained (positive) or lost, in millionths.

    `by_rules_micro` is the part that another engine, policy, edition or rate table makes, `by_facts_micro` the part of declarations, days and rulings, and
    `undecided_micro` what could be either. `lines`: before and after.
    """

    finding: str
    rule: str
    title: Mapping[Language, str]
    code: str
    goods_name: str
    kind: Kind
    points_micro: int
    by_facts_micro: int
    by_rules_micro: int
    undecided_micro: int
    lines: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Comparison:
    """`difference_micro`: later less earlier score, None where either has none; then no move carries points. Moves by size, the largest first.

    `changed` names the versions that differ, of `RULES_OF_THE_SCORE` and `FACTS_OF_THE_SCORE`.
    """

    as_of: tuple[str, str]
    scores_micro: tuple[int | None, int | None]
    difference_micro: int | None
    by_facts_micro: int
    by_rules_micro: int
    undecided_micro: int
    changed: tuple[str, ...]
    moves: tuple[Move, ...]


def compare(before: SavedResult, after: SavedResult, rescored: SavedResult | None = None) -> Comparison:
    """Compare two results of one enterprise.

    `rescored` is the earlier result made anew under the rules of the later one (same declarations and day as `before`): with it every point is told apart.
    Without it, points are undecided where both the facts and the rules changed. Raises ValueError where `rescored` is not what it should be.
    """
    rules, facts = _changed(before, after, RULES_OF_THE_SCORE), _changed(before, after, FACTS_OF_THE_SCORE)
    if rescored and (_changed(rescored, after, RULES_OF_THE_SCORE) or _changed(before, rescored, FACTS_OF_THE_SCORE)):
        raise ValueError("not the earlier declarations under the later rules")
    # Where only one of the two changed, one of the results themselves is what lies between.
    between = before if not rules else after if not facts else rescored if rescored and rescored.score_exact_micro is not None else None
    pointed = before.score_exact_micro is not None and after.score_exact_micro is not None
    moves = sorted(_moves(before, after, between, pointed=pointed), key=lambda move: (-abs(move.points_micro), move.rule, move.code, move.finding))
    return Comparison(
        as_of=(_day(before), _day(after)),
        scores_micro=(before.score_exact_micro, after.score_exact_micro),
        difference_micro=sum(move.points_micro for move in moves) if pointed else None,
        by_facts_micro=sum(move.by_facts_micro for move in moves),
        by_rules_micro=sum(move.by_rules_micro for move in moves),
        undecided_micro=sum(move.undecided_micro for move in moves),
        changed=(*rules, *facts),
        moves=tuple(moves),
    )


def trend(results: Sequence[SavedResult]) -> tuple[Comparison, ...]:
    """Each result beside the one before it, by the day that they are of. Where all have a score, the differences add up to that of last and first."""
    ordered = sorted(results, key=_day)
    return tuple(compare(before, after) for before, after in pairwise(ordered))


def to_json(found: Comparison, lang: Language, count: int | None = None) -> dict[str, Any]:
    """A comparison as JSON, with all moves or the `count` largest (docs/score-over-time.md)."""
    moves = found.moves[:count]
    return {
        "as_of": list(found.as_of),
        "scores_micro": list(found.scores_micro),
        "difference_micro": found.difference_micro,
        "by_facts_micro": found.by_facts_micro,
        "by_rules_micro": found.by_rules_micro,
        "undecided_micro": found.undecided_micro,
        "changed": list(found.changed),
        "moves": [_move_json(move, lang) for move in moves],
        "others": len(found.moves) - len(moves),
    }


def _move_json(move: Move, lang: Language) -> dict[str, Any]:
    return asdict(move) | {"title": move.title[lang], "lines": list(move.lines)}


def _day(result: SavedResult) -> str:
    return result.versions.as_of.isoformat()


def _changed(one: SavedResult, other: SavedResult, names: Sequence[str]) -> tuple[str, ...]:
    own = ("period",) if names is FACTS_OF_THE_SCORE and one.period != other.period else ()
    return (*(name for name in names if getattr(one.versions, name) != getattr(other.versions, name)), *own)


@dataclass(frozen=True, slots=True)
class _Item:
    """What stands in a ledger under one id."""

    rule: str
    title: Mapping[Language, str]
    code: str
    goods_name: str
    points_micro: int
    lines: int


def _items(result: SavedResult) -> dict[tuple[str, str], _Item]:
    """By id of the finding, or by the rule of a cap."""
    found = {
        (finding.id, ""): _Item(finding.rule, finding.titles, finding.code, finding.goods_name, finding.points_micro or 0, len(finding.lines))
        for finding in result.findings
    }
    return found | {("", cap.rule): _Item(cap.rule, cap.titles, "", "", cap.points_micro, 0) for cap in result.caps}


def _moves(before: SavedResult, after: SavedResult, between: SavedResult | None, *, pointed: bool) -> Iterator[Move]:
    """What changed, by finding. Without points, only what appeared and what is gone."""
    earlier, later = _items(before), _items(after)
    middle = _items(between) if between else {}
    for place in sorted(earlier.keys() | later.keys() | middle.keys()):
        old, mid, new = earlier.get(place), middle.get(place), later.get(place)
        lost, halfway, left = (item.points_micro if item and pointed else 0 for item in (old, mid, new))
        facts, rules, undecided = (halfway - left, lost - halfway, 0) if between else (0, 0, lost - left)
        gained = facts + rules + undecided
        if (old is None) == (new is None) and not (gained or facts):
            continue
        told = new or old or middle[place]
        kind: Kind = "appeared" if old is None and new else "gone" if new is None and old else _cost(gained)
        lines = (old.lines if old else 0, new.lines if new else 0)
        yield Move(place[0], told.rule, told.title, told.code, told.goods_name, kind, gained, facts, rules, undecided, lines)


def _cost(gained: int) -> Kind:
    return "costs_less" if gained > 0 else "costs_more" if gained else "same_cost"
