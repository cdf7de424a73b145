"""Tariff lines as records, so that they are searched and cited like everything else (`line-<edition>-<code>`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date

from ecid.errors import Language
from ecid.knowledge.records import Record
from ecid.tariff.model import Edition, Nomenclature, TariffLine

_RESIDUAL = frozenset({"其他", "其它", "Other", "other"})


def line_records(editions: Sequence[Edition], nomenclatures: Sequence[Nomenclature], records: Iterable[Record] = ()) -> Iterator[Record]:
    """A record a line. Where a complete edition and a selection (the pack) of the same days have a line, the complete one's record takes the trade names of
    the other in. English wording comes from the nomenclature of the days, and from `records` that are English lines of four or six digits."""
    more = [record for record in records if record.kind == "line" and "en" in record.title]
    for edition in editions:
        wording = _wording(nomenclatures, more, edition.valid_from)
        others = [other for other in editions if other.complete != edition.complete and _overlap(edition, other)]
        for code in sorted(edition.lines):
            beside = [other.lines[code] for other in others if code in other.lines]
            if edition.complete or not beside:
                yield _record(edition, edition.lines[code], beside, wording)


def _record(edition: Edition, line: TariffLine, beside: Sequence[TariffLine], wording: Mapping[str, list[str]]) -> Record:
    names_zh = _unique([line.name, *(other.name for other in beside)])
    plain_en = _unique([line.name_en, *(other.name_en for other in beside)])
    texts_en = _unique([*plain_en, *reversed(_english(line.code[:6], wording))])
    title: dict[Language, str] = {"zh": _title(names_zh[-1] if line.name in _RESIDUAL else line.name, line.path)}
    text: dict[Language, str] = {"zh": _chinese(line, names_zh)}
    if texts_en:
        title["en"], text["en"] = texts_en[0], " › ".join(reversed(texts_en))
    return Record(
        id=f"line-{edition.id}-{line.code}",
        kind="line",
        codes=(line.code,),
        title=title,
        text=text,
        valid_from=edition.valid_from,
        valid_to=edition.valid_to,
        source=edition.source,
        source_ref=line.source_ref,
        sha256=edition.sha256,
        confidence="high" if edition.complete else "medium",
    )


def _chinese(line: TariffLine, names: Sequence[str]) -> str:
    wording = " › ".join([*line.path, "、".join(names)])
    labels = "；".join(f"{element.number}.{element.label}" for element in line.elements)
    return f"{wording}。申报要素：{labels}" if labels else wording


def _title(name: str, path: Sequence[str]) -> str:
    above = next((text for text in reversed(path) if text not in _RESIDUAL), "")
    return f"{above}：{name}" if name in _RESIDUAL and above else name


def _english(code: str, wording: Mapping[str, list[str]]) -> list[str]:
    """The heading's texts and the subheading's, as far as known."""
    return _unique([*wording.get(code[:4], ()), *wording.get(code, ())])


def _wording(nomenclatures: Iterable[Nomenclature], records: Iterable[Record], day: date) -> Mapping[str, list[str]]:
    """Code to its English texts on a day."""
    found: dict[str, list[str]] = {}
    for nomenclature in nomenclatures:
        if nomenclature.lang == "en" and nomenclature.valid_from <= day <= nomenclature.valid_to:
            for code, text in nomenclature.texts.items():
                found.setdefault(code, []).append(text)
    for record in records:
        if record.in_force(day):
            found.setdefault(record.codes[0], []).append(record.title["en"])
    return found


def _overlap(one: Edition, other: Edition) -> bool:
    return one.valid_from <= other.valid_to and other.valid_from <= one.valid_to


def _unique(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(text for text in texts if text))
