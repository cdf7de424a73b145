"""`ecid check DRAFT_FILE…`: the rules on a draft, before it is lodged (score.md, "check")."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, TextColumn, TimeElapsedColumn

from ecid.bootstrap import Platform
from ecid.cli.index import ready_index
from ecid.cli.options import DAY, lang_option
from ecid.cli.remote import ServerUnavailable, ask, server_option
from ecid.declarations.readers import Limits
from ecid.declarations.rejections import printable
from ecid.errors import BadInput, Language
from ecid.services.check_draft import MOST_LINES, FindCandidates, draft_document, read_draft

_WORDS = {
    "looking_up": {"zh": "查找可能的子目", "en": "looking up candidates"},
    "summary": {
        "zh": "申报行 {lines}：待核 {findings}，无待核事项 {clear}，无法核对 {not_judged}",
        "en": "{lines} lines: {findings} need review, {clear} have nothing to review, {not_judged} could not be judged",
    },
    "clear": {"zh": "无待核事项", "en": "nothing to review"},
    "not_judged": {"zh": "无法核对：没有该编码的税则或申报要素资料", "en": "could not be judged: the code's tariff line or its elements are not loaded"},
    "ask": {"zh": "请确认", "en": "Ask"},
    "suggested": {"zh": "建议编码", "en": "Suggested codes"},
    "candidates": {"zh": "可能的子目", "en": "Candidates"},
    "declared": {"zh": "（申报）", "en": " (declared)"},
    "marks": {"zh": "名录", "en": "On the list"},
    "listed": {"zh": "在列", "en": "listed"},
    "possible": {"zh": "部分十位编码在列", "en": "some of its ten-digit codes are listed"},
    "not_listed": {"zh": "不在列", "en": "not listed"},
    "ready": {"zh": "规格型号（可粘贴）", "en": "Specification, ready to paste"},
    "open": {"zh": "规格型号（待补〔〕）", "en": "Specification, with 〔〕 to fill in"},
    "moved": {"zh": "原文品名写在两项代码之前，各项内容已前移一位", "en": "The goods name stood before the two codes: every value was moved one place forward"},
    "too_long": {"zh": "超过255个字符，超出部分写入备注", "en": "more than 255 characters: what is beyond belongs into the remarks"},
    "left_over": {"zh": "没有位置的内容", "en": "Values without a place"},
    "rejected": {"zh": "未读入的行", "en": "rows not read"},
    "no_candidates": {
        "zh": "没有候选归类的资料（先运行 ecid knowledge build），未查可能的子目。",
        "en": "There is no index of candidates (run ecid knowledge build): candidates were not looked up.",
    },
    "substituted": {
        "zh": "{n} 行没有当日的税则版本，按最近的版本核对。",
        "en": "{n} lines were judged by the nearest edition of the tariff: that of the day is not loaded.",
    },
    "no_lists": {"zh": "没有当日有效的名录，未比对许可等标记。", "en": "No list in force on the day is loaded: marks were not compared."},
}
_TITLE = 40
"""Characters of a candidate's wording that a person is shown."""


