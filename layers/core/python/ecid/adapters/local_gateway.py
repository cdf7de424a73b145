"""The API gateway of `ecid serve`: HTTP requests become API Gateway events (payload 2.0) for the functions that `template.yaml` routes them to."""

from __future__ import annotations

import asyncio
import base64
import importlib.util
import socket
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import uvicorn
import yaml
from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Receive, Scope, Send

from ecid.errors import EcidError, PayloadTooLarge

DEFAULT = "$default"
ANY = "ANY"
Endpoint = Callable[[Request], Awaitable[Response]]
Refuse = Callable[[EcidError, Mapping[str, Any]], dict[str, Any]]
"""Answers a request, as an event, that no function is asked about."""
MAX_BODY_BYTES = 10 * 1024 * 1024
"""The limit of API Gateway itself."""
MOST_STREAMS = 128
"""Streams that are waited for at once; more wait their turn."""
MAX_HEAD_BYTES = 4 * 1024 * 1024
"""Of request line and headers: far beyond API Gateway's 10 KiB, so that whoever sends more is answered by the functions and in their shape."""


@dataclass(frozen=True, slots=True)
class GatewayRoute:
    """One route of the template: `path` in the gateway's form (`/v1/domains/{domain}`), served by the function in folder `code`.

    The default route, which takes whatever no other does, has the method `ANY` and the path `$default`. Functions that are an `image` are the large ones;
    those that stream (`streams`) at an address of their own are served so here too.
    """

    method: str
    path: str
    code: str
    image: bool
    streams: bool


class _TemplateLoader(yaml.SafeLoader):
    """Reads CloudFormation's short forms (`!Ref`, `!Sub`…) as plain values: routes need none of them."""


def _plain(loader: yaml.SafeLoader, _suffix: str, node: yaml.Node) -> object:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node)
    return loader.construct_scalar(node) if isinstance(node, yaml.ScalarNode) else None


_TemplateLoader.add_multi_constructor("!", _plain)


def routes_of(template: str) -> Iterator[GatewayRoute]:
    """The HTTP routes that a SAM template gives its functions."""
    resources = yaml.load(template, Loader=_TemplateLoader)["Resources"]  # noqa: S506 - a SafeLoader
    for resource in resources.values():
        if resource["Type"] != "AWS::Serverless::Function":
            continue
        properties = resource["Properties"]
        for event in properties.get("Events", {}).values():
            if event["Type"] == "HttpApi":
                route = event["Properties"]
                streams = properties.get("FunctionUrlConfig", {}).get("InvokeMode") == "RESPONSE_STREAM"
                yield GatewayRoute(route.get("Method", ANY).upper(), route.get("Path", DEFAULT), *_code_of(resource), streams)


def _code_of(function: Mapping[str, Any]) -> tuple[str, bool]:
    """The folder of a function's code, and whether it is deployed as an image: then its command names the handler in that folder (`folder/app.handler`)."""
    properties = function["Properties"]
    if properties.get("PackageType") != "Image":
        return properties["CodeUri"].rstrip("/"), False
    (command,) = properties["ImageConfig"]["Command"]
    return str(Path(command).parent), True


