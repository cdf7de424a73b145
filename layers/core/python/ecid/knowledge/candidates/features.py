"""Evidence for every code and every heading, as numbers: how well wording and names answer the goods, and what notes and confusable pairs say."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecid.errors import Language
from ecid.knowledge.candidates.goods import Goods, read_goods
from ecid.knowledge.candidates.index import CandidateIndex, name_terms
from ecid.knowledge.candidates.rules import Ruled, judged_by_rules
from ecid.knowledge.candidates.sources import plain_label
from ecid.knowledge.retrieval.text import normalise, terms

Row = NDArray[np.float32]
_TRANSLATIONS = 12
_LONGEST_ZH, _LONGEST_EN = 14, 6
_NEAR = 0.12
"""Likeness under which a name is no neighbour."""


@dataclass(frozen=True)
class Evidence:
    """`at_codes` and `at_headings`: name of a feature to its value for every code, and every heading, of the index."""

    goods: Goods
    at_codes: dict[str, Row]
    at_headings: dict[str, Row]
    clarity: Mapping[str, float]
    """What the description's own shape says of how much its evidence is worth: `length`, the logarithm of the number of its terms (a long one gives every code
    some share), and `answered`, the share of it that the best code answers."""
    neighbours: tuple[tuple[Language, int, float], ...]
    ruled: tuple[Ruled, ...]


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


def evidence_for(index: CandidateIndex, text: str, lang: Language, without: Collection[str] = ()) -> Evidence:
    """Everything that speaks for or against every code; records `without` have no say (to judge goods that are themselves in the index)."""
    goods = read_goods(text, lang)
    other: Language = "en" if lang == "zh" else "zh"
    own_name, own_text = _weights(terms(goods.name)), _weights(terms(goods.text))
    gathering = Gathering(index)
    gathering.scored("digest_text", index.digests[lang].scores(own_text))
    gathering.scored("digest_name", index.digests[lang].scores(own_name))
    gathering.scored("texts_name", index.texts[lang].scores(own_name))
    both = {**own_text, **dict.fromkeys(own_name, 2.0)}
    gathering.at_headings |= _both("heading_text", index.heading_digests[lang].scores(both))
    gathering.at_headings |= _both("heading_name", index.heading_digests[lang].scores(own_name))
    neighbours = [*_like(gathering, "like_name", lang, goods.name, without), *_like(gathering, "like_text", lang, goods.text, without)]
    translated = (_translated(index, goods.name, lang, without) or _translated(index, goods.text, lang, without))[:_TRANSLATIONS]
    crossed = _weights(term for name in translated for term in terms(name))
    gathering.scored("digest_crossed", index.digests[other].scores(crossed))
    gathering.at_headings |= _both("heading_crossed", index.heading_digests[other].scores(crossed))
    _like(gathering, "like_crossed", other, " ".join(translated), without)
    _contained(gathering, goods, without)
    _labels(gathering, goods)
    gathering.at_codes["prior"] = index.prior
    gathering.at_codes |= {"part": index.parts * goods.is_part, "whole": index.parts * (not goods.is_part)}
    gathering.at_headings |= {"part": gathering.heads_of(gathering.at_codes["part"]), "whole": np.minimum.reduceat(gathering.at_codes["whole"], index.starts)}
    gathering.at_headings["prior"] = np.log1p(np.add.reduceat(np.expm1(np.minimum(index.prior, 4)), index.starts))
    ruled = judged_by_rules(index, goods)
    _rules(gathering, ruled)
    answered = float(gathering.at_codes["digest_text"].max())
    clarity = {"length": float(np.log1p(len(own_text))), "answered": answered}
    return Evidence(goods, gathering.at_codes, gathering.at_headings, clarity, tuple(neighbours), tuple(ruled))


def _weights(found: Iterable[str]) -> dict[str, float]:
    return {term: 0.4 if len(term) == 1 and not term.isascii() else 1.0 for term in found}


def _both(name: str, values: Row) -> dict[str, Row]:
    best = float(values.max())
    return {name: values, f"{name}_best": (values / best) ** 2 if best > 0 else values}


def _like(gathering: Gathering, name: str, lang: Language, text: str, without: Collection[str]) -> list[tuple[Language, int, float]]:
    """How like the goods are to names that are known: the most like one of each code, and the votes of all that are near."""
    index = gathering.index
    scores = index.name_terms[lang].scores(dict.fromkeys(name_terms(text, lang), 1.0)) if text else np.zeros(len(index.names[lang]), dtype=np.float32)
    near = np.flatnonzero(scores > _NEAR)
    near = near[np.argsort(-scores[near], kind="stable")][:200]
    near = np.array([at for at in near if index.names[lang][at].record not in without], dtype=np.int64)
    most, votes = np.zeros(len(index.codes), dtype=np.float32), np.zeros(len(index.codes), dtype=np.float32)
    most_heads, votes_heads = np.zeros(len(index.headings), dtype=np.float32), np.zeros(len(index.headings), dtype=np.float32)
    if len(near):
        targets, heads, likeness = index.name_targets[lang][near], index.name_heads[lang][near], scores[near]
        named = targets >= 0
        np.maximum.at(most, targets[named], likeness[named])
        np.add.at(votes, targets[named], likeness[named] ** 3)
        np.maximum.at(most_heads, heads, likeness)
        np.add.at(votes_heads, heads, likeness**3)
    gathering.scored(name, most, most_heads)
    gathering.at_codes |= _share(f"{name}_votes", votes)
    gathering.at_headings |= _share(f"{name}_votes", votes_heads)
    return [(lang, int(at), float(scores[at])) for at in near[:10]]


def _share(name: str, votes: Row) -> dict[str, Row]:
    total = float(votes.sum())
    return {name: votes / total if total > 0 else votes}


def _contained(gathering: Gathering, goods: Goods, without: Collection[str]) -> None:
    """Names that are the goods' own name, end it (the head of a Chinese or English noun phrase stands last), or stand in it."""
    index, lang = gathering.index, goods.lang
    units = list(normalise(goods.name).replace(" ", "")) if lang == "zh" else terms(goods.name)
    joint, longest = ("", _LONGEST_ZH) if lang == "zh" else (" ", _LONGEST_EN)
    size = len(units)
    rows = {name: np.zeros(len(index.codes), dtype=np.float32) for name in ("same", "ending", "inside")}
    heads = {name: np.zeros(len(index.headings), dtype=np.float32) for name in rows}
    for start in range(size):
        for end in range(start + (2 if lang == "zh" else 1), min(size, start + longest) + 1):
            found = [at for at in index.exact[lang].get(joint.join(units[start:end]), ()) if index.names[lang][at].record not in without]
            if not found:
                continue
            share = (end - start) / size
            kind = "same" if share == 1 else "ending" if end == size else "inside"
            value = np.float32(share / len({index.name_heads[lang][at] for at in found}) ** 0.5)
            for at in found:
                target, head = index.name_targets[lang][at], index.name_heads[lang][at]
                heads[kind][head] = max(heads[kind][head], value)
                if target >= 0:
                    rows[kind][target] = max(rows[kind][target], value)
    gathering.at_codes |= rows
    gathering.at_headings |= heads


