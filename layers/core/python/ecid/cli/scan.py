"""`ecid scan FILE…`: the health scan on declaration files (product.md, capability 5)."""

from __future__ import annotations

import json
import math
from datetime import date
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ecid.bootstrap import Platform
from ecid.cli.options import DAY, lang_option
from ecid.declarations.lines import RejectedRow
from ecid.errors import Language
from ecid.scoring.result import Result, to_json
from ecid.scoring.wording import dimension_name, rule_wording
from ecid.services.scan_files import Scan, scan_files

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
    "more": {"zh": "另有 {n} 项，见 --json", "en": "{n} more, see --json"},
}
_FINDINGS_SHOWN = 20
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
@click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
@lang_option
@click.pass_obj
def scan_command(
    platform: Platform,
    paths: tuple[Path, ...],
    since: date | None,
    until: date | None,
    as_of: date | None,
    fail_under: float | None,
    as_json: bool,
    lang: Language,
) -> None:
    """Scan declaration files (Single Window CSV, XLSX, XLS) and show what needs review."""
    console = Console(stderr=True)
    with console.status("…") if console.is_terminal else _Silent():
        scan = scan_files(paths, platform.reference(), platform.now(), as_of=as_of, since=since, until=until)
    if as_json:
        rejected = [_rejected(row, lang) for row in scan.read.rejected]
        click.echo(json.dumps({**to_json(scan.result, rejected, lang), "reading": _reading(scan)}, ensure_ascii=False, indent=2))
    else:
        _show(scan, lang)
    exact = scan.result.score_exact_micro
    if fail_under is not None and (exact is None or exact < fail_under * 1_000_000):
        raise SystemExit(1)


def _rejected(row: RejectedRow, lang: Language) -> dict[str, object]:
    found: dict[str, object] = {"row": row.row, "code": row.code, "reason": row.zh if lang == "zh" else row.en}
    return found | ({"file": row.file} if row.file else {})


def _reading(scan: Scan) -> dict[str, object]:
    """What was passed over as no declaration line, and what had to be assumed: the lines of each flag."""
    flagged = scan.read.lines.select("line_id", "flags").explode("flags", empty_as_null=True).drop_nulls()
    flags = {str(flag): group["line_id"].to_list() for (flag,), group in sorted(flagged.partition_by("flags", as_dict=True).items())}
    return {"totals_rows": scan.read.totals_rows, "blank_rows": scan.read.blank_rows, "heading_rows": scan.read.heading_rows, "flags": flags}


class _Silent:
    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...


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
        console.print(_finding_table(result, word, lang))
    left = len(result.findings) - _FINDINGS_SHOWN
    if left > 0:
        console.print(word["more"].format(n=left))
    if scan.read.rejected:
        console.print(f"{word['rejected']}: {len(scan.read.rejected)}")
        for row in scan.read.rejected[:_REJECTED_SHOWN]:
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


def _finding_table(result: Result, word: dict[str, str], lang: Language) -> Table:
    table = Table(word["lost"], word["finding"], word["code"], word["goods"], word["lines"])
    for finding in result.findings[:_FINDINGS_SHOWN]:
        points = "–" if finding.points_micro is None else f"{finding.points_micro / 1e6:.2f}"
        title = f"{rule_wording(finding.rule).title[lang]}\n[dim]{finding.rule}[/dim]"
        table.add_row(points, title, escape(finding.code), escape(finding.goods_name), str(len(finding.lines)))
    return table
