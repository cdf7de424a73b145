"""What reports say is there in both languages: their own words, and those for whatever rules, routes and evidence hold."""

from __future__ import annotations

import re
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecid.errors import Language
from ecid.reports.evidence import deadline_of, evidence_of
from ecid.reports.figures import allotted, money, percent, points, score_shown, text
from ecid.reports.wording import _data, words
from ecid.scoring.result import DimensionState, Finding, Insufficiency
from ecid.scoring.routes import State, routes_for
from tests.reports.making import LANGUAGES, ROOT, reported


def test_every_entry_has_both_languages_with_the_same_gaps() -> None:
    for group, entries in _data().items():
        for key, said in entries.items():
            assert set(said) == {"zh", "en"}, f"{group}.{key}"
            assert all(told.strip() for told in said.values()), f"{group}.{key}"
            gaps = [sorted(re.findall(r"\{(\w+)\}", told)) for told in said.values()]
            assert gaps[0] == gaps[1], f"{group}.{key}"


def test_every_state_has_a_name() -> None:
    w = words("en")
    assert set(w["route_state"]) == set(get_args(State))
    assert set(w["dimension_state"]) == set(get_args(DimensionState))
    assert set(w["insufficient"]) == set(get_args(Insufficiency))


def test_sheets_have_names_that_excel_takes() -> None:
    for lang in LANGUAGES:
        names = list(words(lang)["sheet"].values())
        assert len(set(names)) == len(names)
        assert all(len(name) <= 31 and not set(name) & set("[]:*?/\\") for name in names)


def finding(**facts: object) -> Finding:
    first = reported("sample", "zh").result.findings[0]
    return Finding(**({name: getattr(first, name) for name in Finding.__slots__} | facts))  # type: ignore[arg-type]


EVIDENCE = [
    ({"kind": "code", "state": "unknown", "edition": "cn-2025", "reason": None}, ("未查到", "not found")),
    (
        {
            "kind": "rival",
            "code": "850760",
            "title": {"zh": "锂离子", "en": "lithium-ion"},
            "confidence_ppm": 912_345,
            "declared_ppm": 1,
            "id": None,
            "text": "锂离子蓄电池",
            "sha256": "a" * 64,
        },
        ("91.2 %", "91.2 %"),
    ),
    (
        {
            "kind": "deciding_fact",
            "id": "r",
            "rivals": ["850760", "850650"],
            "expected": {"zh": "可否充电", "en": "rechargeable?"},
            "text": "x",
            "sha256": "b" * 64,
        },
        ("可否充电", "rechargeable?"),
    ),
    (
        {"kind": "note", "id": "n", "said": "泵", "towards": ["8413"], "confidence_ppm": 1, "declared_ppm": 1, "text": "本章不包括泵", "sha256": "c" * 64},
        ("8413", "8413"),
    ),
    (
        {"kind": "decision", "id": "D1", "code": "850760", "source": "公告", "valid_from": "2020-01-01", "valid_to": None, "text": "原文", "sha256": "d" * 64},
        ("D1", "D1"),
    ),
    (
        {
            "kind": "ruling",
            "id": "ruling-1",
            "code": "850760",
            "valid_from": "2024-01-01",
            "valid_to": None,
            "ended_on": None,
            "text": "原文",
            "sha256": "e" * 64,
        },
        ("–", "–"),
    ),
    (
        {
            "kind": "outcome",
            "title": {"zh": "改归类", "en": "reclassified"},
            "record": "r",
            "code": "1",
            "key_date": "2025-01-01",
            "state": "x",
            "outcome": "y",
            "disclosed": False,
            "among": 1,
        },
        ("改归类", "reclassified"),
    ),
    ({"kind": "vague", "seen": "配件", "expected": {"zh": "具体名称", "en": "what they are"}, "confidence_ppm": 3, "lines": 4}, ("4 行", "lines: 4")),
    (
        {
            "kind": "rival",
            "code": "850760",
            "title": {"zh": "锂离子", "en": "lithium-ion"},
            "confidence_ppm": 1,
            "text": "x",
            "sha256": "f" * 64,
            "flag": "benefit_direction",
            "marks": [{"mark": "dual_use_export", "name": {"zh": "两用物项", "en": "dual-use items"}, "list": "cn", "codes": {"850760": ""}}],
        },
        ("两用物项", "dual-use items"),
    ),
    ({"kind": "more", "count": 7}, ("7", "7")),
    ({"kind": "of tomorrow", "fact": {"zh": "甲", "en": "a"}}, ("甲", "a")),
]


@pytest.mark.parametrize(("item", "said"), EVIDENCE, ids=[f"{item['kind']} {item.get('flag', '')}" for item, _ in EVIDENCE])
def test_evidence_is_told_and_quotes_its_clause(item: dict[str, object], said: tuple[str, str]) -> None:
    for lang, wanted in zip(LANGUAGES, said, strict=True):
        piece = evidence_of(finding(evidence=(item,)), lang)[0]
        assert wanted in piece["text"]
        assert piece["quote"] == str(item.get("text", ""))
        assert ("SHA-256" in piece["source"]) == ("sha256" in item)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_deadline_is_a_day_to_come_or_a_sentence(lang: Language) -> None:
    result = reported("sample", lang).result
    for found in result.findings:
        option = routes_for(found, result.as_of)[0]
        until = option.act_by
        assert until is None or until >= result.as_of
        assert (until.isoformat() if until else words(lang)["text"]["no_deadline"]) in deadline_of(option, lang)


@given(st.lists(st.integers(1, 40_000_000), max_size=12), st.sampled_from([1, 10]))
def test_shown_losses_add_up_to_what_is_missing_of_the_score_shown(lost: list[int], parts: int) -> None:
    exact = 100_000_000 - min(sum(lost), 100_000_000)
    shown = allotted(exact, lost, parts)
    assert sum(shown) == (1_000 - exact // 100_000) * parts * bool(lost)


@pytest.mark.parametrize(("exact", "shown"), [(89_960_000, "89.9"), (100_000_000, "100.0"), (0, "0.0"), (None, "–"), (99_999, "0.0")])
def test_scores_are_floored(exact: int | None, shown: str) -> None:
    assert score_shown(exact) == shown


def test_figures() -> None:
    assert (points(13), points(1_205, 2), points(None), money(123_456_789), percent(999_999)) == ("1.3", "12.05", "–", "1,234,567", "99.9 %")
    assert text("a\nb\u202e" + "x" * 400, 5) == "a·b·x…"


def test_no_word_is_left_over() -> None:
    folder = ROOT / "layers" / "core" / "python" / "ecid" / "reports"
    program = "".join(path.read_text("utf-8") for pattern in ("*.py", "templates/*") for path in sorted(folder.glob(pattern)))
    assert [key for key in _data()["text"] if not re.search(rf"""["'.]{key}\b""", program)] == []
