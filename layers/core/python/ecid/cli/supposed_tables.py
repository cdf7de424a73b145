"""What `ecid scan --suppose` shows a person: the score as supposed, by dimension, and what was not supposed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ecid.declarations.rejections import printable
from ecid.errors import Language

_WORDS = {
    "title": {"zh": "假设的得分：{after}（现为 {before}），改动 {n} 行", "en": "Score as supposed: {after} (now {before}); lines changed: {n}"},
    "dimension": {"zh": "维度", "en": "dimension"},
    "before": {"zh": "现失分", "en": "lost now"},
    "lost": {"zh": "假设后失分", "en": "lost as supposed"},
    "ended": {"zh": "不再待核", "en": "no longer needs review"},
    "begun": {"zh": "新增待核", "en": "would need review"},
    "unknown": {"zh": "没有这样的申报行", "en": "no such line"},
    "refused": {"zh": "未采用的改动", "en": "changes not taken"},
    "more": {"zh": "另有 {n} 项，见 --json", "en": "{n} more, see --json"},
}
_SHOWN = 10


def show_supposed(supposed: Mapping[str, Any], lang: Language) -> None:
    """The answer (docs/score-questions.md, "simulate") as tables on standard output."""
    console, word = Console(), {key: text[lang] for key, text in _WORDS.items()}
    scores = {"after": _score(supposed["score_exact_micro"]), "before": _score(supposed["before_micro"]), "n": len(supposed["lines"])}
    table = Table(word["dimension"], word["before"], word["lost"], title=word["title"].format_map(scores))
    for one in supposed["dimensions"]:
        if one["before_micro"] is not None or one["lost_micro"] is not None:
            table.add_row(f"{one['dimension']} {one['name']}", _points(one["before_micro"]), _points(one["lost_micro"]))
    console.print(table)
    console.print(f"[dim]{supposed['hypothesis']}[/dim]")
    for kind in ("ended", "begun"):
        _list(console, word, kind, [f"{finding['title']}  {finding['code']}  [{finding['id']}]" for finding in supposed[kind]])
    _list(console, word, "unknown", supposed["unknown_lines"])
    _list(console, word, "refused", [f"{row['row']}: {row['reason']} ({row['code']})" for row in supposed["refused_rows"]])


def _list(console: Console, word: Mapping[str, str], kind: str, told: list[str]) -> None:
    if told:
        console.print(f"{word[kind]}: {len(told)}")
        for text in told[:_SHOWN]:
            console.print(f"  {escape(printable(text))}")
        if len(told) > _SHOWN:
            console.print("  " + word["more"].format(n=len(told) - _SHOWN))


def _score(micro: int | None) -> str:
    return "–" if micro is None else f"{micro // 100_000 / 10:.1f}"


def _points(micro: int | None) -> str:
    return "–" if micro is None else f"{micro / 1e6:.2f}"
