"""Who asks the assistant on this machine: an enterprise whose result is here, or a buyer. The samples are taken in when the first of them is asked for."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from ecid import bootstrap
from ecid.assistant.caller import Caller
from ecid.bootstrap import LocalPlatform, Platform
from ecid.cli.index import busy
from ecid.cli.remote import printable
from ecid.errors import BadInput, EcidError, Language
from ecid.feed.facts import PLATFORM_SUBJECT, domains_of, enterprise_subject, enterprises_of
from ecid.identity.codes import check_uscc

PERSON = "this machine"
"""Who asks in process: the state directory belongs to one operator."""
_SHOWN, _SAMPLES = 30, 6
_TAKING = {"zh": "正在接收样例企业（仅一次）……", "en": "Taking in the sample enterprises, once …"}
_BUYER = {"zh": "  --buyer    以采购方身份，只看公开记录和条款", "en": "  --buyer    as a buyer, who sees public records and clauses"}


class NoSuchCaller(BadInput):
    """Whose score is meant is not said, or not known. Context: `said` and `known`, by language."""

    code: ClassVar[str] = "bad_input"
    zh = "{said}可选：\n{known}"
    en = "{said} Choose one of:\n{known}"


@dataclass(frozen=True, slots=True)
class _Known:
    """An enterprise with a record on this machine: its first domain, its names, the public score or None."""

    uscc: str
    domain: str
    names: tuple[str, str]
    score: int | None


def caller_of(platform: Platform, enterprise: str | None, buyer: bool, lang: Language) -> Caller:
    """The caller whom `--as` or `--buyer` names; without either the one enterprise that has a score here. Raises NoSuchCaller."""
    if buyer:
        return Caller.buyer(PERSON)
    if not _uscc(platform) and isinstance(platform, LocalPlatform) and enterprise in _samples(lang):
        with busy(_TAKING[lang]):
            bootstrap.feed_samples(platform)
    if enterprise is None:
        scored = [one for one in _known(platform) if one.score is not None]
        if len(scored) != 1:
            said = {"zh": "请用 --as 说明问的是哪家企业。", "en": "Say with --as whose score is meant."}
            raise NoSuchCaller(said=said, known=_listed(platform, [one.domain for one in scored]))
        return Caller.supplier(PERSON, scored[0].uscc)
    return Caller.supplier(PERSON, _named(platform, enterprise))


def _uscc(platform: Platform) -> tuple[str, ...]:
    return enterprises_of(platform.store.facts(PLATFORM_SUBJECT).facts)


def _samples(lang: Language) -> dict[str, str]:
    """What each sample shows, by its domain."""
    return {one.ask: one.label[lang] for one in bootstrap.samples_to_try() if "/" not in one.ask}


def _named(platform: Platform, text: str) -> str:
    """The USCC of the enterprise that a USCC, a domain, a name or a part of a name means."""
    try:
        if (uscc := check_uscc(text).value) in _uscc(platform):
            return uscc
    except EcidError:
        pass
    try:
        found = platform.verification().verify(text).enterprise
        if found is not None:
            return found.uscc
    except BadInput:
        pass
    known = list(_known(platform))
    wanted = _plain(text)
    whole = [one for one in known if wanted in map(_plain, one.names)]
    part = [one for one in known if wanted and any(wanted in _plain(name) for name in one.names)]
    meant = whole or part
    if len(meant) == 1:
        return meant[0].uscc
    shown = printable(text)[:60]
    said = (
        {"zh": f"“{shown}”可指多家企业。", "en": f"“{shown}” may be any of several enterprises."}
        if meant
        else {"zh": f"本机没有“{shown}”的企业记录。", "en": f"This machine knows no enterprise “{shown}”."}
    )
    raise NoSuchCaller(said=said, known=_listed(platform, [one.domain for one in meant]))


def _known(platform: Platform) -> Iterator[_Known]:
    """Every enterprise that has a record of its own here."""
    verification = platform.verification()
    for uscc in _uscc(platform):
        for domain in domains_of(platform.store.facts(enterprise_subject(uscc)).facts):
            view = verification.verify(domain)
            if view.enterprise is not None and view.enterprise.uscc == uscc:
                score = view.score.value.score if view.score and view.score.value else None
                yield _Known(uscc, view.domain, (view.enterprise.name_zh or "", view.enterprise.name_en or ""), score)
                break


def _listed(platform: Platform, domains: list[str]) -> dict[Language, str]:
    """What may be given, a line each, by language: these domains, else all that are known here, else the samples of the pack."""
    languages: tuple[Language, ...] = ("zh", "en")
    known = sorted(_known(platform), key=lambda one: one.domain)
    told: dict[Language, str] = {}
    for lang in languages:
        lines = [
            f"  --as {one.domain}    {one.names[lang == 'en'] or one.names[0]}{f' ({one.score})' if one.score is not None else ''}"
            for one in known
            if not domains or one.domain in domains
        ]
        lines = lines or [f"  --as {domain}    {label}" for domain, label in _samples(lang).items()][:_SAMPLES]
        more = [f"  … {len(lines) - _SHOWN}"] if len(lines) > _SHOWN else []
        told[lang] = "\n".join([*map(printable, lines[:_SHOWN]), *more, _BUYER[lang]])
    return told


def _plain(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())
