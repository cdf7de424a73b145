"""`ecid verify DOMAIN`: what the public record says, from the local store or from a running server."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

import click
from rich.console import Console, Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from ecid.bootstrap import Platform
from ecid.cli.options import lang_option
from ecid.errors import BadInput, Language, SourceUnavailable
from ecid.verification.page import beijing
from ecid.verification.shape import to_json
from ecid.verification.wording import Words, words

TIMEOUT_SECONDS = 15
MAX_ANSWER_BYTES = 1024 * 1024
_NO_RECORD = "not a record"

_STYLES = {"known": "bold", "not_reported": "dim", "insufficient_data": "yellow", "not_applicable": "dim", "unavailable": "yellow"}


@click.command("verify")
@click.argument("domain")
@click.option("--market", metavar="CODE", help="Country of the buyer (ISO code, EU, or its name), for mutual recognition.")
@click.option("--json", "as_json", is_flag=True, help="The record as JSON on standard output, nothing else.")
@click.option("--server", metavar="URL", help="Ask this server instead of the local store.")
@lang_option
@click.pass_obj
def verify_command(platform: Platform, domain: str, market: str | None, as_json: bool, server: str | None, lang: Language) -> None:
    """Look up a supplier by its website domain. Every answer, "unknown" included, is exit status 0."""
    record = _ask(server, domain, market, lang) if server else to_json(platform.verification().verify(domain, market))
    if as_json:
        click.echo(json.dumps(record, ensure_ascii=False, indent=2))
        return
    try:
        panel = _panel(_printable(record), words(lang), lang)
    except (KeyError, TypeError, ValueError, AttributeError) as fault:
        if not server:
            raise
        raise ServerUnavailable(server=server, reason="record of another version, try --json") from fault
    Console().print(panel)


class ServerUnavailable(SourceUnavailable):
    """The server that was asked gave no answer, or none that is a record. Context: `server`, `reason`."""

    zh = "服务器 {server} 没有给出可用的回答（{reason}），请稍后再试；这不代表任何结论。"
    en = "The server {server} gave no usable answer ({reason}); please try again. This says nothing about the enterprise."


class _Refused(click.ClickException):
    """What the server says against the question, in its own words."""

    exit_code = 2


class _Failed(_Refused):
    """What the server says of itself."""

    exit_code = 3


class _NoRedirects(HTTPRedirectHandler):
    """A record is taken from the server that was named, or not at all."""

    def redirect_request(self, *_: Any) -> None:
        return None


def _ask(server: str, domain: str, market: str | None, lang: Language) -> dict[str, Any]:
    """The record from a server. Raises `ServerUnavailable`, `BadInput` for what is no address, and `_Refused` with the server's own sentence."""
    if urlsplit(server).scheme not in ("http", "https") or not urlsplit(server).hostname:
        raise BadInput(detail=f"--server {server} (https://…)")
    query = urlencode({"lang": lang, **({"market": market} if market else {})})
    request = Request(f"{server.rstrip('/')}/v1/domains/{quote(domain, safe='')}?{query}", headers={"Accept": "application/json"})  # noqa: S310 - scheme checked above
    try:
        with build_opener(_NoRedirects).open(request, timeout=TIMEOUT_SECONDS) as answer:
            record = json.loads(answer.read(MAX_ANSWER_BYTES))
    except HTTPError as refusal:
        raise (_Failed if refusal.code >= 500 else _Refused)(_refusal(refusal)) from refusal
    except (URLError, TimeoutError, OSError) as fault:
        raise ServerUnavailable(server=server, reason=getattr(fault, "reason", fault)) from fault
    except ValueError as fault:
        raise ServerUnavailable(server=server, reason=_NO_RECORD) from fault
    if not isinstance(record, dict) or not {"domain", "status", "aeo", "anomalies", "score", "website"} <= record.keys():
        raise ServerUnavailable(server=server, reason=_NO_RECORD)
    return record


def _refusal(refusal: HTTPError) -> str:
    try:
        with refusal:
            problem = _printable(json.loads(refusal.read(MAX_ANSWER_BYTES)))
        return f"{problem['code']}: {problem['detail']}"
    except (ValueError, KeyError, TypeError, OSError):
        return f"HTTP {refusal.code} {_printable(refusal.reason)}"


def _printable(value: Any) -> Any:
    """`value` without characters that steer a terminal: names come from outside."""
    if isinstance(value, str):
        return "".join(char for char in value if unicodedata.category(char) not in ("Cc", "Cf", "Zl", "Zp"))
    if isinstance(value, dict):
        return {key: _printable(item) for key, item in value.items()}
    return [_printable(item) for item in value] if isinstance(value, list | tuple) else value


