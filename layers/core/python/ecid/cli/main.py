"""The program `ecid`: one entry, one error shape (exit 2 and a sentence on stderr for bad input)."""

from __future__ import annotations

import importlib
import os
import sys
from typing import ClassVar

import click

from ecid import __version__, bootstrap
from ecid.cli.usage import language_asked, unexpected, usage_error
from ecid.errors import BadInput, EcidError


class _Commands(click.Group):
    """Commands are imported when asked for: `ecid verify` must not wait for what `ecid scan` needs."""

    MODULES: ClassVar[dict[str, str]] = {
        "ask": "ecid.cli.ask:ask_command",
        "candidates": "ecid.cli.candidates:candidates_command",
        "chat": "ecid.cli.chat:chat_command",
        "check": "ecid.cli.check:check_command",
        "clauses": "ecid.cli.clauses:clauses_command",
        "explain": "ecid.cli.explain:explain_command",
        "feed": "ecid.cli.feed:feed_command",
        "knowledge": "ecid.cli.knowledge:knowledge_group",
        "review": "ecid.cli.review:review_command",
        "scan": "ecid.cli.scan:scan_command",
        "serve": "ecid.cli.serve:serve_command",
        "tariff": "ecid.cli.clauses:tariff_command",
        "token": "ecid.cli.token:token_command",
        "verify": "ecid.cli.verify:verify_command",
    }

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(self.MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.MODULES:
            return None
        module, name = self.MODULES[cmd_name].split(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command


@click.command(cls=_Commands)
@click.version_option(__version__, prog_name="ecid")
@click.pass_context
def program(ctx: click.Context) -> None:
    """ecid, the Export Compliance Intelligent Diagnosis Platform (出口合规智能诊断平台)."""
    ctx.obj = platform = bootstrap.platform()
    if isinstance(platform, bootstrap.LocalPlatform):
        ctx.call_on_close(platform.close)


def main() -> None:
    """Run the program; errors of ours become a sentence and an exit status: 2 for bad input, 3 for everything that is not the caller's fault.

    A fault that nobody foresaw is 3 too, with its traceback only where `ECID_DEBUG` is set.
    """
    lang = language_asked(sys.argv[1:])
    try:
        with program.make_context("ecid", sys.argv[1:]) as context:
            program.invoke(context)
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
    except click.exceptions.NoArgsIsHelpError as asked:
        asked.show()
        sys.exit(2)
    except click.ClickException as error:
        click.echo(usage_error(error, lang), err=True)
        sys.exit(max(error.exit_code, 2))
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except EcidError as error:
        click.echo(f"{error.code}: {error.sentence(lang)}", err=True)
        sys.exit(2 if isinstance(error, BadInput) else 3)
    except OSError as error:
        click.echo(f"{error.filename or 'ecid'}: {error.strerror}", err=True)
        sys.exit(3)
    except Exception as fault:
        if os.environ.get("ECID_DEBUG"):
            raise
        click.echo(unexpected(fault, lang), err=True)
        sys.exit(3)
