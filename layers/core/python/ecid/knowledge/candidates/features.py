"""Evidence for every code and every heading, as numbers: how well wording and names answer the goods, and what notes and confusable pairs say."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ecid.errors import Language
from ecid.knowledge.candidates.goods import Goods, read_goods
from ecid.knowledge.candidates.index import CandidateIndex
from ecid.knowledge.candidates.likeness import Gathering, like, meant
from ecid.knowledge.candidates.measures import measured
from ecid.knowledge.candidates.rules import Ruled, judged_by_rules
from ecid.knowledge.candidates.sources import plain_label
from ecid.knowledge.candidates.traits import fitting
from ecid.knowledge.retrieval.text import normalise, terms

Row = NDArray[np.float32]
_TRANSLATIONS = 12
_LONGEST_ZH, _LONGEST_EN = 14, 6
_ARMS = ("heading_text", "digest_text", "digest_crossed", "like_text", "means_text", "means_wording")
"""Ways of finding a heading that do not follow from each other."""


@dataclass(frozen=True)
class Evidence:
    """`at_codes` and `at_headings`: name of a feature to its value for every code, and every heading, of the index."""

    goods: Goods
    at_codes: dict[str, Row]
    at_headings: dict[str, Row]
    clarity: Mapping[str, float]
    """What the description's own shape says of how much its evidence is worth: `length`, the logarithm of the number of its terms (a long one gives every code
    some share); `declared`, that of the number of its statements; `answered`, the share of it that the best code answers; `named`, how like in words, and
    `nearest`, how near in meaning, the nearest name is, and `worded` the nearest wording; `agreed`, the share of the ways of finding a heading that agree."""
    neighbours: tuple[tuple[Language, int, float], ...]
    ruled: tuple[Ruled, ...]


def evidence_for(index: CandidateIndex, text: str, lang: Language, without: Collection[str] = ()) -> Evidence:
    """Everything that speaks for or against every code; records `without` have no say (to judge goods that are themselves in the index)."""
    goods = read_goods(text, lang)
    gathering = Gathering(index)
    _worded(gathering, goods, without)
    neighbours = [*like(gathering, goods, without), *meant(gathering, goods, without)]
    _contained(gathering, goods, without)
    _labels(gathering, goods)
    _traits(gathering, goods)
    measured(gathering, goods)
    gathering.at_codes["prior"] = index.prior
    gathering.at_codes |= {"part": index.parts * goods.is_part, "whole": index.parts * (not goods.is_part)}
    gathering.at_headings |= {"part": gathering.heads_of(gathering.at_codes["part"]), "whole": np.minimum.reduceat(gathering.at_codes["whole"], index.starts)}
    gathering.at_headings["prior"] = np.log1p(np.add.reduceat(np.expm1(np.minimum(index.prior, 4)), index.starts))
    ruled = judged_by_rules(index, goods)
    _rules(gathering, ruled)
    return Evidence(goods, gathering.at_codes, gathering.at_headings, _clarity(gathering, goods), tuple(neighbours), tuple(ruled))


def _clarity(gathering: Gathering, goods: Goods) -> dict[str, float]:
    found = Counter(int(row.argmax()) for name in _ARMS if (row := gathering.at_headings[name]).max() > 0)
    return {
        "length": float(np.log1p(len(set(terms(goods.text))))),
        "declared": float(np.log1p(len(goods.declared))),
        "answered": float(gathering.at_codes["digest_text"].max()),
        "named": float(gathering.at_headings["like_text"].max()),
        "worded": float(gathering.at_headings["means_wording"].max()),
        "nearest": float(gathering.at_headings["means_text"].max()),
        "agreed": max(found.values(), default=0) / len(_ARMS),
    }


def _worded(gathering: Gathering, goods: Goods, without: Collection[str]) -> None:
    """How well codes and headings, by their wording and their names, answer the goods, in their language and in the other."""
    index, lang = gathering.index, goods.lang
    other: Language = "en" if lang == "zh" else "zh"
    own_name, own_text = _weights(terms(goods.name)), _weights(terms(goods.text))
    gathering.scored("digest_text", index.digests[lang].scores(own_text))
    gathering.scored("digest_head", index.digests[lang].scores(_weights(terms(goods.head))))
    gathering.scored("texts_name", index.texts[lang].scores(own_name))
    whole = index.heading_digests[lang].scores({**own_text, **dict.fromkeys(own_name, 2.0)})
    best = float(whole.max())
    gathering.at_headings |= {"heading_text": whole, "heading_text_best": (whole / best) ** 2 if best > 0 else whole}
    translated = (_translated(index, goods.name, lang, without) or _translated(index, goods.text, lang, without))[:_TRANSLATIONS]
    gathering.scored("digest_crossed", index.digests[other].scores(_weights(term for name in translated for term in terms(name))))


def _weights(found: Iterable[str]) -> dict[str, float]:
    return {term: 0.4 if len(term) == 1 and not term.isascii() else 1.0 for term in found}


def _contained(gathering: Gathering, goods: Goods, without: Collection[str]) -> None:
    """Names that are the goods' own name, or end it."""
    index, lang = gathering.index, goods.lang
    rows = {name: np.zeros(len(index.codes), dtype=np.float32) for name in ("same", "ending")}
    heads = {name: np.zeros(len(index.headings), dtype=np.float32) for name in rows}
    for kind, share, found in called(index, goods, without):
        value = np.float32(share / max(1, len({index.name_heads[lang][at] for at in found})) ** 0.5)
        for at in found:
            target, head = index.name_targets[lang][at], index.name_heads[lang][at]
            heads[kind][head] = max(heads[kind][head], value)
            if target >= 0:
                rows[kind][target] = max(rows[kind][target], value)
    gathering.at_codes |= rows
    gathering.at_headings |= heads


