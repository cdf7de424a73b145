"""The API as it is really served: the checkout's template and functions behind the local gateway on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ecid import bootstrap
from ecid.bootstrap import LocalPlatform
from ecid.services.verify_domain import Verification
from ecid.settings import Settings
from tests.gateways import running
from tests.verification.cases import DOMAIN, facts_of_case, load_cases, record_of
from tests.verification.stores import Records, verification

ROOT = Path(__file__).parents[2]
DOWN = "down.example"


@contextmanager
def served(verifying: Verification) -> Iterator[str]:
    """The address of the API over `verifying`, until the end of the block."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bootstrap, "verification", lambda: verifying)
        with running(ROOT) as address:
            yield address


@pytest.fixture(scope="module")
def sampled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The API over a store of its own that holds the sample enterprises."""
    local = LocalPlatform(Settings(home=tmp_path_factory.mktemp("home"), operator="Nordwind Data", public_url="https://verify.example.com"))
    bootstrap.feed_samples(local)
    with served(local.verification()) as address:
        yield address
    local.close()


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The API over one record in memory, at a fixed time, and one domain that cannot be asked about."""
    case = load_cases()["full record"]
    with served(verification(Records({DOMAIN: record_of(facts_of_case(case))}, case["synced"], frozenset({DOWN})))) as address:
        yield address
