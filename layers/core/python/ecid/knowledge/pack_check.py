"""Checking the pack's tariff lines, alone and against the official edition and nomenclature where they are loaded. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ecid.knowledge.catalogue.elements import PURPOSES
from ecid.knowledge.pack import PackLine
from ecid.tariff.model import Edition, Element, Nomenclature, TariffLine

_BRACKET = re.compile(r"[(\[].*")


@dataclass(frozen=True, slots=True)
class PackFinding:
    """Something to repair in the pack: file, code, a stable slug and the sentence."""

    file: str
    code: str
    slug: str
    zh: str
    en: str


def check_pack(lines: Sequence[PackLine], editions: Iterable[Edition] = (), nomenclatures: Iterable[Nomenclature] = ()) -> list[PackFinding]:
    """All findings in file order. `editions` are those of the pack's days, complete; `nomenclatures` those in force then."""
    official, versions = list(editions), list(nomenclatures)
    seen: set[str] = set()
    findings: list[PackFinding] = []
    for entry in lines:
        line = entry.line
        for slug, zh, en in (
            *_own_faults(entry, repeated=line.code in seen),
            *(fault for edition in official for fault in _edition_faults(line, edition)),
            *(fault for version in versions for fault in _nomenclature_faults(line, version)),
        ):
            findings.append(PackFinding(entry.file, line.code, slug, zh, en))
        seen.add(line.code)
    return findings


_Fault = tuple[str, str, str]


def _own_faults(entry: PackLine, *, repeated: bool) -> Iterator[_Fault]:
    line = entry.line
    if repeated:
        yield "duplicate_code", "编码重复", "the code stands twice"
    if line.code[:2] != entry.chapter or not entry.file.startswith(entry.chapter):
        yield "wrong_chapter", f"不属于第 {entry.chapter} 章的文件", f"does not belong into the file of chapter {entry.chapter}"
    if not line.name or not line.name_en:
        yield "no_name", "缺少中文或英文名称", "a name in zh or en is missing"
    if not line.path or not all(line.path):
        yield "no_path", "缺少上级条文", "the texts above the line are missing"
    if not line.elements_known or not all(element.label for element in line.elements):
        yield "no_elements", "缺少申报要素", "elements are missing"


def _edition_faults(line: TariffLine, edition: Edition) -> Iterator[_Fault]:
    printed = edition.lines.get(line.code)
    if printed is None:
        yield "unknown_code", f"{edition.id} 中没有此税目", f"{edition.id} has no such line"
        return
    if not printed.elements_known:
        return
    for purpose in PURPOSES:
        ours, theirs = _of(line, purpose), _of(printed, purpose)
        if len(ours) != len(theirs):
            zh = f"{purpose} 要素 {len(ours)} 项，{edition.id} 为 {len(theirs)} 项"
            yield "element_count", zh, f"{len(ours)} {purpose} elements, {edition.id} has {len(theirs)}"
            return
    if [element.purpose for element in line.elements] != [element.purpose for element in printed.elements]:
        yield "element_order", f"要素顺序与 {edition.id} 不同", f"the elements stand in another order than in {edition.id}"
        return
    for ours_one, theirs_one in zip(line.elements, printed.elements, strict=True):
        if not set(_core(ours_one.label)) & set(_core(theirs_one.label)):
            pair = f"“{ours_one.label}” / “{theirs_one.label}”"
            yield "element_label", f"第 {ours_one.number} 项要素与 {edition.id} 矛盾：{pair}", f"element {ours_one.number} contradicts {edition.id}: {pair}"


def _nomenclature_faults(line: TariffLine, nomenclature: Nomenclature) -> Iterator[_Fault]:
    if line.code[:6] not in nomenclature.texts:
        yield "unknown_subheading", f"{nomenclature.id} 中没有子目 {line.code[:6]}", f"{nomenclature.id} has no subheading {line.code[:6]}"


def _of(line: TariffLine, purpose: str) -> list[Element]:
    return [element for element in line.elements if element.purpose == purpose]


def _core(label: str) -> str:
    """The term without its bracket, width folded: what a shortened label still has in common with the printed one."""
    folded = unicodedata.normalize("NFKC", label)
    return _BRACKET.sub("", folded) or folded
