"""An answer of the assistant on a terminal: its blocks as tables, bars and numbered sources. All of it came from outside and is printable already."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.padding import Padding
from rich.table import Column, Table
from rich.text import Text

from ecid.assistant.wording import label, shown_day
from ecid.errors import Language

Block = Mapping[str, Any]
_BAR = 20
"""Cells of a bar that stands for all points of a dimension."""
_COLON, _COMMA, _DASH = {"zh": "：", "en": ": "}, {"zh": "，", "en": ", "}, {"zh": "。", "en": " – "}
_WORDS = {
    "dimension": {"zh": "维度", "en": "dimension"},
    "lost": {"zh": "扣分", "en": "lost"},
    "of": {"zh": "满分", "en": "of"},
    "step": {"zh": "更正什么", "en": "what to correct"},
    "declarations": {"zh": "报关单", "en": "declarations"},
    "route": {"zh": "途径", "en": "by"},
    "score": {"zh": "更正后得分", "en": "score after"},
}


def shown(blocks: list[Block], lang: Language) -> Iterator[RenderableType]:
    """The blocks of an answer, with an empty line between two. A block of another version is shown as far as it has text. Raises nothing."""
    for place, block in enumerate(blocks):
        if place:
            yield Text()
        try:
            yield _KINDS[str(block.get("kind"))](block, lang)
        except (KeyError, TypeError, ValueError, AttributeError):
            yield Text(str(block.get("text", block.get("kind", ""))))


def sources(items: list[Mapping[str, Any]], lang: Language) -> Iterator[RenderableType]:
    """The records that an answer rests on, whole: number, title, id, validity, words, gloss, where to read on."""
    for number, one in enumerate(items, 1):
        yield _cited(number, one, lang, whole=True)


def _paragraph(block: Block, _: Language) -> RenderableType:
    return Text(block["text"])


def _question(block: Block, _: Language) -> RenderableType:
    return Text(f"? {block['text']}", style="bold cyan")


def _list(block: Block, _: Language) -> RenderableType:
    items = Table.grid(Column(), Column(overflow="fold"), padding=(0, 1))
    for item in block["items"]:
        items.add_row(Text("•"), Text(item))
    return items


def _table(block: Block, _: Language) -> RenderableType:
    table = Table(*(Column(escape(cell), overflow="fold") for cell in block["head"]))
    for row in block["rows"]:
        table.add_row(*(Text(cell) for cell in row))
    return Group(Text(block["title"], style="bold"), table) if block["title"] else table


def _finding(block: Block, lang: Language) -> RenderableType:
    points = label("no_points", lang) if block["points"] is None else label("points", lang).format(points=block["points"])
    comma = label("comma", lang)
    told = Text(f"{block['number']}. {block['title']}", style="bold").append(f"   {points}", style="red")
    told.append(f"   {block['id']} · {block['rule']}", style="not bold dim")
    lines = [
        f"{block['code']} {block['goods']}",
        label("lines", lang).format(count=f"{block['line_count']:,}", first=comma.join(block["lines"])),
        *([label("suggested", lang).format(codes=comma.join(block["suggested_codes"]))] if block["suggested_codes"] else []),
        *(f"{clause['title']} [{clause['id']}]{_COLON[lang]}{label('quote', lang).format(words=clause['quote'])}" for clause in block["clauses"]),
        *([f"? {block['question']}"] if block["question"] else []),
        *(_route(route, lang) for route in block["routes"]),
    ]
    return Group(told, Padding(Text("\n".join(lines)), (0, 0, 0, 3)))


def _score_bar(block: Block, lang: Language) -> RenderableType:
    head = label("score", lang).format(score=block["score"], missing=block["missing"]) if block["score"] is not None else label("no_score", lang)
    table = Table(_WORDS["dimension"][lang], "", Column(_WORDS["lost"][lang], justify="right"), Column(_WORDS["of"][lang], justify="right"), box=None)
    for one in block["dimensions"]:
        if one["lost_micro"] is None:
            table.add_row(Text(one["name"], style="dim"), "", "–", one["of"])
        else:
            full = round(_BAR * one["lost_micro"] / one["of_micro"]) if one["of_micro"] else 0
            cells = min(_BAR, max(full, 1 if one["lost_micro"] else 0))
            bar = Text("█" * cells, style="red").append("░" * (_BAR - cells), style="dim")
            table.add_row(Text(one["name"]), bar, one["lost"], one["of"])
    caps = [Text(label("caps", lang).format(points=block["caps"]))] if block["caps"] else []
    return Group(Text(head, style="bold"), table, *caps)


def _plan(block: Block, lang: Language) -> RenderableType:
    name = "plan" if block["reachable"] else "plan_short"
    head = Text(label(name, lang).format(target=block["target"], before=block["before"], after=block["after"]), style="bold")
    names = {column: _WORDS[column][lang] for column in ("step", "declarations", "route", "score")}
    table = Table("#", *(Column(name, overflow="fold") for name in names.values()))
    for step in block["steps"]:
        what = Text(step["text"]).append(f"\n{step['action']}", style="dim")
        way = Text(_way(step["route"], lang) if step["route"] else "–")
        if step["ages_out_on"]:
            way.append(f"\n{label('ages_out', lang).format(day=shown_day(step['ages_out_on'], lang))}", style="dim")
        table.add_row(str(step["number"]), what, str(step["declarations"]), way, str(step["score"]))
    return Group(head, *([table] if block["steps"] else []), Text(block["hypothesis"], style="dim"))


def _citations(block: Block, lang: Language) -> RenderableType:
    return Group(Text(label("sources", lang), style="dim"), *(_cited(number, one, lang, whole=False) for number, one in enumerate(block["items"], 1)))


def _action(block: Block, _: Language) -> RenderableType:
    return Text(f"→ {block['label']}", style="cyan").append(f"  {block['target']}" if block["target"] else "", style="dim")


def _route(route: Mapping[str, Any], lang: Language) -> str:
    return f"{_way(route, lang)}{_DASH[lang]}{route['reason']}" if route["reason"] else _way(route, lang)


def _way(route: Mapping[str, Any], lang: Language) -> str:
    until = f"{_COMMA[lang]}{label('deadline', lang).format(day=shown_day(route['deadline'], lang))}" if route["deadline"] else ""
    return f"{route['name']}{_COLON[lang]}{label('state_' + route['state'], lang)}{until}"


def _cited(number: int, one: Mapping[str, Any], lang: Language, *, whole: bool) -> Text:
    until = shown_day(one["valid_to"], lang) if one["valid_to"] else label("still", lang)
    days = label("valid", lang).format(since=shown_day(one["valid_from"], lang), until=until)
    told = Text(f"[{number}] {one['title']}").append(f"  {one['id']} · {days}", style="dim")
    if one["lapsed"]:
        told.append(f" {label('lapsed', lang)}", style="yellow")
    if one["quote"]:
        told.append(f"\n    {label('quote', lang).format(words=one['quote'])}", style="italic")
    if one["gloss"]:
        told.append(f"\n    {label('quote', lang).format(words=one['gloss'])}", style="italic dim")
    if whole:
        told.append(f"\n    {one['url']}", style="dim")
    return told


_KINDS: Mapping[str, Callable[[Block, Language], RenderableType]] = {
    "paragraph": _paragraph,
    "question": _question,
    "list": _list,
    "table": _table,
    "finding": _finding,
    "score_bar": _score_bar,
    "plan": _plan,
    "citations": _citations,
    "action": _action,
}
