"""English glosses of Chinese classification decisions (`decision_glosses.toml`), so that they are found by whoever asks in English."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from importlib.resources import files

from ecid.knowledge.records import Record

_PREFIX = "decision-"


@cache
def glosses() -> Mapping[str, str]:
    """Number of a decision to what its goods are."""
    return tomllib.loads(files(__package__).joinpath("decision_glosses.toml").read_text("utf-8"))


def glossed(records: Iterable[Record]) -> Iterator[Record]:
    """The records, decisions without an English title with their gloss as that."""
    for record in records:
        gloss = glosses().get(record.id.removeprefix(_PREFIX), "") if record.kind == "decision" and "en" not in record.title else ""
        yield replace(record, title={**record.title, "en": gloss}) if gloss else record
