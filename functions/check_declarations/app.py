"""Drafts of declarations, checked before they are lodged: the rules of the score, over HTTP. No sign-in, nothing kept, and no log says what was sent."""

from __future__ import annotations

from datetime import date
from typing import Any

from aws_lambda_powertools.event_handler.api_gateway import Response

from ecid import api, bootstrap
from ecid.declarations.lines import ReadResult
from ecid.errors import BadInput, UnsupportedFormat
from ecid.parameters import day
from ecid.services.check_draft import draft_document, read_given, read_sent, sent_limits

LINE = {"code": "8507600090", "name": "锂离子电池", "specification": "1|0|…"}
DRAFT: dict[str, Any] = {"as_of": "2026-05-17", "lines": [LINE, "…"]}
FILES = (
    "application/octet-stream",
    "text/csv",
    "application/xml",
    "text/xml",
    "text/html",
    "application/vnd.ms-excel",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.oasis.opendocument.spreadsheet",
)
"""Media types of files; what a file is, is found by its content."""

app = api.application()


class UnsupportedMediaType(UnsupportedFormat):
    """A body of a media type that is not taken. Context: `supported`."""

    zh = "不接受这种 Content-Type；可用：{supported}。任何文件都可以 application/octet-stream 发送。"
    en = "The Content-Type is none that is taken; those are: {supported}. Any file may be sent as application/octet-stream."


@app.post("/v1/declarations/check", operation_id="check_declarations")
def check() -> Response[str]:
    event = app.current_event
    on = day("as_of", api.as_sent(event, "as_of"))
    on, read = _given(on) if api.media_type(event) == api.JSON else (on, _file())
    on = on or bootstrap.platform().today()
    with bootstrap.reading():
        knowledge = bootstrap.draft_knowledge(on)
    return api.json_response(draft_document(read, knowledge, on, api.language(event)))


handler = app.resolve  # AWS Lambda entry point: API Gateway HTTP API, payload 2.0


def _given(asked: date | None) -> tuple[date | None, ReadResult]:
    """The day and the lines of a JSON body; the day may stand in the address instead, but the body's goes first."""
    settings = bootstrap.platform().settings
    body = api.json_object(app.current_event, DRAFT, settings.check_bytes, {"as_of"})
    said = body.get("as_of")
    if "as_of" in body and not (isinstance(said, str) and said):
        raise api.invalid_body(DRAFT)
    return day("as_of", said or "") or asked, read_given(body["lines"], sent_limits(settings))


def _file() -> ReadResult:
    event, settings = app.current_event, bootstrap.platform().settings
    if api.media_type(event) not in FILES:
        raise UnsupportedMediaType(supported=", ".join((api.JSON, *FILES)))
    try:
        content = api.body_of(event, settings.check_bytes)
    except ValueError as fault:
        raise BadInput(detail={"zh": "正文编码损坏", "en": "the encoding of the body is broken"}) from fault
    return read_sent(content, sent_limits(settings))
