"""A warm verification on the embedded engine, beside the request that it makes, made bare on the same engine in the same run.

`python -m tests.benchmarks.warm_verify ROUNDS HOME` prints both as JSON.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

from ecid import bootstrap
from ecid.adapters.dynamodb import DynamoFactStore

_DOMAIN = "brightcell.example"


def measure(rounds: int, folder: Path) -> dict[str, Any]:
    """Medians in milliseconds of the handler and of the bare request, in turn, and what the handler asked the store for.

    Uses `folder` as the home of a platform of its own.
    """
    os.environ["ECID_HOME"] = str(folder)
    from functions.verify_domain import app  # noqa: PLC0415 - the home is read when the program is first asked

    local = bootstrap.platform()
    assert isinstance(local, bootstrap.LocalPlatform)
    bootstrap.feed_samples(local)
    store = local.store
    assert isinstance(store, DynamoFactStore)
    table = store.settings.records_table
    wanted: Any = {table: {"Keys": [{"domain": {"S": _DOMAIN}}, {"domain": {"S": "#sources"}}]}}
    asked: list[tuple[str, int]] = []

    def note(params: dict[str, Any], model: Any, **_: object) -> None:
        asked.append((model.name, sum(len(keys["Keys"]) for keys in params.get("RequestItems", {}).values())))

    store.client.meta.events.register("provide-client-params.dynamodb", note)
    event, context = _request(), object()
    taken = _in_turn({"handler": lambda: _answered(app.handler(event, context)), "bare": lambda: store.client.batch_get_item(RequestItems=wanted)}, rounds)
    asked.clear()
    app.handler(event, context)
    local.close()
    return {"handler_ms": taken["handler"], "bare_ms": taken["bare"], "requests": len(asked), "keys": asked[0][1], "operation": asked[0][0], "rounds": rounds}


def _in_turn(work: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    seconds: dict[str, list[float]] = {name: [] for name in work}
    for turn in range(rounds + 20):
        for name, task in work.items():
            started = perf_counter()
            task()
            if turn >= 20:
                seconds[name].append(perf_counter() - started)
    return {name: statistics.median(taken) * 1000 for name, taken in seconds.items()}


def _answered(answer: dict[str, Any]) -> None:
    if answer["statusCode"] != 200 or json.loads(answer["body"])["status"] != "registered":
        raise AssertionError(answer)


def _request() -> dict[str, Any]:
    path = f"/v1/domains/{_DOMAIN}"
    now = datetime.now(UTC)
    return {
        "version": "2.0",
        "routeKey": "GET /v1/domains/{domain}",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"accept": "application/json"},
        "requestContext": {
            "http": {"method": "GET", "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "benchmark"},
            "requestId": "benchmark",
            "stage": "$default",
            "time": f"{now:%d/%b/%Y:%H:%M:%S +0000}",
            "timeEpoch": int(now.timestamp() * 1000),
        },
        "pathParameters": {"domain": _DOMAIN},
        "isBase64Encoded": False,
    }


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]), Path(sys.argv[2]))))
