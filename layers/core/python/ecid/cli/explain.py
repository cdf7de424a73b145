"""`ecid explain RESULT.json [FINDING]`: what a saved `ecid scan --json` document says, as a ledger or finding by finding, in either language."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from rich.console import Console, RenderableType
from rich.table import Column, Table
from rich.text import Text

from ecid.bootstrap import Platform
from ecid.cli.index import ready_index
from ecid.cli.options import lang_option
from ecid.cli.remote import printable
from ecid.errors import BadInput, Language, PayloadTooLarge
from ecid.scoring import answers, comparison
from ecid.scoring.saved import SavedResult, saved_result
from ecid.services.scan_files import rescored

MAX_BYTES = 256 * 1024 * 1024
_SHOWN = 20
_CUT = 300
_TENTHS = 1_000
"""Tenths of a point in 100 points."""
_WORDS = {
    "score": {"zh": "归类一致性得分", "en": "Classification consistency score"},
    "insufficient": {"zh": "数据不足，不出分", "en": "insufficient data, no score"},
    "missing": {"zh": "失分", "en": "missing"},
    "lost": {"zh": "失分", "en": "points lost"},
    "of": {"zh": "满分", "en": "of"},
    "as_of": {"zh": "截至", "en": "as of"},
    "period": {"zh": "期间", "en": "period"},
    "lines": {"zh": "申报行", "en": "lines"},
    "dimension": {"zh": "维度", "en": "dimension"},
    "cap": {"zh": "封顶", "en": "cap"},
    "left_out": {"zh": "未计入", "en": "left out"},
    "finding": {"zh": "待核事项", "en": "needs review"},
    "findings": {"zh": "项待核", "en": "findings"},
    "code": {"zh": "编码", "en": "code"},
    "goods": {"zh": "货物", "en": "goods"},
    "more": {"zh": "另有 {n} 项，见 --json", "en": "{n} more, see --json"},
    "self_supplied": {"zh": "企业自行提供的数据，完整性未知，不构成核验结论", "en": "self-supplied, completeness unknown, not a verification"},
    "question": {"zh": "须核实", "en": "Question"},
    "advice": {"zh": "建议", "en": "Advice"},
    "suggested": {"zh": "可考虑的编码", "en": "Codes to look at"},
    "evidence": {"zh": "依据", "en": "Evidence"},
    "routes": {"zh": "更正途径", "en": "Ways to correct"},
    "review": {"zh": "企业意见：已复核，保留，因为", "en": "The owner: reviewed, kept, because"},
    "stored_language": {"zh": "（依据按文件所存语言显示）", "en": "(the evidence is in the language of the file)"},
    "against": {"zh": "与 {day} 的结果相比", "en": "beside the result of {day}"},
    "by_facts": {"zh": "申报事实", "en": "by facts"},
    "by_rules": {"zh": "规则、税则版本或政策", "en": "by rules, editions, policy"},
    "undecided": {"zh": "两者未能分开", "en": "either of the two"},
    "rest": {"zh": "其余", "en": "all others"},
    "change": {"zh": "得失", "en": "gained or lost"},
    "value": {"zh": "值", "en": "value"},
    "name": {"zh": "名称", "en": "name"},
    "concerned": {"zh": "待核行数", "en": "needing review"},
    "code_by_value": {"zh": "编码（按货值）", "en": "code, by value"},
    "product": {"zh": "产品", "en": "product"},
    "manufacturer": {"zh": "生产销售单位", "en": "manufacturer"},
    "declarant": {"zh": "申报单位", "en": "declarant"},
    "month": {"zh": "月份", "en": "month"},
}


class _OtherLines(BadInput):
    """What was scored again is not what the earlier result was made of, or not by what the later one was made by. Context: `versions`, those that differ."""

    code = "bad_input"
    zh = "这些文件按当前规则重新评分后，不能作为两个结果之间的中间结果：{versions} 不同。文件须正是较早结果所用的文件，现行规则须正是较晚结果所用的规则。"
    en = (
        "Scored again under the rules loaded now, these files do not lie between the two results: {versions} differ. The files must be those of the earlier "
        "result, the rules those of the later one."
    )


_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("explain")
@click.argument("result", type=_FILE, metavar="RESULT.json")
@click.argument("finding", required=False)
@click.option("--by", metavar="AXIS", help="Read the ledger by code, product, manufacturer, declarant or month.")
@click.option("--against", type=_FILE, metavar="EARLIER.json", help="What changed since an earlier result.")
@click.option("--lines", type=_FILE, multiple=True, metavar="FILE", help="With --against: a file that EARLIER was made of, to tell rules from facts.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
@lang_option
@click.pass_obj
def explain_command(
    platform: Platform, /, result: Path, finding: str | None, by: str | None, against: Path | None, lines: tuple[Path, ...], as_json: bool, lang: Language
) -> None:
    """Explain a saved result (`ecid scan … --json > RESULT.json`): its ledger, or one finding by its id or the beginning of it."""
    if sum(asked is not None for asked in (finding, by, against)) > 1:
        raise click.UsageError("give one of FINDING, --by and --against")
    if lines and against is None:
        raise click.UsageError("--lines goes with --against")
    saved = _read(result)
    if finding is not None:
        told: Mapping[str, Any] = answers.finding(saved, answers.finding_of(saved, printable(finding)), lang)
        shown = _finding_shown
    elif against is not None:
        told = comparison.to_json(_compared(platform, _read(against), saved, lines, lang), lang, None if as_json else _SHOWN)
        shown = _comparison_shown
    elif by is not None:
        told, shown = answers.axis(saved, printable(by), lang), _axis_shown
    else:
        told, shown = answers.ledger(saved, lang), _ledger_shown
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
    else:
        word = {key: text[lang] for key, text in _WORDS.items()}
        Console().print(*shown(printable(told), word | {"lang": lang}), sep="\n")


def _compared(platform: Platform, before: SavedResult, after: SavedResult, lines: Sequence[Path], lang: Language) -> comparison.Comparison:
    if not lines:
        return comparison.compare(before, after)
    ready_index(platform, lang)
    between = rescored(lines, before, platform.reference(), platform.now())
    differ = [*comparison.changed_between(between, after)[0], *comparison.changed_between(before, between)[1]]
    if differ:
        raise _OtherLines(versions=", ".join(differ))
    return comparison.compare(before, after, between)


def _read(path: Path) -> SavedResult:
    if path.stat().st_size > MAX_BYTES:
        raise PayloadTooLarge(limit=f"{MAX_BYTES // 1024**2} MiB")
    return saved_result(path.read_bytes(), printable(path.name))


def _ledger_shown(told: Mapping[str, Any], word: Mapping[str, str]) -> Iterable[RenderableType]:
    exact = told["score_exact_micro"]
    score = f"{exact // 100_000 / 10:.1f}" if exact is not None else f"{word['insufficient']} ({told['insufficient_data']})"
    missing = "" if exact is None else f"   {word['missing']}: {_points(_TENTHS - exact // 100_000)}"
    yield Text(f"{word['score']}: {score}{missing}   {word['as_of']} {told['as_of']}", style="bold")
    yield Text(f"{word['period']}: {told['period']['from']} – {told['period']['to']}   {word['lines']}: {told['lines']['judged']}")
    if told["provenance"] == "file":
        yield Text(word["self_supplied"], style="dim")
    table = Table(word["dimension"], word["lost"], word["of"])
    for dimension in told["dimensions"]:
        judged = dimension["lost_micro"] is not None
        lost = _points(dimension["shown_tenths"]) if judged else word["left_out"]
        table.add_row(Text(f"{dimension['dimension']} {dimension['name']}"), lost, f"{dimension['weight_micro'] / 1e6:.1f}" if judged else "")
    for cap in told["caps"]:
        table.add_row(Text(f"{word['cap']}: {cap['title']}"), _points(cap["shown_tenths"]), "")
    yield table
    if told["findings"]:
        yield _findings_table(told["findings"][:_SHOWN], word)
    if len(told["findings"]) > _SHOWN:
        yield Text(word["more"].format(n=len(told["findings"]) - _SHOWN))


def _findings_table(findings: Sequence[Mapping[str, Any]], word: Mapping[str, str]) -> Table:
    table = Table(Column(no_wrap=True), word["lost"], word["finding"], word["code"], word["goods"], word["lines"])
    for finding in findings:
        title = Text(finding["title"]).append(f"\n{finding['rule']}", style="dim")
        table.add_row(finding["id"], _points(finding["shown_tenths"]), title, Text(finding["code"]), Text(finding["goods_name"]), str(finding["lines"]))
    return table


def _points(tenths: int | None) -> str:
    return "–" if tenths is None else f"{tenths // 10}.{tenths % 10}"


def _finding_shown(told: Mapping[str, Any], word: Mapping[str, str]) -> Iterable[RenderableType]:
    points = "–" if told["points_micro"] is None else f"{told['points_micro'] / 1e6:.2f}"
    yield Text(told["title"], style="bold").append(f"\n{told['rule']} · {told['id']} · {word['dimension']} {told['dimension']}", style="not bold dim")
    yield Text(f"{word['lost']}: {points}   {word['code']}: {told['code']}   {word['goods']}: {told['goods_name']}")
    lines, more = told["lines"][:_SHOWN], len(told["lines"]) - _SHOWN
    shown = ", ".join(lines) + (f" … {word['more'].format(n=more)}" if more > 0 else "")
    yield Text(f"{word['lines']} ({len(told['lines'])}, {told['first_day']} – {told['last_day']}): {shown}")
    if told["suggested_codes"]:
        yield Text(f"{word['suggested']}: {', '.join(told['suggested_codes'])}")
    yield Text(f"{word['question']}: {told['question']}\n{word['advice']}: {told['advice']}")
    if told["evidence"] and told["language"] != word["lang"]:
        yield Text(word["stored_language"], style="dim")
    for name, describe in (("evidence", _evidence), ("routes", _route)):
        if told[name]:
            yield Text("\n".join((f"{word[name]}:", *(f"  – {describe(item)}" for item in told[name]))))
    if told["review"]:
        yield Text(f"{word['review']}: {', '.join(_plain(value) for value in told['review'].values())}")


def _evidence(item: Mapping[str, Any]) -> str:
    """One piece of evidence as one line: what was declared and what would settle it, or each thing by its name."""
    if {"seen", "expected"} <= item.keys():
        label = f"{_plain(item['label'])}: " if item.get("label") else ""
        return f"{label}{_plain(item['seen']) or '–'} → {_plain(item['expected'])}"
    return _plain({name: value for name, value in item.items() if name != "kind" and value not in (None, "", [])})


def _route(route: Mapping[str, Any]) -> str:
    named = " ".join(_plain(value) for value in (route.get("name"), route.get("deadline")) if value)
    return "; ".join([named, *(_plain(route[name]) for name in ("reason", "when", "basis") if route.get(name))])


def _plain(value: object) -> str:
    if isinstance(value, Mapping):
        value = [f"{printable(name)}: {_plain(item)}" for name, item in value.items()]
    told = "; ".join(map(_plain, value)) if isinstance(value, list) else "–" if value is None else str(value)
    return told if len(told) <= _CUT else f"{told[:_CUT]}…"


def _axis_shown(told: Mapping[str, Any], word: Mapping[str, str]) -> Iterable[RenderableType]:
    entries = [*told["entries"], *([told["rest"]] if told["rest"] else [])]
    named = any(entry["label"] for entry in entries)
    label = [word["goods" if told["axis"] == "product" else "name"]] if named else []
    table = Table(word[told["axis"]], *label, word["lost"], word["lines"], word["concerned"], "RMB")
    for entry in entries:
        name = entry["value"] or (f"{word['rest']} ({told['others']})" if entry is told["rest"] else "–")
        points = "–" if entry["points_micro"] is None else f"{entry['points_micro'] / 1e6:.2f}"
        figures = (points, str(entry["lines"]), str(entry["concerned"]), f"{entry['value_fen'] / 100:,.2f}")
        table.add_row(Text(name), *([Text(entry["label"])] if named else []), *figures)
    yield table
    if told["caps_micro"]:
        yield Text(f"{word['cap']}: {told['caps_micro'] / 1e6:.2f}")


def _comparison_shown(told: Mapping[str, Any], word: Mapping[str, str]) -> Iterable[RenderableType]:
    days, scores = told["as_of"], [word["insufficient"] if score is None else f"{score // 100_000 / 10:.1f}" for score in told["scores_micro"]]
    change = "" if told["difference_micro"] is None else f"   {word['change']}: {told['difference_micro'] / 1e6:+.2f}"
    yield Text(f"{word['against'].format(day=days[0])}: {scores[0]} → {scores[1]} ({days[1]}){change}", style="bold")
    parts = [f"{word[name]} {told[f'{name}_micro'] / 1e6:+.2f}" for name in ("by_facts", "by_rules", "undecided") if told[f"{name}_micro"]]
    if parts:
        yield Text("   ".join(parts))
    table = Table(Column(no_wrap=True), word["change"], word["finding"], word["code"], word["goods"], word["lines"])
    for move in told["moves"]:
        lines = " → ".join(map(str, move["lines"]))
        title = Text(move["title"]).append(f"\n{move['rule']}", style="dim")
        table.add_row(move["finding"] or word["cap"], f"{move['points_micro'] / 1e6:+.2f}", title, Text(move["code"]), Text(move["goods_name"]), lines)
    if told["moves"]:
        yield table
    if told["others"]:
        yield Text(word["more"].format(n=told["others"]))
