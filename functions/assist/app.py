"""The assistant: conversations of who is signed in, streamed (`respond`) or whole (`handler`). What is asked and answered stands in no log."""

from __future__ import annotations

import re
import uuid
from collections.abc import Collection
from typing import Any

from ecid import api, bootstrap, streaming, turns
from ecid.assistant.caller import Caller
from ecid.errors import Language, NotAuthorized

OPEN: dict[str, Any] = {"lang": "en", "domain": "example.com"}
QUESTION: dict[str, Any] = {"question": "why is my score 82?", "lang": "en", "message": "4f1c…"}
MOST_BYTES = 32 * 1024
_BEARER = re.compile(r"bearer +([^\s,]+)", re.IGNORECASE)

app = streaming.Routes()


@app.post("/v1/assistant/conversations", operation_id="open_conversation")
def open_conversation(request: streaming.Request) -> streaming.Answer:
    caller = _caller(request)
    body = _body(request, OPEN, OPEN) if request.event.get("body") else {}
    domain = _text(body, "domain") if "domain" in body else None
    opened = bootstrap.conversing().open(caller, _lang(body) or api.language(request.event), domain)
    told = {"conversation": opened.id, "expires_at": f"{opened.expires_at:%Y-%m-%dT%H:%M:%SZ}", "suggestions": list(opened.suggestions)}
    return streaming.document(told, 201)


@app.post("/v1/assistant/conversations/{conversation}/messages", operation_id="ask_assistant")
def ask(request: streaming.Request) -> streaming.Answer:
    caller, conversation, conversing = _caller(request), request.parts["conversation"], bootstrap.conversing()
    if seen := turns.last_event(api.header(request.event, "last-event-id")):
        message, after = seen
        whole, turn = False, turns.Turn(conversing.resume(caller, conversation, message, after))
    else:
        body = _body(request, QUESTION, ("lang", "message"))
        message = _text(body, "message") if "message" in body else uuid.uuid4().hex
        whole = turns.prefers_document(api.header(request.event, "accept"))
        turn = turns.Turn(conversing.ask(caller, conversation, _text(body, "question"), _lang(body), message))
    answer = streaming.document(turns.gathered(turn)) if whole else streaming.stream(turns.frames(turn, message, api.language(request.event), request.id))
    return streaming.measured(answer, conversing.tallies.take)


bootstrap.warm_assistant()
respond = app.respond  # streamed: the runtime of the image, and `ecid serve`
handler = app.handle  # AWS Lambda entry point: API Gateway HTTP API, payload 2.0


def _caller(request: streaming.Request) -> Caller:
    token = _BEARER.fullmatch(api.header(request.event, "authorization").strip())
    if not token:
        raise NotAuthorized
    return bootstrap.callers().caller(token[1])


def _body(request: streaming.Request, example: dict[str, Any], optional: Collection[str]) -> dict[str, Any]:
    if api.media_type(request.event) != api.JSON:
        raise streaming.NotJson
    return api.json_object(request.event, example, MOST_BYTES, set(optional))


def _text(body: dict[str, Any], name: str) -> str:
    if not isinstance(body[name], str):
        raise api.invalid_body(QUESTION)
    return str(body[name])


def _lang(body: dict[str, Any]) -> Language | None:
    if body.get("lang", "en") not in ("zh", "en"):
        raise api.invalid_body(QUESTION)
    return body.get("lang")
