"""The index at rest: a folder of files that say the same for the same records, and a manifest of their hashes. It can be thrown away and built again.

manifest.json   what the index was made from and what it consists of
records.jsonl   the records, one a line; columns.npz and records.txt are what filters look at
lexical-zh, lexical-en, glossary.json, space   words, and the space of the default embedder
vectors         the collections of Chroma, unless a server holds them
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from ecid.errors import Language, UnreadableFile
from ecid.knowledge.record_sets import record_of, record_row
from ecid.knowledge.records import Record
from ecid.knowledge.retrieval.embedder import VERSION, Embedder
from ecid.knowledge.retrieval.glossary import Glossary
from ecid.knowledge.retrieval.lexical import LexicalIndex
from ecid.knowledge.retrieval.passages import LANGUAGES
from ecid.knowledge.retrieval.policy import synonyms
from ecid.knowledge.retrieval.table import RecordTable
from ecid.knowledge.retrieval.words import Words

FORMAT = 2
VECTORS = "vectors"
"""The folder of the vectors within the index; its files differ from build to build, so that they are not in the manifest."""
_MANIFEST, _RECORDS, _COLUMNS, _NAMES, _GLOSSARY, _SPACE = "manifest.json", "records.jsonl", "columns.npz", "records.txt", "glossary.json", "space"
_FAULTS = (OSError, ValueError, KeyError, TypeError, IndexError, BadZipFile)


@dataclass(frozen=True, slots=True)
class Manifest:
    """`knowledge` names the records, `embedder` the space; `passages` counts by language; `files` are sha256 by path."""

    knowledge: str
    embedder: str
    records: int
    passages: Mapping[Language, int]
    files: Mapping[str, str] = field(repr=False)
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
            with (folder / _COLUMNS).open("rb") as file, np.load(file) as stored:
                columns = dict(stored)
            listed = [line.split(" ") for line in (folder / _NAMES).read_text("utf-8").split("\n")]
            self.table = RecordTable(
                [name for name, *_ in listed], columns["kinds"], (columns["valid_from"], columns["valid_to"]), [codes for _, *codes in listed]
            )
            glossary = Glossary(**json.loads((folder / _GLOSSARY).read_text("utf-8")))
            indexes = {lang: LexicalIndex.open(folder / f"lexical-{lang}") for lang in LANGUAGES}
            self.words = Words(indexes, {lang: columns[f"owners_{lang}"] for lang in LANGUAGES}, glossary)
            self.embedder = Embedder.open(folder / _SPACE)
            self._starts = columns["starts"]
            self._check(folder)
            self._lines = np.memmap(folder / _RECORDS, dtype=np.uint8, mode="r")
        except _FAULTS as error:
            raise _damaged(folder) from error

    def record(self, number: int) -> Record:
        """The record with a number."""
        start, end = int(self._starts[number]), int(self._starts[number + 1])
        return record_of(json.loads(self._lines[start:end].tobytes()))

    def _check(self, folder: Path) -> None:
        whole = all(index.count == len(self.words.owners[lang]) == self.manifest.passages[lang] for lang, index in self.words.indexes.items())
        if not whole or len(self.table) != self.manifest.records or (folder / _RECORDS).stat().st_size != self._starts[-1]:
            raise ValueError("parts of different indexes")


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
    """Write everything but the vectors into an empty folder; `rows` are the records as `record_rows` gives them. The same input gives the same bytes."""
    (folder / _RECORDS).write_bytes(b"".join(rows))
    table = RecordTable.of(records)
    starts = np.cumsum([0, *map(len, rows)], dtype=np.int64)
    columns: dict[str, Any] = {f"owners_{lang}": numbers for lang, numbers in words.owners.items()}
    np.savez(folder / _COLUMNS, kinds=table.kinds, valid_from=table.valid_from, valid_to=table.valid_to, starts=starts, **columns)
    (folder / _NAMES).write_text("\n".join(" ".join((name, *codes)) for name, codes in zip(table.ids, table.reaches, strict=True)), "utf-8")
    _write_json(folder / _GLOSSARY, asdict(words.glossary))
    for lang, index in words.indexes.items():
        index.save(folder / f"lexical-{lang}")
    embedder.save(folder / _SPACE)
    files = {str(path.relative_to(folder)): _sha256(path) for path in sorted(folder.rglob("*")) if path.is_file()}
    manifest = Manifest(knowledge_version(rows), embedder.id, len(records), {lang: len(numbers) for lang, numbers in words.owners.items()}, files)
    _write_json(folder / _MANIFEST, asdict(manifest))
    return manifest


def read_manifest(folder: Path) -> Manifest:
    """The manifest of an index. Raises OSError, ValueError, KeyError or TypeError for none."""
    manifest = Manifest(**json.loads((folder / _MANIFEST).read_text("utf-8")))
    if manifest.format != FORMAT:
        raise ValueError("another format")
    return manifest


def damaged_files(folder: Path) -> list[str]:
    """The files that are not as the manifest has them. Raises UnreadableFile where there is no manifest to go by."""
    try:
        files = read_manifest(folder).files
    except _FAULTS as error:
        raise _damaged(folder) from error
    return [name for name, sha256 in files.items() if not (folder / name).is_file() or _sha256(folder / name) != sha256]


def _damaged(folder: Path) -> UnreadableFile:
    zh, en = "检索索引不存在或已损坏，请运行 ecid knowledge build 重建", "the search index is missing or damaged; build it again with `ecid knowledge build`"
    return UnreadableFile(name=folder.name, reason_zh=zh, reason_en=en)


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, separators=(",", ":")), "utf-8")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
