"""Whether the sources hold an answer at all: what a question asks for, and how much of it anything in the index answers, weighed against reviewed examples.

The weights (`scope_model.json`) are made by `tools/fit_scope.py` from the examples in `tools/scope`: two logistic regressions in a row, and one that names the
topic of what is declined. Patterns (`scope.toml`) come first; they are certain, and this judges what they do not know.
"""

from __future__ import annotations

import base64
import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecid.errors import Language
from ecid.knowledge.retrieval.text import stem

Numbers = NDArray[np.float32]
MODEL = "scope_model.json"
_PIECE = re.compile(r"[\u3400-\u9fff]+|[a-z]+(?:'[a-z]+)?|\d+")
_HAN, _DIGITS, _EDGE = "¤", "#", "^"
_GRAMS = (1, 2, 3)
_YEAR = re.compile(r"(?:19|20)\d\d")
_CONTENT = re.compile(r"[\u3400-\u9fff]{2}|[a-z]{3}")


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the index says of a question, as shares of it by weight: what the best record answers, what the best rule or note (no name, line or foreign
    text) does, and what occurs anywhere in its language."""

    best: float
    rule: float
    known: float

    def row(self, logit: float) -> list[float]:
        """With what the words of the question say, the numbers that decide."""
        return [logit, *(min(max(share, 0.0), 2.0) for share in (self.best, self.rule, self.known))]


@dataclass(frozen=True, slots=True)
class ScopeModel:
    """Weights by mark, of being answered and of each topic; and by language those of the decision, constant last."""

    numbers: Mapping[str, int]
    held: Numbers
    held_constant: float
    topics: Sequence[str]
    of_topics: Numbers
    topic_constants: Numbers
    decision: Mapping[Language, Sequence[float]]

    def answered(self, text: str, lang: Language, evidence: Evidence) -> float:
        """How likely the sources hold an answer, from 0 to 1."""
        at, share = self._known(text)
        *weights, constant = self.decision[lang]
        logit = float(self.held[at].sum() * share + self.held_constant)
        return float(1 / (1 + np.exp(-np.dot(weights, evidence.row(logit)) - constant)))

    def topic(self, text: str) -> tuple[str, float]:
        """Which topic a question that is not answered is likeliest about, and how likely."""
        at, share = self._known(text)
        logits = self.of_topics[:, at].sum(axis=1) * share + self.topic_constants
        odds = np.exp(logits - logits.max())
        best = int(odds.argmax())
        return self.topics[best], float(odds[best] / odds.sum())

    def _known(self, text: str) -> tuple[list[int], float]:
        """The numbers of the marks that are known, and the weight of each mark of the text (all together have length 1)."""
        found = marks(text)
        return [self.numbers[mark] for mark in found if mark in self.numbers], 1 / max(1.0, len(found)) ** 0.5


def judged(text: str) -> bool:
    """Whether a text has words enough to be judged by: two Chinese characters in a row, or three letters. Of a letter or a sign the examples say nothing."""
    return _CONTENT.search(_folded(text)) is not None


def marks(text: str) -> list[str]:
    """What the model looks at, once each: Chinese in runs of one to three characters, English stems, pairs of neighbours, how long numbers are, years."""
    found: dict[str, None] = {}
    words = [_EDGE]
    for piece in _PIECE.findall(_folded(text)):
        if piece.isdigit():
            found |= dict.fromkeys([f"{_DIGITS}{len(piece)}", *([_DIGITS + piece] if _YEAR.fullmatch(piece) else [])])
            words.append(f"{_DIGITS}{len(piece)}")
        elif piece[0].isascii():
            found[f"{stem(piece)}."] = None
            words.append(piece)
        else:
            run = f"{_EDGE}{piece}$"
            found |= dict.fromkeys(run[at : at + size] for size in _GRAMS for at in range(len(run) - size + 1))
            words.append(_HAN)
    found |= dict.fromkeys(f"{one} {two}" for one, two in zip(words, [*words[1:], "$"], strict=True))
    return list(found)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).lower()


@cache
def load_scope() -> ScopeModel:
    """The weights that ship with the program."""
    told: dict[str, Any] = json.loads(files(__package__).joinpath(MODEL).read_text("utf-8"))
    numbers = {mark: number for number, mark in enumerate(told["marks"].split("\n"))}
    held, of_topics = (_unpacked(told[name], len(numbers)) for name in ("held", "of_topics"))
    return ScopeModel(numbers, held[0], told["held_constant"], told["topics"], of_topics, np.array(told["topic_constants"], dtype=np.float32), told["decision"])


def packed(rows: Iterable[Numbers]) -> list[tuple[float, str]]:
    """Rows of weights as whole numbers from -127 to 127, each with its step."""
    steps = [(row, max(float(np.abs(row).max()) / 127, 1e-9)) for row in rows]
    return [(step, base64.b64encode(np.round(row / step).astype(np.int8).tobytes()).decode()) for row, step in steps]


def _unpacked(rows: Sequence[tuple[float, str]], count: int) -> Numbers:
    found = [np.frombuffer(base64.b64decode(text), dtype=np.int8).astype(np.float32) * step for step, text in rows]
    if any(len(row) != count for row in found):
        raise ValueError(MODEL)
    return np.array(found, dtype=np.float32)
