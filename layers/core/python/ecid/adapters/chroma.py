"""Passages by their vectors in Chroma: in a folder that may be read-only, or on a server. The only place that knows Chroma.

A collection holds the passages of one language, by their numbers. Its name carries the embedder and the knowledge version, so that vectors of another
space, or of other knowledge, are never compared. Chroma's telemetry is off, its own embedding functions are not used, and nothing here reaches for a network
but a server that was named.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import tempfile
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import chromadb
import httpx
from chromadb.api.client import Client
from chromadb.api.collection_configuration import CreateHNSWConfiguration
from chromadb.config import Settings as ChromaSettings
from chromadb.errors import ChromaError, NotFoundError

from ecid.errors import BadInput, Language, SourceUnavailable
from ecid.knowledge.retrieval.embedder import Vectors
from ecid.knowledge.retrieval.index_files import check_files, stored

_BATCH = 2000
_DATABASE = "chroma.sqlite3"
_SEAL = "seal.json"
_MARK = "ecid_passages"
"""What a collection says of itself, once all its passages are in: another one may go by the same name, or be half-written."""
_PORTS = {"http": 80, "https": 443}
_ALIVE = "/api/v2/heartbeat"
_PATIENCE = 2.0
"""Seconds that a server may take for an answer: beyond them the words alone are the better one."""
_WRITING = 120.0
"""Seconds that it may take to store a batch."""
_REST = 30.0
"""Seconds for which a server that did not answer is not asked again, so that not every question has to wait."""
_FAULTS = (ChromaError, httpx.HTTPError, sqlite3.Error, OSError, ValueError, RuntimeError, LookupError, TypeError, AttributeError)
"""What Chroma raises: its own errors, and for a damaged folder or a server that is not there, or is none, those of the layers below."""


class ChromaVectors:
    """Open collections, one a language. Its own calls raise SourceUnavailable and nothing else."""

    def __init__(self, client: Client, names: Mapping[Language, str], counts: Mapping[Language, int]) -> None:
        self._client = client
        self._counts = counts
        self._rests_until = 0.0
        self._collections = {lang: client.get_collection(name, embedding_function=None) for lang, name in names.items()}
        for lang, collection in self._collections.items():
            if counts[lang]:
                # Reads the graph now: what cannot be searched is found out here, and the first question need not wait for it.
                self._ask(lang, [1.0] + [0.0] * ((collection.get_model().dimension or 1) - 1), 1, None)

    def nearest(self, lang: Language, vector: Vectors, count: int, among: Sequence[int] | None) -> list[tuple[int, float]]:
        """Up to `count` passages of a language as (number, cosine), nearest first, of those `among` if given. Raises SourceUnavailable."""
        if monotonic() < self._rests_until:
            raise SourceUnavailable
        try:
            return self._ask(lang, vector.tolist(), count, among)
        except _FAULTS as error:
            if isinstance(error, httpx.TransportError):
                self._rests_until = monotonic() + _REST
            raise SourceUnavailable from error

    def close(self) -> None:
        """Let go of files and connections."""
        _close(self._client)

    def _ask(self, lang: Language, vector: Sequence[float], count: int, among: Sequence[int] | None) -> list[tuple[int, float]]:
        ids = None if among is None else [str(number) for number in among]
        found = self._collections[lang].query(query_embeddings=[vector], n_results=count, ids=ids, include=["distances"])
        nearest = [(int(number), 1.0 - distance) for number, distance in zip(found["ids"][0], (found["distances"] or [[]])[0], strict=True)]
        if not all(0 <= number < self._counts[lang] for number, _ in nearest):
            raise ValueError("passages that are none of ours")
        return nearest


class ChromaFolder:
    """Collections in a folder of their own, written once and opened from a copy: Chroma opens on a writable folder only."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, names: Mapping[Language, str], vectors: Mapping[Language, Vectors]) -> None:
        """Make the collections anew. Raises SourceUnavailable."""
        try:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder.mkdir(parents=True)
            with _closing(_embedded(self._folder)) as client:
                for lang, name in names.items():
                    _fill(client, name, vectors[lang])
            with closing(sqlite3.connect(self._folder / _DATABASE)) as database:
                database.execute("VACUUM")  # most of it is room that the vectors took on their way into the graph, and every opening copies it
            counts = {name: len(vectors[lang]) for lang, name in names.items()}
            files = {str(path.relative_to(self._folder)): stored(path) for path in sorted(self._folder.rglob("*")) if path.is_file()}
            seal = {"collections": counts, "files": files}
            (self._folder / _SEAL).write_text(json.dumps(seal, sort_keys=True), "utf-8")
        except _FAULTS as error:
            raise SourceUnavailable from error

    def open(self, names: Mapping[Language, str], counts: Mapping[Language, int]) -> ChromaVectors:
        """Open the collections; `counts` are their passages. Raises SourceUnavailable where they are missing or damaged."""
        try:
            self._check(names, counts)
            work = Path(tempfile.mkdtemp(prefix="ecid-chroma-"))
        except _FAULTS as error:
            raise SourceUnavailable from error
        try:
            shutil.copyfile(self._folder / _DATABASE, work / _DATABASE)
            for segment in (path for path in self._folder.iterdir() if path.is_dir()):
                (work / segment.name).symlink_to(segment.resolve())
            with _closing_on_faults(_embedded(work)) as client:
                vectors = ChromaVectors(client, names, counts)
        except _FAULTS as error:
            shutil.rmtree(work, ignore_errors=True)
            raise SourceUnavailable from error
        weakref.finalize(vectors, shutil.rmtree, work, ignore_errors=True)
        return vectors

    def _check(self, names: Mapping[Language, str], counts: Mapping[Language, int]) -> None:
        # Every byte: a graph with one wrong pointer ends the process, and one that is missing is not missed but finds next to nothing. Chroma's own counting
        # takes longer.
        seal = json.loads((self._folder / _SEAL).read_text("utf-8"))
        if seal["collections"] != {name: counts[lang] for lang, name in names.items()}:
            raise ValueError("other collections")
        check_files(self._folder, seal["files"])


