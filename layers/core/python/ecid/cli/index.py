"""The search index before a command scores: it is made where there is none of what is loaded, and whoever waits is told what for."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from ecid.bootstrap import Platform
from ecid.cli.remote import printable
from ecid.errors import EcidError, Language

_WORDS = {
    "making": {
        "zh": "正在准备检索索引，资料变化后做一次（仅自带知识包约半分钟，导入全部资料约一至两分钟）……",
        "en": "Preparing the search index, once for what is loaded now (the pack alone: half a minute; all reference data: one to two minutes) …",
    },
    "unable": {
        "zh": "无法准备检索索引，第4、第9维度不评：{reason}",
        "en": "The search index cannot be prepared, so dimensions 4 and 9 are not judged: {reason}",
    },
}


def ready_index(platform: Platform, lang: Language) -> None:
    """Make the index unless there is one of the very same as what is loaded. Where it cannot be made the reason is told, and scores do without."""
    if platform.has_index():
        return
    try:
        with busy(_WORDS["making"][lang]):
            platform.make_index()
    except (EcidError, OSError) as error:
        reason = error.sentence(lang) if isinstance(error, EcidError) else f"{error.filename or platform.settings.home}: {error.strerror}"
        click.echo(_WORDS["unable"][lang].format(reason=printable(reason)), err=True)


@contextmanager
def busy(told: str) -> Iterator[None]:
    """What is being done, on standard error, and on a terminal for how long already."""
    on_terminal = sys.stderr.isatty()
    if not on_terminal:
        click.echo(told, err=True)
    columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=not on_terminal) as bar:
        bar.add_task(told, total=None)
        yield
