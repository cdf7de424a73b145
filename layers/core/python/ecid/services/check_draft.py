"""Checking a draft before it is lodged: the rules of the score on lines that customs has not seen (score.md, "check"). Nothing is weighed and nothing is kept.

The use case takes lines and gives a document, so that files and requests are checked alike.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from ecid.declarations.given import FIELDS, lines_given
from ecid.declarations.lines import ReadResult
from ecid.declarations.readers import Limits, read_files
from ecid.declarations.readers.limits import TooManyLines
from ecid.errors import BadInput, Language, PayloadTooLarge
from ecid.scoring.authority import Authority
from ecid.scoring.drafts import DraftFinding, DraftLine, draft_lines
from ecid.scoring.engine import Request, run
from ecid.scoring.marks import Listing, differ, listings, mark_name
from ecid.scoring.policy import load_policy
from ecid.scoring.reference import Reference
from ecid.scoring.result import in_language
from ecid.scoring.rules import RULE_DIMENSIONS
from ecid.scoring.wording import rule_wording
from ecid.settings import Settings
from ecid.tariff.model import Marks

MOST_LINES = 2_000
"""Of a draft: every distinct goods is looked up among the candidates, some thirty a second."""
SHOWN = 5
"""Candidates shown to a line, at most."""
_LEAST = 0.01
"""The confidence from which a candidate is worth showing."""
_LONGEST_TEXT = 2_000
_LONGEST_VALUE = 4_000
"""Characters of a value of a line that is sent."""
_SENT = "draft"
"""What a file that was sent is called in errors: its own name is not asked for."""
_LINE_KEYS = {
    "zh": f"lines：每行为一个对象，键取自 {'、'.join(FIELDS)}，值为不超过 {_LONGEST_VALUE} 个字符的文本",
    "en": f"lines: each is an object with keys of {', '.join(FIELDS)}, its values texts of at most {_LONGEST_VALUE:,} characters",
}
FindCandidates = Callable[[str], Mapping[str, Any]]
"""A description of goods to the document of `ecid.services.find_candidates`."""


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What a draft is held against. `candidates` None: candidate headings are not to be had; `authority` is what customs said in the matter of the
    enterprise, where it is known whose draft it is."""

    reference: Reference
    candidates: FindCandidates | None = None
    authority: Authority = field(default_factory=Authority)


def read_draft(paths: Sequence[Path], limits: Limits | None = None) -> ReadResult:
    """The lines of draft files. Days to come are no reason to refuse a line. Raises UnreadableFile, UnsupportedFormat, PayloadTooLarge."""
    return read_files(paths, date.max, limits or Limits(lines=MOST_LINES))


def sent_limits(settings: Settings) -> Limits:
    """How much of a draft is taken that comes with a request: while the caller waits, and in the memory of a function."""
    return Limits(
        file_bytes=settings.check_bytes,
        lines=settings.check_lines,
        archive_entries=500,
        unpacked_bytes=64 * 2**20,
        parser_bytes=2**30,
        parser_seconds=10,
    )


class TooManyDraftLines(PayloadTooLarge):
    """More lines than one request may ask about. Context: `limit`."""

    zh = "一次最多核对 {limit} 行；请分批提交，或用命令行 ecid check 核对文件。"
    en = "At most {limit} lines can be checked at once; send them in parts, or check the file with the command ecid check."


def read_sent(content: bytes, limits: Limits) -> ReadResult:
    """The lines of a draft file that came with a request, whatever kind it is by its content. It is on the disk only while it is read.

    Raises what `read_draft` raises; TooManyDraftLines beyond `limits.lines`.
    """
    with tempfile.TemporaryDirectory(prefix="ecid-draft-") as folder:
        path = Path(folder) / _SENT
        path.write_bytes(content)
        try:
            return read_draft([path], limits)
        except TooManyLines as error:
            raise TooManyDraftLines(limit=f"{limits.lines:,}") from error


def read_given(given: object, limits: Limits) -> ReadResult:
    """The lines of a draft that came as JSON: a list of objects, each with some of `FIELDS`, all values texts. Raises BadInput and TooManyDraftLines."""
    if not isinstance(given, list) or not given or not all(_is_line(line) for line in given):
        raise BadInput(detail=_LINE_KEYS)
    if len(given) > limits.lines:
        raise TooManyDraftLines(limit=f"{limits.lines:,}")
    return lines_given(given, date.max)


def _is_line(line: object) -> bool:
    """Halves of characters, which JSON can spell, cannot be written down."""
    if not isinstance(line, dict) or not line or not line.keys() <= FIELDS.keys():
        return False
    return all(isinstance(value, str) and len(value) <= _LONGEST_VALUE and not any("\ud800" <= char <= "\udfff" for char in value) for value in line.values())


def draft_document(read: ReadResult, knowledge: Knowledge, as_of: date, lang: Language) -> dict[str, Any]:
    """`check_draft` of what was read, with what could not be read: the whole document."""
    rejected = [{"row": row.row, "code": row.code, "reason": row.zh if lang == "zh" else row.en, "file": row.file} for row in read.rejected]
    reading = {name: getattr(read, name) for name in ("totals_rows", "blank_rows", "heading_rows", "title_rows")}
    return check_draft(read.lines, knowledge, as_of, lang) | {"reading": reading, "rejected_rows": rejected}


