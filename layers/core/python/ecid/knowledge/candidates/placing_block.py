"""The evidence for placing, of many goods at once: for every heading, and for the codes of headings that are in question."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import log1p

import numpy as np

from ecid.errors import Language
from ecid.knowledge.candidates.goods import Goods
from ecid.knowledge.candidates.index import CandidateIndex
from ecid.knowledge.candidates.meanings import STEPS, Meanings, Nearness
from ecid.knowledge.candidates.placing_told import Teller, Told
from ecid.knowledge.candidates.postings import Numbers, Shares, Whole
from ecid.knowledge.candidates.vectors import counted_chinese, counted_english, directions
from ecid.knowledge.retrieval.text import terms

TERM, SINGLE, NAMED = 5, 2, 10
"""What a term counts; a single Chinese character, which says less than a pair does; and a term of the name, where name and text are asked at once."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Goods to place. Records `without` have no say (to judge goods that are themselves in the index)."""

    goods: Goods
    without: tuple[str, ...] = ()


class Ground:
    """What is known on a day in one language, laid out for placing."""

    def __init__(self, index: CandidateIndex, lang: Language) -> None:
        self.index, self.lang = index, lang
        self.sizes = len(index.headings), len(index.codes)
        self.teller = Teller(index)
        self.heading_words, self.code_words, self.wording_words = (index.period.postings(name, lang) for name in ("heading_digests", "digests", "texts"))
        numbers = np.flatnonzero(index.live[lang])
        self.names = Meanings(index.arrays[f"vectors.names.{lang}"], numbers, index.name_heads[lang], index.name_targets[lang], self.sizes)
        every = np.arange(len(index.codes))
        self.wording = Meanings(index.arrays[f"vectors.codes.{lang}"], every, index.heads, every.astype(np.int32), self.sizes)

    def hidden(self, records: Collection[str]) -> list[int]:
        """The numbers of the names of records."""
        return [number for record in records for number in self._numbers_of.get(record, ())]

    @cached_property
    def _numbers_of(self) -> Mapping[str, list[int]]:
        found: dict[str, list[int]] = {}
        for number, name in enumerate(self.index.names[self.lang]):
            found.setdefault(name.record, []).append(number)
        return found

    @property
    def numbers(self) -> Mapping[str, int]:
        """Codes to their numbers."""
        return self.index.period.numbers

    @cached_property
    def ends(self) -> Numbers:
        """Where the codes of each heading end."""
        return np.append(self.index.starts[1:], len(self.index.codes)).astype(np.int64)


