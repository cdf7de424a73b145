"""The contract of `ecid.ports.ObjectStore`: a folder and S3 (moto)."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from ecid.adapters.object_store import FolderStore, S3Store, s3_client
from ecid.errors import BadInput, NotFound, SourceUnavailable
from ecid.ports import ObjectStore

KEY = "declarations/91330282MA2H7K4W68/2026-03/0a1b.parquet"
HOSTILE = [
    "",
    "/etc/passwd",
    "../x",
    "a/../../x",
    "a/./b",
    "a//b",
    "a/",
    "a\\..\\x",
    ".hidden",
    "a/.hidden",
    "a\x00b",
    "a\nb",
    "a b",
    "名",
    "~/x",
    "C:/x",
    "a" * 600,
]


@pytest.fixture(params=["folder", "s3"])
def objects(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectStore]:
    if request.param == "folder":
        yield FolderStore(tmp_path / "objects")
        return
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        boto3.client("s3").create_bucket(Bucket="ecid-test")
        yield S3Store(s3_client(), "ecid-test")


def test_what_was_put_is_got(objects: ObjectStore) -> None:
    objects.put(KEY, b"\x00\xff one")
    objects.put(KEY, b"two")
    assert objects.get(KEY) == b"two"


def test_what_was_deleted_is_gone(objects: ObjectStore) -> None:
    objects.put(KEY, b"one")
    objects.put(f"{KEY}2", b"two")
    for _ in range(2):
        objects.delete(KEY)
    with pytest.raises(NotFound):
        objects.get(KEY)
    assert list(objects.keys("")) == [f"{KEY}2"]


@pytest.mark.parametrize("key", [KEY, "declarations", "declarations/91330282MA2H7K4W68/2026-03/0a1b.parquet/x"])
def test_nothing_there(objects: ObjectStore, key: str) -> None:
    objects.put(f"{KEY}2", b"")
    with pytest.raises(NotFound):
        objects.get(key)


def test_keys_are_sorted_and_begin_with_the_prefix(objects: ObjectStore) -> None:
    keys = ["a/1", "a/2/x", "a/10", "a-b/1", "ab", "b/1"]
    for key in reversed(keys):
        objects.put(key, b"")
    assert list(objects.keys("")) == sorted(keys)
    assert list(objects.keys("a/")) == ["a/1", "a/10", "a/2/x"]
    assert list(objects.keys("a/1")) == ["a/1", "a/10"]
    assert list(objects.keys("a")) == ["a-b/1", "a/1", "a/10", "a/2/x", "ab"]
    assert list(objects.keys("c/")) == []


@pytest.mark.parametrize("key", HOSTILE, ids=ascii)
def test_keys_that_lead_elsewhere(objects: ObjectStore, key: str) -> None:
    with pytest.raises(BadInput):
        objects.put(key, b"x")
    with pytest.raises(BadInput):
        objects.get(key)
    with pytest.raises(BadInput):
        objects.delete(key)


@pytest.mark.parametrize("prefix", ["../", "/etc/", "a/../../", ".x/"])
def test_prefixes_that_lead_elsewhere(objects: ObjectStore, prefix: str) -> None:
    with pytest.raises(BadInput):
        list(objects.keys(prefix))


def test_a_reader_never_sees_half_an_object(tmp_path: Path) -> None:
    """A thread puts large objects of one letter each, the test reads meanwhile."""
    objects = FolderStore(tmp_path)
    objects.put(KEY, b"a" * 500_000)

    def write() -> None:
        for letter in b"bcdefgh":
            objects.put(KEY, bytes([letter]) * 500_000)

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write)
        while not writing.done():
            data = objects.get(KEY)
            assert len(data) == 500_000
            assert len(set(data)) == 1
        writing.result()
    assert list(objects.keys("")) == [KEY]


def test_files_of_an_interrupted_write_are_no_objects(tmp_path: Path) -> None:
    objects = FolderStore(tmp_path)
    objects.put("a/1", b"")
    (tmp_path / "a" / ".tmp123").write_bytes(b"half")
    assert list(objects.keys("")) == ["a/1"]


def test_a_folder_that_cannot_be_written_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"a file where a folder should be")
    with pytest.raises(SourceUnavailable):
        FolderStore(tmp_path).put("a/1", b"")


def test_a_bucket_that_is_not_there_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        store = S3Store(s3_client(), "ecid-none")
        for ask in (lambda: store.put("a", b""), lambda: store.get("a"), lambda: store.delete("a"), lambda: list(store.keys(""))):
            with pytest.raises(SourceUnavailable):
                ask()
