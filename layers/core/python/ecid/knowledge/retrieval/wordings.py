"""Words of the pack about records that say the same in others (`knowledge/wordings`), so that they are found by whoever asks in those.

decisions.toml  number of a Chinese classification decision to an English gloss of its goods
asked.toml      id of a record to ways in which people ask for what it says, by language
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ecid.errors import UnreadableFile
from ecid.knowledge.records import Record

FOLDER = "wordings"
ASKED = "asked"
"""The fact under which a record carries how it is asked for."""
_PREFIX = "decision-"


def worded(records: Iterable[Record], pack: Path) -> Iterator[Record]:
    """The records, decisions without an English title with their gloss as that, others with how they are asked for. A pack may have neither file.

    Raises UnreadableFile.
    """
    glosses, asked = _read(pack / FOLDER / "decisions.toml"), _read(pack / FOLDER / "asked.toml")
    for record in records:
        gloss = glosses.get(record.id.removeprefix(_PREFIX)) if record.kind == "decision" and "en" not in record.title else None
        told = replace(record, title={**record.title, "en": gloss}) if gloss else record
        yield replace(told, facts={**told.facts, ASKED: asked[record.id]}) if record.id in asked else told


def _read(path: Path) -> Mapping[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8")) if path.exists() else {}
    except (OSError, ValueError) as error:
        raise UnreadableFile(name=path.name, reason_zh=f"不是合格的措辞文件：{error}", reason_en=f"it is no proper file of wordings: {error}") from error
