"""Clauses, the tariff and candidate headings: what a classification rests on, for anyone to look up. No sign-in, nothing written."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any
from urllib.parse import unquote

from aws_lambda_powertools.event_handler.api_gateway import Response

from ecid import api, bootstrap
from ecid.parameters import day, number
from ecid.services.search_clauses import COUNT, Request, tariff_line

app = api.application()


@app.get("/v1/clauses", operation_id="search_clauses")
def search() -> Response[str]:
    event = app.current_event
    top = number("top", api.as_sent(event, "top"), COUNT)
    asked = Request(api.as_sent(event, "q"), api.asked(event, "code"), api.asked(event, "kind"), _as_of(), api.language(event), top)
    return _answer(lambda: bootstrap.clauses().search(asked))


@app.get("/v1/clauses/<record>", operation_id="get_clause")
def clause(record: str) -> Response[str]:
    name, lang, on = api.shown(unquote(record)), api.language(app.current_event), _as_of()
    return _answer(lambda: bootstrap.clauses().get(name, lang, on))


@app.get("/v1/tariff/<code>", operation_id="get_tariff_line")
def tariff(code: str) -> Response[str]:
    name, on = api.shown(unquote(code)), _as_of() or bootstrap.platform().today()
    return _answer(lambda: tariff_line(bootstrap.tariff(), name, on))


@app.get("/v1/candidates", operation_id="find_candidates")
def candidates() -> Response[str]:
    event = app.current_event
    text, declared, on = api.as_sent(event, "text"), api.asked(event, "declared") or None, _as_of()
    top = number("top", api.as_sent(event, "top"), COUNT)
    return _answer(lambda: bootstrap.candidates().find(text, top=top, declared=declared, as_of=on))


handler = app.resolve  # AWS Lambda entry point: API Gateway HTTP API, payload 2.0


def _answer(asking: Callable[[], dict[str, Any]]) -> Response[str]:
    with bootstrap.reading():
        return api.json_response(asking(), api.PUBLIC_CACHE)


def _as_of() -> date | None:
    return day("as_of", api.as_sent(app.current_event, "as_of"))
