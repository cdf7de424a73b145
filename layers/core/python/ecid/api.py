"""The HTTP edge that every function shares: one resolver, one error shape (RFC 9457), one way to negotiate language and format.

Errors are mapped here and nowhere else: an `EcidError` states its own status and code, anything else is `internal_error`. What is public may be read
from any website and asked for again by its tag.
"""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import traceback
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote, unquote

from aws_lambda_powertools.event_handler.api_gateway import APIGatewayHttpResolver, Response
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

from ecid.errors import EcidError, InvalidBody, Language, MethodNotAllowed, NotAuthorized, NotFound, PayloadTooLarge

JSON = "application/json"
PROBLEM = "application/problem+json"
HTML = "text/html"
MAX_BODY_BYTES = 256 * 1024
MAX_ANSWER_BYTES = 4 * 1024 * 1024
"""Lambda hands back at most 6 MB, and quotes what it hands back once more."""
PUBLIC_CACHE = "public, max-age=60"
NO_CACHE = "no-store"

type_of_error = "urn:ecid:error:{}".format

_SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "Vary": "Accept, Accept-Language",
}
_LOOKED_AT = 5000
"""Characters of a path or of a query parameter that are looked at: more than any that is answered, so that what is cut is still too long."""
_SHOWN = 100
"""Characters of what was sent that an answer repeats."""
DATA_HEADERS = {**_SECURITY, "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'"}
"""Of whatever is no page: a browser must run nothing that it finds there."""

ErrorPage = Callable[[EcidError, Language], Response[str]]
"""Shows an error to a person, in HTML."""

_log = logging.getLogger(__name__)


class Operation(NamedTuple):
    """What a route is declared as; `path` as OpenAPI writes it (`/v1/domains/{domain}`)."""

    method: str
    path: str
    operation_id: str


class Application(APIGatewayHttpResolver):
    """The routes of a function, answered as RFC 9110 has it: HEAD like GET (the gateway leaves out the body), another method with 405, a public
    answer under a tag of its content."""

    @property
    def operations(self) -> list[Operation]:
        """The routes declared."""
        return [Operation(route.method, route.openapi_path, route.operation_id) for route in self._static_routes + self._dynamic_routes]

    def allowed(self, path: str) -> str:
        """The methods at `path`, as header `Allow`; empty where there is nothing."""
        # As at the gateway, `/things/all` is an address of its own and none of `/things/{thing}`.
        there = [route for route in self._static_routes if route.rule.match(path)] or [route for route in self._dynamic_routes if route.rule.match(path)]
        methods = {route.method for route in there}
        return ", ".join(sorted(methods | ({"HEAD"} if "GET" in methods else set())))

    def resolve(self, event: Mapping[str, Any], context: Any) -> dict[str, Any]:
        """An API Gateway event (HTTP API, payload 2.0) in, its response out."""
        request = event["requestContext"]
        method = "GET" if request["http"]["method"] == "HEAD" else request["http"]["method"]
        # An HTTP API hands on the path decoded. Encoded again it is one path whatever it holds, and the routes decode it once.
        path = quote(event["rawPath"][:_LOOKED_AT], errors="replace")
        asked = {**event, "rawPath": path, "requestContext": {**request, "http": {**request["http"], "method": method}}}
        # Powertools keeps the request on a class that all functions have in common. In Lambda there is but one; `ecid serve` runs several side by side.
        self.current_event = APIGatewayProxyEventV2(asked)
        answer = super().resolve(asked, context)
        return _for_everyone(answer, header(APIGatewayProxyEventV2(dict(event)), "if-none-match")) if method == "GET" else answer


def application(error_page: ErrorPage | None = None) -> Application:
    """An application on which unknown routes and raised errors become problem documents; `error_page` shows them to people, outside `/v1/`."""
    app = Application(serializer=dumps)

    def answer(error: EcidError) -> Response[str]:
        event = app.current_event
        if error_page and not event.path.startswith("/v1/") and prefers_html(header(event, "accept")):
            page = error_page(error, language(event))
            page.headers.update(_headers_of(error))
            return page
        return problem_response(error, language(event), event.request_context.request_id)

    def unexpected(error: Exception) -> Response[str]:
        log_unexpected(error, app.current_event.request_context.request_id)
        return answer(EcidError())

    def nowhere(_: Exception) -> Response[str]:
        path = app.current_event.path
        allowed = app.allowed(path)
        return answer(MethodNotAllowed(allowed=allowed) if allowed else NotFound(what=shown(unquote(path))))

    app.exception_handler(Exception)(unexpected)
    app.exception_handler(EcidError)(answer)
    app.not_found(nowhere)
    return app


