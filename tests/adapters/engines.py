"""The engines that the fact store is tested on: moto in this process, and the embedded engine over its real protocol."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from moto import mock_aws

from ecid.adapters.dynamodb import KEYS, DynamoFactStore, create_tables, dynamodb_client
from ecid.adapters.embedded_engine import Engine, find_engine, start_engine
from ecid.settings import Settings

CHECKOUT = Path(__file__).parents[2]
ENGINES = ("moto", "embedded")


def engine_roots() -> list[Path]:
    """Where the binary may be installed: the checkout, or the folder that ECID_TEST_ENGINE names."""
    named = os.environ.get("ECID_TEST_ENGINE")
    return [Path(named)] if named else [CHECKOUT]


@cache
def embedded(folder: Path) -> Engine:
    """One engine for the whole session, on a database in `folder`; it ends with the process."""
    if find_engine(engine_roots()) is None:
        pytest.skip("the embedded engine is not installed (npm ci, or ECID_TEST_ENGINE=folder with node_modules)")
    return start_engine(folder / "platform.db", engine_roots())


def own_tables() -> Settings:
    """Settings with names of tables that nobody else uses."""
    mark = uuid.uuid4().hex
    names = {f"{table}_table": f"ecid-test-{table}-{mark}" for table in KEYS}
    return Settings(**names)  # type: ignore[arg-type]


@contextmanager
def fact_store(engine: str, folder: Path) -> Iterator[DynamoFactStore]:
    """A store with empty tables of its own on `engine`, one of `ENGINES`; `folder` must be the same for the whole session."""
    tables = own_tables()
    if engine == "moto":
        with mock_aws(), pytest.MonkeyPatch.context() as patch:
            patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
            yield _store(tables)
    else:
        yield _store(replace(tables, dynamodb_endpoint=embedded(folder).endpoint))


def _store(settings: Settings) -> DynamoFactStore:
    client = dynamodb_client(settings)
    create_tables(client, settings)
    return DynamoFactStore(client, settings)
