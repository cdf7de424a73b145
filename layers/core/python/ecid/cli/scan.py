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
@click.option("--max-lines", type=click.IntRange(1), default=Limits().lines, show_default=True, help="Refuse more lines than this: they are scored in memory.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
@lang_option
@click.pass_obj
def scan_command(
    platform: Platform,
    /,
    paths: tuple[Path, ...],
    fail_under: float | None,
    max_lines: int,
    as_json: bool,
    lang: Language,
    **days: date | None,
) -> None:
    """Scan declaration files (CSV, XLSX, XLS, ODS, HTML tables, XML messages) and show what needs review."""
    with _told(paths, lang) as progress:
        limits = Limits(lines=max_lines)
        scan = scan_files(paths, platform.reference(), platform.now(), Period(**days), limits, progress)
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
        console.print(_finding_table(result, word, lang))
    left = len(result.findings) - _FINDINGS_SHOWN
    if left > 0:
        console.print(word["more"].format(n=left))
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


def _finding_table(result: Result, word: dict[str, str], lang: Language) -> Table:
    table = Table(word["lost"], word["finding"], word["code"], word["goods"], word["lines"])
    for finding in result.findings[:_FINDINGS_SHOWN]:
        points = "–" if finding.points_micro is None else f"{finding.points_micro / 1e6:.2f}"
        title = f"{rule_wording(finding.rule).title[lang]}\n[dim]{finding.rule}[/dim]"
        table.add_row(points, title, escape(printable(finding.code)), escape(printable(finding.goods_name)), str(len(finding.lines)))
    return table