def _panel(record: Mapping[str, Any], w: Words, lang: Language) -> Panel:
    t = w["text"]
    cautions = [f"! {w['caution'][caution['code']]} {', '.join(caution['domains'])}" for caution in record["warnings"]]
    parts: list[Any] = [Text(caution, style="yellow") for caution in cautions]
    if record["status"] == "registered":
        parts += [_enterprise(record["enterprise"], t, lang), Text(), _facts(record, w, lang)]
    else:
        told = {"unknown": ("unknown_lead", "unknown_spelling"), "contested": ("contested_lead", "contested_do")}[record["status"]]
        parts += [Text(t[key]) for key in told]
    parts += [Text(), Text(t["limit_unknown"], style="dim")]
    shown = [record["display"], w["status"][record["status"]], *([t["sample"]] if record["sample"] else [])]
    border = {"registered": "green", "unknown": "white", "contested": "yellow"}[record["status"]]
    return Panel(Group(*parts), title=Text(" · ".join(shown)), title_align="left", border_style=border, padding=(1, 2), width=100)


def _enterprise(enterprise: Mapping[str, Any], t: Mapping[str, str], lang: Language) -> Text:
    names = [enterprise["name_zh"], enterprise["name_en"]] if lang == "zh" else [enterprise["name_en"], enterprise["name_zh"]]
    ids = [(t["uscc"], enterprise["uscc"]), (t["customs_code"], enterprise["customs_code"]), (t["bound_since"], enterprise["bound_since"])]
    text = Text(" · ".join(name for name in names if name), style="bold")
    return text.append("\n" + " · ".join(f"{label} {value}" for label, value in ids if value), style="not bold dim")


def _facts(record: Mapping[str, Any], w: Words, lang: Language) -> Table:
    t = w["text"]
    table = Table(box=None, show_header=False, padding=(0, 2, 1, 0))
    table.add_column(style="cyan", no_wrap=True)
    table.add_column()
    details = {"aeo": _aeo, "anomalies": _anomalies, "score": _score, "website": _website}
    for name, describe in details.items():
        fact = record[name]
        lines = describe(fact["value"], w, lang) if fact["value"] else [w["state"][fact["state"]], w["explain"][fact["state"]]]
        cell = Text(lines[0], style=_STYLES[fact["state"]])
        for line in lines[1:]:
            cell.append(f"\n{line}", style="not bold")
        as_of = f"{t['as_of']} {beijing(fact['as_of'])} {t['beijing']}" if fact["as_of"] else t["never"]
        cell.append(f"\n{w['source'][fact['source']]} · {as_of}", style="not bold dim")
        if fact["stale"] and fact["as_of"]:
            cell.append(f" · {t['stale']}", style="not bold yellow")
        table.add_row(t[name], cell)
    return table


def _aeo(value: Mapping[str, Any], w: Words, lang: Language) -> list[str]:
    t, certificate = w["text"], value["certificate"]
    expired = f" · {t['expired']}" if certificate["state"] == "expired" else ""
    warning = f"{t['certificate_expired']} · " if value["is_aeo"] and expired else ""
    dates = [("certificate", certificate["number"]), ("issued", certificate["issued_on"]), ("valid_until", certificate["valid_until"])]
    lines = [f"{warning}{w['level'][value['level']]} · {w['sub_state'][value['sub_state']]} · {t['effective']} {value['effective_on']}"]
    lines += [" · ".join(f"{t[key]} {told}" for key, told in dates if told) + expired] if any(told for _, told in dates) else []
    if value["rectification"]:
        lines.append(f"{t['rectification']}: {w['rectification'][value['rectification']['state']]} {value['rectification']['due_on'] or ''}".rstrip())
    if value["mutual_recognition"]:
        lines.append(value["mutual_recognition"][lang])
    return lines


def _anomalies(value: Mapping[str, Any], w: Words, _: Language) -> list[str]:
    t, total = w["text"], value["total"]
    head = t["suppressed"] if total is None else f"{total} {t['on_record']}" if total else t["none_on_record"]
    rows = [
        f"{row['month']}  {w['category'][row['category']]} · {w['severity'][str(row['severity'])]} · {w['outcome'][row['outcome']]}" for row in value["records"]
    ]
    return [head, f"{t['window']} {value['window_from']} – {value['window_to']}", *rows]


def _score(value: Mapping[str, Any], w: Words, _: Language) -> list[str]:
    t = w["text"]
    if value["score"] is None:
        head = [w["state"]["insufficient_data"], w["insufficient"][value["insufficient_data"]["reason"]]]
    else:
        told = [w["band"][value["band"]], *([w["trend"][value["trend"]]] if value["trend"] else [])]
        head = [f"{value['score']} {t['of_100']}", " · ".join(told)]
    coverage = [] if value["coverage"] is None else [f"{t['coverage']} {round(value['coverage'] * 1e6) // 10_000}%"]
    return [*head, " · ".join([*coverage, f"{t['scored_as_of']} {value['as_of']}"])]


def _website(value: Mapping[str, Any], w: Words, _: Language) -> list[str]:
    return [w["website"][value["state"]], *(f"{code} {w['reason'][code]}" for code in value["reasons"])]
