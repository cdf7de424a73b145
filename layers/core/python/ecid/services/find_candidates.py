"""Finding candidate headings: what goods as described may belong under, on a day, of one description or of a file of them."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from importlib import resources
from typing import Any

from ecid.errors import BadInput, Language, UnreadableFile
from ecid.knowledge.candidates.answer import Answer, candidates
from ecid.knowledge.candidates.index_files import CandidateFiles
from ecid.knowledge.retrieval.text import language_of, terms

COUNT, COUNT_OF_FILE, MOST = 10, 100, 100
"""Candidates that are answered with, to a question and to each line of a file, and the most that can be asked for."""
MOST_CHARS = 2_000
"""Of a description."""
_BEIJING = timedelta(hours=8)
_CODE_LENGTHS = (4, 6, 8, 10, 13)
_SHOWN = 100
"""Characters of what was taken for the name that an answer repeats."""
_FORM = '{"id": "…", "text": "…", "lang": "zh|en", "declared": "…"}'
_QUERY = {"zh": f"：每行为一个 JSON 对象，形如 {_FORM}", "en": f": each is a JSON object of the form {_FORM}"}
_DECLARED = {"zh": "：申报编码为 4、6、8、10 或 13 位数字", "en": ": a declared code has 4, 6, 8, 10 or 13 digits"}


@dataclass(frozen=True, slots=True)
class Query:
    """A line of a file of queries; `id` is as it stands there, `declared` a code without dots."""

    id: str | int
    text: str
    lang: Language
    declared: str | None


class Candidates:
    """The use case behind `/v1/candidates` and `ecid candidates`."""

    def __init__(self, index: CandidateFiles, now: Callable[[], datetime]) -> None:
        """Raises UnreadableFile where what is known today cannot be read."""
        self._index = index
        self._now = now
        self.versions = {"knowledge": index.knowledge, "weights": weights_version()}
        """What answers rest on."""
        index.on(self._today())

    def find(self, text: str, *, lang: Language | None = None, top: int = COUNT, declared: str | None = None, as_of: date | None = None) -> dict[str, Any]:
        """The answer, ready to be written as JSON. `lang` is that of the text, found if None; `declared` a code of 4, 6, 8, 10 or 13 digits, dots allowed.

        Raises BadInput.
        """
        if not text.strip() or len(text) > MOST_CHARS or not _is_text(text):
            raise BadInput(detail={"zh": f"text：请用 1 至 {MOST_CHARS} 个字符描述货物", "en": f"text: describe the goods in 1 to {MOST_CHARS:,} characters"})
        code = None if declared is None else plain_code(declared)
        answer = self._answer(text, lang or language_of(text), top, code, as_of)
        return {**document(answer), "versions": self.versions}

    def predict(self, query: Query, top: int = COUNT_OF_FILE, as_of: date | None = None) -> dict[str, Any]:
        """What is written for a query of a file: codes best first, and the suspicion where a code was declared. Raises BadInput."""
        answer = self._answer(query.text, query.lang, top, query.declared, as_of)
        row: dict[str, Any] = {"id": query.id, "candidates": [{"code": one.code, "score": round(one.score, 6)} for one in answer.candidates]}
        return row | _suspicion(answer)

    def _answer(self, text: str, lang: Language, top: int, declared: str | None, as_of: date | None) -> Answer:
        if not 1 <= top <= MOST:
            raise BadInput(detail={"zh": f"top：须为 1 至 {MOST}", "en": f"top: it is 1 to {MOST}"})
        readable = text if terms(text) else ""  # signs alone are like nothing, and nothing is best of what is like nothing
        return candidates(self._index.on(as_of or self._today()), readable, lang, top=top, declared=declared)

    def _today(self) -> date:
        return (self._now() + _BEIJING).date()


def document(answer: Answer) -> dict[str, Any]:
    """An answer as JSON has it: probabilities to the millionth, `suspicion` only where a code was declared."""
    rows = [
        {
            "code": one.code,
            "score": round(one.score, 6),
            "heading_score": round(one.heading_score, 6),
            "titles": dict(one.titles),
            "evidence": [{"kind": piece.kind, "record": piece.record, "quote": piece.quote, "speaks": piece.speaks} for piece in one.evidence],
        }
        for one in answer.candidates
    ]
    return {"name": _shown(answer.name), "decided": answer.decided, "candidates": rows} | _suspicion(answer)


def _shown(name: str) -> str:
    return "".join(char if char.isprintable() else " " for char in name[:_SHOWN])


def _suspicion(answer: Answer) -> dict[str, float]:
    return {} if answer.suspicion is None else {"suspicion": round(answer.suspicion, 6)}


@cache
def weights_version() -> str:
    """Names all that was reviewed or fitted of how evidence is read and weighed."""
    digest = hashlib.sha256()
    for path in sorted(
        (path for path in resources.files("ecid.knowledge.candidates").iterdir() if path.name.endswith((".toml", ".npy", ".txt"))), key=lambda path: path.name
    ):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def read_queries(content: bytes) -> Iterator[Query]:
    """Lines of JSON in UTF-8 with `id`, `text` and, where known, `lang` and `declared`. Raises BadInput naming the line, and UnreadableFile."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableFile(name="--file", reason_zh="须为 UTF-8 编码", reason_en="it is not UTF-8") from error
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield _query(line, number)


def plain_code(written: str) -> str:
    """A code without dots and spaces. Raises `BadInput` if it has not 4, 6, 8, 10 or 13 digits."""
    code = re.sub(r"[.\s]", "", unicodedata.normalize("NFKC", written))
    if not (code.isascii() and code.isdigit() and len(code) in _CODE_LENGTHS):
        raise BadInput(detail={lang: f"declared ({written[:20]!a}){said}" for lang, said in _DECLARED.items()})
    return code


def _is_text(text: str) -> bool:
    """Whether it can be written down: JSON may hold halves of characters."""
    return not any("\ud800" <= char <= "\udfff" for char in text)


def _unusable(number: int, takes: Mapping[str, str]) -> BadInput:
    return BadInput(detail={"zh": f"第 {number} 行{takes['zh']}", "en": f"line {number}{takes['en']}"})


def _query(line: str, number: int) -> Query:
    try:
        row = json.loads(line)
        name, text, lang, declared = row["id"], row["text"], row.get("lang"), row.get("declared")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _unusable(number, _QUERY) from error
    known = type(name) in (str, int) and isinstance(text, str) and lang in ("zh", "en", None) and isinstance(declared, str | None)
    if not known or not _is_text(f"{name}{text}"):
        raise _unusable(number, _QUERY)
    try:
        code = plain_code(declared) if declared else None
    except BadInput as error:
        raise _unusable(number, _DECLARED) from error
    return Query(name, text, lang or language_of(text), code)
