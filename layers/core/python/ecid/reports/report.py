"""What a report is made of, and its JSON: the document of `ecid scan --json`, in pieces so that a long ledger is never one text in memory."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from ecid.declarations.rejections import RejectedRow, Rejections
from ecid.errors import Language
from ecid.scoring import breakdown
from ecid.scoring.breakdown import Breakdown
from ecid.scoring.causes import Cause
from ecid.scoring.forecast import Forecast, answer_to_json
from ecid.scoring.misclassified import OwnCode, own_to_json
from ecid.scoring.plan import Plan
from ecid.scoring.result import Result, to_json


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read beside the lines, of a result from files. `passed_over`: rows that are no declaration lines, by kind; `flags`: by flag the lines about
    which something was assumed."""

    files: tuple[str, ...] = ()
    rejected: Rejections = field(default_factory=Rejections)
    passed_over: Mapping[str, int] = field(default_factory=lambda: dict.fromkeys(("totals_rows", "blank_rows", "heading_rows", "title_rows"), 0))
    flags: Mapping[str, Iterable[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Report:
    """One result with all that a report says of it, in one language.

    `plan` is the one that was asked for by itself, `plans` are those that the report shows. `forecast` and `misclassified` as `ecid.services.scan_files` has
    them: no forecast where the period does not move. `supposed` is the answer to what was asked about lines declared otherwise, as in the document.
    """

    result: Result
    causes: tuple[Cause, ...]
    breakdowns: tuple[Breakdown, ...]
    lang: Language
    plans: tuple[Plan, ...] = ()
    plan: Plan | None = None
    forecast: tuple[Forecast, ...] = ()
    misclassified: tuple[OwnCode, ...] = ()
    reading: Reading = field(default_factory=Reading)
    supposed: Mapping[str, Any] | None = None


def document_of(report: Report) -> dict[str, object]:
    """The document (docs/cli.md, "ecid scan"). Lists that are as long as the input are iterators, which `pieces_of` takes one by one."""
    lang, reading = report.lang, report.reading
    document = to_json(report.result, [], lang)
    return {
        **document,
        "findings": iter(document["findings"]),
        "causes": (cause.to_json(lang) for cause in report.causes),
        "breakdown": breakdown.to_json(report.breakdowns, lang),
        "plan": report.plan.to_json(lang) if report.plan else None,
        "forecast": answer_to_json(report.forecast, lang),
        "misclassified": [own_to_json(own, lang) for own in report.misclassified],
        "supposed": report.supposed,
        "rejected_rows": (_rejected(row, lang) for row in reading.rejected),
        "reading": {**reading.passed_over, "flags": {flag: iter(ids) for flag, ids in reading.flags.items()}},
    }


def pieces_of(value: object, indent: str = "") -> Iterator[str]:
    """`json.dumps(value, indent=2)` in pieces; an iterator stands for a list."""
    inner, opened = f"{indent}  ", False
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield f"{',' if opened else '{'}\n{inner}{json.dumps(key)}: "
            yield from pieces_of(part, inner)
            opened = True
        yield f"\n{indent}}}" if opened else "{}"
    elif isinstance(value, Iterator):
        for part in value:
            yield f"{',' if opened else '['}\n{inner}{_dumped(part, inner)}"
            opened = True
        yield f"\n{indent}]" if opened else "[]"
    else:
        yield _dumped(value, indent)


def write_json(report: Report, out: BinaryIO) -> None:
    """The document as UTF-8."""
    out.writelines(piece.encode("utf-8", "replace") for piece in pieces_of(document_of(report)))
    out.write(b"\n")


def _rejected(row: RejectedRow, lang: Language) -> dict[str, Any]:
    found: dict[str, object] = {"row": row.row, "code": row.code, "reason": row.zh if lang == "zh" else row.en}
    return found | ({"file": row.file} if row.file else {})


def _dumped(value: object, indent: str) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2).replace("\n", f"\n{indent}")