class Block:
    """Goods of one language, asked about together. Rows are those of `asked`; goods share questions (their text, their name, its head) that are the same."""

    def __init__(self, ground: Ground, asked: Sequence[Asked]) -> None:
        self.ground, self.asked = ground, asked
        self.told: list[Told] = [ground.teller.told(one.goods, one.without) for one in asked]
        questions: dict[tuple[str, tuple[str, ...]], int] = {}
        rows = [[questions.setdefault((text, one.without), len(questions)) for text in _texts(one.goods)] for one in asked]
        self._text, self._name, self._head = np.array(rows, dtype=np.int64).reshape(-1, 3).T
        said = [dict.fromkeys(terms(text)) for text, _ in questions]
        local: dict[str, int] = {}
        columns = np.array([local.setdefault(term, len(local)) for own in said for term in own], dtype=np.int64)
        counts = np.array([SINGLE if len(term) == 1 and not term.isascii() else TERM for term in local], dtype=np.float32)
        self._terms = np.array([ground.index.period.vocabulary.get(term, -1) for term in local], dtype=np.int64)
        self._counts = np.zeros((len(said), len(local)), dtype=np.float32)
        self._counts[np.repeat(np.arange(len(said)), [len(own) for own in said]), columns] = counts[columns]
        self.lengths = [len(said[row]) for row in self._text]
        self._vectors, lengths = directions(*self._summed([text for text, _ in questions]))
        self._scales = lengths / (STEPS * STEPS)
        self._hidden = {row: hidden for (_, without), row in questions.items() if without and (hidden := ground.hidden(without))}

    def _summed(self, texts: Sequence[str]) -> tuple[Whole, Whole]:
        if self.ground.lang == "en":
            return counted_english(texts)
        arrays = self.ground.index.arrays
        return counted_chinese(self._terms, self._counts, arrays["vectors.terms.numbers"], arrays["vectors.terms"])

    @cached_property
    def _near(self) -> Mapping[str, tuple[Nearness, Numbers, Shares]]:
        """How near names, and the wording of codes, are to the goods' texts, and names to the heads of what they are called; with the number of each goods'
        vector, and its scale."""
        found = {}
        for kind, space, questions, hidden in (
            ("means_text", self.ground.names, self._text, self._hidden),
            ("means_head", self.ground.names, self._head, self._hidden),
            ("means_wording", self.ground.wording, self._text, {}),
        ):
            own, of = np.unique(questions, return_inverse=True)
            without = {at: hidden[row] for at, row in enumerate(own.tolist()) if row in hidden}
            found[kind] = (space.nearest(self._vectors[own], without), of, self._scales[questions])
        return found

    def nearest_name(self, row: int, heading: int, code: int) -> tuple[int, float] | None:
        """The number of the name nearest to what the goods are called means, of those under a code or right under its heading, and how near it is."""
        question = self._name[row]
        found = self.ground.names.nearest_under(self._vectors[question], heading, code)
        return None if found is None else (found[0], found[1] * float(self._scales[question]))

    @cached_property
    def _heading_words(self) -> Shares:
        """How well headings, by their wording and their names, answer the goods, of which the name counts twice."""
        return self.ground.heading_words.scores(self._terms, np.maximum(self._counts[self._text], 2 * self._counts[self._name]))

    def heading_evidence(self) -> Iterator[tuple[str, Shares]]:
        """Features of headings but for those that are told: rows by headings."""
        yield "heading_text", self._heading_words
        yield "heading_text_best", _squared(self._heading_words)
        for kind, (near, of, scales) in self._near.items():
            yield kind, near.at_headings[of] * scales[:, None]

    def code_evidence(self, rows: Numbers, codes: Numbers, starts: Numbers) -> Iterator[tuple[str, Shares]]:
        """Features of single codes but for those that are told: `codes[i]` for the goods of `rows[i]`; the codes of a heading stand together, from `starts`."""
        ground = self.ground
        for kind, words, questions in (
            ("digest_text", ground.code_words, self._text),
            ("digest_head", ground.code_words, self._head),
            ("texts_name", ground.wording_words, self._name),
        ):
            scores = words.scores_of(self._terms, self._counts, questions[rows], codes)
            yield kind, scores
            best = np.repeat(np.maximum.reduceat(scores, starts), np.diff(starts, append=len(scores)))
            yield f"{kind}_best", (scores / np.where(best > 0, best, 1.0)) ** 2
        for kind, (near, of, scales) in self._near.items():
            yield kind, near.at_codes(of[rows], codes) * scales[rows]
        part = np.array([one.goods.is_part for one in self.asked])[rows]
        parts = ground.index.parts[codes].astype(np.float64)
        yield "part", parts * part
        yield "whole", parts * ~part
        yield "prior", ground.index.prior[codes].astype(np.float64)

    @cached_property
    def clarity(self) -> list[dict[str, float]]:
        """What the shape of each description says of how much its evidence is worth (`features.Evidence.clarity`)."""
        nearest, worded = (
            (near.at_headings.max(axis=1, initial=0.0)[of] * scales).tolist() for near, of, scales in (self._near["means_text"], self._near["means_wording"])
        )
        answered = self._heading_words.max(axis=1, initial=0.0).tolist()
        return [
            {
                "length": log1p(length),
                "declared": log1p(len(one.goods.declared)),
                "answered": answered[row],
                "worded": worded[row],
                "nearest": nearest[row],
            }
            for row, (one, length) in enumerate(zip(self.asked, self.lengths, strict=True))
        ]


def _texts(goods: Goods) -> tuple[str, str, str]:
    return goods.text, goods.name, goods.head


def _squared(scores: Shares) -> Shares:
    """Scores in proportion to the best of the row."""
    best = scores.max(axis=1, initial=0.0, keepdims=True)
    found: Shares = (scores / np.where(best > 0, best, 1.0)) ** 2
    return found
