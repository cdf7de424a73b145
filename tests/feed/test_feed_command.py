"""`ecid feed`: what it takes, what it refuses and how it says so."""

from __future__ import annotations

import json
import stat
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner, Result

from ecid.cli.feed import feed_command
from ecid.errors import EcidError, InvalidEvent, SourceUnavailable
from ecid.feed.events import MAX_EVENT_BYTES, parse_event
from ecid.services.ingest_events import Batch
from ecid.settings import Settings

HERE = Path(__file__).parent
LINES = [json.dumps(json.loads(path.read_text("utf-8")), ensure_ascii=False) for path in sorted((HERE / "events").glob("*.json"))]
ALL = len(LINES)


class Ingestion:
    """Parses like the real one and remembers ids; `down` after that many batches."""

    def __init__(self, down: int | None = None) -> None:
        self.seen: set[str] = set()
        self.sizes: list[int] = []
        self.down = down

    def batch(self, messages: Sequence[tuple[str, bytes]]) -> Batch:
        self.sizes.append(len(messages))
        if self.down is not None and len(self.sizes) > self.down:
            return Batch(0, 0, {message_id: SourceUnavailable() for message_id, _ in messages})
        failed: dict[str, EcidError] = {}
        taken = known = 0
        for message_id, body in messages:
            try:
                event = parse_event(body, frozenset({"example"}))
            except InvalidEvent as error:
                failed[message_id] = error
                continue
            taken, known = taken + (event.id not in self.seen), known + (event.id in self.seen)
            self.seen.add(event.id)
        return Batch(taken, known, failed)


def feed(tmp_path: Path, content: bytes | None, *options: str, ingestion: Any = None, unscored: Sequence[str] = ()) -> Result:
    path = tmp_path / "events.jsonl"
    if content is not None:
        path.write_bytes(content)
    platform = SimpleNamespace(
        ingest=lambda: ingestion or Ingestion(), unscored=lambda: unscored, has_index=lambda: True, settings=Settings(home=tmp_path / "home")
    )
    return CliRunner().invoke(feed_command, [str(path), "--lang", "en", *options], obj=platform)


def test_everything_taken(tmp_path: Path) -> None:
    result = feed(tmp_path, "\n".join(LINES).encode())
    assert (result.exit_code, result.stdout, result.stderr) == (0, f"taken {ALL}, already known 0, refused 0\n", "")
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    "content",
    [
        ("﻿" + "\n".join(LINES)).encode(),
        "\r\n".join(LINES).encode(),
        "\n\n".join(LINES).encode() + b"\n   \n",
    ],
    ids=["byte order mark", "carriage returns", "blank lines"],
)
def test_forms_of_files(tmp_path: Path, content: bytes) -> None:
    assert feed(tmp_path, content).stdout == f"taken {ALL}, already known 0, refused 0\n"


def test_batches_of_ten_and_known_events(tmp_path: Path) -> None:
    ingestion = Ingestion()
    result = feed(tmp_path, "\n".join(LINES * 4).encode(), "--json", ingestion=ingestion)
    assert json.loads(result.stdout) == {"taken": ALL, "known": 3 * ALL, "poison": [], "unscored": []}
    assert ingestion.sizes[:-1] == [10] * (4 * ALL // 10)
    assert sum(ingestion.sizes) == 4 * ALL


def test_enterprises_that_could_not_be_scored_are_named(tmp_path: Path) -> None:
    result = feed(tmp_path, LINES[0].encode(), unscored=["914403005867203466"])
    assert (result.exit_code, result.stdout) == (3, "taken 1, already known 0, refused 0\n")
    assert "914403005867203466 could not be scored" in result.stderr
    told = feed(tmp_path, LINES[0].encode(), "--json", unscored=["914403005867203466"])
    assert json.loads(told.stdout)["unscored"] == ["914403005867203466"]


def test_poison_is_listed_and_kept(tmp_path: Path) -> None:
    for _ in range(2):
        result = feed(tmp_path, "\n".join([LINES[0], "{", *LINES[1:], '{"id":"永盛"}', "\\xff"]).encode() + b"\xff\n")
        assert result.exit_code == 1
        assert result.stdout == f"taken {ALL}, already known 0, refused 3\n"
        first, second, third, where = result.stderr.splitlines()
        assert first.startswith("line 2 (invalid_event): The event does not follow its schema: Invalid JSON")
        assert second.startswith(f"line {ALL + 2} (invalid_event)")
        assert third.startswith(f"line {ALL + 3} (invalid_event)")
        assert where.endswith("dead-letters.jsonl")
    letters = [json.loads(line) for line in (tmp_path / "home" / "dead-letters.jsonl").read_text("utf-8").splitlines()]
    assert [(letter["line"], letter["event"]) for letter in letters[3:]] == [(2, "{"), (ALL + 2, '{"id":"永盛"}'), (ALL + 3, "\\xff\\xff")]
    assert stat.S_IMODE((tmp_path / "home" / "dead-letters.jsonl").stat().st_mode) == 0o600


def test_poison_as_json(tmp_path: Path) -> None:
    result = feed(tmp_path, b"{\n", "--json", "--lang", "zh")
    assert result.exit_code == 1
    (poison,) = json.loads(result.stdout)["poison"]
    assert (poison["line"], poison["code"]) == (1, "invalid_event")
    assert poison["reason"].startswith("事件不符合其格式")


def test_a_line_without_end_is_one_refused_line(tmp_path: Path) -> None:
    result = feed(tmp_path, b"[" * (3 * MAX_EVENT_BYTES) + b"\n" + LINES[0].encode())
    assert result.stdout == "taken 1, already known 0, refused 1\n"
    assert f"longer than {MAX_EVENT_BYTES} bytes" in result.stderr
    assert (tmp_path / "home" / "dead-letters.jsonl").stat().st_size < 2 * MAX_EVENT_BYTES


def test_a_store_that_is_down_stops_the_feed_and_is_no_poison(tmp_path: Path) -> None:
    result = feed(tmp_path, "\n".join(LINES * 4).encode(), ingestion=Ingestion(down=1))
    assert result.exit_code == 3
    assert result.stderr.startswith("Stopped at line 11:")
    assert not (tmp_path / "home").exists()


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    result = feed(tmp_path, None)
    assert result.exit_code == 2
    assert "No such file" in result.stderr


def test_an_empty_file(tmp_path: Path) -> None:
    assert feed(tmp_path, b"").stdout == "taken 0, already known 0, refused 0\n"


def test_standard_input(tmp_path: Path) -> None:
    platform = SimpleNamespace(ingest=Ingestion, unscored=list, has_index=lambda: True, settings=Settings(home=tmp_path))
    result = CliRunner().invoke(feed_command, ["-", "--json"], obj=platform, input="\n".join(LINES))
    assert json.loads(result.stdout)["taken"] == ALL
