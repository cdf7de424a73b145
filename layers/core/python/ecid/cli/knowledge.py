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
from ecid.cli.index import busy
from ecid.cli.options import lang_option
from ecid.cli.remote import printable
from ecid.errors import Language
from ecid.knowledge.corpus import Corpus
from ecid.knowledge.imported import Dataset, Skipped
from ecid.knowledge.record_sets import RecordSet
from ecid.knowledge.records import KINDS
from ecid.knowledge.registry import IMPORTERS
from ecid.knowledge.store import dataset_id, row_count
from ecid.services import import_knowledge
from ecid.services.import_knowledge import ImportedFile, Watch
from ecid.tariff.model import Conversion, Edition

_SKIPPED_SHOWN = 20
_OUTCOMES = {
    "imported": {"zh": "已导入", "en": "imported"},
    "unchanged": {"zh": "已导入，无变化", "en": "imported, nothing new"},
    "already_imported": {"zh": "此前已导入", "en": "imported before"},
    "left_out": {"zh": "无需导入", "en": "left out"},
    "not_recognised": {"zh": "无法识别", "en": "not recognised"},
    "unreadable": {"zh": "无法读取", "en": "unreadable"},
}
_WORDS = {
    "skipped": {"zh": "未按原样采用 {n} 处：", "en": "not taken over as they stand: {n}"},
    "more": {"zh": "……另有 {n} 处（--json 可查看全部）", "en": "… and {n} more (all of them with --json)"},
    "known": {"zh": "可识别的文件：{kinds}", "en": "Files that are recognised: {kinds}"},
    "no_data": {"zh": "未设置 ECID_DATA_DIR，仅使用自带知识包。", "en": "ECID_DATA_DIR is not set: the pack that ships with ecid is all there is."},
    "index": {"zh": "正在准备检索索引……", "en": "Preparing the search index …"},
    "checking": {"zh": "正在检查知识包……", "en": "Checking the pack …"},
    "loading": {"zh": "正在读取已加载的资料……", "en": "Reading what is loaded …"},
    "clean": {"zh": "知识包检查通过。", "en": "The pack is in order."},
    "id": {"zh": "标识", "en": "Id"},
    "title": {"zh": "名称", "en": "Title"},
    "valid": {"zh": "有效期", "en": "In force"},
    "rows": {"zh": "条数", "en": "Rows"},
    "complete": {"zh": "完整", "en": "Complete"},
    "source": {"zh": "来源", "en": "Source"},
    "kind": {"zh": "记录种类", "en": "Records"},
    "in_zh": {"zh": "中文", "en": "Chinese"},
    "in_en": {"zh": "英文", "en": "English"},
    "lapsed": {"zh": "已失效", "en": "Lapsed"},
    "exceptions": {"zh": "记录例外 {n} 条：", "en": "exceptions among the records: {n}"},
    "yes": {"zh": "是", "en": "yes"},
    "no": {"zh": "否", "en": "no"},
}
json_option = click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")


@click.group("knowledge")
def knowledge_group() -> None:
    """The reference data that everything rests on: tariff editions, nomenclatures, notes, decisions and other records."""


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
    """Import what ECID_DATA_DIR holds and is not imported yet, and make the search index."""
    settings = platform.settings
    with _watching() as watch:
        files = import_knowledge.build(settings.data_dir, settings.home, watch)
    if settings.data_dir is None and not as_json:
        click.echo(_WORDS["no_data"][lang])
    else:
        _report_files(files, as_json, lang)
    with busy(_WORDS["index"][lang]):
        platform.make_index()


@knowledge_group.command("check")
@json_option
@lang_option
@click.pass_obj
def check_command(platform: Platform, as_json: bool, lang: Language) -> None:
    """Check the pack, against the imported edition where there is one. Exits with 1 when something is to be repaired."""
    with busy(_WORDS["checking"][lang]):
        findings = import_knowledge.check(platform.settings.home, platform.settings.pack_dir)
    if as_json:
        _echo_json([asdict(finding) for finding in findings])
    for finding in findings if not as_json else ():
        click.echo(printable(f"{finding.file}: {finding.code}: {finding.zh if lang == 'zh' else finding.en} [{finding.slug}]"))
    if findings:
        raise SystemExit(1)
    if not as_json:
        click.echo(_WORDS["clean"][lang])


