"""Which intents a text has: a linear classifier over words, concepts and the turn before, with decisive patterns on top. Explainable, no download.

The weights (`intent_weights.npz`) are fitted by `tools/fit_intents.py` to phrasings of our own; a text is scored by adding up those of its features, as a
share of one over all intents. Concepts (concepts.toml) are what words of both languages mean, so that what is learnt from phrasings in one serves the other. A
decisive pattern adds half a point, that of a refusal a whole one, which is more than words can.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from ecid.assistant.planner.mentions import names_a_rule, names_goods
from ecid.assistant.planner.records import concepts, intents

MODEL = "intent_weights.npz"
SURE = 0.2
"""A share from which an intent is taken; below it the question is asked back."""
_DECISIVE = {"answer": 0.5, "talk": 0.5, "refusal": 1.0}
_TOKENS = re.compile(r"[a-z][a-z'+]*|\d+|[\u3400-\u9fff]+|[≥>=?？!！]+", re.ASCII)
_CONCEPT = 2.0
_BEFORE = 1.5
_KNOWN = 0.34
"""The least share of known features with which a text is taken as it is."""
_SHORT = 7
"""Words (or Chinese characters) up to which a text is read together with the turn before it."""
_SLIGHT = {"the", "a", "an", "of", "to", "is", "are", "please", "in", "on", "for", "it", "请", "的", "了", "呢", "吗", "我", "我们"}


@dataclass(frozen=True, slots=True)
class Guess:
    """An intent with its score (a share of one), whether a decisive pattern is in it, and the features that weigh most."""

    intent: str
    score: float
    decisive: bool
    because: tuple[str, ...]


def concepts_in(text: str) -> tuple[str, ...]:
    """The concepts of a masked text, whatever its language."""
    found = [name for name, pattern in _concepts() if pattern.search(text)]
    return (*found, *(["rule"] if names_a_rule(text) else []), *(["known_goods"] if names_goods(text) else []))


@cache
def _concepts() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((name, re.compile(pattern, re.ASCII)) for name, pattern in concepts().items())


def tokens(text: str, role: str = "", before: Sequence[str] = ()) -> Counter[str]:
    """The features of a masked text: words, pairs of words and pieces of long words, which typos leave; Chinese characters, pairs and triples; concepts; who
    asks, and the intents of the turn before, which short texts are read together with."""
    found: Counter[str] = Counter()
    words: list[str] = []
    chinese = 0
    for piece in _TOKENS.findall(text):
        if piece[0] > "\u3000" and piece[0] not in "？！":
            marked = f"^{piece}$"
            chinese += len(piece)
            found.update(f"{marked[place : place + size]}" for size in (2, 3) for place in range(len(marked) - size + 1))
            found.update(char for char in piece if char not in _SLIGHT)
        else:
            words.append(piece)
    found.update(word for word in words if word not in _SLIGHT)
    found.update(f"{one} {other}" for one, other in zip(["^", *words], [*words, "$"], strict=True))
    found.update(f"{word[place : place + 4]}~" for word in words if len(word) > 4 and not word.startswith("x") for place in range(len(word) - 3))
    meant = concepts_in(text)
    found.update(f"#{one}" for one in meant)
    found.update(f"#{one}+{other}" for place, one in enumerate(meant) for other in meant[place + 1 :])
    if role:
        found[f"@{role}"] = 1
        found.update(f"@{role}#{one}" for one in meant)
    earlier = before or ("-",)
    found.update(f"@{one}" for one in earlier)
    if len(words) + chinese <= _SHORT:
        found.update(f"@{one}|" for one in earlier)
        found.update(f"@{one}|{word}" for one in earlier for word in (*words, *(f"#{name}" for name in meant)))
    return found


def weight_of(token: str) -> float:
    """Concepts and the turn before count more than the words."""
    return _BEFORE if token.startswith("@") else _CONCEPT if token.startswith("#") and "+" not in token else 1.0


def weighed(counted: Counter[str], idf: dict[str, float]) -> list[tuple[str, float]]:
    """The features of a text that are known, by weight, as a unit vector of which what is unknown is a part."""
    known = [(token, (1 + math.log(count)) * idf[token] * weight_of(token)) for token, count in sorted(counted.items()) if token in idf]
    unknown = sum(1.0 for token in counted if token not in idf)
    length = math.sqrt(sum(weight * weight for _, weight in known) + unknown) or 1.0
    return [(token, weight / length) for token, weight in known]


class Classifier:
    """The fitted weights. `names`: the intents, as columns of `weights`; rows are the features of `idf`, in its order, and last what every text has."""

    def __init__(self, names: Sequence[str], idf: dict[str, float], weights: NDArray[np.float32]) -> None:
        self.names, self.idf, self.weights = tuple(names), idf, weights
        self.places = {token: place for place, token in enumerate(idf)}
        known = intents()
        self.bonus = {name: _DECISIVE[known[name].kind] for name in self.names}
        self.patterns = [(name, re.compile(pattern)) for name in self.names for pattern in known[name].decisive]

    def guesses(self, masked: str, role: str = "", before: Sequence[str] = ()) -> list[Guess]:
        """All intents for a masked text, the best first. `before`: those of the turn before."""
        counted = tokens(masked, role, before)
        features = weighed(counted, self.idf)
        parts = self.weights[[self.places[token] for token, _ in features]] * np.array([weight for _, weight in features]).reshape(-1, 1)
        logits = parts.sum(axis=0) + self.weights[-1]
        shares = np.exp(logits - logits.max())
        shares *= self._told(counted) / shares.sum()
        settled = {name for name, pattern in self.patterns if pattern.search(masked)}
        found = []
        for place, name in enumerate(self.names):
            heaviest = sorted(range(len(features)), key=lambda row, at=place: -parts[row, at])[:3] if shares[place] > 0.05 else []  # type: ignore[misc]
            because = tuple(features[row][0] for row in heaviest if parts[row, place] > 0)
            found.append(Guess(name, round(float(shares[place]), 6) + (self.bonus[name] if name in settled else 0.0), name in settled, because))
        return sorted(found, key=lambda guess: (-guess.score, guess.intent))

    def _told(self, counted: Counter[str]) -> float:
        """How much a text says: one, or the share of its own features that are known where they are few, so that noise is no greeting."""
        own = [token for token in counted if not token.startswith("@")]
        known = sum(token in self.idf for token in own)
        return 1.0 if own and known >= _KNOWN * len(own) else known / max(len(own), 1)


@cache
def classifier() -> Classifier:
    """The one of the fitted weights."""
    with files(__package__).joinpath(MODEL).open("rb") as opened, np.load(opened, allow_pickle=False) as stored:
        told = str(stored["tokens"]).split("\n")
        idf = dict(zip(told, (float(one) for one in stored["idf"]), strict=True))
        return Classifier(str(stored["names"]).split("\n"), idf, stored["weights"].astype(np.float32) * stored["scale"].astype(np.float32))


def best(guesses: Iterable[Guess]) -> Guess | None:
    """The intent that a text has; None where it is not clear."""
    first = next(iter(guesses))
    return None if first.score < SURE else first
