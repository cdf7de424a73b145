"""`ecid chat`, through a pipe and at a terminal."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from time import monotonic

import pytest
from click.testing import CliRunner, Result

from ecid.bootstrap import LocalPlatform
from ecid.cli.chat import chat_command

DEADLINE = 60


def talk(machine: LocalPlatform, lines: str, *arguments: str, status: int = 0) -> Result:
    done = CliRunner(env={"COLUMNS": "150", "LANG": "C.UTF-8", "LC_ALL": ""}).invoke(
        chat_command, ["--as", "harborlight.example", *arguments], input=lines, obj=machine
    )
    assert done.exit_code == status, (done.output, done.exception)
    return done


def test_questions_through_a_pipe_are_one_conversation(machine: LocalPlatform) -> None:
    said = talk(machine, "which finding costs me most?\n\nand the second one?\n/quit\nnever asked\n").stdout
    second = machine.questions().explain("914403005867203466", "en")["findings"][1]
    assert second["id"] in said.partition("Finding 2")[2]
    assert "never asked" not in said


def test_a_new_conversation_remembers_nothing(machine: LocalPlatform) -> None:
    followed = talk(machine, "what decides between 8539 and 9405?\nand 8507?\n").stdout
    anew = talk(machine, "what decides between 8539 and 9405?\n/new\nand 8507?\n").stdout
    assert "A new conversation." in anew
    assert followed.replace(" ", "") != anew.replace("A new conversation.\n", "").replace(" ", "")


def test_sources_languages_and_help(machine: LocalPlatform) -> None:
    said = talk(machine, "/sources\nwhat decides between 8539 and 9405?\n/sources\n/lang zh\n/help\n/lang xx\n/lang auto\n/nothing\n", "--lang", "en").stdout
    for words in ("cites no clause", "/v1/clauses/", "回答用中文", "/sources 上一个回答的依据全文", "回答随提问的语言", "没有这个命令"):
        assert words in said, words
    assert said.count("/lang zh|en|auto") == 2


def test_a_question_that_cannot_be_taken_ends_nothing(machine: LocalPlatform) -> None:
    done = talk(machine, "x" * 3000 + "\nthanks\n", status=2)
    assert "bad_input" in done.stderr
    assert done.stdout.strip()


CHAT = "import fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); from ecid.cli.main import main; main()"


class Terminal:
    """A chat at a terminal of its own: what is typed, and what is shown."""

    def __init__(self, home: Path) -> None:
        self.screen, theirs = pty.openpty()
        environment = os.environ | {"ECID_HOME": str(home), "TERM": "xterm", "COLUMNS": "120", "HOME": str(home)}
        command = [sys.executable, "-c", CHAT, "chat", "--as", "harborlight.example", "--lang", "en"]
        self.child = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, start_new_session=True)
        os.close(theirs)
        self.seen = b""

    def type(self, keys: bytes) -> None:
        """Type these."""
        os.write(self.screen, keys)

    def until(self, words: bytes) -> bytes:
        """What is shown up to these words."""
        ends = monotonic() + DEADLINE
        while words not in self.seen:
            assert monotonic() < ends, self.seen
            if select.select([self.screen], [], [], 1)[0]:
                self.seen += os.read(self.screen, 4096)
        before, _, self.seen = self.seen.partition(words)
        return before

    def type_until(self, keys: bytes, words: bytes) -> None:
        """Type these, again every second until these words are shown: a terminal that changes its mode swallows what was typed before."""
        ends = monotonic() + DEADLINE
        while words not in self.seen:
            assert monotonic() < ends, self.seen
            self.type(keys)
            if select.select([self.screen], [], [], 1)[0]:
                self.seen += os.read(self.screen, 4096)
        self.seen = self.seen.partition(words)[2]

    def end(self, keys: bytes) -> int:
        """The exit status, once these keys have ended it: typed again until they were read, since a terminal that changes its mode may swallow them."""
        ends = monotonic() + DEADLINE
        while self.child.poll() is None:
            assert monotonic() < ends, self.seen
            with suppress(OSError):
                self.type(keys)
                # A screen that nobody reads fills up, and who writes on it waits.
                while select.select([self.screen], [], [], 0.1)[0]:
                    self.seen += os.read(self.screen, 4096)
            with suppress(subprocess.TimeoutExpired):
                self.child.wait(1)
        return self.child.returncode

    def close(self) -> None:
        """Whatever it does."""
        self.child.kill()
        self.child.wait(DEADLINE)
        os.close(self.screen)


@pytest.fixture
def terminal(machine: LocalPlatform) -> Iterator[Terminal]:
    made = Terminal(machine.settings.home)
    try:
        yield made
    finally:
        made.close()


def test_at_a_terminal_it_prompts_forgets_and_ends(terminal: Terminal, machine: LocalPlatform) -> None:
    terminal.until(b"> ")
    terminal.type(b"thanks\n")
    terminal.until(b"welcome")
    terminal.until(b"> ")
    terminal.type_until(b"\x03", b"> ")
    assert terminal.end(b"\x04") == 0
    assert not [path for path in machine.settings.home.iterdir() if "history" in path.name]


def test_ctrl_c_typed_many_times_ends_nothing(terminal: Terminal) -> None:
    terminal.until(b"> ")
    for _ in range(200):
        terminal.type(b"\x03")
    terminal.type_until(b"\nthanks\n", b"welcome")
    assert terminal.end(b"\x04") == 0


def test_ctrl_c_ends_a_turn_and_not_the_chat(terminal: Terminal) -> None:
    terminal.until(b"> ")
    terminal.type(b"why is my score 82?\n")
    terminal.until(b"Reading")
    terminal.type(b"\x03")
    assert b"Traceback" not in terminal.until(b"> ")
    assert terminal.end(b"/quit\n") == 0
