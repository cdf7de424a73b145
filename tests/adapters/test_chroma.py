"""One contract for the vectors, in a folder and on a real Chroma server on the loopback interface; and a folder that is read-only or damaged."""

from __future__ import annotations

import contextlib
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import chromadb
import numpy as np
import pytest

from ecid.adapters import chroma
from ecid.adapters.chroma import ChromaFolder, ChromaServer
from ecid.errors import BadInput, Language, SourceUnavailable
from ecid.knowledge.retrieval.embedder import Vectors

COUNTS: dict[Language, int] = {"zh": 300, "en": 40}
NAMES: dict[Language, str] = {"zh": "ecid-zh-test-1", "en": "ecid-en-test-1"}
STARTED_WITHIN = 60.0
Store = ChromaFolder | ChromaServer


def unit_vectors() -> dict[Language, Vectors]:
    made = {lang: np.random.default_rng(seed).normal(size=(count, 16)).astype(np.float32) for seed, (lang, count) in enumerate(COUNTS.items())}
    return {lang: rows / np.linalg.norm(rows, axis=1, keepdims=True) for lang, rows in made.items()}


VECTORS = unit_vectors()


@contextmanager
def chroma_server(folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A Chroma server of its own, and its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = Path(sys.executable).with_name("chroma")
    with (folder / "log").open("wb") as log:
        running = subprocess.Popen([program, "run", "--path", folder, "--host", "127.0.0.1", "--port", str(port)], stdout=log, stderr=log)
        try:
            ends = time.monotonic() + STARTED_WITHIN
            while time.monotonic() < ends and running.poll() is None:
                with socket.socket() as tried:
                    if tried.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.1)
            yield running, f"http://127.0.0.1:{port}"
        finally:
            running.send_signal(signal.SIGCONT)
            running.terminate()
            running.wait(20)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Chroma server."""
    with chroma_server(tmp_path_factory.mktemp("chroma")) as (_, url):
        yield url


@pytest.fixture(scope="module", params=["folder", "server"])
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A store that holds VECTORS, of each kind in turn."""
    made: Store = ChromaFolder(tmp_path_factory.mktemp("vectors") / "vectors") if request.param == "folder" else ChromaServer(request.getfixturevalue("server"))
    made.write(NAMES, VECTORS)
    return made


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_nearest_are_the_nearest(store: Store, lang: Language) -> None:
    opened = store.open(NAMES, COUNTS)
    for number in (0, 7, COUNTS[lang] - 1):
        found = opened.nearest(lang, VECTORS[lang][number], 10, None)
        cosines = VECTORS[lang] @ VECTORS[lang][number]
        assert [at for at, _ in found] == np.argsort(-cosines)[:10].tolist()
        assert [cosine for _, cosine in found] == pytest.approx(np.sort(cosines)[::-1][:10].tolist(), abs=1e-3)
    opened.close()


def test_only_among_those_named(store: Store) -> None:
    opened = store.open(NAMES, COUNTS)
    among = [3, 9, 200, 299]
    assert {number for number, _ in opened.nearest("zh", VECTORS["zh"][0], 4, among)} == set(among)
    opened.close()


def test_writing_again_changes_nothing(store: Store) -> None:
    store.write(NAMES, VECTORS)
    opened = store.open(NAMES, COUNTS)
    assert opened.nearest("en", VECTORS["en"][5], 1, None)[0][0] == 5
    opened.close()


def test_other_collections_are_not_there(store: Store) -> None:
    with pytest.raises(SourceUnavailable):
        store.open({"zh": "ecid-zh-test-2", "en": "ecid-en-test-2"}, COUNTS)


