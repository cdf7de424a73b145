"""Passages by their vectors in Chroma: in a folder that may be read-only, or on a server. The only place that knows Chroma.

A collection holds the passages of one language, by their numbers. Its name carries the embedder and the knowledge version, so that vectors of another
space, or of other knowledge, are never compared. Chroma's telemetry is off, its own embedding functions are not used, and nothing here reaches for a network
but a server that was named.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import chromadb
from chromadb.api.client import Client
from chromadb.api.collection_configuration import CreateHNSWConfiguration
from chromadb.config import Settings as ChromaSettings
from chromadb.errors import ChromaError, NotFoundError
from httpx import Client as HttpClient
from httpx import HTTPError

from ecid.errors import BadInput, Language, SourceUnavailable
from ecid.knowledge.retrieval.embedder import Vectors

_BATCH = 2000
_DATABASE = "chroma.sqlite3"
_SEAL = "sizes.json"
_PORTS = {"http": 80, "https": 443}
_FAULTS = (ChromaError, HTTPError, OSError, ValueError, RuntimeError, KeyError)
"""What Chroma raises: its own errors, and for a damaged folder or a server that is not there those of the layers below."""


class ChromaVectors:
    """Open collections, one a language. Its own calls raise SourceUnavailable and nothing else."""

    def __init__(self, client: Client, names: Mapping[Language, str], counts: Mapping[Language, int]) -> None:
        self._client = client
        self._collections = {lang: client.get_collection(name, embedding_function=None) for lang, name in names.items()}
        for lang, collection in self._collections.items():
            if collection.count() != counts[lang]:
                raise ValueError(f"{collection.name} is not whole")

    def nearest(self, lang: Language, vector: Vectors, count: int, among: Sequence[int] | None) -> list[tuple[int, float]]:
        """Up to `count` passages of a language as (number, cosine), nearest first, of those `among` if given. Raises SourceUnavailable."""
        ids = None if among is None else [str(number) for number in among]
        try:
            found = self._collections[lang].query(query_embeddings=[vector.tolist()], n_results=count, ids=ids, include=["distances"])
        except _FAULTS as error:
            raise SourceUnavailable from error
        distances = (found["distances"] or [[]])[0]
        return [(int(number), 1.0 - distance) for number, distance in zip(found["ids"][0], distances, strict=True)]

    def close(self) -> None:
        """Let go of files and connections."""
        _close(self._client)


class ChromaFolder:
    """Collections in a folder of their own, written once and opened from a copy: Chroma opens on a writable folder only."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, names: Mapping[Language, str], vectors: Mapping[Language, Vectors]) -> None:
        """Make the collections anew. Raises SourceUnavailable."""
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)
        try:
            with _closing(_embedded(self._folder)) as client:
                for lang, name in names.items():
                    _fill(client, name, vectors[lang])
        except _FAULTS as error:
            raise SourceUnavailable from error
        (self._folder / _SEAL).write_text(json.dumps(_sizes(self._folder), sort_keys=True), "utf-8")

    def open(self, names: Mapping[Language, str], counts: Mapping[Language, int]) -> ChromaVectors:
        """Open the collections; `counts` are their passages. Raises SourceUnavailable where they are missing or damaged."""
        try:
            if json.loads((self._folder / _SEAL).read_text("utf-8")) != _sizes(self._folder):
                raise SourceUnavailable
            work = Path(tempfile.mkdtemp(prefix="ecid-chroma-"))
            shutil.copyfile(self._folder / _DATABASE, work / _DATABASE)
            for segment in (path for path in self._folder.iterdir() if path.is_dir()):
                (work / segment.name).symlink_to(segment.resolve())
            vectors = _opened(_embedded(work), names, counts)
        except _FAULTS as error:
            raise SourceUnavailable from error
        weakref.finalize(vectors, shutil.rmtree, work, ignore_errors=True)
        return vectors


class ChromaServer:
    """Collections on a Chroma server."""

    def __init__(self, url: str) -> None:
        """Raises BadInput where `url` is no http(s) address."""
        address = urlsplit(url)
        if address.scheme not in _PORTS or not address.hostname:
            raise BadInput(detail=f"ECID_CHROMA_URL: {url}")
        self._address: dict[str, Any] = {
            "host": address.hostname,
            "port": address.port or _PORTS[address.scheme],
            "ssl": address.scheme == "https",
        }

    def write(self, names: Mapping[Language, str], vectors: Mapping[Language, Vectors]) -> None:
        """Make the collections that are missing or not whole; others stay, for whoever still reads them. Raises SourceUnavailable."""
        try:
            with _closing(self._client()) as client:
                for lang, name in names.items():
                    if _count(client, name) != len(vectors[lang]):
                        _drop(client, name)
                        _fill(client, name, vectors[lang])
        except _FAULTS as error:
            raise SourceUnavailable from error

    def open(self, names: Mapping[Language, str], counts: Mapping[Language, int]) -> ChromaVectors:
        """Open the collections; `counts` are their passages. Raises SourceUnavailable where the server is away or lacks them."""
        try:
            return _opened(self._client(), names, counts)
        except _FAULTS as error:
            raise SourceUnavailable from error

    def _client(self) -> Client:
        return _client(chromadb.HttpClient(**self._address, settings=_settings()))


def _opened(client: Client, names: Mapping[Language, str], counts: Mapping[Language, int]) -> ChromaVectors:
    try:
        return ChromaVectors(client, names, counts)
    except _FAULTS:
        _close(client)
        raise


@contextmanager
def _closing(client: Client) -> Iterator[Client]:
    try:
        yield client
    finally:
        _close(client)


def _close(client: Client) -> None:
    client.close()
    for part in (client, vars(client)["_admin_client"]):
        session = vars(vars(part)["_server"]).get("_session")
        if isinstance(session, HttpClient):  # Chroma leaves its connections to a server open
            session.close()


def _embedded(folder: Path) -> Client:
    return _client(chromadb.PersistentClient(str(folder), settings=_settings()))


def _client(made: object) -> Client:
    """Chroma declares a client without `close`; what it makes has it."""
    if not isinstance(made, Client):
        raise TypeError(made)
    return made


def _settings() -> ChromaSettings:
    return ChromaSettings(anonymized_telemetry=False)


def _fill(client: Client, name: str, vectors: Vectors) -> None:
    # With a threshold of all passages the graph is on disk as soon as the last one is in; what were left in the log would be replayed at every opening.
    hnsw: CreateHNSWConfiguration = {
        "space": "cosine",
        "ef_construction": 200,
        "ef_search": 200,
        "max_neighbors": 24,
        "sync_threshold": max(2, len(vectors)),
        "batch_size": 100,
    }
    collection = client.create_collection(name, embedding_function=None, configuration={"hnsw": hnsw})
    for start in range(0, len(vectors), _BATCH):
        part = vectors[start : start + _BATCH]
        collection.add(ids=[str(start + at) for at in range(len(part))], embeddings=part)


def _count(client: Client, name: str) -> int:
    try:
        return client.get_collection(name, embedding_function=None).count()
    except NotFoundError:
        return -1


def _drop(client: Client, name: str) -> None:
    if _count(client, name) >= 0:
        client.delete_collection(name)


def _sizes(folder: Path) -> dict[str, int]:
    """Every file with its size, but the seal: a folder that lacks its graph opens without a complaint and finds next to nothing."""
    return {str(path.relative_to(folder)): path.stat().st_size for path in sorted(folder.rglob("*")) if path.is_file() and path.name != _SEAL}
