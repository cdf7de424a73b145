"""What a tariff says on a day: eight-digit lines with their declaration elements, and the six-digit international nomenclature.

An *edition* holds the eight-digit lines (税目) in force from `valid_from` to `valid_to`, both inclusive, Beijing civil dates. A *nomenclature* is one
version of the Harmonized System at six digits. Neither is ever changed after import; a correction is a new import with a new hash.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

Purpose = Literal["classification", "price", "other"]
"""What the catalogue asks an element for: 归类要素, 价格要素, 其他要素."""
MarkKind = Literal["dual_use_export", "export_prohibited", "export_licence", "export_inspection", "export_refund"]
"""What a list of codes is about."""


@dataclass(frozen=True, slots=True)
class Element:
    """One declaration element (申报要素) of a line, as the catalogue prints it.

    `number` is the printed ordinal (1-based; 品名 is not among them), `label` the printed text without the ordinal, e.g. `用途（适用于××品牌××机）`.
    """

    number: int
    label: str
    purpose: Purpose


@dataclass(frozen=True, slots=True)
class TariffLine:
    """One eight-digit line (税目). `path` are the texts above it, from heading down; `elements` in printed order.

    `elements_known` is False where the source prints none, which is not the same as "none asked for". `units` are the customs unit codes
    (法定第一、第二单位), empty where the source has none. `source_ref` says where in the source (page, row).
    """

    code: str
    name: str
    path: tuple[str, ...] = ()
    name_en: str = ""
    elements: tuple[Element, ...] = ()
    elements_known: bool = True
    units: tuple[str, ...] = ()
    source_ref: str = ""


@dataclass(frozen=True, slots=True)
class Edition:
    """The eight-digit tariff of a period. `complete` is False for a selection (the starter pack): there, absence proves nothing.

    `supplement` says that it comes from a table whose elements have no purposes: beside a complete edition of its days it counts as a selection.
    """

    id: str
    title: str
    valid_from: date
    valid_to: date
    complete: bool
    source: str
    sha256: str
    lines: Mapping[str, TariffLine] = field(repr=False)
    supplement: bool = False


@dataclass(frozen=True, slots=True)
class Nomenclature:
    """One version of the Harmonized System: six-digit code to its text (`lang`), in force from `valid_from` to `valid_to` in China."""

    id: str
    title: str
    valid_from: date
    valid_to: date
    lang: Literal["zh", "en"]
    source: str
    sha256: str
    texts: Mapping[str, str] = field(repr=False)
    """Codes of 2, 4 and 6 digits to their texts."""


@dataclass(frozen=True, slots=True)
class Conversion:
    """Six-digit codes of one nomenclature to those of another (one-to-one table; `older` and `newer` are nomenclature ids)."""

    newer: str
    older: str
    source: str
    sha256: str
    newer_to_older: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Note:
    """A section or chapter note (类注、章注) as imported: `number` is the section or chapter number."""

    kind: Literal["section", "chapter"]
    number: int
    title: str
    text: str
    source_ref: str = ""


@dataclass(frozen=True, slots=True)
class NoteSet:
    """The section and chapter notes that one source holds, in force from `valid_from` to `valid_to`."""

    id: str
    title: str
    valid_from: date
    valid_to: date
    lang: Literal["zh", "en"]
    source: str
    sha256: str
    notes: tuple[Note, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Marks:
    """Codes of eight or ten digits that a list names on its days, which calls for a closer look and decides nothing: a screen, not a judgement.

    `dual_use_export`: the reference codes of items under dual-use export licence (两用物项出口许可证管理目录), or supervision condition 3; the others come from
    tables of tariff lines. A list of `export_refund` holds the rates that it knows and proves nothing of other codes.
    """

    id: str
    title: str
    valid_from: date
    valid_to: date
    mark: MarkKind
    source: str
    sha256: str
    codes: Mapping[str, str] = field(repr=False)
    """Code to what the list says of it, which may be nothing; of refunds the rate in per cent."""
