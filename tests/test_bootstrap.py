"""The platform on this machine: one engine a home, shared by commands, outliving nothing that crashed."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ecid import bootstrap
from ecid.adapters.dynamodb import DynamoFactStore
from ecid.adapters.embedded_engine import find_engine
from ecid.bootstrap import LocalPlatform, Platform, feed_samples, keep_samples, refuse, reserve
from ecid.errors import PayloadTooLarge, SourceUnavailable
from ecid.services.feed_samples import FedSample
from ecid.settings import Settings
from tests.adapters.engines import CHECKOUT
from tests.pack_index import lend

pytestmark = pytest.mark.skipif(find_engine([CHECKOUT]) is None, reason="the embedded engine is not installed (npm ci)")


def local(home: Path) -> LocalPlatform:
    return LocalPlatform(Settings(home=home))


def endpoint(platform: Platform) -> str:
    assert isinstance(platform.store, DynamoFactStore)
    return str(platform.store.client.meta.endpoint_url)


def test_a_second_command_uses_the_engine_that_runs(tmp_path: Path) -> None:
    first, second = local(tmp_path), local(tmp_path)
    assert endpoint(first) == endpoint(second)
    second.close()
    third = local(tmp_path)
    assert endpoint(third) == endpoint(first)
    first.close()
    assert third.verification().verify("harborlight.example").status == "unknown"
    third.close()
    assert not (tmp_path / "engine.json").exists()


@pytest.mark.parametrize(
    "left",
    [
        '{"endpoint": "http://127.0.0.1:9", "group": 1, "notice": ""}',
        '{"endpoint": "http://127.0.0.1:9", "group": 4194300, "notice": ""}',
        '{"endpoint": "http://192.0.2.1:80", "group": null, "notice": ""}',
        '{"endpoint": "http://127.0.0.1:9"}',
        "{",
        "[]",
        '"x"',
    ],
)
def test_what_a_crash_left_behind_is_no_engine(left: str, tmp_path: Path) -> None:
    (tmp_path / "engine.json").write_text(left)
    platform = local(tmp_path)
    assert endpoint(platform) == json.loads((tmp_path / "engine.json").read_text())["endpoint"]
    assert endpoint(platform).startswith("http://127.0.0.1:")
    platform.close()


def test_samples_are_still_there_after_a_restart(tmp_path: Path) -> None:
    platform = local(lend(tmp_path))
    fed = feed_samples(platform)
    assert [(one.sample.ask, one.failed, one.unscored) for one in fed if one.failed or one.unscored] == []
    assert "harborlight.example" in {one.sample.ask for one in fed}
    score = platform.verification().verify("harborlight.example").score
    platform.close()
    again = local(tmp_path)
    found = again.verification().verify("harborlight.example")
    assert found.score == score
    assert found.score.value is not None
    assert found.score.value.score == 82
    again.close()


WORKER = """
import sys
from pathlib import Path
from ecid.bootstrap import LocalPlatform
from ecid.settings import Settings
platform = LocalPlatform(Settings(home=Path(sys.argv[1])))
print(platform.store.client.meta.endpoint_url, flush=True)
for line in sys.stdin:
    print(platform.verification().verify("a.example").status, flush=True)