class ChromaServer:
    """Collections on a Chroma server."""

    def __init__(self, url: str, patience: float = _PATIENCE) -> None:
        """`patience`: seconds that an answer may take. Raises BadInput where `url` is no http(s) address."""
        try:
            address = urlsplit(url)
            port = address.port
        except ValueError as error:
            raise BadInput(detail=f"ECID_CHROMA_URL: {url}") from error
        if address.scheme not in _PORTS or not address.hostname:
            raise BadInput(detail=f"ECID_CHROMA_URL: {url}")
        self._patience = patience
        self._address: dict[str, Any] = {
            "host": address.hostname,
            "port": port or _PORTS[address.scheme],
            "ssl": address.scheme == "https",
        }

    def write(self, names: Mapping[Language, str], vectors: Mapping[Language, Vectors]) -> None:
        """Make the collections that are missing or not whole; others stay, for whoever still reads them. Raises SourceUnavailable."""
        try:
            with _closing(self._client(_WRITING)) as client:
                for lang, name in names.items():
                    if not _is_whole(client, name, len(vectors[lang])):
                        with suppress(NotFoundError):
                            client.delete_collection(name)
                        _fill(client, name, vectors[lang])
        except _FAULTS as error:
            raise SourceUnavailable from error

    def open(self, names: Mapping[Language, str], counts: Mapping[Language, int]) -> ChromaVectors:
        """Open the collections; `counts` are their passages. Raises SourceUnavailable where the server is away, silent, or lacks them."""
        try:
            with _closing_on_faults(self._client(self._patience)) as client:
                for lang, name in names.items():
                    if not _is_whole(client, name, counts[lang]):
                        raise ValueError(f"{name} is not whole, or not ours")
                return ChromaVectors(client, names, counts)
        except _FAULTS as error:
            raise SourceUnavailable from error

    def _client(self, patience: float) -> Client:
        # Chroma waits for ever, also while it makes a client.
        scheme = "https" if self._address["ssl"] else "http"
        httpx.get(httpx.URL(scheme=scheme, host=self._address["host"], port=self._address["port"], path=_ALIVE), timeout=self._patience).raise_for_status()
        client = _client(chromadb.HttpClient(**self._address, settings=_settings()))
        for session in _sessions(client):
            session.timeout = httpx.Timeout(patience)
        return client


@contextmanager
def _closing_on_faults(client: Client) -> Iterator[Client]:
    try:
        yield client
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
    for session in _sessions(client):  # Chroma leaves its connections to a server open
        session.close()


def _sessions(client: Client) -> Iterator[httpx.Client]:
    for part in (client, vars(client)["_admin_client"]):
        session = vars(vars(part)["_server"]).get("_session")
        if isinstance(session, httpx.Client):
            yield session


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
    collection.modify(metadata={_MARK: len(vectors)})


def _is_whole(client: Client, name: str, count: int) -> bool:
    """Whether there is a collection of that name that `_fill` made, to its end, and that has all its passages still."""
    try:
        collection = client.get_collection(name, embedding_function=None)
    except NotFoundError:
        return False
    return (collection.metadata or {}).get(_MARK) == count == collection.count()
