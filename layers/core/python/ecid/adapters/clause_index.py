"""The search index of this installation, in its folder under the state directory, with its vectors in that folder or on a Chroma server."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from ecid.adapters.chroma import ChromaFolder, ChromaServer
from ecid.errors import SourceUnavailable
from ecid.knowledge.retrieval.index_files import VECTORS, IndexFiles, Manifest, read_manifest
from ecid.services.build_index import VectorStore, build_index, is_current, searchable
from ecid.services.import_knowledge import loaded
from ecid.services.search_clauses import Clauses
from ecid.settings import Settings

INDEX = "index"
"""The folder under the state directory."""
_log = logging.getLogger(__name__)


def open_clauses(settings: Settings, now: Callable[[], datetime]) -> Clauses:
    """Clause search, by words alone where the vectors cannot be had. Raises UnreadableFile where there is no index, or a damaged one."""
    folder = settings.home / INDEX
    index, vectors = IndexFiles(folder), None
    try:
        vectors = _store(settings, folder / VECTORS).open(index.manifest.collections, index.manifest.passages)
    except SourceUnavailable as error:
        _log.warning("the vectors of clause search cannot be had, words alone rank: %r", error.__cause__)
    return Clauses(index, vectors, now)


def make_index(settings: Settings) -> Manifest:
    """Make the index from everything that is loaded, unless there is one of the very same. Raises UnreadableFile or SourceUnavailable."""
    folder = settings.home / INDEX
    records = searchable(settings.pack_dir, loaded(settings.home, settings.pack_dir))
    if is_current(folder, records):
        manifest = read_manifest(folder)
        with suppress(SourceUnavailable):
            _store(settings, folder / VECTORS).open(manifest.collections, manifest.passages).close()
            return manifest
    return build_index(folder, records, lambda beside: _store(settings, beside))


def _store(settings: Settings, folder: Path) -> VectorStore:
    return ChromaServer(settings.chroma_url) if settings.chroma_url else ChromaFolder(folder)
