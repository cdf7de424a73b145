"""`ecid candidates …`: which codes goods may belong under, of one description or of a file of them."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.markup import escape
from rich.progress import track
from rich.table import Table

from ecid.bootstrap import Platform
from ecid.cli.options import DAY, lang_option
from ecid.errors import Language
from ecid.knowledge.candidates.answer import Answer, Candidate, candidates
from ecid.knowledge.retrieval.text import language_of
from ecid.services.find_candidates import Query, open_index, plain_code, predict, read_queries

_WORDS = {
    "code": {"zh": "子目", "en": "Subheading"},
    "score": {"zh": "把握", "en": "Confidence"},
    "heading": {"zh": "品目把握", "en": "Of the heading"},
    "wording": {"zh": "条文", "en": "Wording"},
    "evidence": {"zh": "依据", "en": "Evidence"},
    "undecided": {
        "zh": "描述不足以确定品目，以下仅供参考；请补充材质、用途、结构等。",
        "en": "The description does not decide on a heading; what follows is for orientation. Say material, use and construction.",
    },
    "none": {"zh": "没有可用的知识，或描述为空。", "en": "Nothing is known to answer with, or the description is empty."},
    "suspicion": {"zh": "申报编码 {code} 有误的可能：{share:.0%}", "en": "How likely the declared code {code} is wrong: {share:.0%}"},
    "against": {"zh": "反对：", "en": "against: "},
}


@click.command("candidates")
@click.argument("text", required=False)
@click.option("--file", "queries", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Queries as JSON lines: id, text, lang, declared.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Where the answers to --file go, a line each.")
@click.option("--declared", help="A code that was declared: says how likely it is wrong.")
@click.option("--top", type=click.IntRange(1, 100), default=10, show_default=True, help="Candidates that are answered with.")
@click.option("--as-of", type=DAY, help="Day whose tariff and knowledge count (default: today in Beijing).")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
@lang_option
@click.pass_obj
def candidates_command(platform: Platform, /, text: str | None, queries: Path | None, out: Path | None, lang: Language, **options: Any) -> None:
    """Rank the six-digit codes that goods may belong under, each with its confidence and evidence."""
    day = options["as_of"] or platform.today()
    if queries is not None and out is not None and text is None:
        asked = list(read_queries(queries.read_bytes()))
        index = open_index(platform.settings.home, platform.settings.pack_dir, day)
        _write(out, [predict(index, query, options["top"]) for query in _watched(asked)])
    elif text is not None and queries is None and out is None:
        declared = plain_code(options["declared"]) if options["declared"] else None
        index = open_index(platform.settings.home, platform.settings.pack_dir, day)
        answer = candidates(index, text, language_of(text), top=options["top"], declared=declared)
        _show(answer, declared, lang, as_json=options["as_json"])
    else:
        raise click.UsageError("give either TEXT, or --file with --out")


def _watched(asked: Sequence[Query]) -> Iterable[Query]:
    return track(asked, console=Console(stderr=True), disable=not sys.stderr.isatty(), transient=True)


def _write(out: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """All lines or none."""
    unfinished = out.with_name(f"{out.name}.{os.getpid()}.part")
    try:
        unfinished.write_text("".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows), "utf-8")
        unfinished.replace(out)
    finally:
        unfinished.unlink(missing_ok=True)


def _document(answer: Answer) -> dict[str, object]:
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
    found: dict[str, object] = {"name": answer.name, "decided": answer.decided, "candidates": rows}
    return found | ({"suspicion": round(answer.suspicion, 6)} if answer.suspicion is not None else {})


def _show(answer: Answer, declared: str | None, lang: Language, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(_document(answer), ensure_ascii=False, indent=2))
        return
    word = {key: text[lang] for key, text in _WORDS.items()}
    if not answer.candidates:
        click.echo(word["none"])
        return
    if not answer.decided:
        click.echo(word["undecided"])
    table = Table(word["code"], word["score"], word["heading"], word["wording"], word["evidence"])
    for one in answer.candidates:
        shares = (f"{one.score:.2f}", f"{one.heading_score:.2f}")
        wording, evidence = escape(_title(one, lang)), escape(_evidence(one, word["against"]))
        table.add_row(f"{one.code[:4]}.{one.code[4:]}", *shares, wording, evidence)
    Console().print(table)
    if declared is not None and answer.suspicion is not None:
        click.echo(word["suspicion"].format(code=declared, share=answer.suspicion))


def _title(one: Candidate, lang: Language) -> str:
    return one.titles.get(lang) or next(iter(one.titles.values()), "")


def _evidence(one: Candidate, against: str) -> str:
    return "\n".join(f"{against if piece.speaks == 'against' else ''}{piece.record}: {piece.quote[:60]}" for piece in one.evidence if piece.kind != "wording")
