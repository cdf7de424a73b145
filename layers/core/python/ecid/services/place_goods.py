"""What is known of goods, from the index of candidates: the `Placement` of the score (dimensions 4 and 9)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from functools import lru_cache
from itertools import groupby
from os import cpu_count

from threadpoolctl import threadpool_limits

from ecid.errors import Language
from ecid.knowledge.candidates.goods import Goods, read_goods
from ecid.knowledge.candidates.index import CandidateIndex
from ecid.knowledge.candidates.index_files import CandidateFiles
from ecid.knowledge.candidates.phrases import said
from ecid.knowledge.candidates.placing import Placing
from ecid.knowledge.candidates.placing_block import Asked, Ground
from ecid.knowledge.candidates.rules import Ruled
from ecid.knowledge.records import Record
from ecid.knowledge.retrieval.text import language_of
from ecid.scoring.placement import Described, Exclusion, Likely, OpenFact, Placed
from ecid.services.find_candidates import weights_version

_STEP, _STEPS = 1_000, 1_000
"""Probabilities are told in thousandths, as millionths."""
_HEADING, _SUBHEADING = 4, 6
_LONGEST = 2_000
_BLOCK = 256
"""Descriptions that are placed at once."""
_REMEMBERED = 200_000
_SUFFIX = "子"
_NEAR = 0.5
"""From how near on a name is told to be one of such goods."""
_RESIDUAL = re.compile(r"n\.e\.c|\bother\b(?! than)|^其他", re.IGNORECASE)
"""How nomenclatures word what is named nowhere else."""


class Knowledge:
    """`ecid.scoring.placement.Placement`, remembered by description: what is declared again costs nothing again."""

    def __init__(self, files: CandidateFiles) -> None:
        self._files = files
        self._placed: dict[Described, Placed] = {}
        self._looked_up = lru_cache(maxsize=2)(self._open)
        self.version = f"{files.knowledge}-{weights_version()}"

    def place_all(self, goods: Sequence[Described]) -> list[Placed]:
        """What is known of each goods on its day, in their order. Raises UnreadableFile where the index is damaged."""
        new = dict.fromkeys(one for one in goods if one not in self._placed)
        if len(self._placed) + len(new) > _REMEMBERED:
            self._placed = {one: found for one in goods if (found := self._placed.get(one))}
        for (day, lang), own in groupby(sorted(new, key=_order), key=lambda one: _order(one)[:2]):
            self._placed.update(self._looked_up(day, lang).placed(list(own)))
        return [self._placed[one] for one in goods]

    def _open(self, day: date, lang: Language) -> _Lookup:
        return _Lookup(self._files.on(day), lang)


def _order(goods: Described) -> tuple[date, Language, str, tuple[str, ...], str]:
    return goods.day, language_of(goods.name), goods.name, goods.statements, goods.code


class _Lookup:
    """What is known on a day, asked in one language."""

    def __init__(self, index: CandidateIndex, lang: Language) -> None:
        self._index, self._lang = index, lang
        self._ground = Ground(index, lang)
        self._heads = {heading: at for at, heading in enumerate(index.headings)}
        self._title = lru_cache(maxsize=None)(self._titles)
        self._is_residual = lru_cache(maxsize=None)(self._residual)

    def placed(self, goods: Sequence[Described]) -> Iterator[tuple[Described, Placed]]:
        """Goods with what is known of them; those of one name and the same statements stand together."""
        told = [list(own) for _, own in groupby(goods, key=lambda one: (one.name, one.statements))]
        blocks = [told[start : start + _BLOCK] for start in range(0, len(told), _BLOCK)]
        if len(blocks) == 1:
            yield from self._of_block(blocks[0])
            return
        # Blocks side by side keep the processor busier than threads within their short products, which wait for each other.
        with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(cpu_count()) as pool:
            for placed in pool.map(lambda block: list(self._of_block(block)), blocks):
                yield from placed

    def _of_block(self, told: Sequence[Sequence[Described]]) -> Iterator[tuple[Described, Placed]]:
        texts = ("；".join((own[0].name, *own[0].statements))[:_LONGEST] for own in told)
        placing = Placing.of(self._ground, [Asked(read_goods(text, self._lang)) for text in texts])
        asked = [(row, one, self._heads.get(one.code[:_HEADING])) for row, own in enumerate(told) for one in own]
        rivals = [placing.best_but(row, head) for row, _, head in asked]
        within = placing.within([(row, at) for (row, _, head), rival in zip(asked, rivals, strict=True) for at in (head, rival) if at is not None])
        for (row, one, head), rival in zip(asked, rivals, strict=True):
            best = _ppm(float(placing.at_headings[row].max(initial=0.0)))
            terms = placing.block.lengths[row]
            if head is None:
                yield one, Placed(None, best, None, 0, None, False, False, False, terms, None, None)
                continue
            goods, code = placing.block.asked[row].goods, one.code[:_SUBHEADING]
            own = within[row, head]
            yield (
                one,
                Placed(
                    own_ppm=_ppm(float(placing.at_headings[row, head])),
                    best_ppm=best,
                    rival=None if rival is None else self._rival(placing, row, rival, within[row, rival]),
                    own_code_ppm=_ppm(own.get(code, 0.0)),
                    finer=self._finer(placing, row, head, code, own),
                    residual=code in own and self._is_residual(code),
                    supported=head in placing.block.told[row].called_under or self._is_settled(goods, code),
                    called_rival=rival in placing.block.told[row].called_under,
                    terms=terms,
                    excluded=self._excluded(goods, placing.block.told[row].ruled, code),
                    open_fact=self._open_fact(goods, code),
                ),
            )

    def _rival(self, placing: Placing, row: int, heading: int, shares: Mapping[str, float]) -> Likely:
        code = min(shares, key=lambda code: (-shares[code], code))
        return self._likely(placing, row, heading, code, float(placing.at_headings[row, heading]))

    def _finer(self, placing: Placing, row: int, head: int, own: str, shares: Mapping[str, float]) -> Likely | None:
        named = [code for code in shares if code != own and not self._is_residual(code)]
        best = min(named, key=lambda code: (-shares[code], code), default=None)
        return None if best is None else self._likely(placing, row, head, best, shares[best])

    def _likely(self, placing: Placing, row: int, heading: int, code: str, share: float) -> Likely:
        """A code with its wording, and the nearest name of such goods that is known there."""
        number = self._ground.numbers[code]
        nearest = placing.block.nearest_name(row, heading, number)
        if nearest is None or nearest[1] < _NEAR:
            return Likely(code, self._title(code), _ppm(share), "", "")
        name = self._index.names[self._lang][nearest[0]]
        return Likely(code, self._title(code), _ppm(share), name.record, name.text)

    def _titles(self, code: str) -> Mapping[str, str]:
        return {lang: words[code].own or words[code].above for lang, words in self._index.wording.items() if code in words}

    def _residual(self, code: str) -> bool:
        """Whether the nomenclature words the code as what is named nowhere beside it."""
        words = self._index.wording["en"].get(code) or self._index.wording["zh"].get(code)
        return words is not None and _RESIDUAL.search(words.own) is not None

    def _excluded(self, goods: Goods, ruled: Sequence[Ruled], code: str) -> Exclusion | None:
        """The first note that sends goods of this name elsewhere. The name must end in the word, or else it names what they are for or part of."""
        for rule in ruled:
            sent = rule.kind == "excluded" and _under(code, rule.against) and not _under(code, rule.towards)
            if sent and _ends_in(said(goods.name, self._lang), said(rule.words, self._lang)):
                return Exclusion(rule.record, rule.words, rule.towards, _words(self._index.notes, rule.record))
        return None

    def _is_settled(self, goods: Goods, code: str) -> bool:
        """Whether the goods bear a name that sides of a confusable pair share, and a fact is stated that settles it for the side of the code."""
        name, lang = said(goods.name, self._lang), self._lang
        for record in self._index.rules_touched(name, lang):
            if any(name.endswith(said(word, lang)) for word in record.facts.get("shared", {}).get(lang, ())):
                own = {one for side in record.facts["sides"] if _under(code, side["codes"]) for one in side["codes"]}
                if any(fact["to"] in own and _says(said(goods.text, lang), fact["words"].get(lang, ()), lang) for fact in record.facts["settles"]):
                    return True
        return False

    def _open_fact(self, goods: Goods, code: str) -> OpenFact | None:
        """The first confusable pair of which the name is another side's, or any side's, without a fact that settles it."""
        name, lang = said(goods.name, self._lang), self._lang
        for record in self._index.rules_touched(name, lang):
            sides = record.facts.get("sides", ())
            if record.kind != "confusion" or not any(_under(code, side["codes"]) for side in sides):
                continue
            own = [side for side in sides if _under(code, side["codes"])]
            called = [side for side in sides if _says(name, side.get(lang, ()), lang)]
            shared = any(name.endswith(said(word, lang)) for word in record.facts.get("shared", {}).get(lang, ()))
            by_others = bool(called) and not any(side in own for side in called)
            if not (shared or by_others):
                continue
            rivals = called if by_others else [side for side in sides if side not in own]
            if rivals and not _states_fact(record, goods, called if by_others else (), lang):
                codes = tuple(sorted({code for side in rivals for code in side["codes"]}))
                return OpenFact(record.id, record.facts["question"], codes, _words((record,), record.id), shared)
        return None


def _states_fact(record: Record, goods: Goods, called: Iterable[Mapping[str, Sequence[str]]], lang: Language) -> bool:
    """Whether anything that is said of the goods, beyond the names of the sides by which they are called, is a fact that settles the pair."""
    told = said(goods.text, lang)
    for name in sorted((said(name, lang) for side in called for name in side.get(lang, ())), key=len, reverse=True):
        told = told.replace(name, " ")
    facts = (*(fact["words"] for fact in record.facts.get("settles", ())), record.facts.get("states", {}))
    return any(_says(told, words.get(lang, ()), lang) for words in facts)


def _ends_in(name: str, word: str) -> bool:
    """Whether a name ends in a word, or in its longer form (凳, 凳子)."""
    return name.endswith((word, f"{word}{_SUFFIX}"))


def _ppm(share: float) -> int:
    return round(share * _STEPS) * _STEP


def _says(told: str, words: Sequence[str], lang: Language) -> bool:
    return any((key := said(word, lang)).strip() and key in told for word in words)


def _words(records: Sequence[Record], wanted: str) -> str:
    text = next(record.text for record in records if record.id == wanted)
    return text.get("zh") or next(iter(text.values()))


def _under(code: str, prefixes: Sequence[str]) -> bool:
    return any(code.startswith(prefix) or prefix.startswith(code) for prefix in prefixes)