def check_draft(lines: pl.DataFrame, knowledge: Knowledge, as_of: date, lang: Language) -> dict[str, Any]:
    """The document of a draft (`docs/cli.md`, "ecid check"): its lines (`LINE_SCHEMA`), each as if declared on `as_of`, whatever day stands in it."""
    ids = lines["line_id"].to_list()
    drafted = lines.with_columns(declared_on=pl.lit(as_of, pl.Date))
    judged = run(drafted, knowledge.reference, load_policy(), Request("draft", "file", as_of, authority=knowledge.authority))
    checked = draft_lines(judged, ids)
    found: dict[str, Sequence[Mapping[str, Any]]] = {}
    outcomes = [line.outcome for line in checked]
    names = ("engine", "policy", "as_of", "reference", "authority")
    return {
        "as_of": as_of.isoformat(),
        "summary": {"lines": len(checked)} | {outcome: outcomes.count(outcome) for outcome in ("findings", "clear", "not_judged")},
        "lists": [_list(marks) for marks in _in_force(knowledge.reference.marks, as_of)],
        "candidates_asked": knowledge.candidates is not None,
        "lines": [
            {**_line(line, knowledge, as_of, found, lang), "row": row, "assumed": flags or []}
            for line, row, flags in zip(checked, lines["row"].to_list(), lines["flags"].to_list(), strict=True)
        ],
        "versions": {name: judged.result.versions[name] for name in names},
    }


def _in_force(lists: Iterable[Marks], day: date) -> list[Marks]:
    return [listing.of for listing in listings("", day, lists)]


def _list(marks: Marks) -> dict[str, str]:
    days = {"valid_from": marks.valid_from.isoformat(), "valid_to": marks.valid_to.isoformat()}
    return {"id": marks.id, "mark": marks.mark, "title": marks.title, **days, "source": marks.source}


def _line(line: DraftLine, knowledge: Knowledge, day: date, found: dict[str, Sequence[Mapping[str, Any]]], lang: Language) -> dict[str, Any]:
    own = listings(line.code, day, knowledge.reference.marks)
    ready = line.specification
    return {
        "line": line.line_id,
        "code": line.code,
        "name": line.name,
        "outcome": line.outcome,
        "code_state": line.judgement.state,
        "code_reason": line.judgement.reason,
        "edition": line.judgement.edition,
        "edition_substituted": line.judgement.substituted,
        "findings": [_finding(finding, lang) for finding in line.findings],
        "missing": list(line.missing),
        "ask": [{"label": question.label, "question": question.text[lang]} for question in line.questions],
        "suggested_codes": sorted({code for finding in line.findings for code in finding.suggested_codes} | set(line.judgement.suggestions)),
        "marks": [_listing(listing, lang) for listing in own if listing.state != "not_listed"],
        "candidates": [_candidate(one, line.code, own, knowledge, day, lang) for one in _candidates(line, knowledge, found)],
        "specification": None
        if ready is None
        else {
            "ready": ready.ready,
            "complete": not ready.open,
            "open": ready.open,
            "moved": ready.moved,
            "too_long": ready.too_long,
            "left_over": list(ready.left_over),
        },
    }


def _finding(finding: DraftFinding, lang: Language) -> dict[str, Any]:
    wording = rule_wording(finding.rule)
    return {
        "rule": finding.rule,
        "dimension": RULE_DIMENSIONS[finding.rule],
        "title": wording.title[lang],
        "question": wording.question[lang],
        "advice": wording.advice[lang],
        "basis": wording.basis[lang],
        "suggested_codes": list(finding.suggested_codes),
        "evidence": [in_language(item, lang) for item in finding.evidence],
    }


def _candidates(line: DraftLine, knowledge: Knowledge, found: dict[str, Sequence[Mapping[str, Any]]]) -> Sequence[Mapping[str, Any]]:
    """The best candidates; goods described alike are looked up once."""
    text = line.described.strip()[:_LONGEST_TEXT]
    if knowledge.candidates is None or not text:
        return ()
    if text not in found:
        best = knowledge.candidates(text)["candidates"][:SHOWN]
        found[text] = [one for one in best if one["score"] >= _LEAST]
    return found[text]


def _candidate(one: Mapping[str, Any], declared: str, own: Sequence[Listing], knowledge: Knowledge, day: date, lang: Language) -> dict[str, Any]:
    """A candidate with the lists that say something else of it than of the declared code."""
    here = listings(one["code"], day, knowledge.reference.marks)
    differing = [_listing(theirs, lang) | {"declared": ours.state} for theirs, ours in zip(here, own, strict=True) if differ(theirs, ours)]
    titles = one["titles"]
    return {
        "code": one["code"],
        "title": titles.get(lang) or next(iter(titles.values()), ""),
        "score": one["score"],
        "declared": declared.startswith(one["code"]),
        "differing_marks": differing,
    }


def _listing(listing: Listing, lang: Language) -> dict[str, Any]:
    return {
        "mark": listing.of.mark,
        "name": mark_name(listing.of.mark)[lang],
        "list": listing.of.id,
        "state": listing.state,
        "codes": [{"code": code, "says": says} for code, says in listing.codes.items()],
    }
