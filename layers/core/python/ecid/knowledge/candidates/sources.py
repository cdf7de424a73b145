"""What is known of goods and their codes, put into two shapes: the wording of each six-digit code, and names of goods with the codes they belong under."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from ecid.errors import Language
from ecid.knowledge.records import Record
from ecid.tariff.model import Edition, Nomenclature

LANGUAGES: tuple[Language, ...] = ("zh", "en")
_RESIDUAL = frozenset({"其他", "其它", "other", "parts", "零件"})
Origin = Literal["glossary", "list", "confusion", "note", "decision", "ruling"]


@dataclass(frozen=True, slots=True)
class Name:
    """Goods by name: `codes` of four to eight digits (likeliest first), `record` the id of what says so."""

    text: str
    lang: Language
    codes: tuple[str, ...]
    record: str
    origin: Origin


@dataclass(frozen=True, slots=True)
class Wording:
    """What the tariff says of a six-digit code in one language: its own text, that of its heading and path, and the texts below it."""

    code: str
    own: str
    above: str
    below: str
    record: str


def names_of(records: Iterable[Record], day: date) -> Iterator[Name]:
    """Names in force on `day`, of both languages."""
    for record in records:
        if not record.in_force(day):
            continue
        match record.kind:
            case "term" if record.codes:
                origin: Origin = "glossary" if len(record.facts["names"]) > 1 else "list"
                yield from _named(record, record.facts["names"], record.codes, origin)
            case "confusion":
                for side in record.facts.get("sides", ()):
                    yield from _named(record, side, tuple(side["codes"]), "confusion")
            case "note":
                for part in (*record.facts.get("excludes", ()), *record.facts.get("includes", ())):
                    codes = tuple(code for code in part.get("to", ()) if len(code) >= 4)
                    if codes:
                        yield from _named(record, part, codes, "note")
            case "decision":
                origin = "ruling" if "authority" in record.facts else "decision"
                for lang, title in record.title.items():
                    yield Name(title, lang, record.codes, record.id, origin)


def _named(record: Record, names: Mapping[str, Sequence[str]], codes: tuple[str, ...], origin: Origin) -> Iterator[Name]:
    for lang in LANGUAGES:
        for text in names.get(lang, ()):
            yield Name(text, lang, codes, record.id, origin)


def wordings(editions: Sequence[Edition], nomenclatures: Sequence[Nomenclature], records: Iterable[Record], day: date) -> dict[Language, dict[str, Wording]]:
    """By language and six-digit code, of the tariff in force on `day`."""
    return {"zh": _chinese(editions_for(editions, day)), "en": _english(nomenclatures, records, day)}


def editions_for(editions: Sequence[Edition], day: date) -> list[Edition]:
    """The editions of a day; for want of a complete one also the nearest that is (the score's rule, "Editions"): six digits change with the HS only."""
    found = [edition for edition in editions if edition.valid_from <= day <= edition.valid_to]
    whole = [edition for edition in editions if edition.complete]
    if whole and not any(edition.complete for edition in found):
        found.append(min(whole, key=lambda edition: (min(abs((edition.valid_from - day).days), abs((edition.valid_to - day).days)), edition.id)))
    return found or list(editions)


def _chinese(editions: Sequence[Edition]) -> dict[str, Wording]:
    own: dict[str, dict[str, None]] = defaultdict(dict)
    above: dict[str, dict[str, None]] = defaultdict(dict)
    record: dict[str, str] = {}
    for edition in sorted(editions, key=lambda edition: edition.complete, reverse=True):
        for code, line in sorted(edition.lines.items()):
            record.setdefault(code[:6], f"line-{edition.id}-{code}")
            above[code[:6]].update(dict.fromkeys(line.path))
            if line.name.lower() not in _RESIDUAL:
                own[code[:6]][line.name] = None
    return {code: Wording(code, " ".join(own[code]), " ".join(above[code]), "", record[code]) for code in record}


def _english(nomenclatures: Sequence[Nomenclature], records: Iterable[Record], day: date) -> dict[str, Wording]:
    found: dict[str, Wording] = {}
    for nomenclature in nomenclatures:
        if nomenclature.lang == "en" and nomenclature.valid_from <= day <= nomenclature.valid_to:
            texts = nomenclature.texts
            for code in texts:
                if len(code) == 6:
                    found[code] = Wording(code, texts[code], texts.get(code[:4], ""), "", f"line-{nomenclature.id}-{code}")
    for record in records:
        if record.kind == "line" and record.in_force(day) and len(record.codes) == 1 and len(record.codes[0]) == 6 and "en" in record.text:
            code = record.codes[0]
            path = record.text["en"].partition(": ")[2]
            before = found.get(code)
            own = f"{before.own} {record.title['en']}" if before else record.title["en"]
            found[code] = Wording(code, own, f"{before.above if before else ''} {path}", " ".join(record.facts.get("below", ())), record.id)
    return found


def element_labels(editions: Sequence[Edition], day: date) -> dict[str, frozenset[str]]:
    """By six-digit code, the labels of declaration elements that its lines ask for, without what stands in brackets."""
    found: dict[str, set[str]] = defaultdict(set)
    for edition in editions_for(editions, day):
        for code, line in edition.lines.items():
            found[code[:6]].update(plain_label(element.label) for element in line.elements)
    return {code: frozenset(labels) for code, labels in found.items()}


def plain_label(label: str) -> str:
    """A label without its explanation: `用途（适用于××品牌××机）` is 用途."""
    return label.partition("(")[0].partition("（")[0].strip()
