"""Fixtures of the adapters' tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ecid.adapters.dynamodb import DynamoFactStore
from tests.adapters.engines import ENGINES, fact_store


@pytest.fixture(params=ENGINES)
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DynamoFactStore]:
    """An empty fact store on each engine in turn."""
    with fact_store(request.param, tmp_path_factory.getbasetemp()) as made:
        yield made
