"""The sample enterprises of the assistant's tests, made once in a session and only read."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ecid.adapters.embedded_engine import find_engine
from tests.adapters.engines import engine_roots, fact_store
from tests.assistant.sample_sources import SampleSources


@pytest.fixture(scope="session")
def fed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[SampleSources, dict[str, str]]]:
    """The platform with three samples: a score of 82, one too small for a score, one in rectification; and their USCC by name."""
    with fact_store("embedded" if find_engine(engine_roots()) else "moto", tmp_path_factory.getbasetemp()) as store:
        sources = SampleSources(store, tmp_path_factory.mktemp("objects"))
        yield sources, sources.feed(("harborlight", "newleaf", "tideglass"), tmp_path_factory.mktemp("samples"))
