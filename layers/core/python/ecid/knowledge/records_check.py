"""Checking the pack's records: codes, references, languages, dates, names claimed twice, spelling, and that no official sentence was copied. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from ecid.errors import Language
from ecid.knowledge.lapsing import with_levels_above
from ecid.knowledge.pack_check import PackFinding
from ecid.knowledge.records import Record
from ecid.tariff.model import Edition, Nomenclature, NoteSet

LONGEST_TITLE: Mapping[Language, int] = {"zh": 40, "en": 90}
LONGEST_RUN: Mapping[Language, int] = {"zh": 20, "en": 10}
"""Characters in zh, words in en, that a record may share with an official note: the terms of the trade, but no sentence."""
_LINE = 8
_CODE_FACTS = ("sides", "settles", "excludes", "includes", "scope")
_CODE = re.compile(r"\d{2}|\d{4}|\d{6}|\d{8}")
_CHINESE = "\u4e00-\u9fff"
_HALF_WIDTH = re.compile(rf"[{_CHINESE}][,;:?!()]|[,;:?!()][{_CHINESE}]")
_USUAL = frozenset("，；：？！（）。、“”《》【】～＜＞…²³⁻µ℃")
"""Signs that normalisation would replace and that are right in Chinese print: its punctuation, and units."""
_NUMBERS = re.compile(r"[0-9][0-9.,、]*(?<![.,、])")
_CHINESE_SIGN = re.compile(rf"[，；：？！（）。、]|[{_CHINESE}]{{3}}")
"""In English: a word or two may stand that is to be written in Chinese, such as 无."""
_QUOTED = re.compile('[“"][^“”"]*[”"]')
_NO_WORD = re.compile(r"[\W_]+")

_Fault = tuple[str, str, str]
"""Slug, zh, en."""


def check_records(
    records: Sequence[Record], nomenclatures: Iterable[Nomenclature] = (), editions: Iterable[Edition] = (), notes: Iterable[NoteSet] = ()
) -> list[PackFinding]:
    """All findings in the order of the records; the finding's code is the record's id. Codes are checked where a nomenclature or complete edition is given,
    copying where official notes are."""
    tariff = _Tariff(nomenclatures, editions)
    copied = _Copied(notes)
    begins = {record.id: record.valid_from for record in records}
    clashes = _clashes(records)
    findings: list[PackFinding] = []
    for record in records:
        faults = (
            *_own_faults(record),
            *_reference_faults(record, begins),
            *tariff.faults(record),
            *clashes.get(record.id, ()),
            *(fault for lang, text in _all_texts(record) for fault in _spelling_faults(lang, text)),
            *copied.faults(record),
        )
        findings += [PackFinding(record.source_ref.partition(":")[0], record.id, *fault) for fault in dict.fromkeys(faults)]
    return findings


def _own_faults(record: Record) -> Iterator[_Fault]:
    for lang, name in (("zh", "中文"), ("en", "英文")):
        if not record.title.get(lang) or not record.text.get(lang):  # type: ignore[call-overload]
            yield "no_text", f"缺少{name}标题或正文", f"the title or text in {lang} is missing"
    for lang, limit in LONGEST_TITLE.items():
        if len(record.title.get(lang, "")) > limit:
            yield "long_title", f"标题超过 {limit} 字（{lang}）", f"the {lang} title has more than {limit} characters"
    if not record.source:
        yield "no_source", "缺少来源", "it names no source"
    if record.valid_to is not None and record.valid_to < record.valid_from:
        yield "dates_reversed", "失效日期早于生效日期", "it ends before it begins"
    if record.valid_to is not None and bool(record.superseded_by) == bool(record.facts.get("no_successor")):
        zh, en = "已写失效日期，须写明由哪一条接替，或写明没有（no_successor）", "it ends, and must name the record that succeeds it or say that there is none"
        yield "no_successor", zh, en
    if record.valid_to is None and (record.superseded_by or "no_successor" in record.facts):
        yield "still_in_force", "未写失效日期，却写了接替情况", "it says what succeeds it, and not when it ends"


def _reference_faults(record: Record, begins: Mapping[str, date]) -> Iterator[_Fault]:
    for reference in (*record.facts.get("basis", ()), *([record.superseded_by] if record.superseded_by else [])):
        if reference not in begins:
            yield "unknown_reference", f"没有记录 {reference}", f"there is no record {reference}"
    successor = begins.get(record.superseded_by or "")
    if successor and record.valid_to and successor <= record.valid_from:
        yield "successor_older", f"接替的 {record.superseded_by} 并不晚于本条", f"{record.superseded_by}, which succeeds it, is not later"


class _Tariff:
    """The codes that exist: up to six digits by the nomenclatures, or without any by the editions; eight digits by the editions."""

    def __init__(self, nomenclatures: Iterable[Nomenclature], editions: Iterable[Edition]) -> None:
        self._lines = frozenset(code for item in editions if item.complete for code in item.lines)
        self._above = with_levels_above(code for item in nomenclatures for code in item.texts) or with_levels_above(self._lines)

    def faults(self, record: Record) -> Iterator[_Fault]:
        for code in dict.fromkeys(_codes(record)):
            known = self._lines if len(code) == _LINE else self._above
            if not _CODE.fullmatch(code):
                yield "no_code", f"“{code}”不是编码", f"{code!r} is no code"
            elif known and code not in known:
                yield "unknown_code", f"编码 {code} 不存在", f"the code {code} does not exist"


def _codes(record: Record) -> Iterator[str]:
    yield from record.codes
    for key in _CODE_FACTS:
        for entry in record.facts.get(key, ()):
            if isinstance(entry, str):
                yield entry
            else:
                yield from entry.get("codes", ())
                to = entry.get("to", ())
                yield from [to] if isinstance(to, str) else to


def _clashes(records: Sequence[Record]) -> Mapping[str, list[_Fault]]:
    """Faults by record id: goods names under codes that exclude each other, with no ambiguous term and no confusion that tells them apart."""
    claims: dict[tuple[str, str], list[Record]] = defaultdict(list)
    open_names: set[tuple[str, str]] = set()
    for record in records:
        ambiguous = "deciding_fact" in record.facts
        for key in _claimed(record):
            if ambiguous:
                open_names.add(key)
            elif record.codes:
                claims[key].append(record)
    confusions = [record for record in records if record.kind == "confusion"]
    faults: dict[str, list[_Fault]] = defaultdict(list)
    for (lang, name), claimants in claims.items():
        if (lang, name) in open_names:
            continue
        first = claimants[0]
        for other in claimants[1:]:
            if not any(other.concerns(code) for code in first.codes) and not _told_apart(first, other, confusions):
                zh = f"“{name}”另见 {first.id}（{'、'.join(first.codes)}），无歧义词条或易混淆记录"
                faults[other.id].append(("name_twice", zh, f"{name!r} stands under {', '.join(first.codes)} too ({first.id}), and no record tells them apart"))
    return faults


def _claimed(record: Record) -> Iterator[tuple[str, str]]:
    """The names, by language, that a term or a side of a confusion claims."""
    groups = [record.facts.get("names", {})] if record.kind == "term" else record.facts.get("sides", ()) if record.kind == "confusion" else ()
    for group in groups:
        for lang in ("zh", "en"):
            yield from ((lang, " ".join(unicodedata.normalize("NFKC", name).casefold().split())) for name in group.get(lang, ()))


def _told_apart(one: Record, other: Record, confusions: Iterable[Record]) -> bool:
    return any(all(any(record.concerns(code) for code in side.codes) for side in (one, other)) for record in confusions)


def _spelling_faults(lang: Language, text: str) -> Iterator[_Fault]:
    odd = sorted({sign for sign in text if unicodedata.normalize("NFKC", sign) != sign and sign not in _USUAL})
    if odd:
        yield "width", f"字符未规范化：{' '.join(odd)}", f"characters that are not in normal form: {' '.join(odd)}"
    if lang == "zh" and (match := _HALF_WIDTH.search(text)):
        yield "half_width", f"中文标点应为全角：{match[0]}", f"punctuation beside Chinese must be full-width: {match[0]}"
    if lang == "en" and (match := _CHINESE_SIGN.search(_QUOTED.sub("", text))):
        yield "not_english", f"英文中含中文字符：{match[0]}", f"Chinese signs in the English: {match[0]}"


def _all_texts(record: Record) -> Iterator[tuple[Language, str]]:
    for texts in (record.title, record.text):
        yield from texts.items()
    yield from _fact_texts(record.facts)


def _fact_texts(value: Any) -> Iterator[tuple[Language, str]]:
    """The texts below `zh` and `en` anywhere in the facts."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key in LONGEST_TITLE and isinstance(inner, str):
                yield key, inner
            elif key in LONGEST_TITLE and isinstance(inner, list | tuple):
                yield from ((key, text) for text in inner if isinstance(text, str))
            else:
                yield from _fact_texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _fact_texts(inner)


class _Copied:
    """The runs of official notes that are one longer than is allowed."""

    def __init__(self, notes: Iterable[NoteSet]) -> None:
        self._runs: dict[Language, set[str]] = {"zh": set(), "en": set()}
        for note_set in notes:
            for note in note_set.notes:
                self._runs[note_set.lang].update(_runs(note_set.lang, note.text))

    def faults(self, record: Record) -> Iterator[_Fault]:
        for lang, text in record.text.items():
            run = next((run for run in _runs(lang, text) if run in self._runs[lang]), None)
            if run:
                yield "copied", f"与官方注释相同：“{run}”", f"the same as in an official note: {run!r}"


def _runs(lang: Language, text: str) -> Iterator[str]:
    """The runs of a text that are one longer than is allowed. Numbers and lists of codes are facts and count as one; punctuation does not count."""
    length = LONGEST_RUN[lang] + 1
    plain = _NUMBERS.sub(" 0 ", unicodedata.normalize("NFKC", text).casefold())
    signs = _NO_WORD.sub("", plain) if lang == "zh" else _NO_WORD.sub(" ", plain).split()
    joint = "" if lang == "zh" else " "
    yield from (joint.join(signs[start : start + length]) for start in range(len(signs) - length + 1))
