"""`ecid token`: an access token of this machine, for what asks `ecid serve` over HTTP."""

from __future__ import annotations

from dataclasses import replace

import click

from ecid.assistant.caller import LEDGER, Caller
from ecid.bootstrap import LocalPlatform
from ecid.cli.callers import PERSON, caller_of
from ecid.cli.options import lang_option
from ecid.errors import Language

_LONGEST = 24 * 60


@click.command("token")
@click.option("--as", "enterprise", metavar="ENTERPRISE", help="For somebody of this enterprise: a domain, USCC or name known on this machine.")
@click.option("--buyer", is_flag=True, help="For a buyer, who sees public records and clauses alone.")
@click.option("--consultant", metavar="ENTERPRISE", help="For somebody else with a grant of this enterprise.")
@click.option("--scope", "scopes", multiple=True, metavar="SCOPE", default=(LEDGER,), show_default=True, help="What the grant opens; may be repeated.")
@click.option("--person", metavar="NAME", default=PERSON, show_default=True, help="Who it is for: a conversation is its person's alone.")
@click.option("--minutes", type=click.IntRange(1, _LONGEST), default=60, show_default=True, help="How long it is valid.")
@lang_option
@click.pass_obj
def token_command(
    platform: LocalPlatform, enterprise: str | None, buyer: bool, consultant: str | None, scopes: tuple[str, ...], person: str, minutes: int, lang: Language
) -> None:
    """Print an access token that `ecid serve` on the same state directory accepts."""
    if sum((enterprise is not None, buyer, consultant is not None)) > 1:
        raise click.UsageError("give one of --as, --buyer and --consultant")
    caller = caller_of(platform, enterprise or consultant, buyer, lang)
    if consultant is not None and caller.enterprise:
        caller = Caller.consultant(person, caller.enterprise, scopes)
    click.echo(platform.token(replace(caller, person=person), minutes))
