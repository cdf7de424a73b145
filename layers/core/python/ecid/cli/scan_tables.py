"""What `ecid scan` shows a person: the score, what costs most, what to do, and what could not be read."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ecid.declarations.rejections import printable
from ecid.errors import Language
from ecid.scoring.causes import Cause
from ecid.scoring.plan import Plan
from ecid.scoring.result import Result
from ecid.scoring.wording import dimension_name, rule_wording
from ecid.services.scan_files import Scan

_WORDS = {
    "score": {"zh": "归类一致性得分", "en": "Classification consistency score"},
    "insufficient": {"zh": "数据不足，不出分", "en": "insufficient data, no score"},
    "coverage": {"zh": "覆盖率", "en": "coverage"},
    "lines": {"zh": "申报行", "en": "lines"},
    "rejected": {"zh": "未读入的行", "en": "rows not read"},
    "dimension": {"zh": "维度", "en": "dimension"},
    "lost": {"zh": "失分", "en": "points lost"},
    "of": {"zh": "满分", "en": "of"},
    "finding": {"zh": "待核事项", "en": "needs review"},
    "code": {"zh": "编码", "en": "code"},
    "goods": {"zh": "货物", "en": "goods"},
    "self_supplied": {"zh": "企业自行提供的数据，完整性未知，不构成核验结论", "en": "self-supplied, completeness unknown, not a verification"},
    "unvalued": {
        "zh": "{n} 行金额不明（无总价，也无单价和数量，或无汇率），仅按其编码当月的份额计权",
        "en": "{n} weighed lines have no known value (no total, no unit price with a quantity, or no rate) and weigh only by their share of code and month",
    },
    "more": {"zh": "另有 {n} 项，见 --json", "en": "{n} more, see --json"},
    "cause": {"zh": "先做这些", "en": "what to do first"},
    "declarations": {"zh": "报关单", "en": "declarations"},
    "plan": {"zh": "达到 {target} 分的最省做法", "en": "The cheapest way to {target}"},
    "unreachable": {
        "zh": "改正全部可改正的事项最高为 {best} 分，达不到 {target} 分",
        "en": "All repaired that can be gives {best}; {target} is out of reach",
    },
    "reached": {"zh": "已达到 {target} 分", "en": "{target} is reached already"},
    "after": {"zh": "累计得分", "en": "score with it"},
    "step": {"zh": "步骤", "en": "step"},
    "route": {"zh": "途径", "en": "route"},
}
_FINDINGS_SHOWN = 20
_CAUSES_SHOWN = 5
_REJECTED_SHOWN = 10


def show_scan(scan: Scan, lang: Language) -> None:
    """The scan as tables on standard output."""
    console = Console()
    result = scan.result
    word = {key: text[lang] for key, text in _WORDS.items()}
    exact = result.score_exact_micro
    shown = f"[bold]{exact // 100_000 / 10:.1f}[/bold]" if exact is not None else f"[bold]{word['insufficient']}[/bold] ({result.insufficient_data})"
    console.print(f"{word['score']}: {shown}   {word['coverage']}: {result.coverage_ppm / 10_000:.1f} %   {word['lines']}: {result.lines_judged}")
    console.print(f"[dim]{word['self_supplied']}[/dim]")
    if result.lines_unvalued:
        console.print(word["unvalued"].format(n=result.lines_unvalued))
    if exact is not None:
        console.print(_dimension_table(result, word, lang))
    if result.findings:
        console.print(_cause_table(scan.causes, word, lang))
        console.print(_finding_table(result, word, lang))
    left = len(result.findings) - _FINDINGS_SHOWN
    if left > 0:
        console.print(word["more"].format(n=left))
    if scan.plan:
        _show_plan(console, scan.plan, word, lang)
    if len(scan.read.rejected):
        console.print(f"{word['rejected']}: {len(scan.read.rejected)}")
        for row in scan.read.rejected.head(_REJECTED_SHOWN):
            console.print(f"  {row.row}: {escape(row.zh if lang == 'zh' else row.en)} ({row.code})")
        if len(scan.read.rejected) > _REJECTED_SHOWN:
            console.print("  " + word["more"].format(n=len(scan.read.rejected) - _REJECTED_SHOWN))


def _dimension_table(result: Result, word: dict[str, str], lang: Language) -> Table:
    table = Table(word["dimension"], word["lost"], word["of"])
    for dimension in result.dimensions:
        if dimension.lost_micro is not None:
            name = dimension_name(dimension.number)[lang]
            table.add_row(f"{dimension.number} {name}", f"{dimension.lost_micro / 1e6:.2f}", f"{dimension.weight_micro / 1e6:.1f}")
    return table


def _cause_table(causes: Sequence[Cause], word: dict[str, str], lang: Language) -> Table:
    table = Table(word["lost"], word["cause"], word["lines"], word["declarations"])
    for cause in causes[:_CAUSES_SHOWN]:
        said = f"{escape(printable(cause.sentence[lang]))}\n[dim]{cause.id}[/dim]"
        table.add_row(_points(cause.points_micro), said, str(cause.lines), str(cause.declarations))
    return table


def _show_plan(console: Console, plan: Plan, word: dict[str, str], lang: Language) -> None:
    told = {"target": f"{plan.target_micro // 1_000_000}", "best": "–" if plan.best_micro is None else f"{plan.best_micro // 100_000 / 10:.1f}"}
    if not plan.reachable:
        console.print(word["unreachable"].format_map(told))
    if not plan.steps:
        console.print(word["reached"].format_map(told) if plan.reachable else "")
        return
    table = Table(word["step"], word["cause"], word["route"], word["after"], title=word["plan"].format_map(told))
    for number, step in enumerate(plan.steps, 1):
        routes = "\n".join(way.option.to_json(lang)["name"] for way in step.ways)
        table.add_row(str(number), escape(printable(step.cause.sentence[lang])), routes, f"{step.score_micro // 100_000 / 10:.1f}")
    console.print(table)
    console.print(f"[dim]{plan.to_json(lang)['hypothesis']}[/dim]")


def _points(micro: int | None) -> str:
    return "–" if micro is None else f"{micro / 1e6:.2f}"


def _finding_table(result: Result, word: dict[str, str], lang: Language) -> Table:
    table = Table(word["lost"], word["finding"], word["code"], word["goods"], word["lines"])
    for finding in result.findings[:_FINDINGS_SHOWN]:
        title = f"{rule_wording(finding.rule).title[lang]}\n[dim]{finding.rule}[/dim]"
        table.add_row(_points(finding.points_micro), title, escape(printable(finding.code)), escape(printable(finding.goods_name)), str(len(finding.lines)))
    return table
