"""Searching clauses, reading one, and what the tariff says of a code on a day."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, get_args

from ecid.errors import BadInput, Language, NotFound
from ecid.knowledge.decision_numbers import spellings
from ecid.knowledge.records import Kind, Record
from ecid.knowledge.retrieval.index_files import IndexFiles
from ecid.knowledge.retrieval.passages import LANGUAGES
from ecid.knowledge.retrieval.policy import load_policy
from ecid.knowledge.retrieval.query import prefix_of, understand
from ecid.knowledge.retrieval.search import ClauseSearch, VectorSearch
from ecid.knowledge.retrieval.table import Wanted
from ecid.tariff.model import TariffLine
from ecid.tariff.reference import Tariff

COUNT = 10
MOST = 50
_BEIJING = timedelta(hours=8)
_SHOWN_CODES = 20


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for; everything but `text` or `code` may be left out. `lang` is that of the answer's title and text."""

    text: str = ""
    code: str = ""
    kind: str = ""
    as_of: date | None = None
    lang: Language = "zh"
    count: int = COUNT


class Clauses:
    """The use case behind `/v1/clauses` and `ecid clauses`."""

    def __init__(self, index: IndexFiles, vectors: VectorSearch | None, now: Callable[[], datetime]) -> None:
        self._index = index
        self._search = ClauseSearch(index.table, index.words, index.embedder, vectors, load_policy())
        self._now = now
        self.versions = {"knowledge": index.manifest.knowledge, "embedder": index.manifest.embedder}
        """What answers rest on."""

    def search(self, request: Request) -> dict[str, Any]:
        """The answer, ready to be written as JSON: `results`, and `declined` with `reason` where the sources hold no answer. Raises BadInput."""
        if not request.text.strip() and not request.code:
            raise BadInput(detail={"zh": "q：请给出要查的词（q）或编码（code）", "en": "q: give words to search for (q) or a code (code)"})
        if request.kind and request.kind not in get_args(Kind):
            raise BadInput(detail={"zh": f"kind：可用的种类为 {', '.join(get_args(Kind))}", "en": f"kind: kinds are {', '.join(get_args(Kind))}"})
        if not 1 <= request.count <= MOST:
            raise BadInput(detail={"zh": f"top：须为 1 至 {MOST}", "en": f"top: it is 1 to {MOST}"})
        query = understand(request.text, self._index.table.headings)
        kinds: tuple[Kind, ...] = tuple(kind for kind in get_args(Kind) if kind == request.kind)
        wanted = Wanted(kinds, (prefix_of(request.code),) if request.code else (), request.as_of)
        today = (self._now() + _BEIJING).date()
        found = self._search.find(query, wanted, request.count, today)
        results = [{**told(self._index.record(number), request.lang, request.as_of or today), "score": round(score, 4)} for number, score in found.hits]
        ranked_by = "words_and_vectors" if found.vectors else "words"
        answer: dict[str, Any] = {"results": results, "declined": found.declined, "ranked_by": ranked_by, "versions": self.versions}
        if found.declined:
            answer["reason"] = found.topic.sentence(request.lang) if found.topic else _NOTHING[request.lang]
        return answer

    def get(self, record_id: str, lang: Language, as_of: date | None = None) -> dict[str, Any]:
        """One record in full. Raises NotFound."""
        known = self._index.table.numbers
        number = next((known[form] for form in spellings(record_id) if form in known), None)
        if number is None:
            raise NotFound(what=record_id[:100])
        record = self._index.record(number)
        own = {"titles": dict(record.title), "texts": dict(record.text), "sha256": record.sha256, "confidence": record.confidence}
        return {
            **told(record, lang, as_of or (self._now() + _BEIJING).date()),
            **own,
            "facts": {name: fact for name, fact in record.facts.items() if name not in _OF_THE_SEARCH},
            "superseded_by": record.superseded_by,
            "versions": self.versions,
        }


_OF_THE_SEARCH = frozenset({"asked"})
"""Facts that help to find a record and say nothing of it."""
_NOTHING: Mapping[Language, str] = {
    "zh": "资料中没有找到能回答这个问题的内容；请换个说法，或写明商品名称、编码或法规。",
    "en": "Nothing among the sources answers this. Try other words, or name the goods, a code or a regulation.",
}


def told(record: Record, lang: Language, day: date) -> dict[str, Any]:
    """A record as an answer shows it, in `lang` where it has that, else in the other language (`lang` in the answer says which). `in_force` is as of `day`."""
    shown = next(own for own in (lang, *LANGUAGES) if own in record.title or own in record.text)
    return {
        "id": record.id,
        "kind": record.kind,
        "code": record.codes[0] if record.codes else None,
        "codes": list(record.codes[:_SHOWN_CODES]),
        "title": record.title.get(shown, ""),
        "text": record.text.get(shown, ""),
        "lang": shown,
        "valid_from": record.valid_from.isoformat(),
        "valid_to": record.valid_to.isoformat() if record.valid_to else None,
        "in_force": record.in_force(day),
        "source": record.source,
        "source_ref": record.source_ref,
    }


def tariff_line(tariff: Tariff, code: str, day: date) -> dict[str, Any]:
    """What the tariff says of a code of 8, 10 or 13 digits on a day, ready to be written as JSON. Raises BadInput for what is no such code."""
    digits = re.sub(r"[.\s]", "", unicodedata.normalize("NFKC", code))
    judged = tariff.judge(digits, day)
    if judged.reason == "impossible_length":
        raise BadInput(detail={"zh": f"code ({code[:40]})：税则编码为 8、10 或 13 位数字", "en": f"code ({code[:40]}): a tariff code has 8, 10 or 13 digits"})
    return {
        "code": digits,
        "as_of": day.isoformat(),
        "state": judged.state,
        "reason": judged.reason,
        "edition": judged.edition,
        "substituted": judged.substituted,
        "suggestions": list(judged.suggestions),
        "line": _line(judged.line) if judged.line else None,
        "versions": {"tariff": _digest(tariff.versions())},
    }


def _digest(versions: Mapping[str, str]) -> str:
    """Names all that judged: the ids and hashes of what is loaded."""
    return hashlib.sha256(json.dumps(versions, sort_keys=True).encode()).hexdigest()[:12]


def _line(line: TariffLine) -> dict[str, Any]:
    elements = [{"number": element.number, "label": element.label, "purpose": element.purpose} for element in line.elements]
    return {
        "code": line.code,
        "name": line.name,
        "name_en": line.name_en,
        "path": list(line.path),
        "units": list(line.units),
        "elements_known": line.elements_known,
        "elements": elements,
    }
