"""Phrases that are looked for in a text all at once, however many there are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

from ecid.errors import Language
from ecid.knowledge.retrieval.text import normalise, terms


class Phrases:
    """Things, here by number, with the words that touch them: found by the beginnings of words, so that what it costs does not grow with their number."""

    def __init__(self, words: Iterable[tuple[str, int]], lang: Language) -> None:
        self._lang = lang
        found: dict[str, dict[str, set[int]]] = {}
        for word, number in words:
            key = said(word, lang)
            if key.strip():
                found.setdefault(self._beginning(key), {}).setdefault(key, set()).add(number)
        self._by_beginning: Mapping[str, Mapping[str, set[int]]] = found

    def touched(self, told: str) -> list[int]:
        """The numbers of what a text, as `said` puts it, has a word of, in order."""
        if self._lang == "zh":
            places = [(at, told[at : at + width]) for at in range(len(told)) for width in (1, 2)]
        else:
            places = [(at, told[at + 1 : told.find(" ", at + 1)]) for at, char in enumerate(told[:-1]) if char == " "]
        known = self._by_beginning
        return sorted(
            {number for at, beginning in places if beginning in known for key, own in known[beginning].items() if told.startswith(key, at) for number in own}
        )

    def _beginning(self, key: str) -> str:
        return key[:2] if self._lang == "zh" else key.split(" ", 2)[1]


@lru_cache(maxsize=50_000)
def said(text: str, lang: Language) -> str:
    """A text in a form in which words that it says can be looked for: Chinese without spaces, English as stems between spaces."""
    return normalise(text).replace(" ", "") if lang == "zh" else f" {' '.join(terms(text))} "
