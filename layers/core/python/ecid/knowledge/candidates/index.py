"""The index behind candidate headings: wording of codes and names of goods in both languages, as matrices, made once from a corpus."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ecid.errors import Language
from ecid.knowledge.candidates.goods import read_goods
from ecid.knowledge.candidates.sources import LANGUAGES, Name, Wording, element_labels, names_of, wordings
from ecid.knowledge.candidates.weighting import TermMatrix
from ecid.knowledge.records import Record
from ecid.knowledge.retrieval.text import normalise, terms
from ecid.tariff.model import Edition, Nomenclature

Numbers = NDArray[np.int32]
_PARTS = re.compile(r"(^|[;,] )parts\b")


@dataclass(frozen=True)
class CandidateIndex:
    """`codes` are sorted; `heads[i]` is the number of the heading of `codes[i]`, `starts` where each heading begins."""

    codes: tuple[str, ...]
    headings: tuple[str, ...]
    heads: Numbers
    starts: Numbers
    names: dict[Language, tuple[Name, ...]]
    name_terms: dict[Language, TermMatrix]
    name_targets: dict[Language, Numbers]
    name_heads: dict[Language, Numbers]
    wording: dict[Language, dict[str, Wording]]
    texts: dict[Language, TermMatrix]
    digests: dict[Language, TermMatrix]
    heading_digests: dict[Language, TermMatrix]
    exact: dict[Language, dict[str, list[int]]]
    labels: dict[str, frozenset[str]]
    by_record: dict[str, dict[Language, tuple[str, ...]]]
    confusions: tuple[Record, ...]
    notes: tuple[Record, ...]
    prior: NDArray[np.float32]
    parts: NDArray[np.float32]


def build_index(records: Sequence[Record], editions: Sequence[Edition], nomenclatures: Sequence[Nomenclature], day: date) -> CandidateIndex:
    """The index for goods declared on `day`: only what is in force then has a say. Names whose codes the tariff of the day lacks are left out."""
    wording = wordings(editions, nomenclatures, records, day)
    names = list(names_of(records, day))
    known = _known(wording, editions, names)
    codes = tuple(sorted(known))
    headings = tuple(sorted({code[:4] for code in codes}))
    number = {code: at for at, code in enumerate(codes)}
    head_number = {heading: at for at, heading in enumerate(headings)}
    heads = np.array([head_number[code[:4]] for code in codes], dtype=np.int32)
    starts = np.searchsorted(heads, np.arange(len(headings))).astype(np.int32)
    placed = [name for name in names if any(code[:4] in head_number for code in name.codes)]
    by_lang = {lang: tuple(name for name in placed if name.lang == lang) for lang in LANGUAGES}
    targets, name_heads = {}, {}
    for lang in LANGUAGES:
        own, head = zip(*[_target(name, number, head_number) for name in by_lang[lang]], strict=True) if by_lang[lang] else ((), ())
        targets[lang], name_heads[lang] = np.array(own, dtype=np.int32), np.array(head, dtype=np.int32)
    texts, digests, heading_digests = {}, {}, {}
    for lang in LANGUAGES:
        called: dict[str, list[str]] = defaultdict(list)
        for name in by_lang[lang]:
            if name.origin not in ("decision", "ruling"):
                called[name.codes[0][:6]].append(name.text)
        documents = [_terms(wording[lang].get(code)) for code in codes]
        texts[lang] = TermMatrix(documents, "bm25")
        full = [[*document, *(term for text in called[code] for term in terms(text))] for code, document in zip(codes, documents, strict=True)]
        digests[lang] = TermMatrix(full, "bm25")
        gathered: list[list[str]] = [[term for text in called[heading] for term in terms(text)] for heading in headings]
        for at, document in zip(heads, full, strict=True):
            gathered[at] += document
        heading_digests[lang] = TermMatrix(gathered, "bm25")
    return CandidateIndex(
        codes=codes,
        headings=headings,
        heads=heads,
        starts=starts,
        names=by_lang,
        name_terms={lang: TermMatrix([name_terms(name.text, lang) for name in by_lang[lang]], "cosine") for lang in LANGUAGES},
        name_targets=targets,
        name_heads=name_heads,
        wording=wording,
        texts=texts,
        digests=digests,
        heading_digests=heading_digests,
        exact={lang: _exact(by_lang[lang], lang) for lang in LANGUAGES},
        labels=element_labels(editions, day),
        by_record=_bilingual(records, day),
        confusions=tuple(record for record in records if record.kind == "confusion" and record.in_force(day)),
        notes=tuple(
            record for record in records if record.kind == "note" and record.in_force(day) and ("excludes" in record.facts or "includes" in record.facts)
        ),
        prior=_prior(codes, editions, placed),
        parts=_parts(codes, wording["en"], editions),
    )


def _known(wording: Mapping[Language, Mapping[str, Wording]], editions: Sequence[Edition], names: Sequence[Name]) -> set[str]:
    """The six-digit codes there are: the nomenclature's, else a whole edition's; a selection of lines, as the pack is, says nothing of codes that it lacks."""
    if wording["en"] or any(edition.complete for edition in editions):
        return set(wording["en"]) or set(wording["zh"])
    return set(wording["zh"]) | {code[:6] for name in names for code in name.codes if len(code) >= 6}


def name_key(text: str, lang: Language) -> str:
    """What two spellings of a name have in common."""
    return normalise(text).replace(" ", "") if lang == "zh" else " ".join(terms(text))


def name_terms(text: str, lang: Language) -> list[str]:
    """The terms of a name: those of any text, pairs of English words, and the head of the phrase once more."""
    found = terms(text)
    if lang == "en":
        found = found + [f"{first}_{second}" for first, second in pairwise(found)]
        head = terms(read_goods(text, "en").name)[-1:]
        return found + [f"^{term}" for term in head]
    tail = normalise(text).replace(" ", "")[-2:]
    return [*found, f"^{tail}"]


def _target(name: Name, number: dict[str, int], head_number: dict[str, int]) -> tuple[int, int]:
    """Numbers of the code, -1 where the name goes no further than a heading, and of the heading."""
    code = next(code for code in name.codes if code[:4] in head_number)
    return number.get(code[:6], -1), head_number[code[:4]]


def _terms(wording: Wording | None) -> list[str]:
    if wording is None:
        return []
    own = terms(wording.own)
    return [*own, *own, *terms(wording.above), *terms(wording.below)]


def _exact(names: Iterable[Name], lang: Language) -> dict[str, list[int]]:
    found: dict[str, list[int]] = defaultdict(list)
    for at, name in enumerate(names):
        found[name_key(name.text, lang)].append(at)
    return dict(found)


def _prior(codes: Sequence[str], editions: Sequence[Edition], names: Sequence[Name]) -> NDArray[np.float32]:
    """How usual a code is in trade: by the names that it has in the reviewed glossary and by the lines that the pack selects."""
    selected = {line[:6] for edition in editions if not edition.complete for line in edition.lines}
    named: dict[str, int] = defaultdict(int)
    for name in names:
        if name.origin == "glossary":
            named[name.codes[0][:6]] += 1
    return np.array([np.log1p(named[code]) + 2 * (code in selected) for code in codes], dtype=np.float32)


def _bilingual(records: Iterable[Record], day: date) -> dict[str, dict[Language, tuple[str, ...]]]:
    """The names that a term has in each language."""
    named = (record for record in records if record.kind == "term" and record.in_force(day) and len(record.facts["names"]) > 1)
    return {record.id: {lang: tuple(record.facts["names"][lang]) for lang in LANGUAGES} for record in named}


def _parts(codes: Sequence[str], english: Mapping[str, Wording], editions: Sequence[Edition]) -> NDArray[np.float32]:
    """1 for a code that is for parts of other goods, by its wording."""
    chinese = {code[:6] for edition in editions for code, line in edition.lines.items() if line.name.endswith("零件")}
    return np.array([code in chinese or (code in english and bool(_PARTS.search(english[code].own.lower()))) for code in codes], dtype=np.float32)
