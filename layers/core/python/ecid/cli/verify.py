"""`ecid verify DOMAIN`: what the public record says, from the local store or from a running server."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import click
from rich.console import Console, Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from ecid.bootstrap import Platform
from ecid.cli.options import lang_option
from ecid.cli.remote import ServerUnavailable, ask, printable, server_option
from ecid.errors import Language
from ecid.verification.page import beijing
from ecid.verification.shape import to_json
from ecid.verification.wording import Words, words

_KEYS = ("domain", "status", "aeo", "anomalies", "score", "website")
_STYLES = {"known": "bold", "not_reported": "dim", "insufficient_data": "yellow", "not_applicable": "dim", "unavailable": "yellow"}


@click.command("verify")
@click.argument("domain")
@click.option("--market", metavar="CODE", help="Country of the buyer (ISO code, EU, or its name), for mutual recognition.")
@click.option("--json", "as_json", is_flag=True, help="The record as JSON on standard output, nothing else.")
@server_option
@lang_option
@click.pass_obj
def verify_command(platform: Platform, domain: str, market: str | None, as_json: bool, server: str | None, lang: Language) -> None:
    """Look up a supplier by its website domain. Every answer, "unknown" included, is exit status 0."""
    if server:
        record = ask(server, ("v1", "domains", domain), {"lang": lang, "market": market}, _KEYS)
    else:
        record = to_json(platform.verification().verify(domain, market))
    if as_json:
        click.echo(json.dumps(record, ensure_ascii=False, indent=2))
        return
    try:
        panel = _panel(printable(record), words(lang), lang)
    except (KeyError, TypeError, ValueError, AttributeError) as fault:
        if not server:
            raise
        raise ServerUnavailable(server=server, reason="record of another version, try --json") from fault
    Console().print(panel)


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
