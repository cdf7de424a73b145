"""Finding candidate headings: the index over what this installation knows, one description after another."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from ecid.errors import BadInput, Language
from ecid.knowledge.candidates.answer import Answer, candidates
from ecid.knowledge.candidates.index import CandidateIndex, build_index
from ecid.knowledge.corpus import assemble
from ecid.knowledge.imported import Dataset
from ecid.knowledge.pack_records import read_records
from ecid.knowledge.retrieval.text import language_of
from ecid.services import import_knowledge
from ecid.tariff.model import Edition, Nomenclature

_CODE_LENGTHS = (4, 6, 8, 10)


@dataclass(frozen=True, slots=True)
class Query:
    """A line of a file of queries; `declared` is a code without dots."""

    id: str
    text: str
    lang: Language
    declared: str | None


def open_index(home: Path, pack: Path, day: date) -> CandidateIndex:
    """The index of the pack and of everything imported, for goods declared on `day`. Raises `UnreadableFile`."""
    datasets: Sequence[Dataset] = import_knowledge.loaded(home, pack)
    records = assemble(read_records(pack), datasets).records
    return build_index(records, [item for item in datasets if isinstance(item, Edition)], [item for item in datasets if isinstance(item, Nomenclature)], day)


def read_queries(content: bytes) -> Iterator[Query]:
    """Lines of JSON in UTF-8 with `id`, `text` and, where known, `lang` and `declared`. Raises `BadInput` naming the line."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(detail="UTF-8") from error
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield _query(line, number)


def prediction(query: Query, answer: Answer) -> dict[str, Any]:
    """What is written for a query: codes best first, and the suspicion where a code was declared."""
    row: dict[str, Any] = {"id": query.id, "candidates": [{"code": one.code, "score": round(one.score, 6)} for one in answer.candidates]}
    return row | ({"suspicion": round(answer.suspicion, 6)} if answer.suspicion is not None else {})


def predict(index: CandidateIndex, query: Query, top: int | None = None) -> dict[str, Any]:
    """Answer one query of a file."""
    return prediction(query, candidates(index, query.text, query.lang, top=top, declared=query.declared))


def plain_code(written: str) -> str:
    """A code without dots and spaces. Raises `BadInput` if it has not 4, 6, 8 or 10 digits."""
    code = written.replace(".", "").replace(" ", "")
    if not (code.isascii() and code.isdigit() and len(code) in _CODE_LENGTHS):
        raise BadInput(detail=f"{written[:20]!r}: 4, 6, 8, 10")
    return code


def _query(line: str, number: int) -> Query:
    try:
        row = json.loads(line)
        name, text, lang, declared = row["id"], row["text"], row.get("lang"), row.get("declared")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BadInput(detail=f'line {number}: {{"id", "text", "lang"}}') from error
    if not isinstance(name, str | int) or not isinstance(text, str) or lang not in ("zh", "en", None) or not isinstance(declared, str | None):
        raise BadInput(detail=f'line {number}: {{"id", "text", "lang"}}')
    return Query(str(name), text, lang or language_of(text), plain_code(declared) if declared else None)
