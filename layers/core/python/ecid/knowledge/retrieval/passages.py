"""What of a record is indexed in each language, and what it says of whether the record fits a filter."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ecid.errors import Language
from ecid.knowledge.records import Record
from ecid.knowledge.retrieval.wordings import ASKED

_LONG = 900
"""Characters of a passage beyond which a text is cut: the notes of a chapter are pages, and each says many things."""
_SAID = ("names", "sides", "excludes", "includes", "defines", "deciding_fact", "question", "labels", "good")
_BEFORE_COLON = re.compile(r"^[^：:]{2,40}[：:]\s*(?=\S)")
LANGUAGES: tuple[Language, ...] = ("zh", "en")


def passages(record: Record, lang: Language) -> list[str]:
    """Title, names and text of a record in one language, long texts cut between paragraphs, the title before each; nothing where it has none.

    The title stands twice in the first: it says what the record is about; what stands before a colon, once. How it is asked for is a passage of its own.
    """
    title, text = record.title.get(lang, ""), record.text.get(lang, "")
    if not title and not text:
        return []
    first, *more = _cut(text)
    about = _BEFORE_COLON.sub("", title)
    head = "\n".join(part for part in (title, *names(record, lang), about, first) if part)
    asked = _said(record.facts.get(ASKED), lang)
    return [head, *(f"{title}\n{part}" for part in more), *(["\n".join([about, *asked])] if asked else [])]


def _cut(text: str) -> list[str]:
    """Whole paragraphs together as long as they are not longer than `_LONG` characters."""
    parts = [""]
    for paragraph in text.split("\n") if len(text) > _LONG else [text]:
        if parts[-1] and len(parts[-1]) + len(paragraph) > _LONG:
            parts.append(paragraph)
        else:
            parts[-1] = f"{parts[-1]}\n{paragraph}" if parts[-1] else paragraph
    return parts


def names(record: Record, lang: Language) -> list[str]:
    """What the facts of a record say in one language: names of terms, of a confusion's sides, of what a note excludes or includes, definitions, labels."""
    return [text for key in _SAID for text in _said(record.facts.get(key), lang)]


def reach(record: Record) -> tuple[str, ...]:
    """The code prefixes that a record speaks about: its own, and those of the chapter or section that it is a note to."""
    return tuple(dict.fromkeys((*record.codes, *record.facts.get("scope", ()))))


def _said(value: object, lang: Language) -> list[str]:
    """The texts in `lang` of `{zh, en}`, or of a list of such, each a text or a list of texts."""
    if isinstance(value, Mapping):
        texts: Any = value.get(lang, ())
        return [texts] if isinstance(texts, str) else [text for text in texts if isinstance(text, str)]
    return [text for entry in value for text in _said(entry, lang)] if isinstance(value, list | tuple) else []