def test_collections_that_are_not_whole_are_refused(store: Store) -> None:
    with pytest.raises(SourceUnavailable):
        store.open(NAMES, {**COUNTS, "zh": 301})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds VECTORS."""
    made = tmp_path_factory.mktemp("written") / "vectors"
    ChromaFolder(made).write(NAMES, VECTORS)
    return made


def test_a_read_only_folder_opens_and_stays_as_it_is(folder: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(folder, tmp_path / "vectors")
    before = {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()}
    for path in [copy, *copy.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        opened = ChromaFolder(copy).open(NAMES, COUNTS)
        assert opened.nearest("zh", VECTORS["zh"][1], 1, None)[0][0] == 1
        opened.close()
        assert {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()} == before
    finally:
        for path in [copy, *copy.rglob("*")]:
            path.chmod(0o755 if path.is_dir() else 0o644)


def _spoil(path: Path, size: int) -> None:
    content = path.read_bytes()
    path.write_bytes(bytes(byte ^ 0x5A for byte in content[:size]) + content[size:])


@pytest.mark.parametrize("how", ["no folder", "no database", "database spoilt", "database cut short", "no graph"])
def test_a_damaged_folder_is_unavailable(folder: Path, tmp_path: Path, how: str) -> None:
    copy = shutil.copytree(folder, tmp_path / "vectors")
    database = copy / "chroma.sqlite3"
    match how:
        case "no folder":
            shutil.rmtree(copy)
        case "no database":
            database.unlink()
        case "database spoilt":
            _spoil(database, 8192)
        case "database cut short":
            database.write_bytes(database.read_bytes()[:4096])
        case "no graph":
            for segment in [path for path in copy.iterdir() if path.is_dir()]:
                shutil.rmtree(segment)
    with pytest.raises(SourceUnavailable):
        ChromaFolder(copy).open(NAMES, COUNTS)


@pytest.fixture
def foreign(server: str) -> Iterator[chromadb.api.ClientAPI]:
    """What another program has to do with the server."""
    client = chromadb.HttpClient(host="127.0.0.1", port=int(server.rpartition(":")[2]), settings=chromadb.Settings(anonymized_telemetry=False))
    yield client
    for name in THEIRS.values():
        client.delete_collection(name)
    client.close()  # type: ignore[attr-defined]
    for part in (client, vars(client)["_admin_client"]):
        vars(part)["_server"]._session.close()


THEIRS: dict[Language, str] = {"zh": "ecid-zh-theirs", "en": "ecid-en-theirs"}


@pytest.mark.parametrize("dimensions", [16, 3])
def test_collections_of_another_program_by_the_same_name_are_not_searched_but_replaced(server: str, foreign: chromadb.api.ClientAPI, dimensions: int) -> None:
    for lang, name in THEIRS.items():
        rows = [[float(number), *[1.0] * (dimensions - 1)] for number in range(COUNTS[lang])]
        foreign.create_collection(name, embedding_function=None).add(ids=[f"their-{number}" for number in range(len(rows))], embeddings=rows)
    ours = ChromaServer(server)
    with pytest.raises(SourceUnavailable):
        ours.open(THEIRS, COUNTS)
    ours.write(THEIRS, VECTORS)
    opened = ours.open(THEIRS, COUNTS)
    assert opened.nearest("zh", VECTORS["zh"][7], 1, None)[0][0] == 7
    opened.close()


def test_passages_of_another_program_in_our_collection_are_an_error(server: str, foreign: chromadb.api.ClientAPI) -> None:
    ours = ChromaServer(server)
    ours.write(THEIRS, VECTORS)
    opened = ours.open(THEIRS, COUNTS)
    collection = foreign.get_collection(THEIRS["en"], embedding_function=None)
    collection.add(ids=["300", "theirs"], embeddings=VECTORS["en"][:2])
    collection.delete(ids=["0", "1"])
    for number in (0, 1):
        with pytest.raises(SourceUnavailable):
            opened.nearest("en", VECTORS["en"][number], 1, None)
    assert opened.nearest("en", VECTORS["en"][7], 1, None)[0][0] == 7
    opened.close()


def test_a_server_that_stops_answering_is_left_alone_for_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with chroma_server(tmp_path) as (running, url):
        ours = ChromaServer(url, patience=0.5)
        ours.write(NAMES, VECTORS)
        opened = ours.open(NAMES, COUNTS)
        _stop(running)  # connections are taken and nothing is answered
        with pytest.raises(SourceUnavailable):
            opened.nearest("zh", VECTORS["zh"][0], 1, None)
        with pytest.raises(SourceUnavailable):
            ours.open(NAMES, COUNTS)
        running.send_signal(signal.SIGCONT)
        with pytest.raises(SourceUnavailable):  # it would answer by now
            opened.nearest("zh", VECTORS["zh"][0], 1, None)
        monkeypatch.setattr(chroma, "monotonic", lambda: time.monotonic() + 60)
        assert opened.nearest("zh", VECTORS["zh"][0], 1, None)[0][0] == 0
        running.kill()
        running.wait(20)
        with pytest.raises(SourceUnavailable):
            opened.nearest("zh", VECTORS["zh"][0], 1, None)
        opened.close()


def _stop(running: subprocess.Popen[bytes]) -> None:
    """Until the kernel has stopped every thread, a busy machine may still answer."""
    running.send_signal(signal.SIGSTOP)
    while {task.read_text().partition("State:\t")[2][:1] for task in Path(f"/proc/{running.pid}/task").glob("*/status")} != {"T"}:
        time.sleep(0.01)


def test_a_server_that_is_none(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        threading.Thread(target=_answer_nonsense, args=(other,), daemon=True).start()
        with pytest.raises(SourceUnavailable):
            ChromaServer(f"http://127.0.0.1:{other.getsockname()[1]}").open(NAMES, COUNTS)


def _answer_nonsense(listening: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while True:
            connection, _ = listening.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 9\r\nConnection: close\r\n\r\n<html>hi!")


def test_a_server_that_is_away() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        away = ChromaServer(f"http://127.0.0.1:{free.getsockname()[1]}")
        with pytest.raises(SourceUnavailable):
            away.open(NAMES, COUNTS)
        with pytest.raises(SourceUnavailable):
            away.write(NAMES, VECTORS)


@pytest.mark.parametrize("url", ["", "localhost:8000", "ftp://127.0.0.1", "http://", "http://127.0.0.1:port", "http://[::1", "http://127.0.0.1:99999"])
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(BadInput):
        ChromaServer(url)
