"""`ecid serve`: the whole platform on this machine, with the functions and routes of `template.yaml` on the embedded engine."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING
from urllib.parse import quote

import click
from rich.console import Console
from rich.markup import escape

from ecid import bootstrap
from ecid.bootstrap import LocalPlatform
from ecid.cli.index import ready_index
from ecid.cli.options import lang_option
from ecid.errors import EcidError, Language, NotFound, UnreadableFile

if TYPE_CHECKING:
    from ecid.services.feed_samples import FedSample

_WORDS = {
    "port": {"zh": "无法监听端口 {port}：{reason}", "en": "cannot listen on port {port}: {reason}"},
    "starting": {"zh": "正在启动内嵌引擎……", "en": "Starting the embedded engine…"},
    "ready": {"zh": "[bold]ecid[/bold] 已启动：{address}/（Ctrl-C 结束）", "en": "[bold]ecid[/bold] is at {address}/  (Ctrl-C ends it)"},
    "taking": {"zh": "正在接收样例……", "en": "Taking in the samples…"},
    "none": {"zh": "没有样例，照常启动：{reason}", "en": "there are no sample enterprises, going on without: {reason}"},
    "refused": {"zh": "未接收 {part}：{reason}", "en": "not taken in: {part}: {reason}"},
    "unscored": {"zh": "企业 {uscc} 未能评分，原因见日志", "en": "the enterprise {uscc} could not be scored, the log says why"},
}


@click.command("serve")
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True, help="Port on the loopback interface.")
@click.option("--samples/--no-samples", default=True, show_default=True, help="Keep the sample enterprises present and up to date.")
@lang_option
@click.pass_obj
def serve_command(platform: LocalPlatform, port: int, samples: bool, lang: Language) -> None:
    """Serve the platform on http://127.0.0.1:PORT until interrupted."""
    console = Console(stderr=True)
    try:
        listening = bootstrap.reserve(port)
    except OSError as error:
        click.echo(_WORDS["port"][lang].format(port=port, reason=error.strerror), err=True)
        sys.exit(3)
    with listening:
        ready_index(platform, lang)
        with console.status(_WORDS["starting"][lang]):
            _ = platform.store
        if platform.engine and not platform.engine.persistent:
            console.print(f"[yellow]{platform.engine.notice}[/yellow]")
        address = f"http://127.0.0.1:{port}"
        samples = samples and _samples(platform, address, console, lang)
        console.print(_WORDS["ready"][lang].format(address=address))
        bootstrap.serve(platform, listening, samples)


def _samples(platform: LocalPlatform, address: str, console: Console, lang: Language) -> bool:
    """Take the samples in and show what there is to ask for; False where the pack has none."""
    try:
        with console.status(_WORDS["taking"][lang]):
            fed = bootstrap.feed_samples(platform)
    except (NotFound, UnreadableFile) as error:
        reason = f"no folder {error.context['what']}" if isinstance(error, NotFound) else error.sentence(lang)
        console.print(f"[yellow]{escape(_WORDS['none'][lang].format(reason=reason))}[/yellow]", soft_wrap=True)
        return isinstance(error, UnreadableFile)
    for one in fed:
        label = one.sample.zh if lang == "zh" else one.sample.en
        console.print(f"  {escape(label)}: {address}/verify?domain={quote(one.sample.ask, safe=':/')}", soft_wrap=True)
        for complaint in _complaints(one, lang):
            console.print(f"[yellow]    {escape(complaint)}[/yellow]", soft_wrap=True)
    return True


def _complaints(one: FedSample, lang: Language) -> list[str]:
    """What of a sample failed, a sentence each."""
    failed: list[tuple[str, EcidError]] = list(one.failed.items())
    refused = [_WORDS["refused"][lang].format(part=part, reason=error.sentence(lang)) for part, error in failed]
    return refused + [_WORDS["unscored"][lang].format(uscc=uscc) for uscc in one.unscored]
