"""The search index of this installation, in its folder under the state directory, with its vectors in that folder or on a Chroma server."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from ecid.adapters.candidate_index import INDEX
from ecid.adapters.chroma import ChromaFolder, ChromaServer
from ecid.errors import SourceUnavailable
from ecid.knowledge.retrieval.index_files import VECTORS, IndexFiles
from ecid.services.search_clauses import Clauses
from ecid.settings import Settings

_log = logging.getLogger(__name__)


def open_clauses(settings: Settings, now: Callable[[], datetime]) -> Clauses:
    """Clause search, by words alone where the vectors cannot be had. Raises UnreadableFile where there is no index, or a damaged one."""
    folder = settings.home / INDEX
    index, vectors = IndexFiles(folder), None
    try:
        vectors = vector_store(settings, folder / VECTORS).open(index.manifest.collections, index.manifest.passages)
    except SourceUnavailable as error:
        _log.warning("the vectors of clause search cannot be had, words alone rank: %r", error.__cause__)
    return Clauses(index, vectors, now)


def vector_store(settings: Settings, folder: Path) -> ChromaFolder | ChromaServer:
    """Where this installation keeps vectors: in a folder, or on the server that the settings name."""
    return ChromaServer(settings.chroma_url) if settings.chroma_url else ChromaFolder(folder)
