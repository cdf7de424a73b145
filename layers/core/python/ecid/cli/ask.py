"""`ecid ask "why is my score 82?"`: one question to the assistant, on what is on this machine or of a server."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from ecid.bootstrap import Platform
from ecid.cli.answer_blocks import shown
from ecid.cli.callers import caller_of
from ecid.cli.conversations import Here, Talking, There, Told, TurnFailed
from ecid.cli.index import ready_index
from ecid.cli.options import lang_option
from ecid.cli.remote import printable, server_option
from ecid.errors import BadInput, Language, NotFound

_WORDS = {
    "conversation": {"zh": "接着问：--conversation {id}", "en": "To go on: --conversation {id}"},
}


class NoSuchConversation(BadInput):
    """The conversation to go on with is not this caller's, or is not any more."""

    code = "not_found"
    zh = "没有这次对话，或已经结束；不加 --conversation 即开始新的对话。"
    en = "There is no such conversation, or it has ended; without --conversation a new one begins."


_Command = Callable[..., None]


@dataclass
class Answer:
    """What came of a turn. `lang`: the language of the answer."""

    conversation: str
    lang: Language
    blocks: list[Mapping[str, Any]] = field(default_factory=list)
    citations: list[Mapping[str, Any]] = field(default_factory=list)
    text: str = ""

    def to_json(self) -> dict[str, Any]:
        """The document of `--json`."""
        return {"blocks": self.blocks, "text": self.text, "citations": self.citations, "conversation": self.conversation}


def who_asks(command: _Command) -> _Command:
    """The options that say who asks, and where."""
    options = (
        click.option("--as", "enterprise", metavar="ENTERPRISE", help="Whose score is asked about: a domain, USCC or name known on this machine."),
        click.option("--buyer", is_flag=True, help="Ask as a buyer, who sees public records and clauses alone."),
        click.option("--domain", metavar="DOMAIN", help="The website whose record is meant where a question names none."),
        server_option,
        click.option("--token", envvar="ECID_TOKEN", metavar="TOKEN", help="With --server: says who asks (ecid token). Default: the variable ECID_TOKEN."),
        lang_option,
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.command("ask")
@click.argument("question")
@click.option("--conversation", metavar="ID", help="Go on with a conversation.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
@who_asks
@click.pass_context
def ask_command(ctx: click.Context, /, question: str, conversation: str | None, as_json: bool, **who: Any) -> None:
    """Ask the assistant one question. Every answer, "that I cannot tell" included, is exit status 0."""
    lang: Language = who["lang"]
    if conversation and who["domain"]:
        raise click.UsageError("--domain belongs to a new conversation; leave it out with --conversation, and name the website in the question")
    talking = way(ctx.obj, **who)
    opened = conversation or talking.open(lang).id
    try:
        with telling() as tell:
            answer = answered(talking.ask(opened, question, asked_language(ctx, lang)), opened, lang, tell)
    except NotFound as error:
        raise NoSuchConversation from error
    if as_json:
        click.echo(json.dumps(answer.to_json(), ensure_ascii=False, indent=2))
        return
    show(answer, Console())
    click.echo(_WORDS["conversation"][answer.lang].format(id=printable(opened)), err=True)


def way(platform: Platform, enterprise: str | None, buyer: bool, domain: str | None, server: str | None, token: str | None, lang: Language) -> Talking:
    """The way to the assistant that the options of `who_asks` name. Raises NoSuchCaller, and a usage error for options that do not go together."""
    if enterprise is not None and buyer:
        raise click.UsageError("give --as or --buyer, not both")
    if server:
        if enterprise is not None or buyer:
            raise click.UsageError("--server knows by the --token who asks; leave out --as and --buyer")
        if not token:
            raise click.UsageError("--server needs a --token (ecid token)")
        return There(server, token, domain)
    ready_index(platform, lang)
    return Here(platform, caller_of(platform, enterprise, buyer, lang), domain)


def asked_language(ctx: click.Context, lang: Language) -> Language | None:
    """The language that was asked for; None where it is the question's own."""
    return lang if ctx.get_parameter_source("lang") is click.core.ParameterSource.COMMANDLINE else None


def answered(events: Iterable[Told], conversation: str, lang: Language, tell: Callable[[str, bool], None]) -> Answer:
    """The answer that the events of a turn make; what is being done meanwhile is told. Raises TurnFailed."""
    answer = Answer(conversation, lang)
    for name, data in events:
        if name == "status":
            tell(str(printable(str(data.get("text", "")))), "reason" in data)
        elif name == "block":
            answer.blocks.append(data)
        elif name == "citation":
            answer.citations.append(data)
        elif name == "error":
            raise TurnFailed(detail=printable(str(data.get("detail", data.get("code", "")))))
        elif name == "done":
            answer.text = str(data.get("text", ""))
            answer.lang = "zh" if data.get("lang") == "zh" else "en" if data.get("lang") == "en" else lang
            return answer
    raise TurnFailed(detail={"zh": "回答未完成", "en": "the answer breaks off"})


@contextmanager
def telling() -> Iterator[Callable[[str, bool], None]]:
    """Tells on standard error what a turn is at: in passing on a terminal, else a line each; what has a reason stays there."""
    console = Console(stderr=True)
    if not sys.stderr.isatty():
        before = [""]

        def line(text: str, _: bool) -> None:
            if text and text != before[-1]:
                click.echo(text, err=True)
                before.append(text)

        yield line
        return
    with console.status("") as status:

        def passing(text: str, lasting: bool) -> None:
            if lasting:
                console.print(Text(text, style="yellow"))
            else:
                status.update(Text(text))

        yield passing


def show(answer: Answer, console: Console) -> None:
    """Print an answer."""
    console.print(*shown(printable(answer.blocks), answer.lang), sep="\n")
