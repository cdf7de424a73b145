"""The words of the buyer's page and of `ecid verify`: those of `wording.toml`, and the names that credit, clearance and identity give to their codes."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import get_args

from ecid.clearance.taxonomy import Outcome, categories, category_name, outcome_name, severities, severity_name
from ecid.credit.recognition import RecognitionState, state_name
from ecid.credit.regimes import regimes
from ecid.credit.status import RectificationState, SubState
from ecid.errors import Language
from ecid.identity.domains import Note, note_text

Words = Mapping[str, Mapping[str, str]]
"""Group (`level`, `severity`, …) → code → text in one language."""


@cache
def words(lang: Language) -> Words:
    """All words in one language. A missing word raises KeyError where it is used."""
    table = tomllib.loads(files(__package__).joinpath("wording.toml").read_text("utf-8"))
    own = {group: {key: text[lang] for key, text in entries.items()} for group, entries in table.items()}
    notes = {note: note_text(note, lang) for note in get_args(Note)}
    return own | _names(lang) | {"caution": own["caution"] | notes}


def _names(lang: Language) -> dict[str, dict[str, str]]:
    """The names of codes, under the codes as they stand in the public record."""
    zh = lang == "zh"
    return {
        "level": {level.code.lower(): level.zh if zh else level.en for regime in regimes() for level in regime.levels},
        "sub_state": {state.lower(): state.zh if zh else state.en for state in SubState},
        "meaning": {state.lower(): state.meaning_zh if zh else state.meaning_en for state in SubState},
        "rectification": {state.lower(): state.zh if zh else state.en for state in RectificationState},
        "recognition": {state: state_name(state, lang) for state in get_args(RecognitionState)},
        "category": {category: category_name(category, lang) for category in categories()},
        "severity": {str(severity): severity_name(severity, lang) for severity in severities()},
        "outcome": {outcome.lower(): outcome_name(outcome, lang) for outcome in Outcome},
    }
