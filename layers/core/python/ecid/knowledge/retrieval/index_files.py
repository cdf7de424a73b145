"""The index at rest: a folder of files that say the same for the same records, and a manifest of what each file is. It can be thrown away and built again.

manifest.json   what the index was made from and what it consists of
records.jsonl   the records, one a line; columns.npz and records.txt are what filters look at
lexical-zh, lexical-en, glossary, space   words, and the space of the default embedder
vectors         the collections of Chroma, unless a server holds them
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any
from zipfile import BadZipFile
from zlib import crc32

import numpy as np

from ecid.errors import Language, UnreadableFile
from ecid.knowledge.record_sets import record_of, record_row
from ecid.knowledge.records import Record
from ecid.knowledge.retrieval.embedder import VERSION, Embedder
from ecid.knowledge.retrieval.glossary import Glossary
from ecid.knowledge.retrieval.lexical import LexicalIndex
from ecid.knowledge.retrieval.passages import LANGUAGES
from ecid.knowledge.retrieval.policy import synonyms
from ecid.knowledge.retrieval.table import Reaches, RecordTable
from ecid.knowledge.retrieval.words import Words

FORMAT = 3
VECTORS = "vectors"
"""The folder of the vectors within the index; its files differ from build to build, so that they are not in the manifest."""
_MANIFEST, _RECORDS, _COLUMNS, _NAMES, _GLOSSARY, _SPACE = "manifest.json", "records.jsonl", "columns.npz", "records.txt", "glossary", "space"
_PARTS = frozenset({_RECORDS, _COLUMNS, _NAMES, _GLOSSARY, _SPACE, *(f"lexical-{lang}" for lang in LANGUAGES)})
_FAULTS = (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError, BadZipFile)
_BETWEEN = "\t"
_PIECE = 1 << 18

Stored = tuple[int, int, str]
"""Size, CRC-32 and SHA-256 of a file: by the former two, which take a third of the time, damage is told at opening."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """`knowledge` names the records, `embedder` the space; `passages` counts by language; `files` say by path what each is."""

    knowledge: str
    embedder: str
    records: int
    passages: Mapping[Language, int]
    files: Mapping[str, Stored] = field(repr=False)
    format: int = FORMAT

    @property
    def collections(self) -> dict[Language, str]:
        """The name of the collection of each language."""
        return {lang: f"ecid-{lang}-{self.embedder}-{self.knowledge}" for lang in self.passages}


class IndexFiles:
    """An open index folder; records are read one by one, as they are asked for."""

    def __init__(self, folder: Path) -> None:
        """Raises UnreadableFile where the index is missing, of another format, or damaged."""
        try:
            self.manifest = read_manifest(folder)
            own = {name: mark for name, mark in self.manifest.files.items() if name.partition("/")[0] in _PARTS}
            check_files(folder, own)
            with (folder / _COLUMNS).open("rb") as file, np.load(file) as arrays:
                columns = dict(arrays)
            ids = (folder / _NAMES).read_text("utf-8").split("\n")
            reaches = Reaches(len(ids), columns["owners"], columns["lowest"], columns["lengths"])
            self.table = RecordTable(ids, columns["kinds"], (columns["valid_from"], columns["valid_to"]), reaches)
            indexes = {lang: LexicalIndex.open(folder / f"lexical-{lang}") for lang in LANGUAGES}
            self.words = Words(indexes, {lang: columns[f"owners_{lang}"] for lang in LANGUAGES}, _open_glossary(folder / _GLOSSARY))
            self.embedder = Embedder.open(folder / _SPACE)
            self._starts = columns["starts"]
            if not len(ids) == self.manifest.records == len(self._starts) - 1:
                raise ValueError("parts of different indexes")
            self._lines = np.memmap(folder / _RECORDS, dtype=np.uint8, mode="r")
        except _FAULTS as error:
            raise damaged(folder) from error

    def record(self, number: int) -> Record:
        """The record with a number."""
        start, end = int(self._starts[number]), int(self._starts[number + 1])
        return record_of(json.loads(self._lines[start:end].tobytes()))


class _Names(Mapping[str, Sequence[str]]):
    """Names to other names, taken apart when they are asked for: lists by the ten thousand would cost more than reading them."""

    def __init__(self, joined: Mapping[str, str]) -> None:
        self._joined = joined

    def __getitem__(self, name: str) -> list[str]:
        return self._joined[name].split(_BETWEEN)

    def __contains__(self, name: object) -> bool:
        return name in self._joined

    def __iter__(self) -> Iterator[str]:
        return iter(self._joined)

    def __len__(self) -> int:
        return len(self._joined)


def record_rows(records: Sequence[Record]) -> list[bytes]:
    """The records as they are stored, one line each."""
    return [json.dumps(record_row(record), ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode() + b"\n" for record in records]


def knowledge_version(rows: Sequence[bytes]) -> str:
    """Names what an index of these rows is made from: the records, the synonyms, and the way of indexing."""
    digest = hashlib.sha256(json.dumps([FORMAT, VERSION, synonyms()], ensure_ascii=False).encode())
    for row in rows:
        digest.update(row)
    return digest.hexdigest()[:12]


def write_index(folder: Path, records: Sequence[Record], rows: Sequence[bytes], words: Words, embedder: Embedder) -> Manifest:
    """Write everything but the vectors into a folder; `rows` are the records as `record_rows` gives them. The same input gives the same bytes.

    What lies in the folder before is part of the index, and in its manifest.
    """
    (folder / _RECORDS).write_bytes(b"".join(rows))
    table = RecordTable.of(records)
    columns: dict[str, Any] = {f"owners_{lang}": numbers for lang, numbers in words.owners.items()}
    columns |= {"kinds": table.kinds, "valid_from": table.valid_from, "valid_to": table.valid_to, "starts": np.cumsum([0, *map(len, rows)], dtype=np.int64)}
    columns |= {"owners": table.reaches.owners, "lowest": table.reaches.lowest, "lengths": table.reaches.lengths}
    np.savez(folder / _COLUMNS, **columns)
    (folder / _NAMES).write_text("\n".join(table.ids), "utf-8")
    _save_glossary(folder / _GLOSSARY, words.glossary)
    for lang, index in words.indexes.items():
        index.save(folder / f"lexical-{lang}")
    embedder.save(folder / _SPACE)
    files = {str(path.relative_to(folder)): stored(path) for path in sorted(folder.rglob("*")) if path.is_file()}
    manifest = Manifest(knowledge_version(rows), embedder.id, len(records), {lang: len(numbers) for lang, numbers in words.owners.items()}, files)
    (folder / _MANIFEST).write_text(json.dumps(asdict(manifest), ensure_ascii=False, separators=(",", ":")), "utf-8")
    return manifest


def read_manifest(folder: Path) -> Manifest:
    """The manifest of an index. Raises UnreadableFile for none, or one of another format."""
    try:
        told = json.loads((folder / _MANIFEST).read_text("utf-8"))
        manifest = Manifest(**told | {"files": {name: (int(size), int(crc), str(sha256)) for name, (size, crc, sha256) in told["files"].items()}})
        if manifest.format != FORMAT or set(manifest.passages) != set(LANGUAGES):
            raise ValueError("another format")
    except _FAULTS as error:
        raise damaged(folder) from error
    return manifest


def check_files(folder: Path, files: Mapping[str, Stored]) -> None:
    """Raises OSError or ValueError where a file is not as the manifest has it: of another size, or with another CRC."""
    for name, (size, crc, _) in files.items():
        path = folder / name
        if path.stat().st_size != size or _crc(path) != crc:
            raise ValueError(f"{name} is not as it was written")


def damaged_files(folder: Path) -> list[str]:
    """The files that are not as the manifest has them. Raises UnreadableFile where there is no manifest to go by."""
    return [name for name, mark in read_manifest(folder).files.items() if not (folder / name).is_file() or stored(folder / name) != mark]


def damaged(folder: Path) -> UnreadableFile:
    """The error for an index that cannot be used."""
    zh, en = "检索索引不存在或已损坏，请运行 ecid knowledge build 重建", "the search index is missing or damaged; build it again with `ecid knowledge build`"
    return UnreadableFile(name=folder.name, reason_zh=zh, reason_en=en)


def _save_glossary(folder: Path, glossary: Glossary) -> None:
    """A file for each direction: the names, a line each, then, as many, what they are called."""
    folder.mkdir()
    for part in fields(Glossary):
        names: Mapping[str, Sequence[str]] = getattr(glossary, part.name)
        lines = [*names, *(_BETWEEN.join(others) for others in names.values())]
        (folder / f"{part.name}.txt").write_text("\n".join(lines), "utf-8")


def _open_glossary(folder: Path) -> Glossary:
    parts = {}
    for part in fields(Glossary):
        lines = (folder / f"{part.name}.txt").read_text("utf-8").split("\n")
        half = len(lines) // 2
        parts[part.name] = _Names(dict(zip(lines[:half], lines[half:], strict=True)) if half else {})
    return Glossary(**parts)


def stored(path: Path) -> Stored:
    """What a manifest says of a file. Raises OSError."""
    with path.open("rb") as file:
        return path.stat().st_size, _crc(path), hashlib.file_digest(file, "sha256").hexdigest()


def _crc(path: Path) -> int:
    crc = 0
    with path.open("rb", buffering=0) as file:
        while part := file.read(_PIECE):
            crc = crc32(part, crc)
    return crc
