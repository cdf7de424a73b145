"""The HTTP edge that every function shares: one resolver, one error shape (RFC 9457), one way to negotiate language and format.

Errors are mapped here and nowhere else: an `EcidError` states its own status and code, anything else is `internal_error`.
"""

from __future__ import annotations

import base64
import binascii
import json
import logging
import traceback
from collections.abc import Callable, Mapping
from typing import Any

from aws_lambda_powertools.event_handler.api_gateway import APIGatewayHttpResolver, Response
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

from ecid.errors import BadInput, EcidError, Language, NotFound, PayloadTooLarge

JSON = "application/json"
PROBLEM = "application/problem+json"
HTML = "text/html"
MAX_BODY_BYTES = 256 * 1024
PUBLIC_CACHE = "public, max-age=60"
NO_CACHE = "no-store"

type_of_error = "urn:ecid:error:{}".format

_SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "Vary": "Accept, Accept-Language",
}
_NOTHING_ALLOWED = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'"

ErrorPage = Callable[[EcidError, Language], Response[str]]
"""Shows an error to a person, in HTML."""

_log = logging.getLogger(__name__)


def application(error_page: ErrorPage | None = None) -> APIGatewayHttpResolver:
    """A resolver on which unknown routes and raised errors become problem documents; `error_page` shows them to people, outside `/v1/`."""
    app = APIGatewayHttpResolver(serializer=_dumps)

    def answer(error: EcidError) -> Response[str]:
        event = app.current_event
        if error_page and not event.path.startswith("/v1/") and prefers_html(header(event, "accept")):
            return error_page(error, language(event))
        return problem_response(error, language(event), event.request_context.request_id)

    def unexpected(error: Exception) -> Response[str]:
        # Places only: the message of a foreign exception may carry what the caller sent.
        frames = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
        _log.error("unexpected %s in request %s at %s", type(error).__name__, app.current_event.request_context.request_id, frames)
        return answer(EcidError())

    def nowhere(_: Exception) -> Response[str]:
        return answer(NotFound(what=app.current_event.path))

    app.exception_handler(Exception)(unexpected)
    app.exception_handler(EcidError)(answer)
    app.not_found(nowhere)
    return app


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


def problem_response(error: EcidError, lang: Language, request_id: str) -> Response[str]:
    """The error as `application/problem+json`; `instance` names the request, so that an operator finds it in the logs."""
    body = _dumps(problem(error, lang, f"urn:ecid:request:{request_id}"))
    return Response(error.status, PROBLEM, body, headers={**_SECURITY, **_retry(error), "Content-Security-Policy": _NOTHING_ALLOWED, "Cache-Control": NO_CACHE})


def json_response(body: Mapping[str, Any], cache: str = NO_CACHE, lang: Language | None = None) -> Response[str]:
    """200 with a JSON body."""
    headers = {**_SECURITY, "Content-Security-Policy": _NOTHING_ALLOWED, "Cache-Control": cache}
    if lang:
        headers["Content-Language"] = lang
    return Response(200, JSON, _dumps(body), headers=headers)


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
    weights = _weights(accept_language)
    zh = max((weight for tag, weight in weights.items() if tag.split("-")[0] == "zh"), default=0.0)
    en = max((weight for tag, weight in weights.items() if tag.split("-")[0] in ("en", "*")), default=0.0)
    return "zh" if zh > en else "en"


def prefers_html(accept: str) -> bool:
    """Whether a person's browser asks: HTML, unless JSON is liked better. No preference means HTML."""
    weights = _weights(accept) or {"*/*": 1.0}
    wild = weights.get("*/*", 0.0)
    html = max(weights.get(HTML, wild), weights.get("application/xhtml+xml", 0.0))
    return html >= max(weights.get(JSON, wild), weights.get(PROBLEM, 0.0))


def header(event: APIGatewayProxyEventV2, name: str) -> str:
    """The value of a request header, or an empty string; names are matched in any case."""
    return next((value or "" for key, value in (event.headers or {}).items() if key.lower() == name), "")


def json_object(event: APIGatewayProxyEventV2) -> dict[str, Any]:
    """The request body as a JSON object. Raises PayloadTooLarge (over 256 KiB) and BadInput."""
    raw = event.get("body") or ""
    if len(raw) > MAX_BODY_BYTES * 4 / 3:
        raise PayloadTooLarge(limit="256 KiB")
    try:
        data = base64.b64decode(raw, validate=True) if event.get("isBase64Encoded") else raw.encode()
        if len(data) > MAX_BODY_BYTES:
            raise PayloadTooLarge(limit="256 KiB")
        body = json.loads(data)
    except (binascii.Error, ValueError, RecursionError) as fault:
        raise BadInput(detail="JSON") from fault
    if not isinstance(body, dict):
        raise BadInput(detail="JSON object { … }")
    return body


def _weights(value: str) -> dict[str, float]:
    """A weighted list (`zh-CN,en;q=0.8`) as tag → weight; what cannot be read weighs nothing."""
    weights: dict[str, float] = {}
    for part in value[:500].lower().split(","):
        tag, _, parameters = part.strip().partition(";")
        weight = 1.0
        for parameter in parameters.split(";"):
            name, _, number = parameter.strip().partition("=")
            if name == "q":
                weight = float(number) if number.replace(".", "", 1).isdecimal() else 0.0
        if tag:
            weights[tag.strip()] = weight
    return weights


def _retry(error: EcidError) -> dict[str, str]:
    return {"Retry-After": "60"} if error.status in (429, 503) else {}


def _dumps(body: object) -> str:
    # A lone surrogate, which JSON can spell, has no bytes in UTF-8.
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace").decode()
