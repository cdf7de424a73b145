"""A small pack, indexed once, and the folder of its index."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from ecid.adapters.chroma import ChromaFolder
from ecid.knowledge.records import Record
from ecid.knowledge.retrieval.index_files import VECTORS, IndexFiles
from ecid.services.build_index import build_index
from ecid.services.search_clauses import Clauses
from tests.knowledge.retrieval.small_corpus import corpus

NOW = datetime(2026, 5, 17, 4, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def records() -> list[Record]:
    """Some sixty records in both languages, three decisions in Chinese, two of which lapsed."""
    return corpus()


@pytest.fixture(scope="session")
def index_folder(records: list[Record], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The index of `records`, with its vectors."""
    folder = tmp_path_factory.mktemp("clauses") / "index"
    build_index(folder, records, ChromaFolder)
    return folder


@pytest.fixture(scope="session")
def clauses(index_folder: Path) -> Iterator[Clauses]:
    """Clause search over `records`, on 17 May 2026."""
    files = IndexFiles(index_folder)
    vectors = ChromaFolder(index_folder / VECTORS).open(files.manifest.collections, files.manifest.passages)
    yield Clauses(files, vectors, lambda: NOW)
    vectors.close()


def record_days(records: list[Record]) -> dict[str, tuple[date, date]]:
    """First and last day of each record."""
    return {record.id: (record.valid_from, record.valid_to or date.max) for record in records}
