"""Cold start: each function imported in a process of its own, beside `import boto3` and an empty process, in turn."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from pathlib import Path
from time import perf_counter

CHECKOUT = Path(__file__).parents[2]
EMPTY, YARDSTICK = "pass", "import boto3"


def measure(rounds: int) -> dict[str, float]:
    """Median milliseconds of a whole process by what it does: `pass`, `import boto3`, and each function's name. In turn, so that a busy moment hits all."""
    functions = sorted(path.parent.name for path in (CHECKOUT / "functions").glob("*/app.py"))
    programs = {EMPTY: EMPTY, YARDSTICK: YARDSTICK} | {name: f"import functions.{name}.app" for name in functions}
    programs["verify_domain, ready"] = f"{programs['verify_domain']}; from ecid import bootstrap; bootstrap.verification()"
    seconds: dict[str, list[float]] = {name: [] for name in programs}
    for program in programs.values():
        _run(program)
    for _ in range(rounds):
        for name, program in programs.items():
            started = perf_counter()
            _run(program)
            seconds[name].append(perf_counter() - started)
    return {name: statistics.median(taken) * 1000 for name, taken in seconds.items()}


def _run(program: str) -> None:
    as_in_lambda = {"AWS_LAMBDA_FUNCTION_NAME": "benchmark", "AWS_DEFAULT_REGION": "eu-central-1"}
    environment = os.environ | as_in_lambda | {"PYTHONPATH": os.pathsep.join([str(CHECKOUT), str(CHECKOUT / "layers/core/python")])}
    subprocess.run([sys.executable, "-c", program], check=True, env=environment, cwd=CHECKOUT)