@knowledge_group.command("stats")
@json_option
@lang_option
@click.pass_obj
def stats_command(platform: Platform, as_json: bool, lang: Language) -> None:
    """What is loaded: editions, nomenclatures, conversions, notes; the records by kind, and what of them is an exception."""
    with busy(_WORDS["loading"][lang]):
        datasets = import_knowledge.loaded(platform.settings.home, platform.settings.pack_dir)
        corpus = import_knowledge.corpus(platform.settings.pack_dir, datasets)
    rows, records = [_row(dataset) for dataset in datasets], _records_row(corpus)
    if as_json:
        _echo_json([*map(asdict, rows), asdict(records)])
        return
    word = {key: text[lang] for key, text in _WORDS.items()}
    table = Table(word["id"], word["title"], word["valid"], word["rows"], word["complete"], word["source"])
    for row in rows:
        complete = "" if row.complete is None else word["yes" if row.complete else "no"]
        valid = f"{row.valid_from} – {row.valid_to}" if row.valid_from else ""
        table.add_row(row.id, escape(row.title), valid, str(row.rows), complete, escape(row.source))
    kinds = Table(word["kind"], word["rows"], word["in_zh"], word["in_en"], word["lapsed"])
    for count in records.kinds:
        kinds.add_row(count.kind, str(count.records), str(count.zh), str(count.en), str(count.lapsed))
    console = Console()
    console.print(table)
    console.print(kinds)
    _echo_places(word["exceptions"], corpus.exceptions, lang, indent="")


@dataclass(frozen=True, slots=True)
class StatsRow:
    """One loaded dataset; `rows` counts its lines, codes, notes or records, `elements_known` the lines of an edition whose elements the source prints."""

    id: str
    title: str
    valid_from: str | None
    valid_to: str | None
    rows: int
    elements_known: int | None
    complete: bool | None
    source: str
    sha256: str


@dataclass(frozen=True, slots=True)
class KindCount:
    """The records of one kind: how many, how many of them have text in Chinese and in English, how many lapsed because the tariff no longer has their code."""

    kind: str
    records: int
    zh: int
    en: int
    lapsed: int


@dataclass(frozen=True, slots=True)
class RecordsRow:
    """All records that can be cited, of the pack and imported; tariff lines are counted with their editions."""

    id: str
    rows: int
    kinds: tuple[KindCount, ...]
    exceptions: tuple[Skipped, ...]


def _row(dataset: Dataset) -> StatsRow:
    rows, own = row_count(dataset), (dataset.source, dataset.sha256)
    if isinstance(dataset, Conversion):
        return StatsRow(dataset_id(dataset), f"{dataset.newer} → {dataset.older}", None, None, rows, None, None, *own)
    if isinstance(dataset, RecordSet):
        return StatsRow(dataset.id, dataset.title, None, None, rows, None, None, *own)
    head = (dataset.id, dataset.title, dataset.valid_from.isoformat(), dataset.valid_to.isoformat(), rows)
    if isinstance(dataset, Edition):
        return StatsRow(*head, sum(line.elements_known for line in dataset.lines.values()), dataset.complete, *own)
    return StatsRow(*head, None, None, *own)


def _records_row(corpus: Corpus) -> RecordsRow:
    kinds = []
    for kind in KINDS:
        found = [record for record in corpus.records if record.kind == kind]
        zh, en = (sum(lang in record.text for record in found) for lang in ("zh", "en"))
        kinds.append(KindCount(kind, len(found), zh, en, sum("lapsed" in record.facts for record in found)))
    return RecordsRow("records", len(corpus.records), tuple(kinds), corpus.exceptions)


def _report_files(files: Sequence[ImportedFile], as_json: bool, lang: Language) -> None:
    if as_json:
        _echo_json([asdict(file) for file in files])
        return
    for file in files:
        detail = (file.zh if lang == "zh" else file.en) or ", ".join(file.datasets)
        click.echo(printable(f"{file.name}: {_OUTCOMES[file.outcome][lang]}{': ' + detail if detail else ''}"))
        _echo_places(_WORDS["skipped"][lang], file.skipped, lang, indent="  ")
    if any(file.outcome == "not_recognised" for file in files):
        click.echo(_WORDS["known"][lang].format(kinds="; ".join(importer.title[lang] for importer in IMPORTERS)), err=True)


def _echo_places(heading: str, places: Sequence[Skipped], lang: Language, indent: str) -> None:
    """The first of the places under their heading, and how many more there are; nothing if there are none."""
    if places:
        click.echo(indent + heading.format(n=len(places)))
    for item in places[:_SKIPPED_SHOWN]:
        click.echo(f"{indent}  {printable(item.place)}: {printable(item.zh if lang == 'zh' else item.en)}")
    if len(places) > _SKIPPED_SHOWN:
        click.echo(f"{indent}  " + _WORDS["more"][lang].format(n=len(places) - _SKIPPED_SHOWN))


@contextmanager
def _watching() -> Iterator[Watch]:
    """A bar for each file that is read, on a terminal only."""
    console = Console(stderr=True)
    with ProgressBar(console=console, transient=True, disable=not sys.stderr.isatty()) as bar:

        def watch(name: str) -> Callable[[int, int], None]:
            task = bar.add_task(escape(printable(name)), total=None)

            def progress(done: int, total: int) -> None:
                bar.update(task, completed=done, total=total)

            return progress

        yield watch


def _echo_json(document: object) -> None:
    click.echo(json.dumps(document, ensure_ascii=False, indent=2))
