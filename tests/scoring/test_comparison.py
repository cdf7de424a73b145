"""Two results beside each other: the parts add up to the difference, exactly, and say whether facts or rules moved the score."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from ecid.errors import Language, UnreadableFile
from ecid.scoring.comparison import Comparison, compare, to_json, trend
from ecid.scoring.engine import Request, score
from ecid.scoring.policy import Policy, load_policy
from ecid.scoring.reference import Reference
from ecid.scoring.result import to_json as result_json
from ecid.scoring.saved import SavedResult, saved_result
from tests.scoring.conftest import frame

POLICY = load_policy()
AS_OF = date(2026, 5, 17)
WITHOUT_MODEL = "1|0|电动工具用|锂离子|190Wh/kg|甬光牌||2.6Ah|3.6V"
WITHOUT_UNIT = "1|0|电动工具用|锂离子|190|甬光牌|YG-18650|2.6Ah|3.6V"
FAULTS: dict[str, dict[str, Any]] = {
    "clean": {},
    "model": {"specification": WITHOUT_MODEL},
    "unit": {"specification": WITHOUT_UNIT},
    "unknown": {"code": "99999999"},
    "split": {"sku": "A-1", "code": "8506500000", "specification": "1|0|电动工具用|甬光牌|YG-18650"},
    "own": {"sku": "A-1"},
}
STRICTER = replace(POLICY, id="2027-01", dimensions=tuple(replace(dimension, full_ppm=dimension.full_ppm // 2) for dimension in POLICY.dimensions))


def document(faults: list[str], reference: Reference, policy: Policy = POLICY, **request: Any) -> dict[str, Any]:
    found = score(frame([FAULTS[fault] for fault in faults]), reference, policy, replace(Request("e", "feed", AS_OF), **request))
    shape: dict[str, Any] = json.loads(json.dumps(result_json(found, [], "zh")))
    return shape


def result(faults: list[str], reference: Reference, policy: Policy = POLICY, **request: Any) -> SavedResult:
    return saved_result(document(faults, reference, policy, **request), "test")


MUCH = ["clean"] * 20 + ["model"] * 6 + ["unit"] * 5 + ["own"] * 5 + ["split"] * 2
LITTLE = ["clean"] * 25 + ["model"] * 2 + ["unknown"] + ["unit"] * 5 + ["own"] * 5


def adds_up(found: Comparison) -> None:
    before, after = found.scores_micro
    assert before is not None
    assert after is not None
    assert found.difference_micro == after - before == sum(move.points_micro for move in found.moves)
    assert found.difference_micro == found.by_facts_micro + found.by_rules_micro + found.undecided_micro
    for move in found.moves:
        assert move.points_micro == move.by_facts_micro + move.by_rules_micro + move.undecided_micro


def test_other_declarations_under_the_same_rules_are_facts(reference: Reference) -> None:
    found = compare(result(MUCH, reference), result(LITTLE, reference))
    adds_up(found)
    assert (found.by_rules_micro, found.undecided_micro, found.changed) == (0, 0, ("input_sha256",))
    kinds = {move.rule: (move.kind, move.lines) for move in found.moves}
    assert kinds["CODE_UNKNOWN"] == ("appeared", (0, 1))
    assert kinds["SAME_GOODS_SPLIT"] == ("gone", (2, 0))
    assert kinds["ELEMENT_MISSING"] == ("costs_less", (6, 2))
    sizes = [abs(move.points_micro) for move in found.moves]
    assert sizes == sorted(sizes, reverse=True)


def test_the_same_declarations_under_another_policy_are_rules(reference: Reference) -> None:
    found = compare(result(MUCH, reference), result(MUCH, reference, STRICTER))
    adds_up(found)
    assert (found.by_facts_micro, found.undecided_micro, found.changed) == (0, 0, ("policy",))
    assert found.by_rules_micro < 0
    assert {move.kind for move in found.moves} == {"costs_more"}


def test_another_edition_is_rules(reference: Reference) -> None:
    other = replace(reference, versions={**reference.versions, "test-2025": "1" * 64})
    found = compare(result(MUCH, reference), result(MUCH, other))
    assert (found.changed, found.difference_micro, found.moves) == (("reference",), 0, ())


def test_a_later_day_is_facts(reference: Reference) -> None:
    found = compare(result(MUCH, reference), result(MUCH, reference, as_of=date(2028, 3, 1)))
    adds_up(found)
    assert (found.changed, found.by_rules_micro, found.undecided_micro) == (("as_of", "period"), 0, 0)
    assert found.as_of == ("2026-05-17", "2028-03-01")


def test_where_both_changed_it_is_undecided_unless_the_earlier_lines_are_scored_again(reference: Reference) -> None:
    before, after = result(MUCH, reference), result(LITTLE, reference, STRICTER)
    blind, told = compare(before, after), compare(before, after, result(MUCH, reference, STRICTER))
    for found in (blind, told):
        adds_up(found)
    assert (blind.by_facts_micro, blind.by_rules_micro) == (0, 0) != (told.by_facts_micro, told.by_rules_micro)
    assert told.undecided_micro == 0 > told.by_rules_micro
    assert told.by_facts_micro == (after.score_exact_micro or 0) - (result(MUCH, reference, STRICTER).score_exact_micro or 0)


@pytest.mark.parametrize("faults", [MUCH, LITTLE])
def test_what_lies_between_must_be_the_earlier_lines_under_the_later_rules(faults: list[str], reference: Reference) -> None:
    policy = POLICY if faults is MUCH else STRICTER
    with pytest.raises(ValueError, match="earlier declarations"):
        compare(result(MUCH, reference), result(LITTLE, reference, STRICTER), result(faults, reference, policy))


@pytest.mark.parametrize("swapped", [False, True])
def test_without_a_score_findings_come_and_go_without_points(swapped: bool, reference: Reference) -> None:
    before, after = (result(faults, reference) for faults in (["model"] * 3 + ["unit"], ["model"] * 10 + ["unknown"] + ["clean"] * 20))
    found = compare(after, before) if swapped else compare(before, after)
    assert found.difference_micro is None
    assert {move.points_micro for move in found.moves} == {0}
    assert {(move.rule, move.kind) for move in found.moves} == {
        ("ELEMENT_NO_UNIT", "appeared" if swapped else "gone"),
        ("CODE_UNKNOWN", "gone" if swapped else "appeared"),
    }


def test_a_cap_is_a_move_of_its_own(reference: Reference) -> None:
    before, after = document(["clean"] * 30, reference), document(["clean"] * 30, reference)
    after |= {"score_exact_micro": 80_000_000, "caps": [{"rule": "RULING_CONFLICT", "points_micro": 20_000_000}]}
    after["versions"]["authority"] = {"rulings": "1" * 64}
    found = compare(saved_result(before, "before"), saved_result(after, "after"))
    adds_up(found)
    assert [(move.finding, move.rule, move.kind, move.by_facts_micro) for move in found.moves] == [("", "RULING_CONFLICT", "appeared", -20_000_000)]


def test_a_result_beside_itself(reference: Reference) -> None:
    one = result(MUCH, reference)
    assert compare(one, one).moves == ()


def test_trend_is_in_the_order_of_days_and_adds_up(reference: Reference) -> None:
    days = [date(2026, 5, 17), date(2026, 3, 1), date(2026, 4, 1)]
    results = [result(faults, reference, as_of=day) for faults, day in zip((LITTLE, MUCH, ["clean"] * 30), days, strict=True)]
    steps = trend(results)
    assert [step.as_of for step in steps] == [("2026-03-01", "2026-04-01"), ("2026-04-01", "2026-05-17")]
    assert sum(step.difference_micro or 0 for step in steps) == (results[0].score_exact_micro or 0) - (results[1].score_exact_micro or 0)
    assert trend(results[:1]) == ()


@pytest.mark.parametrize(("lang", "title"), [("zh", "申报要素缺项"), ("en", "Declaration elements missing")])
def test_json(lang: Language, title: str, reference: Reference) -> None:
    found = json.loads(json.dumps(to_json(compare(result(MUCH, reference), result(LITTLE, reference)), lang, 3)))
    assert len(found["moves"]) + found["others"] == len(compare(result(MUCH, reference), result(LITTLE, reference)).moves)
    assert title in [move["title"] for move in found["moves"]]


BROKEN: dict[str, dict[str, Any]] = {
    "points do not add up": {"score_exact_micro": 1},
    "more than all points": {"score_exact_micro": 100_000_001},
    "no number": {"score_exact_micro": "82"},
    "a truth value": {"score_exact_micro": True},
    "no score and no reason": {"score_exact_micro": None},
    "another reason": {"score_exact_micro": None, "insufficient_data": "because"},
    "no findings": {"findings": None},
    "no versions": {"versions": {}},
    "no day": {"versions": {"as_of": "tomorrow"}},
    "coverage over one": {"coverage": 1.5},
    "provenance": {"provenance": "rumour"},
    "dimension": {"dimensions": [{"dimension": 99, "state": "judged", "weight_micro": 0, "lost_micro": 0}]},
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_a_document_that_is_no_result_is_refused(broken: dict[str, Any], reference: Reference) -> None:
    for given in (document(MUCH, reference) | broken, json.dumps(document(MUCH, reference) | broken)):
        with pytest.raises(UnreadableFile) as refusal:
            saved_result(given, "a file")
        assert "a file" in refusal.value.sentence("zh")


@pytest.mark.parametrize(
    "text", [b"", b"{", b"[]", b"null", b"NaN", b"\xff\xfe{", b"[" * 100_000, b'{"a":' * 100_000, b'"x"', b'{"score_exact_micro": 1e999}'], ids=range(10)
)
def test_bytes_that_are_no_result_are_refused(text: bytes) -> None:
    with pytest.raises(UnreadableFile):
        saved_result(text, "a file")


def test_a_finding_stands_once(reference: Reference) -> None:
    shape = document(MUCH, reference)
    shape["findings"] = [shape["findings"][0] | {"points_micro": 0}, *shape["findings"]]
    with pytest.raises(UnreadableFile, match="twice"):
        saved_result(shape, "a file")


def test_what_a_newer_engine_adds_is_left_alone(reference: Reference) -> None:
    shape = document(MUCH, reference) | {"news": 1}
    shape["findings"][0] |= {"rule": "A_NEW_RULE", "title": "new", "mood": "good"}
    found = saved_result(shape, "a file").findings[0]
    assert (found.titles["en"], found.worded("zh")["title"], found.language) == ("new", "new", None)
