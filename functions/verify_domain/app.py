"""The buyer's page, the public record and the batch: no sign-in, nothing written."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from aws_lambda_powertools.event_handler.api_gateway import Response

from ecid import __version__, api, bootstrap
from ecid.errors import BadInput, EcidError, Language
from ecid.verification import page
from ecid.verification.shape import to_json


def show_error(error: EcidError, lang: Language) -> Response[str]:
    return _html(page.error_page(error, _asked("domain"), _site(), lang), lang, error.status)


app = api.application(show_error)


@app.get("/")
def home() -> Response[str]:
    return api.redirect("/verify")


@app.route("/verify", method=["GET", "HEAD"])
def verify() -> Response[str]:
    domain, market, lang = _asked("domain"), _asked("market"), api.language(app.current_event)
    if not api.prefers_html(api.header(app.current_event, "accept")):
        return _record(domain, market)
    if not domain:
        return _html(page.start_page(_site(), lang), lang)
    return _html(page.record_page(bootstrap.verification().verify(domain, market), _site(), lang, market), lang)


@app.get("/v1/domains/<domain>")
def record(domain: str) -> Response[str]:
    return _record(unquote(domain), _asked("market"))


@app.post("/v1/domains/batch")
def batch() -> Response[str]:
    texts = api.json_object(app.current_event).get("domains")
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise BadInput(detail='{"domains": ["example.com", …]}')
    lang = api.language(app.current_event)
    instance = f"urn:ecid:request:{app.current_event.request_context.request_id}"
    answers = bootstrap.verification().verify_batch(texts, _asked("market"))
    told = [{"problem": api.problem(answer, lang, instance)} if isinstance(answer, EcidError) else {"record": to_json(answer)} for answer in answers]
    return api.json_response({"results": [{"input": text, **answer} for text, answer in zip(texts, told, strict=True)]})


@app.get("/v1/health")
def health() -> Response[str]:
    return api.json_response({"status": "ok", "version": __version__})


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """AWS Lambda entry point: API Gateway HTTP API, payload 2.0."""
    return app.resolve(event, context)


def _record(domain: str, market: str) -> Response[str]:
    return api.json_response(to_json(bootstrap.verification().verify(domain, market)), api.PUBLIC_CACHE)


def _html(body: str, lang: Language, status: int = 200) -> Response[str]:
    return api.html_response(body, lang, page.security_policy(), status)


def _site() -> page.Site:
    settings = bootstrap.verification().settings
    return page.Site(settings.operator, settings.public_url)


def _asked(name: str) -> str:
    return (app.current_event.query_string_parameters or {}).get(name, "").strip()
