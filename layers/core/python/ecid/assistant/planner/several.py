"""The intents of one question: of its sentences, and of their clauses where patterns settle them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ecid.assistant.planner.classifier import Guess, best, classifier
from ecid.assistant.planner.features import Features
from ecid.assistant.planner.records import followups

MOST_INTENTS = 3
STRONG = 0.5
"""A score from which the words of a question say enough by themselves."""
_BESIDE = 0.7
"""A score from which a part of a question counts beside what the whole asks for."""
_TALK = {"help", "greeting", "thanks"}
_ENDS = ("injection", "secrets", "others_data")
"""Where these are found nothing else of the question is answered: whatever comes with it is part of the attempt."""


def intents_of(named: Features, role: str, before: Sequence[str]) -> tuple[tuple[str, ...], list[Guess]]:
    """The intents of a question: of the whole, and of those of its sentences and clauses that surely ask for something else; and what came nearest. `before`:
    the intents of the turn before."""
    whole = classifier().guesses(named.masked, role, before)
    first = best(whole)
    parts = _own_subject([(sentence, guess) for sentence in _parts("sentences", named.masked) for guess in _of_sentence(sentence, role, before)])
    sure = [one for one in parts if one.score >= _BESIDE]
    ended = {one.intent for one in (*whole[:1], *sure) if one.intent in _ENDS and one.score >= STRONG}
    if ended:
        return (next(name for name in _ENDS if name in ended),), whole
    if len({one.intent for one in sure}) > 1:
        found = sure if first is None or first.score < STRONG or first.intent in {one.intent for one in sure} else [first, *sure]
    else:
        found = [first] if first else sure
    names = list(dict.fromkeys(one.intent for one in found))
    covered = {held for name in names for held in followups()["covers"].get(name, ())}
    wanted = [name for name in names if name not in _TALK and name not in covered] or names
    return tuple(wanted[:MOST_INTENTS]), whole


def _own_subject(found: list[tuple[str, Guess]]) -> list[Guess]:
    """Without what only goes on with the sentence before: "when?", 期限到哪天."""
    return [guess for place, (text, guess) in enumerate(found) if place == 0 or guess.decisive or not _goes_on(text, found[place - 1][1].intent)]


def _goes_on(text: str, last: str) -> bool:
    pattern = followups()["carried"].get(last)
    return length(text) < 3 or (pattern is not None and length(text) <= followups()["short"] and re.search(pattern, text) is not None)


def _of_sentence(text: str, role: str, before: Sequence[str]) -> list[Guess]:
    """Several intents where patterns settle different clauses of a sentence, else that of the whole."""
    whole = best(classifier().guesses(text, role, before))
    clauses = [guess for part in _parts("clauses", text) if (guess := best(classifier().guesses(part, role, before))) and guess.decisive]
    if len({one.intent for one in clauses}) < 2:
        return [whole] if whole else clauses
    return clauses if whole is None or whole.intent in {one.intent for one in clauses} else [whole, *clauses]


def _parts(pattern: str, text: str) -> list[str]:
    return [part.strip() for part in re.split(followups()[pattern], text) if part and len(part.strip()) > 1]


def length(text: str) -> int:
    """Chinese characters, and words of other languages."""
    return len(re.findall("[\u3400-\u9fff]|[a-z0-9']+", text))
