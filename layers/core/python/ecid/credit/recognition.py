"""AEO mutual recognition (互认): whether a market abroad recognises an enterprise's level on a day. Data and wording: `mutual_recognition.toml`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from ecid.credit.regimes import Confidence, Level, level_name
from ecid.credit.status import SubState
from ecid.errors import Language

RecognitionState = Literal["recognised", "not_recognised", "unconfirmed", "unknown_market"]
PartnerStatus = Literal["in_force", "signed", "unconfirmed"]


@dataclass(frozen=True, slots=True)
class Partner:
    """One arrangement. `in_force_from` is `YYYY`, `YYYY-MM` or `YYYY-MM-DD`, as precise as it is known; where it is empty, `known_by` is a day on
    which the arrangement was in force already, or empty too. `covers` are the markets of a union; `levels` the codes that benefit.
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
    rows = (dict(row, levels=tuple(row.get("levels", default)), covers=tuple(row.get("covers", ()))) for row in data["partners"])
    return tuple(Partner(**row) for row in rows)


def recognition(level: Level | None, sub_state: SubState, market: str, day: date, *, certificate_expired: bool = False) -> Recognition:
    """Whether `market` (ISO 3166-1 alpha-2, or `EU`) recognises the enterprise on `day`.

    `level` is the level under the regime of `day`, None where none is established; `certificate_expired`: `day` is past the validity printed on the
    certificate, and there is no period of grace. What is known of the arrangement is answered before what is
    known of the enterprise, so that "not in force" is never blamed on the level.
    """
    code = market.strip().upper()
    code = _data()["markets"]["aliases"].get(code, code)
    partner = _partner(code)
    if partner is None:
        return _without_arrangement(code)
    state, basis = _arrangement(partner, day)
    if state == "recognised":
        obstacle = _obstacle(partner, level, sub_state, certificate_expired=certificate_expired)
        state, basis = ("not_recognised", obstacle) if obstacle else (state, basis)
    facts = {
        "since": partner.in_force_from or partner.known_by,
        "sub_state_zh": sub_state.zh,
        "sub_state_en": sub_state.en,
        "levels_zh": "、".join(level_name(covered, "zh") for covered in partner.levels),
        "levels_en": ", ".join(level_name(covered, "en") for covered in partner.levels),
    }
    zh, en = _sentence(basis, "zh", {**facts, "market": partner.zh}), _sentence(basis, "en", {**facts, "market": partner.en})
    return Recognition(state, code, partner.in_force_from, basis, zh, en, partner.confidence)


def state_name(state: RecognitionState, lang: Language) -> str:
    """The short wording of a state."""
    name: str = _data()["states"][state][lang]
    return name


def _partner(code: str) -> Partner | None:
    own = next((partner for partner in partners() if partner.iso == code), None)
    return own or next((partner for partner in partners() if code in partner.covers), None)


def _without_arrangement(code: str) -> Recognition:
    markets = _data()["markets"]
    known = code in markets["codes"].split()
    basis = "home" if code == markets["home"] else "no_arrangement" if known else "unknown_market"
    shown = {"market": code[:8]}
    state: RecognitionState = "not_recognised" if known else "unknown_market"
    return Recognition(state, code[:8], "", basis, _sentence(basis, "zh", shown), _sentence(basis, "en", shown))


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
def _data() -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath("mutual_recognition.toml").read_text("utf-8"))
