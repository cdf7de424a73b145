"""A DynamoDB-compatible engine on this machine, for `ecid serve` and the contract suite: the npm package `@dynoxide/<platform>`, or else moto in memory.

The engine listens on the loopback interface only and checks no credentials: whoever can run programs on this machine can read it.

One engine serves every process that uses the same database, and ends with the last of them, whichever that is. Three files beside the database:
`engine.lock` is held by whoever starts, joins or leaves; `engine.users` is held shared by every user, and the system lets go of it when a process dies;
`engine.json` says where the engine is. The guard of the engine waits for `engine.users` alone, and has it only once nobody uses the engine.
"""

from __future__ import annotations

import atexit
import fcntl
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from ecid.adapters import engine_guard
from ecid.errors import NotFound, SourceUnavailable

_HOST = "127.0.0.1"
_START_WITHIN = 10.0
_STOP_WITHIN = 5.0
_guards: list[subprocess.Popen[bytes]] = []
"""The guards that this process started; they may outlive their use here."""
_LOCK, _USERS, _STATE = "engine.lock", "engine.users", "engine.json"


@dataclass(frozen=True, slots=True)
class Engine:
    """A running engine: its address, whether it keeps its data, what to tell the operator about it, and how to leave it (also done at exit).

    The last user that leaves ends it.
    """

    endpoint: str
    persistent: bool
    notice: str
    close: Callable[[], None]


def find_engine(roots: Iterable[Path]) -> Path | None:
    """The binary that npm installed under one of `roots`; npm installs the one for this platform only."""
    found = (path for root in roots for path in sorted(root.glob("node_modules/@dynoxide/*/dynoxide")))
    return next(found, None)


def start_engine(database: Path, roots: Iterable[Path]) -> Engine:
    """The engine on `database` (a file, made when missing): the one that another process has started, else a new one, else moto's server where no
    binary is installed.

    Raises SourceUnavailable when the engine does not come up, NotFound when there is neither.
    """
    folder = database.parent
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder):
        users = (folder / _USERS).open("ab")
        try:
            fcntl.flock(users, fcntl.LOCK_SH)  # waits for a guard that is just ending the engine
            running, in_memory = _read(folder), None
            if running is None:
                binary = find_engine(roots)
                running, in_memory = _start_in_memory() if binary is None else (_start_binary(binary, database), None)
                (folder / _STATE).write_text(json.dumps(asdict(running)), "utf-8")
        except BaseException:
            users.close()
            raise

    def close() -> None:
        atexit.unregister(close)
        if not users.closed:
            _leave(folder, running, users, in_memory)

    atexit.register(close)
    return Engine(running.endpoint, running.group is not None, running.notice, close)


@dataclass(frozen=True, slots=True)
class _Running:
    """What `engine.json` says: address, process group (None: in the memory of the process that started it) and notice of the engine."""

    endpoint: str
    group: int | None
    notice: str


def _read(folder: Path) -> _Running | None:
    """The engine that another process of ours keeps running, if it still does."""
    try:
        found = json.loads((folder / _STATE).read_text("utf-8"))
        running = _Running(str(found["endpoint"]), found["group"] and int(found["group"]), str(found["notice"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    ours = running.endpoint.startswith(f"http://{_HOST}:") and (running.group is None or running.group > 1)
    return running if ours and is_up(running.endpoint) else None


def _leave(folder: Path, running: _Running, users: IO[bytes], in_memory: Callable[[], None] | None) -> None:
    """Stop using the engine, and end it if nobody else uses it. `in_memory` ends the server of this process."""
    with _alone(folder), users:
        if in_memory:
            in_memory()
        elif running.group is not None:
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                fcntl.flock(users, fcntl.LOCK_SH)  # others go on; or the guard was faster, and is waited for
            else:
                _end(running.endpoint, running.group)
        _reap()
        if not _listens(running.endpoint):
            (folder / _STATE).unlink(missing_ok=True)


def _end(endpoint: str, group: int) -> None:
    """End guard and engine, gently first. A group that no longer answers at the address may be somebody else's by now, and is left alone."""
    if not _listens(endpoint):
        return
    with suppress(ProcessLookupError, PermissionError):  # gone
        for sign in (signal.SIGTERM, signal.SIGKILL):
            os.killpg(group, sign)
            deadline = time.monotonic() + _STOP_WITHIN
            while time.monotonic() < deadline:
                _reap()
                os.killpg(group, 0)
                time.sleep(0.02)


def _reap() -> None:
    """Forget the guards of this process that have ended."""
    _guards[:] = [guard for guard in _guards if guard.poll() is None]


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """No other process starts, joins or leaves an engine in this folder meanwhile."""
    with (folder / _LOCK).open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _start_binary(binary: Path, database: Path) -> _Running:
    port = _free_port()
    process = subprocess.Popen(  # noqa: S603 – a fixed program with arguments of our own
        [
            *(sys.executable, "-I", engine_guard.__file__, str(database.parent / _USERS), str(binary)),
            *("--host", _HOST, "--port", str(port), "--db-path", str(database)),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # an interrupt at the terminal is ours to handle, and the group is guard and engine alone
    )
    running = _Running(f"http://{_HOST}:{port}", process.pid, f"{binary.name} on {database}")
    try:
        _wait_until_up(running.endpoint, process)
    except BaseException:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise
    _guards.append(process)
    return running


def _start_in_memory() -> tuple[_Running, Callable[[], None]]:
    try:
        from moto.server import ThreadedMotoServer  # noqa: PLC0415 – a development package, absent in production
    except ImportError as error:
        raise NotFound(what="an embedded database engine: run `npm ci`, or install moto[server]") from error
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # it tells every request otherwise
    server = ThreadedMotoServer(ip_address=_HOST, port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    notice = "moto in memory: nothing is kept when the process ends (run `npm ci` for the engine that keeps it)"
    return _Running(f"http://{_HOST}:{port}", None, notice), server.stop


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        return int(probe.getsockname()[1])


def _listens(endpoint: str) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((_HOST, urlsplit(endpoint).port or 0)) == 0


def is_up(endpoint: str) -> bool:
    """Whether a DynamoDB-compatible engine answers there."""
    client = boto3.client(
        "dynamodb",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",  # noqa: S106 – the engine checks none
        config=Config(connect_timeout=1, read_timeout=1, retries={"total_max_attempts": 1}),
    )
    try:
        client.list_tables()
    except (ClientError, BotoCoreError):
        return False
    return True


def _wait_until_up(endpoint: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_WITHIN
    while time.monotonic() < deadline and process.poll() is None:
        if is_up(endpoint):
            return
        time.sleep(0.02)
    raise SourceUnavailable
