"""An index that is missing, half-written or damaged in any of its files; builds that meet each other, or a disk that is full."""

from __future__ import annotations

import json
import resource
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from ecid.adapters.chroma import ChromaFolder
from ecid.adapters.clause_index import open_clauses
from ecid.adapters.index_making import make_index
from ecid.errors import SourceUnavailable, UnreadableFile
from ecid.knowledge.retrieval.index_files import VECTORS, IndexFiles, read_manifest
from ecid.services.search_clauses import Clauses, Request
from ecid.settings import Settings
from tests.knowledge.retrieval.conftest import NOW
from tests.knowledge.retrieval.small_corpus import PACK

PARTS = {"columns.npz", "glossary", "lexical-en", "lexical-zh", "records.jsonl", "records.txt", "space"}
DAMAGE: dict[str, Callable[[bytes], bytes | None]] = {
    "missing": lambda content: None,
    "empty": lambda content: b"" if content else None,
    "cut short": lambda content: content[: len(content) // 2] if len(content) > 1 else None,
    "longer": lambda content: content + b"\0",
    "another byte": lambda content: bytes([content[0] ^ 0x5A]) + content[1:] if content else None,
    "garbage": lambda content: bytes(byte ^ 0x5A for byte in content) if content else None,
}


@contextmanager
def _damaged(path: Path, how: str) -> Iterator[None]:
    """A file as it is not, for as long as the context lasts."""
    content = path.read_bytes()
    changed = DAMAGE[how](content)
    path.unlink()
    if changed is not None:
        path.write_bytes(changed)
    try:
        yield
    finally:
        path.write_bytes(content)


@pytest.fixture
def folder(index_folder: Path, tmp_path: Path) -> Path:
    """An index that may be spoilt, in a home of its own."""
    return shutil.copytree(index_folder, tmp_path / "home" / "index")


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("how", DAMAGE)
def test_every_damaged_file_of_the_index_is_told(folder: Path, how: str) -> None:
    manifest = read_manifest(folder)
    own = [name for name in manifest.files if name.partition("/")[0] in PARTS]
    assert {name.partition("/")[0] for name in own} == PARTS
    for name in ["manifest.json", *own]:
        with _damaged(folder / name, how), pytest.raises(UnreadableFile, match="ecid knowledge build"):
            IndexFiles(folder)
    IndexFiles(folder).record(0)


@pytest.mark.parametrize("content", ["", "[]", "{}", "null", '{"format": 3}', "[" * 100_000, '{"files": []}', '{"files": {"a": 1}}', "\ud800"])
def test_a_manifest_that_is_none(folder: Path, content: str) -> None:
    (folder / "manifest.json").write_bytes(content.encode("utf-8", "surrogatepass"))
    with pytest.raises(UnreadableFile, match="ecid knowledge build"):
        IndexFiles(folder)


def test_a_manifest_of_another_format_or_of_other_parts(folder: Path) -> None:
    told = json.loads((folder / "manifest.json").read_text("utf-8"))
    for change in ({"format": 2}, {"records": told["records"] - 1}, {"passages": {"zh": 1}}):
        (folder / "manifest.json").write_text(json.dumps(told | change), "utf-8")
        with pytest.raises(UnreadableFile):
            IndexFiles(folder)


@pytest.mark.parametrize("how", DAMAGE)
def test_vectors_damaged_in_any_file_leave_the_words(folder: Path, how: str) -> None:
    settings = Settings(home=folder.parent, pack_dir=PACK)
    paths = _files(folder / VECTORS)
    assert len(paths) > 5
    manifest = read_manifest(folder)
    for path in paths:
        if how == "another byte" and not path.read_bytes():
            continue
        with _damaged(path, how), pytest.raises(SourceUnavailable):
            ChromaFolder(folder / VECTORS).open(manifest.collections, manifest.passages)
    with _damaged(next(path for path in paths if path.name == "data_level0.bin"), how):
        answer = open_clauses(settings, lambda: NOW).search(Request("充电宝"))
    assert (answer["ranked_by"], bool(answer["results"])) == ("words", True)


@pytest.mark.parametrize("made", ["nothing", "a file", "an empty folder", "only vectors"])
def test_no_index(folder: Path, made: str) -> None:
    vectors = folder.rename(folder.with_name("was")) / VECTORS
    match made:
        case "a file":
            folder.write_bytes(b"")
        case "an empty folder":
            folder.mkdir()
        case "only vectors":  # what is left of a build that was killed
            shutil.copytree(vectors, folder / VECTORS)
    with pytest.raises(UnreadableFile, match="ecid knowledge build"):
        open_clauses(Settings(home=folder.parent, pack_dir=PACK), lambda: NOW)


@pytest.fixture
def small(tmp_path: Path) -> Settings:
    """A home and a pack of two files."""
    (tmp_path / "pack" / "tariff").mkdir(parents=True)
    for name in ("gri.toml", "tariff/85.toml"):
        shutil.copy(PACK / name, tmp_path / "pack" / name)
    return Settings(home=tmp_path / "home", pack_dir=tmp_path / "pack")


def _answers(settings: Settings) -> bool:
    clauses: Clauses = open_clauses(settings, lambda: NOW)
    return bool(clauses.search(Request("蓄电池"))["results"])


@pytest.mark.parametrize("there", [True, False])
def test_of_nothing_no_index_is_made(tmp_path: Path, there: bool) -> None:
    settings = Settings(home=tmp_path / "home", pack_dir=tmp_path / "pack")
    if there:
        settings.pack_dir.mkdir()
    with pytest.raises(UnreadableFile, match="nothing to search"):
        make_index(settings)
    assert [path.name for path in settings.home.iterdir()] == ["index.lock"]


def test_two_builds_at_once_make_one_index(small: Settings) -> None:
    with ThreadPoolExecutor(2) as threads:
        one, other = threads.map(make_index, [small, small])
    assert one == other
    assert _answers(small)


def test_what_a_killed_build_left_does_not_matter(small: Settings) -> None:
    (small.home / "index.part").mkdir(parents=True)
    (small.home / "index.part" / "records.jsonl").write_bytes(b"{")
    make_index(small)
    assert _answers(small)
    assert sorted(path.name for path in small.home.iterdir()) == ["index", "index.lock"]


@contextmanager
def _files_no_larger_than(size: int) -> Iterator[None]:
    """The system refuses to write beyond: what a full disk looks like to a program."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize(("size", "error"), [(1_000, OSError), (150_000, (OSError, SourceUnavailable))])
def test_a_disk_that_is_full_leaves_the_index_as_it_was(small: Settings, size: int, error: type[Exception] | tuple[type[Exception], ...]) -> None:
    before = make_index(small)
    shutil.copy(PACK / "confusions.toml", small.pack_dir / "confusions.toml")
    with _files_no_larger_than(size), pytest.raises(error):
        make_index(small)
    assert read_manifest(small.home / "index") == before
    assert _answers(small)
    assert sorted(path.name for path in small.home.iterdir()) == ["index", "index.lock"]
    assert make_index(small) != before


@pytest.mark.parametrize("name", ["records.jsonl", "space/space.npy", "vectors/chroma.sqlite3"])
def test_building_repairs_what_was_damaged(small: Settings, name: str) -> None:
    before = make_index(small)
    path = small.home / "index" / name
    content = path.read_bytes()
    path.write_bytes(bytes([content[0] ^ 0x5A]) + content[1:])
    assert make_index(small) == before
    files = IndexFiles(small.home / "index")
    files.record(0)
    ChromaFolder(small.home / "index" / VECTORS).open(files.manifest.collections, files.manifest.passages).close()
