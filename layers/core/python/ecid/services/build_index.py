"""Building the search index from everything that is loaded: the pack, what was imported, tariff lines."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import numpy as np

from ecid.errors import Language, UnreadableFile
from ecid.knowledge.candidates.index_files import FOLDER as CANDIDATES
from ecid.knowledge.candidates.index_files import is_made_from, write_candidates
from ecid.knowledge.candidates.sources import Tariffs, wording_records
from ecid.knowledge.imported import Dataset
from ecid.knowledge.records import Record
from ecid.knowledge.retrieval.embedder import Embedder, Vectors
from ecid.knowledge.retrieval.glossary import Glossary
from ecid.knowledge.retrieval.index_files import VECTORS, Manifest, damaged_files, knowledge_version, read_manifest, record_rows, write_index
from ecid.knowledge.retrieval.lexical import LexicalIndex
from ecid.knowledge.retrieval.lines import line_records
from ecid.knowledge.retrieval.passages import LANGUAGES, passages
from ecid.knowledge.retrieval.policy import synonyms
from ecid.knowledge.retrieval.search import VectorSearch
from ecid.knowledge.retrieval.wordings import worded
from ecid.knowledge.retrieval.words import Words
from ecid.services import import_knowledge

DIMENSIONS = 256


class OpenVectors(VectorSearch, Protocol):
    """Collections that were opened."""

    def close(self) -> None:
        """Let go of files and connections."""


class VectorStore(Protocol):
    """Where the vectors are kept (Chroma: a folder, or a server)."""

    def write(self, names: Mapping[Language, str], vectors: Mapping[Language, Vectors]) -> None:
        """Make the collections. Raises SourceUnavailable."""

    def open(self, names: Mapping[Language, str], counts: Mapping[Language, int]) -> OpenVectors:
        """Open the collections, which have so many passages. Raises SourceUnavailable."""


def searchable(pack: Path, datasets: Sequence[Dataset]) -> list[Record]:
    """Everything that clause search answers with. Raises UnreadableFile."""
    records = list(worded(import_knowledge.corpus(pack, datasets).records, pack))
    tariffs = Tariffs.among(datasets)
    return [*records, *line_records(tariffs.editions, tariffs.nomenclatures, records)]


def is_current(folder: Path, records: Sequence[Record], datasets: Sequence[Dataset] = ()) -> bool:
    """Whether the index in `folder` is whole and was made from these records and the tariffs among `datasets`. Its vectors are not looked at."""
    version = knowledge_version(record_rows(_with_wordings(records, datasets)))
    try:
        current = read_manifest(folder).knowledge == version and not damaged_files(folder)
    except UnreadableFile:
        return False
    return current and is_made_from(folder / CANDIDATES, version, Tariffs.among(datasets))


def build_index(folder: Path, records: Sequence[Record], store_in: Callable[[Path], VectorStore], datasets: Sequence[Dataset] = ()) -> Manifest:
    """Build the index into `folder`, beside the old one, which it replaces when it is whole. The same records give the same manifest.

    `datasets` hold the tariffs that word the codes; `store_in` gives the store of the vectors: in that folder, or wherever else they are kept. Raises
    SourceUnavailable, or OSError where the disk is full; the old index stays then.
    """
    known = _with_wordings(records, datasets)
    rows = record_rows(known)
    texts = {lang: [(number, text) for number, record in enumerate(records) for text in passages(record, lang)] for lang in LANGUAGES}
    indexes = {lang: LexicalIndex.of(text for _, text in found) for lang, found in texts.items()}
    owners = {lang: np.array([number for number, _ in found], dtype=np.int32) for lang, found in texts.items()}
    words = Words(indexes, owners, Glossary.of(records, synonyms()))
    both = ["\n".join(text for lang in LANGUAGES for text in passages(record, lang)) for record in records if len(record.title) == len(LANGUAGES)]
    embedder = Embedder.fitted(both, DIMENSIONS)
    with _replacing(folder) as unfinished:
        write_candidates(unfinished / CANDIDATES, knowledge_version(rows), records, Tariffs.among(datasets))
        manifest = write_index(unfinished, known, rows, words, embedder)
        store_in(unfinished / VECTORS).write(manifest.collections, {lang: embedder.embed(text for _, text in found) for lang, found in texts.items()})
    return manifest


def _with_wordings(records: Sequence[Record], datasets: Sequence[Dataset]) -> list[Record]:
    """The records, and after them those that only candidates cite: they can be looked up, by id and by code, and no word leads to them."""
    held = {record.id for record in records}
    return [*records, *(record for record in wording_records(Tariffs.among(datasets).nomenclatures) if record.id not in held)]


@contextmanager
def _replacing(folder: Path) -> Iterator[Path]:
    """An empty folder that takes the place of `folder` when everything is in it, and leaves it alone when something fails."""
    unfinished, before = (folder.with_name(f"{folder.name}.{word}") for word in ("part", "old"))
    for left in (unfinished, before):
        shutil.rmtree(left, ignore_errors=True)
    unfinished.mkdir(parents=True)
    try:
        yield unfinished
        if folder.exists():
            folder.rename(before)
        unfinished.rename(folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    shutil.rmtree(before, ignore_errors=True)
