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
from ecid.scoring.saved import SavedResult, titles_of

RULES_OF_THE_SCORE = ("engine", "knowledge", "policy", "rates", "reference", "decisions")
"""Versions that say how a result was judged; `decisions`: those that were told by events."""
FACTS_OF_THE_SCORE = ("as_of", "authority", "input_sha256")
"""Versions that say what was judged: the declarations, the day, and what customs said in the matter of the enterprise."""
Place = tuple[str, str]
"""What a point stands at: the id of a finding and "", or "" and the rule of a cap."""
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


@dataclass(frozen=True, slots=True)
class _Item:
    """What stands in a ledger at one place."""

    rule: str
    title: Mapping[Language, str]
    code: str
    goods_name: str
    points_micro: int
    lines: int


@dataclass(frozen=True, slots=True)
class Shift:
    """What rules did between two results that follow each other: points gained by place, by rules and by either of the two; all else are facts.

    `items` tells what the places are. None of a shift in the place of one (`shift_of`) says that nothing can be told apart.
    """

    rules: Mapping[Place, int]
    undecided: Mapping[Place, int]
    items: Mapping[Place, _Item]


def compare(before: SavedResult, after: SavedResult, rescored: SavedResult | None = None) -> Comparison:
    """Compare two results of one enterprise.

    `rescored` is the earlier result made anew under the rules of the later one (same declarations and day as `before`): with it every point is told apart.
    Without it, points are undecided where both the facts and the rules changed. Raises ValueError where `rescored` is not what it should be.
    """
    return compare_over(before, after, [shift_of(before, after, rescored)])


def shift_of(before: SavedResult, after: SavedResult, rescored: SavedResult | None = None) -> Shift | None:
    """What rules did between two results, as in `compare`; None where one of them has no score and the rules changed."""
    rules, facts = changed_between(before, after)
    if rescored and not lies_between(before, rescored, after):
        raise ValueError("not the earlier declarations under the later rules")
    if not rules:
        return Shift({}, {}, {})
    if before.score_exact_micro is None or after.score_exact_micro is None:
        return None
    # Where the facts are the same, the later result itself is the earlier one under its rules.
    between = after if not facts else rescored if rescored and rescored.score_exact_micro is not None else None
    earlier, later = _items(before), _items(between or after)
    gained = {place: _points(earlier, place) - _points(later, place) for place in earlier.keys() | later.keys()}
    moved = {place: points for place, points in sorted(gained.items()) if points}
    items = {place: later.get(place) or earlier[place] for place in moved}
    return Shift(moved, {}, items) if between else Shift({}, moved, items)


def lies_between(before: SavedResult, rescored: SavedResult, after: SavedResult) -> bool:
    """Whether a result is of the facts of the earlier and by the rules of the later one."""
    return _same(rescored, after, RULES_OF_THE_SCORE) and _same(before, rescored, FACTS_OF_THE_SCORE)


def compare_over(before: SavedResult, after: SavedResult, shifts: Sequence[Shift | None]) -> Comparison:
    """Compare two results between which there were others, by the shifts of all steps at which rules changed."""
    rules, facts = changed_between(before, after)
    pointed = before.score_exact_micro is not None and after.score_exact_micro is not None
    moves = sorted(_moves(before, after, shifts, pointed=pointed), key=lambda move: (-abs(move.points_micro), move.rule, move.code, move.finding))
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


def changed_between(before: SavedResult, after: SavedResult) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The versions that differ: those of rules, and those of facts (the period among them)."""
    rules = tuple(name for name in RULES_OF_THE_SCORE if not _same(before, after, [name]))
    facts = tuple(name for name in FACTS_OF_THE_SCORE if not _same(before, after, [name]))
    return rules, (*facts, *(("period",) if before.period != after.period else ()))


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


def shift_to_json(shift: Shift | None) -> list[dict[str, Any]] | None:
    """A shift as JSON: a row a place; null for none."""
    if shift is None:
        return None
    return [
        {
            "finding": place[0],
            "rule": item.rule,
            "code": item.code,
            "goods_name": item.goods_name,
            "rules_micro": shift.rules.get(place, 0),
            "undecided_micro": shift.undecided.get(place, 0),
        }
        for place, item in sorted(shift.items.items())
    ]


def shift_from_json(rows: Sequence[Mapping[str, Any]] | None) -> Shift | None:
    """The shift that `shift_to_json` wrote; what it says no more of a place (its lines) is 0. Raises KeyError, TypeError for other shapes."""
    if rows is None:
        return None
    places = {(row["finding"], "" if row["finding"] else row["rule"]): row for row in rows}
    return Shift(
        rules={place: int(row["rules_micro"]) for place, row in places.items()},
        undecided={place: int(row["undecided_micro"]) for place, row in places.items()},
        items={place: _Item(row["rule"], titles_of(row["rule"], row["rule"]), row["code"], row["goods_name"], 0, 0) for place, row in places.items()},
    )


def _move_json(move: Move, lang: Language) -> dict[str, Any]:
    return asdict(move) | {"title": move.title[lang], "lines": list(move.lines)}


def _day(result: SavedResult) -> str:
    return result.versions.as_of.isoformat()


def _same(one: SavedResult, other: SavedResult, names: Sequence[str]) -> bool:
    return all(_version(one, name) == _version(other, name) for name in names)


def _version(result: SavedResult, name: str) -> object:
    """A version; decisions that were told by events stand with the matters of the enterprise, and are rules all the same."""
    told = result.versions.authority or {}
    if name == "decisions":
        return told.get("decisions")
    return {part: digest for part, digest in told.items() if part != "decisions"} if name == "authority" else getattr(result.versions, name)


def _items(result: SavedResult) -> dict[Place, _Item]:
    """By id of the finding, or by the rule of a cap."""
    found = {
        (finding.id, ""): _Item(finding.rule, finding.titles, finding.code, finding.goods_name, finding.points_micro or 0, finding.count)
        for finding in result.findings
    }
    return found | {("", cap.rule): _Item(cap.rule, cap.titles, "", "", cap.points_micro, 0) for cap in result.caps}


def _points(items: Mapping[Place, _Item], place: Place) -> int:
    return items[place].points_micro if place in items else 0


def _moves(before: SavedResult, after: SavedResult, shifts: Sequence[Shift | None], *, pointed: bool) -> Iterator[Move]:
    """What changed, by finding. Without points, only what appeared and what is gone."""
    earlier, later = _items(before), _items(after)
    known = [shift for shift in shifts if shift is not None] if pointed else []
    blind = pointed and len(known) < len(shifts)
    passed = {place: item for shift in known for place, item in shift.items.items()}
    for place in sorted(earlier.keys() | later.keys() | passed.keys()):
        old, new = earlier.get(place), later.get(place)
        gained = _points(earlier, place) - _points(later, place) if pointed else 0
        rules = 0 if blind else sum(shift.rules.get(place, 0) for shift in known)
        undecided = gained if blind else sum(shift.undecided.get(place, 0) for shift in known)
        facts = gained - rules - undecided
        if (old is None) == (new is None) and not (gained or rules or undecided):
            continue
        told = new or old or passed[place]
        kind: Kind = "appeared" if old is None and new else "gone" if new is None and old else _cost(gained)
        lines = (old.lines if old else 0, new.lines if new else 0)
        yield Move(place[0], told.rule, told.title, told.code, told.goods_name, kind, gained, facts, rules, undecided, lines)


def _cost(gained: int) -> Kind:
    return "costs_less" if gained > 0 else "costs_more" if gained else "same_cost"
