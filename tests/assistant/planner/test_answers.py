"""Answers of the planner over the real tools of the sample enterprises: grounded, with the facts that they need, in both languages, and always the same."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from ecid.assistant.blocks import ListBlock, Paragraph, Question
from ecid.assistant.caller import LEDGER, Caller
from ecid.assistant.drafts import SLOT, DraftAnswer, RefDraft, texts_of
from ecid.assistant.grounding import check, fill
from ecid.assistant.planner.memory import Asked, Memory
from ecid.assistant.planner.phrasing import draft_of
from ecid.assistant.planner.reading import read
from ecid.assistant.planner.records import intents, phrases
from ecid.assistant.planner.steps import Call, next_calls
from ecid.assistant.prose import faults
from ecid.assistant.results import ToolResult
from ecid.assistant.sentences import sentences
from ecid.errors import Language
from ecid.services.assistant_tools import toolbox
from tests.assistant.sample_sources import HARBORLIGHT, SampleSources

CASES: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "answers.yaml").read_text("utf-8"))
CALLERS = {
    "supplier": Caller.supplier("s", HARBORLIGHT),
    "consultant": Caller.consultant("c", HARBORLIGHT, [LEDGER]),
    "buyer": Caller.buyer("b"),
    "without_grant": Caller.consultant("w", HARBORLIGHT, []),
}
WORDS = 250


def found_for(asked: Asked, caller: Caller, sources: SampleSources) -> tuple[list[Call], list[ToolResult]]:
    box = toolbox(sources, caller, asked.lang)
    made: list[Call] = []
    results: list[ToolResult] = []
    while calls := next_calls(asked, caller, results, made):
        made += calls
        results += [box.call(call.tool, call.arguments) for call in calls]
    return made, results


def used(draft: DraftAnswer) -> set[str]:
    return {found[1] for _, text in texts_of(draft) for found in SLOT.finditer(text)} | {block.ref for block in draft.blocks if isinstance(block, RefDraft)}


def words_in(text: str, lang: Language) -> int:
    """Two Chinese characters pass for a word."""
    return len(text) // 2 if lang == "zh" else len(text.split())


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['as']}: {case['turns'][0]['ask']}"[:60])
def test_answers(case: dict[str, Any], fed: tuple[SampleSources, dict[str, str]]) -> None:
    caller = Caller.supplier("n", fed[1]["newleaf"]) if case["as"] == "newcomer" else CALLERS[case["as"]]
    memory = Memory(own="harborlight.example" if caller.enterprise == HARBORLIGHT else None)
    for turn in case["turns"]:
        asked = read(turn["ask"], memory, caller, "zh")
        made, results = found_for(asked, caller, fed[0])
        assert [call.tool for call in made] == turn["tools"], turn["ask"]
        draft = draft_of(asked, caller, results)
        assert check(draft, results, asked.lang) == (), turn["ask"]
        assert {*turn.get("slots", ()), *turn.get("refs", ())} <= used(draft), turn["ask"]
        prose = [block for block in fill(draft, results, asked.lang) if isinstance(block, Paragraph | ListBlock | Question)]
        assert sum(words_in(block.plain(asked.lang), asked.lang) for block in prose) <= WORDS, turn["ask"]
        assert draft_of(asked, caller, results) == draft
        memory = memory.after(asked)


@pytest.mark.parametrize(
    ("question", "corrected"),
    [
        ("since my score is 95, what do I have to do?", "{score.shown}"),
        ("我既然已经到了95分，还需要改什么？", "{score.shown}"),
        ("my score is 82, why?", None),
        ("I have 40 findings. Which is the worst of the 40?", "{score.findings}"),
        ("我们一共有四十项待核事项，最严重的是哪一项", "{score.findings}"),
        ("I have 14 findings. Which is the worst?", None),
        ("we lost only 3 points, right?", "{score.missing}"),
        ("我们就价格扣了3分对吧", "{score.missing}"),
        ("we lost 17 points, why?", None),
    ],
)
def test_a_premise_that_is_not_so_is_set_right_first(question: str, corrected: str | None, fed: tuple[SampleSources, dict[str, str]]) -> None:
    asked = read(question, Memory(own="harborlight.example"), CALLERS["supplier"], "zh")
    draft = draft_of(asked, CALLERS["supplier"], found_for(asked, CALLERS["supplier"], fed[0])[1])
    first = next(text for _, text in texts_of(draft))
    premise = any(first.startswith(phrases()[name][asked.lang].split("{")[0]) for name in ("stated_other", "stated_findings", "stated_lost"))
    assert premise is (corrected is not None)
    assert corrected is None or corrected in first


def asked_for(name: str, lang: Language) -> Asked:
    return Asked(
        lang, (name,), codes=("9405429000",), findings=("1",), target=90, goods="LED灯带", domain="harborlight.example", market="DE", topic="8539 9405 决定"
    )


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("name", sorted(intents()))
def test_every_intent_is_answered_in_both_languages(name: str, lang: Language, fed: tuple[SampleSources, dict[str, str]]) -> None:
    for caller in (*CALLERS.values(), Caller.supplier("n", fed[1]["newleaf"])):
        asked = asked_for(name, lang)
        _, results = found_for(asked, caller, fed[0])
        draft = draft_of(asked, caller, results)
        assert check(draft, results, lang) == ()
        assert fill(draft, results, lang)


@pytest.mark.parametrize("name", sorted(intents()))
def test_failed_and_missing_results_are_said(name: str) -> None:
    """No source can be asked: every answer still is one, and states no finding."""
    for state, reason in (("failed", "source_unavailable"), ("nothing", "not_found"), ("nothing", "report_not_ready"), ("nothing", "insufficient_data")):
        asked = asked_for(name, "en")
        caller = CALLERS["supplier"]
        results = [ToolResult(call.tool, call.arguments, state, reason) for call in next_calls(asked, caller, [], [])]  # type: ignore[arg-type]
        draft = draft_of(asked, caller, results)
        assert check(draft, results, "en") == ()
        assert not [block for block in draft.blocks if isinstance(block, RefDraft)]


def _prose(names: Sequence[str]) -> list[tuple[str, str, str]]:
    return [(name, lang, phrases()[name][lang]) for name in names for lang in ("zh", "en")]


@pytest.mark.parametrize(("name", "lang", "text"), _prose(sorted(phrases())), ids=lambda value: str(value)[:24])
def test_phrases_hold_no_figures_and_no_verdicts(name: str, lang: str, text: str) -> None:
    pieces = SLOT.split(text.replace("<", "").replace(">", ""))
    assert list(faults(pieces[::2], "\ue000" * (len(pieces) // 2))) == []
    slots = {lang: sorted(found[1] for found in SLOT.finditer(phrases()[name][lang].replace("<", "").replace(">", ""))) for lang in ("zh", "en")}
    assert slots["zh"] == slots["en"]


def test_intents_are_whole() -> None:
    for name, intent in intents().items():
        assert min(len(intent.examples["zh"]), len(intent.examples["en"])) >= 5, name
        assert intent.kind != "refusal" or f"refuse_{name}" in sentences()
        assert not intent.suggest or f"suggest_{name}" in sentences()
        assert intent.roles <= {"buyer", "supplier", "consultant"}
