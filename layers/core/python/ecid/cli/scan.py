"""`ecid scan FILE…`: the health scan on declaration files (product.md, capability 5)."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as RichProgress
from rich.table import Table

from ecid.bootstrap import Platform
from ecid.cli.options import DAY, lang_option
from ecid.declarations.readers import Limits
from ecid.declarations.rejections import RejectedRow, printable
from ecid.errors import Language
from ecid.scoring import breakdown
from ecid.scoring.causes import Cause
from ecid.scoring.plan import Plan
from ecid.scoring.result import Result, to_json
from ecid.scoring.wording import dimension_name, rule_wording
from ecid.services.scan_files import Period, Scan, scan_files

_WORDS = {
    "reading": {"zh": "读取", "en": "reading"},
    "scoring": {"zh": "评分", "en": "scoring"},
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


def _a_number(_ctx: click.Context, _param: click.Parameter, value: float | None) -> float | None:
    if value is not None and math.isnan(value):
        raise click.BadParameter("not a number")
    return value


@click.command("scan")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE...")
@click.option("--from", "since", type=DAY, help="First declaration day to look at (default: all; 36 months are weighed).")
@click.option("--to", "until", type=DAY, help="Last declaration day to look at.")
@click.option("--as-of", type=DAY, help="The day of the scan (default: today in Beijing).")
@click.option("--fail-under", type=click.FloatRange(0, 100), callback=_a_number, help="Exit with 1 when the score is below this, or cannot be given.")
@click.option("--plan", "target", type=click.IntRange(1, 100), metavar="POINTS", help="Plan the cheapest way to so many points.")
@click.option("--max-lines", type=click.IntRange(1), default=Limits().lines, show_default=True, help="Refuse more lines than this: they are scored in memory.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
@lang_option
@click.pass_obj
def scan_command(
    platform: Platform,
    /,
    paths: tuple[Path, ...],
    fail_under: float | None,
    target: int | None,
    max_lines: int,
    as_json: bool,
    lang: Language,
    **days: date | None,
) -> None:
    """Scan declaration files (CSV, XLSX, XLS, ODS, HTML tables, XML messages) and show what needs review."""
    with _told(paths, lang) as progress:
        limits = Limits(lines=max_lines)
        scan = scan_files(paths, platform.reference(), platform.now(), Period(**days), limits, progress, target)
    if as_json:
        for piece in _json_pieces(_document(scan, lang)):
            click.echo(piece, nl=False)
        click.echo()
    else:
        _show(scan, lang)
    exact = scan.result.score_exact_micro
    if fail_under is not None and (exact is None or exact < fail_under * 1_000_000):
        raise SystemExit(1)


@contextmanager
def _told(paths: Sequence[Path], lang: Language) -> Iterator[Callable[[int], None]]:
    """A bar with the bytes read, on a terminal only; it goes on while the lines are scored."""
    console = Console(stderr=True)
    size = sum(path.stat().st_size for path in paths)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeElapsedColumn())
    with RichProgress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(_WORDS["reading"][lang], total=size)

        def told(done: int) -> None:
            bar.update(task, completed=done, description=_WORDS["reading" if done < size else "scoring"][lang])

        yield told


def _document(scan: Scan, lang: Language) -> dict[str, object]:
    """The `--json` document. Lists that are as long as the file are iterators, which `_json_pieces` takes one by one."""
    counts = ("totals_rows", "blank_rows", "heading_rows", "title_rows")
    document = to_json(scan.result, [], lang)
    return {
        **document,
        "findings": iter(document["findings"]),
        "causes": (cause.to_json(lang) for cause in scan.causes),
        "breakdown": breakdown.to_json(scan.breakdowns, lang),
        "plan": scan.plan.to_json(lang) if scan.plan else None,
        "rejected_rows": (_rejected(row, lang) for row in scan.read.rejected),
        "reading": {name: getattr(scan.read, name) for name in counts} | {"flags": {flag: iter(ids) for flag, ids in scan.flagged.items()}},
    }


def _rejected(row: RejectedRow, lang: Language) -> dict[str, object]:
    found: dict[str, object] = {"row": row.row, "code": row.code, "reason": row.zh if lang == "zh" else row.en}
    return found | ({"file": row.file} if row.file else {})


def _json_pieces(value: object, indent: str = "") -> Iterator[str]:
    """`json.dumps(value, indent=2)` in pieces; an iterator stands for a list."""
    inner, opened = f"{indent}  ", False
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield f"{',' if opened else '{'}\n{inner}{json.dumps(key)}: "
            yield from _json_pieces(part, inner)
            opened = True
        yield f"\n{indent}}}" if opened else "{}"
    elif isinstance(value, Iterator):
        for part in value:
            yield f"{',' if opened else '['}\n{inner}{_dumped(part, inner)}"
            opened = True
        yield f"\n{indent}]" if opened else "[]"
    else:
        yield _dumped(value, indent)


def _dumped(value: object, indent: str) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2).replace("\n", f"\n{indent}")


def _show(scan: Scan, lang: Language) -> None:
    console = Console()
    result = scan.result
    word = {key: text[lang] for key, text in _WORDS.items()}
    exact = result.score_exact_micro
    shown = f"[bold]{exact // 100_000 / 10:.1f}[/bold]" if exact is not None else f"[bold]{word['insufficient']}[/bold] ({result.insufficient_data})"
    console.print(f"{word['score']}: {shown}   {word['coverage']}: {result.coverage_ppm / 10_000:.1f} %   {word['lines']}: {result.lines_judged}")
    console.print(f"[dim]{word['self_supplied']}[/dim]")
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
