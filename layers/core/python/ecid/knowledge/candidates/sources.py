"""What is known of goods and their codes, put into two shapes for a period: the wording of each six-digit code, and names of goods with their codes."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby, pairwise
from typing import Literal

from ecid.errors import Language
from ecid.knowledge.records import Record
from ecid.tariff.model import Edition, Nomenclature

LANGUAGES: tuple[Language, ...] = ("zh", "en")
_RESIDUAL = frozenset({"其他", "其它", "other", "parts", "零件"})
_SUBHEADING = 6
_MANY = 20
"""A day on which one in so many records begins or ends begins a period of its own."""
Origin = Literal["glossary", "list", "confusion", "note", "decision", "ruling", "line"]


@dataclass(frozen=True, slots=True)
class Name:
    """Goods by name: `codes` of four to eight digits (likeliest first), `record` the id of what says so, from its `first` day to its `last`."""

    text: str
    lang: Language
    codes: tuple[str, ...]
    record: str
    origin: Origin
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Wording:
    """What the tariff says of a six-digit code in one language: its own text, that of its heading and path, and the texts below it."""

    code: str
    own: str
    above: str
    below: str
    record: str


@dataclass(frozen=True, slots=True)
class Tariffs:
    """What words codes."""

    editions: tuple[Edition, ...] = ()
    nomenclatures: tuple[Nomenclature, ...] = ()

    @classmethod
    def among(cls, datasets: Iterable[object]) -> Tariffs:
        """Those among whatever is loaded."""
        found = list(datasets)
        return cls(tuple(item for item in found if isinstance(item, Edition)), tuple(item for item in found if isinstance(item, Nomenclature)))


@dataclass(frozen=True, slots=True)
class Period:
    """Days, `first` to `last`, that the same editions and English nomenclatures word the codes on."""

    first: date
    last: date
    editions: tuple[Edition, ...]
    nomenclatures: tuple[Nomenclature, ...]

    def holds(self, first: date, last: date) -> bool:
        """Whether something of these days is in force on a day of the period."""
        return first <= self.last and self.first <= last

    def lasts(self, first: date, last: date) -> bool:
        """Whether something of these days is in force on every day of the period."""
        return first <= self.first and self.last <= last


def periods(tariffs: Tariffs, records: Iterable[Record]) -> list[Period]:
    """All days there are. A period begins where a nomenclature or a whole edition begins or ends, and where many names do."""
    editions, nomenclatures = tariffs.editions, [item for item in tariffs.nomenclatures if item.lang == "en"]
    whole = [edition for edition in editions if edition.complete]
    many = _days_of_many(records)
    cuts = {date.min, *many}
    dated: list[Edition | Nomenclature] = [*whole, *nomenclatures]
    for item in dated:
        cuts |= {item.valid_from} | ({item.valid_to + timedelta(days=1)} if item.valid_to < date.max else set())
    firsts = sorted(cuts)
    stretches = [(first, after - timedelta(days=1)) for first, after in pairwise(firsts)] + [(firsts[-1], date.max)]
    found = []
    for (_, editions_of, nomenclatures_of), same in groupby(
        stretches, lambda days: (bisect_right(many, days[0]), _in_force(days, whole), _in_force(days, nomenclatures))
    ):
        joined = list(same)
        first, last = joined[0][0], joined[-1][1]
        chosen = [item for item in whole if item.id in editions_of]
        selections = [item for item in editions if not item.complete and item.valid_from <= last and first <= item.valid_to]
        known = tuple(item for item in nomenclatures if item.id in nomenclatures_of)
        found.append(Period(first, last, tuple([*chosen, *selections] or editions), known))
    return found


def _days_of_many(records: Iterable[Record]) -> list[date]:
    lasting = [record for record in records if record.kind in ("term", "confusion", "note") or _words_english(record)]
    days = Counter(record.valid_from for record in lasting)
    days.update(record.valid_to + timedelta(days=1) for record in lasting if record.valid_to and record.valid_to < date.max)
    return sorted(day for day, count in days.items() if count * _MANY >= len(lasting))


def _in_force(days: tuple[date, date], dated: Sequence[Edition | Nomenclature]) -> tuple[str, ...]:
    """The ids of those of the days, else of the nearest one (the score's rule, "Editions": six digits change with the HS only)."""
    first, last = days
    found = tuple(item.id for item in dated if item.valid_from <= first and last <= item.valid_to)
    if found or not dated:
        return found
    return (min(dated, key=lambda item: (max((item.valid_from - last).days, (first - item.valid_to).days), item.id)).id,)


def names_of(records: Iterable[Record], period: Period) -> Iterator[Name]:
    """Names of both languages, in force on any day of the period."""
    for record in records:
        if not period.holds(*days_of(record)):
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
            case "decision" if record.codes:
                origin = "ruling" if "authority" in record.facts else "decision"
                yield from _named(record, {lang: [title] for lang, title in record.title.items()}, record.codes, origin)
            case "line" if _words_english(record) and not period.lasts(*days_of(record)):
                yield from _named(record, {"en": [record.title["en"]]}, record.codes, "line")


def _named(record: Record, names: Mapping[Language, Sequence[str]], codes: tuple[str, ...], origin: Origin) -> Iterator[Name]:
    for lang in LANGUAGES:
        for text in names.get(lang, ()):
            yield Name(" ".join(text.split()), lang, codes, record.id, origin, *days_of(record))


def days_of(record: Record) -> tuple[date, date]:
    """The first and the last day on which a record is in force."""
    return record.valid_from, record.valid_to or date.max


def wordings(period: Period, records: Iterable[Record]) -> dict[Language, dict[str, Wording]]:
    """By language and six-digit code."""
    return {"zh": _chinese(period.editions), "en": _english(period, records)}


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


def _words_english(record: Record) -> bool:
    return record.kind == "line" and len(record.codes) == 1 and len(record.codes[0]) == 6 and "en" in record.text and "en" in record.title


def _english(period: Period, records: Iterable[Record]) -> dict[str, Wording]:
    found: dict[str, Wording] = {}
    for nomenclature in period.nomenclatures:
        texts = nomenclature.texts
        for code in _subheadings(nomenclature):
            found[code] = Wording(code, texts[code], texts.get(code[:4], ""), "", _line_id(nomenclature, code))
    for record in records:
        if _words_english(record) and period.lasts(*days_of(record)):
            code = record.codes[0]
            path = record.text["en"].partition(": ")[2]
            before = found.get(code)
            own = f"{before.own} {record.title['en']}" if before else record.title["en"]
            found[code] = Wording(code, own, f"{before.above if before else ''} {path}", " ".join(record.facts.get("below", ())), record.id)
    return found


def wording_records(nomenclatures: Iterable[Nomenclature]) -> Iterator[Record]:
    """The subheadings of English nomenclatures as records, so that whoever is told that one words a code can look it up."""
    for nomenclature in nomenclatures:
        for code in _subheadings(nomenclature) if nomenclature.lang == "en" else ():
            own = nomenclature.texts[code]
            yield Record(
                id=_line_id(nomenclature, code),
                kind="line",
                codes=(code,),
                title={"en": own},
                text={"en": " › ".join([text for text in (nomenclature.texts.get(code[:4]), own) if text])},
                valid_from=nomenclature.valid_from,
                valid_to=nomenclature.valid_to,
                source=nomenclature.source,
                source_ref=code,
                sha256=nomenclature.sha256,
            )


def _subheadings(nomenclature: Nomenclature) -> list[str]:
    return sorted(code for code in nomenclature.texts if len(code) == _SUBHEADING)


def _line_id(nomenclature: Nomenclature, code: str) -> str:
    return f"line-{nomenclature.id}-{code}"


def element_labels(editions: Sequence[Edition]) -> dict[str, list[str]]:
    """By six-digit code, the labels of declaration elements that its lines ask for, without what stands in brackets, each once."""
    found: dict[str, set[str]] = defaultdict(set)
    for edition in editions:
        for code, line in edition.lines.items():
            found[code[:6]].update(plain_label(element.label) for element in line.elements)
    return {code: sorted(labels) for code, labels in found.items()}


def plain_label(label: str) -> str:
    """A label without its explanation: `用途（适用于××品牌××机）` is 用途."""
    return label.partition("(")[0].partition("（")[0].strip()
