"""Which intents a text has: a linear classifier over concepts and words of the reviewed examples, with decisive patterns on top. Explainable, no download.

Kernel ridge regression, one target per intent: the examples, as unit vectors of TF-IDF weights, give a weight for every feature and intent by solving one
linear system when the planner is first used (numpy, some 0.2 s). A text is then scored by adding up the weights of its features. Concepts (concepts.toml) are
what words of both languages mean, so that what is learnt from examples in one serves the other. A decisive pattern adds half a point, that of a refusal a
whole one, which is more than words can.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from ecid.assistant.planner.features import features_of
from ecid.assistant.planner.records import Intent, concepts, intents

SURE = 0.2
"""A score from which an intent is taken; below it the question is asked back."""
CLEAR = 0.02
"""So far ahead of the next, or the question is asked back."""
_RIDGE = 0.35
_DECISIVE = {"answer": 0.5, "talk": 0.5, "refusal": 1.0}
_TOKENS = re.compile(r"[a-z][a-z'+]*|\d+|[\u3400-\u9fff]+|[≥>=?？]+", re.ASCII)
_CONCEPT = 3.0
_PAIR = 1.5
_SLIGHT = {"the", "a", "an", "of", "to", "is", "are", "please", "in", "on", "for", "it", "请", "的", "了", "呢", "吗", "我", "我们"}


@dataclass(frozen=True, slots=True)
class Guess:
    """An intent with its score (about 1 for an example), what of it is due to a decisive pattern, and the features that weigh most."""

    intent: str
    score: float
    decisive: bool
    because: tuple[str, ...]


def concepts_in(text: str) -> tuple[str, ...]:
    """The concepts of a masked text, whatever its language."""
    return tuple(name for name, pattern in _concepts() if pattern.search(text))


@cache
def _concepts() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((name, re.compile(pattern, re.ASCII)) for name, pattern in concepts().items())


def tokens(text: str) -> Counter[str]:
    """The features of a masked text: words and pairs of words; Chinese characters, pairs and triples; the beginnings of long words, which typos leave."""
    found: Counter[str] = Counter()
    words: list[str] = []
    for piece in _TOKENS.findall(text):
        if piece[0] > "\u3000":
            marked = f"^{piece}$"
            found.update(f"{marked[place : place + size]}" for size in (2, 3) for place in range(len(marked) - size + 1))
            found.update(char for char in piece if char not in _SLIGHT)
        else:
            words.append(piece)
    found.update({word: (1 if word not in _SLIGHT else 0) for word in words})
    found.update(f"{one} {other}" for one, other in zip(["^", *words], [*words, "$"], strict=True))
    found.update(f"{word[:4]}~" for word in words if len(word) > 4 and not word.startswith("x"))
    meant = concepts_in(text)
    found.update(f"#{one}" for one in meant)
    found.update(f"#{one}+{other}" for place, one in enumerate(meant) for other in meant[place + 1 :])
    return Counter({token: count for token, count in found.items() if count > 0})


def _weight(token: str) -> float:
    """Concepts count more than the words that they are read from, pairs of them less than each."""
    return (_PAIR if "+" in token else _CONCEPT) if token.startswith("#") else 1.0


class Classifier:
    """Trained on the examples of the intents."""

    def __init__(self, known: Mapping[str, Intent]) -> None:
        self.names = tuple(known)
        self.bonus = {name: _DECISIVE[intent.kind] for name, intent in known.items()}
        self.patterns = [(name, re.compile(pattern)) for name, intent in known.items() for pattern in intent.decisive]
        examples = [(place, example) for place, intent in enumerate(known.values()) for lang in ("zh", "en") for example in intent.examples[lang]]
        counted = [tokens(features_of(example).masked) for _, example in examples]
        seen = Counter(token for one in counted for token in one)
        self.idf = {token: math.log((1 + len(counted)) / (1 + count)) + 1 for token, count in seen.items() if count > 1}
        self.places = {token: place for place, token in enumerate(sorted(self.idf))}
        rows = np.zeros((len(counted), len(self.places)))
        for row, one in enumerate(counted):
            for token, weight in self._weighed(one):
                rows[row, self.places[token]] = weight
        wanted = np.full((len(examples), len(self.names)), 0.0)
        wanted[range(len(examples)), [place for place, _ in examples]] = 1.0
        kernel = rows @ rows.T
        self.weights: NDArray[np.float64] = rows.T @ np.linalg.solve(kernel + _RIDGE * np.eye(len(examples)), wanted)

    def _weighed(self, counted: Counter[str]) -> list[tuple[str, float]]:
        weighed = [(token, (1 + math.log(count)) * self.idf[token] * _weight(token)) for token, count in sorted(counted.items()) if token in self.idf]
        unseen = sum(1.0 for token in counted if token not in self.idf)
        length = math.sqrt(sum(weight * weight for _, weight in weighed) + unseen) or 1.0
        return [(token, weight / length) for token, weight in weighed]

    def guesses(self, masked: str) -> list[Guess]:
        """All intents for a masked text, the best first."""
        weighed = self._weighed(tokens(masked))
        if weighed:
            parts = self.weights[[self.places[token] for token, _ in weighed]] * np.array([[weight] for _, weight in weighed])
            scores = parts.sum(axis=0)
        else:
            parts, scores = np.zeros((0, len(self.names))), np.zeros(len(self.names))
        settled = {name for name, pattern in self.patterns if pattern.search(masked)}
        found = []
        for place, name in enumerate(self.names):
            heaviest = sorted(range(len(weighed)), key=lambda row, at=place: -parts[row, at])[:3]  # type: ignore[misc]
            because = tuple(weighed[row][0] for row in heaviest if parts[row, place] > 0.02)
            found.append(Guess(name, round(float(scores[place]), 6) + (self.bonus[name] if name in settled else 0.0), name in settled, because))
        return sorted(found, key=lambda guess: (-guess.score, guess.intent))


@cache
def classifier() -> Classifier:
    """The one of the reviewed examples."""
    return Classifier(intents())


def best(guesses: Iterable[Guess]) -> Guess | None:
    """The intent that a text has; None where it is not clear."""
    first, second = list(guesses)[:2]
    if first.score < SURE or (not first.decisive and first.score - second.score < CLEAR):
        return None
    return first
