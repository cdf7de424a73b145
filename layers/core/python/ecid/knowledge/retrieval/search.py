"""Searching: what the words say, what the vectors say and how close the codes are, in one order over the records that may be answered with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ecid.errors import Language, SourceUnavailable
from ecid.knowledge.decision_numbers import spellings
from ecid.knowledge.records import KINDS
from ecid.knowledge.retrieval.embedder import Embedder, Vectors
from ecid.knowledge.retrieval.lexical import Scores
from ecid.knowledge.retrieval.policy import Policy, Topic, filler, out_of_scope, topics
from ecid.knowledge.retrieval.query import Query
from ecid.knowledge.retrieval.scope import Evidence, judged, load_scope
from ecid.knowledge.retrieval.table import Mask, RecordTable, Wanted
from ecid.knowledge.retrieval.words import Owners, Words

_NEVER = -9.0
_NAMED = 9.0
_FEW = 1500
"""Passages that are named one by one to the vector search; of more, the nearest are taken and those that do not fit left out."""
_AT_MOST = 600


class VectorSearch(Protocol):
    """Passages by their vectors (Chroma: embedded, or a server)."""

    def nearest(self, lang: Language, vector: Vectors, count: int, among: Sequence[int] | None) -> list[tuple[int, float]]:
        """Up to `count` passages of a language as (number, cosine), nearest first, of those `among` if given. Raises SourceUnavailable."""


@dataclass(frozen=True, slots=True)
class Found:
    """Numbers of records with their scores, best first. `declined` says that the sources do not hold an answer, with the topic where it is known;
    `vectors` is False where the vectors could not be asked and the words alone decided."""

    hits: tuple[tuple[int, float], ...] = ()
    declined: bool = False
    topic: Topic | None = None
    vectors: bool = True


class ClauseSearch:
    """An open index. One for all requests; nothing in it changes."""

    def __init__(self, table: RecordTable, words: Words, embedder: Embedder, vectors: VectorSearch | None, policy: Policy) -> None:
        self.table = table
        self._words = words
        self._embedder = embedder
        self._vectors = vectors
        self._policy = policy
        self._has: Mapping[Language, Mask] = {lang: np.isin(np.arange(len(table)), owners) for lang, owners in words.owners.items()}
        handicap = np.zeros(len(table), dtype=np.float32)
        handicap[table.kinds == KINDS.index("term")] = policy.handicap["term"]
        handicap[~self._has["zh"]] += policy.handicap["foreign"]
        self._handicap = handicap
        self._lines: Mask = table.kinds == KINDS.index("line")
        self._rules: Mask = self._has["zh"] & ~self._lines & (table.kinds != KINDS.index("term"))

    def find(self, query: Query, wanted: Wanted, count: int, today: date) -> Found:
        """The best `count` records that fit `wanted`, or the decision to give none. `today` says which are no longer in force, where no day was asked for."""
        topic = out_of_scope(query.text)
        filtered = bool(wanted.codes or wanted.kinds)
        wanted = replace(wanted, codes=wanted.codes or query.codes)
        mask = self.table.fitting(wanted)
        query = _asked(query)
        by_words, more = self._words.scores(query, self._policy, self._has[query.lang], len(self.table))
        placed = self._placed(query.places)
        if topic and self._likely(query, by_words) < self._policy.decline["sure"]:
            return Found(declined=True, topic=topic)
        told = filtered or query.ids or placed
        if query.words.strip() and judged(query.text) and not told and self._likely(query, by_words) < self._policy.decline[query.lang]:
            return Found(declined=True, topic=self._likely_topic(query.text))
        by_vectors, asked = self._by_vectors(query, more, mask) if query.words.strip() else (np.zeros_like(by_words), True)
        score = by_words + self._policy.weights["vector"] * by_vectors
        numbers = self.table.numbers
        named = [numbers[form] for record_id in query.ids for form in spellings(record_id) if form in numbers]
        best = float(np.where(mask, score, 0.0).max(initial=0.0))
        if not (wanted.codes or named or placed) and best < self._policy.decline["score"]:
            return Found(declined=True, vectors=asked)
        score += self._by_facts(query, wanted, today)
        score[placed] += self._policy.weights["place"]
        score[named] = _NAMED
        if named and not (query.words.strip() or wanted.codes):
            mask &= score == _NAMED
        return Found(tuple(self._chosen(np.where(mask, score, _NEVER), count, capped=not wanted.kinds)), vectors=asked)

    def _by_facts(self, query: Query, wanted: Wanted, today: date) -> Scores:
        """What kind, code and days of a record add to its score."""
        score = self._policy.weights["code"] * self.table.closeness(wanted.codes) - self._handicap
        if wanted.as_of is None:
            score -= self._policy.handicap["lapsed"] * self.table.lapsed(today)
        if query.elements and wanted.codes:
            score[self._lines] += self._policy.weights["elements"]
        return score.astype(np.float32)

    def _likely(self, query: Query, by_words: Scores) -> float:
        return load_scope().answered(query.text, query.lang, self._evidence(query, by_words))

    def evidence(self, query: Query) -> Evidence:
        """What the index says of a question, whatever its vectors."""
        query = _asked(query)
        return self._evidence(query, self._words.scores(query, self._policy, self._has[query.lang], len(self.table))[0])

    def _evidence(self, query: Query, by_words: Scores) -> Evidence:
        best, rule = (float(by_words[which].max(initial=0.0)) for which in (slice(None), self._rules))
        return Evidence(best, rule, self._words.known(query, self._policy))

    def _placed(self, places: Sequence[str]) -> list[int]:
        """The records whose ids begin with one of `places`, down to whole parts."""
        beginnings = tuple(f"{place}-" for place in places)
        return [number for number, record_id in enumerate(self.table.ids) if f"{record_id}-".startswith(beginnings)] if beginnings else []

    def _likely_topic(self, text: str) -> Topic | None:
        name, share = load_scope().topic(text)
        return next((topic for topic in topics() if topic.id == name), None) if share >= self._policy.decline["topic"] else None

    def _by_vectors(self, query: Query, more: Sequence[str], mask: Mask) -> tuple[Scores, bool]:
        """Of every record the cosine of its nearest passage in the question's language, or in the other if it has none there; of those that were not among
        the nearest, that of the last one that was. False where the vectors could not be asked."""
        found = np.zeros(len(self.table), dtype=np.float32)
        if self._vectors is None:
            return found, False
        plain, widened = self._embedder.embed([query.words, " ".join([query.words, *more])])
        vector = plain + widened
        if not vector.any():
            return found, True
        own = self._has[query.lang]
        try:
            for lang, owners in self._words.owners.items():
                fitting = mask & (own if lang == query.lang else ~own)
                self._take_nearest(found, lang, vector / np.linalg.norm(vector), fitting, owners, by_name=lang == query.lang)
        except SourceUnavailable:
            return np.zeros_like(found), False
        return found, True

    def _take_nearest(self, found: Scores, lang: Language, vector: Vectors, fitting: Mask, owners: Owners, *, by_name: bool) -> None:
        """`by_name`: few passages are named one by one, which finds them all and takes six times as long."""
        passages: NDArray[np.int64] = np.flatnonzero(fitting[owners])
        if not len(passages) or self._vectors is None:
            return
        wanted = self._policy.nearest
        if by_name and len(passages) <= _FEW:
            near = self._vectors.nearest(lang, vector, min(wanted, len(passages)), passages.tolist())
        else:
            deep = min(_AT_MOST, int(wanted * len(owners) / len(passages)) + 1)
            near = [(number, cosine) for number, cosine in self._vectors.nearest(lang, vector, deep, None) if fitting[owners[number]]][:wanted]
        if not near:
            return
        least = max(0.0, near[-1][1])
        found[fitting & (found < least)] = least
        for number, cosine in near:
            found[owners[number]] = max(found[owners[number]], cosine)

    def _chosen(self, score: Scores, count: int, *, capped: bool) -> list[tuple[int, float]]:
        """The best ones, no kind with more than its quota of ten as long as there are others, and no code twice among names and lines."""
        pool = min(max(self._policy.pool, 3 * count), len(score))
        order = np.argpartition(-score, pool - 1)[:pool]
        order = order[np.lexsort((order, -score[order]))]
        chosen: list[int] = []
        left_over: list[int] = []
        taken: dict[str, int] = {}
        codes: set[tuple[str, str]] = set()
        for number in (int(number) for number in order if score[number] > _NEVER):
            group = self._group(number)
            key = (group, self.table.reaches[number][0][:6]) if group in self._policy.quota and self.table.reaches[number] else (group, str(number))
            full = taken.get(group, 0) * 10 >= self._policy.quota.get(group, 10) * count
            if capped and (full or key in codes):
                left_over.append(number)
                continue
            taken[group] = taken.get(group, 0) + 1
            codes.add(key)
            chosen.append(number)
            if len(chosen) == count:
                break
        return [(number, float(score[number])) for number in [*chosen, *left_over][:count]]

    def _group(self, number: int) -> str:
        return KINDS[self.table.kinds[number]] if self._has["zh"][number] else "foreign"


def _asked(query: Query) -> Query:
    """Without the words that only make a question of it."""
    return replace(query, words=filler().sub(" ", query.words))
