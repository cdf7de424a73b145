"""One function in an interpreter that has nothing but what was built for it; tests/test_build.py and tests/test_image.py run this file with `-I -S`.

Reads {"path": [folders], "handler": module, "events": [events]} from standard input, hands the events to the handler one after the other, and writes
{"answers": [...], "calls": [{"service", "operation", "params"}], "connected": [addresses]}: what the function answered, what it asked AWS for, and whom
it spoke to.
"""

import importlib
import importlib.util
import json
import sys
from types import SimpleNamespace

CONTEXT = SimpleNamespace(
    aws_request_id="r-1", function_name="bare", memory_limit_in_mb=1024, invoked_function_arn="arn", get_remaining_time_in_millis=lambda: 30_000
)


def main() -> None:
    asked = json.load(sys.stdin)
    sys.path[:0] = asked["path"]
    calls: list[dict[str, object]] = []
    connected: list[str] = []

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        if event == "socket.connect":
            connected.append(str(arguments[1]))

    def made(params: dict[str, object], model: SimpleNamespace, **_: object) -> None:
        kept = {name: value for name, value in params.items() if name != "Body"}
        calls.append({"service": model.service_model.service_name, "operation": model.name, "params": kept})

    sys.addaudithook(watch)
    if importlib.util.find_spec("boto3"):
        boto3 = importlib.import_module("boto3")
        boto3.setup_default_session()
        boto3.DEFAULT_SESSION.events.register("provide-client-params", made)
    handler = importlib.import_module(asked["handler"]).handler
    answers = [handler(event, CONTEXT) for event in asked["events"]]
    sys.stdout.write("\n" + json.dumps({"answers": answers, "calls": calls, "connected": connected}, default=str))


main()