@click.command("check")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="DRAFT_FILE...")
@click.option("--as-of", type=DAY, help="The day on which it is to be declared (default: today in Beijing).")
@click.option("--fail-on-findings", is_flag=True, help="Exit with 1 when a line needs review, could not be judged or could not be read.")
@click.option("--max-lines", type=click.IntRange(1), default=MOST_LINES, show_default=True, help="Refuse more lines than this.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
@server_option
@lang_option
@click.pass_obj
def check_command(platform: Platform, /, paths: tuple[Path, ...], as_of: date | None, max_lines: int, lang: Language, **options: Any) -> None:
    """Check a draft before it is lodged: what is missing, what to ask, and the specification ready to paste."""
    server: str | None = options["server"]
    document = _of_server(server, paths, as_of, lang) if server else _of_here(platform, paths, as_of, max_lines, lang)
    if options["as_json"]:
        click.echo(json.dumps(document, ensure_ascii=False, indent=2))
    else:
        console = Console(highlight=False)
        for text in _told_of(document, lang, server):
            console.print(text, soft_wrap=True)
    if options["fail_on_findings"] and (document["rejected_rows"] or document["summary"]["clear"] < document["summary"]["lines"]):
        raise SystemExit(1)


def _of_here(platform: Platform, paths: tuple[Path, ...], as_of: date | None, max_lines: int, lang: Language) -> dict[str, Any]:
    day = as_of or platform.today()
    read = read_draft(paths, Limits(lines=max_lines))
    ready_index(platform, lang)
    knowledge = platform.draft_knowledge(day)
    with _watched(knowledge.candidates, lang) as candidates:
        return draft_document(read, replace(knowledge, candidates=candidates), day, lang)


def _of_server(server: str, paths: tuple[Path, ...], as_of: date | None, lang: Language) -> dict[str, Any]:
    """What the server says of the file, which it reads itself. Several files would be one draft there only if they were one file."""
    if len(paths) > 1:
        raise BadInput(detail={"zh": "--server：一次只能核对一个文件", "en": "--server: one file at a time"})
    keys = ("as_of", "summary", "lines", "rejected_rows")
    found = ask(server, ("v1", "declarations", "check"), {"as_of": as_of, "lang": lang}, keys, body=paths[0].read_bytes())
    if not (isinstance(found["summary"], dict) and {"lines", "clear"} <= found["summary"].keys()):
        raise ServerUnavailable(server=server, reason="no such answer")
    return found


def _told_of(document: Mapping[str, Any], lang: Language, server: str | None) -> list[str]:
    """The document for a person. Raises ServerUnavailable where a server of another version answered."""
    try:
        return [*_shown(document, lang)]
    except (KeyError, TypeError, ValueError, AttributeError) as fault:
        if not server:
            raise
        raise ServerUnavailable(server=server, reason="answer of another version, try --json") from fault


@contextmanager
def _watched(candidates: FindCandidates | None, lang: Language) -> Iterator[FindCandidates | None]:
    """The candidates, with a count of the goods looked up so far, on a terminal only."""
    if candidates is None:
        yield None
        return
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}: {task.completed}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(_WORDS["looking_up"][lang], total=None)

        def counted(text: str) -> Mapping[str, Any]:
            bar.advance(task)
            return candidates(text)

        yield counted


def _shown(document: Mapping[str, Any], lang: Language) -> Iterator[str]:
    word = {key: text[lang] for key, text in _WORDS.items()}
    yield f"[bold]{word['summary'].format(**document['summary'])}[/bold]"
    if not document["candidates_asked"]:
        yield f"[dim]{word['no_candidates']}[/dim]"
    if not document["lists"]:
        yield f"[dim]{word['no_lists']}[/dim]"
    if substituted := sum(line["edition_substituted"] for line in document["lines"]):
        yield f"[dim]{word['substituted'].format(n=substituted)}[/dim]"
    for line in document["lines"]:
        yield f"\n[bold]{_safe(line['line'])}[/bold]  {_safe(line['code'])}  {_safe(line['name'])}"
        yield from (f"  {text}" for text in _told(line, word))
    if document["rejected_rows"]:
        yield f"\n{word['rejected']}: {len(document['rejected_rows'])}"
        yield from (f"  {row['row']}: {_safe(row['reason'])} ({_safe(row['code'])})" for row in document["rejected_rows"])


def _told(line: Mapping[str, Any], word: Mapping[str, str]) -> list[str]:
    told = [f"• {_safe(finding['title'])} [dim]{_safe(finding['rule'])}[/dim]" for finding in line["findings"]]
    if line["outcome"] != "findings":
        told = [word[line["outcome"]]]
    told += [f"{word['ask']}: {_safe(question['question'])}" for question in line["ask"]]
    if line["suggested_codes"]:
        told.append(f"{word['suggested']}: {_safe(', '.join(line['suggested_codes']))}")
    told += [f"{word['marks']}: {_safe(mark['name'])} – {word[mark['state']]}" for mark in line["marks"]]
    if line["outcome"] == "findings" and line["candidates"]:
        told += [f"{word['candidates']}:", *(f"  {_candidate(one, word)}" for one in line["candidates"])]
    return told + _specification(line["specification"], word)


def _candidate(one: Mapping[str, Any], word: Mapping[str, str]) -> str:
    marks = "".join(f"; {_safe(mark['name'])}: {word[mark['state']]}" for mark in one["differing_marks"])
    return f"{_safe(one['code'])} {one['score']:.2f}{word['declared'] if one['declared'] else ''} {_safe(one['title'][:_TITLE])}{marks}"


def _specification(found: Mapping[str, Any] | None, word: Mapping[str, str]) -> list[str]:
    if found is None:
        return []
    told = [f"{word['ready' if found['complete'] else 'open']}: {_safe(found['ready'])}"]
    if found["moved"]:
        told.append(word["moved"])
    if found["too_long"]:
        told.append(word["too_long"])
    if found["left_over"]:
        told.append(f"{word['left_over']}: {_safe('; '.join(found['left_over']))}")
    return told


def _safe(text: str) -> str:
    return escape(printable(text))
