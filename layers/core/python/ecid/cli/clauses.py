"""`ecid clauses "…"` and `ecid tariff CODE`: what the rules say, and what the tariff says of a code, on a day."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import click
from rich.console import Console, Group, RenderableType
from rich.text import Text

from ecid.bootstrap import Platform
from ecid.cli.options import DAY, lang_option
from ecid.cli.remote import ServerUnavailable, ask, printable, server_option
from ecid.errors import Language
from ecid.knowledge.records import KINDS
from ecid.services.search_clauses import COUNT, MOST, Request, tariff_line

_SHOWN = 240
_WORDS = {
    "still": {"zh": "至今", "en": "still"},
    "lapsed": {"zh": "当日无效", "en": "not in force that day"},
    "words": {"zh": "向量索引不可用，仅按字词排序。", "en": "The vectors could not be read: ranked by words alone."},
    "nothing": {"zh": "没有符合条件的条目。", "en": "No record fits."},
    "elements": {"zh": "申报要素", "en": "declaration elements"},
    "units": {"zh": "法定单位", "en": "units"},
    "edition": {"zh": "版本", "en": "edition"},
    "substituted": {"zh": "，非当日版本", "en": ", not that of the day"},
    "suggestions": {"zh": "可参考", "en": "see"},
}
_STATES = {
    "valid": {"zh": "有效", "en": "in force"},
    "unknown": {"zh": "查无此编码", "en": "known nowhere"},
    "not_in_force": {"zh": "当日无效", "en": "not in force that day"},
    "unproven": {"zh": "无法证实", "en": "cannot be proven"},
    "not_judged": {"zh": "未判断，缺少税则资料", "en": "not judged: no tariff is loaded that could tell"},
}


@click.command("clauses")
@click.argument("text", default="")
@click.option("--code", default="", metavar="CODE", help="Only what speaks about this code or prefix.")
@click.option("--kind", type=click.Choice(KINDS), help="Only records of this kind.")
@click.option("--as-of", "as_of", type=DAY, metavar="DAY", help="Only what was in force on this day; without it lapsed records are shown as such.")
@click.option("--top", type=click.IntRange(1, MOST), default=COUNT, show_default=True, help="How many.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
@server_option
@lang_option
@click.pass_obj
def clauses_command(platform: Platform, /, text: str, code: str, kind: str | None, as_of: date | None, top: int, lang: Language, **options: Any) -> None:
    """Search tariff lines, notes, decisions, rules and procedures, in Chinese or English. What the sources do not hold is said to be so (exit 0)."""
    if options["server"]:
        query = {"q": text, "code": code, "kind": kind, "as_of": as_of, "lang": lang, "top": top}
        answer = ask(options["server"], ("v1", "clauses"), query, ("results", "ranked_by"))
    else:
        answer = platform.clauses.search(Request(text, code, kind or "", as_of, lang, top))
    if options["as_json"]:
        click.echo(json.dumps(answer, ensure_ascii=False, indent=2))
        return
    shown = _drawn(lambda: _clauses(answer, lang), options["server"])
    if answer["ranked_by"] == "words":
        click.echo(_WORDS["words"][lang], err=True)
    Console().print(shown)


@click.command("tariff")
@click.argument("code")
@click.option("--as-of", "as_of", type=DAY, metavar="DAY", help="The day; without it today in Beijing.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
@server_option
@lang_option
@click.pass_obj
def tariff_command(platform: Platform, code: str, as_of: date | None, as_json: bool, server: str | None, lang: Language) -> None:
    """What the tariff says of a code of 8, 10 or 13 digits on a day: its line, elements and units, or what took its place."""
    if server:
        answer = ask(server, ("v1", "tariff", code), {"as_of": as_of, "lang": lang}, ("code", "state", "line"))
    else:
        answer = tariff_line(platform.published.tariff, code, as_of or platform.today())
    if as_json:
        click.echo(json.dumps(answer, ensure_ascii=False, indent=2))
        return
    Console().print(_drawn(lambda: _tariff(answer, lang), server))


def _drawn(drawing: Callable[[], RenderableType], server: str | None) -> RenderableType:
    """The answer for a person. Raises ServerUnavailable where a server of another version answered."""
    try:
        return drawing()
    except (KeyError, TypeError, ValueError, AttributeError) as fault:
        if not server:
            raise
        raise ServerUnavailable(server=server, reason="answer of another version, try --json") from fault


def _clauses(answer: Mapping[str, Any], lang: Language) -> Group:
    parts = [_result(result, lang) for result in answer["results"]]
    told = answer.get("reason") or (None if parts else _WORDS["nothing"][lang])
    return Group(*parts, *([Text(printable(told))] if told else []))


def _result(result: Mapping[str, Any], lang: Language) -> Text:
    text = Text(f"{result['kind']} ", style="cyan")
    text.append(printable(result["title"]), style="bold")
    text.append(f"  {', '.join(result['codes'])}\n", style="not bold")
    shown = printable(result["text"])
    text.append(shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…", style="not bold default")
    lapsed = "" if result["in_force"] else f" · {_WORDS['lapsed'][lang]}"
    valid = f"{result['valid_from']} – {result['valid_to'] or _WORDS['still'][lang]}{lapsed}"
    return text.append(f"\n{result['id']} · {valid} · {printable(result['source'])}\n", style="not bold dim")


def _tariff(answer: Mapping[str, Any], lang: Language) -> Text:
    text = Text(f"{answer['code']}  {answer['as_of']}  {_STATES[answer['state']][lang]}\n", style="bold")
    line = answer["line"]
    if line:
        named = [*line["path"], line["name"], *([line["name_en"]] if line["name_en"] else [])]
        text.append(printable(" › ".join(named)) + "\n", style="not bold")
        if line["units"]:
            text.append(f"{_WORDS['units'][lang]}: {', '.join(line['units'])}\n", style="not bold")
        text.append(f"{_WORDS['elements'][lang]}: ", style="not bold")
        text.append(printable("；".join(f"{element['number']}.{element['label']}" for element in line["elements"]) or "–") + "\n", style="not bold")
    if answer["suggestions"]:
        text.append(f"{_WORDS['suggestions'][lang]}: {', '.join(answer['suggestions'])}\n", style="not bold")
    if answer["edition"]:
        substituted = _WORDS["substituted"][lang] if answer["substituted"] else ""
        text.append(f"{_WORDS['edition'][lang]}: {answer['edition']}{substituted}", style="not bold dim")
    return text
