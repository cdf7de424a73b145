"""The index behind candidate headings: wording of codes and names of goods in both languages, as matrices, made once for each period and looked at by day."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ecid.errors import Language
from ecid.knowledge.candidates.composition import fibres_of
from ecid.knowledge.candidates.goods import read_goods
from ecid.knowledge.candidates.limits import limits_of, load_measures
from ecid.knowledge.candidates.sources import LANGUAGES, Name, Period, Tariffs, Wording, days_of, element_labels, names_of, periods, wordings
from ecid.knowledge.candidates.stored import Bilingual, Names, NamesByKey, StoredPeriod, Texts, Wordings
from ecid.knowledge.candidates.vectors import Stored, Vectors, chinese, english, fitted_chinese, nearness, stored
from ecid.knowledge.candidates.weighting import TermMatrix
from ecid.knowledge.record_sets import record_row
from ecid.knowledge.records import Record
from ecid.knowledge.retrieval.text import normalise, terms
from ecid.tariff.model import Edition, Nomenclature

_PARTS = re.compile(r"(^|[;,] )parts\b")
_PUBLISHED = frozenset({"decision", "ruling"})


@dataclass(frozen=True, slots=True)
class Reading:
    """How texts and names are read, each once: most of them are in several periods."""

    terms: Callable[[str], Sequence[str]]
    name_terms: Callable[[str, Language], Sequence[str]]
    name_key: Callable[[str, Language], str]
    chinese_terms: Callable[[tuple[tuple[str, str], ...]], tuple[Sequence[str], Stored]]


class CandidateIndex:
    """What is known on `day`; what is not in force then has no say. Names are numbered by language, those of other days included.

    `codes` are sorted; `heads[i]` is the number of the heading of `codes[i]`, `starts` where each heading begins. `name_targets` are numbers of codes, -1 for
    a name that goes no further than a heading, `name_heads` of headings. `live` says which names are in force; `name_terms` scores the others 0, `exact`
    (the numbers of names by `name_key`) leaves them out, `notes` and `confusions` are those of the day. `fibres` are bits by code (`composition.fibres_of`),
    `limits` rows of a code's number, a measure's (in the order of `limits.load_measures`), the least and the most. `arrays` are as they are stored.
    """

    def __init__(self, period: StoredPeriod, day: date) -> None:
        self.day = day
        self.period = period
        self.arrays = arrays = period.arrays
        self.codes, self.headings = period.codes, period.headings
        self.heads, self.starts = arrays["heads"], arrays["heading_starts"]
        self.names: Mapping[Language, Names] = period.names
        self.live = {lang: names.in_force(day) for lang, names in period.names.items()}
        self.name_targets = {lang: arrays[f"targets.{lang}"] for lang in LANGUAGES}
        self.name_heads = {lang: arrays[f"target_heads.{lang}"] for lang in LANGUAGES}
        self.name_terms = {lang: self.matrix("names", lang).among(self.live[lang]) for lang in LANGUAGES}
        self.exact = {lang: NamesByKey(period, lang, self.live[lang]) for lang in LANGUAGES}
        self.wording: Mapping[Language, Wordings] = period.wording
        self.texts, self.digests, self.heading_digests = (
            {lang: self.matrix(name, lang) for lang in LANGUAGES} for name in ("texts", "digests", "heading_digests")
        )
        self.confusions = tuple(record for record in period.rules if record.kind == "confusion" and record.in_force(day))
        self.notes = tuple(record for record in period.rules if record.kind == "note" and record.in_force(day))
        self.prior, self.parts = arrays["prior"], arrays["parts"]
        self.fibres, self.limits = arrays["fibres"], arrays["limits"]

    @property
    def labels(self) -> Mapping[str, frozenset[str]]:
        """By code, the labels of the elements that it asks for."""
        return self.period.labels

    @property
    def by_record(self) -> Bilingual:
        """By record, what a term is called in each language."""
        return self.period.by_record

    def vector(self, text: str, lang: Language) -> Vectors:
        """What a text means, as a vector: 1 by dimensions."""
        return english([text]) if lang == "en" else chinese([text], self.period.vocabulary, self.arrays["vectors.terms.numbers"], self.arrays["vectors.terms"])

    def nearness(self, of: Literal["names", "codes"], lang: Language, vectors: Vectors) -> Vectors:
        """How near names (0 for those not in force), or the wording of codes, are to vectors in meaning: 0 to 1, vectors by names or codes."""
        near = nearness(self.arrays[f"vectors.{of}.{lang}"], vectors)
        return near * self.live[lang] if of == "names" else near

    def rules_touched(self, name: str, lang: Language) -> list[Record]:
        """The notes and confusable pairs of the day that speak of goods called so; `name` as `phrases.said` puts it."""
        touched = (self.period.rules[at] for at in self.period.rule_words(lang).touched(name))
        return [record for record in touched if record.in_force(self.day)]

    def matrix(self, name: str, lang: Language) -> TermMatrix:
        """A matrix by the name that it was stored under."""
        return self.period.matrix(name, lang)


def build_index(records: Sequence[Record], editions: Sequence[Edition], nomenclatures: Sequence[Nomenclature], day: date) -> CandidateIndex:
    """The index for goods declared on `day`, in memory."""
    period = next(period for period in periods(Tariffs(tuple(editions), tuple(nomenclatures)), records) if period.first <= day <= period.last)
    return CandidateIndex(StoredPeriod(period_arrays(records, period, reading())), day)


def period_arrays(records: Sequence[Record], period: Period, read: Reading) -> dict[str, NDArray[Any]]:
    """All that is known of a period. Names whose codes the tariff lacks are left out."""
    wording = wordings(period, records)
    names = list(names_of(records, period))
    lasting = [name for name in names if period.lasts(name.first, name.last)]
    codes = sorted(_known(wording, period.editions, lasting))
    headings = sorted({code[:4] for code in codes})
    known = frozenset(headings)
    names, lasting = ([name for name in own if any(code[:4] in known for code in name.codes)] for own in (names, lasting))
    vocabulary: dict[str, int] = {}
    found = _numbers(codes, headings, names, lasting, wording, period)
    for (name, lang), documents in _documents(codes, headings, lasting, wording, read).items():
        found |= TermMatrix.of(documents, "bm25", vocabulary).arrays(f"matrix.{name}.{lang}")
    for lang in LANGUAGES:
        own = [name for name in names if name.lang == lang]
        counted = np.array([period.lasts(name.first, name.last) for name in own], dtype=np.bool_)
        matrix = TermMatrix.of((read.name_terms(name.text, lang) for name in own), "cosine", vocabulary, counted)
        found |= matrix.arrays(f"matrix.names.{lang}") | Names.arrays(lang, own) | NamesByKey.arrays(lang, (read.name_key(name.text, lang) for name in own))
        found |= Wordings.arrays(lang, wording[lang], codes)
    called = _bilingual(records, period)
    texts = {("names", lang): [name.text for name in names if name.lang == lang] for lang in LANGUAGES}
    texts |= {("codes", lang): [f"{one.own} {one.above}" if (one := wording[lang].get(code)) else "" for code in codes] for lang in LANGUAGES}
    lasting_terms = {name.record for name in lasting}
    found |= _vectors([own for record, own in called.items() if record in lasting_terms], texts, vocabulary, read)
    found |= Texts.arrays("codes", codes) | Texts.arrays("headings", headings) | Texts.arrays("terms", vocabulary)
    labels = element_labels(period.editions)
    found |= Texts.arrays("labels", (json.dumps(labels.get(code, []), ensure_ascii=False) for code in codes))
    found |= Bilingual.arrays(called)
    return found | Texts.arrays("rules", (json.dumps(record_row(record), ensure_ascii=False) for record in records if _rules(record, period)))


def _numbers(
    codes: Sequence[str],
    headings: Sequence[str],
    names: Sequence[Name],
    lasting: Sequence[Name],
    wording: Mapping[Language, Mapping[str, Wording]],
    period: Period,
) -> dict[str, NDArray[Any]]:
    """Numbers by code, by heading and by name."""
    number = {code: at for at, code in enumerate(codes)}
    head_number = {heading: at for at, heading in enumerate(headings)}
    heads = np.array([head_number[code[:4]] for code in codes], dtype=np.int32)
    found: dict[str, NDArray[Any]] = {"heads": heads, "heading_starts": np.searchsorted(heads, np.arange(len(headings))).astype(np.int32)}
    found["prior"] = _prior(codes, period.editions, lasting)
    found["parts"] = _parts(codes, wording["en"], period.editions)
    found["fibres"], found["limits"] = _fibres(codes, wording["en"]), _limits(codes, wording["en"])
    for lang in LANGUAGES:
        targets = [next(code for code in name.codes if code[:4] in head_number) for name in names if name.lang == lang]
        found[f"targets.{lang}"] = np.array([number.get(code[:6], -1) for code in targets], dtype=np.int32)
        found[f"target_heads.{lang}"] = np.array([head_number[code[:4]] for code in targets], dtype=np.int32)
    return found


def _vectors(
    called: Iterable[Mapping[Language, Sequence[str]]],
    texts: Mapping[tuple[str, Language], Sequence[str]],
    vocabulary: Mapping[str, int],
    read: Reading,
) -> dict[str, NDArray[Any]]:
    """What texts, and Chinese terms by way of what goods are called in both languages, mean, as vectors."""
    said, rows = read.chinese_terms(tuple((name, " ".join(own["en"])) for own in called for name in own["zh"]))
    numbers = np.array([vocabulary.get(term, -1) for term in said], dtype=np.int32)
    order = np.argsort(numbers, kind="stable")[int((numbers < 0).sum()) :]
    found: dict[str, NDArray[Any]] = {"vectors.terms.numbers": numbers[order], "vectors.terms": rows[order]}
    for (of, lang), written in texts.items():
        vectors = english(written) if lang == "en" else chinese(written, vocabulary, numbers[order], rows[order])
        found[f"vectors.{of}.{lang}"] = stored(vectors)
    return found


def _documents(
    codes: Sequence[str], headings: Sequence[str], lasting: Sequence[Name], wording: Mapping[Language, Mapping[str, Wording]], read: Reading
) -> dict[tuple[str, Language], list[list[str]]]:
    """By matrix and language, the index terms of every code, or of every heading."""
    found: dict[tuple[str, Language], list[list[str]]] = {}
    for lang in LANGUAGES:
        called: dict[str, list[str]] = defaultdict(list)
        for name in lasting:
            if name.lang == lang and name.origin not in _PUBLISHED:
                called[name.codes[0][:6]] += read.terms(name.text)
        found["texts", lang] = texts = [_terms(wording[lang].get(code), read) for code in codes]
        found["digests", lang] = digests = [[*text, *called[code]] for code, text in zip(codes, texts, strict=True)]
        gathered = {heading: list(called[heading]) for heading in headings}
        for code, digest in zip(codes, digests, strict=True):
            gathered[code[:4]] += digest
        found["heading_digests", lang] = list(gathered.values())
    return found


def _known(wording: Mapping[Language, Mapping[str, Wording]], editions: Sequence[Edition], names: Sequence[Name]) -> set[str]:
    """The six-digit codes there are: the nomenclature's, else a whole edition's; a selection of lines, as the pack is, says nothing of codes that it lacks."""
    if wording["en"] or any(edition.complete for edition in editions):
        return set(wording["en"]) or set(wording["zh"])
    return set(wording["zh"]) | {code[:6] for name in names for code in name.codes if len(code) >= 6}


def reading() -> Reading:
    """A reading that remembers; for one building, since it forgets nothing."""
    return Reading(cache(terms), cache(name_terms), cache(name_key), cache(fitted_chinese))


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


def _terms(wording: Wording | None, read: Reading) -> list[str]:
    if wording is None:
        return []
    own = read.terms(wording.own)
    return [*own, *own, *read.terms(wording.above), *read.terms(wording.below)]


def _prior(codes: Sequence[str], editions: Sequence[Edition], names: Sequence[Name]) -> NDArray[np.float32]:
    """How usual a code is in trade: by the names that it has in the reviewed glossary and by the lines that the pack selects."""
    selected = {line[:6] for edition in editions if not edition.complete for line in edition.lines}
    named: dict[str, int] = defaultdict(int)
    for name in names:
        if name.origin == "glossary":
            named[name.codes[0][:6]] += 1
    return np.array([np.log1p(named[code]) + 2 * (code in selected) for code in codes], dtype=np.float32)


def _bilingual(records: Sequence[Record], period: Period) -> dict[str, dict[Language, list[str]]]:
    """The names that a term has in each language."""
    named = (record for record in records if record.kind == "term" and period.holds(*days_of(record)) and len(record.facts["names"]) > 1)
    return {record.id: {lang: list(record.facts["names"][lang]) for lang in LANGUAGES} for record in named}


def _parts(codes: Sequence[str], english: Mapping[str, Wording], editions: Sequence[Edition]) -> NDArray[np.float32]:
    """1 for a code that is for parts of other goods, by its wording."""
    chinese = {code[:6] for edition in editions for code, line in edition.lines.items() if line.name.endswith("零件")}
    return np.array([code in chinese or (code in english and bool(_PARTS.search(english[code].own.lower()))) for code in codes], dtype=np.float32)


def _fibres(codes: Sequence[str], english: Mapping[str, Wording]) -> NDArray[np.uint8]:
    found = fibres_of({code: (words.own, words.above) for code, words in english.items()})
    return np.array([found.get(code, 0) for code in codes], dtype=np.uint8)


def _limits(codes: Sequence[str], english: Mapping[str, Wording]) -> NDArray[np.int64]:
    number = {measure.name: at for at, measure in enumerate(load_measures())}
    worded = ((at, english[code]) for at, code in enumerate(codes) if code in english)
    rows = [(at, number[limit.measure], limit.low, limit.high) for at, words in worded for limit in limits_of(words.own, words.above)]
    return np.array(rows, dtype=np.int64).reshape(-1, 4)


def _rules(record: Record, period: Period) -> bool:
    """Whether a record is a rule that `rules` knows how to apply on a day of the period."""
    speaks = record.kind == "confusion" or (record.kind == "note" and bool({"excludes", "includes"} & record.facts.keys()))
    return speaks and period.holds(*days_of(record))
