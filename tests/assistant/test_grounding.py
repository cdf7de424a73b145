"""Nothing leaves that no tool gave: invented figures, verdicts, quotations, links and disguises are found, and whatever passes adds no figure of its own."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecid.assistant import facts as f
from ecid.assistant.blocks import Block, Citation, Citations, FindingBlock, Paragraph, PlanBlock, ScoreBar, Table, plain, to_json
from ecid.assistant.drafts import BadDraft, DraftAnswer, read_draft
from ecid.assistant.grounding import Ungrounded, check, fill
from ecid.assistant.prose import Kind
from ecid.assistant.results import Fact, ToolResult, from_json
from ecid.assistant.results import to_json as kept
from ecid.assistant.sentences import sentences
from ecid.errors import Language

HERE = Path(__file__).parent
INJECTIONS = [json.loads(line) for line in (HERE / "injections.jsonl").read_text("utf-8").splitlines()]
GROUNDED = [json.loads(line) for line in (HERE / "grounded.jsonl").read_text("utf-8").splitlines()]
HOSTILE: list[str] = json.loads((HERE / "hostile_texts.json").read_text("utf-8"))
QUOTE = "LED灯泡由模块加其他元件构成，并有便于在灯具上装换的灯头，归8539.52。"
NOTE = Citation("note-ch85-11-b", "第八十五章注释十一", QUOTE, "2022-01-01", None, lapsed=False, sha256=hashlib.sha256(QUOTE.encode()).hexdigest())
TAMPERED = replace(NOTE, id="tampered", quote=QUOTE.replace("归", "不归"))
FINDING = FindingBlock(1, "974256056e4fb28b", "SAME_GOODS_SPLIT", "同一货物", "6.0", 5_995_296, 5, "9405429000", "LED灯带", ("5316-2",), 22)
LANGUAGES: tuple[Language, ...] = ("zh", "en")


def results(goods: str = "LED灯带模组") -> tuple[ToolResult, ...]:
    """What a conversation about a score has."""
    facts = {
        "score.shown": f.score(82_886_642),
        "score.missing": f.allotted(17_113_358, 172),
        "score.as_of": f.day("2026-11-23"),
        "score.period_from": f.day("2023-11-24"),
        "score.period_to": f.day("2026-11-23"),
        "finding.1.number": f.number(1),
        "finding.1.id": f.identifier("974256056e4fb28b"),
        "finding.1.points": f.allotted(5_995_296, 60),
        "finding.1.lines_count": f.count(1_022),
        "finding.1.title": f.words({"zh": "同一货物用了多个编码", "en": "One product under several codes"}),
        "finding.1.code": f.code("9405429000"),
        "finding.1.goods": f.outside(goods),
        "clause.1.id": f.identifier(NOTE.id),
        "record.aeo.good_standing": f.state(False, "no"),
    }
    bar, plan = ScoreBar("82.8", "17.2", 82_886_642, ()), PlanBlock(90, True, "82.8", "90.5", (), "…")
    parts: dict[str, dict[Language, Block]] = {
        name: dict.fromkeys(LANGUAGES, block) for name, block in (("score", bar), ("finding.1", FINDING), ("plan.90", plan))
    }
    return (ToolResult("explain_score", {}, facts=facts, parts=parts, citations=(NOTE, TAMPERED)),)


def paragraph(text: str, *citations: str) -> DraftAnswer:
    return read_draft({"blocks": [{"kind": "paragraph", "text": text}], "citations": citations})


@pytest.mark.parametrize("case", INJECTIONS, ids=lambda case: case["id"])
def test_what_no_tool_gave_does_not_leave(case: dict[str, Any]) -> None:
    draft = paragraph(case["text"], *case.get("citations", ()))
    found = check(draft, results(), case["lang"])
    assert set(case["kinds"]) <= {violation.kind for violation in found}
    assert all(violation.text.isprintable() for violation in found)
    with pytest.raises(Ungrounded):
        fill(draft, results(), case["lang"])


def test_injections_come_in_both_languages() -> None:
    assert len(INJECTIONS) >= 30
    assert {case["lang"] for case in INJECTIONS} == set(LANGUAGES)
    assert len({case["id"] for case in INJECTIONS}) == len(INJECTIONS)


@pytest.mark.parametrize("case", GROUNDED, ids=lambda case: case["text"][:20])
def test_what_only_phrases_facts_passes(case: dict[str, Any]) -> None:
    draft = paragraph(case["text"], NOTE.id)
    assert check(draft, results(), case["lang"]) == ()
    (filled, cited) = fill(draft, results(), case["lang"])
    assert "{" not in filled.plain(case["lang"])
    assert cited == Citations((NOTE,))


def test_a_filled_answer_says_the_figures_of_the_tools() -> None:
    draft = read_draft(
        {
            "blocks": [
                {"kind": "paragraph", "text": "Your score is {score.shown} as of {score.as_of}. {say.score_cannot_be_edited}"},
                {"kind": "list", "items": ["{finding.1.title} costs {finding.1.points} points.", "It is about {finding.1.goods}."]},
                {"kind": "table", "head": ["finding", "lines"], "rows": [["{finding.1.id}", "{finding.1.lines_count}"]]},
                {"kind": "score_bar", "ref": "score"},
                {"kind": "finding", "ref": "finding.1"},
                {"kind": "plan", "ref": "plan.90"},
                {"kind": "action", "action": "draft_ruling", "ref": "finding.1.id"},
                {"kind": "action", "action": "open_clause", "ref": "clause.1.id"},
                {"kind": "question", "text": "Shall I show the clause?"},
            ],
            "citations": ["note-ch85-11-b"],
        }
    )
    blocks = fill(draft, results(), "en")
    assert blocks[0] == Paragraph(f"Your score is 82.8 as of 23 November 2026. {sentences()['score_cannot_be_edited'].text['en']}")
    assert blocks[1].plain("en") == "- One product under several codes costs 6.0 points.\n- It is about “LED灯带模组”."
    assert blocks[2] == Table(("finding", "lines"), (("974256056e4fb28b", "1,022"),))
    assert [to_json(block)["kind"] for block in blocks] == [
        "paragraph",
        "list",
        "table",
        "score_bar",
        "finding",
        "plan",
        "action",
        "action",
        "question",
        "citations",
    ]
    assert [(to_json(block)["action"], to_json(block)["target"]) for block in blocks[6:8]] == [("draft_ruling", FINDING.id), ("open_clause", NOTE.id)]
    assert to_json(blocks[-1])["items"][0]["url"] == "/v1/clauses/note-ch85-11-b"
    assert "2026年11月23日" in plain(fill(paragraph("截至{score.as_of}。"), results(), "zh"), "zh")


@pytest.mark.parametrize(
    ("block", "kind"),
    [
        ({"kind": "finding", "ref": "finding.2"}, "ref"),
        ({"kind": "finding", "ref": "score"}, "ref"),
        ({"kind": "plan", "ref": "plan.85"}, "ref"),
        ({"kind": "action", "action": "draft_ruling"}, "ref"),
        ({"kind": "action", "action": "draft_ruling", "ref": "clause.1.id"}, "ref"),
        ({"kind": "action", "action": "open_clause", "ref": "finding.1.id"}, "ref"),
        ({"kind": "action", "action": "open_report", "ref": "finding.1.id"}, "ref"),
        ({"kind": "table", "head": ["a", "b"], "rows": [["c"]]}, "shape"),
        ({"kind": "table", "head": ["a"], "rows": [["safe"]]}, "verdict"),
        ({"kind": "list", "items": ["fine so far", "lost 3 points"]}, "digit"),
        ({"kind": "question", "text": "Shall I set it to ninety?"}, "number_word"),
    ],
)
def test_every_part_of_a_draft_is_looked_at(block: dict[str, Any], kind: str) -> None:
    assert [violation.kind for violation in check(read_draft({"blocks": [block]}), results(), "en")] == [kind]


def test_a_buyers_answer_has_no_action_on_a_ledger() -> None:
    record = (ToolResult("get_record", {}, facts={"record.domain": f.words("brightcell.example", "name")}),)
    for action in ("start_inspection", "open_report"):
        assert check(read_draft({"blocks": [{"kind": "action", "action": action}]}), record, "en")
        assert not check(read_draft({"blocks": [{"kind": "action", "action": action}]}), results(), "en")


def test_a_verdict_is_said_only_where_the_facts_are_such() -> None:
    standing: dict[str, Fact] = {"record.aeo.good_standing": f.state(True, "yes")}
    record = (ToolResult("get_record", {}, facts=standing),)
    assert [violation.kind for violation in check(paragraph("{say.not_good_standing}"), record, "zh")] == ["sentence"]
    assert fill(paragraph("{say.good_standing}"), record, "zh") == (Paragraph(sentences()["good_standing"].text["zh"]),)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_words_of_others_are_shown_short_and_quoted_and_never_obeyed(text: str) -> None:
    (block,) = fill(paragraph("Declared as {finding.1.goods}."), results(text), "en")
    assert isinstance(block, Paragraph)
    told = re.fullmatch('Declared as “([^“”"{}]*)”\\.', block.text)
    assert told, block.text
    assert len(told[1]) <= f.GOODS
    assert told[1].isprintable()


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_words_of_others_stay_marked_in_a_sentence_of_ours(text: str) -> None:
    told = f.within(f"Code 1 of {text} needs review", [text], "en")
    assert re.fullmatch(r"Code 1 of “[^“”{}]*” needs review", told), told


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"blocks": []},
        {"blocks": [{"kind": "html", "text": "x"}]},
        {"blocks": [{"kind": "paragraph", "text": "x", "style": "bold"}]},
        {"blocks": [{"kind": "paragraph", "text": ""}]},
        {"blocks": [{"kind": "paragraph", "text": "x" * 2_001}]},
        {"blocks": [{"kind": "paragraph", "text": "x"}] * 41},
        {"blocks": [{"kind": "finding", "ref": "../../etc"}]},
        {"blocks": [{"kind": "action", "action": "delete_everything"}]},
        "Your score is 95",
        None,
    ],
)
def test_what_is_no_draft_is_refused(data: object) -> None:
    with pytest.raises(BadDraft):
        read_draft(data)


def test_results_are_kept_and_read_back() -> None:
    (result,) = results()
    assert from_json(json.loads(json.dumps(kept(result)))) == result


def test_every_sentence_can_be_filled_in_both_languages() -> None:
    for name, sentence in sentences().items():
        assert set(sentence.text) == set(LANGUAGES), name
        assert all(text.strip() for text in sentence.text.values()), name


# Every figure of these facts stands between marks, so that one which does not is the draft's own.
_MARKED = {
    name: Fact(1, dict.fromkeys(LANGUAGES, f"⟦{number}⟧"), kind)
    for name, number, kind in [("score.shown", "82.8", "score"), ("finding.1.points", "6.0", "points"), ("finding.1.code", "9405", "code")]
}
_PIECES = st.sampled_from(
    [
        "{score.shown}",
        "{finding.1.points}",
        "{finding.1.code}",
        "{say.no_verdict}",
        "{",
        "}",
        "9",
        "八十",
        "eighty",
        "two",
        "%",
        "-",
        ".",
        " ",
        "score",
        "得分",
        "是",
        "is",
        "“",
        "”",
        "ⅷ",
        "𝟗",
        "９",
        "lO",
        "\u200b",
        "万",
        "第一",
    ]
)
_TEXT = st.one_of(st.lists(_PIECES, min_size=1, max_size=8).map("".join), st.text(min_size=1, max_size=30))
_EVERYDAY = re.compile("[一二三四五六七八九十百千万两半]")


def _own_figures(text: str) -> list[str]:
    """Signs that state a figure outside the marks; Han numerals are looked for by themselves, for everyday words hold some."""
    rest = re.sub("⟦[^⟧]*⟧", "", text)
    return [char for char in rest if unicodedata.numeric(char, None) is not None and not _EVERYDAY.match(char)]


@settings(max_examples=400, deadline=None)
@given(texts=st.lists(_TEXT, min_size=1, max_size=4), lang=st.sampled_from(LANGUAGES))
def test_whatever_the_draft_a_filled_answer_has_no_figure_of_its_own(texts: list[str], lang: Language) -> None:
    told = (ToolResult("explain_score", {}, facts=_MARKED),)
    draft = read_draft({"blocks": [{"kind": "paragraph", "text": text} for text in texts]})
    if check(draft, told, lang):
        with pytest.raises(Ungrounded):
            fill(draft, told, lang)
        return
    text = plain(fill(draft, told, lang), lang)
    assert not _own_figures(text)
    assert not re.search(r"⟧⟦|[-%.]⟦|⟧%", text)
    assert not re.search(r"eighty|\btwo\b|八十", text)


@settings(max_examples=200, deadline=None)
@given(number=st.integers(min_value=0, max_value=999_999), lang=st.sampled_from(LANGUAGES))
def test_no_number_can_be_written_out(number: int, lang: Language) -> None:
    for words in (_digit_by_digit(number), _in_han(number), _in_english(number)):
        assert check(paragraph(f"得分 {words} 分"), results(), lang), words
        assert check(paragraph(f"The score is {words} now"), results(), lang), words


def _digit_by_digit(number: int) -> str:
    return "".join("零一二三四五六七八九"[int(char)] for char in str(number))


def _in_han(number: int) -> str:
    """As it is read: 八十二, 一千零三."""
    if number >= 10_000:
        return _in_han(number // 10_000) + "万" + (_in_han(number % 10_000) if number % 10_000 else "")
    for unit, name in ((1_000, "千"), (100, "百"), (10, "十")):
        if number >= unit:
            rest = number % unit
            zero = "零" if rest and rest * 10 < unit else ""
            return _digit_by_digit(number // unit) + name + (zero + _in_han(rest) if rest else "")
    return _digit_by_digit(number)


_SMALL = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen"),
    *("seventeen", "eighteen", "nineteen"),
)
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]


def _in_english(number: int) -> str:
    """As it is read: eighty-two, one thousand three."""
    for unit, name in ((1_000, "thousand"), (100, "hundred")):
        if number >= unit:
            rest = number % unit
            return f"{_in_english(number // unit)} {name}" + (f" {_in_english(rest)}" if rest else "")
    if number < 20:
        return _SMALL[number]
    return _TENS[number // 10 - 2] + (f"-{_SMALL[number % 10]}" if number % 10 else "")


def test_the_kinds_of_violations_are_all_found_by_a_case() -> None:
    tested = {kind for case in INJECTIONS for kind in case["kinds"]} | {"ref", "shape"}
    assert tested == set(get_args(Kind))
