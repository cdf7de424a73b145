"""`ecid serve`: the whole platform on this machine, with the functions and routes of `template.yaml` on the embedded engine."""

from __future__ import annotations

import sys

import click
from rich.console import Console
from rich.markup import escape

from ecid import bootstrap
from ecid.bootstrap import LocalPlatform
from ecid.errors import NotFound


@click.command("serve")
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True, help="Port on the loopback interface.")
@click.option("--samples/--no-samples", default=True, show_default=True, help="Keep the sample enterprises present and up to date.")
@click.pass_obj
def serve_command(platform: LocalPlatform, port: int, samples: bool) -> None:
    """Serve the platform on http://127.0.0.1:PORT until interrupted."""
    console = Console(stderr=True)
    try:
        listening = bootstrap.reserve(port)
    except OSError as error:
        click.echo(f"cannot listen on port {port}: {error.strerror}", err=True)
        sys.exit(3)
    with listening:
        with console.status("Starting the embedded engine…"):
            _ = platform.store
        if platform.engine and not platform.engine.persistent:
            console.print(f"[yellow]{platform.engine.notice}[/yellow]")
        samples = samples and _samples(platform, port, console)
        console.print(f"[bold]ecid[/bold] is at http://127.0.0.1:{port}/  (Ctrl-C ends it)")
        bootstrap.serve(platform, listening, samples)


def _samples(platform: LocalPlatform, port: int, console: Console) -> bool:
    """Take the samples in; False where the pack has none."""
    try:
        with console.status("Taking in the sample enterprises…"):
            domains = bootstrap.feed_samples(platform)
    except NotFound as error:
        console.print(f"[yellow]there are no sample enterprises, going on without: no folder {escape(str(error.context['what']))}[/yellow]", soft_wrap=True)
        return False
    for domain in domains:
        console.print(f"  sample: http://127.0.0.1:{port}/verify?domain={domain}")
    return True
