"""Frequently misclassified codes: what settles each, and a platform's list that tells of no enterprise."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ecid.errors import Language
from ecid.knowledge.pack_records import read_records
from ecid.knowledge.records import Record
from ecid.scoring.engine import Request, run
from ecid.scoring.misclassified import OwnCode, Rivalry, Summary, own_list, own_to_json, platform_list, summaries_of, to_json
from ecid.scoring.policy import load_policy
from ecid.scoring.reference import Reference
from ecid.scoring.result import Finding, Result
from tests.scoring.conftest import frame

CONFUSIONS = Path(__file__).parents[2] / "knowledge" / "confusions.toml"
QUARTER = date(2026, 3, 31)


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Sequence[Record]:
    """The reviewed records on confusable goods."""
    pack = tmp_path_factory.mktemp("pack")
    (pack / CONFUSIONS.name).write_bytes(CONFUSIONS.read_bytes())
    return read_records(pack)


def finding(number: int, rule: str = "SAME_GOODS_SPLIT", dimension: int = 5, **told: Any) -> Finding:
    day = date(2026, 1, 5)
    given: dict[str, Any] = {"points_micro": 1_000, "code": "8506500000", "suggested_codes": ("85076000",), "lines": (f"line-{number}",), **told}
    common: dict[str, Any] = {"points_by_dimension": {}, "product_key": "", "goods_name": "", "weight_share_ppm": 0, "value_share_ppm": 0, "evidence": ()}
    return Finding(id=f"{number:016x}", rule=rule, dimension=dimension, first_day=day, last_day=day, **common, **given)


@pytest.fixture(scope="module")
def clean(reference: Reference) -> Result:
    return run(frame([{}] * 30), reference, load_policy(), Request("e", "feed", date(2026, 5, 17))).result


def own(clean: Result, records: Sequence[Record], *findings: Finding, **options: Any) -> tuple[OwnCode, ...]:
    return own_list(replace(clean, findings=findings), records, **options)


def test_a_record_settles_code_and_rival(clean: Result, records: Sequence[Record]) -> None:
    (found,) = own(clean, records, finding(1), finding(2, points_micro=500, lines=("line-1", "line-2")))
    assert (found.points_micro, found.lines, found.findings) == (1_500, 2, (f"{1:016x}", f"{2:016x}"))
    rivalry = found.rivalry
    assert (rivalry.code, rivalry.rival, rivalry.record) == ("85065000", "85076000", "confusion-01-lithium-primary-vs-lithium-ion")
    assert rivalry.deciding_fact == {"zh": "能否反复充电", "en": "whether it can be recharged"}
    assert {correction.code for correction in rivalry.corrections} == {"850650", "850760"}
    assert rivalry.basis[:3] == ("HS 2022, headings 85.06 and 85.07", "gri-1", "gri-6")
    assert rivalry.question is not None
    assert "充电" in rivalry.question["zh"]


def test_without_a_record_the_rule_asks(clean: Result, records: Sequence[Record]) -> None:
    (found,) = own(clean, records, finding(1, suggested_codes=("94032000",)))
    assert (found.rivalry.rival, found.rivalry.record, found.rivalry.deciding_fact, found.rivalry.corrections) == ("94032000", None, None, ())
    assert found.rivalry.question is not None
    assert found.rivalry.advice is not None
    assert len(found.rivalry.basis) == 1


def test_a_rival_that_only_the_knowledge_has(clean: Result, records: Sequence[Record]) -> None:
    only = [record for record in records if record.id.startswith("confusion-01-")]
    (found,) = own(clean, only, finding(1, suggested_codes=()))
    assert (found.rivalry.rival, found.rivalry.record) == ("850760", only[0].id)
    # Where several records speak about a code, which of them is meant cannot be told.
    both = [*only, replace(only[0], id="another")]
    assert own(clean, both, finding(1, suggested_codes=()))[0].rivalry.rival is None


def test_lapsed_records_have_no_say(clean: Result, records: Sequence[Record]) -> None:
    lapsed = [replace(record, valid_to=date(2026, 1, 1)) for record in records]
    assert own(clean, lapsed, finding(1))[0].rivalry.record is None


def test_the_costliest_first_and_only_classification(clean: Result, records: Sequence[Record]) -> None:
    found = own(
        clean,
        records,
        finding(1, points_micro=5),
        finding(2, code="94032000", points_micro=9),
        finding(3, code="73181510", points_micro=5, lines=("a", "b")),
        finding(4, "ELEMENT_MISSING", 2, code="85414300", points_micro=10**6),
        finding(5, "DECISION_CONFLICT", 6, code="94032000", points_micro=1, suggested_codes=("85414300",)),
    )
    assert [(own.rivalry.code, own.points_micro) for own in found] == [("94032000", 10), ("73181510", 5), ("85065000", 5)]
    assert own(clean, records, *[finding(number, code=f"{10**7 + number}") for number in range(9)], count=4)[3].rivalry.code == "10000003"


def test_the_usual_rival_is_the_costliest(clean: Result, records: Sequence[Record]) -> None:
    rivals = [
        finding(1, suggested_codes=("1",), points_micro=5),
        finding(2, suggested_codes=("2",), points_micro=6),
        finding(3, suggested_codes=("1",), points_micro=2),
    ]
    assert own(clean, records, *rivals)[0].rivalry.rival == "1"
    assert own(clean, records, finding(1, suggested_codes=("8506500000",)))[0].rivalry.rival != "8506500000"


def test_without_points_lines_decide(clean: Result, records: Sequence[Record]) -> None:
    found = own(clean, records, finding(1, points_micro=None), finding(2, code="94032000", points_micro=None, lines=("a", "b")))
    assert [(own.rivalry.code, own.points_micro) for own in found] == [("94032000", None), ("85065000", None)]


def cell(lines: Sequence[int], found: Sequence[int] | None = None, code: str = "85065000", rivals: Sequence[str] = ("85076000",)) -> list[Summary]:
    """One code's summaries: enterprise `n` has `lines[n]`, of which `found[n]` (default: half, one at least) with a finding."""
    told = found if found is not None else [max(1, number // 2) for number in lines]
    return [
        Summary(f"enterprise-{n}", QUARTER, code, number, failed, {"SAME_GOODS_SPLIT": failed}, dict.fromkeys(rivals, failed))
        for n, (number, failed) in enumerate(zip(lines, told, strict=True))
    ]


def listed(summaries: Sequence[Summary], related: Sequence[tuple[str, str]] = (), records: Sequence[Record] = (), **options: Any) -> tuple[Rivalry, ...]:
    return platform_list(summaries, related, records, QUARTER, **options)


PRIVACY: dict[str, tuple[list[Summary], list[tuple[str, str]], bool]] = {
    "ten enterprises alike": (cell([10] * 10), [], True),
    "nine": (cell([10] * 9), [], False),
    "ten, two of them related": (cell([10] * 10), [("enterprise-0", "enterprise-9")], False),
    "eleven, two of them related": (cell([10] * 11), [("enterprise-0", "enterprise-10")], True),
    "twelve, three related over two steps": (cell([10] * 12), [("enterprise-0", "x"), ("x", "enterprise-11"), ("enterprise-11", "enterprise-5")], True),
    "eleven, three related over two steps": (cell([10] * 11), [("enterprise-0", "x"), ("x", "enterprise-10"), ("enterprise-10", "enterprise-5")], False),
    "related to others is no matter": (cell([10] * 10), [("enterprise-0", "elsewhere")], True),
    "one holds exactly 30 %": (cell([30, *[7] * 10], [3] * 11), [], True),
    "one holds a line more": (cell([31, *[7] * 10], [3] * 11), [], False),
    "two related hold more together": (cell([20, 20, *[6] * 10], [3] * 12), [("enterprise-0", "enterprise-1")], False),
    "an enterprise without lines does not count": (cell([*[10] * 9, 0], [1] * 9 + [0]), [], False),
    "nine of the ten with findings": (cell([10] * 10, [*[1] * 9, 0]), [], False),
    "findings of one enterprise only": (cell([10] * 20, [5, *[0] * 19]), [], False),
    "most findings of one enterprise": (cell([20] * 12, [9, *[1] * 11]), [], False),
    "no findings": (cell([10] * 10, [0] * 10), [], False),
    "nothing": ([], [], False),
}


@pytest.mark.parametrize(("summaries", "related", "is_listed"), PRIVACY.values(), ids=PRIVACY)
def test_small_cells_stay_untold(summaries: list[Summary], related: list[tuple[str, str]], is_listed: bool) -> None:
    assert [rivalry.code for rivalry in listed(summaries, related)] == (["85065000"] if is_listed else [])


def test_a_rival_of_few_is_not_told() -> None:
    lonely = cell([10] * 12, [5] * 12, rivals=())
    lonely[0] = replace(lonely[0], rivals={"94032000": 500})
    assert listed(lonely)[0].rival is None
    shared = [replace(summary, rivals={**summary.rivals, "85076000": 1}) for summary in lonely]
    assert listed(shared)[0].rival == "85076000"


def test_a_rule_of_few_is_not_told() -> None:
    ruled = [replace(summary, rules={"RULING_CONFLICT": 5} if n < 9 else {"DECISION_CONFLICT": 1}) for n, summary in enumerate(cell([10] * 12, [5] * 12))]
    (found,) = listed(ruled)
    assert (found.question, found.advice, found.basis) == (None, None, ())


def test_no_share_and_no_count_is_told(records: Sequence[Record]) -> None:
    found = to_json(listed(cell([10] * 10), (), records)[0], "en")
    assert set(found) == {"code", "rival", "record", "deciding_fact", "question", "advice", "basis", "corrections"}
    assert found["deciding_fact"] == "whether it can be recharged"
    assert {(correction["when"], correction["code"]) for correction in found["corrections"]} == {("rechargeable", "850760"), ("not rechargeable", "850650")}


def test_the_highest_share_first_then_most_lines_then_the_code() -> None:
    cells = {"11111111": [1] * 10, "22222222": [5] * 10, "33333333": [5] * 20, "44444444": [5] * 10}
    summaries = [summary for code, found in cells.items() for summary in cell([10] * len(found), found, code)]
    assert [rivalry.code for rivalry in listed(summaries)] == ["33333333", "22222222", "44444444", "11111111"]
    assert [rivalry.code for rivalry in listed(summaries[::-1], count=2)] == ["33333333", "22222222"]


@pytest.mark.parametrize("day", [date(2026, 3, 30), date(2026, 4, 30), date(2026, 2, 28), date(2026, 1, 31)])
def test_only_at_the_end_of_a_quarter(day: date) -> None:
    with pytest.raises(ValueError, match="quarter"):
        platform_list([], [], [], day)


@pytest.mark.parametrize("day", [date(2026, 3, 31), date(2026, 6, 30), date(2026, 9, 30), date(2026, 12, 31)])
def test_the_ends_of_quarters(day: date) -> None:
    assert platform_list([replace(summary, as_of=day) for summary in cell([10] * 10)], [], [], day)


@pytest.mark.parametrize(
    ("summaries", "match"), [([*cell([10] * 10), *cell([10])], "twice"), ([replace(summary, as_of=date(2026, 3, 30)) for summary in cell([10] * 10)], "as of")]
)
def test_two_days_and_two_summaries_are_not_mixed(summaries: list[Summary], match: str) -> None:
    with pytest.raises(ValueError, match=match):
        listed(summaries)


def test_what_a_run_adds(reference: Reference) -> None:
    split = {"sku": "A-1", "code": "8506500000", "specification": "1|0|电动工具用|甬光牌|YG-18650"}
    unmodelled = {"specification": "1|0|电动工具用|锂离子|190Wh/kg|甬光牌||2.6Ah|3.6V"}
    rows: list[dict[str, Any]] = [{}] * 20 + [{"sku": "A-1"}] * 5 + [split] * 2 + [split | {"mode": "9610"}] + [unmodelled] * 3
    done = run(frame(rows), reference, load_policy(), Request("e", "feed", QUARTER))
    found = {summary.code: summary for summary in summaries_of(done)}
    assert found == {
        "85065000": Summary("e", QUARTER, "85065000", 2, 2, {"SAME_GOODS_SPLIT": 2}, {"85076000": 2}),
        "85076000": Summary("e", QUARTER, "85076000", 28, 0),
    }


@pytest.mark.parametrize(("lang", "fact"), [("zh", "能否反复充电"), ("en", "whether it can be recharged")])
def test_json_of_the_own_list(lang: Language, fact: str, clean: Result, records: Sequence[Record]) -> None:
    found = json.loads(json.dumps(own_to_json(own(clean, records, finding(1))[0], lang)))
    assert (found["deciding_fact"], found["points_micro"], found["lines"], found["findings"]) == (fact, 1_000, 1, [f"{1:016x}"])
