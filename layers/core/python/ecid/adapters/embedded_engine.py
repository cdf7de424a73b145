"""A DynamoDB-compatible engine on this machine, for `ecid serve` and the contract suite: the npm package `@dynoxide/<platform>`, or else moto in memory.

The engine listens on the loopback interface only and checks no credentials: whoever can run programs on this machine can read it.
"""

from __future__ import annotations

import atexit
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from ecid.adapters import engine_guard
from ecid.errors import NotFound, SourceUnavailable

_HOST = "127.0.0.1"
_START_WITHIN = 10.0
_STOP_WITHIN = 5.0


@dataclass(frozen=True, slots=True)
class Engine:
    """A running engine: its address, whether it keeps its data, what to tell the operator about it, and how to end it (also done at exit)."""

    endpoint: str
    persistent: bool
    notice: str
    close: Callable[[], None]


def find_engine(roots: Iterable[Path]) -> Path | None:
    """The binary that npm installed under one of `roots`; npm installs the one for this platform only."""
    found = (path for root in roots for name in ("dynoxide", "dynoxide.exe") for path in sorted(root.glob(f"node_modules/@dynoxide/*/{name}")))
    return next(found, None)


def start_engine(database: Path, roots: Iterable[Path]) -> Engine:
    """Start the engine on `database` (a file, made when missing), or moto's server where no binary is installed.

    Raises SourceUnavailable when the engine does not come up, NotFound when there is neither.
    """
    binary = find_engine(roots)
    return _start_in_memory() if binary is None else _start_binary(binary, database)


def _start_binary(binary: Path, database: Path) -> Engine:
    database.parent.mkdir(parents=True, exist_ok=True)
    port = _free_port()
    process = subprocess.Popen(  # noqa: S603 – a fixed program with arguments of our own
        [sys.executable, "-I", engine_guard.__file__, str(binary), "--host", _HOST, "--port", str(port), "--db-path", str(database)],
        stdin=subprocess.PIPE,  # closing it ends the engine, and it closes with this process even if that is killed
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # an interrupt at the terminal is ours to handle: first the work in hand, then the engine
    )

    def close() -> None:
        atexit.unregister(close)
        try:
            process.communicate(timeout=_STOP_WITHIN)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    atexit.register(close)
    endpoint = f"http://{_HOST}:{port}"
    try:
        _wait_until_up(endpoint, process)
    except SourceUnavailable:
        close()
        raise
    return Engine(endpoint, persistent=True, notice=f"{binary.name} on {database}", close=close)


def _start_in_memory() -> Engine:
    try:
        from moto.server import ThreadedMotoServer  # noqa: PLC0415 – a development package, absent in production
    except ImportError as error:
        raise NotFound(what="an embedded database engine: run `npm ci`, or install moto[server]") from error
    server = ThreadedMotoServer(ip_address=_HOST, port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()

    def close() -> None:
        atexit.unregister(close)
        server.stop()

    atexit.register(close)
    return Engine(
        f"http://{_HOST}:{port}",
        persistent=False,
        notice="moto in memory: nothing is kept when the process ends (run `npm ci` for the engine that keeps it)",
        close=close,
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        return int(probe.getsockname()[1])


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
