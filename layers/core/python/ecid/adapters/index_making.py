"""Making the search index of this installation. Apart from opening it, which the deployed function does without what reads official files."""

from __future__ import annotations

import fcntl
from contextlib import suppress

from ecid.adapters.candidate_index import INDEX
from ecid.adapters.clause_index import vector_store
from ecid.adapters.index_sources import note_sources, sources_digest
from ecid.errors import SourceUnavailable, UnreadableFile
from ecid.knowledge.retrieval.index_files import VECTORS, Manifest, read_manifest
from ecid.services.build_index import build_index, is_current, searchable
from ecid.services.import_knowledge import loaded
from ecid.settings import Settings

_LOCK = f"{INDEX}.lock"


def make_index(settings: Settings) -> Manifest:
    """Make the index from everything that is loaded, unless there is one of the very same. One at a time: who comes second waits, and finds it made.

    Raises UnreadableFile, SourceUnavailable, or OSError (the disk is full); the index that was there before stays then.
    """
    settings.home.mkdir(parents=True, exist_ok=True)
    with (settings.home / _LOCK).open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        sources = sources_digest(settings)
        manifest = _made(settings)
        note_sources(settings, sources)
        return manifest


def _made(settings: Settings) -> Manifest:
    folder = settings.home / INDEX
    datasets = loaded(settings.home, settings.pack_dir)
    records = searchable(settings.pack_dir, datasets)
    if not records:
        zh, en = "没有可检索的资料：此处没有知识包，也未导入资料", "there is nothing to search: it holds no pack, and nothing was imported"
        raise UnreadableFile(name=settings.pack_dir, reason_zh=zh, reason_en=en)
    if is_current(folder, records, datasets):
        manifest = read_manifest(folder)
        with suppress(SourceUnavailable):
            vector_store(settings, folder / VECTORS).open(manifest.collections, manifest.passages).close()
            return manifest
    return build_index(folder, records, lambda beside: vector_store(settings, beside), datasets)
