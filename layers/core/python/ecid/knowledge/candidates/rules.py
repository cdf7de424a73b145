"""What reviewed notes and confusable pairs say of goods: which codes they are sent to, and which they are kept out of. Independent of how codes are ranked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ecid.errors import Language
from ecid.knowledge.candidates.goods import Goods
from ecid.knowledge.candidates.index import CandidateIndex
from ecid.knowledge.candidates.phrases import said
from ecid.knowledge.records import Record

_SHORTEST = 2


@dataclass(frozen=True, slots=True)
class Ruled:
    """Record `record` speaks for codes under `towards` and against those under `against`, because the goods say `words`."""

    kind: Literal["excluded", "included", "settled"]
    record: str
    towards: tuple[str, ...]
    against: tuple[str, ...]
    words: str


def judged_by_rules(index: CandidateIndex, goods: Goods) -> list[Ruled]:
    """Every rule that the wording of the goods touches."""
    name, whole = said(goods.name, goods.lang), said(goods.text, goods.lang)
    touched = index.rules_touched(name, goods.lang)
    found = [ruled for record in touched if record.kind == "note" for ruled in _by_note(record, goods.lang, name)]
    return found + [ruled for record in touched if record.kind == "confusion" for ruled in _by_confusion(record, goods.lang, name, whole)]


def _by_note(record: Record, lang: Language, name: str) -> Iterator[Ruled]:
    scope = tuple(record.facts.get("scope", ()))
    for part in record.facts.get("excludes", ()):
        word = _longest_said(part.get(lang, ()), name, lang)
        if word:
            towards = tuple(part.get("to", ()))
            yield Ruled("excluded", record.id, towards, tuple(code for code in scope if not any(own.startswith(code) for own in towards)), word)
    for part in record.facts.get("includes", ()):
        word = _longest_said(part.get(lang, ()), name, lang)
        if word and part.get("to"):
            yield Ruled("included", record.id, tuple(part["to"]), (), word)


def _by_confusion(record: Record, lang: Language, name: str, whole: str) -> Iterator[Ruled]:
    """A pair has a say where the goods are called by a name of one of its sides; the fact that they state then settles it."""
    sides: Sequence[Mapping[str, Any]] = record.facts.get("sides", ())
    if not any(_longest_said(side.get(lang, ()), name, lang) for side in sides):
        return
    settled: dict[str, str] = {}
    for fact in record.facts.get("settles", ()):
        word = _longest_said(fact["words"].get(lang, ()), whole, lang)
        if word:
            settled.setdefault(fact["to"], word)
    if len(settled) == 1:
        ((to, word),) = settled.items()
        own = {code for side in sides for code in side["codes"] if any(code.startswith(to) or to.startswith(code) for code in side["codes"])}
        against = tuple(code for side in sides for code in side["codes"] if code not in own and not to.startswith(code))
        yield Ruled("settled", record.id, (to,), against, word)


def _longest_said(words: Iterable[str], told: str, lang: Language) -> str:
    """The longest of the words that the text says; "" for none. English words count as stems, in order."""
    found = [word for word in words if (key := said(word, lang)).strip() and len(key.strip()) >= _SHORTEST and key in told]
    return max(found, key=len, default="")