def log_unexpected(error: BaseException, request_id: str) -> None:
    """Tell the operator where an error that nobody foresaw came from: places only, for the message of a foreign exception may carry what the caller sent."""
    frames = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
    _log.error("unexpected %s in request %s at %s", type(error).__name__, request_id, frames)


def problem(error: EcidError, lang: Language, instance: str) -> dict[str, Any]:
    """The RFC 9457 document of an error: `type`, `title`, `status`, `detail`, `code`, `instance`."""
    return {
        "type": type_of_error(error.code),
        "title": error.code.replace("_", " ").capitalize(),
        "status": error.status,
        "detail": error.sentence(lang),
        "code": error.code,
        "instance": instance,
    }


def problem_of(error: EcidError, event: APIGatewayProxyEventV2) -> dict[str, Any]:
    """The problem document for who asks; `instance` names the request, so that an operator finds it in the logs."""
    return problem(error, language(event), f"urn:ecid:request:{event.request_context.request_id}")


def problem_response(error: EcidError, lang: Language, request_id: str) -> Response[str]:
    """The error as `application/problem+json`; `instance` names the request, so that an operator finds it in the logs."""
    body = dumps(problem(error, lang, f"urn:ecid:request:{request_id}"))
    return Response(error.status, PROBLEM, body, headers={**DATA_HEADERS, **_headers_of(error), "Cache-Control": NO_CACHE})


def json_response(body: Mapping[str, Any], cache: str = NO_CACHE) -> Response[str]:
    """200 with a JSON body. Raises PayloadTooLarge where it is more than a function can hand back; only of many things at once can that be."""
    text = dumps(body)
    if len(text.encode()) > MAX_ANSWER_BYTES:
        raise PayloadTooLarge(limit="4 MiB")
    return Response(200, JSON, text, headers={**DATA_HEADERS, "Cache-Control": cache})


def html_response(body: str, lang: Language, policy: str, status: int = 200) -> Response[str]:
    """A page under its own content security policy; only a page with status 200 may be cached."""
    cache = PUBLIC_CACHE if status == 200 else NO_CACHE
    headers = {**_SECURITY, "Content-Security-Policy": policy, "Cache-Control": cache, "Content-Language": lang}
    return Response(status, f"{HTML}; charset=utf-8", body, headers=headers)


def redirect(location: str) -> Response[str]:
    """A temporary redirect to an address of our own."""
    return Response(302, "text/plain; charset=utf-8", "", headers={**_SECURITY, "Location": location, "Cache-Control": NO_CACHE})


def language(event: APIGatewayProxyEventV2) -> Language:
    """The language of the answer to this request."""
    return language_of(event.query_string_parameters or {}, header(event, "accept-language"))


def language_of(query: Mapping[str, str], accept_language: str) -> Language:
    """`lang=zh|en` decides; otherwise the better liked of the two in `Accept-Language` (RFC 9110 §12.5.4); otherwise English."""
    asked = query.get("lang", "").lower()
    if asked.startswith("zh"):
        return "zh"
    if asked.startswith("en"):
        return "en"
    liked = weights(accept_language)
    zh = max((weight for tag, weight in liked.items() if tag.split("-")[0] == "zh"), default=0.0)
    en = max((weight for tag, weight in liked.items() if tag.split("-")[0] in ("en", "*")), default=0.0)
    return "zh" if zh > en else "en"


def prefers_html(accept: str) -> bool:
    """Whether a person's browser asks: HTML, unless JSON is liked better. No preference means HTML."""
    liked = weights(accept) or {"*/*": 1.0}
    wild = liked.get("*/*", 0.0)
    html = max(liked.get(HTML, wild), liked.get("application/xhtml+xml", 0.0))
    return html >= max(liked.get(JSON, wild), liked.get(PROBLEM, 0.0))


def header(event: APIGatewayProxyEventV2, name: str) -> str:
    """The value of a request header, or an empty string; names are matched in any case."""
    return next((value or "" for key, value in (event.headers or {}).items() if key.lower() == name), "")


def as_sent(event: APIGatewayProxyEventV2, name: str) -> str:
    """The value of a query parameter, or an empty string."""
    value: str = (event.query_string_parameters or {}).get(name, "")
    return value[:_LOOKED_AT].strip()


