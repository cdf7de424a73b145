"""Answers to elements that ask 是否… or 有无…: is it an answer, and does it agree with the code's own text and the goods' name? Data: `answers.toml`."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Literal

from ecid.scoring.elements.kinds import label_of
from ecid.scoring.elements.text import CACHE, core, plain, table

Answer = Literal["yes", "no"]
_QUESTION = re.compile(r"^.*?(?:是否|有无|能否|可否)")
_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_OPENED = str.maketrans("()[]", ",,,,")
_TRAILING = re.compile(r"请注明.*|,.*|、.*")


@cache
def _pattern(name: str) -> re.Pattern[str]:
    return re.compile(str(table("answers")[name]))


@lru_cache(maxsize=CACHE)
def answer(value: str) -> Answer | None:
    """Yes, no, or None where the value opens with neither."""
    word = core(value)
    if _pattern("no").search(word):
        return "no"
    return "yes" if _pattern("yes").search(word) else None


@cache
def topic(label: str) -> str:
    """The fact that the label asks about, `改良种用` for 是否改良种用."""
    fact = _TRAILING.sub("", _QUESTION.sub("", label_of(label).base))
    return _pattern("opening").sub("", fact)


@cache
def _telling(label: str) -> frozenset[str]:
    taken = label_of(label)
    return frozenset(taken.base + taken.brackets) - frozenset(str(table("answers")["empty_characters"]))


@lru_cache(maxsize=CACHE)
def is_answer(label: str, value: str) -> bool:
    """Whether `value` answers the question at all: yes, no, or a statement about what is asked."""
    word = core(value)
    if _pattern("undecided").search(word):
        return False
    if answer(value) or len(word) > int(table("answers")["longest"]) or _pattern("statements").search(word):
        return True
    return any(character in word for character in _telling(label))


def _text_says(text: str, fact: str) -> Answer | None:
    text = _BRACKETS.sub("", plain(text))
    alternatives = [part for part in text.split(";") if part and not part.startswith("不包括")]
    if not alternatives or any(fact not in part for part in alternatives):
        return None
    for clause in re.split(r"[,;:]", text):
        at = clause.find(fact)
        if at >= 0 and not _pattern("open_clause").search(clause):
            return "no" if _pattern("denial").search(clause[:at]) else "yes"
    return None


@lru_cache(maxsize=CACHE)
def expected(label: str, name: str, line_name: str, path: tuple[str, ...]) -> Answer | None:
    """What the code's own text, else the goods' name, answers; None where neither does so plainly."""
    fact = topic(label)
    if len(fact) < 2:
        return None
    # A name is told apart by what stands in its brackets, 电钻(手提式); those of the code's text are asides.
    texts = (line_name, *reversed(path), plain(name).translate(_OPENED))
    return next((said for text in texts if (said := _text_says(text, fact))), None)
