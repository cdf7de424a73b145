"""What is known of goods, from the index of candidates: the `Placement` of the score (dimensions 4 and 9)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np

from ecid.errors import Language
from ecid.knowledge.candidates.features import Evidence, evidence_for
from ecid.knowledge.candidates.index import CandidateIndex
from ecid.knowledge.candidates.index_files import CandidateFiles
from ecid.knowledge.candidates.ranking import Ranking, load_weights, ranked
from ecid.knowledge.candidates.rules import said
from ecid.knowledge.records import Record
from ecid.knowledge.retrieval.text import language_of, terms
from ecid.scoring.placement import Described, Exclusion, Likely, OpenFact, Placed
from ecid.services.find_candidates import weights_version

_PPM = 1_000_000
_HEADING, _SUBHEADING = 4, 6
_LONGEST = 2_000
_RESIDUAL = re.compile(r"n\.e\.c|\bother\b(?! than)|^其他", re.IGNORECASE)
"""How nomenclatures word what is named nowhere else."""


class Knowledge:
    """`ecid.scoring.placement.Placement`, remembered by description: what is declared again costs nothing again."""

    def __init__(self, files: CandidateFiles) -> None:
        self._files = files
        self._placed: dict[Described, Placed] = {}
        self.version = f"{files.knowledge}-{weights_version()}"

    def place(self, goods: Described) -> Placed:
        """What is known of the goods on the day. Raises UnreadableFile where the index is damaged."""
        if goods not in self._placed:
            self._placed[goods] = _placed(self._files.on(goods.day), goods)
        return self._placed[goods]


def _placed(index: CandidateIndex, goods: Described) -> Placed:
    text = "；".join((goods.name, *goods.statements))[:_LONGEST]
    lang = language_of(goods.name)
    evidence = evidence_for(index, text, lang)
    ranking = ranked(evidence, index, load_weights()[lang])
    code, heading = goods.code[:_SUBHEADING], goods.code[:_HEADING]
    head = _place(index.headings, heading)
    at = _place(index.codes, code)
    best = _ppm(float(ranking.at_headings.max(initial=0.0)))
    if head is None:
        return Placed(None, best, None, 0, None, False, False, len(set(terms(text))), None, None)
    return Placed(
        own_ppm=_ppm(float(ranking.at_headings[head])),
        best_ppm=best,
        rival=_rival(index, evidence, ranking, head),
        own_code_ppm=0 if at is None else _ppm(float(ranking.at_codes[at])),
        finer=_finer(index, evidence, ranking, head, at),
        residual=at is not None and _residual(index, code),
        supported=any(float(evidence.at_headings[name][head]) > 0 for name in ("same", "ending")),
        terms=len(set(terms(text))),
        excluded=_excluded(index, evidence, code, lang),
        open_fact=_open_fact(index, evidence, code, lang),
    )


def _place(sorted_texts: Sequence[str], wanted: str) -> int | None:
    return sorted_texts.index(wanted) if wanted in sorted_texts else None


def _ppm(share: float) -> int:
    return round(share * _PPM)


def _rival(index: CandidateIndex, evidence: Evidence, ranking: Ranking, head: int) -> Likely | None:
    others = ranking.at_headings.copy()
    others[head] = -1
    best = int(np.argmax(others))
    if best == head:
        return None
    members = np.flatnonzero(index.heads == best)
    return _likely(index, evidence, int(members[np.argmax(ranking.at_codes[members])]), float(others[best]))


def _finer(index: CandidateIndex, evidence: Evidence, ranking: Ranking, head: int, own: int | None) -> Likely | None:
    members = [int(at) for at in np.flatnonzero(index.heads == head) if at != own and not _residual(index, index.codes[at])]
    if not members:
        return None
    best = max(members, key=lambda at: (float(ranking.at_codes[at]), -at))
    return _likely(index, evidence, best, float(ranking.at_codes[best]))


def _residual(index: CandidateIndex, code: str) -> bool:
    """Whether the nomenclature words the code as what is named nowhere beside it."""
    words = index.wording["en"].get(code) or index.wording["zh"].get(code)
    return words is not None and _RESIDUAL.search(words.own) is not None


def _likely(index: CandidateIndex, evidence: Evidence, at: int, share: float) -> Likely:
    """A code with its wording, and the nearest name of such goods that is known there."""
    code = index.codes[at]
    titles: Mapping[str, str] = {lang: words[code].own or words[code].above for lang, words in index.wording.items() if code in words}
    for lang, number, _ in evidence.neighbours:
        name = index.names[lang][number]
        if any(own[:_SUBHEADING] == code or own == code[:_HEADING] for own in name.codes):
            return Likely(code, titles, _ppm(share), name.record, name.text)
    return Likely(code, titles, _ppm(share), "", "")


def _excluded(index: CandidateIndex, evidence: Evidence, code: str, lang: Language) -> Exclusion | None:
    """The first note that sends goods of this name elsewhere. The name must end in the word, or else it names what they are for or part of."""
    name = said(evidence.goods.name, lang)
    for rule in evidence.ruled:
        if rule.kind == "excluded" and _under(code, rule.against) and not _under(code, rule.towards) and name.endswith(said(rule.words, lang)):
            return Exclusion(rule.record, rule.words, rule.towards, _words(index.notes, rule.record))
    return None


def _open_fact(index: CandidateIndex, evidence: Evidence, code: str, lang: Language) -> OpenFact | None:
    """The first confusable pair of which the name is another side's alone, without a fact that settles it."""
    name, whole = said(evidence.goods.name, lang), said(evidence.goods.text, lang)
    for record in index.confusions:
        sides = record.facts.get("sides", ())
        if not any(_under(code, side["codes"]) for side in sides):
            continue
        called = [side for side in sides if _says(name, side.get(lang, ()), lang)]
        stated = any(_says(whole, fact["words"].get(lang, ()), lang) for fact in record.facts.get("settles", ()))
        if called and not stated and not any(_under(code, side["codes"]) for side in called):
            rivals = tuple(sorted({rival for side in called for rival in side["codes"]}))
            return OpenFact(record.id, record.facts["question"], rivals, _words(index.confusions, record.id))
    return None


def _says(told: str, words: Sequence[str], lang: Language) -> bool:
    return any((key := said(word, lang)).strip() and key in told for word in words)


def _words(records: Sequence[Record], wanted: str) -> str:
    text = next(record.text for record in records if record.id == wanted)
    return text.get("zh") or next(iter(text.values()))


def _under(code: str, prefixes: Sequence[str]) -> bool:
    return any(code.startswith(prefix) or prefix.startswith(code) for prefix in prefixes)
