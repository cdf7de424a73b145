"""The records of the reviewed pack: rules, notes, confusable goods, procedures, element rules, and the glossary (see `knowledge/README.md`)."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from ecid.errors import UnreadableFile
from ecid.knowledge.records import CONFIDENCES, KINDS, Record

HS_2022 = date(2022, 1, 1)
"""When HS 2022 came into force in China: what a glossary entry with a code is dated by."""
_UNDATED = date(1992, 1, 1)  # China's tariff on the Harmonized System
_RECORD_KEYS = frozenset({"id", "kind", "codes", "title", "text", "valid_from", "valid_to", "superseded_by", "no_successor", "source", "confidence"})
_FACT_KEYS: Mapping[str, frozenset[str]] = {
    "note": frozenset({"excludes", "includes", "defines", "scope"}),
    "confusion": frozenset({"sides", "deciding_fact", "question", "settles", "shared", "states", "basis"}),
    "element_rule": frozenset({"labels", "good", "bad", "none"}),
}
_TERM_KEYS = frozenset({"hs", "zh", "en", "note"})
_AMBIGUOUS_KEYS = frozenset({"hs", "zh", "en", "fact"})
_DEFINED_KEYS = frozenset({"zh", "en", "text"})
_FOLDERS = ("", "notes", "glossary")
_CONFUSIONS = "confusions"
_OTHER_FILES = frozenset({"rates.toml"})
_GLOSSARY = "reviewed glossary of this project (knowledge/glossary)"


def read_records(pack: Path) -> list[Record]:
    """All records of a pack, in the order of files and entries. Raises `UnreadableFile` naming file and entry for what is none, or an id that stands twice."""
    records: dict[str, Record] = {}
    for path in record_files(pack):
        for record in _read(path):
            if record.id in records:
                raise UnreadableFile(name=path.name, reason_zh=f"标识 {record.id} 重复", reason_en=f"the id {record.id} stands twice")
            records[record.id] = record
    return list(records.values())


def ambiguous_terms(pack: Path) -> list[Record]:
    """The names of a pack that say too little, in the order of files and entries. Raises `UnreadableFile`."""
    return [record for path in record_files(pack) if path.parent.name == _FOLDERS[-1] for record in _read(path) if _is_ambiguous(record)]


def confusions(pack: Path) -> list[Record]:
    """The records of a pack on codes that are often confused. Raises `UnreadableFile`."""
    return [record for path in record_files(pack) if path.stem == _CONFUSIONS for record in _read(path) if record.kind == "confusion"]


def _is_ambiguous(record: Record) -> bool:
    return record.kind == "term" and "deciding_fact" in record.facts


def record_files(pack: Path) -> list[Path]:
    """The files of a pack that hold records, sorted within their folders."""
    return [path for folder in _FOLDERS for path in sorted((pack / folder).glob("*.toml")) if path.name not in _OTHER_FILES]


def _read(path: Path) -> list[Record]:
    try:
        content = path.read_bytes()
        data = tomllib.loads(content.decode("utf-8"))
        return list(_entries(data, path.name, hashlib.sha256(content).hexdigest()))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UnreadableFile(name=path.name, reason_zh=f"不是合格的知识文件：{error}", reason_en=f"it is no proper file of records: {error}") from error


def _entries(data: Mapping[str, Any], name: str, sha256: str) -> Iterator[Record]:
    unknown = data.keys() - {"record", "term", "ambiguous", "chapter"}
    if unknown:
        raise ValueError(f"unknown table {min(unknown)}")
    for entry in data.get("record", ()):
        yield _record(entry, f"{name}: {entry.get('id')}", sha256)
    for entry in data.get("term", ()):
        ref = f"{name}: {entry['zh'][0]}"
        yield _goods_term(entry, ref, sha256) if "hs" in entry else _defined_term(entry, ref, sha256)
    for entry in data.get("ambiguous", ()):
        yield _ambiguous_term(entry, f"{name}: {entry['zh'][0]}", sha256)


def _record(entry: Mapping[str, Any], ref: str, sha256: str) -> Record:
    kind = entry["kind"]
    if kind not in KINDS:
        raise ValueError(f"{ref}: unknown kind {kind}")
    if entry["confidence"] not in CONFIDENCES:
        raise ValueError(f"{ref}: unknown confidence {entry['confidence']}")
    own = _FACT_KEYS.get(kind, frozenset())
    _only(entry, _RECORD_KEYS | own, ref)
    return Record(
        id=_text(entry["id"]),
        kind=kind,
        codes=_texts(entry["codes"]),
        title=_pair(entry["title"]),
        text=_pair(entry["text"]),
        valid_from=_day(entry["valid_from"]),
        valid_to=_day(entry["valid_to"]) if "valid_to" in entry else None,
        source=_text(entry["source"]),
        source_ref=ref,
        sha256=sha256,
        confidence=entry["confidence"],
        superseded_by=_text(entry["superseded_by"]) if "superseded_by" in entry else None,
        facts={key: entry[key] for key in sorted((own | {"no_successor"}) & entry.keys())},
    )


def _goods_term(entry: Mapping[str, Any], ref: str, sha256: str) -> Record:
    """Names of goods under one code; `facts`: `names`."""
    _only(entry, _TERM_KEYS, ref)
    names, code, note = _names(entry), _text(entry["hs"]), entry.get("note")
    text = {"zh": f"{'、'.join(names['zh'])}：归入{_dotted(code)}。", "en": f"{', '.join(names['en'])}: {_dotted(code)}."}
    if note:
        text = {"zh": f"{text['zh']}{_pair(note)['zh']}。", "en": f"{text['en']} {_pair(note)['en']}."}
    return _term(f"term-{code}-{_mark(names)}", (code,), names, text, ref, sha256, {"names": names})


def _ambiguous_term(entry: Mapping[str, Any], ref: str, sha256: str) -> Record:
    """Names that say too little; `facts`: `names`, and `deciding_fact`, which leads to one of the codes (likeliest first)."""
    _only(entry, _AMBIGUOUS_KEYS, ref)
    names, codes, fact = _names(entry), _texts(entry["hs"]), _pair(entry["fact"])
    listed = [_dotted(code) for code in codes]
    text = {
        "zh": f"{'、'.join(names['zh'])}：仅凭名称不能归类，可能归入{'、'.join(listed)}，取决于{fact['zh']}。",
        "en": f"{', '.join(names['en'])}: the name alone does not decide; {' or '.join(listed)}, depending on {fact['en']}.",
    }
    return _term(f"term-ambiguous-{_mark(names)}", codes, names, text, ref, sha256, {"names": names, "deciding_fact": fact})


def _defined_term(entry: Mapping[str, Any], ref: str, sha256: str) -> Record:
    """A term of customs or trade with its definition; `facts`: `names`."""
    _only(entry, _DEFINED_KEYS, ref)
    names = _names(entry)
    return _term(f"term-{_mark(names)}", (), names, _pair(entry["text"]), ref, sha256, {"names": names})


def _term(
    term_id: str, codes: tuple[str, ...], names: Mapping[str, tuple[str, ...]], text: Mapping[str, str], ref: str, sha256: str, facts: Mapping[str, Any]
) -> Record:
    return Record(
        id=term_id,
        kind="term",
        codes=codes,
        title={"zh": names["zh"][0], "en": names["en"][0]},
        text={"zh": text["zh"], "en": text["en"]},
        valid_from=HS_2022 if codes else _UNDATED,
        valid_to=None,
        source=_GLOSSARY,
        source_ref=ref,
        sha256=sha256,
        facts=facts,
    )


def _mark(names: Mapping[str, Sequence[str]]) -> str:
    """Of its first Chinese name, so that an id stays when entries are added around it."""
    return hashlib.sha256(names["zh"][0].encode()).hexdigest()[:10]


def _dotted(code: str) -> str:
    return code if len(code) < 4 else f"{code[:4]}.{code[4:]}".rstrip(".")


def _names(entry: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    names = {"zh": _texts(entry["zh"]), "en": _texts(entry["en"])}
    if not all(names.values()):
        raise ValueError(f"{entry['zh'] or entry['en']}: names are needed in both languages")
    return names


def _only(entry: Mapping[str, Any], keys: frozenset[str], ref: str) -> None:
    unknown = entry.keys() - keys
    if unknown:
        raise ValueError(f"{ref}: unknown key {min(unknown)}")


def _pair(value: Mapping[str, Any]) -> dict[Any, str]:
    return {"zh": _text(value["zh"]), "en": _text(value["en"])}


def _day(value: object) -> date:
    if not isinstance(value, date):
        raise TypeError(f"{value!r} is no date")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise TypeError(f"{value!r} is no text")
    return value.strip()


def _texts(values: object) -> tuple[str, ...]:
    if not isinstance(values, list):
        raise TypeError(f"{values!r} is no list")
    return tuple(_text(value) for value in values)