def load_module(root: Path, code: str) -> ModuleType:
    """The function in folder `code` of the checkout `root`, imported as Lambda does: `app.py` and nothing of ours beside it."""
    spec = importlib.util.spec_from_file_location(code.replace("/", "."), root / code / "app.py")
    if spec is None or spec.loader is None:
        raise FileNotFoundError(root / code / "app.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class _Function:
    """A function as Lambda runs it: one request at a time. What is imported for it at its first request keeps nobody waiting who asks another."""

    def __init__(self, root: Path, route: GatewayRoute) -> None:
        self._load = cache(partial(load_module, root, route.code))
        self._alone = asyncio.Lock()
        if not route.image:
            self._load()

    async def answer(self, event: dict[str, Any]) -> Response:
        """The function's answer to an event."""
        async with self._alone:
            return _response(await run_in_threadpool(lambda: self._load().handler(event, _context(event))))


class _StreamingFunction(_Function):
    """A function as Lambda runs it behind an address that streams: many requests side by side, each in a thread of its own while something comes."""

    def __init__(self, root: Path, route: GatewayRoute) -> None:
        super().__init__(root, route)
        self._threads = CapacityLimiter(MOST_STREAMS)

    async def answer(self, event: dict[str, Any]) -> Response:
        """The function's answer to an event, whose body comes bit by bit."""
        async with self._alone:
            module = await run_in_threadpool(self._load)
        streamed = await run_sync(module.respond, event, limiter=self._threads)
        return StreamingResponse(self._pieces(streamed.chunks), streamed.status, dict(streamed.headers))

    async def _pieces(self, chunks: Iterator[bytes]) -> AsyncIterator[bytes]:
        """The pieces as they come. Where the client has gone, what is under way is let go; the function finishes it or not, as it likes."""
        try:
            while (piece := await run_sync(next, chunks, None, limiter=self._threads)) is not None:
                yield piece
        finally:
            if isinstance(chunks, Generator):
                chunks.close()


def gateway(root: Path, refuse: Refuse) -> Starlette:
    """The ASGI application that serves every route of `template.yaml` in the checkout `root`; `refuse` answers what is too large for any function."""
    functions: dict[str, _Function] = {}
    served: list[BaseRoute] = []
    application = Starlette()
    for route in routes_of((root / "template.yaml").read_text("utf-8")):
        kind = _StreamingFunction if route.streams else _Function
        function = functions.get(route.code) or functions.setdefault(route.code, kind(root, route))
        endpoint = _endpoint(route, function, refuse)
        if route.path == DEFAULT:
            application.router.default = _any_request(endpoint)
        else:
            served.append(_ExactRoute(route.path, endpoint, route.method))
    application.router.routes.extend(served)
    # A path with a slash too many is another path, as at the gateway.
    application.router.redirect_slashes = False
    return application


def _any_request(endpoint: Endpoint) -> Callable[[Scope, Receive, Send], Any]:
    """The default route: any method, and targets that are no path, such as that of `OPTIONS *`."""

    async def default(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            response = await endpoint(Request(scope, receive))
            await response(scope, receive, send)

    return default


class _ExactRoute(Route):
    """A route as the gateway has them: another method is another route, and HEAD is not GET; or one for any method."""

    def __init__(self, path: str, endpoint: Endpoint, method: str) -> None:
        super().__init__(path, endpoint, methods=[method])
        self.methods = None if method == ANY else {method}

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """A match of the path alone is none, so that the default route can answer."""
        match, child = super().matches(scope)
        return (match, child) if match is Match.FULL else (Match.NONE, {})


def reserve(port: int) -> socket.socket:
    """A listening socket on the loopback interface. Raises OSError when the port is taken or may not be used."""
    reserved = socket.socket()
    try:
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        reserved.bind(("127.0.0.1", port))
        reserved.listen(2048)
    except OSError:
        reserved.close()
        raise
    return reserved


def server(root: Path, refuse: Refuse) -> uvicorn.Server:
    """The HTTP server of the checkout `root`, not started yet."""
    config = uvicorn.Config(gateway(root, refuse), ws="none", log_level="warning", access_log=False, server_header=False)
    # The strict parser: others answer a method that they do not know themselves, in plain text.
    config.http, config.h11_max_incomplete_event_size = "h11", MAX_HEAD_BYTES
    return uvicorn.Server(config)


def listen(root: Path, listening: socket.socket, refuse: Refuse) -> None:
    """Serve the checkout `root` on a reserved socket until interrupted."""
    with suppress(KeyboardInterrupt):
        server(root, refuse).run(sockets=[listening])


def _endpoint(route: GatewayRoute, function: _Function, refuse: Refuse) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        body = bytearray()
        fits = True
        try:
            async for chunk in request.stream():  # to its end in any case: a client that still sends would not read the answer
                fits = fits and len(body) + len(chunk) <= MAX_BODY_BYTES
                if fits:
                    body += chunk
        except ClientDisconnect:  # nobody is left to answer
            return Response(status_code=400)
        event = event_of(request, route, bytes(body) if fits else b"")
        if not fits:
            return _response(refuse(PayloadTooLarge(limit=f"{MAX_BODY_BYTES // 1024} KiB"), event))
        return await function.answer(event)

    return endpoint


def event_of(request: Request, route: GatewayRoute, body: bytes) -> dict[str, Any]:
    """The request as API Gateway's HTTP API hands it to a function (payload format 2.0): the path decoded, what is repeated joined by commas."""
    now = request.scope.get("time", 0)
    path = request.scope["path"]
    return {
        "version": "2.0",
        "routeKey": f"{route.method} {route.path}",
        "rawPath": path,
        "rawQueryString": request.scope["query_string"].decode("latin-1"),
        "headers": {name: ",".join(request.headers.getlist(name)) for name in request.headers},
        "queryStringParameters": {name: ",".join(request.query_params.getlist(name)) for name in request.query_params},
        "pathParameters": dict(request.path_params),
        "requestContext": {
            "requestId": str(uuid.uuid4()),
            "stage": "$default",
            "timeEpoch": now,
            "http": {
                "method": request.method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": request.client.host if request.client else "",
                "userAgent": request.headers.get("user-agent", ""),
            },
        },
        "body": base64.b64encode(body).decode(),
        "isBase64Encoded": True,
    }


def _context(event: Mapping[str, Any]) -> SimpleNamespace:
    return SimpleNamespace(
        aws_request_id=event["requestContext"]["requestId"],
        function_name="local",
        memory_limit_in_mb=1024,
        invoked_function_arn="arn:aws:lambda:local:000000000000:function:local",
        get_remaining_time_in_millis=lambda: 30_000,
    )


def _response(answer: Mapping[str, Any]) -> Response:
    body = answer.get("body") or ""
    content = base64.b64decode(body) if answer.get("isBase64Encoded") else body.encode()
    response = Response(content, status_code=answer["statusCode"])
    for name, value in answer.get("headers", {}).items():
        response.headers[name] = value
    for cookie in answer.get("cookies", []):
        response.headers.append("set-cookie", cookie)
    return response
