"""AEO mutual recognition (互认): whether a market abroad recognises an enterprise's level on a day. Data and wording: `mutual_recognition.toml`."""

from __future__ import annotations

import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from ecid.credit.regimes import Confidence, Level, regime_on
from ecid.credit.status import SubState
from ecid.errors import Language

RecognitionState = Literal["recognised", "not_recognised", "unconfirmed", "unknown_market"]
PartnerStatus = Literal["in_force", "signed", "unconfirmed"]

_LONGEST_NAME = 64
"""Characters of what is typed for a market; no name is longer."""


@dataclass(frozen=True, slots=True)
class Partner:
    """One arrangement. `in_force_from` is `YYYY`, `YYYY-MM` or `YYYY-MM-DD`, as precise as it is known; where it is empty, `known_by` is a day on
    which the arrangement was in force already, or empty too. `covers` are the members of a union, `territories` parts of its customs territory with
    codes of their own; `levels` the codes that benefit, `scope` what it is limited to in zh and en (empty: nothing).
    """

    iso: str
    zh: str
    en: str
    status: PartnerStatus
    confidence: Confidence
    levels: tuple[str, ...]
    in_force_from: str = ""
    known_by: str = ""
    covers: tuple[str, ...] = ()
    territories: tuple[str, ...] = ()
    scope: Mapping[str, str] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True, slots=True)
class Recognition:
    """The answer for one market.

    `since` is the first day, as precise as known (empty where unknown); `basis` names the sentence, `confidence` how sure the row is (None: no row).
    """

    state: RecognitionState
    market: str
    since: str
    basis: str
    zh: str
    en: str
    confidence: Confidence | None = None


@cache
def partners() -> tuple[Partner, ...]:
    """All arrangements known, signed and unconfirmed ones included."""
    data = _data()
    default = data["default_levels"]
    lists = ({name: tuple(row.get(name, ())) for name in ("covers", "territories")} | {"levels": tuple(row.get("levels", default))} for row in data["partners"])
    return tuple(Partner(**(row | of_row)) for row, of_row in zip(data["partners"], lists, strict=True))


def market_code(text: str) -> str:
    """The market that `text` names, as ISO 3166-1 alpha-2 or `EU`: by that code, by alpha-3, or by name in zh or en, in any case and width. What names
    none comes back cut to eight printable capitals."""
    normal = unicodedata.normalize("NFKC", text[:_LONGEST_NAME]).upper()
    typed = " ".join("".join(char if char.isprintable() else " " for char in normal).split())
    markets = _data()["markets"]
    code: str = markets["aliases"].get(typed, typed)
    if code in _known_codes() or any(partner.iso == code for partner in partners()):
        return code
    return _by_country_list(code) or code[:8].strip()


def _by_country_list(typed: str) -> str | None:
    """The alpha-2 code by the customs list of countries. Its old numbers, which fewer people mean than mistype, name nothing here."""
    from ecid.declarations.vocabulary import countries  # noqa: PLC0415 – only for those who do not write alpha-2

    alpha3 = None if any(map(str.isdigit, typed)) else countries().resolve(typed)
    return _alpha2_codes().get(alpha3) if alpha3 else None


@cache
def _alpha2_codes() -> dict[str, str]:
    from ecid.declarations.vocabulary import countries  # noqa: PLC0415 – see `_by_country_list`

    return {alpha3: code for code in _known_codes() if (alpha3 := countries().resolve(code))}


def recognition(level: Level | None, sub_state: SubState, market: str, day: date, *, certificate_expired: bool = False) -> Recognition:
    """Whether `market` (as `market_code` reads it) recognises the enterprise on `day`.

    `level` is the level under the regime of `day`, None where none is established; `certificate_expired`: `day` is past the validity printed on the
    certificate, and there is no period of grace. What is known of the arrangement is answered before what is known of the enterprise, so that "not in
    force" is never blamed on the level. `NotFound` before the first credit regime.
    """
    code = market_code(market)
    partner = _partner(code)
    if partner is None:
        return _without_arrangement(code)
    state, basis = _arrangement(partner, day)
    if state == "recognised":
        obstacle = _obstacle(partner, level, sub_state, certificate_expired=certificate_expired)
        state, basis = ("not_recognised", obstacle) if obstacle else (state, basis)
    covered = [level for level in regime_on(day).levels if level.code in partner.levels]
    facts = {
        "since": partner.in_force_from or partner.known_by,
        "sub_state_zh": sub_state.zh,
        "sub_state_en": sub_state.en,
        "levels_zh": "、".join(level.zh for level in covered),
        "levels_en": ", ".join(level.en for level in covered),
    }
    zh, en = _sentence(basis, "zh", {**facts, "market": partner.zh}), _sentence(basis, "en", {**facts, "market": partner.en})
    if state == "recognised" and partner.scope:
        zh, en = zh + partner.scope["zh"], f"{en} {partner.scope['en']}"
    return Recognition(state, code, partner.in_force_from, basis, zh, en, partner.confidence)


def state_name(state: RecognitionState, lang: Language) -> str:
    """The short wording of a state."""
    name: str = _data()["states"][state][lang]
    return name


def _partner(code: str) -> Partner | None:
    own = next((partner for partner in partners() if partner.iso == code), None)
    return own or next((partner for partner in partners() if code in partner.covers + partner.territories), None)


def _without_arrangement(code: str) -> Recognition:
    markets = _data()["markets"]
    known = code in _known_codes()
    basis = "home" if code == markets["home"] else "no_arrangement" if known else "unknown_market"
    shown = {"market": code}
    state: RecognitionState = "not_recognised" if known else "unknown_market"
    return Recognition(state, code, "", basis, _sentence(basis, "zh", shown), _sentence(basis, "en", shown))


def _arrangement(partner: Partner, day: date) -> tuple[RecognitionState, str]:
    """What the arrangement alone says on `day`. A start known to the year or month is uncertain during that year or month."""
    if partner.status != "in_force":
        return "unconfirmed", "unconfirmed"
    if not partner.in_force_from:
        return ("recognised", "recognised_by") if partner.known_by and day.isoformat() >= partner.known_by else ("unconfirmed", "date_unknown")
    start, reached = partner.in_force_from, day.isoformat()[: len(partner.in_force_from)]
    if reached < start:
        return "not_recognised", "not_yet"
    if reached == start and len(start) < len("YYYY-MM-DD"):
        return "unconfirmed", "date_unknown"
    return "recognised", "recognised"


def _obstacle(partner: Partner, level: Level | None, sub_state: SubState, *, certificate_expired: bool) -> str | None:
    """What keeps the enterprise out of an arrangement in force, None where nothing does."""
    if level is None:
        return "no_level"
    if not sub_state.keeps_benefits:
        return "not_active"
    if level.code not in partner.levels:
        return "level_not_covered"
    return "certificate_expired" if certificate_expired else None


def _sentence(basis: str, lang: Language, facts: dict[str, str]) -> str:
    template: str = _data()["sentences"][basis][lang]
    return template.format_map(facts)


@cache
def _known_codes() -> frozenset[str]:
    return frozenset(_data()["markets"]["codes"].split())


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath("mutual_recognition.toml").read_text("utf-8"))
