"""The buyer's page: one HTML document without script, under its own content security policy.

Jinja is loaded on the first page, so that a JSON answer never pays for it.
"""

from __future__ import annotations

import base64
import hashlib
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from ecid.credit.status import SubState
from ecid.errors import EcidError, Language
from ecid.verification.shape import Aeo, Anomalies, PublicView
from ecid.verification.wording import Words, words

if TYPE_CHECKING:
    from jinja2 import Template

ROWS = 5
"""Anomaly records drawn on the page; what is beyond is named and linked, so that a long record stays quick on a slow line."""

_LONGEST_SENTENCE = 300
"""Characters of an error's sentence on the page: it may repeat what was asked."""
_BEIJING = timezone(timedelta(hours=8))
_STRENGTH = ("none", "ok", "warn", "bad")
_ICON = (
    " viewBox='0 0 24 24' width='30'><rect width='24' height='24' rx='6' fill='#0a2f2e'/>"
    "<path d='M6.5 18v-5M12 18V9M17.5 18V5' stroke='#f2c14e' stroke-width='3'/></svg>"
)
_FAVICON = "data:image/svg+xml," + quote(f"<svg xmlns='http://www.w3.org/2000/svg'{_ICON}", safe=" ='/:<>")


@dataclass(frozen=True, slots=True)
class Site:
    """Who runs this installation and where it is reached."""

    operator: str
    public_url: str


@dataclass(frozen=True, slots=True)
class Sample:
    """Something to try: `ask` is what to type (a domain or an address), `label` says by language what it shows."""

    ask: str
    label: Mapping[Language, str]


def samples_of(text: str) -> tuple[Sample, ...]:
    """The samples that a `samples.toml` lists, in its order. Raises ValueError, KeyError or TypeError where it is no such list."""
    return tuple(Sample(entry["ask"], {"zh": entry["zh"], "en": entry["en"]}) for entry in tomllib.loads(text)["sample"])


def record_page(view: PublicView, site: Site, lang: Language, market: str = "") -> str:
    """The page of one verification."""
    return _render(site, lang, typed=view.display, market=market, view=view)


def start_page(site: Site, lang: Language, samples: Sequence[Sample] = ()) -> str:
    """The page before anything was asked: the search, what it answers, and samples to try where this installation has any."""
    return _render(site, lang, samples=samples)


def error_page(error: EcidError, typed: str, site: Site, lang: Language) -> str:
    """The page of a question that cannot be answered; what was typed stays in the search."""
    return _render(site, lang, typed=typed[:100], error=error)


def security_policy() -> str:
    """The `Content-Security-Policy` of every page: nothing but its own style."""
    return f"default-src 'none'; style-src '{_digest(_style())}'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"


def _digest(style: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()}"


def summary_of(view: PublicView, w: Words) -> str:
    """One line of plain text for previews: what each fact says, and that a sample is one."""
    parts = [w["text"]["sample"]] if view.sample else []
    if view.status != "registered":
        return " · ".join([*parts, w["status"][view.status]])
    aeo, anomalies, score = view.aeo.value, view.anomalies.value, view.score.value
    parts.append(f"AEO: {_headline(aeo, w) if aeo else w['state'][view.aeo.state]}")
    parts.append(f"{w['text']['anomalies']}: {how_many(anomalies, w) if anomalies else w['state'][view.anomalies.state]}")
    told = str(score.score) if score and score.score is not None else w["state"][view.score.state]
    parts.append(f"{w['text']['score']}: {told}")
    return " · ".join(parts)


def how_many(anomalies: Anomalies, w: Words) -> str:
    """How many anomalies, in words."""
    if anomalies.total is None:
        return w["text"]["suppressed"]
    return f"{anomalies.total} {w['text']['on_record']}" if anomalies.total else w["text"]["none_on_record"]


def tones_of(view: PublicView) -> dict[str, str]:
    """The tone of each card, by `tones.toml`. Nothing passes on a source that has not been confirmed for a day."""
    tones, aeo, anomalies, score, website = _tones(), view.aeo.value, view.anomalies.value, view.score.value, view.website.value
    told = {
        "aeo": (view.aeo.stale, _aeo_tone(aeo) if aeo else "none"),
        "anomalies": (view.anomalies.stale, _strongest("ok", *_severity_tones(anomalies)) if anomalies else "none"),
        "score": (view.score.stale, tones["band"][score.band] if score and score.band else "none"),
        "website": (view.website.stale, tones["website"][website.state] if website else "none"),
    }
    return {card: "warn" if stale and tone == "ok" else tone for card, (stale, tone) in told.items()}


def beijing(instant: str) -> str:
    """An ISO time as date and minute in Beijing."""
    return f"{datetime.fromisoformat(instant).astimezone(_BEIJING):%Y-%m-%d %H:%M}"


