"""`ecid knowledge …`: import official texts and tables, check the pack, say what is loaded."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress as ProgressBar
from rich.table import Table

from ecid.bootstrap import Platform
from ecid.cli.options import lang_option
from ecid.errors import Language
from ecid.knowledge.imported import Dataset
from ecid.knowledge.registry import IMPORTERS
from ecid.knowledge.store import dataset_id
from ecid.services import import_knowledge
from ecid.services.import_knowledge import ImportedFile, Watch
from ecid.tariff.model import Conversion, Edition, Nomenclature

_SKIPPED_SHOWN = 20
_OUTCOMES = {
    "imported": {"zh": "已导入", "en": "imported"},
    "unchanged": {"zh": "已导入，无变化", "en": "imported, nothing new"},
    "already_imported": {"zh": "此前已导入", "en": "imported before"},
    "not_recognised": {"zh": "无法识别", "en": "not recognised"},
    "unreadable": {"zh": "无法读取", "en": "unreadable"},
}
_WORDS = {
    "skipped": {"zh": "{n} 处未按原样采用：", "en": "{n} places not taken over as they stand:"},
    "more": {"zh": "……另有 {n} 处（--json 可查看全部）", "en": "… and {n} more (all of them with --json)"},
    "known": {"zh": "可识别的文件：{kinds}", "en": "Files that are recognised: {kinds}"},
    "no_data": {"zh": "未设置 ECID_DATA_DIR，仅使用自带知识包。", "en": "ECID_DATA_DIR is not set: the pack that ships with ecid is all there is."},
    "clean": {"zh": "知识包检查通过。", "en": "The pack is in order."},
    "id": {"zh": "标识", "en": "Id"},
    "title": {"zh": "名称", "en": "Title"},
    "valid": {"zh": "有效期", "en": "In force"},
    "rows": {"zh": "条数", "en": "Rows"},
    "complete": {"zh": "完整", "en": "Complete"},
    "source": {"zh": "来源", "en": "Source"},
    "yes": {"zh": "是", "en": "yes"},
    "no": {"zh": "否", "en": "no"},
}
json_option = click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")


@click.group("knowledge")
def knowledge_group() -> None:
    """The reference data that everything rests on: tariff editions, nomenclatures, notes."""


@knowledge_group.command("import")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", type=click.Path(exists=True, path_type=Path))
@json_option
@lang_option
@click.pass_obj
def import_command(platform: Platform, paths: tuple[Path, ...], as_json: bool, lang: Language) -> None:
    """Import files, and all files below folders; each is recognised by its content. Exits with 2 when none could be used."""
    with _watching() as watch:
        files = import_knowledge.import_files(paths, platform.settings.home, watch)
    _report_files(files, as_json, lang)
    if not any(file.usable for file in files):
        raise SystemExit(2)


@knowledge_group.command("build")
@json_option
@lang_option
@click.pass_obj
def build_command(platform: Platform, as_json: bool, lang: Language) -> None:
    """Import what ECID_DATA_DIR holds and is not imported yet."""
    settings = platform.settings
    with _watching() as watch:
        files = import_knowledge.build(settings.data_dir, settings.home, watch)
    if settings.data_dir is None and not as_json:
        click.echo(_WORDS["no_data"][lang])
    else:
        _report_files(files, as_json, lang)


@knowledge_group.command("check")
@json_option
@lang_option
@click.pass_obj
def check_command(platform: Platform, as_json: bool, lang: Language) -> None:
    """Check the pack, against the imported edition where there is one. Exits with 1 when something is to be repaired."""
    findings = import_knowledge.check(platform.settings.home, platform.settings.pack_dir)
    if as_json:
        _echo_json([asdict(finding) for finding in findings])
    for finding in findings if not as_json else ():
        click.echo(f"{finding.file}: {finding.code}: {finding.zh if lang == 'zh' else finding.en} [{finding.slug}]")
    if findings:
        raise SystemExit(1)
    if not as_json:
        click.echo(_WORDS["clean"][lang])


@knowledge_group.command("stats")
@json_option
@lang_option
@click.pass_obj
def stats_command(platform: Platform, as_json: bool, lang: Language) -> None:
    """What is loaded: editions, nomenclatures, conversions, notes."""
    rows = [_row(dataset) for dataset in import_knowledge.loaded(platform.settings.home, platform.settings.pack_dir)]
    if as_json:
        _echo_json([asdict(row) for row in rows])
        return
    word = {key: text[lang] for key, text in _WORDS.items()}
    table = Table(word["id"], word["title"], word["valid"], word["rows"], word["complete"], word["source"])
    for row in rows:
        complete = "" if row.complete is None else word["yes" if row.complete else "no"]
        valid = f"{row.valid_from} – {row.valid_to}" if row.valid_from else ""
        table.add_row(row.id, escape(row.title), valid, str(row.rows), complete, escape(row.source))
    Console().print(table)


@dataclass(frozen=True, slots=True)
class StatsRow:
    """One loaded dataset; `rows` counts its lines, codes or notes, `elements_known` the lines of an edition whose elements the source prints."""

    id: str
    title: str
    valid_from: str | None
    valid_to: str | None
    rows: int
    elements_known: int | None
    complete: bool | None
    source: str
    sha256: str


def _row(dataset: Dataset) -> StatsRow:
    own = (dataset.source, dataset.sha256)
    if isinstance(dataset, Conversion):
        return StatsRow(dataset_id(dataset), f"{dataset.newer} → {dataset.older}", None, None, len(dataset.newer_to_older), None, None, *own)
    head = (dataset.id, dataset.title, dataset.valid_from.isoformat(), dataset.valid_to.isoformat())
    if isinstance(dataset, Edition):
        return StatsRow(*head, len(dataset.lines), sum(line.elements_known for line in dataset.lines.values()), dataset.complete, *own)
    return StatsRow(*head, len(dataset.texts if isinstance(dataset, Nomenclature) else dataset.notes), None, None, *own)


def _report_files(files: Sequence[ImportedFile], as_json: bool, lang: Language) -> None:
    if as_json:
        _echo_json([asdict(file) for file in files])
        return
    for file in files:
        detail = (file.zh if lang == "zh" else file.en) or ", ".join(file.datasets)
        click.echo(f"{file.name}: {_OUTCOMES[file.outcome][lang]}{': ' + detail if detail else ''}")
        if file.skipped:
            click.echo("  " + _WORDS["skipped"][lang].format(n=len(file.skipped)))
        for item in file.skipped[:_SKIPPED_SHOWN]:
            click.echo(f"    {item.place}: {item.zh if lang == 'zh' else item.en}")
        if len(file.skipped) > _SKIPPED_SHOWN:
            click.echo("    " + _WORDS["more"][lang].format(n=len(file.skipped) - _SKIPPED_SHOWN))
    if any(file.outcome == "not_recognised" for file in files):
        click.echo(_WORDS["known"][lang].format(kinds="; ".join(importer.title[lang] for importer in IMPORTERS)), err=True)


@contextmanager
def _watching() -> Iterator[Watch]:
    """A bar for each file that is read, on a terminal only."""
    console = Console(stderr=True)
    with ProgressBar(console=console, transient=True, disable=not sys.stderr.isatty()) as bar:

        def watch(name: str) -> Callable[[int, int], None]:
            task = bar.add_task(escape(name), total=None)

            def progress(done: int, total: int) -> None:
                bar.update(task, completed=done, total=total)

            return progress

        yield watch


def _echo_json(document: object) -> None:
    click.echo(json.dumps(document, ensure_ascii=False, indent=2))