def asked(event: APIGatewayProxyEventV2, name: str) -> str:
    """The value of a query parameter, fit to be shown again."""
    return shown(as_sent(event, name))


def media_type(event: APIGatewayProxyEventV2) -> str:
    """What the request body is said to be, without parameters, in small letters; empty where nothing is said."""
    return header(event, "content-type").partition(";")[0].strip().lower()


def body_of(event: APIGatewayProxyEventV2, most: int = MAX_BODY_BYTES) -> bytes:
    """The request body, of `most` bytes at most; the gateway encodes what is not text. Raises PayloadTooLarge, and ValueError for a broken encoding."""
    raw = event.get("body") or ""
    if len(raw) <= most * 4 / 3 + 4:
        data = base64.b64decode(raw, validate=True) if event.get("isBase64Encoded") else raw.encode()
        if len(data) <= most:
            return data
    raise PayloadTooLarge(limit=f"{most // 1024} KiB" if most % 2**20 else f"{most // 2**20} MiB")


def json_object(
    event: APIGatewayProxyEventV2, example: Mapping[str, Any], most: int = MAX_BODY_BYTES, optional: Collection[str] = frozenset()
) -> dict[str, Any]:
    """The request body as a JSON object with the keys of `example`, `optional` ones if need be. Raises PayloadTooLarge (over `most` bytes) and InvalidBody."""
    try:
        body = json.loads(body_of(event, most).decode("utf-8-sig"), object_pairs_hook=_unrepeated, parse_constant=_no_number)
    except (ValueError, RecursionError) as fault:
        raise invalid_body(example) from fault
    if not isinstance(body, dict) or not example.keys() - optional <= body.keys() <= example.keys():
        raise invalid_body(example)
    return body


def invalid_body(example: Mapping[str, Any]) -> InvalidBody:
    """The error for a body that is not like `example`."""
    return InvalidBody(expected=json.dumps(example, ensure_ascii=False))


def _unrepeated(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object. Of a key given twice neither value may silently win."""
    body = dict(pairs)
    if len(body) < len(pairs):
        raise ValueError("a key occurs twice")
    return body


def _no_number(name: str) -> None:
    """`NaN` and `Infinity` are not JSON (RFC 8259 §6), though Python reads them."""
    raise ValueError(name)


def _for_everyone(answer: dict[str, Any], if_none_match: str) -> dict[str, Any]:
    """The answer to a GET: JSON may be read by any website, for nothing here depends on who asks; what may be cached bears a tag, and is not sent
    again to whoever has it (RFC 9110 §13.1.2)."""
    headers = answer["headers"]
    if headers["Content-Type"] in (JSON, PROBLEM):
        headers["Access-Control-Allow-Origin"] = "*"
    if answer["statusCode"] != 200 or headers["Cache-Control"] != PUBLIC_CACHE:
        return answer
    headers["ETag"] = f'"{hashlib.sha256(answer["body"].encode()).hexdigest()[:32]}"'
    held = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    return {**answer, "statusCode": 304, "body": ""} if held & {headers["ETag"], "*"} else answer


def shown(sent: str) -> str:
    """What was sent, as an answer may repeat it: no longer than anyone means, and without what cannot be seen or sent."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in sent[:_SHOWN])


def weights(value: str) -> dict[str, float]:
    """A weighted list (`zh-CN,en;q=0.8`) as tag → weight; what cannot be read weighs nothing."""
    found: dict[str, float] = {}
    for part in value[:500].lower().split(","):
        tag, _, parameters = part.strip().partition(";")
        weight = 1.0
        for parameter in parameters.split(";"):
            name, _, number = parameter.strip().partition("=")
            if name == "q":
                weight = float(number) if number.replace(".", "", 1).isdecimal() else 0.0
        if tag:
            found[tag.strip()] = weight
    return found


def _headers_of(error: EcidError) -> dict[str, str]:
    if isinstance(error, MethodNotAllowed):
        return {"Allow": str(error.context["allowed"])}
    if isinstance(error, NotAuthorized):
        return {"WWW-Authenticate": "Bearer"}
    return {"Retry-After": "60"} if error.status in (429, 503) else {}


def dumps(body: object) -> str:
    """Compact JSON, on one line."""
    # A lone surrogate, which JSON can spell, has no bytes in UTF-8.
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace").decode()
