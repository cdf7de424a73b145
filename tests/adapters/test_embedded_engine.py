"""The embedded engine: found, started, kept on disk, ended; and what stands in for it where it is not installed."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from ecid.adapters.dynamodb import DynamoFactStore, create_tables, dynamodb_client
from ecid.adapters.embedded_engine import Engine, find_engine, start_engine
from ecid.errors import SourceUnavailable
from ecid.settings import Settings
from tests.adapters.engines import engine_roots


def store_on(engine: Engine) -> DynamoFactStore:
    settings = Settings(dynamodb_endpoint=engine.endpoint)
    client = dynamodb_client(settings)
    create_tables(client, settings)
    return DynamoFactStore(client, settings)


def listens(engine: Engine) -> bool:
    address = urlsplit(engine.endpoint)
    assert address.hostname == "127.0.0.1"
    with socket.socket() as probe:
        return probe.connect_ex((address.hostname, address.port or 0)) == 0


installed = pytest.mark.skipif(find_engine(engine_roots()) is None, reason="the embedded engine is not installed (npm ci, or ECID_TEST_ENGINE)")


@installed
def test_the_engine_ends_with_its_process_even_if_that_is_killed(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from ecid.adapters.embedded_engine import start_engine;"
        "print(start_engine(Path(sys.argv[1]), map(Path, sys.argv[2:])).endpoint, flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "platform.db"), *map(str, engine_roots())]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        engine = Engine(owner.stdout.readline().strip(), persistent=True, notice="", close=owner.kill)
        assert listens(engine)
        engine.close()
    deadline = time.monotonic() + 10
    while listens(engine) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not listens(engine)


@installed
def test_what_was_stored_is_there_after_a_restart(tmp_path: Path) -> None:
    first = start_engine(tmp_path / "home" / "platform.db", engine_roots())
    assert first.persistent
    store_on(first).put_record("a.example", {"n": 1}, 1)
    first.close()
    assert not listens(first)
    second = start_engine(tmp_path / "home" / "platform.db", engine_roots())
    assert store_on(second).get_record("a.example").record == {"n": 1}
    second.close()


def test_without_the_binary_moto_stands_in_and_says_so(tmp_path: Path) -> None:
    engine = start_engine(tmp_path / "platform.db", [tmp_path])
    try:
        assert not engine.persistent
        assert "nothing is kept" in engine.notice
        store = store_on(engine)
        store.put_record("a.example", {"n": 1}, 1)
        assert store.get_record("a.example").record == {"n": 1}
    finally:
        engine.close()
    assert not listens(engine)


def test_an_engine_that_does_not_come_up_is_unavailable(tmp_path: Path) -> None:
    folder = tmp_path / "node_modules" / "@dynoxide" / "any"
    folder.mkdir(parents=True)
    broken = folder / "dynoxide"
    broken.write_text("#!/bin/sh\nexit 3\n")
    broken.chmod(0o755)
    assert find_engine([tmp_path / "elsewhere", tmp_path]) == broken
    with pytest.raises(SourceUnavailable):
        start_engine(tmp_path / "platform.db", [tmp_path])
