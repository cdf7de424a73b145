"""The check of a draft as a use case: the document, lists that differ, candidates looked up once, days that do not matter."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ecid.adapters.knowledge_files import load_reference
from ecid.knowledge import store
from ecid.scoring.authority import Authority, Ruling
from ecid.services.check_draft import SHOWN, FindCandidates, Knowledge, check_draft, read_draft
from ecid.tariff.model import Marks
from tests.scoring.conftest import frame
from tests.scoring.tariff import small_reference
from tests.small_home import SmallPlatform

DAY = date(2025, 6, 2)
REFERENCE = small_reference()
LIST = Marks("cn-list-2025", "list", date(2025, 1, 1), date(2025, 12, 31), "dual_use_export", "tests", "0" * 64, {"8506500010": "锂锰电池", "7318151010": ""})


def found(*codes: str) -> FindCandidates:
    rows = [{"code": code, "score": 0.5, "titles": {"zh": f"品名{code}", "en": f"goods {code}"}} for code in codes]
    return lambda _text: {"candidates": rows}


def checked(rows: list[dict[str, Any]], knowledge: Knowledge | None = None, lang: Any = "zh") -> dict[str, Any]:
    return check_draft(frame(rows), knowledge or Knowledge(REFERENCE), DAY, lang)


def test_lines_that_fail_and_lines_that_do_not() -> None:
    document = checked([{}, {"specification": "1|0|电动工具用"}, {"code": "9999999999"}])
    assert document["summary"] == {"lines": 3, "findings": 2, "clear": 1, "not_judged": 0}
    assert [line["outcome"] for line in document["lines"]] == ["clear", "findings", "findings"]
    clear, missing, _ = document["lines"]
    assert clear["findings"] == clear["ask"] == clear["missing"] == []
    assert missing["missing"] == [question["label"] for question in missing["ask"]] == ["电极材质", "比能量", "品牌", "型号", "容量", "额定电压"]
    assert "points" not in json.dumps(document)


def test_days_of_the_draft_do_not_matter() -> None:
    days = [None, date(2024, 1, 1), date(2026, 1, 1), DAY]
    document = checked([{"declared_on": day, "line_id": "same"} for day in days])
    assert len({json.dumps(line | {"row": 0}) for line in document["lines"]}) == 1
    assert document["lines"][0]["edition_substituted"] is False


def test_a_candidate_shows_the_lists_that_say_something_else() -> None:
    document = checked(
        [{}, {"code": "7318151010", "name": "高强度螺栓", "specification": ""}],
        Knowledge(replace(REFERENCE, marks=(LIST,)), found("850760", "850650", "731815")),
    )
    cell, bolt = document["lines"]
    assert cell["marks"] == []
    assert [(one["code"], one["declared"], one["differing_marks"]) for one in cell["candidates"]] == [
        ("850760", True, []),
        (
            "850650",
            False,
            [
                {
                    "mark": "dual_use_export",
                    "name": "两用物项出口许可（参考编码）",
                    "list": "cn-list-2025",
                    "state": "possible",
                    "codes": [{"code": "8506500010", "says": "锂锰电池"}],
                    "declared": "not_listed",
                }
            ],
        ),
        ("731815", False, [cell["candidates"][1]["differing_marks"][0] | {"codes": [{"code": "7318151010", "says": ""}]}]),
    ]
    assert [mark["state"] for mark in bolt["marks"]] == ["listed"]
    assert [(one["code"], [(mark["state"], mark["declared"]) for mark in one["differing_marks"]]) for one in bolt["candidates"]] == [
        ("850760", [("not_listed", "listed")]),
        ("850650", []),
        ("731815", []),
    ]


def test_a_list_counts_on_its_days_only() -> None:
    lapsed = Marks("cn-list-2024", "list", date(2024, 1, 1), date(2024, 12, 31), "dual_use_export", "tests", "0" * 64, {"8507600090": ""})
    document = checked([{}], Knowledge(replace(REFERENCE, marks=(LIST, lapsed)), found("850650")))
    assert [named["id"] for named in document["lists"]] == ["cn-list-2025"]
    assert document["lines"][0]["marks"] == []


def test_goods_described_alike_are_looked_up_once() -> None:
    asked: list[str] = []

    def count(text: str) -> Mapping[str, Any]:
        asked.append(text)
        return found(*(f"8507{number:02}" for number in range(SHOWN + 3)))(text)

    document = checked([{}, {}, {"name": "锂电芯"}, {"name": "", "specification": ""}], Knowledge(REFERENCE, count))
    assert len(asked) == len(set(asked)) == 2
    assert [len(line["candidates"]) for line in document["lines"]] == [SHOWN, SHOWN, SHOWN, 0]


@pytest.mark.parametrize(("score", "shown"), [(0.0099, 0), (0.01, 1)])
def test_candidates_without_confidence_are_not_shown(score: float, shown: int) -> None:
    row = {"code": "850650", "score": score, "titles": {"zh": "锂的原电池"}}
    document = checked([{}], Knowledge(REFERENCE, lambda _text: {"candidates": [row]}))
    assert len(document["lines"][0]["candidates"]) == shown


def test_the_real_index_gives_candidates(small: SmallPlatform) -> None:
    knowledge = Knowledge(REFERENCE, small.candidates.find)
    (line,) = checked([{}], knowledge, "en")["lines"]
    assert line["candidates"][0]["code"] == "850760"
    assert line["candidates"][0]["declared"]
    assert 0 < line["candidates"][0]["score"] <= 1
    assert line["candidates"][0]["title"]


def test_without_an_index_it_is_said_so() -> None:
    document = checked([{}])
    assert document["candidates_asked"] is False
    assert document["lines"][0]["candidates"] == []


def test_lists_come_from_what_was_imported(tmp_path: Path) -> None:
    foreign = Marks("us-list-2025", "list", DAY, DAY, "dual_use_export", "tests", "0" * 64, {"8507600090": ""})
    store.save(tmp_path, [LIST, foreign, *REFERENCE.tariff.editions], "tests/1")
    assert load_reference([tmp_path, tmp_path / "nothing"]).marks == (LIST,)


def test_a_draft_may_be_dated_to_come(tmp_path: Path) -> None:
    draft = tmp_path / "draft.csv"
    draft.write_text("商品编码,商品名称,规格型号,申报日期\n8507600090,锂离子电池,1|0|x,2031-01-02\n8507600090,锂离子电池,1|0|y,\n", "utf-8")
    read = read_draft([draft])
    assert (len(read.lines), len(read.rejected)) == (2, 0)


def test_the_own_ruling_counts() -> None:
    ruling = Ruling("R1", "85065000", "锂离子电池", date(2025, 1, 1), date(2027, 12, 31), brand="甬光牌", model="YG-18650")
    (line,) = checked([{}], Knowledge(REFERENCE, authority=Authority(rulings=(ruling,))))["lines"]
    assert [finding["rule"] for finding in line["findings"]] == ["RULING_CONFLICT"]
    assert line["suggested_codes"] == ["85065000"]
    assert [question["label"] for question in line["ask"]] == [None]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_same_draft_same_bytes(lang: str) -> None:
    rows: list[dict[str, Any]] = [{}, {"specification": "1|0|机器用"}, {"code": "9999999999"}]
    assert json.dumps(checked(rows, lang=lang)) == json.dumps(checked(rows, lang=lang))
