"""Names that goods are like: by the terms that they have in common, and by what they mean."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from ecid.errors import Language
from ecid.knowledge.candidates.goods import Goods
from ecid.knowledge.candidates.index import CandidateIndex, name_terms

Row = NDArray[np.float32]
Neighbours = list[tuple[Language, int, float]]
"""Language and number of a name, and how like it is: the likest first."""
_LEAST = 0.12
"""Likeness under which a name is no neighbour."""
_VOTERS, _SHARP = 40, 12.0
"""How many of the names nearest in meaning have a vote, and how much more of one the nearer has."""
_LIKEST, _TOLD = 200, 10
"""How many of the likest names are looked at, and told."""


class Gathering:
    """Features as they are found; what is said of codes counts for their headings too."""

    def __init__(self, index: CandidateIndex) -> None:
        self.index = index
        self.at_codes: dict[str, Row] = {}
        self.at_headings: dict[str, Row] = {}

    def heads_of(self, row: Row) -> Row:
        """The best of each heading's codes."""
        return np.maximum.reduceat(row, self.index.starts)

    def scored(self, name: str, row: Row, headings: Row | None = None) -> None:
        """A score, as it is and in proportion to the best one."""
        heads = self.heads_of(row) if headings is None else headings
        for at, values in ((self.at_codes, row), (self.at_headings, heads)):
            best = float(values.max()) if len(values) else 0.0
            at[name] = values
            at[f"{name}_best"] = (values / best) ** 2 if best > 0 else values

    def of_names(self, lang: Language, numbers: NDArray[np.int64], likeness: Row) -> tuple[Row, Row]:
        """The likeness of the likest name of each code and of each heading."""
        targets, heads = self.index.name_targets[lang][numbers], self.index.name_heads[lang][numbers]
        most, most_heads = np.zeros(len(self.index.codes), dtype=np.float32), np.zeros(len(self.index.headings), dtype=np.float32)
        np.maximum.at(most, targets[targets >= 0], likeness[targets >= 0])
        np.maximum.at(most_heads, heads, likeness)
        return most, most_heads

    def voted(self, name: str, lang: Language, numbers: NDArray[np.int64], weights: Row, best: float) -> None:
        """The share of votes that the names give each code and each heading, times how like the goods the likest is: votes of strangers count little."""
        targets, heads = self.index.name_targets[lang][numbers], self.index.name_heads[lang][numbers]
        for at, size, voters in ((self.at_codes, len(self.index.codes), targets), (self.at_headings, len(self.index.headings), heads)):
            votes = np.bincount(voters[voters >= 0], weights[voters >= 0], size).astype(np.float32)
            at[name] = votes * np.float32(best / max(float(votes.sum()), 1e-9))


def like(gathering: Gathering, goods: Goods, without: Collection[str]) -> Neighbours:
    """Names that share terms with the goods, in their language."""
    index, lang = gathering.index, goods.lang
    scores = index.name_terms[lang].scores(dict.fromkeys(name_terms(goods.text, lang), 1.0))
    near = _likest(index, lang, scores, without)
    near = near[scores[near] > _LEAST]
    gathering.scored("like_text", *gathering.of_names(lang, near, scores[near]))
    gathering.voted("like_text_votes", lang, near, scores[near] ** 3, float(scores[near].max(initial=0)))
    return _told(lang, near, scores)


def meant(gathering: Gathering, goods: Goods, without: Collection[str]) -> Neighbours:
    """Names that mean nearly the same as the goods, in their language, and in English if they are Chinese; and the wording of codes that does."""
    index, lang = gathering.index, goods.lang
    vectors = np.concatenate([index.vector(text, lang) for text in (goods.name, goods.text, goods.head)])
    found: Neighbours = []
    for name, row in zip(("means_name", "means_text", "means_head"), index.nearness("names", lang, vectors), strict=True):
        found = _meant(gathering, name, lang, row, without)
    if lang == "zh":
        _meant(gathering, "means_crossed", "en", index.nearness("names", "en", vectors[:1])[0], without)
    wording = index.nearness("codes", lang, vectors[1:2])[0]
    gathering.at_codes["means_wording"] = wording
    gathering.at_headings["means_wording"] = gathering.heads_of(wording)
    return found


def _meant(gathering: Gathering, name: str, lang: Language, row: Row, without: Collection[str]) -> Neighbours:
    nearest = _likest(gathering.index, lang, row, without)[:_VOTERS]
    known = np.flatnonzero(row)
    gathering.at_codes[name], gathering.at_headings[name] = gathering.of_names(lang, known, row[known])
    best = float(row[nearest].max(initial=0))
    gathering.voted(f"{name}_votes", lang, nearest, np.exp(_SHARP * (row[nearest] - best)), best)
    return _told(lang, nearest, row)


def _likest(index: CandidateIndex, lang: Language, row: Row, without: Collection[str]) -> NDArray[np.int64]:
    """The numbers of the likest names, likest first. Records `without` get a likeness of 0."""
    found = np.argpartition(-row, _LIKEST)[:_LIKEST] if len(row) > _LIKEST else np.arange(len(row))
    if without:
        row[[at for at in found if index.names[lang][at].record in without]] = 0
    found = found[row[found] > 0]
    return found[np.argsort(-row[found], kind="stable")]


def _told(lang: Language, near: NDArray[np.int64], row: Row) -> Neighbours:
    return [(lang, int(at), float(row[at])) for at in near[:_TOLD]]
