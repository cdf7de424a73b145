"""Imported reference data at rest: one JSON Lines file for each dataset, named by its id, the header first. The same input gives the same bytes."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence, Sized
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from ecid.errors import UnreadableFile
from ecid.knowledge.imported import Dataset, Skipped
from ecid.knowledge.pack import has_tariff, read_pack
from ecid.knowledge.record_sets import RecordSet, record_of, record_row
from ecid.tariff.exchange import ExchangeRates
from ecid.tariff.model import Conversion, Edition, Element, Marks, Nomenclature, Note, NoteSet, TariffLine
from ecid.tariff.reference import conversion_id

FORMAT = 1
TARIFF_KINDS = frozenset({"edition", "nomenclature", "conversion", "noteset"})
"""The kinds of datasets that say what a tariff holds; records and marks, which are many, are loaded only by who asks for them."""
_T = TypeVar("_T")
_SUFFIX = ".jsonl"
_WHOLE = 0.99
"""Share of the rows that are stored below which a file of another source does not take their place."""
_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_PURPOSES = {"classification": "c", "price": "p", "other": "o"}
_PURPOSE_OF = {letter: purpose for purpose, letter in _PURPOSES.items()}


@dataclass(frozen=True, slots=True)
class StoredHeader:
    """What a stored dataset says of itself. `rows` counts lines, codes or notes; `skipped` is what its import could not take over."""

    id: str
    kind: str
    title: str
    valid_from: date | None
    valid_to: date | None
    complete: bool | None
    source: str
    sha256: str
    importer: str
    rows: int
    skipped: tuple[Skipped, ...]
    supplement: bool = False


def save(folder: Path, datasets: Sequence[Dataset], importer: str, skipped: Sequence[Skipped] = ()) -> bool:
    """Store the datasets of one source: all of them, or none. False if the very same bytes are there already. Raises OSError."""
    contents = {_path(folder, dataset_id(dataset)): _encode(dataset, importer, skipped) for dataset in datasets}
    new = {path: content for path, content in contents.items() if not (path.exists() and path.read_bytes() == content)}
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = {path: path.with_suffix(f".{os.getpid()}.part") for path in new}
    try:
        for path, part in unfinished.items():
            part.write_bytes(new[path])
        for path, part in unfinished.items():
            part.replace(path)
    finally:
        for part in unfinished.values():
            part.unlink(missing_ok=True)
    return bool(new)


def would_lose(folder: Path, dataset: Dataset) -> tuple[int, int] | None:
    """The rows of what is stored under the id of a dataset, and those of the dataset, where storing it would lose some: it comes from another file and has
    clearly fewer, or is not complete where the other one is."""
    path = _path(folder, dataset_id(dataset))
    try:
        header, whole = _read_header(path) if path.exists() else (None, False)
    except UnreadableFile:
        return None
    if header is None or not whole or header.sha256 == dataset.sha256:
        return None
    rows = row_count(dataset)
    fewer = rows < header.rows * _WHOLE or (header.complete and isinstance(dataset, Edition) and not dataset.complete)
    return (header.rows, rows) if fewer else None


def row_count(dataset: Dataset) -> int:
    """How many lines, codes, pairs, notes, rates or records it has."""
    rows: Sized
    match dataset:
        case Edition():
            rows = dataset.lines
        case Nomenclature():
            rows = dataset.texts
        case Conversion():
            rows = dataset.newer_to_older
        case NoteSet():
            rows = dataset.notes
        case Marks():
            rows = dataset.codes
        case ExchangeRates():
            rows = dataset.by_month
        case RecordSet():
            rows = dataset.records
    return len(rows)


def headers(folder: Path) -> tuple[list[StoredHeader], list[StoredHeader | None]]:
    """What is stored in a folder, by id, and what is damaged there: rows are missing, or (None) not even the header can be read."""
    whole: list[StoredHeader] = []
    damaged: list[StoredHeader | None] = []
    for path in sorted(folder.glob(f"*{_SUFFIX}")):
        try:
            header, is_whole = _read_header(path)
        except UnreadableFile:
            damaged.append(None)
        else:
            (whole if is_whole else damaged).append(header)
    return whole, damaged


def load(folder: Path, kinds: Collection[str] | None = None, ids: str = "") -> list[Dataset]:
    """What is stored in a folder (of `kinds`, or everything; with ids that begin like `ids`), by id; nothing if the folder does not exist. Raises
    `UnreadableFile`."""
    found = (_guarded(path, lambda text: _decode(text, kinds)) for path in sorted(folder.glob(f"{ids}*{_SUFFIX}")))
    return [dataset for dataset in found if dataset is not None]


def load_datasets(folders: Sequence[Path], kinds: Collection[str] | None = TARIFF_KINDS) -> list[Dataset]:
    """What is in the folders, each either a pack or a folder of stored datasets (of `kinds`, or all). An edition that is a supplement is no complete one
    where another covers its days. Raises `UnreadableFile`."""
    found = [dataset for folder in folders for dataset in ([read_pack(folder)] if has_tariff(folder) else load(folder, kinds))]
    whole = [item for item in found if isinstance(item, Edition) and item.complete and not item.supplement]
    return [replace(item, complete=False) if isinstance(item, Edition) and item.supplement and covers(whole, item) else item for item in found]


def covers(editions: Iterable[Edition | StoredHeader], edition: Edition) -> bool:
    """Whether one of the editions was in force on all days of `edition`."""
    days = ((item.valid_from, item.valid_to) for item in editions)
    return any(first and last and first <= edition.valid_from and edition.valid_to <= last for first, last in days)


def dataset_id(dataset: Dataset) -> str:
    """The name a dataset is stored under."""
    name = conversion_id(dataset) if isinstance(dataset, Conversion) else dataset.id
    if not _ID.fullmatch(name):
        raise ValueError(f"not an id: {name!r}")
    return name


def _path(folder: Path, name: str) -> Path:
    return folder / f"{name}{_SUFFIX}"


def _read_header(path: Path) -> tuple[StoredHeader, bool]:
    """The header, and whether all rows follow it. Raises `UnreadableFile`."""

    def read(text: str) -> tuple[StoredHeader, bool]:
        first, *rows = text.split("\n")
        header = _header(json.loads(first))
        return header, len(rows) == header.rows + 1 and not rows[-1]

    return _guarded(path, read)


def _guarded(path: Path, read: Callable[[str], _T]) -> _T:
    try:
        return read(path.read_text("utf-8"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, ArithmeticError) as error:
        zh, en = "内容已损坏，请删除后重新导入", "it is damaged; delete it and import its source again"
        raise UnreadableFile(name=path.name, reason_zh=zh, reason_en=en) from error


def _encode(dataset: Dataset, importer: str, skipped: Iterable[Skipped]) -> bytes:
    header: dict[str, Any] = {"format": FORMAT, "kind": type(dataset).__name__.lower(), "id": dataset_id(dataset)}
    if not isinstance(dataset, Conversion | RecordSet):
        header |= {"title": dataset.title, "valid_from": dataset.valid_from.isoformat(), "valid_to": dataset.valid_to.isoformat()}
    rows: list[Any]
    match dataset:
        case Edition():
            header |= {"complete": dataset.complete} | ({"supplement": True} if dataset.supplement else {})
            rows = [_line_row(dataset.lines[code]) for code in sorted(dataset.lines)]
        case Nomenclature():
            header["lang"] = dataset.lang
            rows = sorted(dataset.texts.items())
        case Conversion():
            header |= {"title": f"{dataset.newer} → {dataset.older}", "newer": dataset.newer, "older": dataset.older}
            rows = sorted(dataset.newer_to_older.items())
        case NoteSet():
            header["lang"] = dataset.lang
            rows = [{"kind": n.kind, "number": n.number, "title": n.title, "text": n.text, "source_ref": n.source_ref} for n in dataset.notes]
        case Marks():
            header["mark"] = dataset.mark
            rows = sorted(dataset.codes.items())
        case ExchangeRates():
            rows = [[currency, month, f"{rate:f}"] for (currency, month), rate in sorted(dataset.by_month.items())]
        case RecordSet():
            header["title"] = dataset.title
            rows = [record_row(record) for record in dataset.records]
    header |= {"source": dataset.source, "sha256": dataset.sha256, "importer": importer, "rows": len(rows)}
    header["skipped"] = [[item.place, item.zh, item.en] for item in skipped]
    return "".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in (header, *rows)).encode()


def _line_row(line: TariffLine) -> dict[str, Any]:
    row: dict[str, Any] = {"code": line.code, "name": line.name, "path": line.path}
    row["elements"] = [[element.number, element.label, _PURPOSES[element.purpose]] for element in line.elements] if line.elements_known else None
    optional = {"name_en": line.name_en, "units": line.units, "source_ref": line.source_ref}
    return row | {key: value for key, value in optional.items() if value}


def _decode(text: str, kinds: Collection[str] | None = None) -> Dataset | None:
    """The dataset, or None if it is not of `kinds`."""
    if kinds is not None and json.loads(text.partition("\n")[0])["kind"] not in kinds:
        return None
    first, *rows = json.loads("[" + ",".join(text.removesuffix("\n").split("\n")) + "]")
    header = _header(first)
    if header.rows != len(rows):
        raise ValueError("rows are missing")
    own = (header.source, header.sha256)
    if header.kind == "conversion":
        return Conversion(first["newer"], first["older"], *own, dict(rows))
    if header.kind == "recordset":
        return RecordSet(header.id, header.title, *own, tuple(map(record_of, rows)))
    return _dated(first, rows, (header.id, header.title, date.fromisoformat(first["valid_from"]), date.fromisoformat(first["valid_to"])), own)


def _dated(first: Mapping[str, Any], rows: list[Any], head: tuple[str, str, date, date], own: tuple[str, str]) -> Dataset:
    match first["kind"]:
        case "edition":
            return Edition(*head, first["complete"], *own, {line.code: line for line in _lines(rows)}, first.get("supplement", False))
        case "nomenclature":
            return Nomenclature(*head, first["lang"], *own, dict(rows))
        case "noteset":
            return NoteSet(*head, first["lang"], *own, tuple(Note(**row) for row in rows))
        case "marks":
            return Marks(*head, first["mark"], *own, dict(rows))
        case "exchangerates":
            return ExchangeRates(*head, *own, {(currency, month): Decimal(rate) for currency, month, rate in rows})
    raise ValueError("an unknown kind")


def _header(first: Mapping[str, Any]) -> StoredHeader:
    if first["format"] != FORMAT:
        raise ValueError("another format")
    return StoredHeader(
        id=first["id"],
        kind=first["kind"],
        title=first["title"],
        valid_from=date.fromisoformat(first["valid_from"]) if "valid_from" in first else None,
        valid_to=date.fromisoformat(first["valid_to"]) if "valid_to" in first else None,
        complete=first.get("complete"),
        source=first["source"],
        sha256=first["sha256"],
        importer=first["importer"],
        rows=first["rows"],
        skipped=tuple(Skipped(*item) for item in first["skipped"]),
        supplement=first.get("supplement", False),
    )


def _lines(rows: Iterable[Mapping[str, Any]]) -> Iterator[TariffLine]:
    # Most lines inherit their elements, so one tuple serves many lines; building each anew would double the time of loading.
    known: dict[str, tuple[Element, ...]] = {"null": (), "[]": ()}
    for row in rows:
        elements = row["elements"]
        key = str(elements)
        if elements and key not in known:
            known[key] = tuple(Element(number, label, _PURPOSE_OF[letter]) for number, label, letter in elements)  # type: ignore[arg-type]
        yield TariffLine(
            code=row["code"],
            name=row["name"],
            path=tuple(row["path"]),
            name_en=row.get("name_en", ""),
            elements=known[key] if elements else (),
            elements_known=elements is not None,
            units=tuple(row.get("units", ())),
            source_ref=row.get("source_ref", ""),
        )
