"""The fitted weights belong to the phrasings, the intents and the features that are in the tree."""

from __future__ import annotations

import numpy as np
import pytest

from ecid.assistant.planner.classifier import Classifier, classifier, tokens
from ecid.assistant.planner.features import features_of
from ecid.assistant.planner.records import intents
from tools.fit_intents import LEAST, Phrasing, fitted, phrasings, stored


@pytest.fixture(scope="module")
def given() -> list[Phrasing]:
    return phrasings()


def test_every_intent_is_learnt_in_both_languages(given: list[Phrasing]) -> None:
    assert set(classifier().names) == set(intents()) == {name for one in given for name in one.wanted}


def test_the_weights_are_those_of_the_phrasings(given: list[Phrasing]) -> None:
    """A phrasing or a feature that was changed without fitting anew leaves features that the weights do not know."""
    counted: dict[str, int] = {}
    for one in given:
        for token in tokens(features_of(one.text).masked, one.role, one.before):
            counted[token] = counted.get(token, 0) + 1
    assert set(classifier().idf) == {token for token, count in counted.items() if count >= LEAST}


def test_phrasings_are_read_as_they_are_labelled(given: list[Phrasing]) -> None:
    sample = given[::29]
    right = [classifier().guesses(features_of(one.text).masked, one.role, one.before)[0].intent in one.wanted for one in sample]
    assert sum(right) / len(right) >= 0.93


def test_fitting_is_reproducible_and_storing_loses_nothing_that_counts(given: list[Phrasing]) -> None:
    few = given[::40]
    one, other = fitted(few), fitted(few)
    assert np.array_equal(one.weights, other.weights)
    kept = stored(one)
    again = Classifier(one.names, one.idf, kept["weights"].astype(np.float32) * kept["scale"])
    assert np.allclose(again.weights, one.weights, atol=float(kept["scale"].max()))


@pytest.mark.parametrize("text", ["qwzx plmk", "asdf", "嗯嗯哦哦", "呵呵"])
def test_noise_is_nothing(text: str) -> None:
    assert classifier().guesses(features_of(text).masked, "supplier")[0].score < 0.2
