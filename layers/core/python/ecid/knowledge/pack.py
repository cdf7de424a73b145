"""The tariff lines of the reviewed pack (`knowledge/tariff/NN.toml`): a selection, written in our own words (see `knowledge/README.md`)."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from ecid.errors import UnreadableFile
from ecid.knowledge.catalogue.elements import PURPOSES
from ecid.tariff.model import Edition, Element, Purpose, TariffLine

EDITION = "pack-2025"
VALID_FROM, VALID_TO = date(2025, 1, 1), date(2025, 12, 31)
_FOLDER = "tariff"
_KEYS = frozenset({"code", "name", "path", "units", "order", *PURPOSES})


@dataclass(frozen=True, slots=True)
class PackLine:
    """A line and the file (without folder) it stands in; `chapter` is what that file says of itself."""

    file: str
    chapter: str
    line: TariffLine


def has_tariff(pack: Path) -> bool:
    """Whether the folder holds tariff lines of a pack."""
    return any((pack / _FOLDER).glob("*.toml"))


def read_pack_lines(pack: Path) -> list[PackLine]:
    """All lines in file order, duplicates included. Raises `UnreadableFile` naming the file for what is no line at all."""
    return [PackLine(path.name, chapter, line) for path in _files(pack) for chapter, line in _read(path)]


def read_pack(pack: Path) -> Edition:
    """The pack as an edition that is not complete. Raises `UnreadableFile`, also where a code stands twice."""
    lines: dict[str, TariffLine] = {}
    for entry in read_pack_lines(pack):
        if entry.line.code in lines:
            code = entry.line.code
            raise UnreadableFile(name=entry.file, reason_zh=f"编码 {code} 重复", reason_en=f"the code {code} stands twice")
        lines[entry.line.code] = entry.line
    digest = hashlib.sha256()
    for path in _files(pack):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    title, source = "知识包：2025年税目选编", "reviewed text of this project (knowledge/tariff)"
    return Edition(EDITION, title, VALID_FROM, VALID_TO, complete=False, source=source, sha256=digest.hexdigest(), lines=lines)


def _files(pack: Path) -> list[Path]:
    return sorted((pack / _FOLDER).glob("*.toml"))


def _read(path: Path) -> list[tuple[str, TariffLine]]:
    try:
        data = tomllib.loads(path.read_text("utf-8"))
        return [(str(data["chapter"]), _line(entry, f"{path.name}: {entry.get('code')}")) for entry in data.get("line", [])]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UnreadableFile(name=path.name, reason_zh=f"不是合格的税目文件：{error}", reason_en=f"it is no proper file of lines: {error}") from error


def _line(entry: Mapping[str, Any], ref: str) -> TariffLine:
    unknown = entry.keys() - _KEYS
    if unknown:
        raise ValueError(f"{ref}: unknown key {min(unknown)}")
    code = entry["code"]
    if not (isinstance(code, str) and len(code) == 8 and code.isascii() and code.isdigit()):
        raise ValueError(f"{ref}: the code needs eight digits")
    return TariffLine(
        code=code,
        name=_text(entry["name"]["zh"]),
        path=_texts(entry.get("path", [])),
        name_en=_text(entry["name"]["en"]),
        elements=_elements(entry, ref),
        elements_known=any(purpose in entry for purpose in PURPOSES),
        units=_texts(entry.get("units", [])),
        source_ref=ref,
    )


def _elements(entry: Mapping[str, Any], ref: str) -> tuple[Element, ...]:
    printed: list[tuple[str, Purpose]] = [(label, purpose) for purpose in PURPOSES for label in _texts(entry.get(purpose, []))]
    order = _texts(entry.get("order", []))
    if order:
        purposes = dict(printed)
        if len(purposes) != len(printed) or sorted(order) != sorted(purposes):
            raise ValueError(f"{ref}: order must name each element once")
        printed = [(label, purposes[label]) for label in order]
    return tuple(Element(number, label, purpose) for number, (label, purpose) in enumerate(printed, start=1))


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value.strip()


def _texts(values: Sequence[object]) -> tuple[str, ...]:
    if not isinstance(values, list):
        raise TypeError(f"{values!r} is no list")
    return tuple(_text(value) for value in values)