def _render(
    site: Site,
    lang: Language,
    *,
    typed: str = "",
    market: str = "",
    view: PublicView | None = None,
    error: EcidError | None = None,
    samples: Sequence[Sample] = (),
) -> str:
    w, market = words(lang), market[:8]
    title, summary = _title_and_summary(view, error, w, lang)
    asked = {key: value for key, value in (("domain", view.domain if view else typed), ("market", market)) if value}
    html = _template(lang).render(
        w=w,
        lang=lang,
        view=view,
        error=error,
        advice=w["error_advice"][_kind(error)] if error else "",
        samples=samples,
        typed=typed,
        market=market,
        title=title,
        summary=summary,
        address=f"{site.public_url}/verify" + (f"?{urlencode({'domain': view.domain})}" if view else ""),
        other_address="/verify?" + urlencode({**asked, "lang": "en" if lang == "zh" else "zh"}),
        record_address=f"/v1/domains/{view.domain}" + (f"?{urlencode({'market': market})}" if market else "") if view else "",
        operator=site.operator,
        tones=tones_of(view) if view else {},
        headline=_headline(view.aeo.value, w) if view and view.aeo.value else "",
        how_many=how_many(view.anomalies.value, w) if view and view.anomalies.value else "",
        stale=view is not None and any(fact.stale for fact in (view.aeo, view.anomalies, view.score, view.website) if fact.value),
    )
    # Every byte counts on a slow line. A raw quotation mark can only be one of the templates: in values and texts it is escaped.
    return re.sub(r'="([\w.#-]+)"', r"=\1", re.sub(r"\s*\n\s*", "\n", html)).strip() + "\n"


def _severity_tones(anomalies: Anomalies) -> list[str]:
    """Those of the severities that occur; where some are withheld it is only known that something did."""
    known = [_tones()["severity"][severity] for severity, count in anomalies.by_severity.items() if count]
    return known if anomalies.total == 0 or None not in anomalies.by_severity.values() else [*known, "warn"]


def _aeo_tone(aeo: Aeo) -> str:
    """A certified level speaks for its holder only while it is in good standing."""
    level = "none" if _is_certified(aeo) and not aeo.in_good_standing else _tones()["level"][aeo.level]
    late = aeo.rectification is not None and aeo.rectification.state == "overdue"
    return _strongest(level, _tones()["sub_state"][aeo.sub_state], "bad" if _is_expired(aeo) else "warn" if late else "none")


def _headline(aeo: Aeo, w: Words) -> str:
    """The level; what takes its treatment away at present comes first."""
    ended = not SubState(aeo.sub_state.upper()).keeps_benefits and (aeo.sub_state != "never" or _is_certified(aeo))
    parts = [w["sub_state"][aeo.sub_state]] if ended else []
    parts += [w["text"]["certificate_expired"]] if _is_expired(aeo) else []
    return " · ".join([*parts, w["level"][aeo.level]])


def _is_certified(aeo: Aeo) -> bool:
    return bool(_tones()["level"][aeo.level] == "ok")


def _is_expired(aeo: Aeo) -> bool:
    """Whether the level is held under a certificate that has expired; of a level that needs none, an old one says nothing."""
    return aeo.is_aeo and aeo.certificate.state == "expired"


def _title_and_summary(view: PublicView | None, error: EcidError | None, w: Words, lang: Language) -> tuple[str, str]:
    if error:
        sentence = error.sentence(lang)
        return w["error_title"][_kind(error)], sentence if len(sentence) <= _LONGEST_SENTENCE else f"{sentence[:_LONGEST_SENTENCE]}…"
    if view:
        return f"{view.display} · {w['status'][view.status]}", summary_of(view, w)
    return w["text"]["start_title"], w["text"]["start_lead"]


def _kind(error: EcidError) -> str:
    """What a person can do about it: ask differently (`input`), go elsewhere (`nowhere`), or come back (`later`)."""
    return "nowhere" if error.status == 404 else "later" if error.status >= 500 or error.status == 429 else "input"


def _strongest(*tones: str) -> str:
    return max(tones, key=_STRENGTH.index)


@cache
def _template(lang: Language) -> Template:
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415 – see module docstring
    from markupsafe import Markup  # noqa: PLC0415

    loader = PackageLoader("ecid.verification")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["beijing"] = beijing
    environment.globals.update(rows=ROWS, style=Markup(_style()), mark=Markup(f"<svg aria-hidden='true'{_ICON}"), icon=Markup(_FAVICON))  # noqa: S704 – constants of ours
    return environment.get_template("page.html")


@cache
def _style() -> str:
    css = files(__package__).joinpath("templates/page.css").read_text("utf-8")
    return re.sub(r" ?([{};,>+]) ?|(:) ", r"\1\2", re.sub(r"\s+", " ", css)).replace(";}", "}").strip()


@cache
def _tones() -> Mapping[str, Mapping[str, Any]]:
    return tomllib.loads(files(__package__).joinpath("tones.toml").read_text("utf-8"))