def called(index: CandidateIndex, goods: Goods, without: Collection[str]) -> Iterator[tuple[Literal["same", "ending"], float, list[int]]]:
    """The numbers of the names that are the goods' own name, or end it (the head of a Chinese or English noun phrase stands last), and the share of it that
    they are; names of records `without` are left out."""
    units = list(normalise(goods.name).replace(" ", "")) if goods.lang == "zh" else terms(goods.name)
    joint, longest, least = ("", _LONGEST_ZH, 2) if goods.lang == "zh" else (" ", _LONGEST_EN, 1)
    size = len(units)
    for start in range(max(0, size - longest), size - least + 1):
        found = _called(index, joint.join(units[start:]), goods.lang, without)
        if found:
            yield "ending" if start else "same", (size - start) / size, found


def _called(index: CandidateIndex, key: str, lang: Language, without: Collection[str]) -> list[int]:
    """The numbers of the names of that key that have a say."""
    found = index.exact[lang].get(key, ())
    return [at for at in found if not without or index.names[lang][at].record not in without]


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


def _traits(gathering: Gathering, goods: Goods) -> None:
    """What goods are said to be made of and the like, against where such goods are."""
    index, said = gathering.index, fitting(goods)
    for name, prefixes in (("trait", said.towards), ("other_trait", said.against), ("fallback", said.fallback)):
        row = np.zeros(len(index.codes), dtype=np.float32)
        row[_under(index, prefixes)] = 1
        gathering.at_codes[name] = row
        gathering.at_headings[name] = np.minimum.reduceat(row, index.starts) if name == "other_trait" else gathering.heads_of(row)


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
    """The numbers of the codes that begin with one of the prefixes."""
    spans = [(bisect_left(index.codes, prefix), bisect_left(index.codes, f"{prefix}~")) for prefix in prefixes]
    return [at for start, end in spans for at in range(start, end)]


def _translated(index: CandidateIndex, text: str, lang: Language, without: Collection[str]) -> list[str]:
    """What names found in a text are called in the other language: the longest name at each place, in the order of the text."""
    units = list(normalise(text).replace(" ", "")) if lang == "zh" else terms(text)
    joint, longest, least = ("", _LONGEST_ZH, 2) if lang == "zh" else (" ", _LONGEST_EN, 1)
    other: Language = "en" if lang == "zh" else "zh"
    found: dict[str, None] = {}
    at = 0
    while at < len(units):
        for end in range(min(len(units), at + longest), at + least - 1, -1):
            named = [index.names[lang][number].record for number in _called(index, joint.join(units[at:end]), lang, without)]
            known = [index.by_record[record][other] for record in named if record in index.by_record]
            if known:
                found.update(dict.fromkeys(name for names in known[:2] for name in names[:2]))
                at = end - 1
                break
        at += 1
    return list(found)
