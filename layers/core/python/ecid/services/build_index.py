"""Building the search index from everything that is loaded: the pack, what was imported, tariff lines."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from ecid.errors import Language
from ecid.knowledge.imported import Dataset
from ecid.knowledge.records import Record
from ecid.knowledge.retrieval.embedder import Embedder, Vectors
from ecid.knowledge.retrieval.glossary import Glossary
from ecid.knowledge.retrieval.glosses import glossed
from ecid.knowledge.retrieval.index_files import VECTORS, Manifest, damaged_files, knowledge_version, read_manifest, record_rows, write_index
from ecid.knowledge.retrieval.lexical import LexicalIndex
from ecid.knowledge.retrieval.lines import line_records
from ecid.knowledge.retrieval.passages import LANGUAGES, passages
from ecid.knowledge.retrieval.policy import synonyms
from ecid.knowledge.retrieval.search import VectorSearch
from ecid.knowledge.retrieval.words import Words
from ecid.services import import_knowledge
from ecid.tariff.model import Edition, Nomenclature

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
    records = list(glossed(import_knowledge.corpus(pack, datasets).records))
    editions = [item for item in datasets if isinstance(item, Edition)]
    nomenclatures = [item for item in datasets if isinstance(item, Nomenclature)]
    return [*records, *line_records(editions, nomenclatures, records)]


def is_current(folder: Path, records: Sequence[Record]) -> bool:
    """Whether the index in `folder` is whole and was made from these records. Its vectors are not looked at."""
    try:
        return read_manifest(folder).knowledge == knowledge_version(record_rows(records)) and not damaged_files(folder)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def build_index(folder: Path, records: Sequence[Record], store_in: Callable[[Path], VectorStore]) -> Manifest:
    """Build the index into `folder`, beside the old one, which it replaces when it is whole. The same records give the same manifest.

    `store_in` gives the store of the vectors: in that folder, or wherever else they are kept. Raises SourceUnavailable.
    """
    rows = record_rows(records)
    texts = {lang: [(number, text) for number, record in enumerate(records) for text in passages(record, lang)] for lang in LANGUAGES}
    indexes = {lang: LexicalIndex.of(text for _, text in found) for lang, found in texts.items()}
    owners = {lang: np.array([number for number, _ in found], dtype=np.int32) for lang, found in texts.items()}
    words = Words(indexes, owners, Glossary.of(records, synonyms()))
    both = ["\n".join(text for lang in LANGUAGES for text in passages(record, lang)) for record in records if len(record.title) == len(LANGUAGES)]
    embedder = Embedder.fitted(both, DIMENSIONS)
    unfinished = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    manifest = write_index(unfinished, records, rows, words, embedder)
    store_in(unfinished / VECTORS).write(manifest.collections, {lang: embedder.embed(text for _, text in found) for lang, found in texts.items()})
    shutil.rmtree(folder, ignore_errors=True)
    unfinished.rename(folder)
    return manifest
