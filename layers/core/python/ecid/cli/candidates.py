"""`ecid candidates …`: which codes goods may belong under, of one description or of a file of them."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from rich.console import Console, RenderableType
from rich.progress import track
from rich.table import Table
from rich.text import Text

from ecid.bootstrap import Platform
from ecid.cli.options import DAY, lang_option
from ecid.cli.remote import ServerUnavailable, ask, printable, server_option
from ecid.errors import Language
from ecid.services.find_candidates import COUNT, COUNT_OF_FILE, MOST, Query, read_queries

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
    "none": {"zh": "没有可据以回答的资料。", "en": "Nothing is known to answer with."},
    "suspicion": {"zh": "申报编码 {code} 有误的可能：{share:.0%}", "en": "How likely the declared code {code} is wrong: {share:.0%}"},
    "against": {"zh": "反对：", "en": "against: "},
}


@click.command("candidates")
@click.argument("text", required=False)
@click.option("--file", "queries", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Queries as JSON lines: id, text, lang, declared.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Where the answers to --file go, a line each.")
@click.option("--declared", metavar="CODE", help="A code that was declared: says how likely it is wrong.")
@click.option("--top", type=click.IntRange(1, MOST), show_default=f"{COUNT}, {COUNT_OF_FILE} with --file", help="Candidates that are answered with.")
@click.option("--as-of", type=DAY, metavar="DAY", help="Day whose tariff and knowledge count (default: today in Beijing).")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
@server_option
@lang_option
@click.pass_obj
def candidates_command(platform: Platform, /, text: str | None, queries: Path | None, out: Path | None, lang: Language, **options: Any) -> None:
    """Rank the six-digit codes that goods may belong under, each with its confidence and evidence."""
    if queries is not None and out is not None and text is None and not options["server"] and not options["declared"]:
        if not out.parent.is_dir():
            raise click.BadParameter(f"there is no folder {printable(str(out.parent))}", param_hint="--out")
        asked = list(read_queries(queries.read_bytes()))
        index, top = platform.candidates, options["top"] or COUNT_OF_FILE
        _write(out, [index.predict(query, top, options["as_of"]) for query in _watched(asked)])
    elif text is not None and queries is None and out is None:
        _show(_answer(platform, text, lang, options), lang, options)
    else:
        raise click.UsageError("give either TEXT, or --file with --out, of this machine")


def _answer(platform: Platform, text: str, lang: Language, options: Mapping[str, Any]) -> Mapping[str, Any]:
    top, declared = options["top"] or COUNT, options["declared"] or None
    if options["server"]:
        query = {"text": text, "lang": lang, "top": top, "declared": declared, "as_of": options["as_of"]}
        return ask(options["server"], ("v1", "candidates"), query, ("name", "decided", "candidates"))
    return platform.candidates.find(text, top=top, declared=declared, as_of=options["as_of"])


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


def _show(answer: Mapping[str, Any], lang: Language, options: Mapping[str, Any]) -> None:
    if options["as_json"]:
        click.echo(json.dumps(answer, ensure_ascii=False, indent=2))
        return
    try:
        shown = _drawn(printable(answer), lang, options["declared"])
    except (KeyError, TypeError, ValueError, AttributeError) as fault:
        if not options["server"]:
            raise
        raise ServerUnavailable(server=options["server"], reason="answer of another version, try --json") from fault
    Console().print(*shown, sep="\n")


def _drawn(answer: Mapping[str, Any], lang: Language, declared: str | None) -> list[RenderableType]:
    word = {key: text[lang] for key, text in _WORDS.items()}
    if not answer["candidates"]:
        return [word["none"]]
    table = Table(word["code"], word["score"], word["heading"], word["wording"], word["evidence"])
    for one in answer["candidates"]:
        shares = (f"{one['score']:.2f}", f"{one['heading_score']:.2f}")
        table.add_row(
            f"{one['code'][:4]}.{one['code'][4:]}",
            *shares,
            Text(_title(one["titles"], lang)),
            Text(_evidence(one["evidence"], word["against"]), overflow="fold"),
        )
    told = word["suspicion"].format(code=declared, share=answer["suspicion"]) if declared else ""
    return [*([] if answer["decided"] else [word["undecided"]]), table, *([Text(told)] if told else [])]


def _title(titles: Mapping[str, str], lang: Language) -> str:
    return titles.get(lang) or next(iter(titles.values()), "")


def _evidence(pieces: Sequence[Mapping[str, str]], against: str) -> str:
    shown = (piece for piece in pieces if piece["kind"] != "wording")
    return "\n".join(f"{against if piece['speaks'] == 'against' else ''}{piece['record']}: {piece['quote'][:60]}" for piece in shown)
