"""`ecid feed FILE.jsonl`: replay source events from a file, one a line, through the same ingestion as the queue."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

import click

from ecid.bootstrap import LocalPlatform
from ecid.cli.index import ready_index
from ecid.cli.options import lang_option
from ecid.errors import BadInput, EcidError, Language
from ecid.feed.events import MAX_EVENT_BYTES

BATCH = 10
"""As many as the queue hands to the function at once."""
DEAD_LETTERS = "dead-letters.jsonl"

_WORDS = {
    "events": {"zh": "事件", "en": "events"},
    "summary": {"zh": "已接收 {taken}，已知 {known}，拒收 {poison}", "en": "taken {taken}, already known {known}, refused {poison}"},
    "poison": {"zh": "第 {line} 行（{code}）：{reason}", "en": "line {line} ({code}): {reason}"},
    "kept": {"zh": "拒收的行已存入 {path}", "en": "The refused lines were added to {path}"},
    "scoring": {"zh": "正在评分……", "en": "scoring…"},
    "unscored": {
        "zh": "企业 {uscc} 的评分未能完成，原因见日志；其申报已保存，请排除原因后重新运行。",
        "en": "The enterprise {uscc} could not be scored, the log says why; its declarations are kept. Mend the cause and run the same command again.",
    },
    "stopped": {
        "zh": "在第 {line} 行停止：{reason} 已接收的不会重复，请稍后重新运行。",
        "en": "Stopped at line {line}: {reason} What was taken is not taken twice; run the same command again later.",
    },
}


@dataclass(frozen=True, slots=True)
class Poison:
    """A line that can never be taken: its number (1-based), the stable code and the reason."""

    line: int
    code: str
    reason: str


@click.command("feed")
@click.argument("file", type=click.File("rb"), metavar="FILE.jsonl")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
@lang_option
@click.pass_obj
def feed_command(platform: LocalPlatform, file: BinaryIO, as_json: bool, lang: Language) -> None:
    """Replay source events (`-` reads standard input); known events change nothing.

    Exits with 1 when lines were refused, with 3 when an enterprise could not be scored.
    """
    ready_index(platform, lang)
    ingestion = platform.ingest()
    dead_letters = platform.settings.home / DEAD_LETTERS
    poison: list[Poison] = []
    taken = known = 0
    with click.progressbar(length=_size(file), label=_WORDS["events"][lang], file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:
        for lines in _batches(file):
            batch = ingestion.batch([(str(number), line) for number, line in lines])
            taken, known = taken + batch.taken, known + batch.known
            refused = [(number, line, batch.failed[str(number)]) for number, line in lines if str(number) in batch.failed]
            found = [Poison(number, error.code, error.sentence(lang)) for number, _, error in refused]
            _stop_unless_poison(refused, lang)
            _keep(dead_letters, str(getattr(file, "name", "-")), found, [line for _, line, _ in refused])
            poison += found
            bar.update(sum(len(line) for _, line in lines))
    if sys.stderr.isatty():
        click.echo(_WORDS["scoring"][lang], err=True)
    unscored = platform.unscored()
    for uscc in unscored:
        click.echo(_WORDS["unscored"][lang].format(uscc=uscc), err=True)
    for item in poison:
        click.echo(_WORDS["poison"][lang].format_map(asdict(item)), err=True)
    if poison:
        click.echo(_WORDS["kept"][lang].format(path=dead_letters), err=True)
    if as_json:
        click.echo(
            json.dumps({"taken": taken, "known": known, "poison": [asdict(item) for item in poison], "unscored": unscored}, ensure_ascii=False, indent=2)
        )
    else:
        click.echo(_WORDS["summary"][lang].format(taken=taken, known=known, poison=len(poison)))
    if poison or unscored:
        raise SystemExit(3 if unscored else 1)


def _batches(file: BinaryIO) -> Iterator[list[tuple[int, bytes]]]:
    """Up to `BATCH` numbered lines at a time, without blank ones. Of a line that is too long only the beginning is read into memory."""
    lines: list[tuple[int, bytes]] = []
    number = 0
    while line := file.readline(MAX_EVENT_BYTES + 2):
        number += 1
        rest = line
        while not rest.endswith(b"\n") and (rest := file.readline(MAX_EVENT_BYTES)):
            continue
        text = line.removeprefix(b"\xef\xbb\xbf").rstrip(b"\r\n") if number == 1 else line.rstrip(b"\r\n")
        if text.strip():
            lines.append((number, text))
        if len(lines) == BATCH:
            yield lines
            lines = []
    if lines:
        yield lines


def _size(file: BinaryIO) -> int:
    """Bytes to read; 0 where that is not known (a pipe)."""
    if not file.seekable():
        return 0
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    return size


def _stop_unless_poison(refused: Sequence[tuple[int, bytes, EcidError]], lang: Language) -> None:
    """A store that cannot be asked says nothing about the events: stop, and let the operator run the file again."""
    for number, _, error in refused:
        if not isinstance(error, BadInput):
            click.echo(_WORDS["stopped"][lang].format(line=number, reason=error.sentence(lang)), err=True)
            raise SystemExit(3)


def _keep(path: Path, source: str, poison: Sequence[Poison], lines: Sequence[bytes]) -> None:
    """Add refused lines to the dead letters, readable by the owner only: declarations are business secrets."""
    if not poison:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "w", encoding="utf-8") as file:
        for item, line in zip(poison, lines, strict=True):
            kept = {"file": source, **asdict(item), "event": line.decode("utf-8", "backslashreplace")}
            file.write(json.dumps(kept, ensure_ascii=False) + "\n")
