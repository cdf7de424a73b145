"""`ecid review [FINDING]`: the owner's marks on findings of a stored result, "reviewed, kept, because…". They show; the points stay."""

from __future__ import annotations

import json
from collections.abc import Mapping

import click
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from ecid.bootstrap import Platform
from ecid.cli.options import lang_option
from ecid.cli.remote import printable
from ecid.errors import Language, ReportNotReady
from ecid.identity.codes import check_uscc
from ecid.services.review_findings import marks_of

_WORDS = {
    "finding": {"zh": "待核事项", "en": "needs review"},
    "because": {"zh": "已复核，保留，因为", "en": "reviewed, kept, because"},
    "by": {"zh": "署名", "en": "by"},
    "on": {"zh": "日期", "en": "on"},
    "gone": {"zh": "（最新结果中已无此项）", "en": "(no longer in the newest result)"},
    "none": {"zh": "没有复核标记", "en": "No finding is marked."},
    "kept": {"zh": "已标记 {finding}：{title}。分数不变。", "en": "Marked {finding}: {title}. The points stay."},
    "withdrawn": {"zh": "已撤回对 {finding} 的标记", "en": "The mark on {finding} was taken back."},
}


@click.command("review")
@click.argument("finding", required=False)
@click.option("--as", "enterprise", required=True, metavar="USCC", help="The enterprise whose finding it is.")
@click.option("--because", metavar="TEXT", help="Why it is kept, at most 500 characters.")
@click.option("--by", default="", metavar="NAME", help="Who reviewed it.")
@click.option("--withdraw", is_flag=True, help="Take the mark back.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
@lang_option
@click.pass_obj
def review_command(
    platform: Platform, /, finding: str | None, enterprise: str, because: str | None, by: str, withdraw: bool, as_json: bool, lang: Language
) -> None:
    """Mark a finding of the newest stored result as reviewed and kept, take a mark back, or list the marks."""
    uscc = check_uscc(enterprise).value
    if finding is None and (because is not None or withdraw):
        raise click.UsageError("name the FINDING")
    if finding is not None and (because is not None) == withdraw:
        raise click.UsageError("give either --because or --withdraw")
    if finding is None:
        _show(_listed(platform, uscc, lang), lang, as_json=as_json)
    elif withdraw:
        name = _marked(platform, uscc, finding)
        platform.reviews().withdraw(uscc, name, platform.now())
        _say({"finding": name, "withdrawn": True}, _WORDS["withdrawn"][lang].format(finding=name), as_json=as_json)
    else:
        one = platform.questions().finding(uscc, finding, lang)
        mark = platform.reviews().keep(uscc, one["id"], because or "", by, platform.now())
        told = {"finding": one["id"], "because": mark.because, "by": mark.by, "on": mark.on.isoformat()}
        _say(told, _WORDS["kept"][lang].format(finding=one["id"], title=one["title"]), as_json=as_json)


def _marked(platform: Platform, uscc: str, name: str) -> str:
    """The marked finding whose id begins so, be it in the newest result or gone from it; else the text itself, which will not be found."""
    found = [marked for marked in marks_of(platform.store, uscc) if len(name) >= 4 and marked.startswith(name.lower())]
    return found[0] if len(found) == 1 else str(printable(name))[:40]


def _listed(platform: Platform, uscc: str, lang: Language) -> list[dict[str, object]]:
    """All marks; `title` is null where the newest result has no such finding, or there is none."""
    try:
        titles = {finding["id"]: finding["title"] for finding in platform.questions().explain(uscc, lang)["findings"]}
    except ReportNotReady:
        titles = {}
    marks = marks_of(platform.store, uscc)
    return [
        {"finding": name, "title": titles.get(name), "because": mark.because, "by": mark.by, "on": mark.on.isoformat()} for name, mark in sorted(marks.items())
    ]


def _show(marks: list[dict[str, object]], lang: Language, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(marks, ensure_ascii=False, indent=2))
        return
    word = {key: text[lang] for key, text in _WORDS.items()}
    if not marks:
        click.echo(word["none"])
        return
    table = Table(Column(no_wrap=True), word["finding"], word["because"], word["by"], word["on"])
    for mark in printable(marks):
        table.add_row(mark["finding"], Text(mark["title"] or word["gone"]), Text(mark["because"]), Text(mark["by"]), mark["on"])
    Console().print(table)


def _say(told: Mapping[str, object], sentence: str, *, as_json: bool) -> None:
    click.echo(json.dumps(told, ensure_ascii=False, indent=2) if as_json else printable(sentence))
