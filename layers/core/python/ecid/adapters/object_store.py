"""The object store: a bucket of S3, or a folder."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from ecid.errors import BadInput, NotFound, SourceUnavailable

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._=-]*(/[A-Za-z0-9][A-Za-z0-9._=-]*)*", re.ASCII)
"""No part begins with a dot, so no key leads out of the store or to a file that is still being written."""
_LONGEST = 512


def s3_client() -> S3Client:
    """A client with short time limits and bounded retries."""
    return boto3.client("s3", config=Config(connect_timeout=2, read_timeout=15, retries={"mode": "standard", "total_max_attempts": 4}))


@dataclass(frozen=True, slots=True)
class FolderStore:
    """`ecid.ports.ObjectStore` in a folder, which is made when first written to."""

    root: Path

    def put(self, key: str, data: bytes) -> None:
        """See the port."""
        target = self.root / _checked(key)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".", delete=False) as file:
                try:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                    Path(file.name).replace(target)
                except BaseException:
                    Path(file.name).unlink(missing_ok=True)
                    raise
        except OSError as error:
            raise SourceUnavailable from error

    def get(self, key: str) -> bytes:
        """See the port."""
        try:
            return (self.root / _checked(key)).read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
            raise NotFound(what=key) from error
        except OSError as error:
            raise SourceUnavailable from error

    def delete(self, key: str) -> None:
        """See the port."""
        try:
            (self.root / _checked(key)).unlink(missing_ok=True)
        except OSError as error:
            raise SourceUnavailable from error

    def keys(self, prefix: str) -> Iterator[str]:
        """See the port."""
        folder = self.root / _folder_of(prefix)
        files = (path.relative_to(self.root).as_posix() for path in folder.rglob("*") if path.is_file())
        return iter(sorted(key for key in files if key.startswith(prefix) and _KEY.fullmatch(key)))


@dataclass(frozen=True, slots=True)
class S3Store:
    """`ecid.ports.ObjectStore` in a bucket; encryption and life cycle are the bucket's."""

    client: S3Client
    bucket: str

    def put(self, key: str, data: bytes) -> None:
        """See the port."""
        try:
            self.client.put_object(Bucket=self.bucket, Key=_checked(key), Body=data)
        except (ClientError, BotoCoreError) as error:
            raise SourceUnavailable from error

    def get(self, key: str) -> bytes:
        """See the port."""
        try:
            return self.client.get_object(Bucket=self.bucket, Key=_checked(key))["Body"].read()
        except self.client.exceptions.NoSuchKey as error:
            raise NotFound(what=key) from error
        except (ClientError, BotoCoreError) as error:
            raise SourceUnavailable from error

    def delete(self, key: str) -> None:
        """See the port."""
        try:
            self.client.delete_object(Bucket=self.bucket, Key=_checked(key))
        except (ClientError, BotoCoreError) as error:
            raise SourceUnavailable from error

    def keys(self, prefix: str) -> Iterator[str]:
        """See the port."""
        _folder_of(prefix)
        try:
            for page in self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix):
                yield from (found["Key"] for found in page.get("Contents", ()))
        except (ClientError, BotoCoreError) as error:
            raise SourceUnavailable from error


def _checked(key: str) -> str:
    if len(key) > _LONGEST or not _KEY.fullmatch(key):
        raise BadInput(detail="this is not the key of an object")
    return key


def _folder_of(prefix: str) -> str:
    folder, slash, _ = prefix.rpartition("/")
    return _checked(folder) if slash else ""
