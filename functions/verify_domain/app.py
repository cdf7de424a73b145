"""The buyer's page, the public record, the batch and the description of the API: no sign-in, nothing written."""

from __future__ import annotations

from urllib.parse import unquote

from aws_lambda_powertools.event_handler.api_gateway import Response

from ecid import __version__, api, bootstrap, openapi
from ecid.errors import EcidError, Language
from ecid.verification import page
from ecid.verification.shape import to_json

BATCH = {"domains": ["example.com", "…"]}


def show_error(error: EcidError, lang: Language) -> Response[str]:
    return _html(page.error_page(error, api.asked(app.current_event, "domain"), _site(), lang), lang, error.status)


app = api.application(show_error)


@app.get("/", operation_id="home")
def home() -> Response[str]:
    return api.redirect("/verify")


@app.get("/verify", operation_id="verify")
def verify() -> Response[str]:
    event = app.current_event
    domain, market, lang = api.as_sent(event, "domain"), api.asked(event, "market"), api.language(event)
    if not api.prefers_html(api.header(event, "accept")):
        return _record(domain)
    if not domain:
        return _html(page.start_page(_site(), lang, bootstrap.samples_to_try()), lang)
    return _html(page.record_page(bootstrap.verification().verify(domain, market), _site(), lang, market), lang)


@app.get("/v1/domains/<domain>", operation_id="get_record")
def record(domain: str) -> Response[str]:
    return _record(unquote(domain))


@app.post("/v1/domains/batch", operation_id="get_records")
def batch() -> Response[str]:
    event = app.current_event
    texts = api.json_object(event, BATCH)["domains"]
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise api.invalid_body(BATCH)
    answers = bootstrap.verification().verify_batch(texts, api.asked(event, "market"))
    told = [{"problem": api.problem_of(answer, event)} if isinstance(answer, EcidError) else {"record": to_json(answer)} for answer in answers]
    return api.json_response({"results": [{"input": text, **answer} for text, answer in zip(texts, told, strict=True)]})


@app.get("/v1/health", operation_id="health")
def health() -> Response[str]:
    return api.json_response({"status": "ok", "version": __version__})


@app.get("/openapi.json", operation_id="describe")
def describe() -> Response[str]:
    return api.json_response(openapi.served(bootstrap.verification().settings), api.PUBLIC_CACHE)


bootstrap.fill_snapshot()
handler = app.resolve  # AWS Lambda entry point: API Gateway HTTP API, payload 2.0


def _record(domain: str) -> Response[str]:
    return api.json_response(to_json(bootstrap.verification().verify(domain, api.asked(app.current_event, "market"))), api.PUBLIC_CACHE)


def _html(body: str, lang: Language, status: int = 200) -> Response[str]:
    return api.html_response(body, lang, page.security_policy(), status)


def _site() -> page.Site:
    settings = bootstrap.verification().settings
    return page.Site(settings.operator, settings.public_url)
