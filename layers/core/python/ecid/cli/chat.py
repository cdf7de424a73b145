"""`ecid chat`: a conversation with the assistant. What is typed is remembered for the arrow keys until it ends, and nowhere else."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.text import Text

from ecid.cli.answer_blocks import sources
from ecid.cli.ask import Answer, answered, asked_language, show, telling, way, who_asks
from ecid.cli.conversations import Talking
from ecid.cli.remote import printable
from ecid.errors import BadInput, EcidError, Language, NotFound

_WORDS = {
    "hello": {
        "zh": "请提问。/help 查看命令，Ctrl-D 结束。可以问：",
        "en": "Ask a question. /help lists the commands, Ctrl-D ends. For instance:",
    },
    "help": {
        "zh": "/sources 上一个回答的依据全文\n/lang zh|en|auto 回答的语言（auto：随提问）\n/new 开始新的对话\n/quit 结束（或 Ctrl-D）；Ctrl-C 中断当前回答",
        "en": "/sources what the last answer rests on, in full\n/lang zh|en|auto the language of answers (auto: the question's)\n"
        "/new start a new conversation\n/quit end it (or Ctrl-D); Ctrl-C breaks off an answer",
    },
    "no_sources": {"zh": "上一个回答没有引用条款。", "en": "The last answer cites no clause."},
    "new": {"zh": "新的对话。", "en": "A new conversation."},
    "expired": {"zh": "这次对话已经结束，重新开始了一次；请再问一遍。", "en": "The conversation has ended; a new one is open, please ask again."},
    "language": {"zh": "回答用中文。", "en": "Answers are in English."},
    "auto": {"zh": "回答随提问的语言。", "en": "Answers are in the language of the question."},
    "unknown": {"zh": "没有这个命令。", "en": "There is no such command."},
    "broken_off": {"zh": "已中断。", "en": "Broken off."},
}


@dataclass
class _Chat:
    """One session. `fixed`: the language of answers, None for that of each question; `lang`: of our own words; `status`: the worst that happened."""

    talking: Talking
    lang: Language
    fixed: Language | None
    console: Console = field(default_factory=Console)
    conversation: str = ""
    last: Answer | None = None
    status: int = 0

    def begin(self) -> tuple[str, ...]:
        """Open a conversation, and answer with questions to begin with."""
        opened = self.talking.open(self.lang)
        self.conversation, self.last = opened.id, None
        return opened.suggestions

    def turn(self, question: str) -> None:
        """Ask, and print the answer or why there is none."""
        try:
            with telling() as tell:
                self.last = answered(self.talking.ask(self.conversation, question, self.fixed), self.conversation, self.lang, tell)
            self.lang = self.last.lang
            show(self.last, self.console)
            self.console.print()
        except NotFound:
            self.begin()
            self._say("expired", problem=2)
        except EcidError as error:
            self._failed(f"{error.code}: {error.sentence(self.lang)}", 2 if isinstance(error, BadInput) else 3)
        except click.ClickException as error:
            self._failed(error.format_message(), error.exit_code)

    def command(self, line: str) -> bool:
        """Do what a line with a stroke asks for; False where it ends the session."""
        name, _, argument = line[1:].partition(" ")
        if name in ("quit", "exit", "q"):
            return False
        if name == "sources":
            self._sources()
        elif name == "new":
            self.begin()
            self._say("new")
        elif name == "lang":
            self._language(argument.strip())
        else:
            self._say("help" if name == "help" else "unknown")
        return True

    def _language(self, asked: str) -> None:
        if asked in ("zh", "en"):
            self.lang = self.fixed = "zh" if asked == "zh" else "en"
            self._say("language")
        elif asked == "auto":
            self.fixed = None
            self._say("auto")
        else:
            self._say("help")

    def _sources(self) -> None:
        if self.last is None or not self.last.citations:
            self._say("no_sources")
        else:
            self.console.print(*sources(printable(self.last.citations), self.last.lang), sep="\n")

    def _say(self, word: str, problem: int = 0) -> None:
        self.status = max(self.status, problem)
        self.console.print(Text(_WORDS[word][self.lang], style="dim"))

    def _failed(self, told: str, status: int) -> None:
        self.status = max(self.status, status)
        click.echo(printable(told), err=True)


@click.command("chat")
@who_asks
@click.pass_context
def chat_command(ctx: click.Context, /, **who: Any) -> None:
    """Talk with the assistant. Questions that come through a pipe are answered line by line."""
    lang: Language = who["lang"]
    chat = _Chat(way(ctx.obj, **who), lang, asked_language(ctx, lang))
    suggestions = chat.begin()
    typed = sys.stdin.isatty()
    if typed:
        with suppress(ImportError):
            import readline  # noqa: F401, PLC0415 - editing and the arrow keys; its history is never written
        chat.console.print(*(Text(line, style="dim") for line in (_WORDS["hello"][lang], *(f"• {printable(one)}" for one in suggestions))), sep="\n")
    breaks = _Breaks()
    with breaks.watched() if typed else nullcontext():
        while (line := _next(typed, breaks)) is not None:
            if line.startswith("/"):
                if not chat.command(line):
                    break
            elif line:
                _interruptible(chat, line, breaks)
    # At a terminal every failure was seen as it happened; a program that pipes questions in learns of it by the status.
    ctx.exit(0 if typed else chat.status)


_Done = TypeVar("_Done")


class _Breaks:
    """What Ctrl-C does: it breaks off a prompt or an answer, once, and does nothing between them, so that typing it twice never ends the chat."""

    def __init__(self) -> None:
        self._open = False

    @contextmanager
    def watched(self) -> Iterator[None]:
        """As long as the chat lasts."""
        before = signal.signal(signal.SIGINT, self._pressed)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def allowed(self, action: Callable[[], _Done]) -> _Done:
        """Do what may be broken off. Raises KeyboardInterrupt where it is."""
        # Not a context manager: between what is raised and the closing below no byte code looks for signals, so that none arrives there.
        try:
            self._open = True
            done = action()
            self._open = False
        except BaseException:
            self._open = False
            raise
        return done

    def _pressed(self, *_: object) -> None:
        # It raises as often as it is asked while open: the interpreter may ask again before it has passed on what was raised.
        if self._open:
            raise KeyboardInterrupt


def _interruptible(chat: _Chat, line: str, breaks: _Breaks) -> None:
    try:
        breaks.allowed(lambda: chat.turn(line))
    except KeyboardInterrupt:
        click.echo(_WORDS["broken_off"][chat.lang], err=True)


def _next(typed: bool, breaks: _Breaks) -> str | None:
    """The next line, without spaces around it; None at the end."""
    try:
        if typed:
            return breaks.allowed(lambda: input("> ")).strip()
        line = sys.stdin.readline()
        return line.strip() if line else None
    except EOFError:
        click.echo()
        return None
    except KeyboardInterrupt:
        click.echo()
        return ""
    except UnicodeDecodeError:
        return None