platform.close()
"""


def start(home: Path) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", WORKER, str(home)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def told(worker: subprocess.Popen[str]) -> str:
    assert worker.stdout
    return worker.stdout.readline().strip()


def still_works(worker: subprocess.Popen[str]) -> bool:
    assert worker.stdin
    worker.stdin.write("\n")
    worker.stdin.flush()
    return told(worker) == "unknown"


def listens(address: str) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", int(address.rpartition(":")[2]))) == 0


def gone(address: str, within: float = 10) -> bool:
    deadline = time.monotonic() + within
    while listens(address) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not listens(address)


Workers = Callable[[int], list[subprocess.Popen[str]]]


@pytest.fixture
def workers(tmp_path: Path) -> Iterator[Workers]:
    running: list[subprocess.Popen[str]] = []

    def begin(count: int) -> list[subprocess.Popen[str]]:
        begun = [start(tmp_path) for _ in range(count)]
        running.extend(begun)
        return begun

    yield begin
    for worker in running:
        with worker:
            worker.kill()


def test_processes_that_start_at_once_share_one_engine(workers: Workers) -> None:
    begun = workers(3)
    addresses = {told(worker) for worker in begun}
    assert len(addresses) == 1
    for worker in begun:
        worker.communicate(timeout=20)
        assert worker.returncode == 0
    assert not listens(addresses.pop())


@pytest.mark.parametrize("killed", [False, True])
def test_the_engine_outlives_whoever_started_it(killed: bool, workers: Workers) -> None:
    (first,) = workers(1)
    address = told(first)
    (second,) = workers(1)
    assert told(second) == address
    if killed:
        first.kill()
    first.communicate(timeout=20)
    assert still_works(second)
    second.communicate(timeout=20)
    assert not listens(address)


def test_the_engine_ends_when_all_its_users_are_killed(workers: Workers) -> None:
    begun = workers(2)
    (address,) = {told(worker) for worker in begun}
    for worker in begun:
        worker.kill()
        worker.wait()
    assert gone(address)


def test_an_engine_without_its_guard_ends_with_its_users(workers: Workers, tmp_path: Path) -> None:
    (worker,) = workers(1)
    address = told(worker)
    os.kill(json.loads((tmp_path / "engine.json").read_text())["group"], signal.SIGKILL)
    assert still_works(worker)
    worker.communicate(timeout=20)
    assert not listens(address)


def test_one_damaged_segment_fails_its_own_enterprise_only(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    platform = local(tmp_path)
    platform.objects.put("declarations/914403005867203466/2026-03/junk.parquet", b"no parquet, a secret")
    records = [{"messageId": uscc, "body": json.dumps({"enterprise": uscc})} for uscc in ("914403005867203466", "91330282MA2H7K4W68")]
    assert platform.score_messages({"Records": records}) == {"batchItemFailures": [{"itemIdentifier": "914403005867203466"}]}
    assert any(fact.name == "score" for fact in platform.store.facts("enterprise#91330282MA2H7K4W68").facts)
    assert "2026-03/junk.parquet" in caplog.text
    assert "secret" not in caplog.text
    for record in records:
        platform.scores.send(json.loads(record["body"]))
    assert platform.unscored() == ["914403005867203466"]
    platform.close()


def test_an_unforeseen_error_fails_its_own_enterprise_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    class Scoring:
        def run(self, uscc: str) -> None:
            if uscc == "bad":
                raise ZeroDivisionError("secret")

    platform = local(tmp_path)
    monkeypatch.setattr(platform, "scoring", Scoring)
    records = [{"messageId": uscc, "body": json.dumps({"enterprise": uscc})} for uscc in ("bad", "good")]
    assert platform.score_messages({"Records": records}) == {"batchItemFailures": [{"itemIdentifier": "bad"}]}
    assert "ZeroDivisionError" in caplog.text
    assert "secret" not in caplog.text


@pytest.mark.parametrize("error", [SourceUnavailable(), PermissionError()])
def test_samples_are_kept_up_to_date_after_a_failure(error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = threading.Event()
    times: list[int] = []

    def feed(_: LocalPlatform) -> list[FedSample]:
        times.append(1)
        if len(times) == 2:
            ended.set()
        raise error

    monkeypatch.setattr(bootstrap.local, "feed_samples", feed)
    keep_samples(local(tmp_path), ended, every=0.01)
    assert len(times) == 2


def test_a_busy_port_is_said_before_anything_else(tmp_path: Path) -> None:
    with reserve(0) as taken:
        command = [str(Path(sys.executable).with_name("ecid")), "serve", "--port", str(taken.getsockname()[1])]
        ended = subprocess.run(command, env={**os.environ, "ECID_HOME": str(tmp_path)}, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout) == (3, "")
    assert ended.stderr == f"cannot listen on port {command[-1]}: Address already in use\n"


def test_serve_goes_on_without_samples(tmp_path: Path) -> None:
    with reserve(0) as free:
        port = free.getsockname()[1]
    command = [str(Path(sys.executable).with_name("ecid")), "serve", "--port", str(port)]
    environment = {**os.environ, "ECID_HOME": str(tmp_path), "ECID_PACK_DIR": str(tmp_path / "none")}
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr
        assert "Preparing" in server.stderr.readline()
        assert "dimensions 4 and 9 are not judged: " in server.stderr.readline()
        assert "going on without: no folder" in server.stderr.readline()
        assert "ecid is at" in server.stderr.readline()
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/health", timeout=60) as answer:
            assert answer.status == 200
        server.terminate()


@pytest.mark.parametrize(("accept_language", "detail"), [("zh", "内容过大，上限为 1 KiB。"), ("", "Too large; the limit is 1 KiB.")])
def test_what_the_gateway_refuses_is_a_problem_document(accept_language: str, detail: str) -> None:
    event = {"queryStringParameters": {}, "headers": {"accept-language": accept_language}, "requestContext": {"requestId": "r-1"}}
    answer = refuse(PayloadTooLarge(limit="1 KiB"), event)
    problem = json.loads(answer["body"])
    assert (answer["statusCode"], answer["headers"]["Content-Type"]) == (413, "application/problem+json")
    assert (problem["code"], problem["detail"], problem["instance"]) == ("payload_too_large", detail, "urn:ecid:request:r-1")


def test_a_bad_message_is_handed_back_alone(tmp_path: Path) -> None:
    platform = local(tmp_path)
    records = [{"messageId": "a", "body": "{"}, {"messageId": "b", "body": "{}"}, {"messageId": "c", "body": '{"enterprise": "91330282MA2H7K4W68"}'}]
    assert platform.score_messages({"Records": records}) == {"batchItemFailures": [{"itemIdentifier": "a"}, {"itemIdentifier": "b"}]}
    platform.close()


def test_a_snapshot_holds_what_a_first_request_would_wait_for() -> None:
    """In a process of its own, as Lambda prepares one; nothing else of the program may be loaded for it."""
    program = "import sys, functions.verify_domain.app; print(*(name for name in ('boto3', 'jinja2', 'polars', 'pydantic') if name in sys.modules))"
    loaded = {}
    for kind in ("on-demand", "snap-start"):
        environment = os.environ | {"AWS_LAMBDA_INITIALIZATION_TYPE": kind, "AWS_LAMBDA_FUNCTION_NAME": "verify", "AWS_DEFAULT_REGION": "eu-central-1"}
        environment |= {"PYTHONPATH": os.pathsep.join([str(CHECKOUT), str(CHECKOUT / "layers/core/python")])}
        done = subprocess.run([sys.executable, "-c", program], env=environment, cwd=CHECKOUT, check=True, stdout=subprocess.PIPE, text=True)
        loaded[kind] = set(done.stdout.split())
    assert loaded == {"on-demand": set(), "snap-start": {"boto3", "jinja2"}}
