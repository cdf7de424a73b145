"""Text to terms, questions understood, matters out of scope, words beside words."""

from __future__ import annotations

from collections import Counter
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import yaml

from ecid.errors import BadInput
from ecid.knowledge.retrieval.glossary import Glossary
from ecid.knowledge.retrieval.policy import load_policy, out_of_scope, synonyms, topics
from ecid.knowledge.retrieval.query import MAX_QUERY, prefix_of, understand
from ecid.knowledge.retrieval.text import normalise, terms

HERE = Path(__file__).parent
SCOPE = yaml.safe_load((HERE / "scope.yaml").read_text("utf-8"))
HEADINGS = {"2008", "8507", "8539", "8541", "9405"}


@pytest.mark.parametrize("case", yaml.safe_load((HERE / "terms.yaml").read_text("utf-8")), ids=lambda case: case["text"])
def test_terms(case: dict[str, Any]) -> None:
    found = set(terms(case["text"]))
    assert set(case["has"]) <= found
    assert not set(case.get("lacks", ())) & found


@pytest.mark.parametrize("case", yaml.safe_load((HERE / "queries.yaml").read_text("utf-8")), ids=lambda case: case["text"])
def test_questions_are_understood(case: dict[str, Any]) -> None:
    query = understand(case["text"], HEADINGS)
    told = {"codes": list(query.codes), "ids": list(query.ids), "words": query.words, "lang": query.lang, "places": list(query.places)}
    assert {key: told[key] for key in case if key != "text"} == {key: value for key, value in case.items() if key != "text"}


def test_an_overlong_question_is_refused() -> None:
    with pytest.raises(BadInput):
        understand("电" * (MAX_QUERY + 1), HEADINGS)


@pytest.mark.parametrize(("typed", "prefix"), [("8507", "8507"), ("85.07", "8507"), ("8507.6000.90", "85076000"), ("85", "85"), ("８５０７", "8507")])
def test_codes_of_filters(typed: str, prefix: str) -> None:
    assert prefix_of(typed) == prefix


@pytest.mark.parametrize("typed", ["8", "", "85o7", "chapter 85", "8507600090101 1", "८५०७"])
def test_what_is_no_code(typed: str) -> None:
    with pytest.raises(BadInput):
        prefix_of(typed)


@pytest.mark.parametrize(("topic", "text"), [(topic, text) for topic, texts in SCOPE["declined"].items() for text in texts])
def test_out_of_scope(topic: str, text: str) -> None:
    found = out_of_scope(text)
    assert found is not None
    assert found.id == topic


@pytest.mark.parametrize("text", SCOPE["answered"])
def test_in_scope(text: str) -> None:
    assert out_of_scope(text) is None


def test_every_topic_is_tried_and_says_where_to_look() -> None:
    assert {topic.id for topic in topics()} == set(SCOPE["declined"])
    assert all(topic.sentence("zh").endswith("。") and topic.sentence("en").endswith(".") for topic in topics())


def test_a_word_stands_in_one_group_of_synonyms() -> None:
    words = Counter(word.lower() for word in chain.from_iterable(synonyms()))
    assert [word for word, number in words.items() if number > 1] == []
    assert all(len(group) > 1 and all(normalise(word).strip() == normalise(word) for word in group) for group in synonyms())


def test_synonyms_and_translations() -> None:
    glossary = Glossary.of([], [["充电宝", "移动电源", "power bank"], ["biro", "圆珠笔"]])
    assert glossary.beside("我的移动电源") == ["充电宝", "power bank"]
    assert glossary.beside("two biros") == ["圆珠笔"]
    assert glossary.beside("nothing of the kind") == []


def test_policy_is_complete() -> None:
    policy = load_policy()
    assert set(policy.weights) == {"character", "synonym", "translated", "other_language", "both_languages", "vector", "code", "elements", "place"}
    assert set(policy.decline) == {"score", "zh", "en", "sure", "topic"}
    assert set(policy.handicap) == {"term", "foreign", "lapsed"}
    assert set(policy.quota) == {"term", "line", "foreign"}
