"""Routes whose answers are streamed, and asked for side by side in one process.

The resolver of `ecid.api` keeps the request on a class that every function shares, and hands back whole answers; here a request is an argument, and an
answer an iterator of bytes. Errors, languages and headers are those of `ecid.api`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

from ecid import api
from ecid.errors import EcidError, MethodNotAllowed, NotFound, UnsupportedFormat

EVENT_STREAM = "text/event-stream; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and headers, which leave at once, and the body, a piece at a time. Whoever does not read to the end calls `close` on the iterator."""

    status: int
    headers: Mapping[str, str]
    chunks: Iterator[bytes]


@dataclass(frozen=True, slots=True)
class Request:
    """A request for one of the routes: the event (payload 2.0), and the parts of the path that the route names."""

    event: APIGatewayProxyEventV2
    parts: Mapping[str, str]

    @property
    def id(self) -> str:
        """The name of the request in the logs."""
        return self.event.request_context.request_id


class NotJson(UnsupportedFormat):
    """A body of another media type than JSON."""

    zh = "不接受这种 Content-Type；可用：application/json。"
    en = "The Content-Type is none that is taken; it is to be application/json."


Endpoint = Callable[[Request], Answer]


class Routes:
    """The routes of a function. Safe to use from several threads."""

    def __init__(self) -> None:
        self._routes: list[tuple[api.Operation, re.Pattern[str], Endpoint]] = []

    @property
    def operations(self) -> list[api.Operation]:
        """The routes declared."""
        return [operation for operation, _, _ in self._routes]

    def post(self, path: str, operation_id: str) -> Callable[[Endpoint], Endpoint]:
        """Declare a route for POST; `path` as OpenAPI writes it (`/v1/things/{thing}`)."""

        def declare(endpoint: Endpoint) -> Endpoint:
            pattern = re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(path)))
            self._routes.append((api.Operation("POST", path, operation_id), pattern, endpoint))
            return endpoint

        return declare

    def respond(self, event: Mapping[str, Any]) -> Answer:
        """The answer to an event of a Function URL or of API Gateway (payload 2.0); what goes wrong before it begins is a problem document."""
        asked = APIGatewayProxyEventV2(dict(event))
        try:
            return self._routed(asked)
        except EcidError as error:
            return problem(error, asked)
        except Exception as error:  # noqa: BLE001 - whatever it is, the caller gets the one documented shape, and the log the place
            api.log_unexpected(error, asked.request_context.request_id)
            return problem(EcidError(), asked)

    def handle(self, event: Mapping[str, Any], _context: Any) -> dict[str, Any]:
        """The same, whole, as API Gateway takes it."""
        answer = self.respond(event)
        body = b"".join(answer.chunks).decode()
        return {"statusCode": answer.status, "headers": dict(answer.headers), "body": body, "isBase64Encoded": False}

    def _routed(self, event: APIGatewayProxyEventV2) -> Answer:
        path = event.raw_path
        for operation, pattern, endpoint in self._routes:
            found = pattern.fullmatch(path)
            if found and event.request_context.http.method == operation.method:
                return endpoint(Request(event, found.groupdict()))
            if found:
                raise MethodNotAllowed(allowed=operation.method)
        raise NotFound(what=api.shown(path))


def measured(answer: Answer, counts: Callable[[], Mapping[str, int]]) -> Answer:
    """The same answer; after its last piece, in AWS, what was counted goes into the log as metrics of CloudWatch (embedded metric format)."""
    return replace(answer, chunks=_measured(answer.chunks, counts))


def _measured(chunks: Iterator[bytes], counts: Callable[[], Mapping[str, int]]) -> Iterator[bytes]:
    try:
        yield from chunks
    finally:
        if "AWS_LAMBDA_FUNCTION_NAME" in os.environ and (counted := counts()):
            metrics = EphemeralMetrics(namespace="ecid", service="assist")
            for name, count in counted.items():
                metrics.add_metric(name, MetricUnit.Count, count)
            metrics.flush_metrics()


def problem(error: EcidError, event: APIGatewayProxyEventV2) -> Answer:
    """The error as a problem document, in the language of the request."""
    told = api.problem_response(error, api.language(event), event.request_context.request_id)
    headers = {name: str(value) for name, value in told.headers.items()} | {"Content-Type": api.PROBLEM}
    return Answer(told.status_code, headers, iter([str(told.body).encode()]))


def document(body: Mapping[str, Any], status: int = 200) -> Answer:
    """A JSON document that nobody keeps."""
    return Answer(status, {**api.DATA_HEADERS, "Content-Type": api.JSON, "Cache-Control": api.NO_CACHE}, iter([api.dumps(body).encode()]))


def stream(chunks: Iterator[bytes]) -> Answer:
    """An event stream, which nothing on its way may keep or gather."""
    headers = {**api.DATA_HEADERS, "Content-Type": EVENT_STREAM, "Cache-Control": api.NO_CACHE, "X-Accel-Buffering": "no"}
    return Answer(200, headers, chunks)
