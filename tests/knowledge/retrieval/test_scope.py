"""Whether the sources hold an answer, where no pattern knows: the marks of a question, the shipped weights, and what they make of questions."""

from __future__ import annotations

import base64
from pathlib import Path

import numpy as np
import pytest
import yaml

from ecid.knowledge.retrieval.policy import load_policy, out_of_scope, topics
from ecid.knowledge.retrieval.scope import Evidence, judged, load_scope, marks, packed
from ecid.knowledge.retrieval.text import language_of
from ecid.services.search_clauses import Clauses, Request

HERE = Path(__file__).parent
JUDGED = yaml.safe_load((HERE / "judged.yaml").read_text("utf-8"))
NOTHING, EVERYTHING = Evidence(0.0, 0.0, 0.0), Evidence(1.0, 1.0, 1.0)


def test_marks() -> None:
    found = marks("2023年 Tax rates, 500")
    assert {"年", "^年", "年$", "tax.", "rate.", "tax rates", "#4", "#2023", "#3", "^ #4", "#3 $"} <= set(found)
    assert len(found) == len(set(found))
    assert marks("") == ["^ $"]


def test_every_topic_of_the_weights_is_told() -> None:
    examples = {path.stem for path in (HERE.parents[2] / "tools/scope").glob("*.txt")} - {"held", "goods", "country"}
    assert set(load_scope().topics) == examples == {topic.id for topic in topics()}


@pytest.mark.parametrize("case", JUDGED["declined"], ids=lambda case: case["text"])
def test_declined(clauses: Clauses, case: dict[str, str]) -> None:
    assert out_of_scope(case["text"]) is None, "a pattern knows it"
    answer = clauses.search(Request(case["text"], lang="en"))
    told = [topic.sentence("en") for topic in topics() if topic.id == case["topic"]]
    assert answer["declined"] is True
    assert answer["reason"] == told[0] if told else answer["reason"].startswith("Nothing among the sources")


@pytest.mark.parametrize("text", JUDGED["answered"])
def test_answered(clauses: Clauses, text: str) -> None:
    assert clauses.search(Request(text))["declined"] is False


@pytest.mark.parametrize("text", JUDGED["overruled"])
def test_a_pattern_is_overruled_where_the_weights_are_sure(text: str) -> None:
    assert out_of_scope(text) is not None
    assert load_scope().answered(text, language_of(text), EVERYTHING) > load_policy().decline["sure"]


@pytest.mark.parametrize("evidence", [NOTHING, EVERYTHING])
@pytest.mark.parametrize("text", ["宁波到汉堡的运费", "今天美元汇率", "VAT rate for toys", "business visa for China"])
def test_no_evidence_overrules_a_pattern_that_asks_for_another_matter(text: str, evidence: Evidence) -> None:
    assert load_scope().answered(text, language_of(text), evidence) < load_policy().decline["sure"]


def test_what_is_named_is_never_judged(clauses: Clauses) -> None:
    text = JUDGED["declined"][0]["text"]
    assert clauses.search(Request(f"{text} Z2023-0003"))["declined"] is False
    assert clauses.search(Request(text, code="8507"))["declined"] is False


@pytest.mark.parametrize("text", ["a", "q", "嗯", "?", "5", "ok", "x=y", "？！"])
def test_no_topic_is_told_of_a_letter_or_a_sign(clauses: Clauses, text: str) -> None:
    answer = clauses.search(Request(text, lang="en"))
    assert not judged(text)
    assert not answer["declined"] or answer["reason"].startswith("Nothing among the sources")


def test_words_are_judged() -> None:
    assert all(judged(text) for text in ("汇率", "the", "ＶＡＴ", "q 邮编"))


def test_more_evidence_makes_an_answer_likelier() -> None:
    for lang in ("zh", "en"):
        for text in ("充电宝", "a power bank", "", "q" * 500):
            likely = [load_scope().answered(text, lang, evidence) for evidence in (NOTHING, EVERYTHING)]
            assert 0 <= likely[0] < likely[1] <= 1


def test_weights_survive_packing() -> None:
    row = np.array([1.27, -0.64, 0.0, 0.01], dtype=np.float32)
    [(step, text)] = packed([row])
    assert np.allclose(step * np.frombuffer(base64.b64decode(text), dtype=np.int8), row, atol=0.006)


def test_policy_names_both_languages() -> None:
    assert all(0 < load_policy().decline[lang] < 0.5 for lang in ("zh", "en"))
