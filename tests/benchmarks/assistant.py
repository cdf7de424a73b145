"""The assistant with the planner, on the sample enterprises: how soon its first event and its answer are there, warm, in a fresh process, and many at once.

`python -m tests.benchmarks.assistant ROUNDS COLD AT_ONCE HOME` prints all as JSON.
The yardstick is the ledger that most answers rest on, asked of the use case bare.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from math import ceil
from pathlib import Path
from socket import socket
from time import perf_counter, sleep
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from ecid.assistant.caller import Caller
from ecid.bootstrap import LocalPlatform, feed_samples
from ecid.cli.conversations import There
from ecid.settings import Settings
from tests.pack_index import lend

DOMAIN = "harborlight.example"
QUESTIONS = (
    ("why is my score 82?", "en"),
    ("and the second one?", "en"),
    ("how do I get to 90, cheapest first?", "en"),
    ("what if I correct the first three?", "en"),
    ("by when must I disclose, and what does it cost?", "en"),
    ("which elements does 85414300 want?", "en"),
    ("what decides between 8539 and 9405?", "en"),
    ("when does the old mistake stop counting?", "en"),
    ("为什么是82分？", "zh"),
    ("那第二个呢？", "zh"),
    ("怎样最省地到90分？", "zh"),
    ("前三项都更正会怎样？", "zh"),
    ("值得申请预裁定吗？", "zh"),
    ("官网为什么显示验证不可达？", "zh"),
    ("失信对我的AEO意味着什么？", "zh"),
    ("充电宝归哪个编码？", "zh"),
)
_PROGRAM = f"""
import time; begun = time.perf_counter()
import json
from ecid import bootstrap
from ecid.assistant.caller import Caller
platform = bootstrap.platform()
uscc = platform.verification().verify({DOMAIN!r}).enterprise.uscc
first = None
for event in platform.converse(Caller.supplier("cold", uscc), "cold", "why is my score 82?", "en"):
    first = first or time.perf_counter() - begun
print(json.dumps([first * 1000, (time.perf_counter() - begun) * 1000]))
platform.close()
"""


def measure(rounds: int, cold: int, at_once: int, folder: Path) -> dict[str, Any]:
    """Milliseconds by what was measured; `folder` becomes the home of a platform of its own, with the samples."""
    local = LocalPlatform(Settings(home=lend(folder)))
    try:
        feed_samples(local)
        # The engine runs on meanwhile, as a database does.
        return {"rounds": rounds, **_warm(local, rounds), **_cold(folder, cold), **_at_once(folder, at_once)}
    finally:
        local.close()


def _warm(local: LocalPlatform, rounds: int) -> dict[str, float]:
    found = local.verification().verify(DOMAIN).enterprise
    assert found is not None
    caller, questions = Caller.supplier("benchmark", found.uscc), local.questions()
    first: list[float] = []
    whole: list[float] = []
    bare: list[float] = []
    for turn in range(rounds + 1):
        for text, lang in QUESTIONS:
            started = perf_counter()
            events = local.converse(caller, f"benchmark-{turn}", text, "zh" if lang == "zh" else "en")
            next(iter(events))
            at_first = perf_counter() - started
            last = [event.name for event in events][-1]
            assert last == "done", (text, last)
            whole.append(perf_counter() - started)
            first.append(at_first)
        started = perf_counter()
        questions.explain(found.uscc, "en")
        bare.append(perf_counter() - started)
    kept = slice(len(QUESTIONS), None)
    return {
        **{f"first_{share}": percentile(first[kept], share) for share in (50, 95)},
        **{f"answer_{share}": percentile(whole[kept], share) for share in (50, 95)},
        "bare_50": percentile(bare[1:], 50),
    }


def percentile(seconds: Sequence[float], share: int) -> float:
    """In milliseconds."""
    return sorted(seconds)[ceil(len(seconds) * share / 100) - 1] * 1000


def _cold(folder: Path, rounds: int) -> dict[str, float]:
    """Medians over fresh processes, the interpreter's own start not counted: to the first event, to the end, and `import boto3` alone."""
    environment = os.environ | {"ECID_HOME": str(folder)}
    taken: list[Sequence[float]] = []
    boto3 = "import time; begun = time.perf_counter(); import boto3, json; print(json.dumps([(time.perf_counter() - begun) * 1000]))"
    for _ in range(rounds):
        told = [subprocess.run([sys.executable, "-c", each], check=True, stdout=subprocess.PIPE, text=True, env=environment) for each in (_PROGRAM, boto3)]
        taken.append([value for one in told for value in json.loads(one.stdout.splitlines()[-1])])
    return dict(zip(("cold_first", "cold_answer", "cold_boto3"), map(statistics.median, zip(*taken, strict=True)), strict=True))


def _at_once(folder: Path, count: int) -> dict[str, float]:
    """Conversations of two questions each on `ecid serve`, one after the other, then all at once; and at once as many verifications."""
    with _served(folder) as server:
        talking = There(server, _token(folder))
        alone = [_timed(lambda: _converse(talking)) for _ in range(5)]
        started = perf_counter()
        together = _together(lambda: _converse(talking), count)
        taken = perf_counter() - started
        verified = _together(lambda: _verify(server), count)
    failed = [error for _, error in [*together, *verified] if error]
    return {
        "at_once": count,
        "errors": len(failed),
        "alone_50": percentile([seconds for seconds, _ in alone], 50),
        "together_50": percentile([seconds for seconds, _ in together], 50),
        "together_95": percentile([seconds for seconds, _ in together], 95),
        "together_s": taken,
        "verified_95": percentile([seconds for seconds, _ in verified], 95),
    }


def _converse(talking: There) -> None:
    opened = talking.open("en")
    for text in ("why is my score 82?", "and the second one?"):
        assert [name for name, _ in talking.ask(opened.id, text, "en")][-1] == "done"


def _verify(server: str) -> None:
    with urlopen(f"{server}/v1/domains/{DOMAIN}") as told:  # noqa: S310 - loopback
        assert json.load(told)["status"] == "registered"


def _together(work: Callable[[], None], count: int) -> list[tuple[float, str]]:
    gate = threading.Barrier(count)

    def one(_: int) -> tuple[float, str]:
        gate.wait()
        return _timed(work)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def _timed(work: Callable[[], None]) -> tuple[float, str]:
    started = perf_counter()
    try:
        work()
    except Exception as error:  # noqa: BLE001 - counted, whatever it is
        return perf_counter() - started, f"{type(error).__name__}: {error}"
    return perf_counter() - started, ""


def _ecid(*arguments: str) -> list[str]:
    return [sys.executable, "-c", "from ecid.cli.main import main; main()", *arguments]


def _token(folder: Path) -> str:
    asked = _ecid("token", "--as", DOMAIN)
    return subprocess.run(asked, check=True, stdout=subprocess.PIPE, text=True, env=os.environ | {"ECID_HOME": str(folder)}).stdout.strip()


@contextmanager
def _served(folder: Path) -> Iterator[str]:
    """The address of an `ecid serve` of its own."""
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(_ecid("serve", "--port", str(port)), env=os.environ | {"ECID_HOME": str(folder)}, stderr=subprocess.DEVNULL)
    try:
        address = f"http://127.0.0.1:{port}"
        for _ in range(600):
            try:
                _verify(address)
                break
            except (URLError, OSError):
                sleep(0.1)
        yield address
    finally:
        server.terminate()
        server.wait(30)


if __name__ == "__main__":
    print(json.dumps(measure(*map(int, sys.argv[1:4]), Path(sys.argv[4]))))