def _labels(gathering: Gathering, goods: Goods) -> None:
    """Whether the elements that were declared are those which the code asks for: the form was filled in for a code."""
    index = gathering.index
    written = {plain_label(label) for label in goods.labels} - {"品名", "名称", ""}
    row = np.zeros(len(index.codes), dtype=np.float32)
    if written:
        for at, code in enumerate(index.codes):
            asked = index.labels.get(code, frozenset())
            row[at] = len(written & asked) / len(written)
    gathering.at_codes["labels"] = row
    gathering.at_headings["labels"] = gathering.heads_of(row)


def _rules(gathering: Gathering, ruled: Iterable[Ruled]) -> None:
    index = gathering.index
    towards, against = np.zeros(len(index.codes), dtype=np.float32), np.zeros(len(index.codes), dtype=np.float32)
    settled, unsettled = np.zeros(len(index.codes), dtype=np.float32), np.zeros(len(index.codes), dtype=np.float32)
    for rule in ruled:
        gained, lost = (settled, unsettled) if rule.kind == "settled" else (towards, against)
        gained[_under(index, rule.towards)] = 1
        lost[_under(index, rule.against)] = 1
    for name, row in (("towards", towards), ("against", against), ("settled", settled), ("unsettled", unsettled)):
        gathering.at_codes[name] = row
        # Against a heading speaks what is against all of its codes.
        gathering.at_headings[name] = np.minimum.reduceat(row, index.starts) if name in ("against", "unsettled") else gathering.heads_of(row)


def _under(index: CandidateIndex, prefixes: Iterable[str]) -> list[int]:
    return [at for at, code in enumerate(index.codes) if code.startswith(tuple(prefixes))] if (prefixes := tuple(prefixes)) else []


def _translated(index: CandidateIndex, text: str, lang: Language, without: Collection[str]) -> list[str]:
    """What names found in a text are called in the other language: the longest name at each place, in the order of the text."""
    units = list(normalise(text).replace(" ", "")) if lang == "zh" else terms(text)
    joint, longest, least = ("", _LONGEST_ZH, 2) if lang == "zh" else (" ", _LONGEST_EN, 1)
    other: Language = "en" if lang == "zh" else "zh"
    found: dict[str, None] = {}
    at = 0
    while at < len(units):
        for end in range(min(len(units), at + longest), at + least - 1, -1):
            named = [index.names[lang][number].record for number in index.exact[lang].get(joint.join(units[at:end]), ())]
            known = [index.by_record[record][other] for record in named if record in index.by_record and record not in without]
            if known:
                found.update(dict.fromkeys(name for names in known[:2] for name in names[:2]))
                at = end - 1
                break
        at += 1
    return list(found)
